"""Merkle proofs: true ones hold, and not one byte of them can be changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.crypto.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from stillroom.errors import Unverified

LOGS = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def bent(value: bytes) -> list[bytes]:
    """Return the value with each byte changed, one at a time, and cut and longer."""
    changed = [value[:i] + bytes([value[i] ^ 0x40]) + value[i + 1 :] for i in range(len(value))]
    return [*changed, value[:-1], value + b"\0", b""]


@given(LOGS, st.data())
def test_every_changed_byte_of_an_inclusion_proof_is_found(entries: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof, top = list(inclusion_proof(index, leaves)), root(leaves)
    verify_inclusion(leaves[index], index, len(leaves), proof, top)
    for position, part in enumerate(proof):
        for wrong in bent(part):
            with pytest.raises(Unverified):
                verify_inclusion(leaves[index], index, len(leaves), [*proof[:position], wrong, *proof[position + 1 :]], top)
    for wrong in bent(top):
        with pytest.raises(Unverified):
            verify_inclusion(leaves[index], index, len(leaves), proof, wrong)
    for wrong in bent(leaves[index]):
        with pytest.raises(Unverified):
            verify_inclusion(wrong, index, len(leaves), proof, top)


@given(LOGS, st.data())
def test_an_inclusion_proof_is_for_one_place(entries: list[bytes], data: st.DataObject) -> None:
    """With distinct entries, a proof for one index holds for no other."""
    leaves = [leaf_hash(b"%d " % number + entry) for number, entry in enumerate(entries)]
    index, other = data.draw(st.integers(0, len(leaves) - 1)), data.draw(st.integers(-1, len(leaves)))
    proof = inclusion_proof(index, leaves)
    if other != index:
        with pytest.raises(Unverified):
            verify_inclusion(leaves[index], other, len(leaves), proof, root(leaves))


@given(LOGS, st.data())
def test_every_changed_byte_of_a_consistency_proof_is_found(entries: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    first = data.draw(st.integers(0, len(leaves)))
    proof, old, new = list(consistency_proof(first, leaves)), root(leaves[:first]), root(leaves)
    verify_consistency(first, len(leaves), proof, old, new)
    for position, part in enumerate(proof):
        for wrong in bent(part):
            with pytest.raises(Unverified):
                verify_consistency(first, len(leaves), [*proof[:position], wrong, *proof[position + 1 :]], old, new)
    for wrong in bent(old):
        with pytest.raises(Unverified):
            verify_consistency(first, len(leaves), proof, wrong, new)
    if first > 0:  # nothing is claimed about what follows the empty log
        for wrong in bent(new):
            with pytest.raises(Unverified):
                verify_consistency(first, len(leaves), proof, old, wrong)


@given(LOGS, st.data())
def test_a_rewritten_entry_breaks_consistency(entries: list[bytes], data: st.DataObject) -> None:
    """However the room makes the proof, it cannot connect the old root with a log whose past is another."""
    leaves = [leaf_hash(entry) for entry in entries]
    first = data.draw(st.integers(1, len(leaves)))
    changed = data.draw(st.integers(0, first - 1))
    rewritten = [*leaves[:changed], leaf_hash(entries[changed] + b"!"), *leaves[changed + 1 :]]
    for log in (leaves, rewritten):
        with pytest.raises(Unverified):
            verify_consistency(first, len(leaves), consistency_proof(first, log), root(leaves[:first]), root(rewritten))


@given(LOGS)
def test_the_frontier_is_the_tree(entries: list[bytes]) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    frontier = Frontier()
    for size, leaf in enumerate(leaves, start=1):
        frontier = frontier.append(leaf)
        assert frontier.size == size
        assert frontier.root == root(leaves[:size])
        assert len(frontier.nodes) <= size.bit_length()
        assert Frontier.from_hex(size, frontier.to_hex()) == frontier
