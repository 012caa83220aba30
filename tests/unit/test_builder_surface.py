"""The builder reaches all that a question may say: each method has the plan of what is written, and no word is out of reach."""

from __future__ import annotations

import inspect
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from sqlglot import Dialect

from stillroom.client import expressions
from stillroom.client.expressions import Expression, col, count
from stillroom.client.expressions.dates import Dates
from stillroom.client.expressions.text import Text
from stillroom.client.lazy_question import Groups, LazyQuestion
from stillroom.client.rows import Rows
from stillroom.errors import StillroomError
from stillroom.model.codec import digest_of
from stillroom.query.text.tokens import CALLS, SIGNS, TYPES, WORDS
from tests import built
from tests.built import AGGREGATES, CONDITIONS, PLACES, RELATIONS, RESULTS, table
from tests.questions import compiled

FILTERED = "FILTER (WHERE ward = 'x' AND cost < 50)"
N = col("n")


@cache
def pairs() -> list[tuple[str, str]]:
    """Return the SQL of everything that is built, beside what is written."""
    found = []
    for dataset, test, sql in CONDITIONS:
        found.append((table(dataset).filter(test).agg(n=count()).sql, f"SELECT COUNT(*) AS n FROM {dataset} WHERE {sql}"))
    for dataset, value, sql in AGGREGATES:
        some = value.filter(col("ward") == "x", col("cost") < 50)
        for one, written in ((value, sql), (some, f"{sql} {FILTERED}")):
            each = f"SELECT COUNT(*) FROM (SELECT pid, {written} AS n FROM {dataset} GROUP BY pid) WHERE n > 1"
            found += [
                (table(dataset).agg(n=one).sql, f"SELECT {written} AS n FROM {dataset}"),
                (table(dataset).per_person(n=one).filter(N > 1).agg(n=count()).sql, each),
            ]
    for dataset, test, sql in PLACES:
        asked = f"SELECT COUNT(*) AS n FROM (SELECT pid, {sql} AS told FROM {dataset}) WHERE told"
        found.append((table(dataset).with_columns(told=test).filter(col("told")).agg(n=count()).sql, asked))
    return [*found, *((question.sql, sql) for question, sql in (*RELATIONS, *RESULTS))]


@cache
def digest(sql: str) -> str:
    return digest_of(compiled(sql).plan)


@pytest.mark.parametrize(("built_sql", "written"), pairs(), ids=[written for _, written in pairs()])
def test_what_is_built_has_the_plan_of_what_is_written(built_sql: str, written: str) -> None:
    assert digest(built_sql) == digest(written), built_sql


def test_no_two_plans_of_these_are_one() -> None:
    """So a method that did nothing, or what another does, would have another plan than what is written for it."""
    plans = [digest(sql) for sql, _ in pairs()]
    assert len(set(plans)) == len(plans)


@pytest.mark.parametrize(("dataset", "test", "sql"), PLACES, ids=[sql for _, _, sql in PLACES])
def test_rows_are_filtered_by_windows_as_qualify_does(dataset: str, test: Expression, sql: str) -> None:
    asked = f"SELECT COUNT(*) AS n FROM (SELECT pid FROM {dataset} QUALIFY {sql})"
    assert digest(table(dataset).filter(test).agg(n=count()).sql) == digest(asked)


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "python.md"
WARDS = "(SELECT ward, COUNT(*) AS n, SUM(cost) AS cost FROM visits GROUP BY ward)"
CHOSEN = "SELECT COUNT(*) AS n FROM"

