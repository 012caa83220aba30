"""Data that stay where they lie: read and admitted in every run, by the same rules, and nothing of the place leaves the home."""

from __future__ import annotations

import json
import shutil
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillroom import bootstrap
from stillroom.adapters.home.manifest import State
from stillroom.cli.main import _code
from stillroom.client.session import open_room
from stillroom.errors import Code, Failed, InvalidInput, StillroomError
from stillroom.model.charge import Charge
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.policy.contracts import section_digest
from stillroom.room import contracts, extract
from stillroom.room.signed import sign
from stillroom.room.statement import CONTRACT_TYPE
from tests.children import ask, attach, start
from tests.rooms import OWNERS
from tests.rooms import contract as template
from tests.servers import PASSWORD, free_port, postgresql

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

    from stillroom.adapters.home import Home
    from stillroom.client.result import Release

SECRET = "s3cr3t-0f-0wn3r"  # noqa: S105 - of nobody

PLACE = "whereTheyLie"
"""Stands in the path of what is attached; nothing that another party reads may show it."""

VISITS = pa.table({"pid": ["p1", "P2", "p2", "p2", "p2", "p3", None], "age": [30, 31, 32, 33, 34, 120, 5], "note": ["x"] * 7})
MEMBERS = pa.table({"id": [f"p{number}" for number in range(500)], "age": [number % 90 for number in range(500)]})


class Study:
    """A room of two owners whose data can be attached."""

    def __init__(self, folder: Path) -> None:
        """Make the room and its homes, and sign the contract."""
        self.folder = folder
        bootstrap.create_room(folder / "room", "example.org/room")
        self.homes = {owner: bootstrap.create_home(folder / owner, owner, Charge(rho=10**14)) for owner in OWNERS}
        for home in self.homes.values():
            bootstrap.join(folder / "room", home)
        document = template(quantum_seconds=0.01).to_json()
        for party in document["parties"]:
            party["key"] = self.homes[party["name"]].signing_key.public.text
        document["datasets"]["visits"]["person"]["canonical"] = ["casefold"]
        self.contract = Contract.model_validate(document, strict=False)
        self.submit(self.contract)
        (folder / PLACE).mkdir()
        self.visits = folder / PLACE / "visits.parquet"
        pq.write_table(VISITS, self.visits)
        pq.write_table(MEMBERS, folder / "members.parquet")

    def submit(self, contract: Contract) -> None:
        """Let everybody sign a contract."""
        room = bootstrap.open_room(self.folder / "room")
        for home in self.homes.values():
            contracts.submit(room, sign(contract, CONTRACT_TYPE, home.signing_key))

    def attach(self, source: str | Path | None = None) -> int:
        """Attach the visits, and return their version."""
        return open_room(self.folder / "hospital").attach_data("visits", source or self.visits).version

    def ask(self, *, wanted: str = "COUNT(*)") -> Release:
        """Ask about visits."""
        return open_room(self.folder / "insurer").ask(f"SELECT {wanted} AS n FROM visits", epsilon=1.0)

    def read(self, version: int) -> list[tuple[str, int | None]]:
        """Return what a run would read: persons and ages."""
        room = bootstrap.open_room(self.folder / "room")
        table = bootstrap.RoomTables(room.store, self.homes).open({"visits": version})["visits"]
        persons = table.persons().to_pylist()
        return sorted((persons[row["person"]], row["age"]) for row in table.rows(["age"]).to_pylist())

    def spent(self) -> int:
        """Return what the hospital's account has spent."""
        (account,) = bootstrap.accounts_of(self.homes["hospital"]).all()
        return account.spent.rho + account.held.rho


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def refused(failing: Callable[[], object]) -> StillroomError:
    """Do what must fail, and check that the place does not show."""
    with pytest.raises(StillroomError) as caught:
        failing()
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    return caught.value


def files(home: Home) -> list[str]:
    return [path.name for path in (home.path / "data").rglob("*") if path.is_file()]


