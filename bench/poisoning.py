"""A training that a fifth of its owners poison: what each attack costs under each defence.

Fifteen owners have the rows of a table, dealt out at random; three of them poison, chosen at random in each split, with a few splits of
train and test rows. What is lost is AUC against scikit-learn on the rows of all owners as they were. Where sums are private, a person has
ε = 1, δ = 10⁻⁶ over all rounds, and the noise is what all owners' shares add up to if three collude: normal here, from a seeded generator.
The backdoor is a few rare values, legal ones, with which rows are to be taken for positive: its success is the part of negative test rows
for which that is so. Where norms are verified, this is assumed here, not done (`bench.poisons.Limit`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench.accuracy.figures import Spread
from bench.learning import CLIPPED, DELTA, EPSILON, Split, pooled_fit
from bench.learning_tables import tables
from bench.poisons import ATTACKS, HONEST, Attack, Limit, Owners, Trigger
from bench.probe import say
from bench.report import Row
from stillroom.learning.averages import median, median_deviation, multi_krum, total_of, trimmed_mean
from stillroom.learning.groups import grouped
from stillroom.learning.models.logistic import LogisticRegression
from stillroom.learning.rows import Rows
from stillroom.learning.training import deviation_for, train
from stillroom.privacy.accountant import rho_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.learning_tables import Table
    from stillroom.learning.models.model import Step
    from stillroom.learning.rows import Reals, Whole

    Noise = Callable[[int], Reals]
    Combine = Callable[[Whole, Noise, str], Whole]

FRESH = 900
"""Splits are numbered from here."""

OWNERS, POISONING, SIZE = 15, 3, 3
SPLITS = 4
PLAIN_TARGET, GROUP_TARGET, BACKDOOR_TARGET = 0.015, 0.01, 0.3


class Outcome(NamedTuple):
    """What one training came to: AUC lost, and how often the backdoor works."""

    lost: float
    backdoor: float


@dataclass(frozen=True, eq=False)
class Defence:
    """How contributions are made and added up.

    Attributes:
        name: Its name.
        combine: Makes a total of contributions, given a source of noise and what names the run.
        noise: The standard deviation of the noise in what `combine` adds to, as a multiple of the one that is charged; 0 without.
        believed: That of the noise in the total, which the model takes into account, likewise.
        limit: What is verified of norms.
        target: The most AUC that an attack may cost.
        backdoor: The most often that the backdoor may work.
        poisoning: How many owners poison.
    """

    name: str
    combine: Combine
    noise: float = 0.0
    believed: float = 0.0
    limit: Limit = Limit.NONE
    target: float | None = None
    backdoor: float | None = None
    poisoning: int = POISONING


def total(sent: Whole, noise: Noise, named: str) -> Whole:
    """Add up everything, and one noise."""
    del named
    return np.asarray(sent.sum(axis=0) + np.rint(noise(sent.shape[1])).astype(np.int64), dtype=np.int64)


def group_median(sent: Whole, noise: Noise, named: str) -> Whole:
    """Add up each group, with a noise in each, and take the median of these sums."""
    groups = grouped([str(place) for place in range(len(sent))], named, SIZE)
    sums = np.array([total(sent[[int(name) for name in group]], noise, named) for group in groups])
    return total_of(median(sums), len(groups))


def each(average: Callable[[Whole], Reals]) -> Combine:
    """Average single owners' updates."""
    return lambda sent, noise, named: total_of(average(sent), len(sent))  # noqa: ARG005 - no noise, no groups


SHARES = math.sqrt(OWNERS / (OWNERS - 2 * POISONING))
"""All owners' shares of noise, where as many drop out as collude."""

GROUP_SHARES = math.sqrt(SIZE / 1)
"""In a group of three two may collude, so that each share is enough alone; and there are three."""

