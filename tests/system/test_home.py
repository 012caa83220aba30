"""A home keeps keys and rows: whole or not at all, for nobody else, and without what was taken back."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from stillroom.adapters.admitted import Contents
from stillroom.adapters.duckdb.admission import admit_file
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.home.manifest import State
from stillroom.adapters.home.stored_table import StoredTable, write_table
from stillroom.adapters.memory_table import MemoryTable
from stillroom.errors import Code, Failed, InvalidInput, Refusal, StillroomError
from stillroom.model.contract import CanonicalRule, Person, PrivateDataset
from stillroom.model.schema import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillroom.adapters.admitted import Admitted

SECTION, CONTRACT = "sha256:" + "a" * 64, "sha256:" + "b" * 64
PERSON = Person(column="id", canonical=(CanonicalRule.TRIM, CanonicalRule.CASEFOLD))
COLUMNS = {
    "age": Column(type=Kind.INTEGER, bounds=(0, 120)),
    "born": Column(type=Kind.DATE),
    "city": Column(type=Kind.TEXT, values=("Oslo", "Rome")),
    "note": Column(type=Kind.TEXT, max_length=10),
    "well": Column(type=Kind.BOOLEAN),
}
DATASET = PrivateDataset(owner="clinic", person=PERSON, rows_per_person=9, columns=COLUMNS)
ROWS = ["Ann,1,2000-01-01,Oslo,x,yes", "bob,2,,Rome,,no", "bob,3,,,y,", "cid,4,1999-12-31,Oslo,z,yes", "ann ,5,,Rome,w,no"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.create(tmp_path / "home", "clinic", SystemEntropy())


def admitted(home: Home, folder: Path, rows: list[str] = ROWS) -> Admitted:
    path = folder / "visits.csv"
    path.write_text("\n".join(["id,age,born,city,note,well", *rows]), encoding="utf-8")
    return admit_file(path, DATASET, home.salt("visits", SystemEntropy()))


def add(home: Home, folder: Path, rows: list[str] = ROWS) -> int:
    return home.add("visits", admitted(home, folder, rows), section=SECTION, contract=CONTRACT)


def code_of(failing: Callable[[], object]) -> Code:
    with pytest.raises(StillroomError) as caught:
        failing()
    return caught.value.code


def files(home: Home) -> list[str]:
    return sorted(str(path.relative_to(home.path / "data")) for path in (home.path / "data").rglob("*") if path.is_file())


def test_a_home_opens_again_with_the_same_key(home: Home) -> None:
    again = Home.open(home.path)
    assert again.party == "clinic"
    assert again.signing_key.public == home.signing_key.public


def test_two_homes_have_two_keys(home: Home, tmp_path: Path) -> None:
    other = Home.create(tmp_path / "other", "clinic", SystemEntropy())
    assert other.signing_key.public != home.signing_key.public
    assert (other.path / "keys" / "data.key").read_bytes() != (home.path / "keys" / "data.key").read_bytes()


def test_nobody_else_can_read_a_home(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    for name in ("keys/signing.key", "keys/data.key", "datasets.json", "home.json"):
        assert stat.S_IMODE((home.path / name).stat().st_mode) == 0o600


def test_a_home_is_made_in_an_empty_folder_only(home: Home, tmp_path: Path) -> None:
    assert code_of(lambda: Home.create(home.path, "clinic", SystemEntropy())) is Code.HOME_EXISTS
    (tmp_path / "file").touch()
    assert code_of(lambda: Home.create(tmp_path / "file", "clinic", SystemEntropy())) is Code.HOME_EXISTS
    assert code_of(lambda: Home.create(tmp_path / "new", "Not a Name", SystemEntropy())) is Code.HOME_INVALID
    assert not (tmp_path / "new").exists()
    (tmp_path / "empty").mkdir()
    assert Home.create(tmp_path / "empty", "city", SystemEntropy()).party == "city"


@pytest.mark.parametrize("name", ["keys/signing.key", "keys/data.key", "home.json", "datasets.json"])
@pytest.mark.parametrize("content", [None, b"", b"short"])
def test_a_damaged_home_is_named(home: Home, name: str, content: bytes | None) -> None:
    path = home.path / name
    path.unlink() if content is None else path.write_bytes(content)
    assert code_of(lambda: Home.open(home.path).datasets()) is Code.HOME_INVALID


def test_a_key_that_others_can_read_is_refused(home: Home) -> None:
    (home.path / "keys" / "data.key").chmod(0o640)
    assert code_of(lambda: Home.open(home.path)) is Code.HOME_INVALID


def test_what_was_added_is_what_is_read(home: Home, tmp_path: Path) -> None:
    rows = admitted(home, tmp_path)
    number = home.add("visits", rows, section=SECTION, contract=CONTRACT)
    table, memory = Home.open(home.path).table("visits", number), MemoryTable(rows)
    for columns in (["age"], ["city", "well"], ["well", "age"], list(COLUMNS), []):
        assert table.rows(columns).equals(memory.rows(columns))
    assert table.persons().equals(memory.persons())
    assert table.persons().to_pylist() == ["ann", "bob", "cid"]
    assert table.salt == memory.salt == rows.salt


def test_rows_come_sorted_with_ascending_codes(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    found = home.table("visits", 1).rows(["age"]).to_pylist()
    assert [(row["person"], row["age"]) for row in found] == [(0, 1), (0, 5), (1, 2), (1, 3), (2, 4)]


def test_a_column_that_was_never_admitted_is_refused(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    assert code_of(lambda: home.table("visits", 1).rows(["weight"])) is Code.DATA_NOT_ADMITTED


def test_nothing_on_the_disk_shows_a_value(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path, [f"Xq7zP{n},{n},,Rome,Kj9vW{n}," for n in range(50)])
    stored = b"".join((home.path / "data" / name).read_bytes() for name in files(home))
    for trace in (b"Xq7zP", b"xq7zp", b"Kj9vW", b"Rome", b"age", b"note"):
        assert trace not in stored


def test_versions_count_up_and_never_come_back(home: Home, tmp_path: Path) -> None:
    assert [add(home, tmp_path), add(home, tmp_path, ROWS[:1])] == [1, 2]
    home.withdraw("visits")
    assert add(home, tmp_path) == 3
    (holding,) = home.datasets()
    assert [version.state for version in holding.versions] == [State.SUPERSEDED, State.WITHDRAWN, State.CURRENT]
    assert files(home) == ["visits/3/persons.parquet", "visits/3/rows.parquet"]


@pytest.mark.parametrize("ending", ["withdrawn", "replaced", "without a person"])
def test_what_the_disk_still_has_of_rows_that_are_gone_cannot_be_read(home: Home, tmp_path: Path, ending: str) -> None:
    add(home, tmp_path)
    kept = shutil.copytree(home.path / "data" / "visits" / "1", tmp_path / "kept" / "visits" / "1")
    key, own = home._data_key("visits", 1), home._own_key("visits", 1).read_bytes()
    assert StoredTable(kept, key, b"s").rows().num_rows == len(ROWS)
    match ending:
        case "withdrawn":
            home.withdraw("visits")
        case "replaced":
            add(home, tmp_path)
        case _:
            home.forget("visits", PERSON, "ann")
    assert own not in b"".join(path.read_bytes() for path in home.path.rglob("*") if path.is_file())
    for left in (home._data_key("visits", 1), home._data_key("visits", 2)):
        with pytest.raises(Failed):
            StoredTable(kept, left, b"s").rows()


def test_rows_from_before_versions_had_keys_are_read(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    rows = home.table("visits", 1)
    contents = Contents(rows.rows(), rows.persons(), rows.salt)
    folder = home.path / "data" / "visits" / "1"
    write_table(folder, folder, (home.path / "keys" / "data.key").read_bytes(), contents)
    shutil.rmtree(home.path / "keys" / "versions")
    assert home.table("visits", 1).rows() == contents.rows
    assert home.forget("visits", PERSON, "ann") == 2
    assert home.table("visits", 2).rows().num_rows == len(ROWS) - 2


def test_the_key_of_a_version_is_for_nobody_else(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    own = home._own_key("visits", 1)
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    assert stat.S_IMODE(own.parent.stat().st_mode) == 0o700
    own.chmod(0o644)
    assert code_of(lambda: home.table("visits", 1)) is Code.HOME_INVALID


def test_the_secret_of_the_hashes_is_made_once(home: Home, tmp_path: Path) -> None:
    assert home.salt("visits", SystemEntropy()) != home.salt("visits", SystemEntropy())
    add(home, tmp_path)
    salt = home.salt("visits", SystemEntropy())
    home.withdraw("visits")
    add(home, tmp_path)
    assert home.salt("visits", SystemEntropy()) == home.table("visits", 2).salt == salt


def test_rows_under_another_secret_are_refused(home: Home, tmp_path: Path) -> None:
    early = admitted(home, tmp_path)
    add(home, tmp_path)
    assert code_of(lambda: home.add("visits", early, section=SECTION, contract=CONTRACT)) is Code.DATA_INVALID
    public = Contents(early.rows, early.persons, b"")
    assert code_of(lambda: home.add("visits", public, section=SECTION, contract=CONTRACT)) is Code.DATA_INVALID
    assert home.table("visits", 1).rows(["age"]).num_rows == 5


def test_withdrawn_replaced_and_unknown_versions_are_refused(home: Home, tmp_path: Path) -> None:
    assert code_of(lambda: home.table("visits", 1)) is Code.DATA_UNKNOWN
    add(home, tmp_path)
    add(home, tmp_path)
    assert {code_of(lambda n=n: home.table("visits", n)) for n in (-1, 0, 1, 3)} == {Code.DATA_UNKNOWN}  # type: ignore[misc]
    home.withdraw("visits")
    assert code_of(lambda: home.table("visits", 2)) is Code.DATA_WITHDRAWN
    assert code_of(lambda: home.withdraw("visits")) is Code.DATA_WITHDRAWN
    assert code_of(lambda: home.withdraw("other")) is Code.DATA_UNKNOWN
    assert code_of(lambda: home.forget("visits", PERSON, "bob")) is Code.DATA_WITHDRAWN


@pytest.mark.parametrize("identifier", ["ANN", " bob ", "cid", "nobody"])
def test_a_forgotten_person_is_gone_and_the_others_are_as_before(home: Home, tmp_path: Path, identifier: str) -> None:
    add(home, tmp_path)
    before = named_rows(home, 1)
    assert home.forget("visits", PERSON, identifier) == 2
    gone = identifier.strip().casefold()
    assert named_rows(home, 2) == [row for row in before if row[0] != gone]
    persons = home.table("visits", 2).persons().to_pylist()
    assert persons == [name for name in ("ann", "bob", "cid") if name != gone]
    assert set(home.table("visits", 2).rows([]).column("person").to_pylist()) == set(range(len(persons)))
    assert files(home) == ["visits/2/persons.parquet", "visits/2/rows.parquet"]
    (holding,) = home.datasets()
    assert (holding.versions[1].section, holding.versions[1].contract) == (SECTION, CONTRACT)


def named_rows(home: Home, version: int) -> list[tuple[object, ...]]:
    """Return the rows with their persons' identifiers."""
    table = home.table("visits", version)
    persons = table.persons().to_pylist()
    return [(persons[row.pop("person")], *row.values()) for row in table.rows(list(COLUMNS)).to_pylist()]


