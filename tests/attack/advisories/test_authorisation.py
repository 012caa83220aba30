"""Advisories about who may do what: rights that one route forgot, that outlived a change, or that a name was enough for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi import APIRouter

from stillroom.adapters.http.signatures import sign_request
from stillroom.client.members import make_home
from stillroom.crypto.canonical import digest
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, StillroomError
from stillroom.ledger.entry import Decision
from stillroom.policy.approval import APPROVAL_TYPE
from stillroom.room import approvals, contracts, door
from stillroom.room.signed import sign
from stillroom.room.statement import DATA_TYPE, JOIN_TYPE, DataStatement, JoinStatement
from stillroom.server.api import logs
from stillroom.server.app import actions, make_app
from tests.callers import TICKET, amend, asked, errand_waits, key_of, nonce, question, sent, signed, written
from tests.parties import PARTIES, QUESTION

if TYPE_CHECKING:
    from tests.services import Served


def waiting_job(room: Served) -> str:
    """Return a run of the insurer's that nobody works on: no agent is there."""
    return room.service.jobs.ask("insurer", question(room)).job


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/runs/{}"), ("GET", "/v1/runs/{}/events"), ("DELETE", "/v1/runs/{}")])
def test_cve_2023_41882_each_route_to_a_thing_asks_whose_it_is(room: Served, method: str, path: str) -> None:
    """vantage6: whoever could see a collaboration saw its tasks by that route, which did not ask for the right to see tasks.

    Here: a run of another analyst, or its events, or its cancellation, by one of the three routes that lead to it.
    """
    job = waiting_job(room)
    other = asked(room, method, path.format(job), party="clinic")
    none = asked(room, method, path.format(digest(b"none")), party="clinic")
    assert (other.status_code, other.text) == (none.status_code, none.text)
    assert other.json()["code"] == Code.RUN_UNKNOWN
    assert job not in room.service.jobs._cancelled
    assert asked(room, method, path.format(job)).is_success


def test_cve_2024_4263_a_right_to_errands_is_one_to_the_own_errands(room: Served) -> None:
    """MLflow: a right to edit experiments was enough to delete artifacts, since deleting asked for nothing further.

    Here: every member may answer errands, and bring files for them; another party's ticket does not help.
    """
    with errand_waits(room):
        for ticket in (TICKET, "8" * 32):
            answers = [
                asked(room, "POST", f"/v1/errands/{ticket}", b"{}"),
                asked(room, "PUT", f"/v1/errands/{ticket}/files/rows.parquet", b"rows"),
            ]
            assert {(one.status_code, one.json()["code"]) for one in answers} == {(403, Code.NOT_ALLOWED)}
        assert not [file for file in room.service.incoming.rglob("*") if file.is_file()]
        assert room.service.mailbox.errand(TICKET) is not None
        assert asked(room, "POST", f"/v1/errands/{TICKET}", b"{}", party="clinic").is_success


def test_cve_2025_15381_a_member_without_rights_gets_nowhere(room: Served) -> None:
    """MLflow: routes for traces had no validator, so that users without any permission could read and write by them.

    Here: a key that the operator has confirmed, and that is no party of the contract, on every route that there is.
    """
    room.join("registry")
    key, open_to_members = key_of(room, "registry"), {"/v1/contract", "/v1/contracts", "/v1/log", "/v1/errands", "/v1/parties"}
    for method, path in actions(room.app):
        if path.startswith(("/v1/log/tile", "/v1/log/from/", "/v1/errands/", "/v1/log/checkpoint")):
            continue
        if path in {*open_to_members, "/v1/room", "/v1/health"}:
            continue
        body = None if method in {"GET", "DELETE"} else b"{}"
        answer = sent(signed(room, method, path.format(run="r", reservation="r"), body, key=key), body)
        assert (answer.status_code, answer.json()["code"]) == (403, Code.NOT_ALLOWED), path


def test_cve_2026_2652_a_route_that_nobody_thought_of_stops_the_application(room: Served) -> None:
    """MLflow: with basic-auth, only paths under /gateway/ were authenticated; other FastAPI routes went past it, jobs among them.

    Here: a route without an action. The application does not start with it, and it is no route of a running one either.
    """
    router = APIRouter()
    router.add_api_route("/v1/jobs", lambda: "all of them")
    logs.router.routes.append(router.routes[0])
    try:
        with pytest.raises(RuntimeError, match="not exactly one action"):
            make_app(room.service)
    finally:
        logs.router.routes.pop()
    assert asked(room, "GET", "/v1/jobs").status_code == 403
    make_app(room.service)


def test_cve_2023_22738_a_right_ends_with_the_contract_that_gave_it(room: Served) -> None:
    """vantage6: a user who was moved to another organisation kept the roles that it had in the first one.

    Here: an amendment takes the right to ask from the insurer; what it asked before, and asks under the old contract, is not run.
    """
    old = question(room)
    amend(room, ask=["clinic"])
    for envelope in (old, question(room)):
        assert asked(room, "POST", "/v1/runs", envelope).json()["code"] == Code.NOT_ALLOWED
        with pytest.raises(StillroomError):
            door.ask(room.service.room, envelope, door.Silent())


