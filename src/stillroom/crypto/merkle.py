"""Merkle trees of a log (RFC 6962, section 2.1; proofs are verified by the algorithms of RFC 9162, section 2.1).

Functions take *leaf hashes*, so that a log may keep 32 bytes per entry to prove things about it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Unverified

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

HASH_SIZE = 32
"""Bytes of a SHA-256 hash."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf, SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash of leaf hashes: MTH of RFC 6962, section 2.1."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = _left_size(len(leaves))
    return node_hash(root(leaves[:k]), root(leaves[k:]))


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the proof that leaf `index` (from 0) is in the tree of these leaves: PATH of RFC 6962, section 2.1.1.

    Raises:
        InvalidInput: `PROOF_INVALID` if there is no such leaf.
    """
    return tuple(root(leaves[span.start : span.stop]) for span in inclusion_spans(index, len(leaves)))


def inclusion_spans(index: int, size: int) -> tuple[range, ...]:
    """Return the ranges of leaves whose roots are the proof that leaf `index` is in a tree of `size` leaves.

    Raises:
        InvalidInput: `PROOF_INVALID` if there is no such leaf.
    """
    if not 0 <= index < size:
        raise _impossible(f"There is no entry {index} among {size}.")
    return _path(index, range(size))


def consistency_proof(size: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the proof that the tree of the first `size` leaves is a prefix of this tree: PROOF of RFC 6962, section 2.1.2.

    It is empty for the empty tree, with which every tree begins, and for this tree itself.

    Raises:
        InvalidInput: `PROOF_INVALID` if there are fewer leaves.
    """
    return tuple(root(leaves[span.start : span.stop]) for span in consistency_spans(size, len(leaves)))


def consistency_spans(first: int, second: int) -> tuple[range, ...]:
    """Return the ranges of leaves whose roots are the proof that a tree of `first` leaves is a prefix of one of `second` leaves.

    Raises:
        InvalidInput: `PROOF_INVALID` if there are fewer leaves.
    """
    if not 0 <= first <= second:
        raise _impossible(f"A log of {second} entries has no prefix of {first}.")
    return _subproof(first, range(second), whole=True) if first else ()


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes) -> None:
    """Accept that a leaf hash is entry `index` of the tree of `size` leaves with that root (RFC 9162, section 2.1.3.2).

    Raises:
        Unverified: `PROOF_INVALID` if the proof does not show it.
    """
    _check_hashes(leaf, root_hash, *proof)
    if not 0 <= index < size:
        raise _wrong()
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            raise _wrong()
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            fn, sn = _climb(fn, sn)
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or r != root_hash:
        raise _wrong()


def verify_consistency(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> None:
    """Accept that the log with the second root is the log with the first root and more entries (RFC 9162, section 2.1.4.2).

    Sizes 0 and `first == second` are outside that algorithm: their proof is empty, and the roots must be the empty root and equal.

    Args:
        first: Entries of the older log.
        second: Entries of the newer log.
        proof: Hashes from `consistency_proof`.
        first_root: Root of the older log.
        second_root: Root of the newer log.

    Raises:
        Unverified: `PROOF_INVALID` if the proof does not show it.
    """
    _check_hashes(first_root, second_root, *proof)
    if not 0 <= first <= second:
        raise _wrong()
    if (first == 0 and first_root != EMPTY_ROOT) or (first == second and first_root != second_root):
        raise _wrong()
    if 0 < first < second:
        if _consistent_roots(first, second, proof, first_root) != (first_root, second_root):
            raise _wrong()
    elif proof:
        raise _wrong()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of a tree's largest complete subtrees: all that is needed to append to it and to know its root.

    Attributes:
        size: Number of leaves.
        nodes: One root for each bit that is set in `size`, largest subtree first.
    """

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse nodes that do not fit the size."""
        if self.size < 0 or self.size.bit_count() != len(self.nodes) or any(len(node) != HASH_SIZE for node in self.nodes):
            raise _unreadable()

    @classmethod
    def of(cls, leaves: Iterable[bytes]) -> Self:
        """Return the frontier of leaf hashes."""
        frontier = cls()
        for leaf in leaves:
            frontier = frontier.append(leaf)
        return frontier

    @classmethod
    def from_hex(cls, size: int, nodes: Iterable[str]) -> Self:
        """Read what a store has kept: the size and `to_hex`.

        Raises:
            Unverified: `LOG_INVALID` if it is no frontier of that size.
        """
        try:
            return cls(size, tuple(bytes.fromhex(node) for node in nodes))
        except ValueError:
            raise _unreadable() from None

    def to_hex(self) -> list[str]:
        """Return the nodes as text, to be kept beside the size."""
        return [node.hex() for node in self.nodes]

    def append(self, leaf: bytes) -> Self:
        """Return the frontier with one more leaf hash: one node for each complete subtree that the leaf completes."""
        nodes, rest = list(self.nodes), self.size
        while rest & 1:
            leaf, rest = node_hash(nodes.pop(), leaf), rest >> 1
        return type(self)(self.size + 1, (*nodes, leaf))

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.nodes:
            return EMPTY_ROOT
        result = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            result = node_hash(node, result)
        return result


def _left_size(size: int) -> int:
    """Return the largest power of two that is smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _path(index: int, tree: range) -> tuple[range, ...]:
    if len(tree) == 1:
        return ()
    left, right = _halves(tree)
    return (*_path(index, left), right) if index in left else (*_path(index, right), left)


def _subproof(size: int, tree: range, *, whole: bool) -> tuple[range, ...]:
    if size == tree.stop:
        return () if whole else (tree,)
    left, right = _halves(tree)
    if size <= left.stop:
        return (*_subproof(size, left, whole=whole), right)
    return (*_subproof(size, right, whole=False), left)


def _halves(tree: range) -> tuple[range, range]:
    """Return the leaves of both children of a tree's root."""
    k = _left_size(len(tree))
    return tree[:k], tree[k:]


def _consistent_roots(first: int, second: int, proof: Sequence[bytes], first_root: bytes) -> tuple[bytes, bytes]:
    """Return both roots as the proof gives them, for 0 < first < second (steps 1 to 6 of RFC 9162, section 2.1.4.2)."""
    path = [first_root, *proof] if first.bit_count() == 1 else list(proof)
    if not proof:
        raise _wrong()
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise _wrong()
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            fn, sn = _climb(fn, sn)
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise _wrong()
    return fr, sr


def _climb(fn: int, sn: int) -> tuple[int, int]:
    """Shift both until the lowest bit of `fn` is set or `fn` is 0."""
    while fn and not fn & 1:
        fn, sn = fn >> 1, sn >> 1
    return fn, sn


def _check_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise _wrong()


def _wrong() -> Unverified:
    return Unverified(
        Code.PROOF_INVALID,
        "A proof does not connect what it should connect to the root of the log.",
        "Ask the room for the proof and the checkpoint again; if it stays so, the log was rewritten or forked.",
    )


def _impossible(reason: str) -> InvalidInput:
    return InvalidInput(Code.PROOF_INVALID, reason, "Ask for a proof within the log's present size.")


def _unreadable() -> Unverified:
    return Unverified(Code.LOG_INVALID, "The stored head of the log does not fit its size.", "Restore the room's store from a backup.")
