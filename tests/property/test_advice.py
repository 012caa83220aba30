"""Caps that a first measurement chooses: what one person can do to the votes, which cap is chosen, and what is paid whichever it is.

The argument is in `stillroom.privacy.advice`. Its premises are held against engine and reference on neighbouring worlds: a person has one
vote about each cap; with every cap, the measures move no further than declared; and the noise that is drawn then costs no more than was
charged. What is chosen is held against every other choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from itertools import combinations, pairwise, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.model.advice import MOST_CAPS
from stillroom.model.charge import RHO_UNIT
from stillroom.model.measure import highest_total
from stillroom.privacy.advice import CLEAR, best, candidates, cells_of_each, losses, seen_beyond, share_beyond, taken_away
from stillroom.privacy.mechanisms import charge_of, epsilon_of, guarantee_of, rho_of
from stillroom.privacy.selection import cost_of, tail
from stillroom.query.advised import advised, votes_plan, with_caps
from stillroom.query.price import price
from stillroom.query.protected import drawn, protected
from stillroom.query.protected import votes as votes_of
from tests import reference
from tests.neighbours import Exploration, explored, norms, within
from tests.reference import counted
from tests.world import Entry, by_keys, contract, contributions, corpus, measured, occupation, persons, referred, world

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stillroom.model.plan import Plan
    from stillroom.model.price import Compiled
    from tests.reference import Part

ADVISED = corpus("advised.sql")
EVERY_QUESTION = pytest.mark.parametrize("entry", ADVISED, ids=lambda entry: entry.name)


@dataclass(frozen=True)
class Capped(Entry):
    """A question whose caps are chosen already."""

    caps: tuple[int, ...] = ()

    @cached_property
    def compiled(self) -> Compiled:
        """What it compiles to, with the caps."""
        found = self.compile()
        return found.model_copy(update={"plan": with_caps(found.plan, self.caps)})


@dataclass(frozen=True)
class Voting(Entry):
    """The votes for the caps of a question."""

    @cached_property
    def compiled(self) -> Compiled:
        """What counts the votes."""
        found = self.compile()
        return found.model_copy(update={"plan": votes_plan(found.plan)})


def choices(plan: Plan) -> Iterator[tuple[int, ...]]:
    """Yield caps: all combinations of lowest, highest and one between."""
    return product(*(sorted({one.caps[0], one.caps[len(one.caps) // 2], one.caps[-1]}) for one in plan.advice))


@cache
def capped(entry: Entry) -> list[Capped]:
    return [Capped(entry.name, entry.sql, entry.terms, entry.variant, caps=caps) for caps in choices(entry.compiled.plan)]


def few(entry: Entry) -> list[Capped]:
    """Return the question with the lowest caps, with the middle ones, and with the highest."""
    found = capped(entry)
    return [found[0], found[len(found) // 2], found[-1]]


# ------------------------------------------------------------------------------------------------------------ the votes


def histograms(entry: Entry, cells: Sequence[Part]) -> list[list[int]]:
    """Return the votes of each advice from cells of the plan of the votes."""
    numbers = iter(sum(counted(one).values()) for one in cells)
    return [[next(numbers) for _ in advice.caps] for advice in entry.compiled.plan.advice]


def voting(entry: Entry) -> Exploration:
    return explored(Voting(entry.name, entry.sql, entry.terms, entry.variant))


@EVERY_QUESTION
def test_a_person_has_one_vote_about_each_cap(entry: Entry) -> None:
    """Somebody who appears or vanishes moves one number of a histogram by 1 for each identifier; who is altered, two."""
    votes = votes_of(entry.compiled.plan)
    found = 0
    for people in voting(entry).moves:
        for vectors in people:
            forms = [histograms(entry, vector) for vector in vectors]
            for form in forms:
                assert all(within(norms(own), (m, m, m**2, m)) for own in form for m in [entry.compiled.plan.bounds.identifiers])
                assert all(norms(own)[1] <= one.add_remove.l1 for own, one in zip(form, votes, strict=True))
                found += sum(map(sum, form))
            for before, after in combinations(forms, 2):
                for one, other, known in zip(before, after, votes, strict=True):
                    moved = norms(a - b for a, b in zip(one, other, strict=True))
                    assert moved[1] <= known.change.l1
                    assert moved[2] <= known.change.l2_squared
    assert found


@EVERY_QUESTION
def test_engine_and_reference_count_the_same_votes(entry: Entry) -> None:
    plan = votes_plan(entry.compiled.plan)
    assert measured(plan, world()) == referred(plan, world())
    assert all(len(cells) == 1 for cells in measured(plan, world()))


@EVERY_QUESTION
def test_each_votes_for_the_least_cap_that_changes_nothing(entry: Entry) -> None:
    """Said once more of what the reference finds in the cells of each measure, which are cut at the highest cap already."""
    plan = entry.compiled.plan
    uncut = plan.model_copy(update={"bounds": plan.bounds.model_copy(update={"groups": 10**6, "keep_groups": False})})
    voted = contributions(votes_plan(plan), world())
    for person, parts in contributions(uncut, world()).items():
        for advice, votes in zip(plan.advice, histograms(entry, voted[person]), strict=True):
            if advice.measure is None:
                continue
            most = max((abs(total) for total in parts[advice.measure].values() if isinstance(total, int)), default=0)
            least = next(place for place, cap in enumerate(advice.caps) if cap >= most)
            assert sum(votes) == votes[least] <= 1
            assert votes[least] == 1 or not most


def test_votes_about_cells_are_for_as_many_as_a_person_has() -> None:
    entry = next(one for one in ADVISED if one.name == "rows by ward")
    plan = entry.compiled.plan
    assert plan.advice[0].measure is None
    voted = contributions(votes_plan(plan), world())
    cells = {person: len(parts[0]) for person, parts in contributions(plan, world()).items()}
    assert {person: histograms(entry, voted[person])[0] for person in persons()} == {
        person: [int(cells[person] == cap) for cap in plan.advice[0].caps] for person in persons()
    }
    assert len(set(cells.values())) > 2


# ---------------------------------------------------------------------------------------------------------- with each cap


@EVERY_QUESTION
def test_with_any_cap_a_person_moves_the_measures_within_their_bounds(entry: Entry) -> None:
    for one in few(entry):
        assert all(within(moved, allowed) for moved, allowed in explored(one).vanishing())
        assert all(within(moved, allowed) for moved, allowed in explored(one).changing())


@EVERY_QUESTION
def test_with_any_cap_engine_and_reference_agree(entry: Entry) -> None:
    for plan in (one.compiled.plan for one in few(entry)):
        if plan.selection is None:
            assert measured(plan, world()) == referred(plan, world())
        else:
            found, expected = occupation(plan, world()), reference.occupation(plan, {name: one.listed for name, one in world().items()})
            assert (by_keys(found), found.totals) == (by_keys(expected), expected.totals)


@EVERY_QUESTION
def test_votes_and_measures_cost_no_more_than_the_charge(entry: Entry) -> None:
    """With any caps: as zCDP, as pure ε, and for a person who is changed; and what is set aside is used but for rounding."""
    plan, charge = entry.compiled.plan, entry.compiled.charge
    votes = votes_of(plan)
    change = sum((rho_of(one.marginal.mechanism, one.change) for one in drawn(plan)), Fraction(0))
    for choice in capped(entry):
        second = [*drawn(choice.compiled.plan), *votes]
        assert charge_of((one.marginal.mechanism, one.add_remove) for one in second).fits(charge)
        assert sum((rho_of(one.marginal.mechanism, one.add_remove) for one in second), Fraction(0)) > charge.rho * RHO_UNIT * Fraction(
            99, 100
        )
        assert sum((rho_of(one.marginal.mechanism, one.change) for one in second), Fraction(0)) <= change * (1 + Fraction(1, 10**9))
        pure = [epsilon_of(one.marginal.mechanism, one.add_remove) for one in second]
        if entry.compiled.pure_epsilon is not None:
            assert sum((one for one in pure if one is not None), Fraction(0)) <= Fraction(entry.compiled.pure_epsilon)
            assert None not in pure


@EVERY_QUESTION
def test_the_price_says_what_votes_cost(entry: Entry) -> None:
    stated = [one.charge for one in price(contract(entry.variant), entry.compiled).caps]
    assert stated == [charge_of([(one.marginal.mechanism, one.add_remove)]) for one in votes_of(entry.compiled.plan)]


@EVERY_QUESTION
def test_each_marginal_keeps_to_its_own_share(entry: Entry) -> None:
    for choice in capped(entry):
        for before, after in zip(protected(entry.compiled.plan), protected(choice.compiled.plan), strict=True):
            known = guarantee_of(before.marginal.mechanism, before.add_remove)
            assert guarantee_of(after.marginal.mechanism, after.add_remove).rho <= known.rho
            assert after.marginal.mechanism.scale <= before.marginal.mechanism.scale


@EVERY_QUESTION
def test_with_fewer_cells_of_a_person_keys_are_selected_with_less_noise(entry: Entry) -> None:
    """At the same δ: the threshold is the least that costs no more, and lower."""
    rule = entry.compiled.plan.selection
    for plan in (one.compiled.plan for one in few(entry)):
        if rule is None or plan.selection is None:
            assert plan.selection is None
            continue
        scale, groups, m = plan.selection.mechanism.scale, plan.bounds.groups, plan.bounds.identifiers
        cost = [groups * m * tail(scale, plan.selection.threshold - m - step) for step in (0, 1)]
        assert cost[0] <= cost_of(rule) < cost[1]
        assert plan.selection.delta == rule.delta
        assert (plan.selection.threshold < rule.threshold) == (groups < entry.compiled.plan.bounds.groups)


@EVERY_QUESTION
def test_the_highest_caps_are_those_of_the_contract(entry: Entry) -> None:
    plan = entry.compiled.plan
    highest = with_caps(plan, [one.caps[-1] for one in plan.advice])
    assert (highest.bounds, highest.measures, highest.strategies) == (plan.bounds, plan.measures, plan.strategies)
    assert highest.selection == plan.selection
    lowest = with_caps(plan, [one.caps[0] for one in plan.advice])
    capped_ones = [one.measure for one in plan.advice if one.measure is not None]
    assert all(highest_total(lowest.measures[n]) < highest_total(plan.measures[n]) for n in capped_ones)


# -------------------------------------------------------------------------------------------------------------- the choice


@given(st.integers(2, 2**52))
def test_caps_go_down_from_the_bound_by_no_more_than_the_root_of_two(highest: int) -> None:
    caps = candidates(highest)
    assert caps[-1] == highest
    assert 2 <= len(caps) <= MOST_CAPS
    assert all(low < high and (high - 1) ** 2 <= 2 * low**2 for low, high in pairwise(caps))
    assert caps[0] == 1 or len(caps) == MOST_CAPS


def worst(caps: Sequence[int], votes: Sequence[int], noise: Fraction, cap: int) -> int:
    """Return what a cap takes away from all totals, at the most: a standard deviation, rounded up, more than the votes above it say."""
    above = [(one - cap, number) for one, number in zip(caps, votes, strict=True) if one > cap]
    square = math.ceil(noise * sum(step**2 for step, _ in above))
    return max(0, sum(step * number for step, number in above)) + (math.isqrt(square - 1) + 1 if square else 0)


@given(st.data())
def test_no_other_cap_has_a_smaller_expected_error(data: st.DataObject) -> None:
    """Said once more, cap by cap: persons beyond a cap count where they are clearly there, each for the step to the next middle.

    Half a standard deviation may hide in each number of votes, and past the last clear one no more than becomes fewer in proportion. Caps
    that may be worse than the contract's by a standard deviation of the votes are out.
    """
    caps = candidates(data.draw(st.integers(2, 500)))
    votes = data.draw(st.lists(st.integers(-50, 5000), min_size=len(caps), max_size=len(caps)))
    share, noise = data.draw(st.fractions(Fraction(1, 10), 10)), data.draw(st.fractions(1, 10_000))
    variances, cells = [(share * cap) ** 2 for cap in caps], data.draw(st.integers(1, 100))
    times = data.draw(st.fractions(1, 5))
    chosen = best(caps, votes, noise, variances, cells, times=times)
    pairs = zip(caps, variances, strict=True)
    allowed = [cap for cap, own in pairs if own + (times * worst(caps, votes, noise, cap) / cells) ** 2 <= variances[-1]]
    middles = [Fraction(low + 1 + high, 2) for low, high in pairwise((0, *caps))]
    clear = [(sum(votes[n + 1 :]), n) for n in range(len(caps)) if sum(votes[n + 1 :]) > CLEAR * math.sqrt((len(caps) - n - 1) * noise)]
    number, end = clear[-1] if clear else (math.inf, len(caps))
    limits = [number * caps[end] / middles[n] if n > end else math.inf for n in range(len(caps))]
    errors = {}
    for place, cap in enumerate(caps):
        lost, last = Fraction(0), Fraction(cap)
        for other in range(place + 1, len(caps)):
            beyond = sum(votes[other:])
            if beyond > CLEAR * math.sqrt((len(caps) - other) * noise):
                lost += beyond * (middles[other] - last)
            last = middles[other]
        hidden = sum(min(noise / 4, limits[n] ** 2) * (middles[n] - cap) ** 2 for n in range(place + 1, len(caps)))
        errors[cap] = variances[place] + (lost**2 + hidden) / cells**2
    assert errors[chosen] == min(errors[cap] for cap in allowed)
    assert chosen in allowed
    assert list(errors.values()) == losses(caps, votes, noise, variances, cells)


@given(st.lists(st.integers(1, 5), max_size=50))
def test_what_is_cut_off_is_known_where_caps_leave_no_number_out(totals: list[int]) -> None:
    """And where there is hardly any noise."""
    caps = candidates(5)
    assert caps == (1, 2, 3, 4, 5)
    counted = [totals.count(cap) for cap in caps]
    assert taken_away(caps, seen_beyond(caps, counted, Fraction(1, 1000))) == [sum(max(0, total - cap) for total in totals) for cap in caps]


def test_a_lower_cap_has_to_earn_its_place() -> None:
    """Nobody votes for more than 3 of 5. In one cell noise may hide who has 5, so the bound stays; in many it cannot matter."""
    caps, noise = candidates(5), Fraction(2500)
    variances = [Fraction(cap) ** 2 * 81 for cap in caps]
    few, many = [300, 80, 20, 0, 0], [30_000, 8_000, 2_000, 0, 0]
    assert [best(caps, few, noise, variances, cells) for cells in (1, 2, 100)] == [5, 4, 1]
    assert [best(caps, many, noise, variances, cells) for cells in (1, 100)] == [5, 2]
    assert best(caps, [0] * 5, noise, variances, 1) == 5
    assert [best(caps, few, noise, variances, 20, times=Fraction(times)) for times in (1, 20)] == [1, 5]


@given(st.data())
def test_no_cap_is_chosen_that_may_be_worse_than_the_contracts(data: st.DataObject) -> None:
    """Noise of 50 in all hides as much of what some cap cuts off as it can: a standard deviation, and less of what others cut off."""
    caps = candidates(data.draw(st.integers(2, 500)))
    persons = data.draw(st.lists(st.integers(0, 60), min_size=len(caps), max_size=len(caps)))
    hidden = data.draw(st.integers(0, len(caps) - 2))
    steps = [max(0, cap - caps[hidden]) for cap in caps]
    length = math.sqrt(sum(step**2 for step in steps))
    votes = [number - int(50 * step / length) for number, step in zip(persons, steps, strict=True)]
    variances, cells = [Fraction(30 * cap**2) for cap in caps], data.draw(st.integers(1, 20))
    chosen = best(caps, votes, Fraction(2500), variances, cells)
    taken = sum(max(0, cap - chosen) * number for cap, number in zip(caps, persons, strict=True))
    assert variances[caps.index(chosen)] + Fraction(taken, cells) ** 2 <= variances[-1]


def test_cells_of_a_person_are_counted_by_votes_where_these_tell() -> None:
    caps = (1, 2, 4, 8)
    assert cells_of_each(caps, [1_000_000, 0, 0, 1_000_000], Fraction(1), 8) == pytest.approx(4.5, rel=1e-4)
    assert cells_of_each(caps, [1_000_000, 0, 0, 1_000_000], Fraction(1), 3) == 3
    assert cells_of_each(caps, [100, 0, 0, 0], Fraction(10_000), 8) == 8
    assert cells_of_each(caps, [100_000, 0, 0, -50_000], Fraction(1), 8) == 1
    assert 1 < cells_of_each(caps, [10_000, 0, 0, 0], Fraction(10_000), 8) < 1.2


def test_what_a_cap_cuts_off_is_said_as_a_share_where_votes_tell() -> None:
    caps = (1, 2, 3, 4)
    about, most = share_beyond(caps, [1000, 0, 0, 1000], Fraction(1), 2) or (0, 0)
    assert (about, most) == (Fraction(2000, 5000), Fraction(2000 + 2 * 3, 5000))
    assert share_beyond(caps, [100, 10, 0, 0], Fraction(10_000), 2) is None
    assert share_beyond(caps, [100_000, 0, 0, -900], Fraction(1), 2) == (Fraction(0), Fraction(2 * 3, 99_100))
    assert share_beyond(caps, [0, 0, 0, 0], Fraction(1), 1) is None


def test_many_small_totals_choose_a_small_cap_and_many_large_ones_a_large() -> None:
    caps, noise = candidates(1000), Fraction(100)
    variances = [Fraction(cap) ** 2 * 25 for cap in caps]
    assert best(caps, [0] * len(caps), noise, variances, 1000) == 1
    assert best(caps, [0] * (len(caps) - 1) + [10_000], noise, variances, 1) == 1000
    some = [10_000 if cap <= 30 else 1 for cap in caps]
    assert 20 <= best(caps, some, noise, variances, 10) <= 60


def test_a_bound_far_above_everybody_hardly_raises_the_cap() -> None:
    """A million persons, of whom 1/n^2.27 have more than 50·n: in a hundred cells the best cap is some 1,400, whatever the bound."""
    chosen = []
    for bound in (20_000, 2_000_000):
        caps = candidates(bound)
        beyond = [round(1_000_000 * max(1, cap / 50) ** -2.27) for cap in (0, *caps)]
        votes = [low - high for low, high in pairwise(beyond)]
        chosen.append(best(caps, votes, Fraction(800), [Fraction(10 * cap**2) for cap in caps], 100))
    assert all(1_000 <= cap <= 2_000 for cap in chosen)


def test_noise_in_high_caps_does_not_count_and_in_few_cells_keeps_the_bound() -> None:
    """Votes for caps that nobody needs are noise: in a hundred cells they change nothing; in one, nobody can tell who they hide."""
    caps, noise = candidates(1000), Fraction(10_000)
    variances = [Fraction(cap) ** 2 * 400 for cap in caps]
    votes = [50_000 if cap <= 4 else 90 * (-1) ** place for place, cap in enumerate(caps)]
    assert best(caps, votes, noise, variances, 100) <= 8
    assert best(caps, votes, noise, [variance / 100 for variance in variances], 1) >= 300


@EVERY_QUESTION
def test_the_choice_is_a_function_of_noisy_votes(entry: Entry) -> None:
    """Of one advice and those before it: other votes about other caps change nothing, unless cells are among these."""
    plan = entry.compiled.plan
    votes = [tuple(range(len(one.caps))) for one in plan.advice]
    chosen = advised(plan, votes)
    assert [one.votes for one in chosen] == votes
    assert all(one.cap in advice.caps for one, advice in zip(chosen, plan.advice, strict=True))
    if plan.advice[0].measure is None:
        other = advised(plan, [votes[0], *([(0,) * len(one.caps) for one in plan.advice[1:]])])
        assert other[0] == chosen[0]