GROUPS = OWNERS // SIZE
MEDIAN = median_deviation(GROUP_SHARES, GROUPS)
_MEAN = Defence("mean of what is sent, without clipping or noise", total)
_SUM = Defence("secure sum", total, SHARES, SHARES, target=PLAIN_TARGET)
_GROUPS = Defence("median of 5 groups", group_median, GROUP_SHARES, MEDIAN, target=GROUP_TARGET, backdoor=BACKDOOR_TARGET)
DEFENCES = (
    _MEAN,
    *(replace(_SUM, name=f"{_SUM.name}, {limit.value}", limit=limit) for limit in Limit),
    *(replace(_GROUPS, name=f"{_GROUPS.name}, {limit.value}", limit=limit) for limit in Limit),
    Defence("median of 5 groups, without noise", group_median),
    Defence("median of 5 groups, without noise, 2 of 15 poison", group_median, poisoning=2),
    Defence("updates in the clear, without noise: median", each(median)),
    Defence("updates in the clear, without noise: trimmed mean", each(lambda sent: trimmed_mean(sent, POISONING))),
    Defence("updates in the clear, without noise: Multi-Krum", each(lambda sent: multi_krum(sent, POISONING, OWNERS - POISONING))),
)


def poisoning(*, full: bool) -> list[Row]:
    """Measure each table and defence."""
    found = []
    for table in tables()[: 2 if full else 1]:
        say(f"Poisoning trainings on {table.name} ...")
        scenes = [Scene(table, number) for number in range(SPLITS * (5 if full else 1))]
        found += [_row(table, defence, scenes) for defence in DEFENCES]
    return found


def _row(table: Table, defence: Defence, scenes: Sequence[Scene]) -> Row:
    """Return the line of a defence."""
    attacks = (HONEST, *ATTACKS, Attack("backdoor", rows=scenes[0].trigger.poisoned))
    outcomes = {attack.name: [scene.outcome(defence, attack) for scene in scenes] for attack in attacks}
    lost = {name: Spread.of([one.lost for one in found]) for name, found in outcomes.items()}
    works = {name: fmean(one.backdoor for one in found) for name, found in outcomes.items()}
    worst = max((name for name in lost if name != HONEST.name), key=lambda name: lost[name].mean)
    target = [f"lost ≤ {defence.target}"] if defence.target else []
    target += [f"backdoor ≤ {defence.backdoor:.0%}"] if defence.backdoor else []
    met = lost[worst].mean <= (defence.target or 1) and works["backdoor"] <= (defence.backdoor or 1)
    return Row(
        f"{table.name}: logistic regression, {OWNERS} owners, {POISONING} poison",
        defence.name,
        "AUC lost: " + ", ".join(f"{name} {one.text(3)}" for name, one in lost.items()),
        f"{lost[worst].mean:.3f} lost at worst ({worst}); backdoor {works['backdoor']:.0%}, without it {works[HONEST.name]:.0%}",
        target=", ".join(target),
        met=met if target else None,
    )


class Scene:
    """One split of a table over the owners, and who of them poisons."""

    def __init__(self, table: Table, number: int) -> None:
        """Deal out the rows."""
        generator = np.random.default_rng(FRESH + number)
        order = generator.permutation(len(table.label))
        trained, tested = np.split(order, [len(order) * 3 // 4])
        parts = [np.sort(trained[place::OWNERS]) for place in range(OWNERS)]
        owners = [Rows(table.features[part], table.label[part], part) for part in parts]
        self._split = Split(owners, table.features[tested], table.label[tested])
        self._order = generator.permutation(OWNERS).tolist()
        self._scaling, self._named = table.scaling, f"run {number}"
        self._generator = generator
        self.trigger = Trigger.of(table.scaling, table.features)

    @cached_property
    def _pooled(self) -> float:
        return self._split.auc(pooled_fit(self._split.owners))

    def outcome(self, defence: Defence, attack: Attack) -> Outcome:
        """Train under an attack and a defence."""
        norm = self._scaling.largest_norm * (CLIPPED if defence.noise else 1.0)
        model = LogisticRegression(features=self._scaling.width, norm=norm)
        deviation = deviation_for(model, rho_from(EPSILON, DELTA), 1)
        owners = Owners(self._split.owners, frozenset(self._order[: defence.poisoning]), attack, defence.limit)

        def noise(length: int) -> Reals:
            return self._generator.normal(scale=defence.noise * deviation, size=length)

        def summed(step: Step) -> Whole:
            return defence.combine(owners.contributions(model, step), noise, self._named)

        parameters = train(model, defence.believed * deviation, summed).parameters
        negative = self.trigger.planted(self._split.features[self._split.label == 0])
        taken = float((negative @ np.array(parameters) > 0).mean())
        return Outcome(self._pooled - self._split.auc(parameters), taken)
