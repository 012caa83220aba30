"""The first steps through the door: who asks, what would be measured, and whether everything allows it. Nothing is changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.policy.automatic import automatic
from stillroom.policy.case import Case
from stillroom.policy.decide import decide, share_of
from stillroom.query.price import price
from stillroom.room import approvals, contracts, data, pauses, questions
from stillroom.room.contracts import InForce
from stillroom.room.stages import Asked, Cleared, Planned, run_name
from stillroom.room.statement import QUESTION_TYPE
from stillroom.room.times import day

if TYPE_CHECKING:
    from stillroom.model.price import Compiled
    from stillroom.ports import Records
    from stillroom.room.room import Room


def authenticate(room: Room, envelope: bytes, kind: str = QUESTION_TYPE) -> Asked:
    """Find out who asks, under which contract.

    Args:
        room: The room.
        envelope: The signed question.
        kind: What it was signed as: a question that is asked, or a draft.

    Raises:
        Refusal: `CONTRACT_UNKNOWN` or `PARTY_UNKNOWN`.
        Unverified: The party that the question names has not signed it.
    """
    with room.store.reading() as records:
        contract = contracts.read(contracts.find(records, questions.claimed(envelope, kind).contract).envelope)
    return Asked(questions.read(contract, envelope, kind), envelope, contract)


def planned(room: Room, asked: Asked, compiled: Compiled) -> Planned:
    """Price a question that is compiled.

    Raises:
        Refusal: It costs more than can be counted, or `ENGINE_LACKS`.
    """
    enforce_computable(room.outlet.protection.lacking(compiled.plan))
    return Planned(
        asked,
        compiled,
        price(asked.contract, compiled, asked.question.terms.group_size),
        approvals.receivers_of(asked.contract),
        data.sections_of(asked.contract, compiled.plan),
    )


def enforce_computable(lacking: tuple[str, ...]) -> None:
    """Refuse a plan for which the room's engine lacks something.

    Raises:
        Refusal: `ENGINE_LACKS`, which names all that is lacking.
    """
    if lacking:
        raise Refusal(
            Code.ENGINE_LACKS,
            f"The room's engine does not compute exactly as a plan means it: {', '.join(lacking)}.",
            "Ask without it, or ask the room's operator for another engine; the reference of engines says what each computes.",
        )


def clear(room: Room, records: Records, plan: Planned) -> Cleared:
    """Ask every rule, and find the data, as they are in this transaction.

    Raises:
        Refusal: The first rule that says no (`stillroom.policy`), or data that is not there, not admitted, or withdrawn.
    """
    case = _case(room, records, plan)
    decide(case).enforce()
    share = share_of(case)
    if room.outlet.protection.name != plan.compiled.plan.protection:
        raise Refusal(
            Code.PROTECTION_NOT_ALLOWED,
            f"This room has no protection {plan.compiled.plan.protection}.",
            "Agree on an amendment that allows the protection that the room has.",
        )
    versions = data.admitted(records, plan.asked.contract, plan.sections)
    run = run_name(room.identity, plan.asked.question.contract, plan.price.plan_digest, versions)
    return Cleared(plan, versions, run, share)


def _case(room: Room, records: Records, plan: Planned) -> Case:
    question, contract, name = plan.asked.question, plan.asked.contract, plan.price.plan_digest
    return Case(
        contract=contract,
        state=contracts.find(records, question.contract).state,
        compiled=plan.compiled,
        plan_digest=name,
        asked_by=question.asked_by,
        receivers=plan.receivers,
        today=day(room.clock.now()),
        approvals=approvals.decisions(records, InForce(question.contract, contract), name),
        automatic=automatic(contract, question),
        paused=pauses.pausing(records, contract).missing,
    )
