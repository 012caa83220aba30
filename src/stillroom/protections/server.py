"""The server protection: one trusted process computes exact cells and adds noise before anything leaves it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed
from stillroom.model.charge import Charge
from stillroom.model.selection import Measurement, Shown
from stillroom.privacy.accountant import compose
from stillroom.privacy.exponential import scores
from stillroom.privacy.marginals import cells
from stillroom.privacy.mechanisms import guarantee_of
from stillroom.query.advised import advised, measurements, votes_plan, with_caps
from stillroom.query.estimation import marginal_of, sizes_of
from stillroom.query.protected import drawn
from stillroom.room.data import datasets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from stillroom import ports
    from stillroom.model.marginal import Marginal
    from stillroom.model.mechanism import Guarantee
    from stillroom.model.plan import NoisyCells, Plan
    from stillroom.model.reading import Reading
    from stillroom.model.schema import Scalar
    from stillroom.model.selection import Occupied, Selection
    from stillroom.ports import AdmittedTable, Engine, Tables

    Noise = Sequence[tuple[Marginal, Guarantee]]
    """What noise is added to, and what its sampler must confirm."""

    Hiding = Callable[[Sequence[int]], tuple[int, ...]]
    """Makes of the exact totals of a marginal what is released of them."""


class ServerProtection:
    """Runs a plan in this process.

    Who operates it is trusted with the rows that it reads. Exact cells are local variables of one method; what it returns is noisy.

    Attributes:
        name: Always `server`.
        genuine: Whether the noise protects.
        sampler: Name and version of the noise sampler.
    """

    name = "server"

    def __init__(self, engine: Engine, noise: ports.Noise, tables: Tables) -> None:
        """Put together what computes, what protects and what is read."""
        self.genuine = noise.genuine
        self.sampler = noise.name
        self._engine = engine
        self._noise = noise
        self._tables = tables

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return what a plan asks for that the engine does not compute exactly, in any of its measurements."""
        return tuple(sorted({name for one in measurements(plan) for name in self._engine.lacking(one)}))

    def measure(self, plan: Plan, charge: Charge, reading: Reading) -> Measurement:
        """Measure a plan within its charge.

        Each marginal of a measure is a vector of sums that one person moves by at most its sensitivity, and gets independent noise in each;
        the noise is whole numbers drawn without sight of the data, so adding it is the mechanism of Canonne, Kamath and Steinke
        (2020, arXiv:2004.00010) or its Laplace counterpart. All marginals together compose to the sum of their guarantees, which must
        be within the charge. That is checked, and the sampler confirms each guarantee and draws, before a table is opened.

        Where a marginal chooses, noise is on scores, and what is chosen is all that there is of them (`stillroom.privacy.exponential`):
        the sampler confirms before a table is opened, too, and chooses later.

        Where keys are selected, the data say how many draws there are, so that the sampler confirms first and draws later. Which
        combinations are shown follows `stillroom.privacy.selection`.

        Args:
            plan: What to measure.
            charge: What was committed for it.
            reading: The version of each dataset that the plan reads, and the run that reads it.

        Raises:
            Failed: The plan's noise is not within the charge, or the run did not finish. What was committed stays charged.
            Refusal: A version was withdrawn or is not there.
        """
        noise = [(one.marginal, guarantee_of(one.marginal.mechanism, one.add_remove)) for one in drawn(plan)]
        delta = 0 if plan.selection is None else plan.selection.delta
        if not compose([Charge(rho=0, delta=delta), *(Charge(rho=guarantee.rho) for _, guarantee in noise)]).fits(charge):
            raise _failed("The noise of the plan costs more than was committed for it.")
        if not reading.versions.keys() >= set(datasets_of(plan)):
            raise _failed("The run names no version of a dataset that the plan reads.")
        if not plan.advice and plan.selection is None:
            hiding = self._hiding(plan, noise, 1)
            with self._tables.opened(plan, reading) as tables:
                return Measurement(_noisy(plan, self._engine.measure_exactly(plan, tables), hiding, 1))
        self._confirm(noise)
        with self._tables.opened(plan, reading) as tables:
            return self._advised(plan, noise, tables) if plan.advice else self._capped(plan, noise, tables)

    def _advised(self, plan: Plan, noise: Noise, tables: Mapping[str, AdmittedTable]) -> Measurement:
        """Measure votes for caps, and then the plan with the caps that they choose."""
        votes = self._votes(plan, noise, tables)
        capped = with_caps(plan, [one.cap for one in advised(plan, votes)])
        return replace(self._capped(capped, self._within(plan, noise, capped), tables), votes=votes)

    def _votes(self, plan: Plan, noise: Noise, tables: Mapping[str, AdmittedTable]) -> tuple[tuple[int, ...], ...]:
        """Return the noisy numbers of votes for caps."""
        first = sum(map(len, plan.strategies))
        costs = [cost for _, cost in noise[first : first + len(plan.advice)]]
        draws = [self._noise.draw(one.mechanism, len(one.caps), cost) for one, cost in zip(plan.advice, costs, strict=True)]
        return _voted(plan, self._engine.measure_exactly(votes_plan(plan), tables), draws)

    def _within(self, plan: Plan, noise: Noise, capped: Plan) -> Noise:
        """Return the noise of a plan with the caps that were chosen, each marginal of which costs no more than it was charged.

        The sampler confirms all noise at the highest caps, before a row is read. What it draws in the end is confirmed again: so the votes
        and what is measured with their caps compose to no more than the plan costs (`privacy.advice`).

        Raises:
            Failed: A marginal would cost more than it was charged.
        """
        first = sum(map(len, plan.strategies))
        charged = [*noise[:first], *noise[first + len(plan.advice) :]]
        known = [(one.marginal, guarantee_of(one.marginal.mechanism, one.add_remove)) for one in drawn(capped)]
        if any(cost.rho > most.rho for (_, cost), (_, most) in zip(known, charged, strict=True)):
            raise _failed("The noise of the plan costs more with the caps that were chosen.")
        return known

    def _capped(self, plan: Plan, noise: Noise, tables: Mapping[str, AdmittedTable]) -> Measurement:
        """Measure a plan whose caps are known."""
        if plan.selection is not None:
            return self._selected(plan, plan.selection, noise, tables)
        return Measurement(_noisy(plan, self._engine.measure_exactly(plan, tables), self._hiding(plan, noise, 1), 1))

    def _confirm(self, noise: Noise) -> None:
        """Let the sampler confirm the guarantees of marginals."""
        for marginal, guarantee in noise:
            if marginal.part is None:
                self._noise.draw(marginal.mechanism, 0, guarantee)
            else:
                self._noise.choose(marginal.mechanism, (), guarantee)

    def _hiding(self, plan: Plan, noise: Noise, shown: int) -> list[Hiding]:
        """Draw the noise of marginals, given how many combinations of selected keys are shown; 1 where none are selected.

        What chooses is confirmed here, and draws when it sees scores.
        """
        sizes = [shown, *[1] * plan.selected][: plan.selected] + [len(key.listed) for key in plan.keys[plan.selected :]]
        found: list[Hiding] = []
        for marginal, guarantee in noise:
            if marginal.part is None:
                found.append(partial(_sums, noise=self._noise.draw(marginal.mechanism, cells(sizes, marginal.kept), guarantee)))
            else:
                self._confirm([(marginal, guarantee)])
                buckets = cells(sizes, [key for key in marginal.kept if key >= len(plan.grouping)])
                found.append(partial(self._choose, marginal=marginal, buckets=buckets, guarantee=guarantee))
        return found

    def _choose(self, counts: Sequence[int], *, marginal: Marginal, buckets: int, guarantee: Guarantee) -> tuple[int, ...]:
        """Choose a bucket in each group, given how many rows are in each of its buckets.

        Raises:
            Failed: The sampler did not choose one of them in each.
        """
        groups = [scores(counts[first : first + buckets], marginal.part or 0) for first in range(0, len(counts), buckets)]
        places = tuple(self._noise.choose(marginal.mechanism, groups, guarantee))
        if len(places) != len(groups) or not all(0 <= place < buckets for place in places):
            raise _failed("The sampler did not choose one bucket of each group.")
        return places

    def _selected(self, plan: Plan, rule: Selection, noise: Noise, tables: Mapping[str, AdmittedTable]) -> Measurement:
        """Show the combinations of selected keys with enough persons, by the noisy number, and measure those; totals are of all.

        Raises:
            Failed: The engine returned a combination twice, or not one number for each cell.
        """
        found = self._engine.measure_occupied(plan, tables)
        occupied = sorted(found.combinations, key=lambda one: _order(one.keys))
        if len({one.keys for one in occupied}) < len(occupied):
            raise _failed("The engine returned a combination of keys twice.")
        *measures, (counted, guarantee) = noise
        persons = _sums([one.persons for one in occupied], self._noise.draw(counted.mechanism, len(occupied), guarantee))
        places = chosen(persons, rule)
        leaves = selected_cells(plan, [occupied[place] for place in places], found.totals)
        shown = tuple(Shown(occupied[place].keys, persons[place]) for place in places)
        return Measurement(_noisy(plan, leaves, self._hiding(plan, measures, len(places)), len(places)), shown)