ALSO = {
    "PERCENTILE_CONT": "SELECT PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY cost) AS n FROM visits",
    "COUNTIF": "SELECT COUNTIF(cost > 3) AS n FROM visits",
    "VARIANCE": "SELECT VARIANCE(cost) AS n FROM visits",
    "STDDEV": "SELECT STDDEV(cost) AS n FROM visits",
    "IFNULL": f"{CHOSEN} visits WHERE IFNULL(cost, 1) > 20",
    "IF": f"{CHOSEN} visits WHERE IF(cost > 5, 1, 0) = 1",
    "IIF": f"{CHOSEN} visits WHERE IIF(cost > 5, 1, 0) = 1",
    "MOD": f"{CHOSEN} visits WHERE MOD(cost, 7) = 3",
    "CEILING": f"{CHOSEN} visits WHERE CEILING(cost) = 4",
    "LOG": f"SELECT *, LN(n), LOG(n), LOG(2, n) FROM {WARDS}",
    "POW": f"SELECT *, POW(n, 2), POW(n, 0.5), POW(2, n), EXP(n / 100) FROM {WARDS}",
    "EXTRACT": f"{CHOSEN} visits WHERE EXTRACT(year FROM day) = 2024",
    "DATE_PART": f"{CHOSEN} visits WHERE DATE_PART('year', day) = 2024",
    "DATEPART": f"{CHOSEN} visits WHERE DATEPART('year', day) = 2024",
    "DAYOFMONTH": f"{CHOSEN} visits WHERE DAYOFMONTH(day) = 2",
    "DAYOFYEAR": f"{CHOSEN} visits WHERE DAYOFYEAR(day) = 2",
    "DAYOFWEEK": f"{CHOSEN} visits WHERE DAYOFWEEK(day) = 2",
    "WEEKOFYEAR": f"{CHOSEN} visits WHERE WEEKOFYEAR(day) = 2",
    "DATETRUNC": f"{CHOSEN} visits WHERE DATETRUNC('month', day) = DATE '2024-02-01'",
    "DATEDIFF": f"{CHOSEN} visits WHERE DATEDIFF('day', DATE '2020-01-01', day) > 3",
    "LEN": f"{CHOSEN} members WHERE LEN(region) = 1",
    "CHAR_LENGTH": f"{CHOSEN} members WHERE CHAR_LENGTH(region) = 1",
    "CHARACTER_LENGTH": f"{CHOSEN} members WHERE CHARACTER_LENGTH(region) = 1",
    "LCASE": f"{CHOSEN} members WHERE LCASE(region) = 'n'",
    "UCASE": f"{CHOSEN} members WHERE UCASE(region) = 'N'",
    "SUBSTR": f"{CHOSEN} members WHERE SUBSTR(region || 'ab', 2) = 'a'",
    "POSITION": f"{CHOSEN} members WHERE POSITION('n' IN region) = 2",
    "INSTR": f"{CHOSEN} members WHERE INSTR(region, 'n') = 2",
    "PREFIX": f"{CHOSEN} members WHERE PREFIX(region, 'n')",
    "SUFFIX": f"{CHOSEN} members WHERE SUFFIX(region, 'n')",
    "TRY_CAST": f"{CHOSEN} visits WHERE TRY_CAST(cost AS INTEGER) = 7",
    "DCOLON": f"{CHOSEN} visits WHERE cost::INTEGER = 7",
    "FLOAT": f"SELECT *, CAST(n AS REAL), CAST(n * 2 AS HUGEINT) FROM {WARDS}",
    "WITH": f"WITH wards AS {WARDS} SELECT AVG(n) AS usual, MAX(n) AS most FROM wards",
    "ASC": "SELECT ward, COUNT(*), SUM(cost) FROM visits GROUP BY ward ORDER BY SUM(cost) ASC, COUNT(*) DESC",
    "OUTER": "SELECT gender, COUNT(*), COUNT(cost) FROM members LEFT OUTER JOIN visits ON id = pid GROUP BY gender",
    "USING": "SELECT a.ward, SUM(b.cost) FROM visits a JOIN visits b USING (pid, ward) GROUP BY a.ward",
    "WINDOW": f"SELECT *, RANK() OVER w FROM {WARDS} WINDOW w AS (ORDER BY n DESC)",
}
"""Questions with words that the builder has no need of: each has the plan of one that is built."""

