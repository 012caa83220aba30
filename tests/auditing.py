"""Stillroom under its own empirical audit: questions, their worst neighbours, what their releases promise, and trials of them.

Of each question and each kind of neighbour, exact cells are measured by the engine once for D and once for D', since they are the same in
every run. Each trial then goes through the protection with fresh noise, and through the finish, on one compiled plan.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.audit.empirical import Claim, collect, gaussian_claims
from stillroom.model.mechanism import NoiseKind
from stillroom.privacy.mechanisms import rho_of
from stillroom.privacy.sensitivity import Sensitivity
from stillroom.protections.server import ServerProtection
from stillroom.query.price import promises
from stillroom.query.protected import protected
from stillroom.query.table.finish import finish
from tests.alterations import ALTERATIONS, altered_rows
from tests.fakes import Listing, ListTables, reading_of
from tests.marginals import without_noise
from tests.neighbours import norms
from tests.world import ACCEPTED, Table, contract, files, measured, person_of, private, world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from fractions import Fraction

    from stillroom.audit.empirical import Evidence
    from stillroom.model.mechanism import Guarantee, Mechanism
    from stillroom.model.plan import LeafCells, Plan
    from stillroom.model.release import Table as ReleasedTable
    from stillroom.ports import AdmittedTable, Noise
    from tests.world import Entry, World

    Forms = Mapping[str, str]
    Pair = tuple[LeafCells, LeafCells]

TRIALS = 2_000

STOCK = 20_000
"""So many draws of noise are made at once."""

ALLOWED = 1e-6
"""The false alarm of all audits in the tests together."""

SHARE = ALLOWED / 60
"""What each of them has of it; there are not more than sixty."""

PURE = 1.0
"""The ε at which questions are asked for Laplace noise. What goes wrong shows in 2,000 trials."""

GAUSSIAN = 8.0
"""The ε at which they are asked for Gaussian noise, whose curve then has something to show."""

QUICK = {
    "anti join": NoiseKind.DISCRETE_LAPLACE,
    "average by ward": NoiseKind.DISCRETE_GAUSSIAN,
    "distinct values of some rows": NoiseKind.DISCRETE_LAPLACE,
    "EXISTS": NoiseKind.DISCRETE_LAPLACE,
    "fan-out of one row a person": NoiseKind.DISCRETE_LAPLACE,
    "few groups of each person": NoiseKind.DISCRETE_LAPLACE,
    "HAVING": NoiseKind.DISCRETE_LAPLACE,
    "left join": NoiseKind.DISCRETE_LAPLACE,
    "left join keyed by the right side": NoiseKind.DISCRETE_GAUSSIAN,
    "NOT EXISTS with a condition over both": NoiseKind.DISCRETE_GAUSSIAN,
    "number of a row": NoiseKind.DISCRETE_LAPLACE,
    "ORDER BY and LIMIT": NoiseKind.DISCRETE_GAUSSIAN,
    "pure": NoiseKind.DISCRETE_LAPLACE,
    "quantiles of a person with two identifiers": NoiseKind.DISCRETE_GAUSSIAN,
    "ROLLUP": NoiseKind.DISCRETE_LAPLACE,
    "rows and persons by ward": NoiseKind.DISCRETE_LAPLACE,
    "rows of two datasets": NoiseKind.DISCRETE_LAPLACE,
    "running and whole totals": NoiseKind.DISCRETE_GAUSSIAN,
    "signed sum": NoiseKind.DISCRETE_LAPLACE,
    "sum with a declared total": NoiseKind.DISCRETE_GAUSSIAN,
    "twins in one dataset": NoiseKind.DISCRETE_GAUSSIAN,
    "what clamping removes": NoiseKind.DISCRETE_LAPLACE,
}
"""Questions that are audited in every run: the first where a person appears or vanishes, the next where one is altered, and so on."""


class Kind(StrEnum):
    """How D and D' differ."""

    ADD_REMOVE = "one person appears or vanishes"
    CHANGE = "one person is altered in one dataset"


class Known(Listing):
    """An engine that knows the cells already."""

    name = "known"

    def __init__(self, cells: LeafCells) -> None:
        """Take the exact cells."""
        self._cells = cells

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> LeafCells:
        """Return them."""
        del plan, tables
        return self._cells


