"""Telling a room that its owner has paused it, where the room could not be told at the time: its server was away."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import ValidationError

from stillroom.adapters.home.in_force import contract_in_force
from stillroom.adapters.home.pauses import Pauses
from stillroom.adapters.http.shapes import Paused
from stillroom.errors import Code, Failed, Refusal
from stillroom.room.pauses import Pausing
from stillroom.room.signed import sign
from stillroom.room.statement import PAUSE_TYPE

if TYPE_CHECKING:
    from stillroom.adapters.home import Home
    from stillroom.adapters.http.channel import Channel
    from stillroom.ports import Clock

LOOK_SECONDS = 10.0
"""While a home pauses its room, the room is asked no more often than this whether it knows."""


class OwnPause:
    """A home's pause of its room, which the room may not have heard of."""

    def __init__(self, home: Home, channel: Channel, room: str, clock: Clock) -> None:
        """Name the home, the channel to the room's server, the room's identity, and the time."""
        self._home, self._channel, self._room, self._clock = home, channel, room, clock
        self._next = -math.inf

    def tell(self) -> bool:
        """Pause the room if the home does, and the room does not wait for this owner; return whether that was so.

        Nothing is said for a home that has resumed, also if it has while the room was asked. Who resumes in the very moment in which the
        word is on its way resumes once more.

        Raises:
            InvalidInput: `HOME_INVALID` if what is paused is not known; or as `stillroom.adapters.home.in_force.contract_in_force`.
            Unverified: As there.
        """
        if not self._is_paused():
            self._next = -math.inf
            return False
        if self._clock.steady() < self._next:
            return False
        self._next = self._clock.steady() + LOOK_SECONDS
        try:
            return self._said()
        except (Failed, Refusal):  # it cannot be reached, has heard too much, or does not let this party speak: it is asked again
            return False

    def _said(self) -> bool:
        pausing = self._pausing()
        party = self._home.party
        if party not in pausing.contract.owners or party in pausing.missing or not self._is_paused():
            return False
        word = pausing.next_word(self._room, party, paused=True)
        self._channel.post("/v1/pause", sign(word, PAUSE_TYPE, self._home.signing_key))
        return True

    def _is_paused(self) -> bool:
        return self._room in Pauses.load(self._home.path).rooms

    def _pausing(self) -> Pausing:
        contract = contract_in_force(self._home, self._channel.get("/v1/contract"))
        try:
            return Pausing(contract, Paused.model_validate_json(self._channel.get("/v1/pause")).record())
        except ValidationError:
            raise Failed(Code.SERVER_UNAVAILABLE, "The server's answer is none of Stillroom's.", "Check the address.") from None
