"""Which columns tell a person's rows apart, and how many rows can thus be alike in some of them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from stillroom.model.expression import Column
from stillroom.query.domains import values_with_null
from stillroom.query.rewrites.order_operands import ordered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from stillroom.query.frame import Apart, Frame
    from stillroom.query.typed import Typed


def first_alike(keys: Mapping[str, Typed]) -> dict[str, str]:
    """Return, for the name of each key, that of the first one which is equal to it: rows are told apart by one of them."""
    first: dict[tuple[object, ...], str] = {}
    return {name: first.setdefault((ordered(key.expression), key.type.kind, key.type.digits), name) for name, key in keys.items()}


def grouped(frame: Frame, keys: Mapping[str, Typed]) -> tuple[Apart, int]:
    """Return what tells rows apart of which there is one for each person and each combination of keys, and how many a person has.

    Rows of a person that differ in keys differ in those that are no function of the person. Each row comes from another one at least, and
    there are no more of them than combinations of values of these keys.
    """
    apart = {name: _values(key, frame) for name, key in keys.items() if not key.functional}
    return apart, _most(frame.rows, apart.values())


def within(frame: Frame, keys: Iterable[Typed]) -> int:
    """Return how many rows of a person agree in all of some keys, at most.

    Two of them that agree in all other columns, too, by which rows are told apart, are one row: so there are no more than combinations
    of values of these.
    """
    if frame.apart is None:
        return frame.rows
    fixed = {key.expression.name for key in keys if isinstance(key.expression, Column)}
    return _most(frame.rows, [values for name, values in frame.apart.items() if name not in fixed])


def of_pairs(left: Frame, right: Frame) -> Apart | None:
    """Return what tells pairs of rows apart that a join on the person makes: what tells both sides' rows apart.

    A row of a side is there in pairs with different rows of the other, or once without any. So two rows of the join that agree in all
    columns of the one side's have the same row of it, unless that side is absent in both; and then the same row of the other side. Only
    where either side may be absent for one person can it be that both sides' columns are NULL in two rows of different origin
    (`joins`).
    """
    return None if left.apart is None or right.apart is None else {**left.apart, **right.apart}


def optional(apart: Apart | None) -> Apart | None:
    """Return what tells rows of a side apart that may be absent, on which its columns are NULL."""
    return None if apart is None else {name: None if values is None else values + 1 for name, values in apart.items()}


def _values(key: Typed, frame: Frame) -> int | None:
    """Return how many values a key has at most, NULL among them."""
    node = key.expression
    if isinstance(node, Column) and frame.apart is not None and node.name in frame.apart:
        return frame.apart[node.name]
    return values_with_null(node, frame.facts, frame.rows)


def _most(rows: int, values: Collection[int | None]) -> int:
    """Return how many combinations there are, at most as many as rows."""
    known = [one for one in values if one is not None]
    return min(rows, prod(known)) if len(known) == len(values) else rows
