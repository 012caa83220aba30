"""An owner's account is for life: no room, copy of a room, dataset or file opens it again, and what cannot be sampled is not sold."""

from __future__ import annotations

import json
import shutil
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.client.rooms import join_room, room_of, sign_as_operator
from stillroom.client.session import make_home, make_room, open_room
from stillroom.client.verification import verify
from stillroom.errors import Code, InvalidInput, Refusal, StillroomError, Unverified
from tests.parties import MEMBERS, PARTIES, QUESTION, VISITS, add, document, session, settle_in, sign
from tests.rooms import At, Steps

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a room, two homes and data."""
    settle_in(tmp_path)
    add(tmp_path, "members", MEMBERS)
    add(tmp_path, "visits", VISITS)
    return tmp_path


def spent(folder: Path, party: str = "clinic", room: str = "room") -> int:
    """Return what a party's own account has spent, in units of ρ."""
    _, account = session(folder, party, room).budget()
    return account.spent.rho


def test_a_room_that_was_restored_from_a_copy_charges_again_for_what_it_measures_again(folder: Path) -> None:
    shutil.copytree(folder / "room", folder / "copy")
    first = session(folder, "insurer").ask(QUESTION, epsilon=0.5)
    assert spent(folder) == first.statement.charge.rho
    shutil.rmtree(folder / "room")
    (folder / "copy").rename(folder / "room")
    second = session(folder, "insurer").ask(QUESTION, epsilon=0.5)
    assert second.charged
    assert second.envelope != first.envelope
    assert spent(folder) == first.statement.charge.rho + second.statement.charge.rho


def test_two_rooms_draw_on_one_account(folder: Path) -> None:
    contract = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    make_room(folder / "second", "example.org/second")
    for party in PARTIES:
        join_room(folder / "second", folder / party)
    sign(folder, {**contract, "name": "second"}, "second")
    charges = [session(folder, "insurer", room).ask(QUESTION, epsilon=0.5).statement.charge.rho for room in ("room", "second")]
    assert [spent(folder, "clinic", room) for room in ("room", "second")] == [sum(charges)] * 2
    session(folder, "clinic").raise_account("people", 30, 1e-9)
    for room in ("room", "second"):
        assert [entry["kind"] for entry in session(folder, "insurer", room).log()].count("account_raised") == 1


def test_a_second_room_is_refused_what_the_first_has_spent(tmp_path: Path) -> None:
    contract = settle_in(tmp_path, epsilon=1)
    add(tmp_path, "members", MEMBERS)
    add(tmp_path, "visits", VISITS)
    make_room(tmp_path / "second", "example.org/second")
    assert [join_room(tmp_path / "second", tmp_path / party).first for party in PARTIES] == [False, False]
    sign(tmp_path, {**contract, "name": "second"}, "second")
    for room, epsilon in (("room", 0.7), ("second", 0.5)):
        said = session(tmp_path, "insurer", room)
        release = said.ask(QUESTION, epsilon=epsilon)
        key = release.statement.room.split()[1]
        report = verify(release.envelope, said.contract_envelope, said.export_log(), key)
        assert [step.title for step in report.steps if step.outcome != "passed"] == []
    for room in ("second", "room"):
        with pytest.raises(Refusal) as caught:
            session(tmp_path, "insurer", room).ask("SELECT COUNT(*) AS n FROM members", epsilon=0.7)
        assert caught.value.code is Code.ACCOUNT_NOT_ENOUGH
    assert spent(tmp_path, "clinic", "room") == spent(tmp_path, "clinic", "second")


def test_a_home_goes_on_acting_in_the_room_that_it_joined_first(tmp_path: Path) -> None:
    settle_in(tmp_path)
    make_room(tmp_path / "second", "example.org/second")
    for _ in range(2):
        assert not join_room(tmp_path / "second", tmp_path / "clinic").first
    assert open_room(tmp_path / "clinic").contract.name == "study"
    (tmp_path / "room").rename(tmp_path / "gone")
    assert join_room(tmp_path / "second", tmp_path / "clinic").first
    with pytest.raises(InvalidInput) as caught:
        join_room(tmp_path / "nowhere", tmp_path / "clinic")
    assert caught.value.code is Code.ROOM_INVALID


