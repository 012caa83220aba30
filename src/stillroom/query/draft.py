"""A question on its way to a plan: what is measured, over rows that no owner has a part of yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Finish, Key
    from stillroom.model.relation import ColumnFact, Relation


@dataclass(frozen=True)
class Draft:
    """What rewrites work on.

    Attributes:
        relation: The rows that are measured; its leaves are scans.
        facts: What is known about the columns that stand in it.
        keys: The grouping keys, then those of grids.
        measures: What is summed.
        finish: What is computed from noisy cells.
    """

    relation: Relation
    facts: tuple[ColumnFact, ...]
    keys: tuple[Key, ...]
    measures: tuple[Measure, ...]
    finish: Finish
