"""Tiles of a room's log: what is served is the log, whatever its size, and nothing that it does not have."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.sql_store.store import create_store, open_store
from stillroom.crypto import merkle, tile_proofs
from stillroom.crypto.merkle import leaf_hash
from stillroom.crypto.note import open_checkpoint
from stillroom.crypto.tiles import split_hashes
from stillroom.errors import Code, Failed, InvalidInput, Refusal
from stillroom.ledger.account import AccountName
from stillroom.ledger.entry import AccountRaised, Commit, encode
from stillroom.model.charge import Charge
from stillroom.room import extract, log, tiles
from tests.rooms import KEYS, build, reopen
from tests.tiles import bundles, split_entries
from tests.tiles import tiles as tiles_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rooms import Scene

SIZES = (255, 256, 257, 600)
DIGEST = "sha256:" + "0" * 64


def grow(scene: Scene, size: int) -> None:
    """Let the log have so many entries."""
    with scene.room.store.writing() as records:
        before = records.log.frontier().size
        names = (AccountName(owner="hospital", population=f"p{number}") for number in range(before, size))
        log.append(scene.room, records, *(AccountRaised(at=number, account=name) for number, name in enumerate(names, start=before)))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A room whose log has grown in steps, each with a checkpoint."""
    scene = build(tmp_path_factory.mktemp("room"))
    for size in SIZES:
        grow(scene, size)
    return scene


def leaves(scene: Scene) -> list[bytes]:
    with scene.room.store.reading() as records:
        return list(records.log.leaves())


@pytest.mark.parametrize("size", [1, 4, *SIZES])
def test_every_tile_of_every_size_that_the_log_had_is_served(scene: Scene, size: int) -> None:
    entries = leaves(scene)[:size]
    hashes = [leaf_hash(entry) for entry in entries]
    for tile in tiles_of(size):
        served = split_hashes(tile, tiles.tile(scene.room, tile.path))
        assert tile.level in {0, 1}
        roots = [merkle.root(hashes[256 * place : 256 * place + 256]) for place in tile.places]
        assert list(served) == (roots if tile.level else hashes[tile.places.start : tile.places.stop])
    for bundle in bundles(size):
        served = split_entries(tiles.tile(scene.room, bundle.path))
        assert list(served) == entries[bundle.places.start : bundle.places.stop]


def test_proofs_that_are_made_of_served_tiles_hold_for_the_checkpoint(scene: Scene) -> None:
    note = tiles.checkpoint(scene.room)
    head = open_checkpoint(note, scene.room.name, {scene.room.name: KEYS["room"].public})
    assert head.size == SIZES[-1]
    hashes = tile_proofs.hashes_of(head.size, lambda tile: tiles.tile(scene.room, tile.path))
    assert tile_proofs.root(head.size, hashes) == head.root
    entries = leaves(scene)
    for index in (0, 255, 256, 511, 512, 599):
        proof = tile_proofs.inclusion_proof(index, head.size, hashes)
        merkle.verify_inclusion(leaf_hash(entries[index]), index, head.size, proof, head.root)
    for size in SIZES:
        old = merkle.root([leaf_hash(entry) for entry in entries[:size]])
        merkle.verify_consistency(size, head.size, tile_proofs.consistency_proof(size, head.size, hashes), old, head.root)


@pytest.mark.parametrize(
    "path",
    [
        *("tile/0/002.p/89", "tile/0/002", "tile/0/003.p/1", "tile/0/x001/000", "tile/1/000.p/3", "tile/1/000", "tile/1/001.p/1"),
        *("tile/2/000.p/1", "tile/63/000.p/1", "tile/63/x999/x999/x999/x999/x999/999"),
        *("tile/entries/002.p/89", "tile/entries/002", "tile/entries/003.p/1", "tile/entries/x999/x999/x999/x999/x999/999"),
    ],
)
def test_tiles_that_the_log_does_not_have_are_refused(scene: Scene, path: str) -> None:
    with pytest.raises(Refusal) as caught:
        tiles.tile(scene.room, path)
    assert caught.value.code is Code.TILE_UNKNOWN


