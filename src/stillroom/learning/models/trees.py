"""Gradient-boosted trees, from noisy sums of gradients and Hessians in public bins."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from stillroom.learning.clipping import contribution
from stillroom.learning.models.bins import Bins
from stillroom.learning.models.features import COEFFICIENT_UNIT, Curve, whole_coefficients
from stillroom.learning.models.forest import Forest, bare, forest_of, units_of
from stillroom.learning.models.model import DEFAULT_BOUND, Bound, Step
from stillroom.learning.models.splits import Histogram, Sums
from stillroom.learning.scaling import Column
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.learning.rows import Reals, Rows, Whole

_FAR = 32.0
"""Beyond this a probability is 0 or 1 up to 2e-14."""

_CHANCE = Curve(lambda number: 1 / (1 + math.exp(-number)), -_FAR, _FAR)
_LARGEST_HESSIAN = 0.25
"""p(1 - p) is at most this."""

_SURE = 0.01
"""The chance that the trees begin with is no nearer to 0 or 1: a noisy one might be beyond."""


@dataclass(frozen=True, eq=False)
class Growth:
    """Where the rounds have come to: how many are done, and the trees as far as they have grown."""

    round: int
    forest: Forest


class BoostedTrees(Value):
    """The probability of a label 1 rather than 0, by trees that are added up: those of scikit-learn's HistGradientBoosting, on public bins.

    Each round measures one level of one tree: for each node and bin the sums of its rows' gradients g = y - p and Hessians
    h = p(1 - p), at the scores that the trees before it give. The first tree is measured at score 0, where gradients are at most 1/2; the
    rows' common score is found from its first sums, and is taken into account afterwards (`Sums.seen_from`).

    **The norm of a row.** A row is in one node, and in one bin of each of the c columns. So its vector holds g·u in c places and h·w in c
    places, and zeros: its squared norm is c(g²u² + h²w²). With u² = (1 - share)·bound²/(c·max g²) and w² = share·bound²/(c·max h²) that is
    at most bound². The noise in each bin thus grows with √c, and not with the number of bins or nodes. A person's rows are added up, and
    the sum is clipped as a whole.

    Attributes:
        columns: The columns, as the scaling of the rows has them.
        intercept: Whether a constant feature stands last, as in the scaling; trees have no use for it.
        trees: How many trees.
        depth: How many splits one above the other. There are trees·depth rounds.
        bins: How many bins a number has.
        rate: Which share of each leaf's value is added.
        ridge: The precision of the prior of a leaf's value.
        share: The share of the squared norm for Hessians.
        bound: The largest L2 norm of a person's vector, in units.
    """

    kind: Literal["boosted_trees"] = "boosted_trees"
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=2**8)]
    intercept: bool = True
    trees: Annotated[int, Field(ge=1, le=2**8)] = 5
    depth: Annotated[int, Field(ge=1, le=6)] = 2
    bins: Annotated[int, Field(ge=2, le=2**8)] = 8
    rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    ridge: Annotated[float, Field(ge=0)] = 1.0
    share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    bound: Bound = DEFAULT_BOUND

    @property
    def rounds(self) -> int:
        """Return how many rounds there are."""
        return self.trees * self.depth

    def begin(self) -> Growth:
        """Return the state before the first round: nothing is split."""
        return Growth(0, bare(self.trees, self.depth))

    def step(self, state: Growth) -> Step | None:
        """Return what the next round measures."""
        if state.round == self.rounds:
            return None
        _, level = divmod(state.round, self.depth)
        seen = state.forest if state.round >= self.depth else replace(state.forest, base=0)
        return Step(kind="histograms", round=state.round, length=2 * 2**level * self._binned.starts[-1], parameters=seen.flat())

    def measure(self, step: Step, rows: Rows) -> Whole:
        """Return an owner's contribution.

        Raises:
            InvalidInput: `DATA_INVALID`: rows or trees are not of this model; `NUMBER_TOO_LARGE`: 64 bits do not hold such sums.
        """
        forest = forest_of(step.parameters, self.trees, self.depth)
        return contribution(rows, step.length, self.bound, lambda piece: self._vectors(step.round, forest, piece))

    def advance(self, state: Growth, total: Whole, deviation: float) -> Growth:
        """Return the state after a round: one level more of a tree, and its leaves after the last level."""
        tree, level = divmod(state.round, self.depth)
        base, splits, leaves = state.forest.base, state.forest.splits.copy(), state.forest.leaves.copy()
        histograms = self._histograms(state.round, total, deviation)
        if state.round == 0:
            base = whole_coefficients(np.array([_base(histograms[0].total())]))[0]
        found = [histogram.best() for histogram in histograms]
        splits[tree, 2**level - 1 : 2 ** (level + 1) - 1] = [[split.column, split.place] for split in found]
        if level + 1 == self.depth:
            sides = [side for split in found for side in (split.left, split.right)]
            seen = sides if tree else [side.seen_from(base / COEFFICIENT_UNIT) for side in sides]
            leaves[tree] = whole_coefficients(np.array([self.rate * side.leaf(self.ridge) for side in seen]))
        return Growth(state.round + 1, Forest(base, splits, leaves))

    def parameters(self, state: Growth) -> tuple[float, ...]:
        """Return the score that all rows begin with, and of each tree its splits (column, bin) and the values of its leaves."""
        return tuple(float(number) for number in np.array(state.forest.flat()) / units_of(self.trees, self.depth))

    def scores(self, parameters: Sequence[float], features: Reals) -> Reals:
        """Return the logarithm of the odds of each row.

        Raises:
            InvalidInput: `DATA_INVALID`: parameters or features are not of this model.
        """
        whole = np.rint(np.array(parameters) * units_of(self.trees, self.depth)).astype(np.int64)
        return forest_of(whole.tolist(), self.trees, self.depth).scores(self._binned.places(features), self._binned)

    def _vectors(self, number: int, forest: Forest, rows: Rows) -> Whole:
        """Return a vector for each row: by node and bin the gradient, and then by node and bin the Hessian."""
        (tree, level), bins = divmod(number, self.depth), self._binned
        places = bins.places(rows.features)
        chances = _CHANCE(forest.scores(places, bins))
        gradients = (np.clip(rows.label, 0.0, 1.0) - chances) * self._gradient_units(number)
        hessians = chances * (1 - chances) * self._hessian_units
        nodes = forest.nodes(tree, places, bins, level)
        own = nodes[:, np.newaxis] * bins.starts[-1] + np.array(bins.starts[:-1]) + places
        found = np.zeros((len(rows), 2, 2**level * bins.starts[-1]), dtype=np.int64)
        for kind, numbers in enumerate((gradients, hessians)):
            np.put_along_axis(found[:, kind], own, np.trunc(numbers).astype(np.int64)[:, np.newaxis], axis=1)
        return found.reshape(len(rows), -1)

    def _histograms(self, number: int, total: Whole, deviation: float) -> list[Histogram]:
        """Return the histograms of the nodes of a level."""
        gradient_units, hessian_units = self._gradient_units(number), self._hessian_units
        gradients, hessians = total.reshape(2, -1, self._binned.starts[-1])
        variances = (deviation / gradient_units) ** 2, (deviation / hessian_units) ** 2
        pairs = zip(gradients / gradient_units, hessians / hessian_units, strict=True)
        return [Histogram(self._binned, gradient, hessian, *variances) for gradient, hessian in pairs]

    def _gradient_units(self, number: int) -> float:
        """Return the units of a gradient: at score 0, where the first tree is measured, none is beyond 1/2."""
        largest = 0.5 if number < self.depth else 1.0
        return self.bound * math.sqrt((1 - self.share) / len(self.columns)) / largest

    @property
    def _hessian_units(self) -> float:
        return self.bound * math.sqrt(self.share / len(self.columns)) / _LARGEST_HESSIAN

    @property
    def _binned(self) -> Bins:
        return Bins(self.columns, self.intercept, self.bins)


def _base(total: Sums) -> float:
    """Return the common score of all rows, from their sums at score 0, where each has a Hessian of 1/4."""
    chance = 0.5 + total.gradient / (4 * total.hessian) if total.hessian > 0 else 0.5
    held = max(_SURE, min(1 - _SURE, chance))
    return math.log(held / (1 - held))