def selected_cells(plan: Plan, shown: Sequence[Occupied], totals: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    """Return the exact leaf cells of each measure.

    They are those of the combinations of selected keys that are shown; or of everybody, where these keys do not tell its cells apart.
    """
    sizes = [plan.cells_of(measure) for measure in plan.measures]
    starts = accumulate(sizes, initial=0)
    return [
        [one.cells.get(start + place, 0) for one in shown for place in range(size)] if plan.tells_selected(measure) else total
        for measure, start, size, total in zip(plan.measures, starts, sizes, totals, strict=False)
    ]


def _voted(plan: Plan, exact: Sequence[Sequence[int]], draws: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Add noise to the numbers of votes, which the engine returns as one measure each."""
    numbers = iter(total for (total,) in exact)
    return tuple(_sums([next(numbers) for _ in one.caps], noise) for one, noise in zip(plan.advice, draws, strict=True))


def chosen(persons: Sequence[int], rule: Selection) -> list[int]:
    """Return the places of the combinations that are shown, in their order, given the noisy number of persons in each."""
    passing = [place for place, number in enumerate(persons) if number >= rule.threshold]
    return sorted(sorted(passing, key=lambda place: -persons[place])[: rule.most])


def _order(keys: tuple[Scalar, ...]) -> list[tuple[bool, Scalar]]:
    """Order combinations by their values, key after key: text by code point, NULL last."""
    return [(value is None, 0 if value is None else value) for value in keys]


def _noisy(plan: Plan, exact: Sequence[Sequence[int]], hiding: Iterable[Hiding], shown: int) -> NoisyCells:
    """Add up each marginal of each measure, and add its noise, or choose by it.

    Raises:
        Failed: There are not as many numbers as the plan has totals; none may go without noise.
    """
    sizes = [sizes_of(plan, measure, shown) for measure in plan.measures]
    if [len(leaves) for leaves in exact] != [prod(own) for own in sizes]:
        raise _failed("The engine did not return one number for each cell.")
    hidden = iter(hiding)
    return tuple(
        tuple(next(hidden)(marginal_of(leaves, own, marginal.kept)) for marginal in strategy)
        for leaves, own, strategy in zip(exact, sizes, plan.strategies, strict=True)
    )


def _sums(totals: Sequence[int], noise: Sequence[int]) -> tuple[int, ...]:
    """Add the noise, total by total."""
    if len(totals) != len(noise):
        raise _failed("The sampler did not return one number for each cell.")
    return tuple(total + one for total, one in zip(totals, noise, strict=True))


def _failed(reason: str) -> Failed:
    return Failed(Code.RUN_FAILED, reason, "What was committed stays charged. Report this to the room's operator.")