class InStock:
    """OpenDP's noise, drawn many at a time: draws are as independent as if each were asked for alone, and take a fraction of the time."""

    genuine = True

    def __init__(self) -> None:
        """Begin with nothing drawn."""
        self._sampler = OpendpNoise()
        self._drawn: dict[tuple[Mechanism, Guarantee], list[int]] = {}
        self.name = self._sampler.name

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return draws that nobody has had, confirmed for this very mechanism and guarantee."""
        stock = self._drawn.setdefault((mechanism, guarantee), [])
        if len(stock) < count:
            stock.extend(self._sampler.draw(mechanism, max(count, STOCK), guarantee))
        taken = stock[-count:] if count else []
        del stock[len(stock) - count :]
        return taken

    def choose(self, mechanism: Mechanism, scores: Sequence[Sequence[int]], guarantee: Guarantee) -> list[int]:
        """Return what the sampler chooses."""
        return self._sampler.choose(mechanism, scores, guarantee)


@dataclass(frozen=True)
class Audited:
    """A question under audit.

    Attributes:
        entry: The question of the corpus, at its price.
    """

    entry: Entry

    @classmethod
    def of(cls, name: str, noise: NoiseKind) -> Audited:
        """Return a question of the corpus, asked for a kind of noise at the price of the audit."""
        (entry,) = (entry for entry in ACCEPTED if entry.name == name)
        pure = noise is NoiseKind.DISCRETE_LAPLACE
        return cls.asked(entry, epsilon=PURE if pure else GAUSSIAN, pure=pure)

    @classmethod
    def asked(cls, entry: Entry, *, epsilon: float, pure: bool) -> Audited:
        """Return a question at a price."""
        terms = entry.terms.model_copy(update={"epsilon": epsilon, "pure": pure, "error": None, "group_size": None})
        return cls(dataclasses.replace(entry, terms=terms))

    @property
    def plan(self) -> Plan:
        """What is measured."""
        return self.entry.compiled.plan

    def sensitivities(self, kind: Kind) -> list[Sensitivity]:
        """Return the declared sensitivities."""
        place = list(Kind).index(kind)
        return [(one.add_remove, one.change)[place] for one in protected(self.plan)]

    @property
    def mechanisms(self) -> list[Mechanism]:
        """The noise of each marginal of each measure."""
        return [one.marginal.mechanism for one in protected(self.plan)]

    def shift(self, sensitivities: list[Sensitivity]) -> float:
        """Return how far such a move goes in units of Gaussian noise, or in ε for Laplace noise."""
        pairs = list(zip(self.mechanisms, sensitivities, strict=True))
        if self.mechanisms[0].noise is NoiseKind.DISCRETE_LAPLACE:
            return sum(one.l1 / mechanism.scale for mechanism, one in pairs)
        rho: Fraction | int = sum(rho_of(mechanism, one) for mechanism, one in pairs)
        return math.sqrt(2 * rho)

    def claims(self, kind: Kind) -> list[Claim]:
        """Return what the release promises: (ε, δ), and for Gaussian noise the curve of the noise that it declares.

        The curve is that of continuous noise, and the noise is discrete. A sum over the whole numbers of a function that has a bend
        of slope J exceeds its integral by J/24 at most, and here J ≤ 0.4·μ/σ²; so the slack of 0.02·μ/σ² covers it.
        """
        promise, _ = promises(contract(self.entry.variant), self.plan)
        epsilon = promise.epsilon if kind is Kind.ADD_REMOVE else promise.change_epsilon
        found = [Claim(epsilon, promise.delta)]
        if self.mechanisms[0].noise is NoiseKind.DISCRETE_LAPLACE:
            return found
        shift = self.shift(self.sensitivities(kind))
        return [*found, *gaussian_claims(shift, slack=slack(shift, min(one.scale for one in self.mechanisms)))]

    @cached_property
    def people(self) -> tuple[str, ...]:
        """Whose rows are altered: one person's, who has two identifiers where the contract allows for two."""
        return ("a1", "a2")[: contract(self.entry.variant).identifiers_per_person]

    def world(self, forms: Forms) -> World:
        """Return the world in which the person's rows in some datasets have other forms."""
        return {**world(), **{name: altered(name, form, self.people) for name, form in forms.items()}}

    def neighbours(self, kind: Kind) -> Iterator[tuple[Forms, Forms]]:
        """Yield the forms of the person's rows in neighbouring worlds."""
        read = self.plan.datasets
        if kind is Kind.ADD_REMOVE:
            absences = ({}, *({name: "removed"} for name in read))
            forms = [dict.fromkeys(read, form) | absent for form in ALTERATIONS for absent in absences]
            yield from ((form, dict.fromkeys(read, "removed")) for form in forms)
            return
        for name in read:
            for background in ("highest", "spread"):
                yield from combinations([{**dict.fromkeys(read, background), name: form} for form in ALTERATIONS], 2)

    def worst(self, kind: Kind) -> Pair:
        """Return the exact cells of the neighbours that are furthest apart, measured in noise."""
        return _worst(self, kind)[1]

    def worst_worlds(self, kind: Kind) -> tuple[World, World]:
        """Return these neighbours themselves."""
        one, other = _worst(self, kind)[0]
        return self.world(one), self.world(other)

    def distance(self, pair: Pair) -> float:
        """Return how far apart exact cells are, as `shift` does."""
        one, other = ([cells for measure in without_noise(self.plan, side) for cells in measure] for side in pair)
        return self.shift(list(map(moved, one, other)))

    def release(self, cells: LeafCells, noise: Noise | None = None) -> Callable[[], object]:
        """Return what makes a release of exact cells, and shows what is in it."""
        tables = ListTables({name: table.stored for name, table in world().items()})
        protection = ServerProtection(Known(cells), noise or InStock(), tables)
        compiled, reading = self.entry.compiled, reading_of(dict.fromkeys(world(), 1))
        return lambda: shown(finish(compiled.plan, compiled.headings, protection.measure(compiled.plan, compiled.charge, reading).cells))

    def evidence(self, kind: Kind, trials: int = TRIALS) -> tuple[Evidence, Evidence]:
        """Run the trials."""
        one, other = (self.release(cells) for cells in self.worst(kind))
        name = f"{self.entry.name} ({self.mechanisms[0].noise}), {kind}"
        return collect(one, other, self.claims(kind), trials=trials, question=name)


