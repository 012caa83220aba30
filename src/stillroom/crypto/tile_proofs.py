"""Roots and proofs of a log from hashes of its tiles: a few hundred of them, however long the log.

They are those that `stillroom.crypto.merkle` makes of all leaves, and it verifies them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from stillroom.crypto import merkle
from stillroom.crypto.tiles import HEIGHT, WIDTH, Tile, hashes_at, split_hashes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Hashes: TypeAlias = "Callable[[int, range], Sequence[bytes]]"
"""Returns the hashes of a level at some places, all of which are in one tile."""


def hashes_of(size: int, read: Callable[[Tile], bytes]) -> Hashes:
    """Return the hashes of a log of `size` entries, of which tiles are read as they are needed; those of older sizes need not be there.

    The hashes raise `TILE_INVALID` where a tile that was read has another length. Whether they are right, a proof shows.
    """

    def hashes(level: int, places: range) -> Sequence[bytes]:
        index = places.start // WIDTH
        tile = Tile(level, index, min(WIDTH, hashes_at(level, size) - WIDTH * index))
        return split_hashes(tile, read(tile))[places.start % WIDTH :][: len(places)]

    return hashes


def root(size: int, hashes: Hashes) -> bytes:
    """Return the root of a log of `size` entries."""
    return _root(range(size), hashes)


def inclusion_proof(index: int, size: int, hashes: Hashes) -> tuple[bytes, ...]:
    """Return the proof that entry `index` is in a log of `size` entries.

    Raises:
        InvalidInput: `PROOF_INVALID` if there is no such entry.
    """
    return tuple(_root(span, hashes) for span in merkle.inclusion_spans(index, size))


def consistency_proof(first: int, second: int, hashes: Hashes) -> tuple[bytes, ...]:
    """Return the proof that a log of `second` entries begins with its first `first` entries.

    Raises:
        InvalidInput: `PROOF_INVALID` if there are fewer.
    """
    return tuple(_root(span, hashes) for span in merkle.consistency_spans(first, second))


def _root(span: range, hashes: Hashes) -> bytes:
    """Return the root of a range of leaves that is a subtree: of the largest complete subtree in it, and of the rest."""
    if not span:
        return merkle.EMPTY_ROOT
    power = len(span).bit_length() - 1
    left, right = span[: 1 << power], span[1 << power :]
    root_of_left = _complete(left, power, hashes)
    return merkle.node_hash(root_of_left, _root(right, hashes)) if right else root_of_left


def _complete(span: range, power: int, hashes: Hashes) -> bytes:
    """Return the root of 2**power leaves, which some of the hashes of one tile are made of."""
    level = power // HEIGHT
    return merkle.root(hashes(level, range(hashes_at(level, span.start), hashes_at(level, span.stop))))
