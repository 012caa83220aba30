"""A room as a service: its parties' agents beside it, over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from stillroom import bootstrap
from stillroom.adapters.room_store import make_store
from stillroom.adapters.sql_store.store import create_store_at
from stillroom.client.session import make_room
from stillroom.client.verification import verify
from stillroom.errors import Code, Failed, InvalidInput, StillroomError
from tests.parties import QUESTION
from tests.servers import PASSWORD
from tests.services import serving, settle

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import Server
    from tests.services import Served


def test_a_question_goes_through_server_and_agents_and_what_comes_out_verifies(room: Served) -> None:
    with room.agents("clinic", "insurer"):
        asker = room.session("insurer")
        release = asker.ask(QUESTION, epsilon=1.0)
        report = verify(release.envelope, contract=asker.contract_envelope, log=asker.export_log())
        assert report.accepted
        proof = room.session("clinic").proof(str(release.statement.commit_index))
        beside = verify(release.envelope, contract=asker.contract_envelope, log=proof)
        assert [step.number for step in beside.steps if not step.passed] == [12]
        again = asker.ask(QUESTION.lower(), epsilon=1.0)
    assert release.charged
    assert not again.charged
    assert again.envelope == release.envelope
    assert [one.envelope for one in room.session("clinic").releases()] == [release.envelope]


def test_both_accounts_and_the_contract_are_charged_once(room: Served) -> None:
    with room.agents("clinic", "insurer"):
        price = room.session("insurer").price(QUESTION, epsilon=1.0).charge
        room.session("insurer").ask(QUESTION, epsilon=1.0)
        room.session("insurer").ask(QUESTION, epsilon=1.0)
        for party in ("clinic", "insurer"):
            contract, own = room.session(party).budget()
            assert contract.spent == own.spent == price
            assert own.held.rho == 0


def test_what_agents_brought_is_gone_after_the_run(room: Served) -> None:
    with room.agents("clinic", "insurer"):
        room.session("insurer").ask(QUESTION, epsilon=1.0)
    assert not [file for file in (room.folder / "room" / "incoming").rglob("*") if file.is_file()]
    assert not list((room.folder / "clinic").glob(".bring-*"))


def test_no_home_and_no_store_has_another_partys_identifiers(room: Served) -> None:
    with room.agents("clinic", "insurer"):
        room.session("insurer").ask(QUESTION, epsilon=1.0)
    for place in ("room", "clinic", "insurer"):
        for file in (room.folder / place).rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                assert not any(name in content for name in (b"person17", b"person39,", b"person49")), f"{file} has identifiers in it"


def test_without_an_agent_nothing_is_charged_and_the_owner_is_named(room: Served) -> None:
    with room.agents("insurer"):
        with pytest.raises(Failed) as caught:
            room.session("insurer").ask(QUESTION, epsilon=1.0)
        assert "clinic" in caught.value.reason
        assert all(line.spent.rho == line.held.rho == 0 for line in room.session("insurer").budget())
    with room.agents("clinic", "insurer"):
        assert room.session("insurer").ask(QUESTION, epsilon=1.0).charged


def test_an_owner_approves_at_its_own_home_and_a_later_no_stops_the_question(tmp_path: Path) -> None:
    with serving(tmp_path) as room:
        settle(room, approval={"rule": "each-owner"})
        with room.agents("clinic", "insurer"):
            asker, owner = room.session("insurer"), room.session("clinic")
            assert _code(asker) is Code.APPROVAL_MISSING
            (waiting,) = owner.waiting()
            owner.decide(waiting.price.plan_digest, "approved")
            asker.decide(waiting.price.plan_digest, "approved")
            owner.decide(waiting.price.plan_digest, "rejected")
            assert _code(asker) is Code.APPROVAL_REJECTED
            owner.decide(waiting.price.plan_digest, "approved")
            assert asker.ask(QUESTION, epsilon=1.0).charged


def test_it_works_over_tls_with_the_rooms_own_certificate(tmp_path: Path) -> None:
    with serving(tmp_path, tls=True) as room:
        settle(room)
        with room.agents("clinic", "insurer"):
            assert room.session("insurer").ask(QUESTION, epsilon=1.0).charged


def test_a_room_on_postgresql_is_served_alike_and_names_its_database_without_a_password(
    tmp_path: Path, database_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    secret = database_server.database()
    url = secret.replace(f":{quote(PASSWORD, safe='')}@", "@")
    make_room(tmp_path / "room", "example.org/study")
    with pytest.raises(InvalidInput) as caught:
        bootstrap.keep_at(tmp_path / "room", secret)
    assert caught.value.code is Code.USAGE
    create_store_at(secret, bootstrap.read_plate(tmp_path / "room").key)  # and then the process was killed
    make_room(tmp_path / "other", "example.org/other")
    with pytest.raises(InvalidInput) as others:
        bootstrap.keep_at(tmp_path / "other", url)
    assert others.value.code is Code.ROOM_EXISTS
    bootstrap.keep_at(tmp_path / "room", url)
    assert (tmp_path / "room" / "database.url").read_text(encoding="utf-8") == url
    assert not (tmp_path / "room" / "room.sqlite").exists()
    with serving(tmp_path) as room:
        settle(room)
        with room.agents("clinic", "insurer"):
            asker = room.session("insurer")
            release = asker.ask(QUESTION, epsilon=1.0)
            assert verify(release.envelope, contract=asker.contract_envelope, log=asker.export_log()).accepted
    bootstrap.keep_at(tmp_path / "room", url)
    (tmp_path / "room" / "database.url").unlink()
    make_store(tmp_path / "room")
    with pytest.raises(InvalidInput) as used:
        bootstrap.keep_at(tmp_path / "room", url)
    assert used.value.code is Code.ROOM_EXISTS
    (tmp_path / "room" / "database.url").write_text(url, encoding="utf-8")
    for place in (tmp_path / "other", tmp_path / "room"):
        with pytest.raises(InvalidInput) as taken:
            bootstrap.keep_at(place, url if place.name == "other" else f"{url}2")
        assert taken.value.code is Code.ROOM_EXISTS


def _code(session: object) -> Code:
    with pytest.raises(StillroomError) as caught:
        session.ask(QUESTION, epsilon=1.0)  # type: ignore[attr-defined]
    return caught.value.code
