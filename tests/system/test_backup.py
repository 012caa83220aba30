"""Backups of a room: made while it is served, sealed, restored elsewhere, and compared with the log."""

from __future__ import annotations

import io
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.backup.passphrase import LEAST, check_passphrase
from stillroom.adapters.backup.sealed import MAGIC, PIECE, SealedReader, SealedWriter
from stillroom.client.verification import verify as verify_release
from stillroom.errors import Code, InvalidInput, StillroomError, Unverified
from stillroom.server.administration import back_up, restore, verify
from tests.parties import QUESTION
from tests.services import serving, settle

if TYPE_CHECKING:
    from pathlib import Path

PASSPHRASE = "a raw harvest goes in"  # noqa: S105 - of these tests


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room in which much has happened, and its homes."""
    folder = tmp_path_factory.mktemp("lived")
    with serving(folder) as room:
        settle(room, approval={"rule": "each-owner"})
        with room.agents("clinic", "insurer"):
            asker, owner = room.session("insurer"), room.session("clinic")
            with pytest.raises(StillroomError):
                asker.ask(QUESTION, epsilon=1.0)
            for session in (asker, owner):
                session.decide(session.waiting()[0].price.plan_digest, "approved")
            asker.ask(QUESTION, epsilon=1.0)
        owner.telemetry.say(on=True)
        owner.telemetry.say(on=False)
        owner.pause.begin()
        for session in (asker, owner):
            session.pause.resume()
        back_up(folder / "room", folder / "backup", PASSPHRASE)
    return folder


@pytest.fixture
def room(tmp_path: Path, lived: Path) -> Path:
    """A copy of that room, which may be spoilt."""
    return shutil.copytree(lived / "room", tmp_path / "room")


def code_of(file: Path, folder: Path, passphrase: str = PASSPHRASE) -> Code:
    with pytest.raises(StillroomError) as caught:
        restore(file, folder, passphrase)
    assert not folder.exists() or not any(folder.iterdir())
    assert not [one for one in folder.parent.iterdir() if one.name.startswith(".")]
    return caught.value.code


def test_a_backup_is_restored_whole_elsewhere_and_served(tmp_path: Path, lived: Path) -> None:
    shutil.copytree(lived, tmp_path / "there")
    shutil.rmtree(tmp_path / "there" / "room")
    assert restore(lived / "backup", tmp_path / "there" / "room", PASSPHRASE) == "example.org/study"
    verify(tmp_path / "there" / "room")
    with serving(tmp_path / "there") as again:
        asker = again.session("insurer")
        (release,) = asker.releases()
        assert verify_release(release.envelope, contract=asker.contract_envelope, log=asker.export_log()).accepted


def test_only_its_user_reads_a_backup_and_what_is_restored(tmp_path: Path, lived: Path) -> None:
    restore(lived / "backup", tmp_path / "room", PASSPHRASE)
    assert stat.S_IMODE((lived / "backup").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "room").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "room").iterdir()} == {0o600}
    assert {file.name for file in (tmp_path / "room").iterdir()} == {"room.json", "room.key", "room.sqlite"}


def test_nothing_of_a_room_can_be_read_in_its_backup(lived: Path) -> None:
    content = (lived / "backup").read_bytes()
    assert content.startswith(MAGIC)
    assert (lived / "room" / "room.key").read_bytes() not in content
    assert not any(word in content for word in (b"SQLite", b"clinic", b"room.json", b"members"))


def test_what_agents_bring_and_locks_are_left_out(tmp_path: Path, room: Path) -> None:
    (room / "incoming").mkdir(exist_ok=True)
    (room / "incoming" / "rows").write_bytes(b"x")
    (room / "stillroom.toml").write_text("[serve]\n", encoding="utf-8")
    (room / "room.sqlite-journal.new").write_bytes(b"")
    assert set(back_up(room, tmp_path / "b", PASSPHRASE)) == {"room.json", "room.key", "room.sqlite", "stillroom.toml"}
    assert not [file for file in room.iterdir() if file.name.startswith(".")]


def test_records_in_another_database_are_left_to_that(tmp_path: Path, room: Path) -> None:
    (room / "room.sqlite").unlink()
    (room / "database.url").write_text("postgresql://ledger@127.0.0.1:5432/study", encoding="utf-8")
    assert set(back_up(room, tmp_path / "b", PASSPHRASE)) == {"database.url", "room.json", "room.key"}
    assert restore(tmp_path / "b", tmp_path / "again", PASSPHRASE)


def test_another_passphrase_opens_nothing(tmp_path: Path, lived: Path) -> None:
    assert code_of(lived / "backup", tmp_path / "r", PASSPHRASE + "!") is Code.BACKUP_INVALID


@pytest.mark.parametrize("at", [0, len(MAGIC) + 3, len(MAGIC) + 20, 1000, -1])
def test_an_altered_backup_is_not_restored(tmp_path: Path, lived: Path, at: int) -> None:
    content = bytearray((lived / "backup").read_bytes())
    content[at] ^= 1
    (tmp_path / "b").write_bytes(content)
    assert code_of(tmp_path / "b", tmp_path / "r") is Code.BACKUP_INVALID


@pytest.mark.parametrize("length", [0, 10, len(MAGIC) + 16, 5000, -1, -16, -17])
def test_a_backup_that_was_cut_off_is_not_restored(tmp_path: Path, lived: Path, length: int) -> None:
    (tmp_path / "b").write_bytes((lived / "backup").read_bytes()[:length])
    assert code_of(tmp_path / "b", tmp_path / "r") is Code.BACKUP_INVALID


def test_pieces_cannot_be_left_out_or_added(tmp_path: Path, room: Path) -> None:
    (room / "large").write_bytes(bytes(3 * PIECE))
    back_up(room, tmp_path / "whole", PASSPHRASE)
    content, begin, size = (tmp_path / "whole").read_bytes(), len(MAGIC) + 16, PIECE + 16
    assert restore(tmp_path / "whole", tmp_path / "ok", PASSPHRASE)
    for number, other in enumerate((content[:begin] + content[begin + size :], content[: begin + size], content + content[-50:])):
        (tmp_path / f"b{number}").write_bytes(other)
        assert code_of(tmp_path / f"b{number}", tmp_path / "r") is Code.BACKUP_INVALID


def test_a_file_that_ends_between_two_pieces_is_not_whole() -> None:
    out, content = io.BytesIO(), bytes(2 * PIECE + 3)
    writer = SealedWriter(out, PASSPHRASE, bytes(16))
    assert writer.write(content) == len(content)
    writer.end()
    sealed, begin, size = out.getvalue(), len(MAGIC) + 16, PIECE + 16
    assert SealedReader(io.BytesIO(sealed), PASSPHRASE).read() == content
    for end in (begin, begin + size, begin + 2 * size):
        with pytest.raises(Unverified):
            SealedReader(io.BytesIO(sealed[:end]), PASSPHRASE).read()
    swapped = sealed[:begin] + sealed[begin + size : begin + 2 * size] + sealed[begin : begin + size] + sealed[begin + 2 * size :]
    with pytest.raises(Unverified):
        SealedReader(io.BytesIO(swapped), PASSPHRASE).read()


def test_nothing_is_overwritten(tmp_path: Path, lived: Path, room: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        restore(lived / "backup", room, PASSPHRASE)
    assert caught.value.code is Code.ROOM_EXISTS
    (tmp_path / "b").write_bytes(b"mine")
    with pytest.raises(InvalidInput) as again:
        back_up(room, tmp_path / "b", PASSPHRASE)
    assert again.value.code is Code.BACKUP_INVALID
    assert (tmp_path / "b").read_bytes() == b"mine"
    assert code_of(tmp_path / "none", tmp_path / "r") is Code.BACKUP_INVALID


@pytest.mark.parametrize("weak", ["", "short", "fourteen chars", "aaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababab"])
def test_a_weak_passphrase_is_refused(weak: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_passphrase(weak)
    assert caught.value.code is Code.PASSPHRASE_INVALID


GUESSED = {
    "common passwords, with digits": (
        "password123456789",
        "Password123456789!",
        "P@ssw0rd12345678",
        "iloveyou1234567",
        "changeme123456789",
        "Admin@123456789",
    ),
    "several of them": (
        "letmeinplease12345",
        "monkeydragonmaster",
        "trustno1trustno2",
        "correct horse battery staple",
        "correcthorsebatterystaple",
    ),
    "rows of keys": (
        "qwertyuiop12345",
        "qwertyuiopasdfgh",
        "1qaz2wsx3edc4rfv",
        "zxcvbnm,./asdfgh",
        "asdfghjkl;'qwerty",
        "qazwsxedcrfvtgbyhn",
    ),
    "sequences": ("abcdefghijklmnop", "123456789abcdefgh", "0123456789012345ab"),
    "repeats": ("passwordpassword12", "Passw0rdPassw0rd!", "zaq1zaq1xsw2xsw2", "summer2026summer2026"),
    "dates and seasons": ("november282026room", "28.11.2026-29.11.2026"),
    "what counts once": ("Tr0ub4dor&3Tr0ub4dor&4", "gloater-stuntGLOATER-STUNT!", "kT9$vQ2mkT9$vQ2m", "glimmer8astglimmer8astglimmer8ast"),
    "what we have published": (
        "six words drawn at random are good",
        "SixWordsDrawnAtRandomAreGood!",
        "six-words-drawn-at-random_are_good 2026",
        "correct_horse.battery staple",
    ),
    "sentences that many would say": ("thisismypassword1", "ihavenopassword99", "welcome.to.stillroom"),
    "names of the room and its parties": (
        "example.org/study1",
        "examplestudy2026!",
        "blankenese-blankenese",
        "Blankenese.2026!!",
        "stillroom-study-2026",
    ),
}
GOOD = (
    "viewing stunt gloater reborn tapestry unglue",
    "unsaid scuba dime frisk blend",
    "octopus-yodel-flick-thermos",
    "dirk-hued-nosy-vamp-jolt-ogre",
    "glimmer8astute5ferret",
    "der blaue Hund frisst sieben Zitronen",
    "kT9$vQ2mLz7!pWx",
    "h4VbqTn8ZrKc3LmP",
    "8f3a1c9e7b2d4f60",
    "Xk7-pq9v-Zm4d-wT2r",
    "жёлтый-трактор-под-дождём",
    "unsaid scuba dime frisk blend " * 40,
)


@pytest.mark.parametrize("weak", [one for several in GUESSED.values() for one in several])
def test_what_people_choose_is_refused(weak: str) -> None:
    assert len(weak) >= LEAST
    with pytest.raises(InvalidInput) as caught:
        check_passphrase(weak, ("example.org/study", "blankenese"))
    assert caught.value.code is Code.PASSPHRASE_INVALID
    assert weak not in str(caught.value)


@pytest.mark.parametrize("good", GOOD)
def test_what_is_drawn_at_random_is_taken(good: str) -> None:
    check_passphrase(good, ("example.org/study", "blankenese"))


def test_names_of_the_room_and_its_parties_are_known_to_who_guesses(tmp_path: Path, lived: Path) -> None:
    """The same passphrases do for another room."""
    for of_this_room in ("clinic and insurer!", "study.example.org.clinic"):
        check_passphrase(of_this_room, ("elsewhere",))
        with pytest.raises(InvalidInput) as caught:
            back_up(lived / "room", tmp_path / "b", of_this_room)
        assert caught.value.code is Code.PASSPHRASE_INVALID
    assert not (tmp_path / "b").exists()


def test_a_backup_opens_with_what_it_was_sealed_with_however_weak(tmp_path: Path, lived: Path) -> None:
    """There are backups from before weak ones were refused."""
    weak = "password123456789"
    out = io.BytesIO()
    writer = SealedWriter(out, weak, bytes(16))
    writer.write(SealedReader(io.BytesIO((lived / "backup").read_bytes()), PASSPHRASE).read())
    writer.end()
    (tmp_path / "old").write_bytes(out.getvalue())
    assert restore(tmp_path / "old", tmp_path / "room", weak) == "example.org/study"


def test_a_backup_while_others_write_is_a_state_that_there_was(tmp_path: Path, lived: Path) -> None:
    folder = shutil.copytree(lived, tmp_path / "busy")
    (folder / "backup").unlink()
    with serving(folder) as served:
        over = threading.Event()

        def write() -> None:
            on = True
            while not over.is_set():
                served.session("insurer").telemetry.say(on=on)
                on = not on

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(3):
                back_up(folder / "room", tmp_path / f"b{number}", PASSPHRASE)
        finally:
            over.set()
            writer.join(60)
    for number in range(3):
        restore(tmp_path / f"b{number}", tmp_path / f"r{number}", PASSPHRASE)
        verify(tmp_path / f"r{number}")


# -------------------------------------------------------------------------------------------------------------- verify

ALTERED = {
    "a balance": ("UPDATE balances SET spent_rho = spent_rho - 1", "what is spent under study"),
    "a leaf": ("UPDATE log SET leaf = CAST(replace(CAST(leaf AS TEXT), 'members', 'numbers') AS BLOB) WHERE position = 1", "The tree"),
    "a leaf that is text": ("UPDATE log SET leaf = CAST(leaf AS TEXT) WHERE position = 1", "The tree: it cannot be read"),
    "the last leaf gone": ("DELETE FROM log WHERE position = (SELECT max(position) FROM log)", "the head says"),
    "the head": ("UPDATE frontier SET size = size - 1", "The tree"),
    "a checkpoint": ("UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 1) WHERE size = 2", "checkpoint of 2"),
    "the last checkpoint gone": ("DELETE FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)", "never signed"),
    "a contract's signatures gone": ("DELETE FROM statements", "activates a contract that is not there"),
    "a hold altered": (
        "UPDATE statements SET envelope = zeroblob(9) WHERE instr(CAST(envelope AS TEXT), 'stillroom.hold') > 0",
        "(hold) names a statement that is not there",
    ),
    "a release gone": ("DELETE FROM releases", "the release of entry"),
    "a release altered": ("UPDATE releases SET envelope = CAST(replace(CAST(envelope AS TEXT), 'sig', 'Sig') AS BLOB)", "never logged"),
    "a release that is text": ("UPDATE releases SET envelope = CAST(envelope AS TEXT)", "Statements: it cannot be read"),
    "a run": ("UPDATE runs SET charge_rho = charge_rho + 1", "is not what the log says"),
    "a run taken back": ("UPDATE runs SET state = 'lapsed', commit_index = NULL", "is not what the log says"),
    "a version": ("UPDATE versions SET version = 2 WHERE dataset = 'visits'", "the version of visits"),
    "a withdrawal": ("UPDATE versions SET withdrawn = 1", "the version of members"),
    "a contract": ("UPDATE contracts SET state = 'replaced'", "the contract in force"),
    "a decision gone": ("DELETE FROM decisions WHERE party = 'clinic'", "what parties have decided about the plan"),
    "a word about a pause": ("DELETE FROM pause_words WHERE party = 'clinic'", "what owners say about the last pause"),
    "a pause that was ended": (
        "UPDATE pause_words SET envelope = (SELECT envelope FROM statements WHERE instr(CAST(envelope AS TEXT), 'pause') > 0 LIMIT 1)",
        "what owners say about the last pause",
    ),
    "a word about telemetry": ("DELETE FROM consents", "what clinic says about telemetry"),
    "text where a number was": ("UPDATE balances SET spent_rho = 'many'", ""),
}


def spoil(room: Path, statement: str) -> None:
    with closing(sqlite3.connect(room / "room.sqlite")) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(statement)


def test_a_room_agrees_with_its_log(room: Path) -> None:
    verify(room)


@pytest.mark.parametrize(("statement", "said"), ALTERED.values(), ids=ALTERED.keys())
def test_what_was_altered_is_found(room: Path, statement: str, said: str) -> None:
    spoil(room, statement)
    with pytest.raises(Unverified) as caught:
        verify(room)
    assert caught.value.code is Code.ROOM_INCONSISTENT
    assert said in caught.value.reason


def test_all_findings_are_told(room: Path) -> None:
    spoil(room, ALTERED["a balance"][0])
    spoil(room, ALTERED["a version"][0])
    with pytest.raises(Unverified) as caught:
        verify(room)
    assert all(said in caught.value.reason for said in ("what is spent under study", "the version of visits"))


def test_a_tile_that_was_altered_is_found(room: Path) -> None:
    from stillroom import bootstrap
    from stillroom.ledger.account import AccountName
    from stillroom.ledger.entry import AccountRaised
    from stillroom.room import log

    opened = bootstrap.open_room(room)
    with opened.store.writing() as records:
        name = AccountName(owner="clinic", population="people")
        log.append(opened, records, *(AccountRaised(at=1, account=name) for _ in range(300)))
    verify(room)
    spoil(room, "UPDATE subtrees SET root = zeroblob(32)")
    with pytest.raises(Unverified) as caught:
        verify(room)
    assert "the hash 0 of level 1 of the tiles" in caught.value.reason
