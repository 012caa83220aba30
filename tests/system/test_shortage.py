"""A room whose machine runs out of memory, time or disk: one fixed text, the charge kept, no release; and none of it for good.

Nothing is simulated: the engine, the noise, the stores and the shortages are real.
"""

from __future__ import annotations

import json
import resource
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.adapters.home import Home
from stillroom.adapters.limits import FILE
from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.errors import Code, Failed, InvalidInput
from stillroom.ledger.entry import Commit, ReleaseStored
from stillroom.model.charge import Charge
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.question import Question, Terms
from stillroom.policy.contracts import section_digest
from stillroom.protections.server import ServerProtection
from stillroom.room import contracts, data, door, extract, releases
from stillroom.room.door import Step
from stillroom.room.room import Genuine
from stillroom.room.signed import sign
from stillroom.room.stages import Released
from stillroom.room.statement import CONTRACT_TYPE, DATA_TYPE, QUESTION_TYPE, DataStatement
from stillroom.room.times import first_after
from tests.children import ask_on_disk, kill, start
from tests.rooms import OWNERS, At, FakeClock, Steps
from tests.rooms import contract as template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stillroom.ports import Progress
    from stillroom.room.room import Room

PERSONS = 700_000
QUANTUM = 0.25
MARK = "an-identifier-that-stays-at-home"
PLENTY = Charge(rho=10**14)
NOTHING = Charge(rho=0)
SUM = "SELECT COUNT(*) AS n FROM members JOIN visits ON members.id = visits.pid WHERE visits.age > 0"
DISTINCT = f"SELECT {', '.join(f'COUNT(DISTINCT code + {n}) AS n{n}' for n in range(6))} FROM visits"
"""Nearly every row has a code of its own: six times all of them do not fit in 32 MB by far, and they cannot be counted in parts."""

SMALL = {"schema": "stillroom/limits/v1", "memory_mb": 64}
SHORT = {"schema": "stillroom/limits/v1", "run_seconds": 1e-9}