def test_cve_2023_40273_a_key_that_was_replaced_opens_nothing_any_more(room: Served) -> None:
    """Airflow: whoever had logged in before an administrator reset the password stayed logged in.

    Here: an amendment gives the clinic another key. The old one does nothing, also not once the clinic has left the contract.
    """
    old = key_of(room, "clinic")
    make_home(room.folder / "renewed", "clinic", epsilon=1, delta=1e-9)
    new = key_of(room, "renewed")
    parties = contract_parties(room)
    amend(room, new, parties=[{**one, "key": new.public.text} if one["name"] == "clinic" else one for one in parties])
    assert sent(signed(room, "GET", "/v1/log", key=new)).is_success
    assert sent(signed(room, "GET", "/v1/log", key=old)).status_code == 401
    force = current(room)
    datasets = {"members": force["datasets"]["members"]}
    alone = [one for one in parties if one["name"] == "insurer"]
    amend(room, new, parties=alone, ask=["insurer"], receive=["insurer"], datasets=datasets)
    assert sent(signed(room, "GET", "/v1/log", key=old)).status_code == 401


def current(room: Served) -> dict[str, dict[str, dict[str, object]]]:
    """Return the contract in force, as JSON."""
    with room.service.room.store.reading() as records:
        return contracts.in_force(records).contract.to_json()


def contract_parties(room: Served) -> list[dict[str, object]]:
    """Return the parties of the contract in force, as JSON."""
    with room.service.room.store.reading() as records:
        return [one.to_json() for one in contracts.in_force(records).contract.parties]


def test_cve_2023_41881_what_was_approved_before_a_change_is_not_approved_after_it(room: Served) -> None:
    """vantage6: what belonged to a deleted collaboration stayed, and belonged to the next one that got its number.

    Here: both owners approve a plan; then somebody else joins those who receive. The old decisions, sent again, do not count.
    """
    amend(room, approval={"rule": "each-owner"})
    with room.agents(*PARTIES):
        asker, owner = room.session("insurer"), room.session("clinic")
        assert refusal(room) is Code.APPROVAL_MISSING
        (waiting,) = owner.waiting()
        for one in (asker, owner):
            one.decide(waiting.price.plan_digest, "approved")
        (put,) = approvals.put(room.service.room)
        room.join("registry")
        new = key_of(room, "registry")
        third = {"name": "registry", "roles": ["receiver"], "key": new.public.text}
        amend(room, new, parties=[*contract_parties(room), third], receive=[*PARTIES, "registry"])
        assert refusal(room) is Code.APPROVAL_MISSING
        for decision in put.decisions:
            assert asked(room, "POST", "/v1/decisions", decision).json()["code"] == Code.APPROVAL_INVALID
        assert refusal(room) is Code.APPROVAL_MISSING


def refusal(room: Served) -> Code:
    """Return why the insurer's question is refused."""
    with pytest.raises(StillroomError) as caught:
        room.session("insurer").ask(QUESTION, epsilon=1.0)
    return caught.value.code


def test_cve_2020_17526_what_is_signed_for_one_room_is_nothing_to_another(room: Served) -> None:
    """Airflow: with the default configuration, a session of one site was one of every other site.

    Here: another server to which the insurer has sent a request passes it on to this one, under its own name or under ours.
    """
    other = SigningKey.from_seed(b"o" * 32).public.text
    for url in ("https://other.example", room.url):
        message = written("GET", f"{url}/v1/balance")
        sign_request(message, key_of(room, "insurer"), other, room.service.room.clock.now(), nonce())
        message.headers["Host"] = url.partition("://")[2]
        message.url = f"{room.url}/v1/balance"
        assert sent(message).json()["code"] == Code.REQUEST_UNSIGNED


def test_cve_2023_28635_a_name_is_nothing_but_a_name(room: Served) -> None:
    """vantage6: somebody who called himself 13 was taken for the user whose number is 13.

    Here: a key asks to join under a name that could be taken for another party's, for a key or for a path.
    """
    key = SigningKey.from_seed(b"n" * 32)
    for name in ("13", "Clinic", "clinic\n", " clinic", "clinic/..", "ed25519:" + "A" * 43, "clinic\u200b", "\u0421LINIC", ""):
        wish = JoinStatement.model_construct(room=room.service.room.identity, party=name, key=key.public.text)
        body = sign(wish, JOIN_TYPE, key)
        assert sent(signed(room, "POST", "/v1/parties", body, key=key), body).status_code == 422
    with room.service.room.store.reading() as records:
        assert {one.party for one in records.parties.all()} == set(PARTIES)


def test_cve_2026_24178_who_does_something_is_who_signs_it(room: Served) -> None:
    """NVFlare: in the dashboard's management of users, a key that the sender of a request chose was enough to act as somebody else.

    Here: the clinic names the insurer in a question, a decision, an announcement and a wish to join.
    """
    clinic, insurer = key_of(room, "clinic"), key_of(room, "insurer")
    amend(room, approval={"rule": "each-owner"})
    with room.agents(*PARTIES):
        assert refusal(room) is Code.APPROVAL_MISSING
    with room.service.room.store.reading() as records:
        force = contracts.in_force(records)
    pending = approvals.read(force, approvals.put(room.service.room)[0])
    decision = approvals.statement(force, pending, "insurer", Decision.APPROVED)
    data = DataStatement(dataset="members", version=9, section="sha256:" + "0" * 64)
    wish = JoinStatement(room=room.service.room.identity, party="insurer", key=insurer.public.text)
    lies = {
        "/v1/runs": (question(room), question(room, signed_by="clinic")),
        "/v1/decisions": (sign(decision, APPROVAL_TYPE, clinic),),
        "/v1/data": (sign(data, DATA_TYPE, clinic),),
        "/v1/parties": (sign(wish, JOIN_TYPE, clinic),),
    }
    for path, bodies in lies.items():
        for body in bodies:
            code = asked(room, "POST", path, body, party="clinic").json()["code"]
            assert code in {Code.NOT_ALLOWED, Code.SIGNATURE_MISSING, Code.SIGNATURE_INVALID}, path
    assert approvals.put(room.service.room)[0].decisions == ()
