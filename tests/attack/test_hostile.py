"""Hostile statements are refused, each with its code; what is not refused is held to its sensitivities like any other question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stillroom.errors import Code, StillroomError
from stillroom.model.question import SQL_LIMIT, Terms
from stillroom.query.price import price
from tests.neighbours import Exploration, within
from tests.world import ACCEPTED, Entry, contract, corpus, measured, referred, world, world_without_unused

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTILE = corpus("hostile.sql")
REFUSED = corpus("refused.sql")


def nested(before: str, times: int, after: str, inside: str = "1 = 1") -> str:
    """Return a count whose condition is nested so many times."""
    return f"SELECT COUNT(*) FROM visits WHERE {before * times}{inside}{after * times}"


def chained(times: int, expression: str) -> str:
    """Return a sum over a chain of common table expressions, each of which computes `a` from the `a` of the one before."""
    steps = [f"t{n + 1} AS (SELECT patient, {expression} AS a FROM t{n})" for n in range(times)]
    return f"WITH t0 AS (SELECT patient, severity AS a FROM visits), {', '.join(steps)} SELECT SUM(a) FROM t{times}"


def grouped(times: int) -> str:
    """Return a sum over totals of totals of totals."""
    steps = [f"t{n + 1} AS (SELECT patient, MAX(a) AS a FROM t{n} GROUP BY patient)" for n in range(times)]
    return f"WITH t0 AS (SELECT patient, severity AS a FROM visits), {', '.join(steps)} SELECT SUM(a) FROM t{times}"


SINGLE_KEYS = "(ward), (severity), (seen), (urgent), (key0), (region)"

LARGE = {
    "as much white space as fits": (f"SELECT COUNT(*) FROM members{' ' * (SQL_LIMIT - 28)}", ""),
    "text of ninety thousand characters": (f"SELECT COUNT(*) FROM members WHERE name = '{'x' * 90_000}'", ""),
    "control characters": ("SELECT COUNT(*) FROM members WHERE name = '\0'", Code.SQL_INVALID),
    "a bell": ("SELECT COUNT(*) FROM members\a", Code.SQL_INVALID),
    "ten thousand parentheses": (nested("(", 10_000, ")"), Code.SQL_TOO_LARGE),
    "parentheses that are not closed": (nested("(", 10_000, ""), Code.SQL_TOO_LARGE),
    "ten thousand negations": (nested("NOT ", 10_000, ""), Code.SQL_TOO_LARGE),
    "ten thousand minus signs": (nested("- ", 10_000, "", "1 = 1"), Code.SQL_TOO_LARGE),
    "cases inside cases": (nested("CASE WHEN TRUE THEN ", 2_000, " END"), Code.SQL_TOO_LARGE),
    "alternatives": (nested("severity = 1 OR ", 1_000, ""), Code.SQL_TOO_LARGE),
    "subqueries inside subqueries": (f"SELECT COUNT(*) FROM {'(SELECT * FROM ' * 2_000}visits{')' * 2_000}", Code.SQL_TOO_LARGE),
    "tables in parentheses": (f"SELECT COUNT(*) FROM {'(' * 30}visits{')' * 30}", Code.SUBQUERY_NOT_ALLOWED),
    "a name of many parts": ("SELECT COUNT(*) FROM " + ".".join(["a"] * 5_000), Code.SQL_TOO_LARGE),
    "semicolons": (";" * 50_000, Code.STATEMENT_NOT_ALLOWED),
    "comments that are not closed": ("/*" * 20_000 + "SELECT COUNT(*) FROM members", Code.SQL_INVALID),
    "position of five thousand digits": ("SELECT COUNT(*) FROM visits ORDER BY " + "9" * 5_000, Code.COLUMN_UNKNOWN),
    "limit of five thousand digits": ("SELECT COUNT(*) FROM visits LIMIT " + "9" * 5_000, Code.CLAUSE_NOT_ALLOWED),
    "number of five thousand digits": ("SELECT COUNT(*) FROM visits WHERE severity > " + "9" * 5_000, Code.NUMBER_TOO_LARGE),
    "a column that doubles with each step": (chained(60, "CASE WHEN a > 0 THEN a ELSE a END"), Code.SQL_TOO_LARGE),
    "a column that grows with each step": (chained(200, "CASE WHEN TRUE THEN a ELSE 0 END"), Code.SQL_TOO_LARGE),
    "a number that doubles with each step": (chained(110, "a + a"), Code.SQL_TOO_LARGE),
    "a function of a column that doubles with each step": (chained(60, "COALESCE(a, a, 0)"), Code.SQL_TOO_LARGE),
    "a function of a function": (chained(61, "ABS(a)"), Code.SQL_TOO_LARGE),
    "functions inside functions": (nested("ABS(", 2_000, ")", "1"), Code.SQL_TOO_LARGE),
    "choices inside choices": (nested("IF(TRUE, 1, ", 50, ")", "1"), Code.SQL_TOO_LARGE),
    "a text that doubles with each step": (
        chained(20, "a || a").replace("severity", "note").replace("SUM(a)", "COUNT(a)"),
        Code.SQL_TOO_LARGE,
    ),
    "a text that grows with each step": (
        chained(9, "REPLACE(a, 'x', 'xxxxxxxx')").replace("severity", "note").replace("SUM(a)", "COUNT(a)"),
        Code.SQL_TOO_LARGE,
    ),
    "a choice of a thousand": (f"SELECT SUM(GREATEST({', '.join(['severity'] * 1_000)})) FROM visits", Code.SQL_TOO_LARGE),
    "totals of totals": (grouped(200), Code.SQL_TOO_LARGE),
    "an alias that stands for much": (
        f"SELECT COUNT(*){' + 1' * 50} AS x FROM visits HAVING {' AND '.join(['(' + ' AND '.join(['x > 1'] * 8) + ')'] * 80)}",
        Code.SQL_TOO_LARGE,
    ),
    "many columns": ("SELECT " + ", ".join(["COUNT(*)"] * 201) + " FROM visits", Code.SQL_TOO_LARGE),
    "many terms of ORDER BY": ("SELECT COUNT(*) FROM visits ORDER BY " + ", ".join(["1"] * 51), Code.SQL_TOO_LARGE),
    "many keys": ("SELECT COUNT(*) FROM visits GROUP BY " + ", ".join(f"severity + {n}" for n in range(33)), Code.TOO_MANY_CELLS),
    "a long key of many values": (
        "SELECT COUNT(*) FROM members GROUP BY age / 7"
        + " + CASE WHEN smoker AND region = 'north' AND tariff = 'plus' THEN age / 7 ELSE 1 END" * 5,
        Code.KEY_WITHOUT_DOMAIN,
    ),
    "many long keys": (
        f"SELECT COUNT(*) FROM members GROUP BY {', '.join(f'age > {n}' + ' AND age IS NOT NULL OR smoker' * 15 for n in range(31))}",
        Code.TOO_MANY_CELLS,
    ),
    "many measures of many cells": (
        f"SELECT {', '.join(f'SUM(severity + {n})' for n in range(199))} FROM visits GROUP BY GROUPING SETS ({SINGLE_KEYS})",
        Code.TOO_MANY_CELLS,
    ),
    "long expressions of many rows": (
        f"SELECT {', '.join([' + '.join(f'1 / (COUNT(*) + {n})' for n in range(40))] * 10)} FROM members GROUP BY age, since",
        Code.TOO_MANY_CELLS,
    ),
    "many rollups": ("SELECT COUNT(*) FROM visits GROUP BY " + ", ".join(["GROUPING SETS (ward, severity, seen, urgent)"] * 12), ""),
    "many values": (
        f"SELECT {', '.join(['COUNT(*)'] * 150)} FROM visits GROUP BY CUBE (ward, severity, seen, urgent, region, key0)",
        Code.TOO_MANY_CELLS,
    ),
    "types inside types": ("SELECT " + "DECIMAL(" * 60 + "1" + ")" * 60 + " FROM visits", Code.FUNCTION_NOT_ALLOWED),
    "lists inside lists": ("SELECT " + "ARRAY[" * 60 + "1" + "]" * 60 + " FROM visits", Code.EXPRESSION_NOT_ALLOWED),
    "rows inside rows": ("SELECT " + "ROW(" * 60 + "1" + ")" * 60 + " FROM visits", Code.FUNCTION_NOT_ALLOWED),
    "unions inside unions": ("SELECT COUNT(*) FROM visits " + "UNION (" * 60 + "SELECT 1" + ")" * 60, Code.SQL_INVALID),
    "unions without end": ("SELECT COUNT(*) FROM (" + " UNION ALL ".join(["SELECT patient FROM visits"] * 300) + ")", Code.SQL_TOO_LARGE),
    "unions inside parentheses": (
        "SELECT COUNT(*) FROM (" + "(SELECT patient FROM visits UNION " * 30 + "SELECT patient FROM visits" + ")" * 31,
        Code.SUBQUERY_NOT_ALLOWED,
    ),
    "windows inside windows": (
        "SELECT COUNT(*) FROM (SELECT patient, " + "SUM(" * 40 + "cost" + ") OVER (PARTITION BY patient)" * 40 + " AS s FROM visits)",
        Code.SQL_TOO_LARGE,
    ),
    "EXISTS inside EXISTS": (
        "SELECT COUNT(*) FROM visits" + " WHERE EXISTS (SELECT 1 FROM visits" * 40 + ")" * 40,
        Code.SQL_TOO_LARGE,
    ),
    "joins without end": ("SELECT COUNT(*) FROM visits " + "JOIN members " * 60, Code.JOIN_NOT_ALLOWED),
    "joins of lists of tables": ("SELECT COUNT(*) FROM " + "a, (" * 60 + "a" + ")" * 60, Code.SQL_TOO_LARGE),
    "limits inside limits": ("SELECT 1 FROM " + "(SELECT 1 FROM a OFFSET " * 40 + "1" + ")" * 40, Code.CLAUSE_NOT_ALLOWED),
    "words that call without parentheses": ("SELECT COUNT(*) FROM visits GROUP BY " + "BETWEEN IF ward " * 40, Code.CLAUSE_NOT_ALLOWED),
    "a type that the parser does not survive": ("SELECT 1 < " + "NULLABLE<" * 8 + "INT" + ">" * 8, Code.SQL_INVALID),
    "a clause that the parser does not survive": ("SELECT COUNT(*) FROM a CONNECT BY PRIOR a = b", Code.CLAUSE_NOT_ALLOWED),
}


def outcome(entry: Entry) -> str:
    """Return the code of a refusal, or nothing. Whatever else happens is a failure: no question ends in a stack trace."""
    try:
        compiled = entry.compile()
        price(contract(entry.variant), compiled)
    except StillroomError as refusal:
        return refusal.code if refusal.reason and refusal.fix else "a refusal without reason or fix"
    return ""


def check_accepted(entry: Entry) -> None:
    """Hold a question to its sensitivities, the engine to the reference, and its answer to columns that have some use."""
    exploration = Exploration(entry)
    assert all(within(moved, allowed) for moved, allowed in exploration.vanishing())
    assert all(within(moved, allowed) for moved, allowed in exploration.changing())
    exact = referred(exploration.plan, world())
    assert measured(exploration.plan, world()) == exact
    assert referred(exploration.plan, world_without_unused()) == exact


@pytest.mark.parametrize("entry", HOSTILE + REFUSED, ids=lambda entry: entry.name)
def test_refused_or_harmless(entry: Entry) -> None:
    assert outcome(entry) == entry.code
    if not entry.code:
        check_accepted(entry)


@pytest.mark.parametrize("name", LARGE)
def test_refused_whatever_its_size(name: str) -> None:
    sql, code = LARGE[name]
    entry = Entry(name, sql, Terms(epsilon=1.0))
    assert outcome(entry) == code
    if not code:
        check_accepted(entry)


@pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: entry.name)
def test_columns_without_any_use_change_nothing(entry: Entry) -> None:
    plan = entry.compiled.plan
    assert referred(plan, world_without_unused()) == referred(plan, world())


def test_enough_of_them() -> None:
    assert len(HOSTILE) + len(LARGE) >= 100
    assert {code for entry in HOSTILE for code in [entry.code]} >= {Code.DATASET_UNKNOWN, Code.PERSON_NOT_RELEASED, ""}


# -------------------------------------------------------------------------------------------------------------- mutations

WORDS = sorted(
    {word for entry in ACCEPTED for word in entry.sql.replace("(", " ( ").replace(")", " ) ").replace(",", " , ").split()}
    | {
        "patient",
        "member",
        "staff",
        "broker",
        "0",
        "1e15",
        "NULL",
        "-",
        "/",
        "DATE '2024-01-03'",
        "IS NULL",
        "NOT",
        '"#"',
        "*",
        ".",
        ";",
        "'",
    }
)


@st.composite
def mutants(draw: st.DrawFn) -> Entry:
    """Return a question of the corpus with some of its words dropped, doubled, exchanged or replaced."""
    parent = draw(st.sampled_from(ACCEPTED))
    words = parent.sql.replace("(", " ( ").replace(")", " ) ").replace(",", " , ").split()
    for _ in range(draw(st.integers(1, 4))):
        place, other = (draw(st.integers(0, max(0, len(words) - 1))) for _ in range(2))
        changed = draw(st.sampled_from([[], words[place : place + 1] * 2, words[other : other + 1], [draw(st.sampled_from(WORDS))]]))
        words[place : place + 1] = changed
    return Entry(f"mutant of {parent.name}", " ".join(words), parent.terms, parent.variant)


def check_mutant(entry: Entry) -> None:
    if outcome(entry) == "":
        check_accepted(entry)


@settings(max_examples=80)
@given(mutants())
def test_mutants_are_refused_or_harmless(entry: Entry) -> None:
    check_mutant(entry)


@pytest.mark.slow
@settings(max_examples=2_000)
@given(mutants())
def test_many_mutants_are_refused_or_harmless(entry: Entry) -> None:
    check_mutant(entry)


@settings(max_examples=100)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_refused_or_harmless(before: str, after: str) -> None:
    for sql in (before, f"SELECT COUNT(*) {before} FROM members {after}", f"SELECT COUNT(*) FROM members WHERE name = '{before}' {after}"):
        outcome(Entry("text", sql, Terms(epsilon=1.0)))


@pytest.mark.parametrize("sql", ["x" * (SQL_LIMIT + 1), "SELECT '\ud800'"])
def test_not_even_a_question(sql: str) -> None:
    """Too much text, and what has no encoding, stop where the question is made."""
    with pytest.raises(ValidationError):
        Entry("no question", sql, Terms(epsilon=1.0)).compile()


def names(entries: Sequence[Entry]) -> list[str]:
    return [entry.name for entry in entries]


@pytest.mark.parametrize("entries", [ACCEPTED, HOSTILE, REFUSED])
def test_names_are_unique(entries: list[Entry]) -> None:
    assert len(set(names(entries))) == len(entries)
