"""What an owner is shown before its account holds a charge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Grounds:
    """Enough to work out plan, charge and permission anew, by whoever does not take the room's word for them.

    Attributes:
        contract: The contract with all its signatures.
        question: The question, signed by the party that asks.
        decisions: What owners have signed about the plan.
        versions: The version of each dataset that would be read.
    """

    contract: bytes
    question: bytes
    decisions: tuple[bytes, ...]
    versions: Mapping[str, int]
