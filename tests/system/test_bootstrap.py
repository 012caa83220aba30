"""Rooms and homes in folders, with the real engine and the real noise."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.bootstrap.announcing import announce_late
from stillroom.client.rooms import engine_of
from stillroom.client.session import make_home, open_room
from stillroom.client.verification.verifier import verify
from stillroom.errors import Code, StillroomError
from stillroom.model.charge import Charge
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.question import Question, Terms
from stillroom.model.record import DataRecord
from stillroom.policy.contracts import section_digest
from stillroom.room import contracts, door, extract
from stillroom.room.room import Genuine
from stillroom.room.signed import sign
from stillroom.room.stages import Released
from stillroom.room.statement import CONTRACT_TYPE, QUESTION_TYPE
from tests.rooms import OWNERS, SQL, Steps
from tests.rooms import contract as template

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.adapters.home.manifest import Holding
    from stillroom.room.room import Room

FILES = {"members": "id,age\n" + "".join(f"p{number},{number % 90}\n" for number in range(500)), "visits": "pid,age\np1,30\np2,31\np2,32\n"}
PLENTY = Charge(rho=10**14)


@pytest.fixture
def homes(tmp_path: Path) -> dict[str, Home]:
    """A room and two homes that have joined it."""
    bootstrap.create_room(tmp_path / "room", "example.org/room")
    found = {owner: bootstrap.create_home(tmp_path / owner, owner, PLENTY) for owner in OWNERS}
    for home in found.values():
        bootstrap.join(tmp_path / "room", home)
    return found


def contract_of(homes: dict[str, Home]) -> Contract:
    document = template(quantum_seconds=0.01).to_json()
    for party in document["parties"]:
        party["key"] = homes[party["name"]].signing_key.public.text
    return Contract.model_validate(document, strict=False)


def signed_room(folder: Path, homes: dict[str, Home]) -> Room:
    """Open the room with a contract that both have signed."""
    room = bootstrap.open_room(folder / "room")
    for home in homes.values():
        contracts.submit(room, sign(contract_of(homes), CONTRACT_TYPE, home.signing_key))
    return room


def add(folder: Path, homes: dict[str, Home], dataset: str) -> int:
    """Store a dataset in its owner's home, and say nothing to the room."""
    contract = contract_of(homes)
    declared = contract.datasets[dataset]
    (folder / f"{dataset}.csv").write_text(FILES[dataset], encoding="utf-8")
    admitted = bootstrap.admit(homes[declared.owner], dataset, declared, folder / f"{dataset}.csv")
    return homes[declared.owner].add(dataset, admitted, section=section_digest(contract, dataset), contract=digest_of(contract))


def question(homes: dict[str, Home]) -> bytes:
    value = Question(contract=digest_of(contract_of(homes)), sql=SQL, terms=Terms(epsilon=1.0), asked_by="insurer")
    return sign(value, QUESTION_TYPE, homes["insurer"].signing_key)


def ask(room: Room, envelope: bytes) -> Released:
    answer = door.ask(room, envelope, Steps())
    assert isinstance(answer, Released)
    return answer


def code_of(failing: Callable[[], object]) -> Code:
    with pytest.raises(StillroomError) as caught:
        failing()
    return caught.value.code


def test_a_release_passes_every_step_of_the_verifier(tmp_path: Path, homes: dict[str, Home]) -> None:
    signed_room(tmp_path, homes)
    for dataset in FILES:
        add(tmp_path, homes, dataset)
    room, asked = bootstrap.open_room(tmp_path / "room"), question(homes)
    assert isinstance(room.outlet, Genuine)
    answer = ask(room, asked)
    with room.store.reading() as records:
        active = records.contracts.active()
    assert active is not None
    key = bootstrap.read_plate(tmp_path / "room").key
    report = verify(answer.envelope, active.envelope, extract.whole_log(room), key)
    assert [(step.number, step.outcome, step.detail) for step in report.steps if step.outcome != "passed"] == []
    commit = next(index for index, one in enumerate(extract.entries(room)) if one.kind == "commit")
    beside = verify(answer.envelope, active.envelope, extract.proof(room, [commit, commit + 1]), key)
    assert not any(step.outcome == "failed" for step in beside.steps)
    assert ask(room, asked).envelope == answer.envelope


