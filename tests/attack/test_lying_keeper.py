"""What a server keeps between runs opens to nobody but a run that is paid for, and nothing else can be put in its place."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillroom.adapters.home.copies import copies, read_copy
from stillroom.adapters.home.stored_table import FILES
from stillroom.adapters.remote.kept import Kept
from stillroom.adapters.remote.pieces import PERSONS, Opening, PiecedTable, Version, pieces_of, unpacked
from stillroom.adapters.remote.seal import RunKey
from stillroom.adapters.remote.tables import about
from stillroom.errors import Code, Failed, StillroomError
from stillroom.model import errand
from tests.keepers import COSTS, WARDS, Keeper, keeper_of, keeping
from tests.parties import PARTIES, VISITS
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stillroom.model.plan import Plan
    from stillroom.model.reading import Reading

WARD, COST = "row.ward", "row.cost"
SHARED = {"persons", "row.person"}


@pytest.fixture(scope="module")
def settled_keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    """One server for all tests."""
    with serving(tmp_path_factory.mktemp("keeper")) as served:
        settle(served, datasets=keeping("visits"))
        yield keeper_of(served)


@pytest.fixture
def keeper(settled_keeper: Keeper) -> Keeper:
    """That server, with the next version of the data, of which nothing is kept."""
    settled_keeper.scene.served.add("visits", VISITS)
    settled_keeper.kept.sweep()
    assert (settled_keeper.pieces(), copies(settled_keeper.home.path)) == ([], ())
    settled_keeper.porter.most = 1_000
    settled_keeper.porter.brought.clear()
    return settled_keeper


def place(keeper: Keeper) -> Path:
    """Return where the present version's pieces are."""
    (found,) = (keeper.folder / "clinic" / "visits").glob("*")
    return found


def test_what_a_run_has_read_is_kept_and_the_next_one_is_handed_keys_alone(keeper: Keeper) -> None:
    assert keeper.run() == {*SHARED, WARD}
    assert keeper.run() == set()
    assert keeper.run(WARDS, 0.2) == set()
    assert keeper.run(COSTS) == {COST}
    assert sorted(file.name for file in place(keeper).iterdir()) == sorted({*SHARED, WARD, COST})
    assert list(keeper.porter.incoming.iterdir()) == []


def handed(keeper: Keeper, sql: str) -> tuple[bytes, dict[str, Opening]]:
    """Return what a run of a question is handed."""
    keeper.run(sql)
    task, _ = keeper.direct.done[-1]
    assert isinstance(task, errand.Bring)
    key = RunKey()
    reply = keeper.scene.do(task.model_copy(update={"key": key.public, "held": pieces_of(task.columns)}))
    assert reply.sealed is not None
    context = about("1" * 32, task.reservation, "visits", task.grounds.versions["visits"])
    return unpacked(key.open(reply.sealed, context), pieces_of(task.columns))


def test_a_run_is_handed_the_keys_of_the_columns_that_it_reads_and_a_server_at_rest_has_none(keeper: Keeper) -> None:
    keeper.run(COSTS)
    salt, openings = handed(keeper, WARDS)
    assert set(openings) == {*SHARED, WARD}
    version = Version(keeper.direct.room, "visits", int(place(keeper).name))
    files = {file.name: file for file in place(keeper).iterdir()}
    for one in openings.values():
        table = PiecedTable(version, files, {**openings, COST: one}, salt)
        assert table.rows(["ward"]).num_rows
        with pytest.raises(Failed):
            table.rows(["cost"])
    known = read_copy(keeper.home.path, "visits", version.number)
    assert known is not None
    never = [known.secret.encode(), bytes.fromhex(known.secret), salt, *(one.key for one in openings.values())]
    for file in (keeper.scene.served.folder / "room").rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert not any(word in content for word in (b"person17", b"person39", b"person49", *never)), file


def flipped(file: Path, at: int) -> None:
    """Change one bit."""
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


LIES: dict[str, Callable[[Path, Path], object]] = {
    "a bit of the first column": lambda here, _: flipped(here / WARD, 40),
    "a bit at the end": lambda here, _: flipped(here / WARD, -1),
    "a bit of the identifiers": lambda here, _: flipped(here / PERSONS, 60),
    "another column": lambda here, _: shutil.copyfile(here / COST, here / WARD),
    "a piece of an older version": lambda here, old: shutil.copyfile(old / WARD, here / WARD),
    "all of an older version": lambda here, old: shutil.copytree(old, here, dirs_exist_ok=True),
    "a part": lambda here, _: (here / WARD).write_bytes((here / WARD).read_bytes()[:-100]),
    "nothing": lambda here, _: (here / WARD).write_bytes(b""),
}


def test_anything_else_in_the_place_of_what_was_brought_is_found_before_anything_is_read(keeper: Keeper, tmp_path: Path) -> None:
    keeper.run()
    shutil.copytree(place(keeper), tmp_path / "old")
    keeper.scene.served.add("visits", VISITS.replace(",a\n", ",b\n"))
    keeper.run()
    keeper.run(COSTS)
    run = keeper.committed(WARDS)
    here, whole = place(keeper), keeper.pieces()
    for name, lie in LIES.items():
        lie(here, tmp_path / "old")
        with pytest.raises(Failed) as caught, keeper.opened(*run):
            pytest.fail(f"{name} was opened")
        assert caught.value.code is Code.STORE_FAILED
        while keeper.pieces() != whole:
            with suppress(Failed), keeper.opened(*run):
                pass


