"""Advice is worth its share, or nearly nothing is lost: the errors of tables with caps that votes choose, against those without.

Worlds are small tables of persons who have as much in as many cells, spread evenly over the table, so that what a cap cuts off and the
noise under it are known exactly: only the noise on votes is drawn. It is seeded. With other seeds, a test here fails with a probability
below 1e-6: limits are more than ten standard errors of a mean of 12 draws away.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from numpy.random import default_rng

from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.question import Question, Terms
from stillroom.query.advised import advised, with_caps
from stillroom.query.compile import compile_question
from tests.questions import CONTRACT

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from stillroom.model.plan import Plan

TIMES = 12
LARGEST = 100
"""The most that a row costs."""


class Crowd(NamedTuple):
    """Persons who are alike: so many, each in so many cells, with so many rows and so much in each."""

    persons: float
    cells: int
    rows: int
    costs: int


@dataclass(frozen=True)
class World:
    """A table of so many cells, and who is in it; the contract allows so many rows of a person."""

    cells: int
    rows: int
    crowds: tuple[Crowd, ...]


@cache
def plan(cells: int, rows: int, share: float | None) -> Plan:
    """Return the plan of a count and a sum by ward, of which there are so many."""
    document: Any = CONTRACT.to_json()
    visits = document["datasets"]["visits"]
    visits["rows_per_person"] = rows
    visits["columns"]["ward"] = {"type": "integer", "uses": ["group"], "bounds": [1, cells], "required": True}
    visits["columns"]["cost"] = {"type": "integer", "uses": ["measure"], "bounds": [0, LARGEST], "required": True}
    contract = Contract.model_validate_json(json.dumps(document))
    sql = "SELECT ward, COUNT(*) AS n, SUM(cost) AS costs FROM visits GROUP BY ward"
    terms = Terms(epsilon=1.0, advise=share)
    return compile_question(contract, Question(contract=digest_of(contract), sql=sql, terms=terms, asked_by="a")).plan


def errors(world: World, measured: Plan) -> list[float]:
    """Return the root of the mean squared error of a cell, of count and sum: of what is cut off, and of the noise."""
    found = []
    for place, (measure, strategy) in enumerate(zip(measured.measures, measured.strategies, strict=True)):
        lost = 0.0
        for crowd in world.crowds:
            own, kept = crowd[2 + place], min(crowd.cells, measured.bounds.groups)
            lost += crowd.persons * (crowd.cells * own - kept * min(own, measure.high)) / world.cells
        found.append(math.hypot(lost, strategy[0].mechanism.scale))
    return found


def votes(world: World, asked: Plan, rng: Generator) -> list[list[int]]:
    """Return noisy votes for caps."""
    found = []
    for one in asked.advice:
        numbers = rng.normal(0, one.mechanism.scale, len(one.caps))
        for crowd in world.crowds:
            own = crowd.cells if one.measure is None else crowd[2 + one.measure]
            numbers[next(place for place, cap in enumerate(one.caps) if cap >= own)] += crowd.persons
        found.append([round(number) for number in numbers])
    return found


def ratios(world: World) -> list[float]:
    """Return the mean error with advice, divided by that without, of count and sum."""
    asked, rng = plan(world.cells, world.rows, 0.05), default_rng(7)
    chosen = [advised(asked, votes(world, asked, rng)) for _ in range(TIMES)]
    found = [errors(world, with_caps(asked, [one.cap for one in caps])) for caps in chosen]
    without = errors(world, plan(world.cells, world.rows, None))
    return [sum(each) / TIMES / one for each, one in zip(zip(*found, strict=True), without, strict=True)]


def light(persons: int, cells: int) -> World:
    """Return persons who mostly have a row or two of six, of low cost; one in a hundred has three."""
    crowds = (Crowd(0.7 * persons, 1, 1, 10), Crowd(0.29 * persons, 1, 2, 20), Crowd(0.01 * persons, 1, 3, 60))
    return World(cells, 6, crowds)


def full(persons: int, cells: int) -> World:
    """Return persons who all have six rows of six, at the highest cost, each in a cell of its own as far as there are so many."""
    each = min(6, cells)
    return World(cells, 6, (Crowd(persons, each, 6 // each, LARGEST * 6 // each),))


def heavy(persons: int, cells: int, rows: int = 200) -> World:
    """Return persons of whom one in n^2.27 has n rows or more: of twenty rows, one in a thousand."""
    beyond = [n**-2.27 for n in range(1, rows + 1)] + [0.0]
    shares = (high - low for high, low in pairwise(beyond))
    return World(cells, rows, tuple(Crowd(own * persons, 1, n, 10 * n) for n, own in enumerate(shares, 1)))


@pytest.mark.parametrize("people", [400, 3_000])
@pytest.mark.parametrize("cells", [1, 4])
@pytest.mark.parametrize("shape", [light, heavy, full])
def test_where_votes_tell_little_hardly_anything_is_lost(shape: Callable[[int, int], World], cells: int, people: int) -> None:
    assert max(ratios(shape(people, cells))) <= 1.25


def test_who_loses_in_several_cells_does_not_count_once() -> None:
    """All vote for the same total, and have it in six cells each: of what votes tell, six times as much is lost."""
    assert max(ratios(full(3_000, 156))) <= 1.25


@pytest.mark.parametrize(("people", "limit"), [(3_000, 0.5), (30_000, 0.2), (1_000_000, 0.4)])
def test_where_there_are_many_cells_much_is_gained(people: int, limit: float) -> None:
    """The more people, the less, since what is cut off grows with them and noise does not; with few, votes sometimes prove nothing."""
    assert max(ratios(heavy(people, 100))) <= limit
    assert max(ratios(light(people, 156))) <= 0.9