def test_what_a_home_holds_and_the_room_has_not_heard_of_is_announced(tmp_path: Path, homes: dict[str, Home]) -> None:
    signed_room(tmp_path, homes)

    def known() -> dict[str, tuple[int, bool]]:
        with bootstrap.open_room(tmp_path / "room").store.reading() as records:
            return {record.dataset: (record.version, record.withdrawn) for record in records.versions.all()}

    assert known() == {}
    add(tmp_path, homes, "visits")
    assert known() == known() == {"visits": (1, False)}
    add(tmp_path, homes, "visits")
    add(tmp_path, homes, "visits")
    homes["hospital"].withdraw("visits")
    assert known() == known() == {"visits": (3, True)}


def test_a_home_that_is_away_is_left_out(tmp_path: Path, homes: dict[str, Home]) -> None:
    signed_room(tmp_path, homes)
    for dataset in FILES:
        add(tmp_path, homes, dataset)
    bootstrap.open_room(tmp_path / "room")
    asked = question(homes)
    (tmp_path / "hospital").rename(tmp_path / "elsewhere")
    room = bootstrap.open_room(tmp_path / "room")
    assert set(room.vaults) == {"insurer"}
    assert code_of(lambda: ask(room, asked)) is Code.HOME_INVALID
    bootstrap.create_home(tmp_path / "hospital", "hospital", PLENTY)
    assert code_of(lambda: ask(bootstrap.open_room(tmp_path / "room"), asked)) is Code.SIGNATURE_MISSING
    (tmp_path / "hospital").rename(tmp_path / "impostor")
    (tmp_path / "elsewhere").rename(tmp_path / "hospital")
    room = bootstrap.open_room(tmp_path / "room")
    assert ask(room, asked).fresh
    assert [one.kind for one in extract.entries(room)].count("hold") == len(OWNERS)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a key that others can read": lambda home: (home / "keys" / "signing.key").chmod(0o644),
    "a key that is half there": lambda home: (home / "keys" / "data.key").write_bytes(b"short"),
    "a deed that is half there": lambda home: (home / "home.json").write_bytes(b'{"party": "hosp'),
    "a list that is half there": lambda home: (home / "datasets.json").write_bytes(b'{"datasets": {'),
    "accounts that are no database": lambda home: (home / "account.sqlite").write_bytes(b"no database at all, however long it is" * 100),
    "accounts that are gone": lambda home: (home / "account.sqlite").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_home_shuts_nobody_out_but_its_party(tmp_path: Path, homes: dict[str, Home], damage: str) -> None:
    signed_room(tmp_path, homes)
    for dataset in FILES:
        add(tmp_path, homes, dataset)
    bootstrap.open_room(tmp_path / "room")
    asked = question(homes)
    DAMAGES[damage](tmp_path / "hospital")
    room = bootstrap.open_room(tmp_path / "room")
    assert set(room.vaults) == {"insurer"}
    assert code_of(lambda: ask(room, asked)) is Code.HOME_INVALID
    said = open_room(tmp_path / "insurer")
    assert said.ask("SELECT COUNT(*) AS n FROM members", epsilon=1.0).charged
    if "accounts" not in damage and "list" not in damage:
        assert code_of(lambda: open_room(tmp_path / "hospital")) is Code.HOME_INVALID


def test_a_room_opens_while_another_process_announces_more(tmp_path: Path, homes: dict[str, Home]) -> None:
    room = signed_room(tmp_path, homes)
    add(tmp_path, homes, "visits")

    class Overtaken(Home):
        """A home whose list is read just before another process adds to it and announces that."""

        def datasets(self) -> tuple[Holding, ...]:
            found = super().datasets()
            open_room(self.path).add_data("visits", tmp_path / "visits.csv")
            return found

    announce_late(room, {"hospital": Overtaken(tmp_path / "hospital", "hospital")})
    with room.store.reading() as records:
        assert [record.version for record in records.versions.all()] == [2]


def moved(homes: dict[str, Home]) -> Contract:
    """Return an amendment that gives the hospital's dataset to the insurer."""
    before = contract_of(homes)
    visits = before.datasets["visits"].model_copy(update={"owner": "insurer"})
    update = {"version": 2, "amends": digest_of(before), "datasets": {**before.datasets, "visits": visits}}
    return before.model_copy(update=update)


