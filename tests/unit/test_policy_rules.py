"""Each rule of the policy, asked alone: its yes, its no with code and fix."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from stillroom.errors import Code, Refusal
from stillroom.ledger.entry import Decision
from stillroom.model.charge import Charge
from stillroom.model.codec import digest_of
from stillroom.model.contract import AutomaticApproval
from stillroom.model.record import ContractState
from stillroom.policy.allowance import analyst_allowance, automatic_allowance
from stillroom.policy.approval import ApprovalStatement
from stillroom.policy.automatic import Automatic
from stillroom.policy.case import Case
from stillroom.policy.decide import RULES, decide
from tests.questions import CONTRACT, compiled

PLAN = compiled("SELECT COUNT(*) FROM members JOIN visits ON members.id = visits.pid")
AUTOMATIC = CONTRACT.model_copy(update={"approval": AutomaticApproval(rule="automatic", release_epsilon=1.0, analyst_epsilon=2.0)})


def case(**changes: object) -> Case:
    """Return a case that every rule allows, but for what is changed."""
    allowed = Case(
        contract=CONTRACT,
        state=ContractState.ACTIVE,
        compiled=PLAN,
        plan_digest=digest_of(PLAN.plan),
        asked_by="a",
        receivers=("a",),
        today=datetime.date(2027, 1, 1),
        approvals=(said("a"), said("b")),
    )
    return replace(allowed, **changes)  # type: ignore[arg-type]


def said(party: str, decision: Decision = Decision.APPROVED, **changes: object) -> ApprovalStatement:
    """Return a party's decision about the plan."""
    statement = ApprovalStatement(
        contract=PLAN.plan.contract,
        plan=digest_of(PLAN.plan),
        receivers=("a",),
        protection="server",
        charge=PLAN.charge,
        party=party,
        number=1,
        decision=decision,
    )
    return statement.model_copy(update=changes)


def codes(one: Case) -> list[Code]:
    """Return what the rules refuse with, in order."""
    return [answer.code for answer in decide(one).answers if answer.code]


def test_what_every_rule_allows_passes_and_every_answer_has_a_reason() -> None:
    ruling = decide(case())
    assert ruling.allowed
    assert len(ruling.answers) == len(RULES) == len({answer.rule for answer in ruling.answers})
    assert all(answer.reason.endswith(".") for answer in ruling.answers)
    ruling.enforce()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": ContractState.PENDING}, Code.CONTRACT_UNSIGNED),
        ({"state": ContractState.REPLACED}, Code.CONTRACT_REPLACED),
        ({"today": datetime.date(2100, 1, 1)}, Code.CONTRACT_EXPIRED),
        ({"asked_by": "b", "receivers": ("a", "b"), "contract": CONTRACT.model_copy(update={"receive": ("a", "b")})}, Code.ASK_NOT_ALLOWED),
        ({"receivers": ("a", "b")}, Code.RECEIVE_NOT_ALLOWED),
        ({"receivers": ()}, Code.RECEIVE_NOT_ALLOWED),
        ({"contract": CONTRACT.model_copy(update={"protections": ()})}, Code.PROTECTION_NOT_ALLOWED),
        ({"approvals": ()}, Code.APPROVAL_MISSING),
    ],
)
def test_each_rule_can_say_no(changes: dict[str, object], expected: Code) -> None:
    one = case(**changes)
    if "receivers" in changes:
        one = replace(one, approvals=tuple(said(party, receivers=changes["receivers"]) for party in ("a", "b")))
    assert codes(one) == [expected]
    with pytest.raises(Refusal) as caught:
        decide(one).enforce()
    assert caught.value.code is expected
    assert caught.value.fix


def test_the_last_day_counts() -> None:
    assert codes(case(today=datetime.date(2099, 12, 31))) == []


def test_a_release_may_cost_the_cap_and_not_a_unit_more() -> None:
    exact = compiled("SELECT COUNT(*) FROM members", epsilon=5.0)
    more = exact.model_copy(update={"charge": Charge(rho=exact.charge.rho + 2)})
    assert Code.RELEASE_CAP_EXCEEDED not in codes(case(compiled=exact))
    assert codes(case(compiled=more, contract=AUTOMATIC))[0] is Code.RELEASE_CAP_EXCEEDED
    assert Code.RELEASE_CAP_EXCEEDED in codes(case(compiled=more))


@pytest.mark.parametrize(("caps", "most"), [({}, 10**7), ({"selection_delta": 0.0, "release_selection_delta": 0.0}, 0)])
def test_a_charge_of_delta_fits_what_the_contract_has_for_selecting_keys(caps: dict[str, float], most: int) -> None:
    """The δ at which ε is stated is spoken for: none of it can be charged."""
    agreed = CONTRACT.model_copy(update={"caps": CONTRACT.caps.model_copy(update=caps)})
    for delta, exceeds in ((most, False), (most + 1, True)):
        selecting = PLAN.model_copy(update={"charge": Charge(rho=1, delta=delta)})
        assert (Code.RELEASE_CAP_EXCEEDED in codes(case(compiled=selecting, contract=agreed))) == exceeds


def test_pure_epsilon_is_compared_as_the_rho_that_it_costs() -> None:
    pure = compiled("SELECT COUNT(*) FROM members", epsilon=2.0, pure=True)
    assert Code.RELEASE_CAP_EXCEEDED in codes(case(compiled=pure))


def test_automatic_approval_has_a_cap_of_its_own() -> None:
    cheap, dear = (compiled("SELECT COUNT(*) FROM members", epsilon=epsilon) for epsilon in (1.0, 1.1))
    rule, caps = AUTOMATIC.approval, AUTOMATIC.caps
    assert isinstance(rule, AutomaticApproval)
    ready = Automatic("a", "any question", rule.release_epsilon, automatic_allowance(rule, caps), analyst_allowance(rule, caps))
    assert codes(case(contract=AUTOMATIC, compiled=cheap, approvals=(), automatic=ready)) == []
    assert codes(case(contract=AUTOMATIC, compiled=dear, approvals=(), automatic=ready)) == [Code.RELEASE_CAP_EXCEEDED]


@pytest.mark.parametrize("decision", [Decision.REJECTED, Decision.CHANGES_REQUESTED])
def test_an_owner_who_says_otherwise_stops_a_plan_under_either_rule(decision: Decision) -> None:
    against = (said("a"), said("b", decision))
    assert codes(case(approvals=against)) == [Code.APPROVAL_REJECTED]
    assert codes(case(approvals=against, contract=AUTOMATIC)) == [Code.APPROVAL_REJECTED]


@pytest.mark.parametrize(
    "changes",
    [
        {"contract": "sha256:" + "0" * 64},
        {"plan": "sha256:" + "0" * 64},
        {"receivers": ("a", "b")},
        {"charge": Charge(rho=PLAN.charge.rho - 1)},
        {"charge": Charge(rho=PLAN.charge.rho + 1)},
    ],
)
def test_an_approval_counts_for_what_it_binds_and_nothing_else(changes: dict[str, object]) -> None:
    other = said("b").model_copy(update=changes)
    assert codes(case(approvals=(said("a"), other))) == [Code.APPROVAL_MISSING]


def test_only_owners_whose_data_is_read_have_to_approve() -> None:
    one = compiled("SELECT COUNT(*) FROM members")
    approval = said("a", plan=digest_of(one.plan), charge=one.charge)
    assert codes(case(compiled=one, plan_digest=digest_of(one.plan), approvals=(approval,))) == []
