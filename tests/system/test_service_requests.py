"""What a server says to requests that are malformed, too many or too large, and to runs that are cancelled, resumed or unknown."""

from __future__ import annotations

import hashlib
import shutil
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.http.signatures import Message, digest_header, sign_request
from stillroom.adapters.remote.sender import Sender
from stillroom.agent.main import open_agent
from stillroom.client.members import join_server, look_at, make_home
from stillroom.crypto.canonical import digest
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, Failed, InvalidInput, Refusal, StillroomError, Unverified
from stillroom.model import errand
from stillroom.model.record import JobRecord, JobState
from stillroom.room.signed import sign
from stillroom.room.statement import JOIN_TYPE, JoinStatement
from stillroom.server.administration import confirm, joined
from stillroom.server.main import served
from stillroom.server.rates import Limits, Rates
from stillroom.server.settings import Settings
from tests.rooms import FakeClock
from tests.services import ended, question_of, serving, wish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services import Served


def send(room: Served, method: str, path: str, body: bytes | None = None, party: str = "insurer", **changes: str) -> httpx.Response:
    """Send a signed request whose headers are changed afterwards."""
    message = Message(method, room.url + path)
    if body is not None:
        message.headers["Content-Digest"] = digest_header(hashlib.sha256(body).digest())
    sign_request(
        message,
        Home.open(room.folder / party).signing_key,
        room.key,
        room.service.room.clock.now(),
        hashlib.sha256(path.encode()).hexdigest(),
    )
    return httpx.request(method, message.url, content=body, headers={**message.headers, **changes}, timeout=60, trust_env=False)


# ------------------------------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b'{"seconds": 1e999, "raises": {}}', b'{"seconds": -1, "raises": {}}', b"\xff"]
)
def test_a_body_that_is_something_else_is_refused(room: Served, body: bytes) -> None:
    answer = send(room, "POST", "/v1/errands", body)
    assert (answer.status_code, answer.json()["code"]) == (422, Code.REQUEST_INVALID)


@pytest.mark.parametrize("path", ["/v1/contracts", "/v1/data", "/v1/runs", "/v1/decisions", "/v1/parties", "/v1/questions/check"])
@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe", b'{"payload":"","payloadType":"x","signatures":[]}'])
def test_what_is_no_envelope_is_refused(room: Served, path: str, body: bytes) -> None:
    answer = send(room, "POST", path, body)
    assert (answer.status_code, answer.json()["code"]) == (422, Code.ENVELOPE_INVALID)


def test_a_body_that_is_too_large_is_refused(room: Served) -> None:
    answer = send(room, "POST", "/v1/contracts", bytes(Settings().body_limit + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, Code.REQUEST_TOO_LARGE)


def test_a_body_that_was_not_signed_is_refused(room: Served) -> None:
    message = Message("POST", f"{room.url}/v1/errands")
    sign_request(message, Home.open(room.folder / "insurer").signing_key, room.key, room.service.room.clock.now(), "n")
    answer = httpx.post(message.url, content=b"{}", headers=message.headers, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, Code.REQUEST_UNSIGNED)


def test_a_request_is_not_taken_a_second_time(room: Served) -> None:
    message = Message("GET", f"{room.url}/v1/balance")
    sign_request(message, Home.open(room.folder / "insurer").signing_key, room.key, room.service.room.clock.now(), "n")
    answers = [httpx.get(message.url, headers=message.headers, trust_env=False).status_code for _ in range(2)]
    assert answers == [200, 401]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/room", 200),
        ("/v1/health", 200),
        ("/v1/contract", 200),
        ("/v1/balance", 200),
        ("/v1/log", 200),
        ("/v1/log/tile/0/000.p/1", 200),
        ("/v1/log/from/0", 200),
        ("/v1/log/from/1000", 200),
        ("/v1/log/from/-1", 422),
        (f"/v1/log/from/{2**53}", 422),
        ("/v1/nothing", 403),
        ("/v1/runs/none", 404),
        ("/v1/runs/none/events", 404),
    ],
)
def test_an_answer_says_that_it_is_not_to_be_kept_or_guessed_at(room: Served, path: str, status: int) -> None:
    answer = send(room, "GET", path)
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'"