def test_a_room_signs_as_the_operator_that_its_contract_names(tmp_path: Path) -> None:
    key = make_room(tmp_path / "room", "example.org/study")
    keys = {name: make_home(tmp_path / name, name, room=tmp_path / "room", epsilon=20, delta=1e-9) for name in PARTIES}
    contract = document(keys)
    contract["parties"].append({"name": "house", "roles": ["operator"], "key": key})
    sign(tmp_path, contract)
    file = tmp_path / "contract.json"
    assert session(tmp_path, "clinic").sign(file).missing == ("house",)
    make_room(tmp_path / "other", "example.org/other")
    with pytest.raises(Refusal) as caught:
        sign_as_operator(file, tmp_path / "other")
    assert caught.value.code is Code.KEY_MISMATCH
    assert sign_as_operator(file, room_of(tmp_path / "clinic")).missing == ()
    add(tmp_path, "members", MEMBERS)
    add(tmp_path, "visits", VISITS)
    said = session(tmp_path, "insurer")
    report = verify(said.ask(QUESTION, epsilon=0.5).envelope, said.contract_envelope, said.export_log())
    assert [step.title for step in report.steps if step.outcome != "passed"] == []
    assert report.vouched_by[0] == "house"
    sign(tmp_path, {**document(keys), "version": 2, "amends": said.contract_digest})
    assert said.contract.version == 1
    assert sign_as_operator(file, tmp_path / "room").missing == ()
    assert said.contract.version == 2


def test_a_room_that_is_no_party_does_not_sign(tmp_path: Path) -> None:
    settle_in(tmp_path)
    (tmp_path / "next.json").write_text((tmp_path / "contract.json").read_text().replace("tests", "other"), encoding="utf-8")
    with pytest.raises(StillroomError) as caught:
        sign_as_operator(tmp_path / "next.json", tmp_path / "room")
    assert caught.value.code is Code.AMENDMENT_INVALID
    make_room(tmp_path / "empty", "example.org/empty")
    with pytest.raises(Unverified) as missing:
        sign_as_operator(tmp_path / "next.json", tmp_path / "empty")
    assert missing.value.code is Code.SIGNATURE_MISSING


def test_only_what_waits_for_an_owner_is_listed(folder: Path) -> None:
    contract = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    before = session(folder, "clinic").contract_digest
    sign(folder, {**contract, "version": 2, "amends": before, "approval": {"rule": "each-owner"}})
    both, one = QUESTION, "SELECT COUNT(*) AS n FROM members"
    for sql in (both, one):
        with pytest.raises(Refusal) as caught:
            session(folder, "insurer").ask(sql, epsilon=0.5)
        assert caught.value.code is Code.APPROVAL_MISSING

    def waiting(party: str, *, answered: bool = False) -> list[str]:
        return [item.question.sql for item in session(folder, party).waiting(answered=answered)]

    assert [waiting(party) for party in PARTIES] == [[both], [both, one]]
    plan = session(folder, "clinic").waiting()[0].price.plan_digest
    for nothing in ("sha2", "sha256:", "sha256:" + plan[7:10]):
        with pytest.raises(InvalidInput):
            session(folder, "clinic").decide(nothing, "approved")
    session(folder, "clinic").decide(plan[:11], "rejected")
    assert [waiting(party) for party in PARTIES] == [[], [both, one]]
    assert waiting("clinic", answered=True) == [both, one]
    session(folder, "clinic").decide(plan[7:11], "approved")
    session(folder, "insurer").decide(plan, "approved")
    assert waiting("insurer") == [one]
    assert session(folder, "insurer").ask(both, epsilon=0.5).charged


def test_how_long_measuring_took_is_not_heard(folder: Path) -> None:
    """Whoever asks hears that rows are about to be read, and then nothing before the answer, which waits for the quantum."""
    steps = Steps()
    open_room(folder / "insurer", progress=steps).ask(QUESTION, epsilon=0.5)
    assert steps.heard[-2:] == ["settle", "measure"]


def test_new_data_and_withdrawn_data_leave_what_was_spent(folder: Path) -> None:
    charge = session(folder, "insurer").ask(QUESTION, epsilon=0.5).statement.charge.rho
    session(folder, "clinic").withdraw_data("visits")
    assert spent(folder) == charge
    add(folder, "visits", VISITS)
    session(folder, "clinic").forget("person1")
    assert spent(folder) == charge


def test_an_amendment_that_comes_while_data_are_admitted_does_not_pass_them_off_as_its_own(folder: Path) -> None:
    contract = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    narrow = json.loads(json.dumps({**contract, "version": 2, "amends": session(folder, "clinic").contract_digest}))
    narrow["datasets"]["visits"]["rows_per_person"] = 1
    amending = At("store", lambda: sign(folder, narrow))
    open_room(folder / "clinic", progress=amending).add_data("visits", folder / "visits.csv")
    with pytest.raises(Refusal) as caught:
        session(folder, "insurer").ask("SELECT COUNT(*) AS n FROM visits", epsilon=0.5)
    assert caught.value.code is Code.DATA_NOT_ADMITTED
    add(folder, "visits", VISITS)
    assert session(folder, "insurer").ask("SELECT COUNT(*) AS n FROM visits", epsilon=0.5).charged


