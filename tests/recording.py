"""What goes over the wire in a story that uses every route: the examples of the API's description, and what its schemas are tested with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from stillroom import bootstrap
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.http.signatures import Message, digest_header, sign_request
from stillroom.crypto.cosignature import cosign
from stillroom.errors import StillroomError
from tests.parties import QUESTION
from tests.services import serving, settle

if TYPE_CHECKING:
    from pathlib import Path

    from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, ASGISendEvent, Scope

    from stillroom.crypto.keys import SigningKey
    from tests.services import Served


TOO_MANY = 429
"""The status of an answer to whoever sends too many requests."""


@dataclass
class Exchange:
    """A request and its answer.

    Attributes:
        method: In small letters.
        path: The route's template, as a description of the API writes it.
        asked: The body of the request.
        status: Of the answer.
        media_type: Of the answer.
        answered: The body of the answer; of a stream, its beginning.
        parameters: What stood in the path where the template has names.
    """

    method: str
    path: str
    asked: bytes = b""
    status: int = 0
    media_type: str = ""
    answered: bytes = b""
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass
class Recorder:
    """Stands around an application, and keeps what goes in and out."""

    app: ASGI3Application
    exchanges: list[Exchange] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Pass a request on, and keep it."""
        found = Exchange(method=str(scope.get("method", "")).lower(), path="")
        self.exchanges.append(found)

        async def hear() -> ASGIReceiveEvent:
            message = await receive()
            if message["type"] == "http.request":
                found.asked += message["body"]
            return message

        async def say(message: ASGISendEvent) -> None:
            if message["type"] == "http.response.start":
                found.status = message["status"]
                types = [value.decode() for name, value in message["headers"] if name.lower() == b"content-type"]
                found.media_type = types[0].partition(";")[0] if types else ""
                found.path = getattr(scope.get("route"), "path", "").replace(":path", "")
                found.parameters = {name: str(value) for name, value in cast("dict[str, object]", scope.get("path_params", {})).items()}
            elif message["type"] == "http.response.body":
                found.answered += message["body"]
            await send(message)

        await self.app(scope, hear, say)


def record(folder: Path) -> list[Exchange]:
    """Live through a story that uses every route, and return what went over the wire, where it belongs to a route."""
    recorders: list[Recorder] = []

    def around(app: Any) -> Recorder:  # noqa: ANN401 - the application, whose types are Starlette's here and uvicorn's there
        recorders.append(Recorder(app))
        return recorders[0]

    with serving(folder, around=around) as served:
        settle(served, approval={"rule": "each-owner"})
        _story(served)
    return [one for one in recorders[0].exchanges if one.path]


def _story(served: Served) -> None:
    asker, owner = served.session("insurer"), served.session("clinic")
    with served.agents("clinic", "insurer"):
        asker.price(QUESTION, epsilon=1.0)
        for decision in ("rejected", "approved"):
            with pytest.raises(StillroomError):
                asker.ask(QUESTION, epsilon=1.0)
            for session in (owner, asker):
                (waiting,) = session.waiting(answered=True)
                session.decide(waiting.price.plan_digest, decision)
        asker.ask(QUESTION, epsilon=1.0)
    for session in (owner, asker):
        (release,) = session.releases()
        session.proof(str(release.statement.commit_index))
        session.budget()
        session.data()
        session.export_log()
        session.telemetry.agreed()
    owner.pause.begin()
    for session in (owner, asker):
        session.pause.resume()
    insurer, room = Home.open(served.folder / "insurer").signing_key, bootstrap.room_key(served.folder / "room")
    send(served, room, "GET", "/v1/metrics")
    for session in (owner, asker):
        session.telemetry.say(on=True)
    _rest(served, insurer, room)


def _rest(served: Served, insurer: SigningKey, room: SigningKey) -> None:
    """Call what no command calls, and what is refused."""
    send(served, room, "GET", "/v1/metrics")
    send(served, insurer, "GET", "/v1/log/tile/0/000.p/1")
    send(served, insurer, "GET", "/v1/log/from/0")
    with served.service.room.store.reading() as records:
        job = next(iter(_jobs(records)), "sha256:0")
    for method, path in (("GET", f"/v1/runs/{job}"), ("GET", f"/v1/runs/{job}/events"), ("DELETE", f"/v1/runs/{job}")):
        send(served, insurer, method, path)
    note = send(served, insurer, "GET", "/v1/log/checkpoint").content
    send(served, insurer, "POST", "/v1/log/cosignatures", cosign(note, "insurer", insurer, int(served.service.room.clock.now())))
    for path in ("/v1/health", "/v1/balance"):
        send(served, None, "GET", path)
    for method, path in (
        ("GET", "/v1/metrics"),
        ("GET", "/v1/runs/none"),
        ("GET", "/v1/runs/none/events"),
        ("DELETE", "/v1/runs/none"),
        ("GET", "/v1/releases/none"),
        ("GET", "/v1/releases/none/proof"),
        ("GET", "/v1/log/tile/0/999"),
        ("GET", "/v1/log/tile/9/x"),
        ("GET", "/v1/log/from/x"),
    ):
        send(served, insurer, method, path)
    for path in (
        "/v1/contracts",
        "/v1/data",
        "/v1/runs",
        "/v1/questions/check",
        "/v1/decisions",
        "/v1/telemetry",
        "/v1/pause",
        "/v1/errands",
    ):
        send(served, insurer, "POST", path, b"{}")
    send(served, insurer, "POST", "/v1/contracts", b" " * (served.service.body_limit + 1))
    while send(served, insurer, "POST", "/v1/parties", b"{}").status_code != TOO_MANY:
        pass
    _without_a_store(served)


def _without_a_store(served: Served) -> None:
    """Ask how a server is whose records are away for a moment."""
    records = served.folder / "room" / "room.sqlite"
    away = records.rename(records.with_suffix(".away"))
    send(served, None, "GET", "/v1/health")
    away.rename(records)


def _jobs(records: Any) -> list[str]:  # noqa: ANN401 - a test looks into the store
    from stillroom.adapters.sql_store.room_tables import jobs

    return [row.job for row in records.jobs._connection.execute(jobs.select().where(jobs.c.state == "done"))]


def send(served: Served, key: SigningKey | None, method: str, path: str, body: bytes | None = None) -> httpx.Response:
    """Send a request, signed by a key if there is one."""
    message = Message(method, served.url + path)
    if body is not None:
        message.headers["Content-Digest"] = digest_header(hashlib.sha256(body).digest())
    if key is not None:
        room = served.service.room
        sign_request(message, key, room.notary.key.public.text, room.clock.now(), SystemEntropy().token(16).hex())
    return httpx.request(method, message.url, content=body, headers=message.headers, timeout=60, trust_env=False)
