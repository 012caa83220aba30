"""Telling a room what the home has deleted, where nobody could at the time: after the last day of a contract, or while it was away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from stillroom.errors import Code, Failed, Refusal
from stillroom.model.record import DataRecord

if TYPE_CHECKING:
    from stillroom.adapters.home import Home
    from stillroom.adapters.http.channel import Channel

_VERSIONS = TypeAdapter(dict[str, DataRecord])


class Withdrawals:
    """What a home has withdrawn, and its room may still show."""

    def __init__(self, home: Home, channel: Channel) -> None:
        """Name the home, and the channel to the room's server."""
        self._home, self._channel = home, channel
        self._told: set[tuple[str, int]] = set()

    def tell(self) -> None:
        """Announce each dataset that is withdrawn in the home and not in the room.

        The room is asked once about each, and again where it was too much at once.

        Raises:
            InvalidInput: `HOME_INVALID`.
            Failed: `SERVER_UNAVAILABLE`; then the room is asked again.
        """
        from stillroom import bootstrap

        gone = {(held.name, held.versions[-1].number) for held in self._home.datasets() if held.current is None} - self._told
        if not gone:
            return
        try:
            known = self._versions()
            for name, _ in sorted(gone):
                word = bootstrap.withdrawal(self._home, name, known.get(name))
                if word is not None:
                    self._channel.post("/v1/data", word)
        except Refusal as refusal:  # the party is not in the contract any more, and may say nothing about data; or it has said too much
            if refusal.code is Code.TOO_MANY_REQUESTS:
                return
        self._told |= gone

    def _versions(self) -> dict[str, DataRecord]:
        try:
            return _VERSIONS.validate_json(self._channel.get("/v1/data"))
        except ValidationError:
            raise Failed(Code.SERVER_UNAVAILABLE, "The server's answer is none of Stillroom's.", "Check the address.") from None
