"""Each function on the list of a dialect means there what it means in DuckDB's: some example with it has one plan in both."""

from __future__ import annotations

from functools import cache

import pytest

from scripts.dialect_reference import OTHERS
from scripts.sql_reference import LISTINGS
from stillroom.errors import StillroomError
from stillroom.model.codec import digest_of
from stillroom.model.question import Dialect, Question, Terms
from stillroom.query.compile import compile_question
from stillroom.query.text.dialects import SPOKEN
from tests.questions import CONTRACT
from tests.unit.test_sql_surface import calls

OF_PAIRS = ("CORR", "COVAR_POP", "COVAR_SAMP", "REGR_SLOPE", "REGR_INTERCEPT")
PLAIN = (
    *(f"SELECT {name}(fare, fare * fare) FROM trips" for name in OF_PAIRS),
    *("SELECT AVG(age * 1.0) FROM members", "SELECT EXP(COUNT(*)) FROM members", "SELECT POWER(COUNT(*), 2) FROM members"),
    *(f"SELECT COUNT({name}(region)) FROM members" for name in ("TRIM", "LTRIM", "RTRIM", "REVERSE", "LENGTH", "CHAR_LENGTH")),
    *(f"SELECT COUNT({name}(region, 1)) FROM members" for name in ("LEFT", "RIGHT", "SUBSTR")),
    "SELECT gender, GROUPING(gender) AS g, COUNT(*) FROM members GROUP BY ROLLUP (gender)",
    *("SELECT COUNT(SUBSTRING(region, 1, 1)) FROM members", "SELECT COUNT(INSTR(region, 'n')) FROM members"),
)
"""Questions with functions whose examples on the page have signs or functions that some dialects do not have."""

ASKED = {*PLAIN, *(listing.asked(example) for listing in LISTINGS for example in listing.examples)}
QUESTIONS = [(sql, calls([sql])) for sql in sorted(ASKED, key=lambda sql: (len(sql), sql))]
"""The shortest first, each with the functions that it calls."""


@cache
def plan(sql: str, dialect: Dialect) -> str | None:
    """Return the digest of a question's plan; nothing where it is refused."""
    question = Question(contract=digest_of(CONTRACT), sql=sql, dialect=dialect, terms=Terms(epsilon=1.0), asked_by="a")
    try:
        return digest_of(compile_question(CONTRACT, question).plan)
    except StillroomError:
        return None


def called(name: str) -> list[str]:
    """Return the questions that call a function."""
    return [sql for sql, names in QUESTIONS if name in names]


@pytest.mark.parametrize("dialect", OTHERS)
def test_a_listed_function_has_the_plan_that_it_has_here(dialect: Dialect) -> None:
    never = [name for name in SPOKEN[dialect].calls if not any(is_same(sql, dialect) for sql in called(name))]
    assert never == []


@pytest.mark.parametrize("dialect", OTHERS)
def test_a_function_of_another_name_has_the_plan_of_the_one_that_it_stands_for(dialect: Dialect) -> None:
    renamed = SPOKEN[dialect].renamed
    asked = {other: [(sql.replace(f"{name}(", f"{other}("), sql) for sql in called(name)] for other, name in renamed.items()}
    never = [other for other, pairs in asked.items() if not any(plan(one, dialect) == plan(sql, Dialect.DUCKDB) for one, sql in pairs)]
    assert never == []


def is_same(sql: str, dialect: Dialect) -> bool:
    """Tell whether a question has one plan in a dialect and in DuckDB's."""
    found = plan(sql, dialect)
    return found is not None and found == plan(sql, Dialect.DUCKDB)
