"""Random contracts, files and questions: accepted or refused but never crashed, and sound for everybody in them.

What is checked of each case stands in `tests/generator/checks.py`.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings

from stillroom.policy.contract_problems import semantic_problems
from tests.generator.cases import case_of, cases
from tests.generator.checks import Checks
from tests.generator.contracts import contract_of
from tests.generator.questions import AFTER, AGGREGATES, AROUND, OVER
from tests.generator.relations import JOINS, TOTALS, WINDOWS
from tests.generator.tape import LENGTH, Tape
from tests.generator.writer import TEMPLATES

if TYPE_CHECKING:
    from tests.generator.cases import Case

QUICK, NIGHTLY = 300, 10_000
ACCEPTED = 0.6
"""The least share of questions that are accepted: a generator that is mostly refused tests little else."""

MADE = 1_500
"""So many cases make everything that the generator can make."""

KINDS = {
    *(
        "plain",
        "DISTINCT",
        "grouped",
        "windowed",
        "windowedDISTINCT ",
        "UNION",
        "UNION ALL",
        "WITH",
        "reused",
        "USING",
        "QUALIFY",
        "parameter",
    ),
    *(
        "IN",
        "NOT IN",
        "EXISTS",
        "NOT EXISTS",
        "public JOIN",
        "public LEFT JOIN",
        "public subquery",
        "value",
        "ROLLUP",
        "CUBE",
        "GROUPING SETS",
        "FILTER",
    ),
    *("FILTER per person", "HAVING", "ORDER BY", "LIMIT", "QUALIFY after", "any key"),
}
"""Kinds of relations and clauses, beside those that are listed where they are made."""


def check(examples: int, *, thorough: bool) -> None:
    """Check so many cases, and that enough of them are accepted."""
    accepted: list[bool] = []

    @settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(case=cases())
    def one(case: Case) -> None:
        accepted.append(Checks(case, crc32(case.sql.encode()), thorough).run())

    one()
    assert sum(accepted) >= ACCEPTED * len(accepted)


def test_random_cases() -> None:
    check(QUICK, thorough=False)


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
def test_many_random_cases() -> None:
    check(NIGHTLY, thorough=True)


def tapes(number: int) -> list[Tape]:
    """Return tapes that are the same each time."""
    numbers = random.Random("tapes")
    return [Tape(numbers.randbytes(LENGTH)) for _ in range(number)]


def test_contracts_are_sound() -> None:
    assert [problem for tape in tapes(100) for problem in semantic_problems(contract_of(tape))] == []


def test_everything_occurs_among_the_accepted() -> None:
    functions = {f"{name}()" for templates in TEMPLATES.values() for one in templates for name in re.findall(r"\b([A-Z_]+)(?=\()", one)}
    made = {*(f"window {one.split('(')[0]}" for one in WINDOWS), *(f"per person {one.split('{')[0]}" for one in TOTALS)}
    made |= {*(f"over {one}" for one in OVER), *(f"around {one}" for one in AROUND), *(f"after {one}" for one in AFTER)}
    wanted = KINDS | {*JOINS} | {one.split("(")[0] for one in AGGREGATES} | functions | made
    beside = {"ROLLUP", "CUBE", "GROUPING SETS", "MEDIAN", "COUNT", "SUM", "AVG", "MIN"}
    for case in map(case_of, tapes(MADE)):
        selects = case.seen["any key"] > 0 and bool(beside & case.seen.keys())
        if (selects or wanted & case.seen.keys()) and case.refusal is None:
            wanted -= case.seen.keys()
            beside -= case.seen.keys() if case.compiled.plan.selection is not None else set()
    assert (wanted, beside) == (set(), set())