def test_attached_data_are_read_by_every_run_and_copied_by_none(study: Study) -> None:
    added = open_room(study.folder / "hospital").attach_data("visits", study.visits)
    assert (added.version, added.report.rows_read, added.report.rows_admitted) == (1, 7, 5)
    assert (added.report.without_person, added.report.beyond_limit) == (1, 1)
    assert files(study.homes["hospital"]) == []
    assert study.ask().charged
    assert files(study.homes["hospital"]) == []
    found = study.read(1)
    assert [(person, age) for person, age in found if person != "p2"] == [("p1", 30), ("p3", 99)]
    assert len([age for person, age in found if person == "p2"]) == 3


def test_a_copy_and_an_attached_source_are_admitted_alike(study: Study) -> None:
    """The salt is the dataset's own, so that the same rows of a person are kept."""
    study.attach()
    attached = study.read(1)
    open_room(study.folder / "hospital").add_data("visits", study.visits)
    assert study.read(2) == attached
    assert files(study.homes["hospital"]) != []
    assert study.attach() == 3
    assert files(study.homes["hospital"]) == []
    assert study.read(3) == attached
    states = [version.state for version in study.homes["hospital"].datasets()[0].versions]
    assert states == [State.SUPERSEDED, State.SUPERSEDED, State.CURRENT]


def test_bounds_are_enforced_in_each_run_on_what_is_there_then(study: Study) -> None:
    study.attach()
    pq.write_table(pa.table({"pid": ["new"] * 50 + ["p1"], "age": [*range(80, 130), None]}), study.visits)
    found = study.read(1)
    assert {person for person, _ in found} == {"new"}
    assert len(found) == 3
    assert all(age is not None and 80 <= age <= 99 for _, age in found)


def test_the_same_question_on_the_same_version_has_one_answer_whatever_the_source_becomes(study: Study) -> None:
    study.attach()
    first, spent = study.ask(), study.spent()
    pq.write_table(VISITS.slice(0, 1), study.visits)
    again = study.ask()
    assert again.envelope == first.envelope
    assert (again.charged, study.spent()) == (False, spent)
    study.visits.unlink()
    assert study.ask().envelope == first.envelope
    pq.write_table(VISITS, study.visits)
    assert study.attach() == 2
    assert study.ask().charged
    assert study.spent() > spent


CHANGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "a folder of something else": lambda path: (path.rename(path.with_name("x")), shutil.copytree(path.parents[1] / "room", path)),
    "CSV": lambda path: path.write_text("pid,age\np1,1\n"),
    "a column less": lambda path: pq.write_table(VISITS.drop_columns("age"), path),
    "a column of another type": lambda path: pq.write_table(VISITS.set_column(1, "age", pa.array([[1]] * 7)), path),
    "damaged": lambda path: path.write_bytes(path.read_bytes()[:200]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_source_that_cannot_be_read_fails_the_run_with_the_fixed_text_and_the_charge_is_kept(study: Study, change: str) -> None:
    study.attach()
    CHANGES[change](study.visits)
    error = refused(study.ask)
    fixed = "The run did not finish. Its charge is committed and stays so.", "Ask again, which resumes it without another charge."
    assert (error.code, error.reason, error.fix) == (Code.RUN_FAILED, *fixed)
    assert PLACE not in "".join(traceback.format_exception(error))
    spent = study.spent()
    assert spent > 0
    shutil.rmtree(study.visits, ignore_errors=True)
    pq.write_table(VISITS, study.visits)
    assert study.ask().charged
    assert study.spent() == spent


def test_a_source_without_rows_is_a_table_without_rows(study: Study) -> None:
    """Others must not see whether the only person of a source is in it."""
    study.attach()
    pq.write_table(VISITS.slice(0, 0), study.visits)
    assert study.read(1) == []
    assert study.ask().charged
    pq.write_table(VISITS.slice(6, 1), study.visits)
    assert study.read(1) == []
    pq.write_table(VISITS.slice(0, 1).set_column(1, "age", pa.nulls(1)), study.visits)
    assert study.read(1) == []
    assert study.ask(wanted="SUM(age)").charged


def test_nothing_of_the_place_leaves_the_home(study: Study) -> None:
    study.attach()
    study.ask()
    room = bootstrap.open_room(study.folder / "room")
    kept = b"".join(path.read_bytes() for path in (study.folder / "room").rglob("*") if path.is_file())
    others = b"".join(path.read_bytes() for path in (study.folder / "insurer").rglob("*") if path.is_file())
    said = json.dumps([one.to_json() for one in extract.entries(room)]) + study.ask().envelope.decode()
    assert PLACE.encode() not in kept + others
    assert PLACE not in said
    assert "attached" not in said
    assert [line.state for line in open_room(study.folder / "insurer").data()] == ["none yet", "there"]
    assert [line.state for line in open_room(study.folder / "hospital").data()] == ["none yet", "attached"]
    listed = study.homes["hospital"].path / "datasets.json"
    assert PLACE in listed.read_text(encoding="utf-8")
    assert listed.stat().st_mode & 0o077 == 0
    assert PLACE not in repr(study.homes["hospital"].datasets())


def test_a_forgotten_person_is_left_out_of_every_run(study: Study) -> None:
    study.attach()
    before = study.read(1)
    assert open_room(study.folder / "hospital").forget("P2") == {"visits": 2}
    assert study.read(2) == [row for row in before if row[0] != "p2"]
    assert open_room(study.folder / "hospital").forget("p1") == {"visits": 3}
    assert study.read(3) == [("p3", 99)]
    pq.write_table(pa.concat_tables([VISITS, VISITS.set_column(0, "pid", pa.array(["p2"] * 7))]), study.visits)
    assert study.read(3) == [("p3", 99)]
    listed = (study.homes["hospital"].path / "datasets.json").read_text(encoding="utf-8")
    assert '"p1"' not in listed.casefold()
    assert '"p2"' not in listed.casefold()
    assert refused(lambda: study.homes["hospital"].table("visits", 3)).code is Code.DATA_UNKNOWN
    assert study.attach() == 4
    assert {person for person, _ in study.read(4)} == {"p1", "p2", "p3"}


def test_withdrawn_data_are_read_no_more_and_the_place_is_forgotten(study: Study) -> None:
    study.attach()
    open_room(study.folder / "hospital").withdraw_data("visits")
    assert refused(study.ask).code is Code.DATA_WITHDRAWN
    assert refused(lambda: study.homes["hospital"].attachment("visits", 1)).code is Code.DATA_WITHDRAWN
    assert PLACE not in (study.homes["hospital"].path / "datasets.json").read_text(encoding="utf-8")
    assert study.attach() == 2
    assert study.ask().charged


def test_an_amended_section_asks_for_the_data_to_be_attached_again(study: Study) -> None:
    study.attach()
    visits = study.contract.datasets["visits"].model_copy(update={"rows_per_person": 1})
    update = {"version": 2, "amends": digest_of(study.contract), "datasets": {**study.contract.datasets, "visits": visits}}
    after = study.contract.model_copy(update=update)
    study.submit(after)
    assert refused(study.ask).code is Code.DATA_NOT_ADMITTED
    assert study.attach() == 2
    assert study.homes["hospital"].datasets()[0].versions[-1].section == section_digest(after, "visits")
    assert [person for person, _ in study.read(2)] == ["p1", "p2", "p3"]


def test_what_cannot_be_attached_is_refused_and_changes_nothing(study: Study) -> None:
    csv = study.folder / "visits.csv"
    csv.write_text("pid,age\np1,1\n", encoding="utf-8")
    session = open_room(study.folder / "hospital")
    assert refused(lambda: session.attach_data("visits", csv)).code is Code.SOURCE_INVALID
    url = "postgresql://owner:pa55'w%5Cord%20%40%3A%2F%25@127.0.0.1/postgres?table=visits"
    assert refused(lambda: session.attach_data("visits", url)).code is Code.SOURCE_INVALID
    assert refused(lambda: session.attach_data("visits", study.folder / "none")).code is Code.DATA_INVALID
    assert refused(lambda: session.attach_data("visits", "ftp://host/x")).code is Code.SOURCE_INVALID
    assert refused(lambda: session.attach_data("members", study.visits)).code is Code.OWNER_ONLY
    pq.write_table(VISITS.slice(0, 0), study.visits)
    assert refused(lambda: session.attach_data("visits", study.visits)).code is Code.DATA_INVALID
    assert study.homes["hospital"].datasets() == ()


def test_attached_and_copied_data_are_joined(study: Study) -> None:
    study.attach()
    open_room(study.folder / "insurer").add_data("members", study.folder / "members.parquet")
    sql = "SELECT COUNT(*) AS n FROM members JOIN visits ON members.id = visits.pid"
    assert open_room(study.folder / "insurer").ask(sql, epsilon=1.0).charged


def test_two_processes_attach_two_versions_and_get_one_release(study: Study) -> None:
    study.attach()
    attaching = [start(attach, str(study.folder / "hospital"), "visits", str(study.visits)) for _ in range(2)]
    assert [ended(child) for child in attaching] == [0, 0]
    (holding,) = study.homes["hospital"].datasets()
    assert [version.number for version in holding.versions] == [1, 2, 3]
    assert len(study.read(3)) == 5
    asking = [start(ask, str(study.folder / "insurer"), "SELECT COUNT(*) AS n FROM visits") for _ in range(2)]
    assert [ended(child) for child in asking] == [0, 0]
    kinds = [one.kind for one in extract.entries(bootstrap.open_room(study.folder / "room"))]
    assert (kinds.count("commit"), kinds.count("release_stored")) == (1, 1)


def ended(child: BaseProcess) -> int | None:
    """Wait for a child and return its exit code."""
    child.join(120)
    return child.exitcode


def test_a_postgresql_table_and_a_duckdb_table_are_attached(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    study.attach()
    expected = study.read(1)
    path = study.folder / PLACE / "clinic.duckdb"
    with duckdb.connect(path) as connection:
        connection.register("given", VISITS)
        connection.execute("CREATE TABLE visits AS SELECT * FROM given")
    assert study.attach(f"duckdb://{path}?table=visits") == 2
    assert study.read(2) == expected
    with postgresql() as server:
        server.ingest("visits", VISITS)
        assert study.attach(server.url("visits")) == 3
        assert study.read(3) == expected
        assert study.ask().charged
        server.execute("DELETE FROM visits WHERE pid = 'p1'")
        assert study.read(3) == [row for row in expected if row[0] != "p1"]
        monkeypatch.setenv("PGPASSWORD", "wrong")
        assert refused(lambda: study.ask(wanted="SUM(age)")).code is Code.RUN_FAILED
    listed = (study.homes["hospital"].path / "datasets.json").read_text(encoding="utf-8")
    assert PASSWORD not in json.loads(listed)["datasets"]["visits"]["versions"][-1]["source"]


def test_what_is_typed_is_not_repeated(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(study.folder / "hospital")
    url = f"postgresql://owner:{SECRET}@127.0.0.1:{free_port()}/postgres?table=visits"
    assert _code(["data", "add", "visits", url, "--home", home]) == Failed.exit_code
    assert _code(["data", "add", "visits", url, "--home", home, "--json"]) == Failed.exit_code
    assert _code(["data", "attach", "visits", url, "--home", home]) == InvalidInput.exit_code
    assert _code(["data", "attach", "visits", url.replace("table", "tabel"), "--home", home]) == InvalidInput.exit_code
    said = capsys.readouterr()
    assert Code.SOURCE_UNAVAILABLE in said.err + said.out
    assert SECRET not in said.err + said.out
    assert _code(["data", "attach", "visits", str(study.visits), "--home", home, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 1
    kept = b"".join(path.read_bytes() for path in study.folder.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept


def test_an_old_list_of_versions_is_read_as_before(study: Study) -> None:
    """Homes that never attached anything have the list that they always had."""
    open_room(study.folder / "hospital").add_data("visits", study.visits)
    listed: dict[str, Any] = json.loads((study.homes["hospital"].path / "datasets.json").read_bytes())
    assert set(listed["datasets"]["visits"]["versions"][0]) == {"number", "section", "contract", "state"}
