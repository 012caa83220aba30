"""The ledger under load: many processes spend from one contract's account and one owner's, which have room for few of them.

A store in a file is kept in memory, and the server does not sync, since no power is cut here: what is looked at is who is let in.
"""

from __future__ import annotations

import os
from functools import reduce
from operator import add
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from stillroom.errors import Code
from stillroom.ledger.account import HELD_LIMIT, Standing
from stillroom.ledger.entry import Refused
from stillroom.model.charge import Charge
from stillroom.model.record import RunState
from stillroom.room import extract
from stillroom.room.refusals import BATCH
from tests.attempts import EPSILON, OWNER, QUESTION, SPENT, Answers, agreed, attempt_all, cleared, room_with_caps
from tests.children import FORKS, start
from tests.rooms import charge

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from tests.rooms import Scene
    from tests.servers import Server

PROCESSES = 16
MEMORY = "/dev/shm"  # noqa: S108 - a folder of our own is made in it
FITTING = HELD_LIMIT - 2 * PROCESSES
"""How many holds stand in the end: fewer than may, with those that stand in between, since no account is told here what was committed."""

REFUSALS = {Code.CONTRACT_CAP_EXCEEDED, Code.ACCOUNT_NOT_ENOUGH}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where the system has such."""
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else tmp_path) as made:
        yield Path(made)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, folder: Path) -> str:
    """A place where a store may be made; a server does not log statements."""
    if request.param == "sqlite":
        return str(folder / "room.sqlite")
    server: Server = request.getfixturevalue("database_server")
    url = server.database()
    server.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET log_statement = none")
    return url


def times(number: int, one: Charge) -> Charge:
    return Charge(rho=number * one.rho, delta=number * one.delta)


def attempted(folder: Path, scene: Scene, attempts: int) -> Answers:
    """Let all processes attempt to spend, and return all answers."""
    meeting, one = FORKS.Barrier(PROCESSES), cleared(scene)
    files = [folder / f"answers-{number}" for number in range(PROCESSES)]
    children = [
        start(attempt_all, str(folder), one, range(number, attempts, PROCESSES), meeting, str(file)) for number, file in enumerate(files)
    ]
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * PROCESSES
    return reduce(add, map(Answers.read, files))


@pytest.mark.parametrize(
    ("attempts", "room_for"), [(10_000, 60), pytest.param(100_000, FITTING, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_no_more_is_spent_than_there_is_and_no_less(folder: Path, place: str, attempts: int, room_for: int) -> None:
    """The contract's account is short of delta, the owner's of rho: both have room for as many, and all but one unit for one more."""
    price = charge(QUESTION, agreed(), EPSILON)
    assert price.delta
    fitting, plenty = times(room_for, price), times(room_for + 10, price)
    under_contract = Charge(rho=plenty.rho, delta=fitting.delta + price.delta - 1)
    for_life = Charge(rho=fitting.rho + price.rho - 1, delta=plenty.delta)
    scene = room_with_caps(folder, place, under_contract=under_contract, for_life=for_life)
    before = len(extract.entries(scene.room))

    answers = attempted(folder, scene, attempts)

    counts = answers.counted + answers.others
    assert counts.total() == attempts
    assert counts.keys() <= {SPENT, *REFUSALS}
    assert counts[SPENT] == room_for
    assert_all_ledgers_say(scene, room_for, price)
    assert_refusals_are_logged_in_batches(scene, before + 2 * room_for, answers.counted)


def assert_all_ledgers_say(scene: Scene, room_for: int, price: Charge) -> None:
    """The contract's account, the owner's, the reservations and the log agree on what is spent."""
    spent = times(room_for, price)
    with scene.room.store.reading() as records:
        tally = records.balances.tally(scene.contract.name)
        unsettled = records.runs.unsettled()
    account = scene.account(OWNER)
    assert tally.spent == account.held == spent
    assert tally.spent.fits(tally.cap)
    assert (account.held + account.spent).fits(account.cap)
    assert sum(booking.standing is Standing.HELD for booking in account.bookings) == room_for
    assert [run.state for run in unsettled] == [RunState.COMMITTED] * room_for
    assert len({run.commitment.index for run in unsettled if run.commitment}) == room_for
    state = scene.replayed()
    assert state.spent == spent
    assert sum(run.commit is not None for run in state.runs.values()) == len(state.runs) == room_for


def assert_refusals_are_logged_in_batches(scene: Scene, others: int, counted: Counter[str]) -> None:
    """Of the log's entries, each batch of refusals is one; what does not fill one waits."""
    entries = extract.entries(scene.room)
    refused = sum(counted[code] for code in REFUSALS)
    batches = [one for one in entries if isinstance(one, Refused)]
    assert [sum(count.count for count in one.counts) for one in batches] == [BATCH] * (refused // BATCH)
    assert len(entries) == others + refused // BATCH
    with scene.room.store.reading() as records:
        assert sum(records.counters.refusals().values()) == refused % BATCH
