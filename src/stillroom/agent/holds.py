"""The end of holds of which a room has made nothing: an owner's account is not kept waiting by a room that has forgotten what it asked for.

A room commits a reservation within `GRACE_SECONDS` of opening it, or never, and an owner holds after it was opened. So once a hold has
stood for twice as long, by a clock that nobody sets, a head of the log that is fetched then tells, once the home's copy of the log has
been read on up to it: if the commit is in that log, it is spent, and the account says so; if it is not, it never will be, and the hold
lapses. A room that was put back to an earlier state ends holds that it has forgotten in the same way.

Whatever a room shows here, it gets nothing by it. For a hold that has lapsed no data are brought (`stillroom.agent.errands`), so that the
account counts all that was ever measured. A room that hides its own commit harms its run alone. Where the log raises an alarm the agent
does nothing for the room any more, and where a contract's last day is over no rule lets anything run: what is held there lapses without a
look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.copied import Span
from stillroom.adapters.home.membership import membership_of
from stillroom.agent.witness import Parts, Proofs
from stillroom.ledger.entry import Commit, decode
from stillroom.room.recovery import GRACE_SECONDS
from stillroom.room.times import day

if TYPE_CHECKING:
    from stillroom.adapters.home import Home
    from stillroom.adapters.home.log_copy import LogCopy
    from stillroom.adapters.home.membership import Membership
    from stillroom.adapters.home.watch import Watch
    from stillroom.adapters.http.channel import Channel
    from stillroom.adapters.sql_store.accounts import SqlAccounts
    from stillroom.adapters.vault import LocalVault
    from stillroom.ledger.account import Booking
    from stillroom.ports import Clock

HOLD_SECONDS = 2 * GRACE_SECONDS
"""How long a hold stands, as long as its agent runs, before the agent looks whether it was committed."""

COMMIT = "commit"
"""The kind of the entries by which reservations are committed."""

LOOK_SECONDS = 60.0
"""How often it looks while it cannot find out."""


class Holds:
    """What an owner holds for a room, and since when the agent knows of it."""

    def __init__(  # noqa: PLR0913, PLR0917 - the home, its accounts, the room, and the time
        self, home: Home, vault: LocalVault, book: SqlAccounts, watch: Watch, channel: Channel, clock: Clock, copy: LogCopy
    ) -> None:
        """Name the home, its accounts, its watch over the log, the channel to the room's server, the time, and the copy of the log."""
        self._home, self._vault, self._book, self._watch, self._copy = home, vault, book, watch, copy
        self._channel, self._clock = channel, clock
        self._since: dict[tuple[str, str], float] = {}
        self._looked: float | None = None

    def end(self) -> tuple[str, ...]:
        """End each hold that has stood too long; return the reservations, sorted. While nobody knows how one stands, it stays.

        Raises:
            Alarmed: The log is not what it was.
            StillroomError: The server cannot be reached, or shows no log; or the home cannot be used.
        """
        old = self._old()
        if not old:
            return ()
        over = old if self._watch.alarms() else {one: booking for one, booking in old.items() if self._is_over(booking)}
        for reservation, population in over:
            self._vault.lapse(reservation, population)
        asked = {one for one in old if one not in over}
        if asked and (self._looked is None or self._clock.steady() - self._looked >= LOOK_SECONDS):
            self._looked = self._clock.steady()
            self._settle(asked)
            over = old
        return tuple(sorted({reservation for reservation, _ in over}))

    def _old(self) -> dict[tuple[str, str], Booking]:
        now, room = self._clock.steady(), self._membership.identity
        held = {(booking.reservation, population): booking for population, booking in self._book.held(room)}
        self._since = {one: self._since.get(one, now) for one in held}
        return {one: booking for one, booking in held.items() if now - self._since[one] >= HOLD_SECONDS}

    def _is_over(self, booking: Booking) -> bool:
        """Tell whether the last day of the contract is over that a charge is held under, as far as the home has seen it."""
        today = day(self._clock.now()).isoformat()
        last = [
            term.last_day for name, term in self._membership.terms.items() if booking.contract == f"{name} in {self._membership.identity}"
        ]
        return bool(last) and max(last) < today

    def _settle(self, asked: set[tuple[str, str]]) -> None:
        """Spend what the log says is committed, and let the rest lapse: once all of it is read, up to a head of now."""
        heads = self._copy.follow(Parts(self._channel), Proofs(self._channel))
        self._watch.check(heads.notes[0])
        heads.check_complete()
        for reservation, population in sorted(asked):
            (self._vault.commit if self._is_committed(reservation, heads.copied) else self._vault.lapse)(reservation, population)

    def _is_committed(self, reservation: str, size: int) -> bool:
        """Tell whether one of the first entries of the log is the commit of a reservation."""
        found = [decode(one.leaf) for one in self._copy.stored.found(Span(size, kind=COMMIT, words=(reservation,)))]
        return any(isinstance(entry, Commit) and entry.reservation == reservation for entry in found)

    @property
    def _membership(self) -> Membership:
        return membership_of(self._home.path)
