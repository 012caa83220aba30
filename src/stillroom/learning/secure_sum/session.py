"""What the members of a round have to agree on before they say anything."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from stillroom.crypto.keys import PublicKey
from stillroom.learning.ring import Bits, Ring
from stillroom.model.codec import digest_of
from stillroom.model.contract import PARTIES_LIMIT, Digest, Name
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_VECTOR = 2**28
"""The most coordinates of a vector."""

FEWEST = 3
"""With two contributors, each would learn the other's vector from the sum."""


class Session(Value):
    """One secure sum. Its digest stands in each message and in what each key is derived for, so that nothing of it fits another one.

    Attributes:
        format: The version of this format.
        contract: Digest of the contract that names the members.
        run: The run of a training.
        round: Which round of it, from 0.
        members: Who may contribute, and the public key that each signs with (`ed25519:…`), as the contract says.
        length: Coordinates of the vector.
        bits: The sum is modulo 2^bits.
        fewest: The fewest contributors that a sum is opened over, and how many shares restore a secret.
        colluders: How many members may work together with the aggregator (t): the sum has at least `fewest - colluders` others in it.
    """

    format: Literal["stillroom/secure-sum/v1"] = Field(default="stillroom/secure-sum/v1", alias="schema")
    contract: Digest
    run: Annotated[str, Field(min_length=1, max_length=200)]
    round: int = Field(ge=0, lt=2**31)
    members: dict[Name, str] = Field(max_length=PARTIES_LIMIT)
    length: int = Field(ge=1, le=LONGEST_VECTOR)
    bits: Bits
    fewest: int = Field(ge=FEWEST)
    colluders: int = Field(ge=0)

    @model_validator(mode="after")
    def _one_active_set(self) -> Session:
        """Refuse thresholds with which two sets could be confirmed; from 2·fewest > n + t and fewest ≤ n follows fewest > t."""
        if self.fewest > len(self.members) or 2 * self.fewest <= len(self.members) + self.colluders:
            raise ValueError("fewest is at most the number of members, and twice as much is more than members and colluders together.")
        return self

    @model_validator(mode="after")
    def _one_key_each(self) -> Session:
        """Refuse keys that are none, or that two members share."""
        if len({PublicKey.parse(key) for key in self.members.values()}) < len(self.members):
            raise ValueError("Each member has a key of its own.")
        return self

    @cached_property
    def digest(self) -> str:
        """What names the session."""
        return digest_of(self)

    @cached_property
    def keys(self) -> Mapping[str, PublicKey]:
        """The members' keys, by name."""
        return {name: PublicKey.parse(key) for name, key in self.members.items()}

    @cached_property
    def places(self) -> Mapping[str, int]:
        """At which place of the polynomials each member has its shares: 1 … n, by name."""
        return {name: place for place, name in enumerate(sorted(self.members), start=1)}

    @property
    def ring(self) -> Ring:
        """What is computed in."""
        return Ring(self.bits)
