"""What a reader of a log's tiles does by C2SP tlog-tiles: which of them there are, and which entries a bundle has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.tiles import WIDTH, Tile, hashes_at

if TYPE_CHECKING:
    from collections.abc import Iterator


def tiles(size: int) -> Iterator[Tile]:
    """Return the hash tiles of a tree of `size` leaves: of each level all that are full, then one that is partial if there is one."""
    level = 0
    while hashes_at(level, size):
        yield from _row(level, hashes_at(level, size))
        level += 1


def bundles(size: int) -> Iterator[Tile]:
    """Return the entry bundles of a log of `size` entries."""
    return _row(None, size)


def split_entries(data: bytes) -> tuple[bytes, ...]:
    """Return the entries of a bundle, each of which stands behind its length."""
    entries, end = [], 0
    while end < len(data):
        start = end + 2
        end = start + int.from_bytes(data[end:start], "big")
        entries.append(data[start:end])
    assert end == len(data)
    return tuple(entries)


def _row(level: int | None, count: int) -> Iterator[Tile]:
    """Return the tiles of one level."""
    full, rest = divmod(count, WIDTH)
    yield from (Tile(level, index) for index in range(full))
    if rest:
        yield Tile(level, full, rest)