def test_who_is_nobody_in_one_dataset_is_forgotten_in_the_others(tmp_path: Path) -> None:
    keys = dict.fromkeys(PARTIES, "")
    datasets = document(keys)["datasets"]
    datasets["visits"]["owner"] = "insurer"
    datasets["members"]["person"]["placeholders"] = ["person1"]
    settle_in(tmp_path, datasets=datasets)
    said = session(tmp_path, "insurer")
    for name, text in (("members", MEMBERS), ("visits", VISITS)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        said.add_data(name, tmp_path / f"{name}.csv")
    assert said.forget("person1") == {"visits": 2}
    assert said.forget("person2") == {"members": 2, "visits": 3}
    for person, party in ((" ", "insurer"), ("person1", "clinic")):
        with pytest.raises(InvalidInput) as caught:
            session(tmp_path, party).forget(person)
        assert caught.value.code is Code.DATA_INVALID


EXTREMES: list[tuple[str, dict[str, Any]]] = [
    ("SELECT COUNT(*) AS n FROM visits", {"error": 1e308}),
    ("SELECT AVG(cost) AS a FROM visits", {"error": 1e308, "group_size": 10**12}),
    ("SELECT AVG(cost) AS a FROM visits", {"error": 1e308, "group_size": 1, "pure": True}),
    ("SELECT SUM(cost) AS s FROM visits", {"error": 1e308, "pure": True}),
    ("SELECT SUM(age * 0) AS s FROM members", {"epsilon": 1.0}),
    ("SELECT SUM(0) AS s, COUNT(NULL) AS n FROM members", {"epsilon": 1.0}),
    ("SELECT COUNT(*) AS n FROM visits LIMIT 0", {"epsilon": 0.001}),
    ("SELECT COUNT(*) AS n FROM visits LIMIT 999999999999 OFFSET 999999999999", {"epsilon": 0.001}),
    ("SELECT COUNT(*) * 1000000000000000 * 1000000000000000 * 1000000000000000 * 1000000000000000 AS n FROM visits", {"epsilon": 0.001}),
    ("SELECT COUNT(*) / 0 AS n, 0.5 AS half, 'x' AS x FROM visits", {"epsilon": 0.001, "pure": True, "groups_per_person": 10**12}),
]


def test_whatever_is_sold_can_be_measured_stored_read_and_verified(folder: Path) -> None:
    said = session(folder, "insurer")
    total = 0
    for sql, terms in EXTREMES:
        release = said.ask(sql, **terms)
        total += release.statement.charge.rho
        assert release.table.num_columns
        report = verify(release.envelope, contract=said.contract_envelope, log=said.export_log())
        assert report.accepted, (sql, [step for step in report.steps if step.outcome == "failed"])
    assert len(said.releases()) == len(EXTREMES)
    contract, account = said.budget()
    assert contract.spent.rho == total
    assert account.spent.rho <= total


OUT_OF_RANGE: list[dict[str, Any]] = [
    {"epsilon": float("nan")},
    {"epsilon": float("inf")},
    {"error": float("inf")},
    {"error": -1.0},
    {"epsilon": 1.0, "groups_per_person": 10**30},
    {"error": 1.0, "group_size": 10**300},
    {"epsilon": 1e-300},
    {"error": 1e-300},
]


def test_terms_out_of_range_are_refused_and_cost_nothing(folder: Path) -> None:
    said = session(folder, "insurer")
    for terms, sql in product(OUT_OF_RANGE, ("SELECT COUNT(*) AS n FROM visits", "SELECT AVG(cost) AS a FROM visits")):
        with pytest.raises(StillroomError) as caught:
            said.ask(sql, **terms)
        assert caught.value.code in {Code.PRICE_INVALID, Code.PRICE_NOT_REACHABLE, Code.RELEASE_CAP_EXCEEDED}, (terms, sql)
    assert spent(folder) == 0


@pytest.mark.parametrize("quantum", [0, 5e-324, 1e-300, 1e-9, 3601])
def test_a_quantum_that_no_clock_could_keep_is_no_contract(tmp_path: Path, quantum: float) -> None:
    with pytest.raises(InvalidInput) as caught:
        settle_in(tmp_path, quantum_seconds=quantum)
    assert caught.value.code is Code.CONTRACT_INVALID