def test_once_an_amendment_gives_a_dataset_to_another_owner_the_old_owners_table_is_never_read(
    tmp_path: Path, homes: dict[str, Home]
) -> None:
    room = signed_room(tmp_path, homes)
    add(tmp_path, homes, "visits")
    bootstrap.open_room(tmp_path / "room")
    tables = bootstrap.RoomTables(room.store, homes)
    before, after = tables.open({"visits": 1})["visits"], moved(homes)
    for home in homes.values():
        contracts.submit(room, sign(after, CONTRACT_TYPE, home.signing_key))
    assert code_of(lambda: tables.open({"visits": 1})["visits"]) is Code.DATA_NOT_ADMITTED
    (tmp_path / "new.csv").write_text("pid,age\np7,70\n", encoding="utf-8")
    admitted = bootstrap.admit(homes["insurer"], "visits", after.datasets["visits"], tmp_path / "new.csv")
    section = section_digest(after, "visits")
    assert homes["insurer"].add("visits", admitted, section=section, contract=digest_of(after)) == 1
    with room.store.writing() as records:
        records.versions.put(DataRecord(dataset="visits", version=1, section=section))
    assert before.rows(["age"]).column("age").to_pylist() == [30, 31, 32]
    assert tables.open({"visits": 1})["visits"].rows(["age"]).column("age").to_pylist() == [70]


def test_a_new_owner_goes_on_counting_versions_where_the_old_one_was(tmp_path: Path, homes: dict[str, Home]) -> None:
    signed_room(tmp_path, homes)
    for _ in range(3):
        add(tmp_path, homes, "visits")
    room = bootstrap.open_room(tmp_path / "room")
    for home in homes.values():
        contracts.submit(room, sign(moved(homes), CONTRACT_TYPE, home.signing_key))
    assert [open_room(tmp_path / "insurer").add_data("visits", tmp_path / "visits.csv").version for _ in range(2)] == [4, 5]
    assert [(line.dataset, line.version, line.state) for line in open_room(tmp_path / "insurer").data()][1] == ("visits", 5, "there")


def test_a_home_that_was_put_back_gives_new_data_a_number_that_the_room_has_not_heard(tmp_path: Path, homes: dict[str, Home]) -> None:
    signed_room(tmp_path, homes)
    add(tmp_path, homes, "visits")
    shutil.copytree(tmp_path / "hospital", tmp_path / "backup")
    said = open_room(tmp_path / "hospital")
    assert [said.add_data("visits", tmp_path / "visits.csv").version for _ in range(2)] == [2, 3]
    shutil.rmtree(tmp_path / "hospital")
    (tmp_path / "backup").rename(tmp_path / "hospital")
    again = open_room(tmp_path / "hospital")
    assert again.forget("p1") == {"visits": 4}
    assert again.add_data("visits", tmp_path / "visits.csv").version == 5


def test_room_and_homes_move_together(tmp_path: Path, homes: dict[str, Home]) -> None:
    del homes
    (tmp_path / "moved").mkdir()
    for name in ("room", *OWNERS):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert set(bootstrap.open_room(tmp_path / "moved" / "room").vaults) == set(OWNERS)


def test_a_rooms_key_is_its_own_and_nobody_elses(tmp_path: Path, homes: dict[str, Home]) -> None:
    del homes
    path = tmp_path / "room" / "room.key"
    path.chmod(0o644)
    assert code_of(lambda: bootstrap.open_room(tmp_path / "room")) is Code.ROOM_INVALID
    path.chmod(0o600)
    secret = path.read_bytes()
    path.write_bytes(os.urandom(32))
    assert code_of(lambda: bootstrap.open_room(tmp_path / "room")) is Code.ROOM_INVALID
    path.unlink()
    assert code_of(lambda: bootstrap.open_room(tmp_path / "room")) is Code.ROOM_INVALID
    bootstrap.create_room(tmp_path / "other", "other")
    path.write_bytes(secret)
    path.chmod(0o600)
    bootstrap.open_room(tmp_path / "room")


