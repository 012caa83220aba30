"""The audit's questions through the signed door: fifty releases of each, each on a fresh version of the data, of two neighbours in turn.

Every release is another one, charged to everybody, of the version that it names, and verified by whoever receives it every tenth time.
What it shows has the distribution of what the audit draws in process (`test_empirical_audit.py`), about which everything else is proved.
Each question is asked of one of the two kinds of neighbours of the audit in turn, in about a minute of one core for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
from scipy.stats import fisher_exact

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.client.verification import verify
from stillroom.crypto.envelope import open_envelope
from stillroom.model.contract import Role
from stillroom.model.release import PAYLOAD_TYPE, Release
from stillroom.protections.server import ServerProtection
from stillroom.room.data import datasets_of
from stillroom.room.room import Genuine
from tests.auditing import ALLOWED, QUICK, Audited, Kind, shown
from tests.fakes import OneByOne
from tests.published import files
from tests.rooms import KEYS, OWNERS, Scene, build, reopen
from tests.world import ENGINE, World, contract

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from stillroom.model.contract import Contract
    from stillroom.ports import AdmittedTable

REPEATS = 50
DRAWN = 200
"""Twice so many releases of each side are drawn in process."""

EPSILON = 1.0
"""What each release is asked for."""

PLENTY = 100
"""The largest ε that a contract may have; fifty releases do not spend it."""


class Sides(OneByOne):
    """The tables of a room: of one neighbour in odd versions, of the other in even ones."""

    def __init__(self, sides: tuple[World, World]) -> None:
        """Take the neighbours' tables."""
        self._sides = sides

    def open(self, dataset: str, version: int) -> AdmittedTable:
        """Return a table."""
        return self._sides[version % 2][dataset].stored


def spendable(plain: Contract) -> Contract:
    """Return a contract of the corpus for parties whose keys the tests have, with caps that fifty releases do not reach."""
    roles = (Role.OWNER, Role.ANALYST, Role.RECEIVER)
    parties = [one.model_copy(update={"key": KEYS[one.name].public.text, "roles": roles}) for one in plain.parties]
    caps = plain.caps.model_copy(update={"epsilon": PLENTY})
    approval = plain.approval.model_copy(update={"analyst_epsilon": PLENTY})
    return plain.model_copy(update={"parties": tuple(parties), "caps": caps, "approval": approval})


def scene_of(asked: Audited, kind: Kind, folder: Path) -> Scene:
    """Return a room in which the question can be asked of both neighbours."""
    under = spendable(contract(asked.entry.variant))
    build(folder, under)
    protection = ServerProtection(ENGINE, OpendpNoise(), Sides(asked.worst_worlds(kind)))
    return reopen(folder, under, outlet=Genuine(protection, KEYS["room"]))


def repeat(scene: Scene, asked: Audited, version: int) -> Release:
    """Ask once, on a version of its own; every tenth time whoever receives the release verifies it."""
    if version > 1:
        for dataset in datasets_of(asked.plan):
            scene.announce(dataset, version)
    terms = asked.entry.terms.model_dump(exclude_none=True, exclude={"epsilon"})
    answer = scene.ask(asked.entry.sql, epsilon=asked.entry.terms.epsilon or 0, **terms)
    if version % 10 == 0:
        received = files(scene, answer.envelope)
        assert verify(received.release, received.contract, received.log).accepted
    return Release.model_validate_json(open_envelope(answer.envelope, PAYLOAD_TYPE, {"room": KEYS["room"].public}))


def total(seen: object) -> float:
    """Return the sum of all numbers that a release shows."""
    match seen:
        case float():
            return seen
        case dict():
            return sum(map(total, seen.values()))
        case list():
            return sum(map(total, seen))
        case _:
            return 0.0


@dataclass(frozen=True)
class Drawn:
    """What was drawn in process, of one side.

    Attributes:
        ranked: By what the middle is found.
        others: Further draws, which are in the middle as often as releases are.
    """

    ranked: Sequence[float]
    others: Sequence[float]

    @classmethod
    def of(cls, release: Callable[[], object]) -> Drawn:
        """Draw."""
        return cls(*([total(release()) for _ in range(DRAWN)] for _ in range(2)))

    def in_the_middle(self, value: float) -> bool:
        """Tell whether a value stands in the middle half; where several are equal, in the middle of them."""
        less, same = sum(one < value for one in self.ranked), sum(one == value for one in self.ranked)
        return DRAWN <= 4 * (less + same / 2) <= 3 * DRAWN


@pytest.mark.parametrize(("name", "kind"), list(zip(QUICK, cycle(Kind))), ids=QUICK)
def test_fifty_releases_through_the_signed_door(name: str, kind: Kind, tmp_path: Path) -> None:
    """False alarm: 1e-6 over all questions. Power: no noise, or one noise for all releases, puts all or none in the middle."""
    known = Audited.of(name, QUICK[name])
    asked = Audited.asked(known.entry, epsilon=EPSILON, pure=known.entry.terms.pure)
    scene = scene_of(asked, kind, tmp_path)
    found = [repeat(scene, asked, version) for version in range(1, REPEATS + 1)]
    assert [set(one.versions.values()) for one in found] == [{version} for version in range(1, REPEATS + 1)]
    assert len({one.reservation for one in found}) == REPEATS
    assert {(one.plan_digest, one.promise, one.noise) for one in found} == {(found[0].plan_digest, found[0].promise, found[0].noise)}
    spent = REPEATS * asked.entry.compiled.charge.rho
    assert scene.spent().rho == scene.replayed().spent.rho == spent
    charged = {part.owner for part in asked.plan.parts}
    assert {owner: scene.account(owner).spent.rho for owner in OWNERS} == {owner: spent * (owner in charged) for owner in OWNERS}
    released = [[total(shown(one.table)) for one in found[side::2]] for side in (0, 1)]
    sides = [Drawn.of(release) for release in map(asked.release, reversed(asked.worst(kind)))]
    tested = [sum(map(side.in_the_middle, of_side)) for side, of_side in zip(sides, released, strict=True)]
    expected = [sum(map(side.in_the_middle, side.others)) for side in sides]
    counts = [[sum(tested), REPEATS - sum(tested)], [sum(expected), 2 * DRAWN - sum(expected)]]
    assert fisher_exact(counts).pvalue > ALLOWED / len(QUICK)
