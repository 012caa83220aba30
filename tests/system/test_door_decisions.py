"""Owners' decisions, amendments and withdrawals: what they stop, up to the commit itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification import verify
from stillroom.errors import Code, Refusal, Unverified
from stillroom.ledger.entry import Decision
from stillroom.model.charge import Charge
from stillroom.model.codec import digest_of
from stillroom.policy.approval import APPROVAL_TYPE
from stillroom.room import approvals
from stillroom.room.door import Step
from stillroom.room.signed import sign
from tests.published import files
from tests.rooms import KEYS, OWNERS, SQL, At, FakeClock, assert_nothing_spent, build, charge, contract, refused

if TYPE_CHECKING:
    from pathlib import Path


def test_each_owner_approves_before_anything_is_held(tmp_path: Path) -> None:
    scene = build(tmp_path, contract(approval={"rule": "each-owner"}))
    assert refused(scene).code is Code.APPROVAL_MISSING
    waiting = scene.waiting()
    assert [(one.question.sql, one.compiled.charge) for one in waiting] == [(SQL, charge())]
    scene.decide(waiting[0].plan_digest, "insurer")
    assert "hospital" in str(refused(scene))
    scene.decide(waiting[0].plan_digest, "hospital")
    assert scene.ask().fresh
    assert scene.replayed().spent == charge()


def test_the_latest_decision_counts_and_an_older_one_cannot_be_played_again(tmp_path: Path) -> None:
    scene = build(tmp_path, contract(approval={"rule": "each-owner"}))
    refused(scene)
    plan = scene.waiting()[0].plan_digest
    approved = [scene.decide(plan, owner) for owner in OWNERS]
    scene.decide(plan, "hospital", Decision.REJECTED)
    assert refused(scene).code is Code.APPROVAL_REJECTED
    with pytest.raises(Refusal) as caught:
        approvals.record(scene.room, approved[0])
    assert caught.value.code is Code.APPROVAL_INVALID
    scene.decide(plan, "hospital", Decision.CHANGES_REQUESTED)
    assert refused(scene).code is Code.APPROVAL_REJECTED
    scene.decide(plan, "hospital")
    assert scene.ask().fresh
    scene.replayed()


def test_an_amendment_ends_approvals(tmp_path: Path) -> None:
    scene = build(tmp_path, contract(approval={"rule": "each-owner"}))
    refused(scene)
    for owner in OWNERS:
        scene.decide(scene.waiting()[0].plan_digest, owner)
    before = scene.contract
    amended = before.model_copy(update={"version": 2, "amends": digest_of(before), "purpose": "more tests"})
    scene.submit(amended, *OWNERS)
    assert refused(scene).code is Code.CONTRACT_REPLACED
    scene.contract = amended
    assert refused(scene).code is Code.APPROVAL_MISSING
    scene.replayed()


@pytest.mark.parametrize("change", ["receivers", "charge", "contract"])
def test_an_approval_of_something_else_is_not_taken(tmp_path: Path, change: str) -> None:
    scene = build(tmp_path, contract(approval={"rule": "each-owner"}))
    refused(scene)
    good = scene.decision(scene.waiting()[0].plan_digest, "hospital")
    changes = {"receivers": ("hospital",), "charge": Charge(rho=1), "contract": "sha256:" + "0" * 64}
    envelope = sign(good.model_copy(update={change: changes[change]}), APPROVAL_TYPE, KEYS["hospital"])
    with pytest.raises(Refusal) as caught:
        approvals.record(scene.room, envelope)
    assert caught.value.code is Code.APPROVAL_INVALID


def test_only_owners_whose_data_is_read_decide_and_only_with_their_key(tmp_path: Path) -> None:
    scene = build(tmp_path, contract(approval={"rule": "each-owner"}))
    refused(scene, "SELECT COUNT(*) AS n FROM members")
    plan = scene.waiting()[0].plan_digest
    with pytest.raises(Refusal) as caught:
        scene.decide(plan, "hospital")
    assert caught.value.code is Code.OWNER_ONLY
    forged = sign(scene.decision(plan, "insurer"), APPROVAL_TYPE, KEYS["hospital"])
    with pytest.raises(Unverified):
        approvals.record(scene.room, forged)


def test_a_decision_that_comes_before_the_commit_stops_it(tmp_path: Path) -> None:
    scene = build(tmp_path, contract(approval={"rule": "each-owner"}))
    refused(scene)
    plan = scene.waiting()[0].plan_digest
    for owner in OWNERS:
        scene.decide(plan, owner)
    late = At(Step.COMMIT, lambda: scene.decide(plan, "hospital", Decision.REJECTED))
    with pytest.raises(Refusal) as caught:
        scene.ask(progress=late)
    assert caught.value.code is Code.APPROVAL_REJECTED
    assert_nothing_spent(scene)


def test_data_that_is_withdrawn_or_renewed_before_the_commit_stops_it(tmp_path: Path) -> None:
    scene = build(tmp_path)
    with pytest.raises(Refusal) as caught:
        scene.ask(progress=At(Step.COMMIT, lambda: scene.announce("visits", 2)))
    assert caught.value.code is Code.DATA_NOT_ADMITTED
    with pytest.raises(Refusal) as caught:
        scene.ask(progress=At(Step.COMMIT, lambda: scene.announce("visits", 2, withdrawn=True)))
    assert caught.value.code is Code.DATA_WITHDRAWN
    assert_nothing_spent(scene)


def test_a_contract_that_expires_before_the_commit_stops_it(tmp_path: Path) -> None:
    clock = FakeClock()
    scene = build(tmp_path, clock=clock)
    with pytest.raises(Refusal) as caught:
        scene.ask(progress=At(Step.COMMIT, lambda: setattr(clock, "moment", 4_200_000_000.0)))
    assert caught.value.code is Code.CONTRACT_EXPIRED
    assert_nothing_spent(scene)


def test_an_amendment_that_comes_after_the_commit_changes_nothing_about_the_run(tmp_path: Path) -> None:
    scene = build(tmp_path)
    amended = scene.contract.model_copy(update={"version": 2, "amends": digest_of(scene.contract), "receive": ("hospital",)})
    answer = scene.ask(progress=At(Step.MEASURE, lambda: scene.submit(amended, *OWNERS)))
    published = files(scene, answer.envelope)
    assert verify(published.release, published.contract, published.log).accepted
    assert refused(scene).code is Code.CONTRACT_REPLACED
    assert scene.replayed().spent == scene.spent() == charge()


def test_an_amendment_that_comes_before_the_commit_stops_it(tmp_path: Path) -> None:
    scene = build(tmp_path)
    amended = scene.contract.model_copy(update={"version": 2, "amends": digest_of(scene.contract)})
    with pytest.raises(Refusal) as caught:
        scene.ask(progress=At(Step.COMMIT, lambda: scene.submit(amended, *OWNERS)))
    assert caught.value.code is Code.CONTRACT_REPLACED
    assert_nothing_spent(scene)
