"""Parties witness a room: they see its log through tiles, cosign its heads, and whoever verifies offline is told so."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification import verify
from stillroom.crypto import tile_proofs
from stillroom.crypto.cosignature import cosign
from stillroom.crypto.cosignature import cosignatures as read_cosignatures
from stillroom.crypto.keys import SigningKey
from stillroom.crypto.merkle import EMPTY_ROOT
from stillroom.crypto.note import SIGNATURES_LIMIT, SIZE_LIMIT, Checkpoint, open_checkpoint, read_checkpoint, sign_checkpoint
from stillroom.errors import Code, StillroomError
from stillroom.ledger.witness import Alarmed, Witness, check_alarm, see
from stillroom.model.codec import digest_of
from stillroom.model.contract import Party, Role
from stillroom.room import cosignatures, extract, tiles
from tests.published import Files, files
from tests.rooms import KEYS, OWNERS, SQL, build, numbered, reopen

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.client.verification import Report
    from stillroom.room.room import Room
    from tests.rooms import Scene

AT = 1_800_000_000
NEW = Witness(origin="example.org/room", key=KEYS["room"].public.text)
STEP_NINE = 8


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room with one release."""
    folder = tmp_path_factory.mktemp("pristine")
    build(folder).ask()
    return folder


@pytest.fixture
def scene(pristine: Path, tmp_path: Path) -> Scene:
    shutil.copytree(pristine, tmp_path, dirs_exist_ok=True)
    return reopen(tmp_path)


def look(room: Room, witness: Witness) -> Witness:
    """Look at the log of a room as a witness that fetches what it needs."""
    note = tiles.checkpoint(room)
    before, after = witness.head.size, read_checkpoint(note).size
    hashes = tile_proofs.hashes_of(after, lambda tile: tiles.tile(room, tile.path))
    return see(witness, note, tile_proofs.consistency_proof(min(before, after), after, hashes))


def witness_head(room: Room, *parties: str, at: int = AT) -> None:
    """Have parties cosign the head of the log."""
    for party in parties:
        assert party in cosignatures.take(room, cosign(tiles.checkpoint(room), party, KEYS[party], at))


def cosigned_by(note: bytes) -> list[tuple[str, int]]:
    found = read_cosignatures(note, {name: KEYS[name].public for name in OWNERS})
    return [(one.name, one.at) for one in found]


def refusal(room: Room, note: bytes) -> Code:
    with pytest.raises(StillroomError) as caught:
        cosignatures.take(room, note)
    return caught.value.code


def first_line(file: bytes) -> dict[str, object]:
    line: dict[str, object] = json.loads(file.splitlines()[0])
    return line


def checked(one: Files, log: bytes | None = None) -> Report:
    report = verify(one.release, one.contract, log or one.log)
    assert report.accepted
    return report


def test_a_witness_follows_a_log_through_its_tiles(scene: Scene) -> None:
    witness = look(scene.room, NEW)
    assert look(scene.room, witness) == witness
    for number in range(3):
        before = witness.head.size
        scene.ask(numbered(number))
        witness = look(scene.room, witness)
        assert witness.head.size > before


def test_the_checkpoint_carries_what_its_witnesses_say(scene: Scene) -> None:
    plain = tiles.checkpoint(scene.room)
    witness_head(scene.room, *OWNERS)
    note = tiles.checkpoint(scene.room)
    assert note.startswith(plain)
    assert cosigned_by(note) == [("hospital", AT), ("insurer", AT)]
    assert open_checkpoint(note, scene.room.name, {scene.room.name: KEYS["room"].public}).size == look(scene.room, NEW).head.size
    witness_head(scene.room, "hospital", at=AT + 60)
    assert cosigned_by(tiles.checkpoint(scene.room)) == [("hospital", AT + 60), ("insurer", AT)]
    scene.ask(numbered(1))
    assert cosigned_by(tiles.checkpoint(scene.room)) == []


def test_an_earlier_head_can_still_be_cosigned(scene: Scene) -> None:
    note = tiles.checkpoint(scene.room)
    scene.ask(numbered(1))
    assert cosignatures.take(scene.room, cosign(note, "insurer", KEYS["insurer"], AT)) == ("insurer",)
    assert cosigned_by(tiles.checkpoint(scene.room)) == []
    assert first_line(extract.whole_log(scene.room))["older"] == [cosign(note, "insurer", KEYS["insurer"], AT).decode()]


def test_exports_carry_the_cosignatures_and_they_are_verified_offline(scene: Scene) -> None:
    before = files(scene, scene.ask().envelope)
    assert "older" not in first_line(before.log)
    assert "cosigned" not in checked(before).steps[STEP_NINE].detail
    witness_head(scene.room, "hospital")
    one = files(scene, scene.ask().envelope)
    assert checked(one).steps[STEP_NINE].detail.endswith(", cosigned by hospital")
    assert checked(one).vouched_by[-1] == "log cosigned by hospital"
    index = one.value["commit_index"]
    proof = extract.proof(scene.room, [index])
    assert checked(one, proof).steps[STEP_NINE].detail.endswith(", cosigned by hospital")
    later = files(scene, scene.ask(numbered(2)).envelope)
    witness_head(scene.room, "insurer")
    later = files(scene, later.release)
    size = len(one.entries)
    assert checked(later).steps[STEP_NINE].detail.endswith(f", cosigned by insurer, cosigned at {size} entries by hospital")
    assert checked(later).vouched_by[-1] == "log cosigned by insurer"


def test_a_log_that_was_exported_before_there_were_witnesses_is_still_accepted(scene: Scene) -> None:
    one = files(scene, scene.ask(SQL).envelope)
    assert set(first_line(one.log)) == {"schema", "checkpoint"}
    witness_head(scene.room, *OWNERS)
    assert checked(one).accepted
    assert one.log.splitlines()[1:] == extract.whole_log(scene.room).splitlines()[1:]


