"""How far one person moves the exact cells of a question, over many neighbouring worlds.

The contributions come from the reference, which looks at one person at a time, so that altering everybody at once makes as many neighbours
as there are persons. How far a person moves a sum does not depend on anybody else. How far one moves a count of distinct values does: by as
much as others do not have; so that is tried with nobody else there, and with all others as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, TypeAlias

from stillroom.model.marginal import Marginal
from stillroom.model.measure import Aggregate
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.privacy.mechanisms import rho_of
from stillroom.privacy.sensitivity import Sensitivity
from stillroom.query.estimation import moving_sizes_of
from stillroom.query.protected import Protected, drawn, marginal_sensitivities
from tests.alterations import ALTERATIONS, table_of_altered
from tests.marginals import in_groups, moved_within, own_keys, sparse_marginal
from tests.reference import counted, together
from tests.world import contract, contributions, persons, world

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

    from stillroom.model.plan import Plan
    from tests.reference import Part, Scalar, Sparse
    from tests.world import Entry, Parts, World

Vector: TypeAlias = "tuple[Sparse, ...]"
"""How far each cell of each measure is moved; without those that are not."""

Norms: TypeAlias = tuple[int, int, int, int]
"""L0, L1, squared L2 and L∞."""


def norms(difference: Iterable[int]) -> Norms:
    sizes = [abs(value) for value in difference if value]
    return len(sizes), sum(sizes), sum(size**2 for size in sizes), max(sizes, default=0)


def declared(sensitivity: Sensitivity) -> Norms:
    return sensitivity.l0, sensitivity.l1, sensitivity.l2_squared, sensitivity.linf


def within(actual: Norms, limits: Norms) -> bool:
    return all(one <= limit for one, limit in zip(actual, limits, strict=True))


def minus(one: Sparse, other: Sparse) -> Iterator[int]:
    return (one.get(cell, 0) - other.get(cell, 0) for cell in one.keys() | other.keys())


def united(parts: Iterable[Parts]) -> Parts:
    """Return what several identifiers have in each measure."""
    return tuple(together(own) for own in zip(*parts, strict=True))


def beside(mine: Parts, others: Parts) -> Vector:
    """Return how far somebody moves each measure where others are there already."""
    return tuple(_added(own, rest) for own, rest in zip(mine, others, strict=True))


def _added(own: Part, rest: Part) -> Sparse:
    """Return totals as they are, and how many values of sets are new."""
    missing: frozenset[Scalar] = frozenset()
    there = {place: part if isinstance(part, frozenset) else missing for place, part in rest.items()}
    new = {place: part - there.get(place, missing) if isinstance(part, frozenset) else part for place, part in own.items()}
    return {place: size for place, size in counted(new).items() if size}


def distinct(vectors: Iterable[Vector]) -> list[Vector]:
    """Return vectors without repetitions."""
    return list({tuple(frozenset(cells.items()) for cells in vector): vector for vector in vectors}.values())


def of_marginal(plan: Plan, vector: Vector, one: Protected) -> Sparse:
    """Return what a vector of leaf cells adds to a marginal; where it chooses, these leaf cells."""
    if one.measure == len(plan.measures) or one.marginal.part is not None:
        return vector[one.measure]
    return sparse_marginal(plan, vector[one.measure], one.marginal.kept, one.measure)


def apart(plan: Plan, one: Protected, before: Sparse, after: Sparse) -> Norms:
    """Return how far apart two vectors of a marginal are; where it chooses, within which range the scores of each group move."""
    if one.marginal.part is None:
        return norms(minus(before, after))
    part, kept = one.marginal.part, one.marginal.kept
    here, there = (in_groups(plan, cells, kept, one.measure) for cells in (before, after))
    return norms(moved_within(here.get(group, {}), there.get(group, {}), part) for group in here.keys() | there.keys())


@dataclass(frozen=True)
class Exploration:
    """What everybody contributes to a question in many worlds.

    Attributes:
        entry: The question.
    """

    entry: Entry

    @property
    def plan(self) -> Plan:
        """What is measured."""
        return self.entry.compiled.plan

    @cached_property
    def protected(self) -> list[Protected]:
        """What noise is added to, with its (add/remove, change) sensitivities; and the leaf cells of each measure, without noise.

        Where keys are selected, noise is added to numbers of persons, too, which vectors have after the measures.
        """
        silent = Mechanism(noise=NoiseKind.DISCRETE_LAPLACE, scale=1.0)
        leaves = [Marginal(kept=own_keys(self.plan, number), mechanism=silent) for number in range(len(self.plan.measures))]
        bounds = [
            marginal_sensitivities(measure, self.plan.bounds, moving_sizes_of(self.plan, measure), one.kept)
            for measure, one in zip(self.plan.measures, leaves, strict=True)
        ]
        exact = enumerate(zip(leaves, bounds, strict=True))
        return [*drawn(self.plan), *(Protected(number, one, *both) for number, (one, both) in exact)]

    def marginals(self, vector: Vector) -> list[Sparse]:
        """Return what a vector of leaf cells adds to each of them; where one chooses, these leaf cells."""
        return [of_marginal(self.plan, vector, one) for one in self.protected]

    @property
    def read(self) -> list[str]:
        """The private datasets that are read."""
        return list(self.plan.datasets)

    @property
    def people(self) -> list[tuple[str, ...]]:
        """Everybody's identifiers: each alone, and together with the next where the contract allows for two."""
        alone: list[tuple[str, ...]] = [(person,) for person in persons()]
        return alone if contract(self.entry.variant).identifiers_per_person == 1 else alone + list(pairwise(persons()))

    def _worlds(self) -> Iterator[list[World]]:
        """Yield worlds that differ from each other in one dataset: that one in every form, the other as it is or at an extreme."""
        for name in self.read:
            others = [other for other in self.read if other != name]
            for background in (None, "highest", "spread") if others else (None,):
                altered = {other: table_of_altered(other, background) for other in others if background}
                rest = {**world(), **altered}
                yield [rest, *({**rest, name: table_of_altered(name, alteration)} for alteration in ALTERATIONS)]

    @cached_property
    def moves(self) -> list[list[list[Vector]]]:
        """For worlds that differ in one dataset, and each person beside nobody or all others, how far the person moves each measure."""
        found = []
        for worlds in self._worlds():
            forms = [contributions(self.plan, tables) for tables in worlds]
            pairs = [(who, rest) for who in self.people for rest in self._others(who, forms[0])]
            found += [[distinct(beside(united(parts[identifier] for identifier in who), rest) for parts in forms) for who, rest in pairs]]
        return found

    def _others(self, who: tuple[str, ...], everybody: dict[str, Parts]) -> Iterator[Parts]:
        """Yield who may be there besides some identifiers: nobody; and everybody else, where that makes a difference."""
        yield tuple({} for _ in range(len(self.plan.measures) + (self.plan.selection is not None)))
        if any(measure.aggregate is Aggregate.UNION for measure in self.plan.measures):
            yield united(parts for identifier, parts in everybody.items() if identifier not in who)

    def vanishing(self) -> Iterator[tuple[Norms, Norms]]:
        """Yield how far a person who appears or vanishes moves a measure, and how far that may be."""
        for vector in (vector for people in self.moves for vectors in people for vector in vectors):
            for cells, one in zip(self.marginals(vector), self.protected, strict=True):
                yield apart(self.plan, one, cells, {}), declared(one.add_remove)

    def changing(self) -> Iterator[tuple[Norms, Norms]]:
        """Yield how far a person who is altered in one dataset moves a measure, and how far that may be."""
        pairs = (pair for people in self.moves for vectors in people for pair in combinations(vectors, 2))
        for one, other in pairs:
            for before, after, known in zip(self.marginals(one), self.marginals(other), self.protected, strict=True):
                yield apart(self.plan, known, before, after), declared(known.change)

    def costs(self) -> Iterator[list[Fraction]]:
        """Yield, for a person who appears or vanishes, what each marginal's noise costs at that, as zCDP rho."""
        noisy = drawn(self.plan)
        for vector in (vector for people in self.moves for vectors in people for vector in vectors):
            moved = [apart(self.plan, one, cells, {}) for one, cells in zip(noisy, self.marginals(vector), strict=False)]
            found = [Sensitivity(l0=l0, l1=l1, l2_squared=l2_squared, linf=linf) for l0, l1, l2_squared, linf in moved]
            yield [rho_of(one.marginal.mechanism, moves) for one, moves in zip(noisy, found, strict=True)]


@cache
def explored(entry: Entry) -> Exploration:
    return Exploration(entry)
