"""How far an ask has come through the door: each stage can only be made from the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.contract import Contract
    from stillroom.model.price import Compiled, Price
    from stillroom.model.question import Question
    from stillroom.model.record import Commitment
    from stillroom.model.release import Table
    from stillroom.policy.automatic import Automatic


@dataclass(frozen=True, slots=True)
class Asked:
    """A question whose asker is known.

    Attributes:
        question: The question; `question.contract` names the contract.
        envelope: The question as its asker signed it.
        contract: What it is asked under.
    """

    question: Question
    envelope: bytes
    contract: Contract


@dataclass(frozen=True, slots=True)
class Planned:
    """A question that is compiled and priced.

    Attributes:
        asked: The question.
        compiled: Its plan and charge.
        price: What it costs and guarantees; `price.plan_digest` names the plan.
        receivers: Who would get the release.
        sections: The digest of the contract's section of each dataset that is read.
    """

    asked: Asked
    compiled: Compiled
    price: Price
    receivers: tuple[str, ...]
    sections: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cleared:
    """A plan that every rule allows, on data that is admitted.

    Attributes:
        planned: The plan.
        versions: Version of each dataset that it reads.
        run: Digest of what would be run.
        share: The approval of the contract's own that it relies on, if it does.
    """

    planned: Planned
    versions: Mapping[str, int]
    run: str
    share: Automatic | None = None


def run_name(room: str, contract: str, plan: str, versions: Mapping[str, int]) -> str:
    """Return the name of what would be run: the digest of the room, the contract, the plan and the versions of the data that it reads."""
    return digest_of({"room": room, "contract": contract, "plan": plan, "versions": dict(versions)})


@dataclass(frozen=True, slots=True)
class Committed:
    """A run whose charge is spent, durably. Only now may anything be measured.

    Attributes:
        cleared: What is run.
        reservation: What accounts and log know it by.
        commitment: The commit.
    """

    cleared: Cleared
    reservation: str
    commitment: Commitment


@dataclass(frozen=True, slots=True)
class Released:
    """What a receiver gets: a signed release that is stored and logged.

    Attributes:
        reservation: What accounts and log know it by.
        envelope: The signed release.
        fresh: Whether this ask measured it; otherwise it was there, and nothing was charged.
    """

    reservation: str
    envelope: bytes
    fresh: bool


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What noise that does not protect yields: a table that nobody signs, stores, logs or accepts as a release.

    Attributes:
        plan_digest: The plan's name.
        table: The table.
    """

    plan_digest: str
    table: Table