def test_senders_have_a_rate(room: Served) -> None:
    object.__setattr__(room.service, "limits", Limits.of(FakeClock(0.0), per_second=0.0, burst=3))
    answers = [httpx.get(f"{room.url}/v1/room", trust_env=False) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == Code.TOO_MANY_REQUESTS


def test_tokens_come_back_at_the_rate_and_no_faster() -> None:
    clock = FakeClock(1000)
    rates = Rates(clock, per_second=2, burst=3)
    assert [rates.take("a") for _ in range(4)] == [True, True, True, False]
    assert rates.take("b")
    clock.moment += 0.5
    assert [rates.take("a") for _ in range(2)] == [True, False]
    clock.moment += 1000
    assert [rates.take("a") for _ in range(4)] == [True, True, True, False]
    clock.moment -= 500
    assert not rates.take("a")


def test_a_server_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Failed) as caught:
        look_at(f"http://127.0.0.1:{port}")
    assert caught.value.code is Code.SERVER_UNAVAILABLE
    for url in ("http://room.example", "ftp://127.0.0.1", "https://room.example/path", "https://u:p@room.example", "room.example"):
        with pytest.raises(InvalidInput):
            look_at(url)
    del tmp_path


# -------------------------------------------------------------------------------------------------------------- joining


def test_a_key_may_do_nothing_before_the_operator_has_confirmed_it(room: Served) -> None:
    room.join("newcomer", confirmed=False)
    with pytest.raises(Unverified) as caught:
        room.session("newcomer").export_log()
    assert caught.value.code is Code.REQUEST_UNSIGNED
    (waiting,) = (one for one in joined(room.folder / "room") if not one.confirmed)
    confirm(room.folder / "room", "newcomer", waiting.key)
    assert room.session("newcomer").export_log()


def test_a_name_has_one_key_and_a_key_one_name(room: Served) -> None:
    found = look_at(room.url)
    make_home(room.folder / "false", "clinic", epsilon=1, delta=1e-9)
    key = Home.open(room.folder / "false").signing_key
    with pytest.raises(Refusal) as unasked:
        confirm(room.folder / "room", "clinic", key.public.text)
    assert unasked.value.code is Code.PARTY_UNKNOWN
    assert not join_server(room.folder / "false", room.url, found, found.key).confirmed
    with pytest.raises(Refusal) as caught:
        confirm(room.folder / "room", "clinic", key.public.text)
    assert caught.value.code is Code.KEY_MISMATCH
    other = JoinStatement(room=room.service.room.identity, party="another", key=key.public.text)
    with pytest.raises(Refusal) as renamed:
        room.channel(key).post("/v1/parties", sign(other, JOIN_TYPE, key))
    assert renamed.value.code is Code.KEY_MISMATCH


def test_a_key_asks_for_itself(room: Served) -> None:
    key, sender = (SigningKey.from_seed(seed * 32) for seed in (b"k", b"s"))
    wish = JoinStatement(room=room.service.room.identity, party="newcomer", key=key.public.text)
    with pytest.raises(Refusal) as caught:
        room.channel(sender).post("/v1/parties", sign(wish, JOIN_TYPE, key))
    assert caught.value.code is Code.KEY_MISMATCH
    assert "newcomer" not in [one.party for one in joined(room.folder / "room")]


def test_wishes_to_join_have_a_rate_of_their_own(room: Served) -> None:
    object.__setattr__(room.service, "limits", Limits.of(FakeClock(0.0), per_second=1.0, burst=1000))
    answers = [send(room, "POST", f"/v1/parties?{number}", b"{}").status_code for number in range(22)]
    assert answers == [422] * 20 + [429] * 2
    assert send(room, "GET", "/v1/balance").status_code == 200


def test_of_two_keys_that_ask_for_a_name_one_is_confirmed(room: Served) -> None:
    found = look_at(room.url)
    for name in ("one", "two"):
        make_home(room.folder / name, "newcomer", epsilon=1, delta=1e-9)
        join_server(room.folder / name, room.url, found, found.key)
    one, two = (Home.open(room.folder / name).signing_key.public.text for name in ("one", "two"))
    confirm(room.folder / "room", "newcomer", two)
    with pytest.raises(Refusal) as caught:
        confirm(room.folder / "room", "newcomer", one)
    assert caught.value.code is Code.KEY_MISMATCH


