"""Merkle trees of a log: RFC 9162, section 2.1, where all hashes are SHA-256."""

from __future__ import annotations

import hashlib
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

HASH_SIZE = 32


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of an entry (section 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots(leaves: Sequence[bytes], sizes: Collection[int]) -> dict[int, bytes]:
    """Return the roots of the trees of so many leaves from the first on (section 2.1.2: with a stack of complete subtrees)."""
    stack: list[bytes] = []
    wanted, found = frozenset(sizes), {0: hashlib.sha256(b"").digest()}
    for number, leaf in enumerate(leaves, start=1):
        stack.append(leaf)
        for _ in range((number & -number).bit_length() - 1):
            right = stack.pop()
            stack.append(node_hash(stack.pop(), right))
        if number in wanted:
            found[number] = reduce(lambda right, left: node_hash(left, right), reversed(stack))
    return found


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a tree from its leaf hashes."""
    return roots(leaves, {len(leaves)})[len(leaves)]


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that an inclusion path leads to (section 2.1.3.2), or None for a path that cannot belong to that place.

    At each level, the node is paired with its sibling to the left or to the right; the last node of a level that has no sibling goes
    up as it is.
    """
    if not 0 <= index < size:
        return None
    hashes, last, node = list(reversed(path)), size - 1, leaf
    while last:
        if index % 2 or index < last:
            if not hashes:
                return None
            sibling = hashes.pop()
            node = node_hash(sibling, node) if index % 2 else node_hash(node, sibling)
        index, last = index // 2, last // 2
    return None if hashes else node
