"""Metrics and operational logs together, kept only while every owner agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from stillroom.errors import StillroomError
from stillroom.room import telemetry
from stillroom.room.times import entry_time
from stillroom.server.metrics import Metrics

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from stillroom.adapters.remote.mailbox import Mailbox
    from stillroom.room.room import Room
    from stillroom.server.journal import Journal

UNKNOWN = "unknown"
"""The route of a request that has none."""

_NO_ANSWER = 503
"""The status of a request that was given up before it was answered."""


class Telemetry:
    """What a server says about itself. Whether it may is looked up each time, so that a no holds at once."""

    def __init__(self, room: Room, mailbox: Mailbox, journal: Journal) -> None:
        """Begin with nothing counted."""
        self._room, self._mailbox, self.journal = room, mailbox, journal
        self._metrics = Metrics()

    def refresh(self) -> bool:
        """Tell whether telemetry is on; if it is not, forget what was counted."""
        return self._moment() is not None

    def request(self, route: str, method: str, status: int, code: str, party: str) -> None:
        """Take note of a request that was answered."""
        at = self._moment()
        if at is not None:
            self._metrics.request(route, status)
            self.journal.event("request", at, route=route, method=method, status=status, code=code, party=party)

    def run(self, outcome: str) -> None:
        """Take note of a run that is over: `done`, or the code that it failed with."""
        at = self._moment()
        if at is not None:
            self._metrics.run(outcome)
            self.journal.event("run", at, outcome=outcome)

    def exposition(self) -> bytes:
        """Return all metrics, as Prometheus reads them."""
        with self._room.store.reading() as records:
            entries = records.log.frontier().size
        waiting, present = self._mailbox.waiting()
        return self._metrics.exposition(
            {"stillroom_errands_waiting": waiting, "stillroom_agents_present": present, "stillroom_log_entries": entries}
        )

    def _moment(self) -> int | None:
        """Return the time, rounded as in the log, if telemetry is on; what cannot be looked up is off."""
        try:
            consent = telemetry.consent(self._room)
            if consent.on:
                return entry_time(self._room.clock, consent.contract)
        except StillroomError:
            pass
        self._metrics.clear()
        return None


class Observed:
    """An application whose requests are taken note of."""

    def __init__(self, app: ASGIApp, observer: Telemetry, failed: ASGIApp) -> None:
        """Name the application, who takes note, and what answers where the application made a mistake."""
        self._app, self._observer, self._failed = app, observer, failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and take note of it just before the answer ends."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send, self._observer)
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody but the operator hears where it was
            self._observer.journal.mistake(error)
            if answer.status is None:
                await self._failed(scope, receive, answer.send)
        finally:
            await answer.note()


class _Answer:
    """An answer on its way: its route, status, code and party are taken note of, never path, query or body."""

    def __init__(self, scope: Scope, send: Send, observer: Telemetry) -> None:
        """Begin with nothing sent."""
        self._scope, self._send, self._observer = scope, send, observer
        self.status: int | None = None
        self._noted = False

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif not message.get("more_body", False):
            await self.note()
        await self._send(message)

    async def note(self) -> None:
        """Take note of the request, once."""
        if self._noted:
            return
        self._noted = True
        route, state = getattr(self._scope.get("route"), "path", UNKNOWN), self._scope.get("state", {})
        status, code, party = self.status or _NO_ANSWER, state.get("code", ""), state.get("party", "")
        await run_in_threadpool(self._observer.request, route, _method(self._scope), status, code, party)


def _method(scope: Scope) -> str:
    """Return the method; one of nobody's is not written down."""
    method = str(scope["method"])
    return method if method in {"DELETE", "GET", "POST", "PUT"} else UNKNOWN
