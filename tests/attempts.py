"""Attempts to spend: what an ask does from the reservation to the commit, and nothing of what comes before or after.

All attempts are of one question, which is compiled once. Each has a plan with a name of its own, and so is a run of its own.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest_of
from stillroom.errors import StillroomError
from stillroom.query.compile import compile_question
from stillroom.room import checks, door, refusals
from tests.rooms import build, contract, reopen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Barrier
    from typing import Self

    from stillroom.model.charge import Charge
    from stillroom.model.contract import Contract
    from stillroom.room.room import Room
    from stillroom.room.stages import Cleared
    from tests.rooms import Scene

OWNER = "insurer"
QUESTION = "SELECT town, COUNT(*) AS n FROM members GROUP BY town"
EPSILON = 0.05
SPENT = "spent"
"""What comes of an attempt that is not refused."""

COUNTED_EACH = 20
"""One in so many attempts is counted if it is refused, as each ask is: that is a durable change, while a refusal alone writes nothing."""


@dataclass
class Answers:
    """How often what came of attempts.

    Attributes:
        counted: Of those that are counted if they are refused.
        others: Of all others.
    """

    counted: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` has written."""
        counted, others = json.loads(path.read_text(encoding="utf-8"))
        return cls(Counter(counted), Counter(others))

    def write(self, path: Path) -> None:
        """Write a file."""
        path.write_text(json.dumps([self.counted, self.others]), encoding="utf-8")

    def __add__(self, other: Answers) -> Answers:
        return Answers(self.counted + other.counted, self.others + other.others)


def agreed() -> Contract:
    """Return a contract under which a question about one owner's data costs rho and delta, with plenty of both."""
    town = {"type": "text", "max_length": 20, "uses": ["group"]}
    members = {"kind": "private", "owner": OWNER, "person": {"column": "id"}, "rows_per_person": 1, "columns": {"town": town}}
    return contract(
        caps={"epsilon": 100, "delta": 1e-9, "release_epsilon": 1, "selection_delta": 1e-3, "release_selection_delta": 1e-9},
        approval={"rule": "automatic", "release_epsilon": 1, "analyst_epsilon": 100},
        datasets={"members": members},
    )


def room_with_caps(folder: Path, store: str, *, under_contract: Charge, for_life: Charge) -> Scene:
    """Make a room, and give the contract's account and the owner's their caps."""
    value = agreed()
    scene = build(folder, value, caps={OWNER: for_life}, store=store)
    with scene.room.store.writing() as records:
        assert records.balances.open(value.name, under_contract)
    return scene


def cleared(scene: Scene) -> Cleared:
    """Return the question as every rule allows it."""
    asked = checks.authenticate(scene.room, scene.question(QUESTION, epsilon=EPSILON))
    plan = checks.planned(scene.room, asked, compile_question(asked.contract, asked.question))
    with scene.room.store.reading() as records:
        return checks.clear(scene.room, records, plan)


def numbered(room: Room, one: Cleared, number: int) -> Cleared:
    """Return the same with another name of the plan, and of what is run (`stillroom.room.checks.clear`)."""
    name = digest_of({"plan": number})
    names = {"room": room.identity, "contract": one.planned.asked.question.contract, "plan": name}
    price = one.planned.price.model_copy(update={"plan_digest": name})
    return replace(one, planned=replace(one.planned, price=price), run=digest_of({**names, "versions": one.versions}))


def attempt(room: Room, one: Cleared, *, counted: bool) -> str:
    """Attempt to spend, as `stillroom.room.door.ask` does it; return `SPENT`, or the code of the error, which may be counted."""
    try:
        with refusals.counted(room) if counted else nullcontext():
            door._committed(room, one, door.Silent())
    except StillroomError as error:
        return str(error.code)
    return SPENT


def attempt_all(folder: str, one: Cleared, numbers: Iterable[int], meeting: Barrier, answers: str) -> None:
    """Attempt one after the other, beginning when everybody does, and leave the answers in a file."""
    room = reopen(Path(folder), agreed()).room
    found = Answers()
    meeting.wait(300)
    for place, number in enumerate(numbers):
        counted = place % COUNTED_EACH == 0
        answer = attempt(room, numbered(room, one, number), counted=counted)
        (found.counted if counted else found.others)[answer] += 1
    found.write(Path(answers))
