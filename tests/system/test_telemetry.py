"""Metrics and operational logs: only while every owner agrees, and never a word about data."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, cast

import pytest

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.client.verification import verify
from stillroom.errors import Code, Refusal, StillroomError, Unverified
from stillroom.room.signed import sign
from stillroom.room.statement import TELEMETRY_TYPE, TelemetryStatement
from stillroom.room.telemetry import consent
from stillroom.server.app import _unexpected
from stillroom.server.journal import FIELDS, Journal, LogFormat
from stillroom.server.metrics import LABELS, Metrics
from stillroom.server.telemetry import Observed
from tests.parties import PARTIES, QUESTION, document
from tests.rooms import FakeClock
from tests.services import serving

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Message, Receive, Scope, Send

    from stillroom.server.telemetry import Telemetry
    from tests.services import Served

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\n]*",?)+)\})? \d+')
MEMBERS, VISITS = 1237, 2741
"""Numbers of rows that nothing else is likely to be."""


def metrics(room: Served) -> str:
    channel = room.channel(bootstrap.room_key(room.folder / "room"))
    try:
        return channel.get("/v1/metrics").decode()
    finally:
        channel.close()


def refused(room: Served) -> Code:
    with pytest.raises(StillroomError) as caught:
        metrics(room)
    return caught.value.code


def switch_on(room: Served) -> None:
    for owner in ("clinic", "insurer"):
        room.session(owner).telemetry.say(on=True)


def say(room: Served, signer: str, /, **changes: object) -> None:
    """Hand in a statement that may be false."""
    key = Home.open(room.folder / signer).signing_key
    word = {"room": room.service.room.identity, "party": signer, "number": 1, "on": True, **changes}
    channel = room.channel(key)
    try:
        channel.post("/v1/telemetry", sign(TelemetryStatement.model_validate(word), TELEMETRY_TYPE, key))
    finally:
        channel.close()


def test_it_is_off_until_every_owner_agrees_and_one_ends_it(room: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(room) is Code.TELEMETRY_OFF
    room.session("clinic").telemetry.say(on=True)
    assert room.session("insurer").telemetry.agreed() == {"clinic": True, "insurer": False}
    assert refused(room) is Code.TELEMETRY_OFF
    assert '"event": "request"' not in capsys.readouterr().err
    room.session("insurer").telemetry.say(on=True)
    room.session("insurer").budget()
    assert 'stillroom_requests_total{route="/v1/balance",status="2xx"} 1' in metrics(room)
    assert '"route": "/v1/balance"' in capsys.readouterr().err
    room.session("clinic").telemetry.say(on=False)
    assert refused(room) is Code.TELEMETRY_OFF
    capsys.readouterr()
    room.session("insurer").budget()
    assert '"event": "request"' not in capsys.readouterr().err
    room.session("clinic").telemetry.say(on=True)
    assert 'route="/v1/balance"' not in metrics(room), "what was counted before is forgotten"


def test_every_word_is_an_entry_of_the_log_and_the_log_verifies(room: Served) -> None:
    switch_on(room)
    room.session("clinic").telemetry.say(on=False)
    with room.agents("clinic", "insurer"):
        asker = room.session("insurer")
        release = asker.ask(QUESTION, epsilon=1.0)
    words = [(one["party"], one["number"], one["on"]) for one in asker.log() if one["kind"] == "telemetry_consent"]
    assert words == [("clinic", 1, True), ("insurer", 1, True), ("clinic", 2, False)]
    assert verify(release.envelope, contract=asker.contract_envelope, log=asker.export_log()).accepted


def test_an_older_word_cannot_be_played_again(room: Served) -> None:
    switch_on(room)
    old = consent(room.service.room).said["clinic"]
    room.session("clinic").telemetry.say(on=False)
    channel = room.channel(Home.open(room.folder / "clinic").signing_key)
    with pytest.raises(Refusal) as caught:
        channel.post("/v1/telemetry", old)
    channel.close()
    assert caught.value.code is Code.TELEMETRY_INVALID
    assert refused(room) is Code.TELEMETRY_OFF


def test_the_same_word_again_changes_nothing(room: Served) -> None:
    say(room, "clinic")
    before = room.session("clinic").export_log()
    say(room, "clinic")
    assert room.session("clinic").export_log() == before


@pytest.mark.parametrize("changes", [{"room": "another ed25519:x"}, {"number": 2}])
def test_a_word_for_another_room_or_with_another_number_is_refused(room: Served, changes: dict[str, object]) -> None:
    with pytest.raises(Refusal) as caught:
        say(room, "clinic", **changes)
    assert caught.value.code is Code.TELEMETRY_INVALID


def test_nobody_speaks_for_another_owner(room: Served) -> None:
    with pytest.raises(Unverified) as caught:
        say(room, "clinic", party="insurer")
    assert caught.value.code is Code.SIGNATURE_MISSING
    with pytest.raises(Refusal) as refusal:
        say(room, "clinic", party="nobody")
    assert refusal.value.code is Code.OWNER_ONLY


def test_a_new_contract_with_another_owner_ends_it_until_that_owner_agrees(room: Served) -> None:
    switch_on(room)
    found = consent(room.service.room)
    assert found.on
    others = [party.model_copy(update={"key": found.contract.parties[1].key}) for party in found.contract.parties]
    assert not found._replace(contract=found.contract.model_copy(update={"parties": tuple(others)})).on


def test_no_log_and_no_metric_says_anything_about_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path) as room:
        settle_large(room)
        switch_on(room)
        capsys.readouterr()
        with room.agents("clinic", "insurer"):
            asker = room.session("insurer")
            asker.ask(QUESTION, epsilon=1.0)
            with pytest.raises(StillroomError):
                asker.ask("SELECT secret FROM visits", epsilon=1.0)
            with pytest.raises(StillroomError):
                asker.ask(QUESTION, epsilon=9.0)
            found = metrics(room) + capsys.readouterr().err
    assert "done" in found
    assert 'route="/v1/errands/{ticket}/files/{name}"' in found
    for word in ("members", "visits", "id", "pid", "age", "sex", "cost", "ward", "secret", MEMBERS, VISITS):
        assert not re.search(rf"(?<![a-z0-9_]){word}(?![a-z0-9_])", found), word
    for text in ("SELECT", "select", "COUNT", "sha256", "charge", "rho", "second", "duration"):
        assert text not in found, text
    assert not re.search(r"\bp\d+\b", found)


def settle_large(room: Served) -> None:
    """Settle, with more rows than there are other things."""
    room.sign(document({name: room.join(name) for name in PARTIES}), *PARTIES)
    room.add("members", "id,age,sex\n" + "".join(f"p{number},{number % 60},f\n" for number in range(MEMBERS)))
    room.add("visits", "pid,cost,ward\n" + "".join(f"p{number % MEMBERS},{number % 90}.5,a\n" for number in range(VISITS)))


def test_every_metric_and_label_is_on_the_list(room: Served) -> None:
    switch_on(room)
    room.session("insurer").budget()
    lines = [line for line in metrics(room).splitlines() if not line.startswith("#")]
    for line in lines:
        match = SAMPLE.fullmatch(line)
        assert match, line
        name, labels = match.groups()
        assert tuple(re.findall(r"([a-z]+)=", labels or "")) == LABELS[name], line
    assert {label for labels in LABELS.values() for label in labels} == {"version", "route", "status", "outcome"}
    assert "stillroom_log_entries" in {line.partition(" ")[0] for line in lines}


def test_a_path_that_nobody_serves_is_not_written_down(room: Served, capsys: pytest.CaptureFixture[str]) -> None:
    switch_on(room)
    channel = room.channel(Home.open(room.folder / "clinic").signing_key)
    with pytest.raises(StillroomError):
        channel.get("/v1/p17-was-here")
    channel.close()
    found = metrics(room) + capsys.readouterr().err
    assert "p17" not in found
    assert 'route="unknown",status="4xx"} 1' in found


def test_events_have_the_fields_that_are_listed_and_no_others() -> None:
    lines: list[str] = []
    journal = Journal(LogFormat.JSON, FakeClock(), lines.append)
    journal.event("request", route="/v1/log", method="GET", status=200, code="", party="clinic", body="p17", sql="SELECT")
    journal.event("start", version="1")
    assert [list(json.loads(line)) for line in lines] == [["event", "route", "method", "status", "party", "at"], ["event", "version", "at"]]
    assert {name for names in FIELDS.values() for name in names}.isdisjoint({"sql", "body", "path", "query", "dataset", "rows"})


def test_a_mistake_is_told_by_its_kind_and_place_only() -> None:
    lines: list[str] = []
    try:
        int("p17")
    except ValueError as error:
        Journal(LogFormat.PLAIN, FakeClock(), lines.append).mistake(error)
    (line,) = lines
    assert line.startswith("event=error kind=ValueError place=")
    assert "p17" not in line
    Journal(LogFormat.OFF, FakeClock(), lines.append).event("stop")
    assert len(lines) == 1


class Heard:
    """Hears of requests."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.lines: list[str] = []
        self.statuses: list[int] = []
        self.journal = Journal(LogFormat.PLAIN, FakeClock(), self.lines.append)

    def request(self, route: str, method: str, status: int, code: str, party: str) -> None:
        """Hear of one."""
        del route, method, code, party
        self.statuses.append(status)


def test_a_mistake_in_a_request_is_answered_without_a_word_about_it() -> None:
    sent: list[Message] = []

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send
        int("p17 has cost 99")

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    heard = Heard()
    application = Observed(broken, cast("Telemetry", heard), _unexpected())
    asyncio.run(application({"type": "http", "method": "GET", "path": "/v1/log", "headers": []}, receive, send))
    assert (sent[0]["status"], heard.statuses) == (503, [503])
    assert json.loads(sent[1]["body"])["code"] == Code.SERVER_UNAVAILABLE
    assert "p17" not in str(sent) + str(heard.lines)
    assert heard.lines[0].startswith("event=error kind=ValueError place=")


def test_metrics_begin_with_zero_and_can_be_cleared() -> None:
    found = Metrics()
    found.run("done")
    assert b'stillroom_runs_total{outcome="done"} 1\n' in found.exposition({})
    found.clear()
    assert b"stillroom_runs_total{" not in found.exposition({"stillroom_log_entries": 3})
