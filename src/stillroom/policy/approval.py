"""What a party says to a plan, over all that it must bind."""

from __future__ import annotations

import operator
from typing import Annotated, Literal

from pydantic import Field

from stillroom.ledger.entry import Decision
from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

APPROVAL_TYPE = "application/vnd.stillroom.approval.v1+json"
"""DSSE payload type of a signed decision."""


Reason = Annotated[str, Field(max_length=500, pattern=r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$")]
"""A line of text, without characters that end it or turn it around."""


class ApprovalStatement(Value):
    """A party's decision about a plan; signed, it counts for exactly what it names.

    Attributes:
        format: The version of this format.
        contract: Digest of the contract; an amendment has another one, so old decisions end with it.
        plan: Digest of the plan.
        receivers: Who may have the release.
        protection: How exact cells are protected.
        charge: What the plan costs each account.
        party: Who decides.
        number: 1, then one more with each decision of this party about this plan, so that an older one cannot be played again.
        decision: What it says.
        reason: Why, in the party's words, for the others; it changes nothing.
    """

    format: Literal["stillroom/approval/v1"] = Field(default="stillroom/approval/v1", alias="schema")
    contract: Digest
    plan: Digest
    receivers: tuple[Name, ...]
    protection: Literal["server"]
    charge: Charge
    party: Name
    number: int = Field(ge=1, le=2**53 - 1)
    decision: Decision
    reason: Reason = Field(default="", exclude_if=operator.not_)
