"""Sums, counts and extremes of noisy values over frames of rows."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

from stillroom.query.table.estimate import Estimate, exact, vague
from stillroom.query.table.scalars import extreme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from stillroom.query.table.estimate import Plain

    Frames = Sequence[tuple[int, int]]
    """For each row, the places where its frame begins and behind which it ends."""

_NONE = Fraction(0)


def sums(values: Sequence[Estimate], frames: Frames, *, count: bool) -> list[Estimate]:
    """Return the sum of what is not NULL in each frame, or how many that are.

    A noisy value without an interval could be NULL without noise, and have any size: a sum has no interval then, and a count may be
    smaller or larger by each of them.
    """
    present = _running(one.value is not None for one in values)
    unsure = _running(one.noisy and one.low is None for one in values)
    if count:
        surely = _running(one.value is not None and not (one.noisy and one.low is None) for one in values)
        return [_count(*(_between(one, frame) for one in (present, surely, unsure))) for frame in frames]
    noisy = _running(one.noisy for one in values)
    informed = _running(one.noisy and not one.no_information for one in values)
    ends = [_running(_number(getattr(one, end)) for one in values) for end in ("value", "low", "high")]
    found = []
    for frame in frames:
        value, low, high = (_between(one, frame) for one in ends)
        known = value if _between(present, frame) else None
        if not _between(noisy, frame):
            found.append(exact(known))
        elif _between(unsure, frame):
            found.append(vague(known))
        else:
            found.append(Estimate(known, low, high, noisy=True, no_information=not _between(informed, frame)))
    return found


def _count(present: Fraction, surely: Fraction, unsure: Fraction) -> Estimate:
    """Return a count of values of which some may be NULL without noise, whether or not they are with it."""
    return Estimate(present, surely, surely + unsure, noisy=True) if unsure else exact(present)


def _number(value: Plain) -> Fraction:
    return value if isinstance(value, Fraction) else _NONE


def _running(numbers: Iterable[Fraction | bool]) -> list[Fraction]:
    """Return running totals, from none of the numbers to all of them."""
    return list(accumulate(map(Fraction, numbers), initial=_NONE))


def _between(running: Sequence[Fraction], frame: tuple[int, int]) -> Fraction:
    return running[frame[1]] - running[frame[0]]


def extremes(values: Sequence[Estimate], frames: Frames, *, greatest: bool) -> list[Estimate]:
    """Return the greatest or least of what is not NULL in each frame.

    The extremes of 1, 2, 4, … values from each place on are tabled once; any frame is covered by two of them, which may overlap.
    """
    pick: Callable[[Sequence[Plain]], Plain] = max if greatest else min  # type: ignore[assignment]  # of one kind
    if set(frames) == {(0, len(values))}:
        return [extreme(pick, values)] * len(frames)
    levels = [list(values)]
    widest = max((ends - begins for begins, ends in frames), default=0)
    while 2 ** len(levels) <= widest:
        below, step = levels[-1], 2 ** (len(levels) - 1)
        levels.append([extreme(pick, pair) for pair in zip(below, below[step:], strict=False)])
    known: dict[tuple[int, int], Estimate] = {}
    for begins, ends in frames:
        if (begins, ends) not in known:
            known[begins, ends] = _covered(levels, begins, ends, pick)
    return [known[frame] for frame in frames]


def _covered(levels: Sequence[Sequence[Estimate]], begins: int, ends: int, pick: Callable[[Sequence[Plain]], Plain]) -> Estimate:
    """Return the extreme of a frame from two tabled ones."""
    if begins == ends:
        return exact(None)
    level = (ends - begins).bit_length() - 1
    return extreme(pick, (levels[level][begins], levels[level][ends - 2**level]))