def test_a_server_with_another_key_than_the_operators_is_not_joined(room: Served) -> None:
    found = look_at(room.url)
    make_home(room.folder / "careful", "careful", epsilon=1, delta=1e-9)
    with pytest.raises(Unverified) as caught:
        join_server(room.folder / "careful", room.url, found, "ed25519:" + "A" * 43)
    assert caught.value.code is Code.KEY_MISMATCH
    assert not (room.folder / "careful" / "server.json").exists()


def test_one_process_serves_a_room(room: Served) -> None:
    for database in (None, "postgresql://nobody@127.0.0.1:1/none"):
        with pytest.raises(InvalidInput) as caught, served(room.folder / "room", database=database):
            pass
        assert caught.value.code is Code.ROOM_EXISTS
        assert not (room.folder / "room" / "database.url").exists()


# ----------------------------------------------------------------------------------------------------------------- runs


def test_a_run_of_another_party_is_like_one_that_is_not_there(room: Served) -> None:
    with pytest.raises(Refusal) as caught:
        room.service.jobs.get("insurer", digest(b"nothing"))
    assert caught.value.code is Code.RUN_UNKNOWN
    job = room.service.jobs.ask("insurer", question_of(room))
    with pytest.raises(Refusal) as other:
        room.service.jobs.get("clinic", job.job)
    assert (other.value.code, other.value.reason) == (Code.RUN_UNKNOWN, caught.value.reason)


def test_nobody_asks_in_anothers_name(room: Served) -> None:
    with pytest.raises(Refusal) as caught:
        room.service.jobs.ask("clinic", question_of(room))
    assert caught.value.code is Code.NOT_ALLOWED


def test_a_run_that_is_cancelled_before_its_commit_holds_nothing(room: Served) -> None:
    clinic, mailbox = open_agent(room.folder / "clinic", print), room.service.mailbox
    mailbox.fetch("clinic", wish(0))
    with room.agents("insurer"):
        job = room.service.jobs.ask("insurer", question_of(room)).job
        (envelope,) = mailbox.fetch("clinic", wish(60))
        room.service.jobs.cancel("insurer", job)
        clinic.take(envelope)
        (lapse,) = mailbox.fetch("clinic", wish(60))
        clinic.take(lapse)
        last = ended(room, job)
        assert last.state is JobState.FAILED
        assert last.problem is not None
        assert last.problem["code"] == Code.RUN_CANCELLED
        for party in ("clinic", "insurer"):
            assert all(line.held.rho == line.spent.rho == 0 for line in room.session(party).budget())


def test_a_run_whose_agent_is_away_fails_and_is_tried_again_when_asked_again(room: Served) -> None:
    envelope = question_of(room)
    with pytest.raises(StillroomError):
        room.session("insurer")._access.ask(envelope, _Silent())
    with room.agents("clinic", "insurer"):
        assert room.session("insurer")._access.ask(envelope, _Silent()).fresh


def test_a_job_whose_worker_died_is_taken_up_by_the_next_server(tmp_path: Path, settled: Path) -> None:
    shutil.copytree(settled, tmp_path, dirs_exist_ok=True)
    with serving(tmp_path) as first:
        envelope = question_of(first)
        dead = JobRecord(job=digest(envelope), party="insurer", question=envelope, state=JobState.RUNNING, lease=0.0)
    with serving(tmp_path) as second, second.agents("clinic", "insurer"):
        with second.service.room.store.writing() as records:
            records.jobs.put(dead)
        last = ended(second, dead.job)
        assert last.state is JobState.DONE
        assert second.session("insurer").releases()


def test_an_agent_that_does_not_answer_is_an_error_that_names_it(room: Served) -> None:
    sender = Sender(room.service.room.notary, room.service.mailbox, SystemEntropy())
    with pytest.raises(Failed) as caught:
        sender.send("clinic", errand.Commit(reservation="r", population="people"), 0.01)
    assert caught.value.code is Code.AGENT_UNAVAILABLE
    assert "clinic" in caught.value.reason


class _Silent:
    """Hears of phases and says nothing."""

    def step(self, name: str) -> None:
        """Do nothing."""
