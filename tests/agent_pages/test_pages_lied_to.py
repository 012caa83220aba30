"""What the pages show when the room's server shows them something else than its log says."""

from __future__ import annotations

import base64
import json
import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.adapters.home.pauses import Pauses, keep_pause
from stillroom.agent.main import open_agent
from stillroom.crypto.canonical import canonical, digest
from stillroom.crypto.envelope import add_signature, seal
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, Failed
from stillroom.ledger.witness import Alarm, check_alarm
from stillroom.room.statement import CONTRACT_TYPE
from tests.housed import plain, sent
from tests.lying_pages import Lied, entries_of, lines_of, lying, written
from tests.parties import PARTIES, QUESTION, VISITS, document
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.shown_logs import ShownLog


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A room with three versions of its contract, and the envelopes of all three."""
    folder, envelopes = tmp_path_factory.mktemp("lied"), []
    with serving(folder) as room:
        contract = document({name: room.join(name) for name in PARTIES})
        for days in (1, 9, 30):
            room.sign({**contract, "retention_days": days}, *PARTIES)
            amended = room.session("clinic").contract_digest
            contract = {**contract, "version": contract["version"] + 1, "amends": amended}
            envelopes.append(room.session("clinic").contract_envelope)
    return folder, envelopes


@pytest.fixture(scope="module")
def lied(contracts: tuple[Path, list[bytes]]) -> Iterator[Lied]:
    with lying(contracts[0]) as found:
        yield found


@pytest.fixture
def watching(contracts: tuple[Path, list[bytes]], tmp_path: Path) -> Iterator[Lied]:
    """A room whose log the clinic's agent has seen, and which has no alarm yet."""
    shutil.copytree(contracts[0], tmp_path, dirs_exist_ok=True)
    with lying(tmp_path) as found:
        open_agent(tmp_path / "clinic", print).look()
        yield found


def with_contract(log: bytes, version: int, envelope: bytes | None) -> bytes:
    """Return a part with another envelope beside the entry that names a version of the contract; with none, if that is given."""
    first, *lines = log.splitlines()
    found = [json.loads(line) for line in lines]
    one = [line for line in found if line["entry"]["kind"] == "contract_activated"][version - 1]
    one.pop("statement")
    if envelope is not None:
        one["statement"] = json.loads(envelope)
    return b"".join(line + b"\n" for line in (first, *map(canonical, found)))


def payload(envelope: bytes) -> Any:  # noqa: ANN401 - any JSON data
    return json.loads(base64.b64decode(json.loads(envelope)["payload"]))


def unsigned(envelope: bytes) -> bytes:
    """Return a contract with the signature of its first party only."""
    found = json.loads(envelope)
    return canonical({**found, "signatures": found["signatures"][:1]})


def countersigned(envelope: bytes) -> bytes:
    """Return a contract with one signature more than the log names."""
    return add_signature(envelope, SigningKey.from_seed(bytes(32)))


def test_each_version_is_shown_with_what_it_changed(lied: Lied) -> None:
    lied.tells_the_truth()
    said = lied.sees("/contract")
    assert "retention_days: 1 → 9" in said
    assert "retention_days: 9 → 30" in said
    assert "Version 1: the first" in said
    assert "not shown" not in said


def test_a_contract_that_the_log_does_not_name_is_not_shown_as_one_of_its_versions(lied: Lied, contracts: tuple[Path, list[bytes]]) -> None:
    _, envelopes = contracts
    for shown in (envelopes[0], envelopes[2], unsigned(envelopes[1]), countersigned(envelopes[1]), None):
        lied.forgets_the_log()
        lied.says("/v1/log/from/0", partial(with_contract, version=2, envelope=shown))
        said = lied.sees("/contract")
        assert "A version that is not shown" in said
        assert "What it changed cannot be told" in said
        assert "retention_days: 1 → 9" not in said
        assert "retention_days: 9 → 30" not in said
        assert "1 → 30" not in said


def test_the_contract_in_force_is_the_one_that_the_log_names_last(lied: Lied, contracts: tuple[Path, list[bytes]]) -> None:
    folder, envelopes = contracts
    (folder / "clinic" / "server.json").write_bytes(forgetful((folder / "clinic" / "server.json").read_bytes()))
    lied.says("/v1/contract", lambda _: envelopes[1])
    answer = lied.officer.get("/contract")
    assert Code.LOG_INVALID in answer.text
    assert "is not the one that its log names last" in plain(answer.text)
    assert "In plain words" not in answer.text
    assert "is not the one that its log names last" in lied.sees("/")