def test_an_identifier_that_names_nobody_is_refused(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    assert code_of(lambda: home.forget("visits", PERSON, "  ")) is Code.DATA_INVALID
    assert home.table("visits", 1).rows(["age"]).num_rows == 5


def test_the_last_person_can_be_forgotten(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path, ROWS[:1])
    home.forget("visits", PERSON, "ann")
    table = home.table("visits", 2)
    assert (table.rows(list(COLUMNS)).num_rows, len(table.persons())) == (0, 0)


def test_a_public_table_is_stored_alike(home: Home) -> None:
    zones = Contents(pa.table({"zip": ["1", "2"], "zone": [7, 8]}), pa.array([], pa.string()), b"")
    number = home.add("zones", zones, section=SECTION, contract=CONTRACT)
    table = home.table("zones", number)
    assert table.rows(["zone"]).to_pylist() == [{"zone": 7}, {"zone": 8}]
    assert (table.salt, len(table.persons())) == (b"", 0)
    assert code_of(lambda: home.forget("zones", PERSON, "1")) is Code.DATA_INVALID


def stored(home: Home) -> Path:
    return home.path / "data" / "visits" / "1" / "rows.parquet"


def test_no_flipped_byte_goes_unnoticed(home: Home, tmp_path: Path) -> None:
    """Every byte of the file is flipped in turn: what can be read then is still what was written."""
    add(home, tmp_path)
    whole, honest = stored(home).read_bytes(), home.table("visits", 1).rows(list(COLUMNS))
    noticed = 0
    for place in range(0, len(whole), 13):
        stored(home).write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        try:
            assert home.table("visits", 1).rows(list(COLUMNS)).equals(honest)
        except Failed as failure:
            noticed += 1
            assert failure.code is Code.STORE_FAILED  # noqa: PT017  either is right
    assert noticed > len(whole) / 13 * 0.9


@pytest.mark.parametrize("size", [0, 4, 100, -1])
def test_a_truncated_file_is_refused(home: Home, tmp_path: Path, size: int) -> None:
    add(home, tmp_path)
    stored(home).write_bytes(stored(home).read_bytes()[:size])
    assert code_of(lambda: home.table("visits", 1).rows(["age"])) is Code.STORE_FAILED


def test_a_missing_file_is_refused(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    stored(home).unlink()
    assert code_of(lambda: home.table("visits", 1).rows(["age"])) is Code.STORE_FAILED


def test_another_key_reads_nothing(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    (home.path / "keys" / "data.key").write_bytes(bytes(32))
    assert code_of(lambda: home.table("visits", 1).rows(["age"])) is Code.STORE_FAILED
    assert code_of(lambda: home.table("visits", 1).persons()) is Code.STORE_FAILED
    assert code_of(lambda: home.forget("visits", PERSON, "ann")) is Code.STORE_FAILED


def test_a_file_in_another_files_place_is_refused(home: Home, tmp_path: Path) -> None:
    """An old version cannot be passed off as the current one, nor persons as rows."""
    add(home, tmp_path)
    old, persons = stored(home).read_bytes(), stored(home).with_name("persons.parquet").read_bytes()
    add(home, tmp_path)
    current = home.path / "data" / "visits" / "2" / "rows.parquet"
    for content in (old, persons):
        current.write_bytes(content)
        assert code_of(lambda: home.table("visits", 2).rows([])) is Code.STORE_FAILED


def test_a_plain_file_in_its_place_is_refused(home: Home, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    add(home, tmp_path)
    pq.write_table(pa.table({"person": pa.array([0], pa.int32()), "age": [1]}), stored(home))
    assert code_of(lambda: home.table("visits", 1).rows(["age"])) is Code.STORE_FAILED


def test_leftovers_of_a_crash_are_ignored_and_removed(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    for leftover in (
        "data/.incoming/rows.parquet",
        "data/visits/2/rows.parquet",
        "data/other/1/rows.parquet",
        "data/visits/x",
        "data/x",
        "datasets.json.new",
    ):
        (home.path / leftover).parent.mkdir(parents=True, exist_ok=True)
        (home.path / leftover).write_bytes(b"half")
    assert Home.open(home.path).table("visits", 1).rows(["age"]).num_rows == 5
    assert add(home, tmp_path) == 2
    assert home.table("visits", 2).rows(["age"]).num_rows == 5
    assert files(home) == ["visits/2/persons.parquet", "visits/2/rows.parquet", "x"]


CRASH = 77
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pyarrow.parquet.encryption", "stillroom.adapters.home"])


def _add_and_crash(path: Path, contents: Contents, step: int) -> None:
    """Add a version, and die, as under kill -9, just before the given change to the home's files."""
    home, steps = Home.open(path), iter(range(10_000))

    def dying(event: str, arguments: tuple[object, ...]) -> None:
        reads = event == "open" and not int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR)
        changes = event in {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"} and not reads
        if changes and str(path) in str(arguments[0]) and next(steps) == step:
            os._exit(CRASH)

    sys.addaudithook(dying)
    home.add("visits", contents, section=SECTION, contract=CONTRACT)


def test_a_crash_leaves_the_home_as_before_or_as_after(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    contents = admitted(home, tmp_path, ROWS[:1])
    outcomes = []
    for step in range(1_000):
        child = FORKS.Process(target=_add_and_crash, args=(home.path, contents, step))
        before = home.datasets()[0].next_number
        child.start()
        child.join()
        after = home.datasets()[0].next_number
        outcomes.append((child.exitcode, after - before))
        assert home.table("visits", after - 1).rows(["age"]).num_rows == (1 if after > 2 else 5)
        if child.exitcode != CRASH:
            break
    assert outcomes.pop() == (0, 1)
    assert set(outcomes) == {(CRASH, 0), (CRASH, 1)}
    assert add(home, tmp_path) == after
    assert len(files(home)) == 2


def test_adding_at_the_same_time_makes_a_version_each(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    contents = admitted(home, tmp_path)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: Home.open(home.path).add("visits", contents, section=SECTION, contract=CONTRACT), range(8)))
    assert sorted(numbers) == list(range(2, 10))
    assert home.table("visits", 9).rows(["age"]).num_rows == 5


def test_a_list_that_cannot_be_written_changes_nothing(home: Home, tmp_path: Path) -> None:
    add(home, tmp_path)
    contents = admitted(home, tmp_path, ROWS[:1])
    (home.path / "datasets.json.new").mkdir()
    assert code_of(lambda: home.add("visits", contents, section=SECTION, contract=CONTRACT)) is Code.STORE_FAILED
    assert code_of(lambda: home.withdraw("visits")) is Code.STORE_FAILED
    assert home.table("visits", 1).rows(["age"]).num_rows == 5
    (home.path / "datasets.json.new").rmdir()
    assert add(home, tmp_path) == 2


def test_refusals_are_refusals_and_bad_arguments_are_invalid(home: Home) -> None:
    with pytest.raises(Refusal):
        home.table("visits", 1)
    with pytest.raises(InvalidInput):
        home.withdraw("visits")
