"""The owner's own look at what a room asks for: the same pure functions, on what was signed, and on what the owner itself knows.

A room that lies about contract, question, price, approvals or data gets no signature and no data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.adapters.home.decisions import Decisions
from stillroom.adapters.home.membership import see_contract
from stillroom.crypto.envelope import open_envelope, unverified_payload
from stillroom.crypto.keys import PublicKey
from stillroom.errors import Code, Refusal
from stillroom.ledger.account import Share
from stillroom.model.codec import digest_of
from stillroom.model.question import Question
from stillroom.model.record import ContractState
from stillroom.policy.automatic import automatic
from stillroom.policy.case import Case
from stillroom.policy.contracts import section_digest
from stillroom.policy.decide import decide, share_of
from stillroom.query.compile import compile_question
from stillroom.room import approvals, contracts, data
from stillroom.room.signed import decode, open_signed
from stillroom.room.statement import CONTRACT_TYPE, QUESTION_TYPE
from stillroom.room.times import day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.adapters.home import Home
    from stillroom.model.contract import Contract
    from stillroom.model.errand import ShownGrounds
    from stillroom.model.price import Compiled
    from stillroom.policy.approval import ApprovalStatement


@dataclass(frozen=True, slots=True)
class Examined:
    """What grounds come to, by the owner's own reckoning.

    Attributes:
        contract: The contract, signed by all its parties, this owner among them.
        compiled: The plan and its charge.
        plan_digest: The plan's name.
        share: What it has to be a part of, where the contract alone approves it, and not the owners' signatures.
    """

    contract: Contract
    compiled: Compiled
    plan_digest: str
    share: Share | None


def examine(home: Home, grounds: ShownGrounds, now: float) -> Examined:
    """Work out anew what a room asks for, and whether every rule allows it.

    Args:
        home: The owner's home.
        grounds: What the room shows.
        now: The time, in seconds since 1970, by the owner's clock.

    Raises:
        InvalidInput: The contract or the question is malformed.
        Refusal: A rule says no; `CONTRACT_REPLACED` for a contract older than one that was seen; `KEY_MISMATCH` if the contract gives this
            party another key; `DATA_NOT_ADMITTED` if the owner's own data are at another version, or admitted under another section.
        Unverified: A signature is missing or does not hold.
    """
    contract = _contract(home, grounds.contract.encode())
    question = _question(contract, grounds.question.encode())
    compiled = compile_question(contract, question)
    name = digest_of(compiled.plan)
    case = Case(
        contract=contract,
        state=ContractState.ACTIVE,
        compiled=compiled,
        plan_digest=name,
        asked_by=question.asked_by,
        receivers=approvals.receivers_of(contract),
        today=day(now),
        approvals=_decisions(home, contract, name, grounds),
        automatic=automatic(contract, question),
    )
    decide(case).enforce()
    _check_data(home, contract, compiled, grounds.versions)
    relied = share_of(case)
    share = None if relied is None else Share(spender=f"{contract.name}: {relied.spender}", cap=relied.total)
    return Examined(contract, compiled, name, share)


def _contract(home: Home, envelope: bytes) -> Contract:
    """Return a contract that every party has signed, this one with this home's key, and that no later one has replaced."""
    contract = contracts.read(envelope)
    open_envelope(envelope, CONTRACT_TYPE, {party.name: PublicKey.parse(party.key) for party in contract.parties})
    mine = contract.party(home.party)
    if mine is None or mine.key != home.signing_key.public.text:
        raise Refusal(Code.KEY_MISMATCH, "The contract does not name this party by the key of its home.", "Use the home that has signed.")
    see_contract(home.path, contract)
    return contract


def _question(contract: Contract, envelope: bytes) -> Question:
    """Return a question that the party has signed that it names, under this very contract."""
    claimed = decode(unverified_payload(envelope, QUESTION_TYPE), Question)
    party = contract.party(claimed.asked_by)
    if party is None or claimed.contract != digest_of(contract):
        raise Refusal(Code.PARTY_UNKNOWN, "The question is not asked by a party of that contract, under it.", "Ask under the contract.")
    return open_signed(envelope, QUESTION_TYPE, party, Question)


def _decisions(home: Home, contract: Contract, plan: str, grounds: ShownGrounds) -> tuple[ApprovalStatement, ...]:
    """Return what parties have decided about a plan: others as the room shows it, this party as its own home knows it."""
    shown = (approvals.verified(contract, one.encode()) for one in grounds.decisions)
    others = tuple(one for one in shown if one.plan == plan and one.party != home.party)
    mine = Decisions.load(home.path).plans.get(plan)
    return others if mine is None else (*others, approvals.verified(contract, mine.encode()))


def _check_data(home: Home, contract: Contract, compiled: Compiled, versions: Mapping[str, int]) -> None:
    """Refuse a plan on other versions of this owner's data than the present ones, admitted under the contract's present sections."""
    held = {one.name: one for one in home.datasets()}
    for dataset in data.datasets_of(compiled.plan):
        if contract.datasets[dataset].owner != home.party:
            continue
        current = held[dataset].current if dataset in held else None
        if current is None or current.number != versions.get(dataset) or current.section != section_digest(contract, dataset):
            raise Refusal(
                Code.DATA_NOT_ADMITTED,
                f"{dataset} is at another version here, or admitted under another section of the contract.",
                "Ask again; the owner adds the data again if the contract has changed.",
            )