@cache
def _worst(asked: Audited, kind: Kind) -> tuple[tuple[Forms, Forms], Pair]:
    """Return the neighbours that are furthest apart, and their exact cells."""

    @cache
    def cells(forms: tuple[tuple[str, str], ...]) -> LeafCells:
        return measured(asked.plan, asked.world(dict(forms)))

    pairs = [(pair, (cells(tuple(pair[0].items())), cells(tuple(pair[1].items())))) for pair in asked.neighbours(kind)]
    return max(pairs, key=lambda found: asked.distance(found[1]))


def slack(shift: float, scale: float) -> float:
    """Return by how much discrete noise may exceed the curve of continuous noise."""
    return 0.02 * shift / scale**2


@cache
def altered(name: str, form: str, people: tuple[str, ...]) -> Table:
    """Return a table in which the rows of these identifiers have another form."""
    others = [row for row in files()[name] if person_of(private()[name], row) not in people]
    return Table(name, others + [row for person in people for row in altered_rows(name, form, person)])


def moved(one: tuple[int, ...], other: tuple[int, ...]) -> Sensitivity:
    """Return how far cells lie apart."""
    l0, l1, l2_squared, linf = norms(a - b for a, b in zip(one, other, strict=True))
    return Sensitivity(l0=l0, l1=l1, l2_squared=l2_squared, linf=linf)


def shown(table: ReleasedTable) -> object:
    """Return what an attacker sees: rows in their order, by their keys, with noisy values as numbers.

    Intervals are left out: the finish makes them of the same noisy cells.
    """
    noisy = [heading.noisy for heading in table.headings]
    seen: dict[str, list[object]] = {}
    for row in table.rows:
        key = str([(cell.value, cell.totalled) for cell, hidden in zip(row, noisy, strict=True) if not hidden])
        seen.setdefault(key, []).append([_number(cell.value) for cell, hidden in zip(row, noisy, strict=True) if hidden])
    if table.clamped:
        seen["clamped"] = [_number(one.value) for one in table.clamped]
    return seen


def _number(text: str | None) -> float | str | None:
    """Return a value as a number, if it is one."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
