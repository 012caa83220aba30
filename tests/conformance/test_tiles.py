"""Tiles against the example of C2SP tlog-tiles, and against the files of two other implementations, byte for byte.

- Paths are those of `api/layout/paths_test.go` of github.com/transparency-dev/tessera (Apache-2.0).
- A log of 15 entries, with the checkpoint of each size, is `testdata/log` of the same repository.
- The tiles of a log of 300 entries, `record 0` to `record 299`, are those that `cmd/skylight/testdata/gen.go` of
  github.com/FiloSottile/sunlight (ISC) writes; of each, the SHA-256 stands here.
"""

from __future__ import annotations

import base64
import hashlib
from itertools import groupby
from pathlib import Path

import pytest

from stillroom.crypto import merkle, tile_proofs
from stillroom.crypto.keys import SigningKey
from stillroom.crypto.merkle import leaf_hash
from stillroom.crypto.note import Checkpoint, open_checkpoint, sign_checkpoint
from stillroom.crypto.tiles import Tile, join_entries, join_hashes, parse, split_hashes
from stillroom.errors import Code, InvalidInput
from tests.tiles import bundles, split_entries, tiles

PATHS = {
    "tile/entries/000": Tile(None, 0),
    "tile/entries/000.p/8": Tile(None, 0, 8),
    "tile/entries/000.p/255": Tile(None, 0, 255),
    "tile/entries/001.p/1": Tile(None, 1, 1),
    "tile/entries/255": Tile(None, 255),
    "tile/entries/255.p/253": Tile(None, 255, 253),
    "tile/entries/x123/x456/789": Tile(None, 123456789),
    "tile/0/000": Tile(0, 0),
    "tile/0/000.p/255": Tile(0, 0, 255),
    "tile/0/001": Tile(0, 1),
    "tile/1/000": Tile(1, 0),
    "tile/15/x455/667": Tile(15, 455667),
    "tile/15/x123/x456/789.p/41": Tile(15, 123456789, 41),
    "tile/0/x001/x234/067": Tile(0, 1234067),
    "tile/0/x001/x234/067.p/89": Tile(0, 1234067, 89),
    "tile/63/x999/x999/x999/x999/x999/999.p/255": Tile(63, 999999999999999999, 255),
}
"""Paths of tessera; the one of index 1234067 is that of the specification as well."""

BAD = [
    *("0/x001/x234/067.p/", "0/x001/x234/067.p", "0/x001/x234/", "0/x001/x234", "0/x001/", "0/x001", "1/x001/.p/abc", "64/x001/002"),
    *("-1/x001/002", "abc/x001/002", "8/001/002", "8/x001/0002", "8/x001/-002", "8/x001/002.p/256"),
    "63/x999/x999/x999/x999/x999/x999/999.p/255",
]

TESSERA = SigningKey.from_seed(base64.b64decode("AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg")[1:])
ORIGIN = "example.com/log/testdata"
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven", "twelf", "threeten", "fourten", "fivten"]
BUNDLE = bytes.fromhex(
    "00036f6e65000374776f000574687265650004666f757200046669766500037369780005736576656e000365697400046e61696e000374656e"
    "0006696c6576656e00057477656c660008746872656574656e0007666f757274656e000666697674656e"
)
HEADS = (Path(__file__).parent / "tessera_heads.txt").read_text(encoding="ascii").splitlines()
"""Root and signature of the checkpoint of each size, from 0 on."""

RECORDS = [b"record %d" % number for number in range(300)]
RECORDS_ROOT = "gw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU="
RECORD_TILES = {
    "tile/0/000": "66a1d43136a854a5776d5bce14bf101c925fc7d4b32f1be23b658f636ebfcddb",
    "tile/0/001.p/44": "699f078d937f13343d71ad39321757de3ecf391e8d7a1b2015ad38bd36f5d60a",
    "tile/1/000.p/1": "dcef9e571841bfe2defd16306f8a7d69f5054092fb8b7f983970c646f7f5fd85",
}


@pytest.mark.parametrize(("path", "tile"), PATHS.items())
def test_paths(path: str, tile: Tile) -> None:
    assert tile.path == path
    assert parse(path) == tile


@pytest.mark.parametrize("path", BAD)
def test_bad_paths(path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(f"tile/{path}")
    assert caught.value.code is Code.TILE_INVALID


def test_the_tiles_of_the_examples() -> None:
    """Of 70,000 leaves and of 256, as the specification counts them."""
    rows = [(level, [tile.width for tile in row]) for level, row in groupby(tiles(70_000), key=lambda tile: tile.level)]
    assert rows == [(0, [256] * 273 + [112]), (1, [256, 17]), (2, [1])]
    assert [tile.path for tile in tiles(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert [tile.path for tile in bundles(256)] == ["tile/entries/000"]
    assert list(tiles(0)) == list(bundles(0)) == []


def test_bundles_of_another_log() -> None:
    entries = [word.encode() for word in WORDS]
    assert join_entries(entries) == BUNDLE
    assert split_entries(BUNDLE) == tuple(entries)


@pytest.mark.parametrize("size", range(16))
def test_heads_of_another_log_follow_from_its_tiles(size: int) -> None:
    """And its signatures are made again, as Ed25519 makes one only."""
    top, line = HEADS[size].split()
    leaves = [leaf_hash(word.encode()) for word in WORDS[:size]]
    data = {tile: join_hashes(leaves[tile.places.start : tile.places.stop]) for tile in tiles(size)}
    found = tile_proofs.root(size, tile_proofs.hashes_of(size, data.__getitem__))
    assert found == base64.b64decode(top)
    note = f"{ORIGIN}\n{size}\n{top}\n\n— {ORIGIN} {line}\n".encode()
    assert open_checkpoint(note, ORIGIN, {ORIGIN: TESSERA.public}) == Checkpoint(ORIGIN, size, found)
    assert sign_checkpoint(Checkpoint(ORIGIN, size, found), ORIGIN, TESSERA) == note


def test_tiles_of_a_larger_log() -> None:
    leaves = [leaf_hash(record) for record in RECORDS]
    data = {0: leaves, 1: [merkle.root(leaves[:256])]}
    made = {tile: join_hashes(data[tile.level or 0][tile.places.start : tile.places.stop]) for tile in tiles(300)}
    assert {tile.path: hashlib.sha256(joined).hexdigest() for tile, joined in made.items()} == RECORD_TILES
    assert split_hashes(Tile(0, 1, 44), made[Tile(0, 1, 44)]) == tuple(leaves[256:])
    assert tile_proofs.root(300, tile_proofs.hashes_of(300, made.__getitem__)) == base64.b64decode(RECORDS_ROOT)