def test_a_cosignature_that_does_not_hold_fails_the_verification(scene: Scene) -> None:
    witness_head(scene.room, "hospital")
    one = files(scene, scene.ask(SQL).envelope)
    head = first_line(one.log)["checkpoint"]
    assert isinstance(head, str)
    another = sign_checkpoint(Checkpoint(scene.room.name, 1, bytes(32)), scene.room.name, KEYS["room"])
    (other,) = read_cosignatures(cosign(another, "hospital", KEYS["hospital"], AT), {"hospital": KEYS["hospital"].public})
    with scene.room.store.writing() as records:
        records.log.keep_cosignature(read_checkpoint(head.encode()).size, "hospital", other.line)
    report = verify(one.release, one.contract, extract.whole_log(scene.room))
    assert [(step.number, step.detail.partition(" on ")[0]) for step in report.steps if step.failed] == [(9, "the cosignature of hospital")]


def test_what_is_not_a_cosignature_by_a_party_is_refused(scene: Scene) -> None:
    room, note = scene.room, tiles.checkpoint(scene.room)
    stranger = SigningKey.from_seed(b"x" * 32)
    assert refusal(room, note) is Code.SIGNATURE_MISSING
    assert refusal(room, cosign(note, "stranger", KEYS["stranger"], AT)) is Code.SIGNATURE_MISSING
    assert refusal(room, cosign(note, "hospital", stranger, AT)) is Code.SIGNATURE_MISSING
    assert refusal(room, cosign(note, "hospital", KEYS["insurer"], AT)) is Code.SIGNATURE_MISSING
    size = b"\n%d\n" % read_checkpoint(note).size
    line = cosign(note.replace(size, b"\n1\n"), "hospital", KEYS["hospital"], AT).splitlines(keepends=True)[-1]
    assert refusal(room, note + line) is Code.SIGNATURE_INVALID
    assert refusal(room, b"") is Code.CHECKPOINT_INVALID
    assert cosigned_by(tiles.checkpoint(room)) == []


def test_only_heads_that_the_log_had_are_witnessed(scene: Scene) -> None:
    room, head = scene.room, read_checkpoint(tiles.checkpoint(scene.room))

    def cosigned(checkpoint: Checkpoint, key: SigningKey = KEYS["room"]) -> bytes:
        return cosign(sign_checkpoint(checkpoint, checkpoint.origin, key), "hospital", KEYS["hospital"], AT)

    for other in (Checkpoint(head.origin, head.size, bytes(32)), Checkpoint(head.origin, head.size + 1, head.root)):
        assert refusal(room, cosigned(other)) is Code.CHECKPOINT_UNKNOWN
    assert refusal(room, cosigned(Checkpoint(head.origin, SIZE_LIMIT, head.root))) is Code.CHECKPOINT_UNKNOWN
    assert refusal(room, cosigned(Checkpoint(head.origin, 0, EMPTY_ROOT))) is Code.CHECKPOINT_UNKNOWN
    assert refusal(room, cosigned(Checkpoint("example.org/other", head.size, head.root))) is Code.SIGNATURE_MISSING
    assert refusal(room, cosigned(head, KEYS["stranger"])) is Code.SIGNATURE_MISSING


def test_the_rooms_own_key_is_no_witness(tmp_path: Path) -> None:
    scene = build(tmp_path)
    operator = Party(name="operator", roles=(Role.OPERATOR,), key=KEYS["room"].public.text)
    parties = (*scene.contract.parties, operator)
    later = scene.contract.model_copy(update={"version": 2, "amends": digest_of(scene.contract), "parties": parties})
    scene.submit(later, *OWNERS, "room")
    assert scene.replayed().contracts[-1] == digest_of(later)
    assert refusal(scene.room, cosign(tiles.checkpoint(scene.room), "operator", KEYS["room"], AT)) is Code.SIGNATURE_MISSING


def test_a_checkpoint_stays_readable_however_many_have_cosigned_it(scene: Scene) -> None:
    note = tiles.checkpoint(scene.room)
    with scene.room.store.writing() as records:
        for number in range(SIGNATURES_LIMIT + 5):
            key = SigningKey.from_seed(number.to_bytes(32, "big"))
            line = cosign(note, f"p{number}", key, AT).decode().splitlines(keepends=True)[-1]
            records.log.keep_cosignature(read_checkpoint(note).size, f"p{number}", line)
    assert read_checkpoint(tiles.checkpoint(scene.room)) == read_checkpoint(note)


def test_a_room_that_was_put_back_is_found_by_its_witness(scene: Scene, pristine: Path) -> None:
    """It goes on with another history, of which it is sure; the witness has the proof of the one that it has forgotten."""
    scene.ask(numbered(1))
    witness = look(scene.room, NEW)
    cosigned = cosign(tiles.checkpoint(scene.room), "hospital", KEYS["hospital"], AT)
    shutil.copy(pristine / "room.sqlite", scene.folder / "room.sqlite")
    restored = reopen(scene.folder)
    with pytest.raises(Alarmed) as caught:
        look(restored.room, witness)
    assert caught.value.code is Code.LOG_ROLLED_BACK
    assert refusal(restored.room, cosigned) is Code.CHECKPOINT_UNKNOWN
    restored.ask(numbered(2))
    with pytest.raises(Alarmed) as caught:
        look(restored.room, witness)
    assert caught.value.code is Code.LOG_FORKED
    assert check_alarm(caught.value.alarm)
    restored.ask(numbered(3))
    with pytest.raises(Alarmed) as caught:
        look(restored.room, witness)
    assert caught.value.code is Code.LOG_REWRITTEN