def forgetful(membership: bytes) -> bytes:
    """Return what a home knows that has not seen any contract yet: it takes the first one that the room shows."""
    return canonical({**json.loads(membership), "contracts": {}})


def test_what_an_entry_names_is_a_digest_of_the_envelope(contracts: tuple[Path, list[bytes]], lied: Lied) -> None:
    lied.tells_the_truth()
    _, envelopes = contracts
    said = [json.loads(line)["entry"] for line in lied.house.room.session("clinic").export_log().splitlines()[1:]]
    named = [(one["contract"], one["envelope"]) for one in said if one["kind"] == "contract_activated"]
    assert named == [(digest(canonical(payload(one))), digest(one)) for one in envelopes]


def older(lied: Lied) -> ShownLog:
    return written(lied, entries_of(lied)[:-1])


def other(lied: Lied) -> ShownLog:
    first, *others = entries_of(lied)
    return written(lied, [{**first, "at": first["at"] + 1}, *others])


def longer(lied: Lied) -> ShownLog:
    first, *others = entries_of(lied)
    return written(lied, [{**first, "at": first["at"] + 1}, *others, others[-1]])


@pytest.mark.parametrize(
    ("alter", "code"), [(older, Code.LOG_ROLLED_BACK), (other, Code.LOG_FORKED), (longer, Code.LOG_REWRITTEN)], ids=str
)
@pytest.mark.parametrize("copied", [True, False])
def test_another_log_than_the_agent_has_seen_is_not_shown_and_raises_the_alarm(
    watching: Lied, alter: Callable[[Lied], ShownLog], code: Code, *, copied: bool
) -> None:
    assert "add up to the head" in watching.sees("/log")
    if not copied:
        watching.forgets_the_log()
    watching.shows(alter(watching))
    for page in ("/log", "/log/0", "/contract", "/"):
        said = watching.sees(page)
        assert code in said
        assert "add up to the head" not in said
    (file,) = (watching.house.room.folder / "clinic" / "alarms").glob("*.json")
    assert check_alarm(Alarm.model_validate_json(file.read_bytes())) == (code is Code.LOG_FORKED)
    watching.tells_the_truth()
    assert code in watching.sees("/")


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room with two releases."""
    folder = tmp_path_factory.mktemp("answered")
    with serving(folder) as room:
        settle(room)
        with room.agents(*PARTIES):
            for epsilon in (0.5, 1.0):
                room.session("insurer").ask(QUESTION, epsilon=epsilon)
    return folder


def other_keys(contract: dict[str, Any], *own: str) -> bytes:
    """Return a contract that a server has made up: with keys of its own for all parties but these, and with their signatures."""
    keys = {party["name"]: SigningKey.from_seed(bytes([number]) * 32) for number, party in enumerate(contract["parties"])}
    parties = [{**one, "key": one["key"] if one["name"] in own else keys[one["name"]].public.text} for one in contract["parties"]]
    return seal(CONTRACT_TYPE, canonical({**contract, "parties": parties}), [key for name, key in keys.items() if name not in own])


def test_a_contract_that_a_server_has_made_up_is_told_from_one_that_was_signed_here(watching: Lied) -> None:
    home = watching.house.room.folder / "clinic" / "server.json"
    assert "has not signed this contract" not in watching.sees("/contract") + watching.sees("/")
    truth = payload(watching.house.room.session("clinic").contract_envelope)
    home.write_bytes(forgetful(home.read_bytes()))
    watching.says("/v1/contract", lambda _: other_keys(truth))
    said = watching.officer.get("/").text
    assert "clinic has not signed this contract" in plain(said)
    assert '<span class="tag">you</span>' not in said
    home.write_bytes(forgetful(home.read_bytes()))
    watching.says("/v1/contract", lambda _: other_keys(truth, "clinic"))
    assert Code.SIGNATURE_MISSING in watching.sees("/contract")


def test_versions_that_do_not_amend_one_another_are_not_shown(watching: Lied, contracts: tuple[Path, list[bytes]]) -> None:
    """The room's own log may name what it likes: what was signed here says what it amends."""
    _, envelopes = contracts
    first = other_keys(payload(envelopes[0]))

    lines = lines_of(watching)
    lines[0]["entry"] |= {"contract": digest(canonical(payload(first))), "envelope": digest(first)}
    lines[0]["statement"] = json.loads(first)
    beside = {index: line["statement"] for index, line in enumerate(lines) if "statement" in line}
    for file in ("witness.json", "log.sqlite"):
        (watching.house.room.folder / "clinic" / file).unlink()
    watching.shows(written(watching, [line["entry"] for line in lines], beside))
    said = watching.sees("/contract")
    assert "A version that is not shown" in said
    assert "retention_days: 9 → 30" in said
    assert "retention_days: 1 → 9" not in said