def contract_of(homes: dict[str, Home]) -> Contract:
    """Return a contract under which each visit has a code."""
    document = template(quantum_seconds=QUANTUM).to_json()
    visits = document["datasets"]["visits"]
    visits["rows_per_person"] = 1
    visits["columns"]["code"] = {"type": "integer", "uses": ["measure"], "bounds": [0, 10**9], "required": True}
    for party in document["parties"]:
        party["key"] = homes[party["name"]].signing_key.public.text
    return Contract.model_validate(document, strict=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room with two owners and large data."""
    folder = tmp_path_factory.mktemp("shortage")
    bootstrap.create_room(folder / "room", "example.org/room")
    homes = {owner: bootstrap.create_home(folder / owner, owner, PLENTY) for owner in OWNERS}
    for home in homes.values():
        bootstrap.join(folder / "room", home)
    agreed = contract_of(homes)
    room = bootstrap.open_room(folder / "room")
    for home in homes.values():
        contracts.submit(room, sign(agreed, CONTRACT_TYPE, home.signing_key))
    rows = {
        "members": ("id,age\n", (f"{MARK}-{number},{number % 90}\n" for number in range(0, PERSONS, 7))),
        "visits": ("pid,age,code\n", (f"{MARK}-{number},30,{number * 1009 % 10**9}\n" for number in range(PERSONS))),
    }
    for dataset, (header, lines) in rows.items():
        file = folder / f"{dataset}.csv"
        file.write_text(header + "".join(lines), encoding="utf-8")
        home = homes[agreed.datasets[dataset].owner]
        admitted = bootstrap.admit(home, dataset, agreed.datasets[dataset], file)
        section = section_digest(agreed, dataset)
        version = home.add(dataset, admitted, section=section, contract=digest_of(agreed))
        statement = DataStatement(dataset=dataset, version=version, section=section)
        data.announce(room, sign(statement, DATA_TYPE, home.signing_key))
        file.unlink()
    return folder


CLOCK = FakeClock()
"""One clock for all that is asked; it moves when somebody waits."""


def open_with(folder: Path, limits: dict[str, object] | None = None, engine: DuckdbEngine | None = None) -> Room:
    """Open the room under some limits, or with an engine of its own."""
    path = folder / "room"
    (path / FILE).unlink(missing_ok=True)
    if limits is not None:
        (path / FILE).write_text(json.dumps(limits), encoding="utf-8")
    room = replace(bootstrap.open_room(path), clock=CLOCK)
    if engine is None:
        return room
    tables = bootstrap.RoomTables(room.store, {owner: Home.open(folder / owner) for owner in OWNERS})
    return replace(room, outlet=Genuine(ServerProtection(engine, OpendpNoise(), tables), bootstrap.room_key(path)))


def question(folder: Path, sql: str, epsilon: float) -> bytes:
    homes = {owner: Home.open(folder / owner) for owner in OWNERS}
    value = Question(contract=digest_of(contract_of(homes)), sql=sql, terms=Terms(epsilon=epsilon), asked_by="insurer")
    return sign(value, QUESTION_TYPE, homes["insurer"].signing_key)


def ask(folder: Path, room: Room, sql: str, epsilon: float, progress: Progress | None = None) -> Released:
    answer = door.ask(room, question(folder, sql, epsilon), progress or Steps())
    assert isinstance(answer, Released)
    return answer


def fails(folder: Path, room: Room, sql: str, epsilon: float, progress: Progress | None = None) -> tuple[Code, str]:
    """Ask, expect a failure that comes one quantum after the next multiple of it, and return all that it says."""
    CLOCK.moment += 0.1 * QUANTUM
    before = CLOCK.moment
    with pytest.raises(Failed) as caught:
        ask(folder, room, sql, epsilon, progress)
    assert CLOCK.moment == first_after(before, QUANTUM) + QUANTUM
    return caught.value.code, str(caught.value)


def spent(folder: Path) -> Charge:
    """Return what is spent under the contract, as the account of an owner whom every question concerns has it too."""
    tally = releases.balance(open_with(folder)).spent
    account = bootstrap.accounts_of(Home.open(folder / "hospital")).all()[0]
    assert (account.spent, account.held) == (tally, NOTHING)
    return tally


def counted(folder: Path) -> tuple[int, int]:
    """Return how many commits and how many releases the log has."""
    entries = extract.entries(open_with(folder))
    return sum(isinstance(one, Commit) for one in entries), sum(isinstance(one, ReleaseStored) for one in entries)


@contextmanager
def charged_once(folder: Path, sql: str, epsilon: float) -> Iterator[None]:
    """A question that fails is charged, and answered without another charge once the cause is gone."""
    before, (commits, stored) = spent(folder), counted(folder)
    yield
    failed = spent(folder)
    assert failed.rho > before.rho
    assert counted(folder) == (commits + 1, stored)
    assert ask(folder, open_with(folder), sql, epsilon).fresh
    assert spent(folder) == failed
    assert counted(folder) == (commits + 1, stored + 1)


@pytest.mark.parametrize(("limits", "epsilon"), [(SMALL, 0.5), (SHORT, 0.6)], ids=["memory", "time"])
def test_a_run_that_cannot_finish_is_charged_once(folder: Path, limits: dict[str, object], epsilon: float) -> None:
    with charged_once(folder, DISTINCT, epsilon):
        code, text = fails(folder, open_with(folder, limits), DISTINCT, epsilon)
        assert code is Code.RUN_FAILED
        assert text == (
            "RUN_FAILED: The run did not finish. Its charge is committed and stays so. Ask again, which resumes it without another charge."
        )
        assert fails(folder, open_with(folder, limits), DISTINCT, epsilon) == (code, text)


def test_a_small_memory_is_enough_for_sums(folder: Path) -> None:
    assert ask(folder, open_with(folder, SMALL), SUM, 0.5).fresh


def test_whether_a_run_was_made_again_does_not_show(folder: Path) -> None:
    """The engine runs out of memory on all rows at once, and takes its second way; who asks sees the same steps, at the same time."""
    seen = []
    for engine, epsilon in ((DuckdbEngine(), 0.6), (DuckdbEngine(memory_mb=32, part_rows=10**9), 0.7)):
        steps, before = Steps(), CLOCK.moment
        release = releases.read(ask(folder, open_with(folder, engine=engine), SUM, epsilon, steps).envelope)
        assert CLOCK.moment == first_after(before, QUANTUM) + QUANTUM
        seen.append((steps.heard, release.sampler, release.versions, [name for name, _ in release]))
    assert seen[0] == seen[1]


# ----------------------------------------------------------------------------------------------------------------- disk


@contextmanager
def full_disk() -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Let no file of this process grow, from the one call to the other: what a full disk does, without filling one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def free() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard)), free
    finally:
        free()


def test_a_full_disk_loses_no_charge_and_makes_no_other(folder: Path) -> None:
    with charged_once(folder, SUM, 0.8), full_disk() as (fill, _):
        code, text = fails(folder, open_with(folder), SUM, 0.8, At(Step.STORE, fill))
        assert code is Code.STORE_FAILED
        assert MARK not in text


class Between:
    """Does something when one step begins, and something else at the next of another kind."""

    def __init__(self, step: str, action: Callable[[], object], then: Callable[[], object]) -> None:
        """Name the step and the actions."""
        self._step, self._action, self._then = step, action, then

    def step(self, name: str) -> None:
        """Act."""
        (self._action if name == self._step else self._then)()


@pytest.mark.parametrize("memory", [32, 8192])
def test_measuring_writes_nothing_to_disk(folder: Path, memory: int) -> None:
    """It succeeds where no file can grow; with little memory, by its second way."""
    engine = DuckdbEngine(memory_mb=memory, part_rows=10**9)
    with full_disk() as (fill, free):
        assert ask(folder, open_with(folder, engine=engine), SUM, 1.0 + memory / 10**5, Between(Step.MEASURE, fill, free)).fresh


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.suffix != ".sqlite-journal"}


def test_killed_in_the_middle_it_leaves_no_row_behind(folder: Path, tmp_path: Path) -> None:
    open_with(folder)
    (folder / "room" / FILE).write_text(json.dumps(SMALL), encoding="utf-8")
    before, started, envelope = files(folder), tmp_path / "started", tmp_path / "question"
    envelope.write_bytes(question(folder, SUM, 0.9))
    with charged_once(folder, SUM, 0.9):
        (folder / "room" / FILE).write_text(json.dumps(SMALL), encoding="utf-8")
        child = start(ask_on_disk, str(folder / "room"), str(envelope), str(started))
        while not started.exists():
            assert child.is_alive()
            time.sleep(0.01)
        kill(child)
        assert files(folder) == before
        assert not any(MARK.encode() in path.read_bytes() for path in files(folder) if path.is_file())


# --------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"memory_mb": "64"}', '{"schema": "stillroom/limits/v1", "memory_mb": 0}', '{"schema": "stillroom/limits/v1", "swap": 1}'],
)
def test_a_room_does_not_open_under_limits_that_are_none(folder: Path, text: str) -> None:
    (folder / "room" / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        bootstrap.open_room(folder / "room")
    assert caught.value.code is Code.ROOM_INVALID
