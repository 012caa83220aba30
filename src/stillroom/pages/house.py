"""What the pages of one party work with."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillroom.adapters.home.journal import Journal
    from stillroom.adapters.home.people import PeopleBook
    from stillroom.adapters.home.tokens import TokenBook
    from stillroom.adapters.http.channel import Channel
    from stillroom.client.session import Session
    from stillroom.model.contract import Contract
    from stillroom.pages.challenges import Challenges
    from stillroom.pages.oidc import Reception
    from stillroom.pages.runs import Runs
    from stillroom.ports import Clock, Progress

NOTES_KEPT = 20
"""How many lines of what the agent does are shown."""


class Notes:
    """What the agent has said lately, with the time. It is written on the terminal as well."""

    def __init__(self, clock: Clock, say: Callable[[str], None]) -> None:
        """Name the clock, and who hears it besides."""
        self._clock, self._say = clock, say
        self._kept: deque[tuple[float, str]] = deque(maxlen=NOTES_KEPT)
        self._lock = threading.Lock()

    def __call__(self, text: str) -> None:
        """Take note of something."""
        self._say(text)
        with self._lock:
            self._kept.append((self._clock.now(), text))

    def latest(self) -> tuple[tuple[float, str], ...]:
        """Return what was said, the latest first."""
        with self._lock:
            return tuple(reversed(self._kept))


@dataclass(frozen=True)
class House:
    """A party's home, as its pages use it.

    Attributes:
        path: The home's folder.
        party: Whose it is.
        key: The party's public key.
        people: Who may use the pages.
        tokens: By which scripts do.
        journal: Who has decided what.
        clock: The time.
        challenges: What passkeys sign.
        runs: Questions on their way.
        notes: What the agent says.
        reception: Where people sign in by the party's identity provider.
        authorities: The values of `Host` that are this site's, in lower case.
        tls: Whether the pages are served over TLS.
    """

    path: Path
    party: str
    key: str
    people: PeopleBook
    tokens: TokenBook
    journal: Journal
    clock: Clock
    challenges: Challenges
    runs: Runs
    notes: Notes
    reception: Reception
    authorities: frozenset[str] = field(default_factory=frozenset)
    tls: bool = False

    def session(self, progress: Progress | None = None) -> Session:
        """Come to the room as the party. It fails as `stillroom.client.session.open_room`."""
        from stillroom.client.session import open_room

        return self._shared if progress is None else open_room(self.path, progress=progress)

    @cached_property
    def _shared(self) -> Session:
        """The session of all requests, with its connections; a question on its way has one of its own."""
        from stillroom.client.session import open_room

        return open_room(self.path)

    @cached_property
    def channel(self) -> Channel:
        """The channel by which the log is read on. It fails as `stillroom.client.session.open_room`."""
        from stillroom import bootstrap
        from stillroom.adapters.home import Home
        from stillroom.adapters.home.membership import membership_of

        return bootstrap.open_channel(Home.open(self.path), membership_of(self.path))

    def signs(self, contract: Contract) -> bool:
        """Tell whether a contract names this home's own key: then it was signed here, since all its parties have signed it."""
        return any((one.name, one.key) == (self.party, self.key) for one in contract.parties)

    @property
    def scheme(self) -> str:
        """`https` or `http`."""
        return "https" if self.tls else "http"

    @property
    def cookie(self) -> str:
        """The name of the session's cookie: cookies do not tell ports apart, so each home has a name of its own."""
        return f"{'__Host-' if self.tls else ''}{self._own}"

    @property
    def sign_in_cookie(self) -> str:
        """The name of the cookie of somebody who is signing in; it is bound to a path, so that it cannot be `__Host-`."""
        return f"{'__Secure-' if self.tls else ''}{self._own}-sign-in"

    @property
    def _own(self) -> str:
        return f"stillroom-{self.key.removeprefix('ed25519:')[:12]}"