@pytest.mark.parametrize("path", ["", "checkpoint", "tile/0/2", "tile/0/../room.sqlite", "tile/0/000.p/0"])
def test_what_is_no_path_of_a_tile_is_refused(scene: Scene, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        tiles.tile(scene.room, path)
    assert caught.value.code is Code.TILE_INVALID


def test_a_log_without_entries_has_no_head_and_no_tiles(tmp_path: Path) -> None:
    build(tmp_path)
    (tmp_path / "room.sqlite").unlink()
    create_store(tmp_path / "room.sqlite")
    scene = reopen(tmp_path)
    with pytest.raises(Refusal) as caught:
        tiles.checkpoint(scene.room)
    assert caught.value.code is Code.CONTRACT_UNKNOWN
    for path in ("tile/0/000.p/1", "tile/entries/000.p/1", "tile/0/000"):
        with pytest.raises(Refusal) as caught:
            tiles.tile(scene.room, path)
        assert caught.value.code is Code.TILE_UNKNOWN


def test_proofs_of_an_extract_are_those_of_all_leaves(scene: Scene) -> None:
    hashes = [leaf_hash(entry) for entry in leaves(scene)]
    asked = (0, 255, 256, 300, 511, 512, 599)
    first, *lines = map(json.loads, extract.proof(scene.room, asked).splitlines())
    assert first == {"schema": "stillroom/proof/v1", "checkpoint": tiles.checkpoint(scene.room).decode()}
    assert [line["index"] for line in lines] == list(asked)
    for line in lines:
        assert line["path"] == [node.hex() for node in merkle.inclusion_proof(line["index"], hashes)]
    for index in (-1, 600):
        with pytest.raises(InvalidInput) as caught:
            extract.proof(scene.room, [index])
        assert caught.value.code is Code.PROOF_INVALID


def test_hashes_of_a_log_that_was_there_before_are_kept_when_its_room_is_opened(tmp_path: Path) -> None:
    """65,536 entries and some more, so that there are two levels of them."""
    size = 65_536 + 300
    path = tmp_path / "room.sqlite"
    create_store(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO log VALUES (?, ?)", ((number, b"%d" % number) for number in range(size)))
        for table in ("subtrees", "cosignatures", "parties", "jobs", "consents", "pauses", "pause_words"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE alembic_version SET version_num = 'r0001'")
    hashes = [leaf_hash(b"%d" % number) for number in range(size)]
    roots = [merkle.root(hashes[start : start + 256]) for start in range(0, size - 255, 256)]
    with open_store(path).reading() as records:
        assert records.log.hashes(1, range(257)) == tuple(roots)
        assert records.log.hashes(2, range(1)) == (merkle.root(roots[:256]),)
        assert records.log.hashes(0, range(65_530, size)) == tuple(hashes[65_530:])
        assert tile_proofs.root(size, records.log.hashes) == merkle.root(hashes)


def test_a_log_that_lost_hashes_does_not_hand_out_short_tiles(tmp_path: Path) -> None:
    scene = build(tmp_path)
    grow(scene, 257)
    with closing(sqlite3.connect(tmp_path / "room.sqlite")) as connection, connection:
        connection.execute("DELETE FROM subtrees")
        connection.execute("DELETE FROM log WHERE position = 7")
    for path in ("tile/0/000", "tile/1/000.p/1"):
        with pytest.raises(Failed) as caught:
            tiles.tile(scene.room, path)
        assert caught.value.code is Code.STORE_FAILED


def test_an_entry_fits_into_a_bundle() -> None:
    """Only a commit may be of any length, and it takes some 400 accounts for one that is too long."""
    names = [AccountName(owner="o" * 63, population=f"p{number:062}") for number in range(500)]

    def commit(accounts: int) -> Commit:
        return Commit(
            at=0,
            reservation="r",
            accounts=tuple(names[:accounts]),
            contract=DIGEST,
            plan=DIGEST,
            protection="server",
            charge=Charge(rho=1),
            asked_by="insurer",
        )

    assert len(encode(commit(400))) < 2**16
    with pytest.raises(InvalidInput) as caught:
        encode(commit(500))
    assert caught.value.code is Code.LOG_INVALID