def asked_again(keeper: Keeper) -> errand.Reply:
    """Have the server ask once more for what its last run was handed."""
    task = next(task for task, _ in reversed(keeper.direct.done) if isinstance(task, errand.Bring))
    return keeper.scene.do(task.model_copy(update={"held": pieces_of(task.columns)}))


def test_after_a_withdrawal_nothing_is_kept_and_nothing_opens_what_somebody_has_copied(keeper: Keeper) -> None:
    keeper.run()
    assert asked_again(keeper).sealed is not None
    keeper.scene.served.session("clinic").withdraw_data("visits")
    assert (keeper.pieces(), copies(keeper.home.path)) == ([], ())
    assert asked_again(keeper) == errand.Reply(refusal=Code.DATA_NOT_ADMITTED)
    with pytest.raises(StillroomError) as caught:
        keeper.run(WARDS, 0.3)
    assert caught.value.code is Code.DATA_WITHDRAWN


def test_a_person_who_is_forgotten_is_in_nothing_that_opens(keeper: Keeper) -> None:
    keeper.run()
    before = copies(keeper.home.path)
    keeper.scene.served.session("clinic").forget("person17")
    assert (keeper.pieces(), copies(keeper.home.path)) == ([], ())
    assert asked_again(keeper) == errand.Reply(refusal=Code.DATA_NOT_ADMITTED)
    assert keeper.run() == {*SHARED, WARD}
    assert copies(keeper.home.path) == (("visits", before[0][1] + 1),)


def test_after_the_last_day_neither_side_keeps_anything(keeper: Keeper) -> None:
    keeper.run()
    now, over = keeper.scene.clock.moment, 4_102_444_800.0  # 2100-01-01
    keeper.clock.moment = over
    keeper.kept.sweep()
    keeper.clock.moment = now
    assert keeper.pieces() == []
    keeper.scene.clock.moment = over
    assert asked_again(keeper) == errand.Reply(refusal=Code.CONTRACT_EXPIRED)
    assert keeper.scene.agent.wipe_ended() == ("visits",)
    keeper.scene.clock.moment = now
    assert copies(keeper.home.path) == ()


def test_an_owner_that_pauses_hands_out_no_key(keeper: Keeper) -> None:
    keeper.run()
    first, second = (keeper.scene.served.session(party).pause for party in PARTIES)
    first.begin()
    assert asked_again(keeper) == errand.Reply(refusal=Code.ROOM_PAUSED)
    for one in (first, second):
        one.resume()
    assert keeper.run() == set()


def test_what_is_brought_in_part_is_not_kept_and_the_next_run_works(keeper: Keeper) -> None:
    keeper.porter.most = 2
    with pytest.raises(Failed):
        keeper.run()
    assert (keeper.pieces(), copies(keeper.home.path)) == ([], ())
    assert list(keeper.porter.incoming.iterdir()) == list(keeper.home.path.glob(".bring-*")) == []
    keeper.porter.most = 1_000
    keeper.porter.brought.clear()
    assert keeper.run() == {*SHARED, WARD}


def test_so_much_of_an_owner_is_kept_and_the_rest_is_brought_for_each_run(keeper: Keeper) -> None:
    keeper.run()
    size = sum(file.stat().st_size for file in place(keeper).iterdir())
    kept = Kept(keeper.scene.room.store, keeper.clock, keeper.folder, size)
    small = replace(keeper, kept=kept)
    for _ in range(2):
        assert small.run(COSTS) == {COST}
        assert small.run() == set()


def test_runs_at_the_same_time_have_a_table_brought_once(keeper: Keeper) -> None:
    runs = [keeper.committed(WARDS, epsilon) for epsilon in (0.1, 0.2, 0.3)]

    def opened(run: tuple[Plan, Reading]) -> int:
        with keeper.opened(*run) as table:
            return table.extent()[0]

    with ThreadPoolExecutor(len(runs)) as pool:
        assert len(set(pool.map(opened, runs))) == 1
    assert sorted(name for name, _ in keeper.porter.brought) == sorted({*SHARED, WARD})


def test_attached_data_are_brought_for_each_run_and_not_kept(keeper: Keeper, tmp_path: Path) -> None:
    file = tmp_path / "visits.parquet"
    pq.write_table(pa.table({"pid": ["person1", "person2"], "cost": [1.5, 2.5], "ward": ["a", "b"]}), file)
    keeper.scene.served.session("clinic").attach_data("visits", file)
    run = keeper.committed(WARDS)
    for _ in range(2):
        with keeper.opened(*run) as table:
            assert table.rows(["ward"]).num_rows == 2
        assert keeper.porter.names() == set(FILES)
    assert (keeper.pieces(), copies(keeper.home.path)) == ([], ())