def test_an_officer_pauses_the_room_and_resumes(watching: Lied) -> None:
    officer, room = watching.officer, watching.house.room
    assert "The room is paused" not in watching.sees("/")
    for what in ("", "stop"):
        assert sent(officer, "/pause", what=what).status_code == 422
    assert sent(officer, "/pause", what="pause").status_code == 303
    assert room.session("insurer").pause.missing() == ("clinic", "insurer")
    assert "until clinic and insurer have resumed" in watching.sees("/")
    assert sent(officer, "/pause", what="resume").status_code == 303
    assert "until insurer has resumed" in watching.sees("/")
    room.session("insurer").pause.resume()
    assert "The room is paused" not in watching.sees("/")
    journal = watching.sees("/journal")
    assert journal.index("resumed the room") < journal.index("paused the room")


def test_a_pause_that_the_room_has_not_heard_stands_on_the_page(watching: Lied) -> None:
    officer, room = watching.officer, watching.house.room
    home, identity = room.folder / "clinic", room.service.room.identity
    heard, words = "which has not heard it yet", len(room.session("clinic").log())
    assert heard not in watching.sees("/")
    keep_pause(home, identity, paused=True)
    assert heard in watching.sees("/")
    assert sent(officer, "/pause", what="resume").status_code == 303
    assert heard not in watching.sees("/")
    assert Pauses.load(home).rooms == frozenset()
    assert len(room.session("clinic").log()) == words


@pytest.mark.parametrize("path", ["/v1/contract", "/v1/data", "/v1/pause"])
def test_an_officer_pauses_whatever_the_room_says(watching: Lied, path: str) -> None:
    """The party's own agent holds still, which no room can keep its officers from."""
    home = watching.house.room.folder / "clinic"
    watching.house.room.add("visits", VISITS)
    watching.says(path, lambda _: b"[]")
    assert "Pause the room" in watching.sees("/")
    sent(watching.officer, "/pause", what="pause")
    assert Pauses.load(home).rooms


def with_an_earlier_head(part: bytes) -> bytes:
    """Return a part of the log with something that is no head beside it."""
    first, *lines = part.splitlines()
    head = json.loads(first)
    return b"".join(line + b"\n" for line in (canonical(head | {"older": ["junk"]}), *lines))


def test_the_page_of_the_room_stands_whatever_earlier_heads_the_room_shows(watching: Lied) -> None:
    watching.server.by = {f"/v1/log/from/{start}": with_an_earlier_head for start in range(20)}
    said = watching.sees("/")
    assert Code.CHECKPOINT_INVALID in said
    assert "Pause the room" in said


def test_each_release_is_fetched_once_and_is_the_one_that_was_asked_for(answered: Path) -> None:
    fetched: list[str] = []

    def counted(body: bytes, name: str) -> bytes:
        fetched.append(name)
        return body

    with lying(answered) as lied:
        one, other = lied.house.room.session("clinic").releases()
        names = [found.statement.reservation for found in (one, other)]
        lied.server.by = {f"/v1/releases/{name}": partial(counted, name=name) for name in names}
        for _ in range(2):
            assert lied.officer.get("/releases").status_code == 200
            assert lied.officer.get(f"/releases/{one.statement.commit_index}").status_code == 200
        assert fetched == names
        lied.says(f"/v1/releases/{names[0]}", lambda _: other.envelope)
        with pytest.raises(Failed) as caught:
            lied.house.room.session("clinic").releases()
        assert caught.value.code is Code.SERVER_UNAVAILABLE


def test_a_log_that_has_grown_since_the_agent_looked_is_shown(watching: Lied) -> None:
    watching.house.room.add("visits", "pid,cost,ward\np1,1.5,a\n")
    assert "data version" in watching.sees("/log")
    assert not list((watching.house.room.folder / "clinic").glob("alarms/*"))
