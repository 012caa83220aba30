"""What owners say to plans: approve, reject, or ask for changes, by a signature over all that it binds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from stillroom.crypto.envelope import unverified_payload
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.ledger.entry import Approval
from stillroom.model.codec import decode, digest_of
from stillroom.policy.approval import APPROVAL_TYPE, ApprovalStatement
from stillroom.query.compile import compile_question
from stillroom.room import contracts, log, questions
from stillroom.room.signed import open_signed
from stillroom.room.times import entry_time

if TYPE_CHECKING:
    from stillroom.ledger.entry import Decision
    from stillroom.model.contract import Contract
    from stillroom.model.price import Compiled
    from stillroom.model.question import Question
    from stillroom.ports import Records
    from stillroom.room.contracts import InForce
    from stillroom.room.room import Room
    from stillroom.room.stages import Planned


MOST_WAITING = 50
"""So many questions of one party may wait for an owner's first word: who reviews them has to read them all."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that was put to owners.

    Attributes:
        question: As it was asked first.
        compiled: The plan, its charge and whose data it reads.
        plan_digest: The plan's name.
        decisions: The latest decision of each owner.
    """

    question: Question
    compiled: Compiled
    plan_digest: str
    decisions: tuple[ApprovalStatement, ...]

    def waits_for(self, party: str) -> bool:
        """Tell whether the plan reads data of a party that has not decided about it."""
        return party in self.compiled.readers and all(one.party != party for one in self.decisions)


@dataclass(frozen=True, slots=True)
class Put:
    """A question that was put to owners, as it was signed, with what they signed about its plan."""

    envelope: bytes
    decisions: tuple[bytes, ...]


def receivers_of(contract: Contract) -> tuple[str, ...]:
    """Return who gets releases under a contract, sorted."""
    return tuple(sorted(set(contract.receive)))


def put_to_owners(room: Room, planned: Planned) -> None:
    """Keep a signed question, so that owners can look at it and decide about its plan.

    Raises:
        Refusal: `TOO_MANY_REQUESTS` if as many questions of who asks wait as anybody would read.
    """
    question, plan = planned.asked.question, planned.price.plan_digest
    with room.store.reading() as records:
        if records.approvals.question(question.contract, plan) is not None:
            return
    with room.store.writing() as records:
        if records.approvals.question(question.contract, plan) is None:
            waiting = [questions.claimed(one).asked_by for one in records.approvals.undecided(question.contract)]
            if waiting.count(question.asked_by) >= MOST_WAITING:
                raise Refusal(
                    Code.TOO_MANY_REQUESTS,
                    f"{MOST_WAITING} questions of yours wait for an owner's first word already.",
                    "Wait until owners have decided about some of them.",
                )
        records.approvals.ask(question.contract, plan, planned.asked.envelope)


def put(room: Room) -> tuple[Put, ...]:
    """Return the questions that were put to owners under the contract in force, in the order in which they came."""
    with room.store.reading() as records:
        under = contracts.in_force(records).digest
        found = zip(records.approvals.questions(under), records.approvals.plans(under), strict=True)
        return tuple(Put(envelope, records.approvals.decisions(under, plan)) for envelope, plan in found)


def undecided(force: InForce, found: tuple[Put, ...], party: str) -> tuple[Put, ...]:
    """Return the questions about which a party has not decided. It fails as `verified`."""
    return tuple(one for one in found if all(verified(force.contract, decision).party != party for decision in one.decisions))


def read(force: InForce, one: Put) -> Pending:
    """Return what a question comes to under the contract in force, and what owners have said.

    Raises:
        Refusal: `PARTY_UNKNOWN` if the question, or a decision, names no party of the contract.
        Unverified: The question is no question, or a party that it names, or that a decision does, has not signed it.
    """
    question, compiled = _compiled(force, one.envelope)
    decided = tuple(verified(force.contract, envelope) for envelope in one.decisions)
    return Pending(question, compiled, digest_of(compiled.plan), decided)


def statement(  # noqa: PLR0913, PLR0917 - what is decided about, by whom, and how
    force: InForce, asked: Pending, party: str, decision: Decision, known: ApprovalStatement | None = None, reason: str = ""
) -> ApprovalStatement:
    """Return what a party has to sign for its next decision about a plan that was asked.

    Args:
        force: The contract in force.
        asked: What was asked, with the decisions that the room shows.
        party: Who decides.
        decision: The decision.
        known: The party's last decision about that plan as it knows itself: a room that hides it gets no second one of the same number.
        reason: Why, in the party's words.

    Raises:
        InvalidInput: `APPROVAL_INVALID` if the reason is too long, or more than a line.
    """
    before = [one for one in (*asked.decisions, *([known] if known else [])) if one.party == party]
    number = 1 + max((one.number for one in before), default=0)
    try:
        return _statement(force, asked, party=party, number=number, decision=decision, reason=reason)
    except ValidationError:
        raise InvalidInput(Code.APPROVAL_INVALID, "A reason is one line of at most 500 characters.", "Give a shorter one.") from None


def record(room: Room, envelope: bytes) -> ApprovalStatement:
    """Take an owner's signed decision; the same one again changes nothing.

    Raises:
        Refusal: `OWNER_ONLY` for a party whose data the plan does not read, `PARTY_UNKNOWN`, `APPROVAL_INVALID` for a decision about
            something else than what was asked, or one that does not follow the party's last.
        Unverified: The party has not signed it.
    """
    with room.store.writing() as records:
        force = contracts.in_force(records)
        given = verified(force.contract, envelope)
        asked = _asked(records, force, given.plan)
        if given in asked.decisions:
            return given
        _check(force, asked, given)
        records.approvals.decide(force.digest, given.plan, given.party, envelope)
        at = entry_time(room.clock, force.contract)
        kept = log.keep(records, envelope)
        log.append(room, records, Approval(at=at, plan=given.plan, party=given.party, decision=given.decision, statement=kept))
        return given


def decisions(records: Records, force: InForce, plan_digest: str) -> tuple[ApprovalStatement, ...]:
    """Return the latest decision of each party about a plan, signatures verified.

    Raises:
        Unverified: What the store has is not signed by that party.
    """
    return tuple(verified(force.contract, envelope) for envelope in records.approvals.decisions(force.digest, plan_digest))


def verified(contract: Contract, envelope: bytes) -> ApprovalStatement:
    """Return a decision that a party of a contract has signed.

    Raises:
        Refusal: `PARTY_UNKNOWN` if it names none.
        Unverified: The party has not signed it.
    """
    claimed = decode(unverified_payload(envelope, APPROVAL_TYPE), ApprovalStatement)
    party = contract.party(claimed.party)
    if party is None:
        raise Refusal(Code.PARTY_UNKNOWN, f"The contract knows no party {claimed.party}.", "Sign as one of its parties.")
    return open_signed(envelope, APPROVAL_TYPE, party, ApprovalStatement)


def _compiled(force: InForce, envelope: bytes) -> tuple[Question, Compiled]:
    question = questions.read(force.contract, envelope)
    return question, compile_question(force.contract, question)


def _asked(records: Records, force: InForce, plan_digest: str) -> Pending:
    envelope = records.approvals.question(force.digest, plan_digest)
    if envelope is None:
        raise Refusal(
            Code.APPROVAL_INVALID,
            "No such plan waits for a decision under the contract in force.",
            "Look at the list of questions that wait, and name a plan from it.",
        )
    return read(force, Put(envelope, records.approvals.decisions(force.digest, plan_digest)))


def _statement(  # noqa: PLR0913 - all that a decision binds
    force: InForce, asked: Pending, *, party: str, number: int, decision: Decision, reason: str
) -> ApprovalStatement:
    return ApprovalStatement(
        contract=force.digest,
        plan=asked.plan_digest,
        receivers=receivers_of(force.contract),
        protection=asked.compiled.plan.protection,
        charge=asked.compiled.charge,
        party=party,
        number=number,
        decision=decision,
        reason=reason,
    )


def _check(force: InForce, asked: Pending, given: ApprovalStatement) -> None:
    if given.party not in asked.compiled.readers:
        raise Refusal(
            Code.OWNER_ONLY,
            f"The plan reads no data of {given.party}.",
            f"Leave the decision to {', '.join(asked.compiled.readers)}.",
        )
    last = max((one.number for one in asked.decisions if one.party == given.party), default=0)
    expected = _statement(force, asked, party=given.party, number=given.number, decision=given.decision, reason=given.reason)
    if given.number <= last or given != expected:
        raise Refusal(
            Code.APPROVAL_INVALID,
            "The decision is about something else than what was asked, or an older one.",
            "Look at the question that waits, and decide again.",
        )