REFUSED = {
    "CROSS": "SELECT COUNT(*) FROM members CROSS JOIN visits",
    "NATURAL": "SELECT COUNT(*) FROM members NATURAL JOIN visits",
    "SEMI": "SELECT COUNT(*) FROM members SEMI JOIN visits ON id = pid",
    "ANTI": "SELECT COUNT(*) FROM members ANTI JOIN visits ON id = pid",
    "ASOF": "SELECT COUNT(*) FROM members ASOF JOIN visits ON id = pid",
    "RECURSIVE": "WITH RECURSIVE w AS (SELECT id FROM members) SELECT COUNT(*) FROM w",
}
"""Questions with words that are listed to be refused with a reason."""

OTHERWISE = {"TIMESTAMP", "VARCHAR"}
"""Kinds of words that no text in DuckDB's dialect has: TIMESTAMP is of the kind TIMESTAMPNTZ there, VARCHAR of the kind TEXT."""


def words(sql: str) -> set[str]:
    """Return the functions that a text calls, each as NAME(), and the kinds of its words and signs."""
    tokens = Dialect.get_or_raise("duckdb").tokenize(sql)
    calls = {f"{one.text.upper()}()" for one, after in pairwise(tokens) if after.text == "("}
    return calls | {token.token_type.name for token in tokens}


def spelled(word: str) -> str:
    """Return a word as `words` has it: a function, unless it is none."""
    return f"{word}()" if word in CALLS.split() else word


def test_every_word_of_a_question_is_within_reach() -> None:
    """What the compiler lets pass, the builder says, or says otherwise with the same plan. A word that is new must find a place here."""
    listed = {*map(spelled, CALLS.split()), *WORDS.split(), *SIGNS.split(), *TYPES.split()}
    said = set[str]().union(*(words(sql) for sql, _ in pairs()))
    assert listed - said == {*map(spelled, ALSO), *REFUSED, *OTHERWISE}


@pytest.mark.parametrize("word", ALSO)
def test_what_the_builder_says_otherwise_has_a_plan_that_it_makes(word: str) -> None:
    assert spelled(word) in words(ALSO[word])
    assert digest(ALSO[word]) in {digest(sql) for sql, _ in pairs()}


@pytest.mark.parametrize("word", REFUSED)
def test_what_is_listed_to_be_refused_is(word: str) -> None:
    assert word in words(REFUSED[word])
    with pytest.raises(StillroomError):
        compiled(REFUSED[word])


def test_kinds_that_no_text_has_are_none() -> None:
    for kind in OTHERWISE:
        assert kind not in words(f"SELECT {kind} '2024-01-01 00:00:00', CAST(x AS {kind})")


OWNERS = [Expression, Text, Dates, Rows, Groups, LazyQuestion, expressions]


def names(owner: type | ModuleType) -> list[str]:
    """Return the public names of the builder that make something."""
    found = owner.__all__ if isinstance(owner, ModuleType) else dir(owner)
    return [name for name in found if not name.startswith("_") and inspect.isfunction(getattr(owner, name))]


@pytest.mark.parametrize("owner", OWNERS)
def test_every_method_is_compared(owner: type | ModuleType) -> None:
    """Each is called among the questions that are compared with what is written."""
    source = inspect.getsource(built)
    elsewhere = {"of", "of_dataset", "price", "ask", "param"}
    assert names(owner)
    assert [name for name in names(owner) if name not in elsewhere and not re.search(rf"\b{name}\(", source)] == []


@pytest.mark.parametrize("owner", OWNERS)
def test_every_method_is_on_the_page(owner: type | ModuleType) -> None:
    page = PAGE.read_text(encoding="utf-8")
    other_names = {"of", "of_dataset", "between"}
    assert [name for name in names(owner) if name not in other_names and f"{name}(" not in page] == []
