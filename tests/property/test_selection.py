"""Keys without a declared domain: what one person can do to them, which groups are shown, and what that costs.

The theorem is in `stillroom.privacy.selection`. Its premises are held against engine and reference on neighbouring worlds, and its δ
against the exact tail of the noise; groups of known size go through the real protection with genuine noise.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import pytest
from scipy import stats

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.model.charge import DELTA_UNIT, RHO_UNIT
from stillroom.model.selection import Occupation, Occupied
from stillroom.privacy.selection import chance_shown, tail, threshold_for
from stillroom.protections.server import ServerProtection, chosen, selected_cells
from stillroom.query.estimation import marginal_of, sizes_of
from stillroom.query.protected import drawn, plan_charge
from stillroom.query.table.finish import finish
from tests.alterations import ALTERATIONS, altered_table
from tests.fakes import Listing, ListTables, ZeroNoise, reading_of
from tests.neighbours import declared, explored, norms, within
from tests.reference import occupation as referred
from tests.world import ENGINE, by_keys, contract, corpus, occupation, occupied, persons, world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stillroom.model.plan import Plan
    from stillroom.model.price import Compiled
    from stillroom.model.schema import Scalar
    from stillroom.model.selection import Measurement
    from stillroom.ports import AdmittedTable, Engine, Noise
    from tests.world import Entry, World

SELECTED = corpus("selected.sql")
EVERY_QUESTION = pytest.mark.parametrize("entry", SELECTED, ids=lambda entry: entry.name)
HEAVY = "a1"
"""Somebody with more rows than allowed, many of them at the extremes, in every dataset."""

FALSE_ALARM = 1e-6
GROUPS = 40_000
"""Groups of one size that go through the protection. A chance of 0.01 that is off by a fifth is then noticed with probability > 0.99."""


@cache
def exact_tail(scale: float, least: int) -> Decimal:
    """Return P(Z ≥ least) for a discrete Gaussian, to 40 digits, term after term."""
    with localcontext(prec=50):
        width, reach = 2 * Decimal(scale) ** 2, math.ceil(25 * scale) + 2
        weights = {x: (-Decimal(x * x) / width).exp() for x in range(-reach, reach + 1)}
        return sum((weights[x] for x in weights if x >= least), Decimal(0)) / sum(weights.values(), Decimal(0))


# ------------------------------------------------------------------------------------------------------- what a person can do


@EVERY_QUESTION
def test_a_person_moves_numbers_of_persons_and_measures_within_their_bounds(entry: Entry) -> None:
    assert all(within(moved, allowed) for moved, allowed in explored(entry).vanishing())
    assert all(within(moved, allowed) for moved, allowed in explored(entry).changing())


@EVERY_QUESTION
def test_the_charge_covers_what_a_person_moves(entry: Entry) -> None:
    worst = [max(moved) for moved in zip(*explored(entry).costs(), strict=True)]
    assert len(worst) == len(drawn(entry.compiled.plan))
    assert sum(worst, Fraction(0)) <= entry.compiled.charge.rho * RHO_UNIT


def test_most_bounds_are_reached() -> None:
    """Somebody moves the numbers of persons as far as declared in most questions: were the bound smaller, the tests above would fail."""
    reached = []
    for entry in SELECTED:
        last, every = len(entry.compiled.plan.measures), len(explored(entry).protected)
        moves = list(explored(entry).vanishing())[last::every]
        reached.append(any(moved[2] == allowed[2] for moved, allowed in moves))
    assert sum(reached) > 0.6 * len(SELECTED)


def altered(plan: Plan, person: str) -> Iterator[World]:
    """Yield worlds in which somebody has other rows in one dataset."""
    for alteration in ALTERATIONS:
        for name in plan.datasets:
            yield {**world(), name: altered_table(name, alteration, person)}


def without(plan: Plan, person: str) -> World:
    """Return the world without a person."""
    return {**world(), **{name: altered_table(name, "removed", person) for name in plan.datasets}}


@EVERY_QUESTION
def test_alone_or_among_others(entry: Entry) -> None:
    """Where others are, a person moves what is measured within the bounds; the person is alone in few combinations, and counts once there.

    These are the premises of the theorem. Others' part is the same whatever the person's rows are, so that what others are in is the fixed
    list that the proof needs.
    """
    plan = entry.compiled.plan
    *measures, counted = drawn(plan)
    before = occupation(plan, without(plan, HEAVY))
    others = by_keys(before)
    for tables in altered(plan, HEAVY):
        after = occupation(plan, tables)
        found = by_keys(after)
        assert others.keys() <= found.keys()
        alone = [found[keys] for keys in found.keys() - others.keys()]
        assert len(alone) <= plan.bounds.groups
        assert all(one.persons == 1 for one in alone)
        pairs = [(found[keys], one) for keys, one in others.items()]
        assert within(norms(one.persons - other.persons for one, other in pairs), declared(counted.add_remove))
        shown = [selected_cells(plan, [pair[side] for pair in pairs], one.totals) for side, one in enumerate((after, before))]
        for one in (each for each in measures if each.marginal.part is None):
            moved = [a - b for a, b in zip(shown[0][one.measure], shown[1][one.measure], strict=True)]
            sizes = sizes_of(plan, plan.measures[one.measure], len(pairs))
            assert within(norms(marginal_of(moved, sizes, one.marginal.kept)), declared(one.add_remove))


@EVERY_QUESTION
def test_engine_and_reference_find_the_same(entry: Entry) -> None:
    plan = entry.compiled.plan
    somebody = persons()[SELECTED.index(entry) % len(persons())]
    for tables in (world(), without(plan, HEAVY), without(plan, somebody), *altered(plan, HEAVY)):
        expected = referred(plan, {name: table.listed for name, table in tables.items()})
        found = occupation(plan, tables)
        assert (by_keys(found), found.totals) == (by_keys(expected), expected.totals)


def test_many_are_found() -> None:
    """Agreement on nothing would say little."""
    assert all(len(occupied(entry.compiled.plan, world())) >= 4 for entry in SELECTED)


# ------------------------------------------------------------------------------------------------------------- what it costs


@pytest.mark.parametrize("scale", [0.2, 1.0, 3.7, 40.0, 300.5])
def test_the_tail_is_bounded_from_above(scale: float) -> None:
    for sigmas in (0, 1, 2, 5, 7, 9):
        least = max(1, round(sigmas * scale))
        exact = exact_tail(scale, least)
        assert exact <= Decimal(tail(scale, least)) <= exact * Decimal("1.001")
    assert tail(scale, 0) == pytest.approx(float(exact_tail(scale, 0)), rel=1e-3)
    assert tail(scale, -5) == pytest.approx(float(exact_tail(scale, -5)), rel=1e-3)


@pytest.mark.parametrize("delta", ["0.001", "1e-6", "1e-12"])
@pytest.mark.parametrize(("groups", "identifiers"), [(1, 1), (5, 1), (1, 2), (5, 2), (100, 1)])
@pytest.mark.parametrize("scale", [0.8, 9.5, 120.0])
def test_a_threshold_costs_its_delta_and_the_next_lower_one_costs_more(scale: float, groups: int, identifiers: int, delta: str) -> None:
    """Against the exact tail: a person is alone in at most `groups` combinations for each identifier, with one count for each in each."""
    threshold = threshold_for(scale, Fraction(delta), groups=groups, identifiers=identifiers)
    many = groups * identifiers
    assert many * exact_tail(scale, threshold - identifiers) <= Decimal(delta)
    lower = threshold - 1 - identifiers
    assert lower == 0 or many * exact_tail(scale, lower) * Decimal("1.001") > Decimal(delta)


@EVERY_QUESTION
def test_what_is_charged_covers_whoever_is_alone(entry: Entry) -> None:
    plan, caps = entry.compiled.plan, contract(entry.variant).caps
    rule, bounds = plan.selection, plan.bounds
    assert rule is not None
    assert rule.delta == entry.compiled.charge.delta
    assert rule.delta * DELTA_UNIT == Fraction(str(caps.release_selection_delta))
    many = bounds.groups * bounds.identifiers
    assert many * exact_tail(rule.mechanism.scale, rule.threshold - bounds.identifiers) <= Decimal(str(caps.release_selection_delta))


# -------------------------------------------------------------------------------------------------------------- what is shown


class Crowds(Listing):
    """An engine that finds groups of known sizes, each with a row of every person."""

    name = "crowds"

    def __init__(self, sizes: Sequence[int]) -> None:
        """Take the number of persons of each group."""
        self._sizes = sizes

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> list[list[int]]:
        """Return nothing."""
        del plan, tables
        return []

    def measure_occupied(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Occupation:
        """Return the groups, named by their numbers."""
        del tables
        cells = [dict.fromkeys(range(plan.cells * len(plan.measures)), size) for size in self._sizes]
        groups = [Occupied((f"{number:07}",), size, cells[number]) for number, size in enumerate(self._sizes)]
        return Occupation(groups, ((),) * len(plan.measures))


def asked(name: str) -> Compiled:
    return next(entry for entry in SELECTED if entry.name == name).compiled


def bent(plan: Plan, **changes: object) -> Plan:
    """Return a plan with another rule of selection."""
    assert plan.selection is not None
    return plan.model_copy(update={"selection": plan.selection.model_copy(update=changes)})


def measured(plan: Plan, engine: Engine, noise: Noise) -> Measurement:
    """Return what a protection makes of what an engine finds."""
    protection = ServerProtection(engine, noise, ListTables({name: table.stored for name, table in world().items()}))
    return protection.measure(plan, plan_charge(plan), reading_of(dict.fromkeys(world(), 1)))


def shown(plan: Plan, sizes: Sequence[int]) -> list[int]:
    """Return the numbers of the groups of some sizes that are shown, by genuine noise."""
    return [int(str(one.keys[0])) for one in measured(plan, Crowds(sizes), OpendpNoise()).shown]


def plausible(count: int, trials: int, chance: float, tests: int = 1) -> bool:
    """Tell whether so many of so many is what a chance gives, with a false alarm of `FALSE_ALARM` over all tests."""
    level = FALSE_ALARM / tests / 2
    return bool(stats.binom.cdf(count, trials, chance) > level and stats.binom.sf(count - 1, trials, chance) > level)


@pytest.mark.parametrize("groups", [1, 5])
def test_who_is_alone_is_shown_as_rarely_as_charged(groups: int) -> None:
    """Persons who are alone in as many groups as one may be: at δ = 0.01, so that it can be seen, the share of them that shows is below δ.

    It is what the exact tail gives, too. Were the threshold lower by one, the share would be larger by a factor of at least 1.5, which is
    noticed with probability > 1 - 1e-6.
    """
    plan, delta, scale = asked("free text").plan, Fraction(1, 100), 2.5
    threshold = threshold_for(scale, delta, groups=groups, identifiers=1)
    assert plan.selection is not None
    noise = plan.selection.mechanism.model_copy(update={"scale": scale})
    found = shown(bent(plan, threshold=threshold, mechanism=noise, most=GROUPS * groups), [1] * (GROUPS * groups))
    chance = 1 - (1 - float(exact_tail(scale, threshold - 1))) ** groups
    assert delta / 3 < chance <= delta
    assert plausible(len({number // groups for number in found}), GROUPS, chance)


def test_larger_groups_are_shown_as_often_as_the_price_says() -> None:
    """Over sizes from where hardly any is shown to where nearly all are; at no size does the chance jump from 0 to 1."""
    plan = asked("free text").plan
    rule = plan.selection
    assert rule is not None
    sizes = [rule.threshold + step for step in range(-24, 25, 4)]
    many = GROUPS // len(sizes)
    found = shown(bent(plan, most=GROUPS), [size for size in sizes for _ in range(many)])
    for place, size in enumerate(sizes):
        count = sum(place * many <= number < (place + 1) * many for number in found)
        chance = float(exact_tail(rule.mechanism.scale, rule.threshold - size))
        assert plausible(count, many, chance, len(sizes)), size
        assert 0 < count < many
        assert chance_shown(rule, size) == pytest.approx(chance, rel=1e-3)


def test_small_groups_are_not_shown() -> None:
    """The more so where nobody draws noise: the threshold is above what one person makes."""
    found = measured(asked("free text").plan, Crowds([1] * 2000), ZeroNoise())
    assert (found.cells, found.shown) == ((((),),), ())


@EVERY_QUESTION
def test_shown_groups_are_in_canonical_order(entry: Entry) -> None:
    """By value, NULL last, whatever the order in which an engine finds them; their numbers are those of persons."""
    plan = bent(entry.compiled.plan, threshold=1)
    found, expected = measured(plan, ENGINE, ZeroNoise()), occupied(plan, world())
    assert [(one.keys, one.persons) for one in found.shown] == [(keys, expected[keys].persons) for keys in sorted(expected, key=in_order)]


def in_order(keys: tuple[Scalar, ...]) -> list[tuple[bool, Scalar]]:
    return [(value is None, 0 if value is None else value) for value in keys]


def test_tables_show_what_is_measured() -> None:
    """Without noise and threshold, a table is what plain SQL gives: combinations that occur, beside all values of declared keys."""
    compiled = asked("selected beside declared keys")
    plan = bent(compiled.plan, threshold=1)
    noisy, found = measured(plan, ENGINE, ZeroNoise()), occupied(plan, world())
    table = finish(plan, compiled.headings, noisy.cells, noisy.shown)
    expected = [
        (ward, keys[0], str(found[keys].cells.get(place, 0)))
        for keys in sorted(found, key=in_order)
        for place, ward in enumerate(("er", "icu", "day"))
    ]
    assert [tuple(cell.value for cell in row[:3]) for row in table.rows] == expected


def test_of_too_many_the_largest_are_shown() -> None:
    rule = asked("free text").plan.selection
    assert rule is not None
    few = rule.model_copy(update={"threshold": 10, "most": 3})
    assert chosen([9, 10, 50, 20, 20, 11, 8], few) == [2, 3, 4]
    assert chosen([9, 10, 11], few) == [1, 2]
    assert chosen([], few) == []
