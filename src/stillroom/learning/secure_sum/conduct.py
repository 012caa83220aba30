"""A round from the aggregator's side: ask the members, stage by stage, and open the sum of those that stay."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from stillroom.errors import StillroomError
from stillroom.learning.secure_sum.aggregator import (
    CollectingAdvertisements,
    CollectingConfirmations,
    CollectingParcels,
    CollectingReveals,
    CollectingVectors,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from stillroom.learning.secure_sum.messages import MaskedVector
    from stillroom.learning.secure_sum.session import Session
    from stillroom.learning.secure_sum.unmasking import Total

Stage = TypeVar("Stage")
Answer = TypeVar("Answer")


class Members(Protocol):
    """The way to the members of a round. Each method asks several, all at once, and returns what came in time, by name."""

    def advertise(self, names: Collection[str]) -> Mapping[str, bytes]:
        """Ask for advertisements."""
        ...

    def share(self, relay: Mapping[str, Mapping[str, bytes]]) -> Mapping[str, Mapping[str, bytes]]:
        """Ask for parcels, given what is relayed to each that is asked."""
        ...

    def mask(self, relay: Mapping[str, Mapping[str, bytes]]) -> Mapping[str, MaskedVector]:
        """Ask for masked vectors, likewise."""
        ...

    def confirm(self, relay: Mapping[str, Mapping[str, bytes]]) -> Mapping[str, bytes]:
        """Ask for confirmations, likewise."""
        ...

    def reveal(self, relay: Mapping[str, Mapping[str, bytes]]) -> Mapping[str, bytes]:
        """Ask for shares, likewise."""
        ...


def conduct(session: Session, members: Members) -> Total:
    """Conduct a round. Whoever does not answer in time, or answers what does not fit, has dropped out.

    Raises:
        Refusal: `ROUND_ABORTED` if too few stay; nothing is opened then.
        Unverified: `ROUND_INVALID` if shares restore something else than what was advertised.
    """
    first = CollectingAdvertisements(session)
    keys = _with(first, CollectingAdvertisements.take, members.advertise(session.members)).close()
    parcels = _with(keys.stage, CollectingParcels.take, members.share(dict.fromkeys(keys.relay, keys.relay))).close()
    vectors = _with(parcels.stage, CollectingVectors.take, members.mask(parcels.relay)).close()
    asked = dict.fromkeys(vectors.relay, vectors.relay)
    confirmations = _with(vectors.stage, CollectingConfirmations.take, members.confirm(asked)).close()
    asked = dict.fromkeys(confirmations.relay, confirmations.relay)
    return _with(confirmations.stage, CollectingReveals.take, members.reveal(asked)).close()


def _with(stage: Stage, take: Callable[[Stage, str, Answer], Stage], answers: Mapping[str, Answer]) -> Stage:
    """Return a stage with those answers that fit."""
    for sender in sorted(answers):
        with suppress(StillroomError):
            stage = take(stage, sender, answers[sender])
    return stage
