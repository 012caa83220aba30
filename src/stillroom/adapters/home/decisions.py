"""What an owner has decided about plans, kept in its own home, so that a room cannot show an older decision for the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from stillroom.adapters.home.files import disk_errors, exclusive, read_value, replace_private
from stillroom.crypto.canonical import canonical
from stillroom.model.contract import Digest
from stillroom.model.value import Value
from stillroom.room.approvals import verified

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.contract import Contract
    from stillroom.policy.approval import ApprovalStatement

FILE = "decisions.json"


class Decisions(Value):
    """The last decision about each plan, signed.

    Attributes:
        format: The version of this format.
        plans: The envelope of the decision, by plan.
    """

    format: Literal["stillroom/decisions/v1"] = Field(default="stillroom/decisions/v1", alias="schema")
    plans: dict[Digest, str] = Field(default_factory=dict)

    @classmethod
    def load(cls, home: Path) -> Decisions:
        """Return what was decided in a home.

        Raises:
            InvalidInput: `HOME_INVALID` if the file is damaged: what was decided is not known then, and nothing is allowed.
        """
        return read_value(home / FILE, cls, "What the home has decided about plans") or cls()


def own_decision(home: Path, contract: Contract, plan: str) -> ApprovalStatement | None:
    """Return the last decision about a plan that was made in a home, by the key that its party has under the contract.

    Raises:
        InvalidInput: `HOME_INVALID`.
        Refusal: As `stillroom.room.approvals.verified`, which see for `Unverified` too.
    """
    kept = Decisions.load(home).plans.get(plan)
    return None if kept is None else verified(contract, kept.encode())


def keep_decision(home: Path, plan: str, envelope: bytes) -> None:
    """Keep a decision in place of the one before.

    Raises:
        InvalidInput: `HOME_INVALID`.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    with disk_errors("The home"), exclusive(home / "decisions.lock"):
        known = Decisions.load(home)
        after = known.model_copy(update={"plans": {**known.plans, plan: envelope.decode()}})
        replace_private(home / FILE, canonical(after.to_json()))
