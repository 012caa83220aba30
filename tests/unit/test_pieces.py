"""Pieces of tables are bound to what they are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from stillroom.adapters.admitted import Contents
from stillroom.adapters.home.sealed_parquet import KEY_SIZE
from stillroom.adapters.memory_table import MemoryTable
from stillroom.adapters.remote.pieces import Opening, PiecedTable, Version, packed, pieces_of, unpacked, write_piece
from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from pathlib import Path

SALT = b"s" * 32
TABLE = MemoryTable(
    Contents(pa.table({"person": pa.array([0, 1], pa.int32()), "cost": [5, 6], "ward": ["a", "b"]}), pa.array(["p", "q"]), SALT)
)
VERSION = Version("room", "visits", 1)
KEY = bytes(KEY_SIZE)


def test_a_piece_is_read_as_what_it_is_of_and_as_nothing_else(tmp_path: Path) -> None:
    """Whoever has the very key, and puts the file in another place."""
    pieces = pieces_of(["cost", "ward"])
    for piece in pieces:
        write_piece(tmp_path / piece, VERSION, KEY, piece, TABLE)
    files, openings = {piece: tmp_path / piece for piece in pieces}, {piece: Opening(KEY, b"") for piece in pieces}
    table = PiecedTable(VERSION, files, openings, SALT)
    assert table.rows(["ward", "cost"]) == TABLE.rows(["ward", "cost"])
    assert (table.persons(), table.extent(), table.salt) == (TABLE.persons(), TABLE.extent(), SALT)
    moved = {**files, "row.cost": files["row.ward"]}
    others = [Version("other", "visits", 1), Version("room", "others", 1), Version("room", "visits", 2)]
    for wrong in (PiecedTable(VERSION, moved, openings, SALT), *(PiecedTable(other, files, openings, SALT) for other in others)):
        with pytest.raises(Failed) as caught:
            wrong.rows(["cost"])
        assert caught.value.code is Code.STORE_FAILED


def test_what_opens_pieces_is_unpacked_for_the_same_pieces_only() -> None:
    openings = {piece: Opening(bytes([place]) * 32, bytes([place + 100]) * 32) for place, piece in enumerate(pieces_of(["cost"]))}
    secret = packed(SALT, list(openings.values()))
    assert unpacked(secret, tuple(openings)) == (SALT, openings)
    for other in (pieces_of([]), pieces_of(["cost", "ward"])):
        with pytest.raises(Failed):
            unpacked(secret, other)
