"""Trees that are added up, as whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillroom.errors import Code, InvalidInput
from stillroom.learning.models.features import COEFFICIENT_UNIT, LARGEST_COEFFICIENT
from stillroom.learning.models.splits import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.learning.models.bins import Bins
    from stillroom.learning.rows import Reals, Whole

_LARGEST = COEFFICIENT_UNIT * LARGEST_COEFFICIENT
"""No leaf is beyond this, so that the sum of those of 2⁸ trees is exact."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of one depth, whose nodes are numbered level by level; a row that goes to the right from node n comes to 2n + 2.

    Attributes:
        base: The score that every row has to begin with, in whole units of 2⁻¹⁶.
        splits: By tree and node: its column, and the bin up to which rows go to the left; of a list, the bin whose rows do.
        leaves: By tree and leaf: what it adds to the score, in the same units.
    """

    base: int
    splits: Whole
    leaves: Whole

    def nodes(self, tree: int, places: Whole, bins: Bins, levels: int) -> Whole:
        """Return which node of a level each row comes to, counted within the level.

        Args:
            tree: Which tree.
            places: The bin of each row and column.
            bins: The bins.
            levels: How many splits are passed.
        """
        node, rows = np.zeros(len(places), dtype=np.int64), np.arange(len(places))
        ordered = np.array(bins.ordered)
        for _ in range(levels):
            column, last = self.splits[tree, node].T
            split = (column >= 0) & (column < len(ordered))
            column = np.where(split, column, 0)
            place = places[rows, column]
            node = 2 * node + 1 + (split & np.where(ordered[column], place > last, place != last))
        return np.asarray(node - (2**levels - 1), dtype=np.int64)

    def scores(self, places: Whole, bins: Bins) -> Reals:
        """Return the score of each row: a sum of whole numbers, exact in any order."""
        total = np.full(len(places), self.base, dtype=np.int64)
        depth = self.leaves.shape[1].bit_length() - 1
        for tree in np.flatnonzero(self.leaves.any(axis=1)):
            total += self.leaves[tree, self.nodes(int(tree), places, bins, depth)]
        return np.asarray(total / COEFFICIENT_UNIT, dtype=np.float64)

    def flat(self) -> tuple[int, ...]:
        """Return the base, and then of each tree its splits and its leaves."""
        trees = np.hstack([self.splits.reshape(len(self.splits), -1), self.leaves])
        return (self.base, *(int(number) for number in trees.ravel()))


def bare(trees: int, depth: int) -> Forest:
    """Return trees that are not split yet."""
    splits = np.tile(np.array([NOWHERE, 0], dtype=np.int64), (trees, 2**depth - 1, 1))
    return Forest(0, splits, np.zeros((trees, 2**depth), dtype=np.int64))


def forest_of(flat: Sequence[int], trees: int, depth: int) -> Forest:
    """Return the trees that `flat` was made from; numbers too large are cut, and a column that there is not splits nothing.

    Raises:
        InvalidInput: `DATA_INVALID`: it is not of so many trees of such a depth.
    """
    units = units_of(trees, depth)
    if len(flat) != len(units):
        raise InvalidInput(
            Code.DATA_INVALID, "The trees are not as many, or not as deep, as the model's.", "Measure a step of this very model."
        )
    base, *numbers = (max(-_LARGEST, min(_LARGEST, number)) for number in flat)
    table = np.array(numbers, dtype=np.int64).reshape(trees, -1)
    inner = 2 * (2**depth - 1)
    return Forest(base, table[:, :inner].reshape(trees, -1, 2), table[:, inner:])


def units_of(trees: int, depth: int) -> Reals:
    """Return the units of each number of `flat`: 2¹⁶ for what is added to scores, 1 for columns and bins."""
    tree = [1.0] * (2 * (2**depth - 1)) + [float(COEFFICIENT_UNIT)] * 2**depth
    return np.array([float(COEFFICIENT_UNIT), *tree * trees])
