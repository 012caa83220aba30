"""Where errands wait for agents, and the room for their answers. Nothing here is durable: a room that starts again sends anew."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stillroom.model.errand import Errand, Fetch, Reply
    from stillroom.ports import Clock

PRESENT_SECONDS = 45.0
"""An agent that has not come for errands for so long is away."""


LOOK_SECONDS = 5.0
"""How often to look whether the agent is still there."""


MOST_WAITING = 24
"""So many agents may wait for errands at a time, each on one of the server's 40 threads. Others are answered at once, and come again."""


@dataclass(slots=True)
class _Waiting:
    errand: Errand
    envelope: bytes
    fetched: bool = False
    reply: Reply | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Mailbox:
    """Errands by party, in the order in which they were sent."""

    def __init__(self, clock: Clock) -> None:
        """Begin with none."""
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}
        self._seen: dict[str, float] = {}
        self._raises: dict[str, Mapping[str, int]] = {}
        self._sessions: dict[str, str] = {}
        self._changed = threading.Condition()
        self._turns: dict[str, int] = {}
        self._patient = 0
        self._closed = False

    def present(self, party: str) -> bool:
        """Tell whether a party's agent comes for its errands."""
        with self._changed:
            seen = self._seen.get(party)
            return seen is not None and self._clock.steady() - seen < PRESENT_SECONDS

    def waiting(self) -> tuple[int, int]:
        """Return how many errands wait for an answer, and how many agents come for theirs."""
        with self._changed:
            now = self._clock.steady()
            return len(self._waiting), sum(now - seen < PRESENT_SECONDS for seen in self._seen.values())

    def send(self, errand: Errand, envelope: bytes, seconds: float) -> Reply:
        """Leave a signed errand for an agent, and wait for its answer.

        Raises:
            Failed: `AGENT_UNAVAILABLE` if it does not come in time, the agent goes away, or nobody needs it any more (`abandon`).
        """
        waiting = _Waiting(errand, envelope)
        with self._changed:
            if self._closed:
                raise _away(errand.party)
            self._waiting[errand.ticket] = waiting
            self._changed.notify_all()
        try:
            self._await(waiting, seconds)
            if waiting.reply is None:
                raise _away(errand.party)
            return waiting.reply
        finally:
            with self._changed:
                self._waiting.pop(errand.ticket, None)

    def raises(self, party: str, population: str) -> int:
        """Return how often an agent has said that an account of its party's got a cap."""
        with self._changed:
            return self._raises.get(party, {}).get(population, 0)

    def fetch(self, party: str, wish: Fetch) -> tuple[bytes, ...]:
        """Return the errands of a party that its agent did not fetch since it was started; wait for the first one.

        Of several that wait for one party, the last alone goes on waiting: a party has one agent, and takes up one place here.
        """
        with self._changed:
            self._seen[party], self._raises[party] = self._clock.steady(), wish.raises
            if self._sessions.get(party) != wish.session:
                self._sessions[party] = wish.session
                for one in self._waiting.values():
                    one.fetched = one.fetched and one.errand.party != party
            turn = self._turns[party] = self._turns.get(party, 0) + 1
            self._changed.notify_all()
            self._wait(lambda: self._over(party, turn) or bool(self._unfetched(party)), wish.seconds)
            self._seen[party] = self._clock.steady()
            found = self._unfetched(party) if self._turns[party] == turn else []
            for one in found:
                one.fetched = True
            return tuple(one.envelope for one in found)

    def _wait(self, until: Callable[[], bool], seconds: float) -> None:
        """Wait until something holds, if not too many do already."""
        if self._patient < MOST_WAITING:
            self._patient += 1
            try:
                self._changed.wait_for(until, timeout=seconds)
            finally:
                self._patient -= 1

    def errand(self, ticket: str) -> Errand | None:
        """Return an errand that waits for its answer."""
        with self._changed:
            waiting = self._waiting.get(ticket)
            return None if waiting is None else waiting.errand

    def reply(self, ticket: str, reply: Reply) -> bool:
        """Take an agent's answer; False if nobody waits for it any more."""
        with self._changed:
            waiting = self._waiting.get(ticket)
            if waiting is None or waiting.done.is_set():
                return False
            waiting.reply = reply
            waiting.done.set()
            return True

    def abandon(self, ticket: str) -> None:
        """Let nobody wait for an errand any more."""
        with self._changed:
            waiting = self._waiting.get(ticket)
            if waiting is not None:
                waiting.done.set()

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._closed = True
            for waiting in self._waiting.values():
                waiting.done.set()
            self._changed.notify_all()

    def _await(self, waiting: _Waiting, seconds: float) -> None:
        """Wait until an errand is answered or abandoned; no longer than some seconds, nor than its agent is there."""
        until = self._clock.steady() + seconds
        while not waiting.done.wait(min(LOOK_SECONDS, seconds)):
            if self._clock.steady() >= until or not self.present(waiting.errand.party):
                return

    def _unfetched(self, party: str) -> list[_Waiting]:
        return [one for one in self._waiting.values() if one.errand.party == party and not one.fetched]

    def _over(self, party: str, turn: int) -> bool:
        """Tell whether nobody should wait for errands in this turn any more."""
        return self._closed or self._turns[party] != turn


def _away(party: str) -> Failed:
    return Failed(Code.AGENT_UNAVAILABLE, f"The agent of {party} does not answer.", "Ask again once it runs; nothing is charged twice.")
