"""What a server works with: the room, its parties' mailbox, its jobs, and who was heard of."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.errors import StillroomError
from stillroom.room import recovery
from stillroom.server.threads import on_and_on

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillroom.adapters.remote.kept import Kept
    from stillroom.adapters.remote.mailbox import Mailbox
    from stillroom.room.room import Room
    from stillroom.server.jobs import Jobs
    from stillroom.server.rates import Limits
    from stillroom.server.replays import Replays
    from stillroom.server.telemetry import Telemetry

RECOVERY_SECONDS = 20.0
"""How often holds that hang in the air are looked for, accounts told what they have not heard, and what is to be kept no more deleted."""


@dataclass(frozen=True, slots=True)
class Service:
    """A room that is served.

    Attributes:
        room: The room.
        mailbox: Where errands wait for parties' agents.
        jobs: The runs that it was asked for.
        replays: Which requests were seen.
        limits: How many requests each sender may send.
        incoming: The folder where what agents bring arrives.
        kept: What it keeps of that between runs.
        certificate: Digest of the certificate that the room's key vouches for; nothing without TLS, or with an authority's certificate.
        telemetry: Metrics and operational logs.
        body_limit: The largest body of a request, in bytes, but for what agents bring.
        file_limit: The largest file that an agent brings, in bytes.
        reserve: How many bytes of the disk such files leave free.
    """

    room: Room
    mailbox: Mailbox
    jobs: Jobs
    replays: Replays
    limits: Limits
    incoming: Path
    kept: Kept
    certificate: str | None
    telemetry: Telemetry
    body_limit: int
    file_limit: int
    reserve: int


class Recovery:
    """Puts the room in order every now and then, as agents come and go."""

    def __init__(self, room: Room, kept: Kept, mistake: Callable[[BaseException], None], seconds: float = RECOVERY_SECONDS) -> None:
        """Say which room, what it keeps, who hears of errors that no rule foresees, and how often."""
        self._room, self._kept, self._seconds = room, kept, seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=on_and_on, args=(self._recover, self._stopped, mistake), daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End."""
        self._stopped.set()
        self._thread.join(seconds)

    def _recover(self) -> None:
        if not self._stopped.wait(self._seconds):
            with suppress(StillroomError):  # somebody is away, or the store is: the next time comes
                self._kept.sweep()
                recovery.recover(self._room)
