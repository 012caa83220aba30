"""How far one person can move a measure, from the contract's bounds alone, in whole numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stillroom.model.value import BigInt, Value

Size = Annotated[BigInt, Field(ge=0)]


class Sensitivity(Value):
    """The furthest that two neighbouring inputs can be apart, over all cells of one measure.

    Attributes:
        l0: The number of cells that differ.
        l1: The sum of absolute differences.
        l2_squared: The sum of squared differences.
        linf: The largest absolute difference in one cell.
    """

    l0: Size
    l1: Size
    l2_squared: Size
    linf: Size


class PersonBound(Value):
    """What one identifier can contribute to a measure: a vector of whole numbers with one entry per cell.

    Attributes:
        low: Least entry, at most 0.
        high: Greatest entry, at least 0.
        total: Greatest sum of absolute entries: rows per person × largest absolute value of a row.
        groups: Most entries that are not 0 (the contribution bound L0).
        cells: Number of entries.
        identifiers: Most identifiers that one person may have.
    """

    low: Annotated[BigInt, Field(le=0)]
    high: Size
    total: Size
    groups: Annotated[BigInt, Field(ge=1)]
    cells: Annotated[BigInt, Field(ge=1)]
    identifiers: Annotated[BigInt, Field(ge=1)]


def sensitivities(  # noqa: PLR0913 - the parts of one bound
    *, lo: int, hi: int, rows_total: int, groups: int, cells: int, identifiers: int
) -> tuple[Sensitivity, Sensitivity]:
    """Return the add/remove and the change sensitivity of a measure.

    Add/remove: one person's rows appear or vanish in all datasets at once, so the measure moves by a feasible vector.
    Change: one person's rows become any other rows, so it moves by the difference of two feasible vectors. The vector 0 is
    feasible, so a change is never less than an add/remove.

    A person with m identifiers moves the measure by a sum of m such vectors. By the triangle inequality every norm grows at
    most m-fold, hence the squared L2 norm m²-fold; supports add up, and there are no more cells than there are.

    Args:
        lo: Least entry of one identifier's contribution to a cell, at most 0.
        hi: Greatest entry, at least 0.
        rows_total: Greatest sum of absolute entries.
        groups: Most cells that one identifier contributes to.
        cells: Number of cells.
        identifiers: Most identifiers of one person.

    Returns:
        The exact add/remove sensitivity and the change sensitivity; both exact for one identifier where `lo` or `hi` is 0,
        otherwise an upper bound.
    """
    bound = PersonBound(low=lo, high=hi, total=rows_total, groups=groups, cells=cells, identifiers=identifiers)
    return _many(_add_remove(bound), bound), _many(_change(bound), bound)


def _add_remove(bound: PersonBound) -> Sensitivity:
    """Return the norms' exact maxima over feasible vectors.

    Signs do not matter to norms, so all entries may take the sign whose bound, the peak, is larger. Sums and squares are
    convex and grow fastest where entries are large, so filling one cell after the other to the peak maximises both.
    """
    peak = min(max(-bound.low, bound.high), bound.total)
    if peak == 0:
        return Sensitivity(l0=0, l1=0, l2_squared=0, linf=0)
    groups = min(bound.groups, bound.cells)
    return Sensitivity(
        l0=min(groups, bound.total),
        l1=min(bound.total, groups * peak),
        l2_squared=_fill(bound.total, peak, groups),
        linf=peak,
    )


def _fill(total: int, peak: int, cells: int) -> int:
    """Return the largest sum of squares of at most `cells` whole numbers, each at most `peak`, that sum to at most `total`."""
    full = min(cells, total // peak)
    rest = min(total - full * peak, peak) if full < cells else 0
    return full * peak**2 + rest**2


def _change(bound: PersonBound) -> Sensitivity:
    """Return the norms' maxima over differences x - y of feasible vectors."""
    one = _add_remove(bound)
    if one.linf == 0:
        return one
    span = min(bound.high, bound.total) + min(-bound.low, bound.total)
    l0 = min(bound.cells, 2 * one.l0)
    if bound.low == 0 or bound.high == 0:
        l1, l2_squared = _one_signed(bound, one)
    else:
        l1, l2_squared = _signed(one, l0, span)
    return Sensitivity(l0=l0, l1=l1, l2_squared=l2_squared, linf=span)


def _one_signed(bound: PersonBound, one: Sensitivity) -> tuple[int, int]:
    """Return exact L1 and squared L2 where no entry is negative, or none is positive.

    Where x and y overlap, |x - y| is at most the larger of the two, so that dropping the smaller one loses nothing: the best x
    and y share no cell. What a person can put into a cells is concave in a (each further cell adds no more than the one
    before), so the cells are best divided evenly. In particular L1 ≤ 2 L1(add/remove) and L2² ≤ 2 L2²(add/remove).
    """
    groups = min(bound.groups, bound.cells)
    first = min(groups, (bound.cells + 1) // 2)
    second = min(groups, bound.cells - first)
    l1 = sum(min(bound.total, part * one.linf) for part in (first, second))
    l2_squared = sum(_fill(bound.total, one.linf, part) for part in (first, second))
    return l1, l2_squared


def _signed(one: Sensitivity, l0: int, span: int) -> tuple[int, int]:
    """Return upper bounds of L1 and squared L2 where entries have both signs.

    L1: by the triangle inequality at most twice add/remove; and at most `span` in each of `l0` cells.
    Squared L2: the lesser of two bounds. First, the most that `l0` cells of at most `span` each can hold, given L1. It is at
    most four times add/remove, as by the triangle inequality, because L1 and span at most double. Second, with k cells in
    both supports and at most groups - k in either alone: k·span² + 2(groups - k)·peak² ≤ groups·max(span², 2 peak²).
    """
    l1 = min(2 * one.l1, l0 * span)
    return l1, min(_fill(l1, span, l0), one.l0 * max(span**2, 2 * one.linf**2))


def _many(one: Sensitivity, bound: PersonBound) -> Sensitivity:
    """Return the sensitivity for a person with several identifiers."""
    many = bound.identifiers
    return Sensitivity(l0=min(bound.cells, one.l0 * many), l1=one.l1 * many, l2_squared=one.l2_squared * many**2, linf=one.linf * many)
