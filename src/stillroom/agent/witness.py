"""An agent as a witness of its room's log: it looks at each new head, has its consistency shown, and cosigns it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from stillroom.crypto.cosignature import cosign
from stillroom.crypto.tile_proofs import consistency_proof, hashes_of
from stillroom.errors import Code, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.home import Home
    from stillroom.adapters.home.log_copy import LogCopy
    from stillroom.adapters.home.watch import Watch
    from stillroom.adapters.http.channel import Channel
    from stillroom.crypto.tiles import Tile
    from stillroom.ports import Clock


TILES_KEPT = 64
"""So many tiles are remembered: they never change, and proofs that follow one another share most of them."""


class Proofs:
    """Proofs of a log's consistency, made from the tiles that a server hands out; a server that hands out wrong ones proves nothing."""

    def __init__(self, channel: Channel) -> None:
        """Name the channel to the server."""
        self._channel = channel
        self._read = lru_cache(TILES_KEPT)(self._tile)

    def __call__(self, first: int, second: int) -> Sequence[bytes]:
        """Return the proof that a log of `second` entries begins with its first `first` ones."""
        return consistency_proof(first, second, hashes_of(second, self._read))

    def _tile(self, tile: Tile) -> bytes:
        return self._channel.get(f"/v1/log/{tile.path}")


class Parts:
    """Parts of a log, as a server hands them out."""

    def __init__(self, channel: Channel) -> None:
        """Name the channel to the server."""
        self._channel = channel

    def __call__(self, start: int) -> bytes:
        """Return the log's heads, and its next entries from an index on (`stillroom/part/v1`)."""
        return self._channel.get(f"/v1/log/from/{start}")


class WitnessingAgent:
    """Looks at the log's head, and cosigns it where the log has grown as it should, whoever was shown that first.

    A cosignature that the room did not take is made again at the next look. What is new in the log is copied for the home's pages, where
    the agent is told to.
    """

    def __init__(self, home: Home, watch: Watch, channel: Channel, clock: Clock, copy: LogCopy | None = None) -> None:
        """Put together a witness."""
        self._home, self._watch, self._channel, self._clock, self._copy = home, watch, channel, clock, copy

    def look(self) -> bool:
        """Look at the present head, and copy what is new; return whether the head was cosigned now.

        Raises:
            Alarmed: The log is not what it was.
            StillroomError: The server cannot be reached, or answers otherwise.
        """
        cosigned = self._cosign()
        if self._copy is not None and self._copy.is_behind():
            self._copy.follow(Parts(self._channel), Proofs(self._channel))
        return cosigned

    def _cosign(self) -> bool:
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
