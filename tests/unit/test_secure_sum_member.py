"""A member's stages, one after the other, and an aggregator that conducts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stillroom.errors import Code, Refusal
from stillroom.learning.secure_sum.conduct import conduct
from stillroom.learning.secure_sum.member import Member
from stillroom.learning.secure_sum.messages import MaskedVector
from tests.secure_sums import Draws, refused, session_of, signing_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

SESSION = session_of(4, length=3)
STAGES = ("share", "mask", "confirm", "reveal")


def member(name: str, vector: Callable[[], list[int]] = lambda: [1, -2, 3]) -> Member:
    """Return a member of the session."""
    return Member(SESSION, name, signing_key(name), Draws(name), vector)


class Bending:
    """The members of the session, of whom one answers something else in a stage."""

    def __init__(self, stage: str = "", bend: Callable[[Any], Any] = lambda answer: answer) -> None:
        """Say in which stage, and what becomes of the answer."""
        self.members = {name: member(name) for name in SESSION.members}
        self._stage, self._bend = stage, bend

    def advertise(self, names: Collection[str]) -> dict[str, Any]:
        """Ask for advertisements."""
        return self._bent("advertise", {name: self.members[name].advertise() for name in names})

    def share(self, relay: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for parcels."""
        return self._bent("share", {name: self.members[name].share(given) for name, given in relay.items()})

    def mask(self, relay: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for masked vectors."""
        return self._bent("mask", {name: self.members[name].mask(given) for name, given in relay.items()})

    def confirm(self, relay: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for confirmations."""
        return self._bent("confirm", {name: self.members[name].confirm(given) for name, given in relay.items()})

    def reveal(self, relay: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for shares."""
        return self._bent("reveal", {name: self.members[name].reveal(given) for name, given in relay.items()})

    def _bent(self, stage: str, answers: dict[str, Any]) -> dict[str, Any]:
        if stage == self._stage:
            answers["ada"] = self._bend(answers["ada"])
        return answers


def test_all_that_stay_are_summed() -> None:
    total = conduct(SESSION, Bending())
    assert total.values.tolist() == [4, -8, 12]
    assert sorted(total.active.headers) == sorted(SESSION.members)


def garbled(vector: MaskedVector) -> MaskedVector:
    """Return a vector with other words than those of its header."""
    return MaskedVector(vector.header, bytes(len(vector.words)))


@pytest.mark.parametrize(
    ("stage", "bend", "summed"),
    [
        ("advertise", lambda _: b"{}", 3),
        ("share", lambda parcels: dict.fromkeys(parcels, b"{}"), 3),
        ("share", lambda _: {}, 3),
        ("mask", garbled, 3),
        ("confirm", lambda _: b"nothing", 4),
        ("reveal", lambda _: b"nothing", 4),
    ],
    ids=["keys", "parcels", "no parcels", "vector", "confirmation", "shares"],
)
def test_whoever_answers_what_does_not_fit_has_dropped_out(stage: str, bend: Callable[[Any], Any], summed: int) -> None:
    """Up to its vector it is left out of the sum; from then on its vector stays, and three others open the sum."""
    assert conduct(SESSION, Bending(stage, bend)).values.tolist() == [summed, -2 * summed, 3 * summed]


def test_a_vector_is_not_asked_for_before_it_can_be_masked() -> None:
    asked: list[str] = []

    def vector() -> list[int]:
        asked.append("ada")
        return [0, 0, 0]

    one = member("ada", vector)
    one.advertise()
    for stage in STAGES[1:]:
        with refused(Code.ROUND_INVALID, Refusal):
            getattr(one, stage)({})
    assert asked == []


def test_a_stage_is_answered_once() -> None:
    one = member("ada")
    with refused(Code.ROUND_INVALID, Refusal):
        one.share({})
    one.advertise()
    with refused(Code.ROUND_INVALID, Refusal):
        one.advertise()
