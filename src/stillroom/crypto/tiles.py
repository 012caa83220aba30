"""Tiles of a log: C2SP tlog-tiles (https://c2sp.org/tlog-tiles), the form in which hashes and entries are handed out.

A tile of level L has up to 256 hashes, each the root of a complete subtree of 256**L leaves; at level 0 they are leaf hashes. An entry
bundle has up to 256 entries. Both are named by paths, and what a path names never changes: once a log has grown, a wider tile has another
path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.crypto.merkle import HASH_SIZE
from stillroom.errors import Code, InvalidInput, Unverified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEIGHT = 8
"""Levels of a tree that one tile spans."""

WIDTH = 2**HEIGHT
"""Hashes of a full tile, and entries of a full bundle."""

ENTRY_LIMIT = 2**16 - 1
"""The most bytes of an entry, so that a bundle can say how many there are."""

_LENGTH = 2
_GROUP = 3
_LEVELS = range(64)
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """The name of a tile, or of an entry bundle.

    Attributes:
        level: How many levels of tiles are below; None for an entry bundle.
        index: Its place among the tiles of its level, from 0.
        width: How many hashes or entries it has: 256, or fewer if it is partial.
    """

    level: int | None
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        """Refuse what no path names."""
        if self.level not in {None, *_LEVELS} or self.index < 0 or not 1 <= self.width <= WIDTH:
            raise _malformed()

    @property
    def path(self) -> str:
        """Its path."""
        digits = str(self.index).zfill(_GROUP)
        *groups, last = re.findall("...", digits.zfill(len(digits) + -len(digits) % _GROUP))
        index = "".join(f"x{group}/" for group in groups) + last
        level = "entries" if self.level is None else self.level
        return f"tile/{level}/{index}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @property
    def places(self) -> range:
        """Where its hashes are among those of its level, or its entries in the log."""
        return range(WIDTH * self.index, WIDTH * self.index + self.width)

    def within(self, size: int) -> bool:
        """Tell whether a log of `size` entries has all that is in it."""
        return self.places.stop <= hashes_at(self.level or 0, size)


def parse(path: str) -> Tile:
    """Read a path, in the only spelling that it has.

    Raises:
        InvalidInput: `TILE_INVALID` if it is none.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise _malformed()
    level, index, width = found.groups()
    tile = Tile(None if level == "entries" else int(level), int(re.sub("[x/]", "", index)), int(width or WIDTH))
    if tile.path != path:
        raise _malformed()
    return tile


def hashes_at(level: int, size: int) -> int:
    """Return how many hashes a level has in a tree of `size` leaves: its complete subtrees of 256**level leaves."""
    return size >> HEIGHT * level


def completed(before: int, after: int) -> Iterator[tuple[int, int]]:
    """Return level and place of each hash above level 0 that a tree gains as it grows, after the hashes that it is made of.

    A log that keeps these, and its entries, has each tile at hand: it reads one row for each hash.
    """
    level = 1
    while hashes_at(level, after):
        yield from ((level, place) for place in range(hashes_at(level, before), hashes_at(level, after)))
        level += 1


def below(place: int) -> range:
    """Return the places, one level below, of the 256 hashes that the hash at a place is the root of."""
    return range(WIDTH * place, WIDTH * (place + 1))


def join_hashes(hashes: Iterable[bytes]) -> bytes:
    """Return the bytes of a hash tile."""
    return b"".join(hashes)


def split_hashes(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """Return the hashes of a tile from its bytes. Only a proof that is made of them shows whether they are right.

    Raises:
        Unverified: `TILE_INVALID` if there are more or fewer.
    """
    if len(data) != HASH_SIZE * tile.width:
        raise _other(tile)
    return tuple(data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE))


def join_entries(entries: Iterable[bytes]) -> bytes:
    """Return the bytes of an entry bundle: each entry behind its length.

    Raises:
        InvalidInput: `TILE_INVALID` if an entry is longer than can be said.
    """
    return b"".join(_length(entry) + entry for entry in entries)


def _length(entry: bytes) -> bytes:
    if len(entry) > ENTRY_LIMIT:
        raise InvalidInput(Code.TILE_INVALID, "An entry is too long for a bundle.", f"Keep each entry to {ENTRY_LIMIT} bytes.")
    return len(entry).to_bytes(_LENGTH, "big")


def _malformed() -> InvalidInput:
    return InvalidInput(
        Code.TILE_INVALID,
        "Something is not the path of a tile.",
        "Write tile/<level>/<index> or tile/entries/<index>, the index in groups of three digits: tile/0/x001/234, tile/1/000.p/17.",
    )


def _other(tile: Tile) -> Unverified:
    return Unverified(Code.TILE_INVALID, f"What was sent as {tile.path} is something else.", "Ask for it once more.")
