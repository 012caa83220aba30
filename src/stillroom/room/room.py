"""A room: what its use cases work with. Only `stillroom.bootstrap` puts one together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from stillroom.crypto.note import Checkpoint, sign_checkpoint
from stillroom.errors import Code, Unverified
from stillroom.room.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.crypto.keys import SigningKey
    from stillroom.crypto.merkle import Frontier
    from stillroom.ports import Clock, Protection, Store, Vault


@dataclass(frozen=True, slots=True)
class Genuine:
    """A protection that protects, joined with the key that signs what it measures.

    A release needs this key, and this value cannot be made with a protection whose noise does not protect.
    """

    protection: Protection
    key: SigningKey

    def __post_init__(self) -> None:
        """Refuse to join the key with anything that does not protect."""
        if not self.protection.genuine:
            raise Unverified(
                Code.RELEASE_INVALID,
                "A protection whose noise does not protect cannot sign releases.",
                "Use it for rehearsals only.",
            )


@dataclass(frozen=True, slots=True)
class Rehearsing:
    """A protection without a key: what it measures is a rehearsal, whatever its noise."""

    protection: Protection


Outlet: TypeAlias = Genuine | Rehearsing
"""What is behind the door."""


@dataclass(frozen=True, slots=True, repr=False)
class Notary:
    """Signs heads of the log, and nothing else.

    Attributes:
        origin: The log's name.
        key: The room's key.
    """

    origin: str
    key: SigningKey

    @property
    def identity(self) -> str:
        """The room's name and public key, as releases and holds state them."""
        return f"{self.origin} {self.key.public}"

    def note(self, frontier: Frontier) -> bytes:
        """Return the signed note of the log's head."""
        return sign_checkpoint(Checkpoint(self.origin, frontier.size, frontier.root), self.origin, self.key)


@dataclass(frozen=True, slots=True)
class Room:
    """A room and its surroundings.

    Attributes:
        notary: Names the room, and signs heads of its log.
        outlet: What measures and, if it protects, signs.
        store: Its records.
        vaults: The accounts of each owner that can be reached, by owner.
        clock: The time.
        waiting: Refusals that are not kept yet.
    """

    notary: Notary
    outlet: Outlet
    store: Store
    vaults: Mapping[str, Vault]
    clock: Clock
    waiting: Waiting = field(default_factory=Waiting)

    @property
    def name(self) -> str:
        """The room's name, which is also its log's origin."""
        return self.notary.origin

    @property
    def identity(self) -> str:
        """The room's name and public key, as releases and holds state them."""
        return self.notary.identity
