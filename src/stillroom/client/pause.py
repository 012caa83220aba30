"""Pauses of a room, as one owner begins and ends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stillroom.adapters.home.pauses import Pauses, keep_pause
from stillroom.errors import Code, Failed, Refusal
from stillroom.room.pauses import Pausing
from stillroom.room.signed import sign
from stillroom.room.statement import PAUSE_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.adapters.home import Home
    from stillroom.client.access import Access
    from stillroom.model.contract import Contract


ATTEMPTS = 3
"""How often a pause is begun anew when another owner has begun one in the same moment."""

_TELL_LATER = (
    "Your own agent holds nothing and brings nothing from now on, and tells the room when it can. Where none runs, pause once more."
)


class Stands(NamedTuple):
    """How things stand with pauses.

    Attributes:
        missing: Which owners have yet to resume, by their signatures; nobody if the room is not paused.
        unheard: Whether this party has paused the room, and the room has not heard of it: its agent holds and brings nothing all the same.
    """

    missing: tuple[str, ...]
    unheard: bool


class Pause:
    """Whether a room is paused. Any owner pauses it, and it goes on when all owners have resumed."""

    def __init__(self, home: Home, access: Access, contract: Callable[[], Contract]) -> None:
        """Name the party's home, its room, and what returns the contract in force."""
        self._home, self._access, self._contract = home, access, contract

    def begin(self) -> None:
        """Pause the room, as this party. Its own agent holds still from now on, even if the room cannot be told.

        It fails as `stillroom.room.pauses.record` does.
        """
        self._keep(paused=True)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._say(paused=True)
                break
            except Refusal as refusal:
                if refusal.code is not Code.PAUSE_INVALID or attempt == ATTEMPTS:
                    raise
            except Failed as failed:
                raise Failed(failed.code, failed.reason, _TELL_LATER) from None

    def resume(self) -> None:
        """Let the room go on as far as this party is concerned. It fails as `stillroom.room.pauses.record` does.

        A room that has not heard of the pause has nothing to take, and that is no mistake.
        """
        here = self._is_here()
        self._keep(paused=False)
        try:
            self._say(paused=False)
        except Refusal as refusal:
            if refusal.code is not Code.PAUSE_INVALID or not here or self._home.party in self.missing():
                raise

    def missing(self) -> tuple[str, ...]:
        """Return which owners have yet to resume, by their signatures; nobody if the room is not paused."""
        return self._pausing().missing

    def stands(self) -> Stands:
        """Return how things stand, by the room and by this party's own home.

        Raises:
            InvalidInput: `HOME_INVALID` if what the home has paused is not known.
            Failed: The room cannot be asked; the fix says so if this party has paused it.
        """
        party = self._home.party
        try:
            pausing = self._pausing()
        except Failed as failed:
            raise Failed(failed.code, failed.reason, _TELL_LATER if self._is_here() else failed.fix) from None
        return Stands(pausing.missing, party in pausing.contract.owners and party not in pausing.missing and self._is_here())

    def _is_here(self) -> bool:
        return self._access.identity in Pauses.load(self._home.path).rooms

    def _pausing(self) -> Pausing:
        return Pausing(self._contract(), self._access.pause())

    def _keep(self, *, paused: bool) -> None:
        keep_pause(self._home.path, self._access.identity, paused=paused)

    def _say(self, *, paused: bool) -> None:
        word = self._pausing().next_word(self._access.identity, self._home.party, paused=paused)
        self._access.say_pause(sign(word, PAUSE_TYPE, self._home.signing_key))
