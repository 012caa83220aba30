"""Who may do what: the one table, from which everything that is not in it is denied."""

from __future__ import annotations

from enum import StrEnum, unique
from types import MappingProxyType
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.contract import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stillroom.model.contract import Contract, Party


@unique
class Action(StrEnum):
    """What can be done at a server. Each route is one of them."""

    SEE_ROOM = "see the room's name and key"
    CHECK_HEALTH = "see whether the server works"
    JOIN = "ask to join"
    SUBMIT_CONTRACT = "hand in a signed contract"
    READ_CONTRACT = "read the contract in force"
    READ_VERSIONS = "see which versions of datasets there are"
    ANNOUNCE_DATA = "announce a version of an own dataset"
    CHECK_QUESTION = "learn whether the room's engine can answer a question"
    ASK = "ask a question"
    READ_RUN = "see how an own run stands"
    CANCEL_RUN = "cancel an own run"
    READ_QUESTIONS = "see the questions that were put to owners"
    DECIDE = "decide about a plan that reads own data"
    READ_RELEASES = "receive releases"
    READ_BALANCE = "see what is left under the contract"
    READ_LOG = "read the log"
    COSIGN_LOG = "cosign a head of the log"
    FETCH_ERRANDS = "fetch what the room asks of the own agent"
    ANSWER_ERRAND = "answer an errand of the own agent"
    READ_TELEMETRY = "see what owners say about metrics and operational logs"
    SAY_TELEMETRY = "agree to metrics and operational logs, or end them"
    READ_METRICS = "read metrics"
    READ_PAUSE = "see whether the room is paused"
    SAY_PAUSE = "pause the room, or resume"


@unique
class Relation(StrEnum):
    """What somebody is to the room."""

    ANYBODY = "anybody"
    """Whoever reaches the server; nothing is signed."""
    KEYHOLDER = "holder of a key"
    """Signs with a key, which nobody may know."""
    MEMBER = "member"
    """The operator has confirmed the key, or the contract in force names it."""
    PARTY = "party"
    """The contract in force names the key."""
    OWNER = "owner"
    """A party with the role owner, and a dataset."""
    ANALYST = "analyst"
    """A party that the contract lets ask."""
    RECEIVER = "receiver"
    """A party that the contract lets receive."""
    OPERATOR = "operator"
    """Signs with the room's own key."""


ALLOWED: Mapping[Action, frozenset[Relation]] = MappingProxyType(
    {
        Action.SEE_ROOM: frozenset({Relation.ANYBODY}),
        Action.CHECK_HEALTH: frozenset({Relation.ANYBODY}),
        Action.JOIN: frozenset({Relation.KEYHOLDER}),
        Action.SUBMIT_CONTRACT: frozenset({Relation.MEMBER}),
        Action.READ_CONTRACT: frozenset({Relation.MEMBER}),
        Action.READ_VERSIONS: frozenset({Relation.PARTY}),
        Action.ANNOUNCE_DATA: frozenset({Relation.OWNER}),
        Action.CHECK_QUESTION: frozenset({Relation.PARTY}),
        Action.ASK: frozenset({Relation.ANALYST}),
        Action.READ_RUN: frozenset({Relation.ANALYST}),
        Action.CANCEL_RUN: frozenset({Relation.ANALYST}),
        Action.READ_QUESTIONS: frozenset({Relation.PARTY}),
        Action.DECIDE: frozenset({Relation.OWNER}),
        Action.READ_RELEASES: frozenset({Relation.RECEIVER}),
        Action.READ_BALANCE: frozenset({Relation.PARTY}),
        Action.READ_LOG: frozenset({Relation.MEMBER}),
        Action.COSIGN_LOG: frozenset({Relation.PARTY}),
        Action.FETCH_ERRANDS: frozenset({Relation.MEMBER}),
        Action.ANSWER_ERRAND: frozenset({Relation.MEMBER}),
        Action.READ_TELEMETRY: frozenset({Relation.PARTY}),
        Action.SAY_TELEMETRY: frozenset({Relation.OWNER}),
        Action.READ_METRICS: frozenset({Relation.OPERATOR}),
        Action.READ_PAUSE: frozenset({Relation.PARTY}),
        Action.SAY_PAUSE: frozenset({Relation.OWNER}),
    }
)
"""Each action, and to whom it is allowed. That an errand, a run or a release is one's own is checked where it is looked up."""


def relations(
    *, signed: bool, name: str | None, party: Party | None, contract: Contract | None, operates: bool = False
) -> frozenset[Relation]:
    """Return what somebody is to the room.

    Args:
        signed: Whether a key has signed the request.
        name: Whose key it is, if anybody's.
        party: What the contract in force says about that party.
        contract: The contract in force.
        operates: Whether that key is the room's own.
    """
    own = {Relation.OPERATOR} if operates else set[Relation]()
    return frozenset({*_relations(signed, name, party, contract), *own})


def _relations(signed: bool, name: str | None, party: Party | None, contract: Contract | None) -> Iterable[Relation]:  # noqa: FBT001
    yield Relation.ANYBODY
    if signed:
        yield Relation.KEYHOLDER
    if name is not None:
        yield Relation.MEMBER
    if party is None or contract is None:
        return
    yield Relation.PARTY
    if Role.OWNER in party.roles and any(dataset.owner == party.name for dataset in contract.datasets.values()):
        yield Relation.OWNER
    if party.name in contract.ask:
        yield Relation.ANALYST
    if party.name in contract.receive:
        yield Relation.RECEIVER


def permit(action: Action, present: frozenset[Relation]) -> None:
    """Refuse what the table does not allow.

    Raises:
        Refusal: `NOT_ALLOWED`, in the same words whatever was asked for.
    """
    if not ALLOWED[action] & present:
        raise not_allowed()


def not_allowed() -> Refusal:
    """Return what is said about anything that is not allowed, be it there or not."""
    return Refusal(Code.NOT_ALLOWED, "This is not allowed, or there is no such thing.", "The reference of the API says who may do what.")
