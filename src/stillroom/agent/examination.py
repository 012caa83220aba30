"""The owner's own look at what a room asks for: the same pure functions, on what was signed, and on what the owner itself knows.

A room that lies about contract, question, price, approvals or data gets no signature and no data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.adapters.home.decisions import own_decision
from stillroom.adapters.home.in_force import contract_in_force
from stillroom.adapters.home.pauses import Pauses
from stillroom.errors import Code, Refusal
from stillroom.ledger.account import Purpose, Share
from stillroom.model.codec import digest_of
from stillroom.model.record import ContractState
from stillroom.policy.allowance import contract_allowance
from stillroom.policy.automatic import automatic
from stillroom.policy.case import Case
from stillroom.policy.contracts import section_digest
from stillroom.policy.decide import decide, share_of
from stillroom.query.compile import compile_question
from stillroom.room import approvals, data, questions
from stillroom.room.stages import run_name
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
        purpose: What a charge for it pays for, and the shares that it is a part of.
    """

    contract: Contract
    compiled: Compiled
    plan_digest: str
    purpose: Purpose


def examine(home: Home, room: str, grounds: ShownGrounds, now: float) -> Examined:
    """Work out anew what a room asks for, and whether every rule allows it.

    Args:
        home: The owner's home.
        room: The room's identity.
        grounds: What the room shows.
        now: The time, in seconds since 1970, by the owner's clock.

    Raises:
        InvalidInput: The contract or the question is malformed.
        Refusal: A rule says no; `CONTRACT_REPLACED` for a contract older than one that was seen; `KEY_MISMATCH` if the contract gives this
            party or the room another key; `DATA_NOT_ADMITTED` if the owner's own data are at another version, or admitted under another
            section.
        Unverified: A signature is missing or does not hold.
    """
    contract = contract_in_force(home, grounds.contract.encode())
    question = questions.read(contract, grounds.question.encode())
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
        paused=(home.party,) if room in Pauses.load(home.path).rooms else (),
    )
    decide(case).enforce()
    _check_data(home, contract, compiled, grounds.versions)
    run = run_name(room, question.contract, name, grounds.versions)
    return Examined(contract, compiled, name, Purpose(run=run, contract=_contract_share(room, contract), analyst=_analyst_share(case)))


def _contract_share(room: str, contract: Contract) -> Share:
    """Return what may be used under a contract in a room, and all its amendments, whatever the room's own count says."""
    return Share(spender=f"{contract.name} in {room}", cap=contract_allowance(contract.caps))


def _analyst_share(case: Case) -> Share | None:
    """Return what a run has to be a part of, where the contract alone approves it, and not the owners' signatures."""
    relied = share_of(case)
    return None if relied is None else Share(spender=f"{case.contract.name}: {relied.spender}", cap=relied.total)


def _decisions(home: Home, contract: Contract, plan: str, grounds: ShownGrounds) -> tuple[ApprovalStatement, ...]:
    """Return what parties have decided about a plan: others as the room shows it, this party as its own home knows it."""
    shown = (approvals.verified(contract, one.encode()) for one in grounds.decisions)
    others = tuple(one for one in shown if one.plan == plan and one.party != home.party)
    mine = own_decision(home.path, contract, plan)
    return others if mine is None else (*others, mine)


def _check_data(home: Home, contract: Contract, compiled: Compiled, versions: Mapping[str, int]) -> None:
    """Refuse a plan on other versions of this owner's data than the present ones, admitted under the contract's present sections.

    Versions are those of the datasets that the plan reads, and of no others: so what is paid for has one name.
    """
    held = {one.name: one for one in home.datasets()}
    read = set(data.datasets_of(compiled.plan))
    if set(versions) != read:
        raise Refusal(Code.DATA_NOT_ADMITTED, "The room names versions of other datasets than the plan reads.", "Ask its operator.")
    for dataset in sorted(read):
        if contract.datasets[dataset].owner != home.party:
            continue
        current = held[dataset].current if dataset in held else None
        if current is None or current.number != versions.get(dataset) or current.section != section_digest(contract, dataset):
            raise Refusal(
                Code.DATA_NOT_ADMITTED,
                f"{dataset} is at another version here, or admitted under another section of the contract.",
                "Ask again; the owner adds the data again if the contract has changed.",
            )
