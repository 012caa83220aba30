"""What the contract proves about totals of one person before anything is clamped, held against the rows: clamping hides no wrong bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.bounds import proved
from stillroom.client.verification.person import rows_of
from stillroom.model.measure import Aggregate
from stillroom.query.added import of_rows
from tests import reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillroom.model.contract import Contract
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Plan
    from tests.world import World


def is_told_more(plan: Plan, agreed: Contract) -> bool:
    """Tell whether more is known about a sum than how many rows a person has, and between what their values lie."""
    return _told(plan, agreed) != {number: tuple(of_rows(one.row_low, one.row_high, plan.bounds.rows))[:3] for number, one in _sums(plan)}


def check_totals(plan: Plan, agreed: Contract, worlds: Iterable[World]) -> None:
    """See that nobody has more in a cell, nor in all of them together, than is proved, with nothing clamped and all cells kept.

    What is proved is about cells that all keys tell apart: a sum that is measured for a total of selected keys adds up those.
    """
    told = _told(plan, agreed)
    wide = {number: of_rows(one.row_low, one.row_high, plan.bounds.rows) for number, one in _sums(plan)}
    ends = {number: {"low": one.low, "high": one.high, "kept": None} for number, one in wide.items()}
    measures = tuple(one.model_copy(update=ends.get(number, {})) for number, one in enumerate(plan.measures))
    every = plan.model_copy(update={"measures": measures, "bounds": plan.bounds.model_copy(update={"keep_groups": False})})
    for tables in worlds:
        for parts in reference.contributions(every, {name: table.listed for name, table in tables.items()}).values():
            for number, (low, high, size) in told.items():
                totals = [0, *reference.counted(parts[number]).values()]
                assert (low <= min(totals), max(totals) <= high, sum(map(abs, totals)) <= size) == (True, True, True), number


def _sums(plan: Plan) -> list[tuple[int, Measure]]:
    return [(number, one) for number, one in enumerate(plan.measures) if one.aggregate is Aggregate.SUM]


def _told(plan: Plan, agreed: Contract) -> dict[int, tuple[int, ...]]:
    rows = rows_of(plan, agreed)
    return {number: tuple(proved(one, plan, rows)) for number, one in _sums(plan)}
