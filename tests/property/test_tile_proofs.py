"""Proofs from tiles are the proofs from all leaves, for any size and any size before it; and few tiles are enough."""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillroom.crypto import merkle, tile_proofs
from stillroom.crypto.merkle import leaf_hash
from stillroom.crypto.tiles import Tile, join_hashes
from stillroom.errors import Code, InvalidInput, Unverified

EDGES = sorted({power + more for power in (1, 256, 512, 65_536) for more in (-1, 0, 1, 2, 255, 256, 257)} | {3000, 70_000})
LARGEST = EDGES[-1]
LEAVES = [leaf_hash(b"%d" % number) for number in range(LARGEST)]
SMALL = st.integers(1, 3000)


@cache
def level(number: int) -> list[bytes]:
    """Return all hashes of a level of the largest log."""
    if number == 0:
        return LEAVES
    under = level(number - 1)
    return [merkle.root(under[start : start + 256]) for start in range(0, len(under) - 255, 256)]


def read(tile: Tile) -> bytes:
    """Return a tile of the largest log; that of a shorter one is its beginning."""
    assert tile.level is not None
    return join_hashes(level(tile.level)[tile.places.start : tile.places.stop])


def proves(first: int, second: int) -> None:
    """Make proofs both ways, compare them, and verify them."""
    hashes = tile_proofs.hashes_of(second, read)
    new = tile_proofs.root(second, hashes)
    assert new == merkle.root(LEAVES[:second])
    old = tile_proofs.root(first, hashes)
    consistency = tile_proofs.consistency_proof(first, second, hashes)
    assert consistency == merkle.consistency_proof(first, LEAVES[:second])
    merkle.verify_consistency(first, second, consistency, old, new)
    if first < second:
        inclusion = tile_proofs.inclusion_proof(first, second, hashes)
        assert inclusion == merkle.inclusion_proof(first, LEAVES[:second])
        merkle.verify_inclusion(LEAVES[first], first, second, inclusion, new)


@given(SMALL, st.data())
def test_of_any_two_sizes(second: int, data: st.DataObject) -> None:
    proves(data.draw(st.integers(0, second)), second)


@pytest.mark.parametrize(("first", "second"), sorted({*pairwise(EDGES), *product(EDGES, [LARGEST]), *product([0], EDGES)}))
def test_of_sizes_at_the_edges_of_tiles(first: int, second: int) -> None:
    proves(first, second)


@given(st.integers(1, LARGEST), st.data())
@example(65_537, None)
def test_few_tiles_are_read(second: int, data: st.DataObject | None) -> None:
    """Two a level at the most for one entry, and one more a level for an older size: that of the place, and that at the edge."""
    first = data.draw(st.integers(0, second - 1)) if data else second - 1
    seen: set[Tile] = set()

    def reading(tile: Tile) -> bytes:
        assert tile.within(second)
        seen.add(tile)
        return read(tile)

    tile_proofs.inclusion_proof(first, second, tile_proofs.hashes_of(second, reading))
    assert len(seen) <= 2 * 3
    seen.clear()
    tile_proofs.consistency_proof(first, second, tile_proofs.hashes_of(second, reading))
    assert len(seen) <= 2 * 3


@given(SMALL, st.data())
def test_a_changed_tile_makes_no_proof_that_holds(second: int, data: st.DataObject) -> None:
    """Whoever fetches tiles holds what is made of them against a checkpoint: any byte that a proof uses is found if it is wrong."""
    first = data.draw(st.integers(0, second - 1))
    bit = data.draw(st.integers(0, 7))

    def altered(tile: Tile) -> bytes:
        changed = bytearray(read(tile))
        for position in range(0, len(changed), 32):
            changed[position] ^= 1 << bit
        return bytes(changed)

    top = merkle.root(LEAVES[:second])
    proof = tile_proofs.inclusion_proof(first, second, tile_proofs.hashes_of(second, altered))
    if proof:
        with pytest.raises(Unverified) as caught:
            merkle.verify_inclusion(LEAVES[first], first, second, proof, top)
        assert caught.value.code is Code.PROOF_INVALID


def test_tiles_of_another_length_are_refused() -> None:
    for wrong in (b"", bytes(31), bytes(33), bytes(32 * 256)):
        with pytest.raises(Unverified) as caught:
            tile_proofs.root(300, tile_proofs.hashes_of(300, lambda _, wrong=wrong: wrong))  # type: ignore[misc]
        assert caught.value.code is Code.TILE_INVALID


def test_proofs_of_what_is_not_there_are_refused() -> None:
    hashes = tile_proofs.hashes_of(300, read)
    for index in (-1, 300):
        with pytest.raises(InvalidInput) as caught:
            tile_proofs.inclusion_proof(index, 300, hashes)
        assert caught.value.code is Code.PROOF_INVALID
    for first in (-1, 301):
        with pytest.raises(InvalidInput):
            tile_proofs.consistency_proof(first, 300, hashes)
