"""Every engine gives every question of the corpus the exact cells of the reference, integer by integer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests import reference
from tests.world import ACCEPTED, corpus, referred, world

if TYPE_CHECKING:
    from stillroom.ports import Engine
    from tests.world import Entry

SELECTED = corpus("selected.sql")


@cache
def expected(entry: Entry) -> tuple[tuple[int, ...], ...]:
    """Return the exact cells, by the reference."""
    return referred(entry.compiled.plan, world())


@pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: entry.name.replace(" ", "-"))
def test_cells_are_those_of_the_reference(engine: Engine, entry: Entry) -> None:
    plan = entry.compiled.plan
    assert engine.lacking(plan) == ()
    found = engine.measure_exactly(plan, {name: table.stored for name, table in world().items()})
    assert found == expected(entry)


@pytest.mark.parametrize("entry", SELECTED, ids=lambda entry: entry.name.replace(" ", "-"))
def test_selected_combinations_are_those_of_the_reference(engine: Engine, entry: Entry) -> None:
    plan = entry.compiled.plan
    assert engine.lacking(plan) == ()
    found = engine.measure_occupied(plan, {name: table.stored for name, table in world().items()})
    assert len({one.keys for one in found}) == len(found)
    expected = reference.occupied(plan, {name: table.listed for name, table in world().items()})
    assert {one.keys: one for one in found} == {one.keys: one for one in expected}
