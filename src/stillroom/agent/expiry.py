"""The end of what contracts allow: rows are deleted after the last day, and keys of what a server keeps once it may keep it no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.home.membership import Membership
from stillroom.room.times import day

if TYPE_CHECKING:
    from stillroom.adapters.home import Home


def wipe_ended(home: Home, now: float) -> tuple[str, ...]:
    """Withdraw each dataset of which the last day of every contract is over that its owner has seen; return which.

    Contracts are known by what the home has seen of them, so that a server cannot keep data alive by showing none. If an amendment gives a
    contract more time afterwards, owners add their data again.

    Args:
        home: The owner's home.
        now: The time, in seconds since 1970, by the owner's clock.

    Raises:
        InvalidInput: `HOME_INVALID`.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    membership = Membership.load(home.path)
    ended = () if membership is None else membership.ended(day(now))
    held = {one.name for one in home.datasets() if one.current is not None}
    wiped = tuple(name for name in ended if name in held)
    for name in wiped:
        home.withdraw(name)
    return wiped


def drop_copies(home: Home, now: float) -> tuple[str, ...]:
    """Delete the keys of copies that no contract lets a server keep any more, whatever becomes of the copies; return of which datasets.

    It fails as `wipe_ended`.
    """
    membership = Membership.load(home.path)
    return home.drop_copies(frozenset() if membership is None else membership.kept(day(now)))
