"""Rounds of a secure sum for tests: random bytes that can be drawn again, members with keys, and a walk through all stages."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, StillroomError, Unverified
from stillroom.learning.secure_sum.aggregator import CollectingAdvertisements
from stillroom.learning.secure_sum.contributor import begin
from stillroom.learning.secure_sum.messages import sign
from stillroom.learning.secure_sum.session import Session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from stillroom.learning.secure_sum.aggregator import (
        CollectingConfirmations,
        CollectingParcels,
        CollectingReveals,
        CollectingVectors,
    )
    from stillroom.learning.secure_sum.contributor import Advertised, Confirmed, Masked, Shared
    from stillroom.learning.secure_sum.messages import MaskedVector, Message
    from stillroom.learning.secure_sum.unmasking import Total

CONTRACT = "sha256:" + "c0" * 32
NAMES = ("ada", "bea", "cleo", "dora", "edda", "fay", "gus", "hal")
STAGES = ("advertise", "share", "mask", "confirm", "reveal")


class Draws:
    """An Entropy whose bytes a name decides, so that they can be drawn again. It does not protect.

    Attributes:
        sizes: How many bytes were asked for, each time.
    """

    def __init__(self, name: str) -> None:
        """Begin with the first bytes of a name."""
        self._name = name
        self.sizes: list[int] = []

    def token(self, size: int) -> bytes:
        """Return the next bytes."""
        self.sizes.append(size)
        return hashlib.shake_256(f"{self._name}/{len(self.sizes)}".encode()).digest(size)


def signing_key(name: str) -> SigningKey:
    """Return the key that a member signs with."""
    return SigningKey.from_seed(hashlib.sha256(name.encode()).digest())


def session_of(count: int = 4, *, fewest: int = 3, colluders: int = 1, length: int = 5, **others: Any) -> Session:  # noqa: ANN401 - fields
    """Return a session of the first members by name."""
    keys = {name: signing_key(name).public.text for name in NAMES[:count]}
    fields: dict[str, Any] = {"contract": CONTRACT, "run": "run-1", "round": 0, "bits": 64, "members": keys, **others}
    return Session(fewest=fewest, colluders=colluders, length=length, **fields)


@dataclass
class Round:
    """A round, walked through stage by stage by an aggregator that keeps to the protocol.

    Attributes:
        session: The session.
        lost: Who leaves before it answers in a stage, by stage.
        states: What each member has last become.
        relayed: What was relayed to each member, by stage.
        sent: What each member has sent, by stage.
    """

    session: Session
    vectors: Mapping[str, Sequence[int]]
    lost: Mapping[str, Collection[str]] = field(default_factory=dict)
    label: str = ""
    draws: dict[str, Draws] = field(default_factory=dict)
    sent: dict[str, dict[str, Any]] = field(default_factory=lambda: {stage: {} for stage in STAGES})
    relayed: dict[str, Any] = field(default_factory=dict)
    advertised: dict[str, Advertised] = field(default_factory=dict)
    shared: dict[str, Shared] = field(default_factory=dict)
    masked: dict[str, Masked] = field(default_factory=dict)
    confirmed: dict[str, Confirmed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give each member random bytes of its own."""
        self.draws = {name: Draws(f"{self.label}{name}") for name in self.session.members}

    def run(self) -> Total:
        """Walk through all stages."""
        return self.reveals(self.confirmations(self.vectors_taken(self.parcels(self.advertisements())))).close()

    def stays(self, name: str, stage: str) -> bool:
        """Tell whether a member answers in a stage."""
        return not any(name in self.lost.get(earlier, ()) for earlier in STAGES[: STAGES.index(stage) + 1])

    def advertisements(self) -> CollectingParcels:
        """Walk through stage 0."""
        stage = CollectingAdvertisements(self.session)
        for name in self.session.members:
            if self.stays(name, "advertise"):
                self.advertised[name], message = begin(self.session, name, signing_key(name), self.draws[name])
                self.sent["advertise"][name] = message
                stage = stage.take(name, message)
        closed = stage.close()
        self.relayed["advertise"] = closed.relay
        return closed.stage

    def parcels(self, stage: CollectingParcels) -> CollectingVectors:
        """Walk through stage 1."""
        for name, state in self.advertised.items():
            if self.stays(name, "share"):
                self.shared[name], messages = state.share(self.relayed["advertise"], self.draws[name])
                self.sent["share"][name] = messages
                stage = stage.take(name, messages)
        closed = stage.close()
        self.relayed["share"] = closed.relay
        return closed.stage

    def vectors_taken(self, stage: CollectingVectors) -> CollectingConfirmations:
        """Walk through stage 2."""
        for name, state in self.shared.items():
            if self.stays(name, "mask"):
                self.masked[name], vector = state.mask(self.relayed["share"][name], self.vectors[name])
                self.sent["mask"][name] = vector
                stage = stage.take(name, vector)
        closed = stage.close()
        self.relayed["mask"] = closed.relay
        return closed.stage

    def confirmations(self, stage: CollectingConfirmations) -> CollectingReveals:
        """Walk through stage 3."""
        for name, state in self.masked.items():
            if self.stays(name, "confirm"):
                self.confirmed[name], message = state.confirm(self.relayed["mask"])
                self.sent["confirm"][name] = message
                stage = stage.take(name, message)
        closed = stage.close()
        self.relayed["confirm"] = closed.relay
        return closed.stage

    def reveals(self, stage: CollectingReveals) -> CollectingReveals:
        """Walk through stage 4."""
        for name, state in self.confirmed.items():
            if self.stays(name, "reveal"):
                message = state.reveal(self.relayed["confirm"])
                self.sent["reveal"][name] = message
                stage = stage.take(name, message)
        return stage

    def words(self, name: str) -> MaskedVector:
        """Return the masked vector of a member."""
        vector: MaskedVector = self.sent["mask"][name]
        return vector


def until(stage: str, session: Session | None = None, *, label: str = "", vectors: Mapping[str, Sequence[int]] | None = None) -> Round:
    """Return a round in which a stage is over, and nobody was lost."""
    session = session or session_of()
    given = vectors or {name: [place] * session.length for place, name in enumerate(session.members)}
    played = Round(session, given, label=label)
    state: Any = played.advertisements()
    for name, step in (
        ("share", played.parcels),
        ("mask", played.vectors_taken),
        ("confirm", played.confirmations),
        ("reveal", played.reveals),
    ):
        if STAGES.index(stage) >= STAGES.index(name):
            state = step(state)
    return played


@contextmanager
def refused(code: Code = Code.ROUND_INVALID, kind: type[StillroomError] = Unverified) -> Iterator[None]:
    """Expect a refusal."""
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.code == code


def forged(message: Message, signer: str, **changes: Any) -> bytes:  # noqa: ANN401 - fields
    """Return a message with other fields, signed by somebody."""
    return sign(message.model_copy(update=changes), signing_key(signer))


def at_masking(vectors: dict[str, list[int]] | None = None) -> tuple[Round, Any]:
    """Return a round in which all have shared, and the stage that takes vectors."""
    session = session_of()
    played = Round(session, vectors or dict.fromkeys(session.members, [0] * 5))
    return played, played.parcels(played.advertisements())


def headers_without(played: Round, name: str) -> dict[str, bytes]:
    """Return what a server relays that hides a vector."""
    return {other: header for other, header in played.relayed["mask"].items() if other != name}