def test_the_present_folder_does_not_become_a_room_or_a_home(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        for here in (Path(), Path("nowhere/.."), tmp_path):
            assert code_of(lambda here=here: bootstrap.create_room(here, "room")) is Code.ROOM_EXISTS  # type: ignore[misc]
            assert code_of(lambda here=here: bootstrap.create_home(here, "clinic", PLENTY)) is Code.HOME_EXISTS  # type: ignore[misc]
        bootstrap.create_room(Path("nowhere/../room/"), "room")
        make_home(Path("nowhere/../clinic"), "clinic", room=Path("room"), epsilon=1, delta=1e-9)
    assert set(bootstrap.open_room(tmp_path / "room").vaults) == {"clinic"}


def test_nothing_is_made_where_something_is(tmp_path: Path, homes: dict[str, Home]) -> None:
    del homes
    before = (tmp_path / "room" / "room.json").read_bytes()
    assert code_of(lambda: bootstrap.create_room(tmp_path / "room", "again")) is Code.ROOM_EXISTS
    assert code_of(lambda: bootstrap.create_home(tmp_path / "insurer", "insurer", PLENTY)) is Code.HOME_EXISTS
    assert code_of(lambda: bootstrap.create_room(tmp_path / "new", "two words")) is Code.ROOM_INVALID
    assert code_of(lambda: bootstrap.create_home(tmp_path / "new", "Two Words", PLENTY)) is Code.HOME_INVALID
    assert code_of(lambda: bootstrap.open_room(tmp_path / "insurer")) is Code.ROOM_INVALID
    assert (tmp_path / "room" / "room.json").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hospital", "insurer", "room"]


# ----------------------------------------------------------------------------------------------------------- the engine


def test_a_room_computes_with_duckdb_unless_its_operator_chose_otherwise(tmp_path: Path, homes: dict[str, Home]) -> None:
    room = tmp_path / "room"
    assert engine_of(room) == ("duckdb", None)
    assert engine_of(room, "spark", "sc://127.0.0.1:1/;token=secret") == ("spark", "sc://127.0.0.1:1")
    assert engine_of(room) == ("spark", "sc://127.0.0.1:1")
    assert (room / "engine.json").stat().st_mode & 0o077 == 0
    assert homes
    assert engine_of(room, "duckdb") == ("duckdb", None)


@pytest.mark.parametrize(
    ("engine", "remote"),
    [("spark", None), ("duckdb", "sc://a:1"), ("sqlite", None), ("spark", "http://a:1"), ("spark", "sc://"), (None, "sc://a:1")],
)
def test_what_is_no_engine_is_not_chosen(tmp_path: Path, homes: dict[str, Home], engine: str | None, remote: str | None) -> None:
    assert homes
    with pytest.raises(StillroomError) as refused:
        engine_of(tmp_path / "room", engine, remote)
    assert refused.value.code is Code.USAGE
    assert not (tmp_path / "room" / "engine.json").exists()


def test_a_damaged_choice_opens_no_room(tmp_path: Path, homes: dict[str, Home]) -> None:
    assert homes
    (tmp_path / "room" / "engine.json").write_text("{}x", encoding="utf-8")
    with pytest.raises(StillroomError) as refused:
        bootstrap.open_room(tmp_path / "room")
    assert refused.value.code is Code.ROOM_INVALID


def test_what_the_engine_lacks_is_refused_at_the_price(tmp_path: Path, homes: dict[str, Home]) -> None:
    """Nobody connects: the server is not there. DuckDB prices the same question."""
    signed_room(tmp_path, homes)
    engine_of(tmp_path / "room", "spark", "sc://127.0.0.1:1")
    nested = "SELECT COUNT(*) FROM members WHERE age // (age // (age // (age // age))) = 1"
    with pytest.raises(StillroomError) as refused:
        open_room(homes["insurer"].path).price(nested, epsilon=1)
    assert refused.value.code is Code.ENGINE_LACKS
    assert "divisions inside divisions" in refused.value.reason
    assert open_room(homes["insurer"].path).price(SQL, epsilon=1).cells == 1
    engine_of(tmp_path / "room", "duckdb")
    assert open_room(homes["insurer"].path).price(nested, epsilon=1).cells == 1
