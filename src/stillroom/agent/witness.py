"""An agent as a witness of its room's log: it looks at each new head, has its consistency shown, and cosigns it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from stillroom.crypto.cosignature import cosign
from stillroom.crypto.tile_proofs import consistency_proof, hashes_of
from stillroom.errors import Code, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.home import Home
    from stillroom.adapters.home.watch import Watch
    from stillroom.adapters.http.channel import Channel
    from stillroom.crypto.tiles import Tile
    from stillroom.ports import Clock


class Proofs:
    """Proofs of a log's consistency, made from the tiles that a server hands out; a server that hands out wrong ones proves nothing."""

    def __init__(self, channel: Channel) -> None:
        """Name the channel to the server."""
        self._channel = channel

    def __call__(self, first: int, second: int) -> Sequence[bytes]:
        """Return the proof that a log of `second` entries begins with its first `first` ones."""
        return consistency_proof(first, second, hashes_of(second, cache(self._tile)))

    def _tile(self, tile: Tile) -> bytes:
        return self._channel.get(f"/v1/log/{tile.path}")


class WitnessingAgent:
    """Looks at the log's head, and cosigns it where the log has grown as it should, whoever was shown that first.

    A cosignature that the room did not take is made again at the next look.
    """

    def __init__(self, home: Home, watch: Watch, channel: Channel, clock: Clock) -> None:
        """Put together a witness."""
        self._home, self._watch, self._channel, self._clock = home, watch, channel, clock

    def look(self) -> bool:
        """Look at the present head; return whether it was cosigned now.

        Raises:
            Alarmed: The log is not what it was.
            StillroomError: The server cannot be reached, or answers otherwise.
        """
        try:
            note = self._watch.look(lambda: self._channel.get("/v1/log/checkpoint"))
        except Refusal as refusal:
            if refusal.code is Code.CONTRACT_UNKNOWN:
                return False
            raise
        if note is None:
            return False
        line = cosign(note, self._home.party, self._home.signing_key, int(self._clock.now()))
        self._channel.post("/v1/log/cosignatures", line)
        self._watch.cosigned(note)
        return True
