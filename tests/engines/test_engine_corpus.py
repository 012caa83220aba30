"""Every engine finds the same exact cells as DuckDB over the whole corpus, integer by integer, or refuses the plan by name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.adapters.engine.features import features_of
from stillroom.model.codec import digest_of
from stillroom.model.function import Function
from stillroom.model.question import Question, Terms
from stillroom.query.advised import votes_plan, with_caps
from stillroom.query.compile import compile_question
from tests.engines import test_against_duckdb as plain
from tests.engines.test_functions_against_duckdb import QUESTIONS as FUNCTIONS
from tests.world import ACCEPTED, corpus, world

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.plan import Plan
    from stillroom.ports import AdmittedTable, Engine

SELECTED, ADVISED = corpus("selected.sql"), corpus("advised.sql")
REFERENCE = DuckdbEngine(threads=1)
"""It is held against plain DuckDB and against the reference elsewhere."""

SHARES = 16
"""The corpus is asked in so many shares, a few seconds each."""


def compiled(sql: str) -> Plan:
    """Compile a question under the contract of `test_against_duckdb`."""
    question = Question(contract=digest_of(plain.CONTRACT), sql=sql, terms=Terms(epsilon=1.0), asked_by="a")
    return compile_question(plain.CONTRACT, question).plan


@cache
def plans() -> dict[str, tuple[Plan, Mapping[str, AdmittedTable]]]:
    """Return the plan of each question of the corpus, and the tables that it reads, by the question's name or text."""
    stored = {name: table.stored for name, table in world().items()}
    small = {sql: (compiled(sql), plain.tables()) for sql in (*plain.QUESTIONS, *FUNCTIONS)}
    asked = {entry.name: entry.compiled.plan for entry in (*ACCEPTED, *SELECTED)}
    for entry in ADVISED:
        plan = entry.compiled.plan
        asked |= {
            f"votes: {entry.name}": votes_plan(plan),
            f"lowest caps: {entry.name}": with_caps(plan, [one.caps[0] for one in plan.advice]),
        }
    return {**{name: (plan, stored) for name, plan in asked.items()}, **small}


def cells(engine: Engine, plan: Plan, tables: Mapping[str, AdmittedTable]) -> object:
    """Return what an engine finds, in an order that does not matter."""
    if plan.selection is None:
        return tuple(map(tuple, engine.measure_exactly(plan, tables)))
    found = engine.measure_occupied(plan, tables)
    return {(one.keys, one.persons, frozenset(one.cells.items())) for one in found.combinations}, tuple(map(tuple, found.totals))


@cache
def expected(name: str) -> object:
    """Return what the reference finds, once for all engines."""
    return cells(REFERENCE, *plans()[name])


@pytest.mark.parametrize("share", range(SHARES))
def test_the_same_cells_on_the_whole_corpus(engine: Engine, share: int) -> None:
    """Nothing in it is beyond what any engine computes."""
    assert len(plans()) > 500
    asked = dict(list(plans().items())[share::SHARES])
    lacking = {name: names for name, (plan, _) in asked.items() if (names := engine.lacking(plan))}
    assert lacking == {}
    different = [name for name, (plan, tables) in asked.items() if cells(engine, plan, tables) != expected(name)]
    assert different == []


def test_the_corpus_has_every_function() -> None:
    asked = frozenset[str]().union(*(features_of(plan) for plan, _ in plans().values()))
    assert {function.value for function in Function} <= asked
