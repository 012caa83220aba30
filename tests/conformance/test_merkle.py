"""Merkle trees against the vectors of Certificate Transparency, and against pymerkle for every size from 1 to 130.

The vectors are those of the implementations of RFC 6962: `testonly/constants.go`, `rfc6962/rfc6962_test.go` and `proof/verify_test.go` of
github.com/transparency-dev/merkle (Apache-2.0), which go back to google/certificate-transparency.
"""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING

import pymerkle
import pytest

from stillroom.crypto.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from stillroom.errors import Code, InvalidInput, Unverified

if TYPE_CHECKING:
    from collections.abc import Sequence

INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]

ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

# Hashes of all complete subtrees, by level.
NODES = [
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
    ],
    [
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    ],
    [
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    ["5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"],
]

# (level, index) of the nodes of the frontier, for sizes 0 to 8.
FRONTIERS: list[list[tuple[int, int]]] = [
    [],
    [(0, 0)],
    [(1, 0)],
    [(1, 0), (0, 2)],
    [(2, 0)],
    [(2, 0), (0, 4)],
    [(2, 0), (1, 2)],
    [(2, 0), (1, 2), (0, 6)],
    [(3, 0)],
]

# Index from 0, size, proof.
INCLUSION: list[tuple[int, int, list[str]]] = [
    (0, 1, []),
    (0, 8, [NODES[0][1], NODES[1][1], NODES[2][1]]),
    (5, 8, [NODES[0][4], NODES[1][3], NODES[2][0]]),
    (2, 3, [NODES[1][0]]),
    (1, 5, [NODES[0][0], NODES[1][1], NODES[0][4]]),
]

# Older size, newer size, proof.
CONSISTENCY: list[tuple[int, int, list[str]]] = [
    (1, 1, []),
    (1, 8, [NODES[0][1], NODES[1][1], NODES[2][1]]),
    (6, 8, [NODES[1][2], NODES[1][3], NODES[2][0]]),
    (2, 5, [NODES[1][1], NODES[0][4]]),
    (6, 7, [NODES[1][2], NODES[0][6], NODES[2][0]]),
]

LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
SOME_HASH = bytes.fromhex("abacaba000000000000000000000000000000000000000000060061e00123456")

SIZES = range(1, 131)
ENTRIES = [b"entry %d" % number for number in range(SIZES[-1])]
HASHES = [leaf_hash(entry) for entry in ENTRIES]


def tree_of(entries: list[bytes]) -> pymerkle.InmemoryTree:
    """Make pymerkle's tree, which has the hashes of RFC 6962 when told nothing else."""
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    tree.append_entries(entries)
    return tree


TREE = tree_of(ENTRIES)


def unhex(*texts: str) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def folded(proof: pymerkle.ConsistencyProof) -> list[bytes]:
    """Return a consistency proof of pymerkle in the form of RFC 6962.

    pymerkle goes down to a single leaf where RFC 6962 stops at the subtree in which the older tree ends: all hashes before the first one of
    the older tree make up that subtree's right neighbour. And it always gives the subtree itself, which RFC 6962 leaves out when it is the
    whole older tree.
    """
    end = proof.subset.index(1)
    ending, right, rest = proof.path[end], proof.path[:end], proof.path[end + 1 :]
    whole = proof.prior_size in (proof.size, 1 << (proof.prior_size.bit_length() - 1))
    return [*([] if whole else [ending]), *([reduce(node_hash, right)] if right else []), *rest]


def roots_by_recursion(first: int, second: int, proof: Sequence[bytes], old: bytes) -> tuple[bytes, bytes]:
    """Return both roots that a consistency proof leads to, read backwards from the definition of SUBPROOF (RFC 6962, section 2.1.2)."""
    hashes = iter(proof)

    def walk(m: int, n: int, *, whole: bool) -> tuple[bytes, bytes]:
        if m == n:
            subtree = old if whole else next(hashes)
            return subtree, subtree
        k = max(1 << power for power in range(n.bit_length()) if 1 << power < n)
        if m <= k:
            older, newer = walk(m, k, whole=whole)
            return older, node_hash(newer, next(hashes))
        older, newer = walk(m - k, n - k, whole=False)
        left = next(hashes)
        return node_hash(left, older), node_hash(left, newer)

    roots = walk(first, second, whole=True)
    assert not list(hashes)
    return roots


def test_hashes_of_the_vectors() -> None:
    assert EMPTY_ROOT.hex() == ROOTS[0]
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    assert [leaf.hex() for leaf in LEAVES] == NODES[0]
    for below, level in pairwise(NODES):
        assert [node_hash(*unhex(*below[i : i + 2])).hex() for i in range(0, len(below), 2)] == level


@pytest.mark.parametrize("size", range(9))
def test_roots_and_frontiers_of_the_vectors(size: int) -> None:
    assert root(LEAVES[:size]).hex() == ROOTS[size]
    frontier = Frontier.of(LEAVES[:size])
    assert frontier.root.hex() == ROOTS[size]
    assert frontier.to_hex() == [NODES[level][index] for level, index in FRONTIERS[size]]


def test_the_vectors_are_also_those_of_pymerkle() -> None:
    tree = tree_of(unhex(*INPUTS))
    assert [tree.get_root(size).hex() for size in range(1, 9)] == ROOTS[1:]
    assert [tree.get_leaf(index).hex() for index in range(1, 9)] == NODES[0]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_inclusion_proofs_of_the_vectors(index: int, size: int, proof: list[str]) -> None:
    assert list(inclusion_proof(index, LEAVES[:size])) == unhex(*proof)
    verify_inclusion(LEAVES[index], index, size, unhex(*proof), bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENCY)
def test_consistency_proofs_of_the_vectors(first: int, second: int, proof: list[str]) -> None:
    assert list(consistency_proof(first, LEAVES[:second])) == unhex(*proof)
    verify_consistency(first, second, unhex(*proof), *unhex(ROOTS[first], ROOTS[second]))


@pytest.mark.parametrize(("index", "size", "texts"), INCLUSION)
def test_the_bad_inclusion_proofs_of_the_vectors(index: int, size: int, texts: list[str]) -> None:
    """Bent as `corruptInclusionProof` of the same test data bends them."""
    leaf, top, proof = LEAVES[index], bytes.fromhex(ROOTS[size]), unhex(*texts)
    bad = [
        (leaf, index - 1, size, proof, top),
        (leaf, index + 1, size, proof, top),
        (leaf, index ^ 2, size, proof, top),
        (leaf, index, size * 2, proof, top),
        (leaf, index, size // 2, proof, top),
        (b"WrongLeaf", index, size, proof, top),
        (leaf, index, size, proof, EMPTY_ROOT),
        (leaf, index, size, proof, SOME_HASH),
        (leaf, index, size, [*proof, b""], top),
        (leaf, index, size, [*proof, top], top),
        (leaf, index, size, [b"", *proof], top),
        (leaf, index, size, [top, *proof], top),
        *((leaf, index, size, proof[:-1], top) for _ in proof[:1]),
        *((leaf, index, size, [proof[0], SOME_HASH, *proof[1:]], top) for _ in proof[1:2]),
    ]
    for arguments in bad:
        with pytest.raises(Unverified) as caught:
            verify_inclusion(*arguments)
        assert caught.value.code is Code.PROOF_INVALID


@pytest.mark.parametrize(("first", "second", "texts"), CONSISTENCY[1:])
def test_the_bad_consistency_proofs_of_the_vectors(first: int, second: int, texts: list[str]) -> None:
    """Bent as `corruptConsistencyProof` of the same test data bends them."""
    old, new = unhex(ROOTS[first], ROOTS[second])
    proof = unhex(*texts)
    bad = [
        (first - 1, second, proof, old, new),
        (first + 1, second, proof, old, new),
        (first ^ 2, second, proof, old, new),
        (first, second * 2, proof, old, new),
        (first, second // 2, proof, old, new),
        (first, second, proof, b"WrongRoot", new),
        (first, second, proof, old, b"WrongRoot"),
        (first, second, proof, new, old),
        (first, second, [], old, new),
        (first, second, proof[:-1], old, new),
        *((first, second, [*proof, more], old, new) for more in (b"", old, new)),
        *((first, second, [more, *proof], old, new) for more in (b"", old, new, proof[0])),
    ]
    for arguments in bad:
        with pytest.raises(Unverified) as caught:
            verify_consistency(*arguments)
        assert caught.value.code is Code.PROOF_INVALID


def test_sizes_at_the_edge() -> None:
    """Size 0 and equal sizes, as in `TestVerifyConsistency` of the same test data, but with the empty tree's own root."""
    one, two = LEAVES[0], root(LEAVES[:2])
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    verify_consistency(0, 2, [], EMPTY_ROOT, two)
    verify_consistency(2, 2, [], two, two)
    assert consistency_proof(0, LEAVES) == consistency_proof(8, LEAVES) == ()
    for arguments in (
        (0, 0, [], one, one),
        (0, 2, [], one, two),
        (0, 2, [one], EMPTY_ROOT, two),
        (2, 2, [], one, two),
        (2, 2, [one], two, two),
        (2, 1, [], two, one),
        (1, 0, [], one, EMPTY_ROOT),
        (1, 2, [], one, two),
        (-1, 2, [], EMPTY_ROOT, two),
    ):
        with pytest.raises(Unverified):
            verify_consistency(*arguments)
    for index, size in ((0, 0), (1, 1), (2, 1), (-1, 1)):
        with pytest.raises(Unverified):
            verify_inclusion(one, index, size, [], one)


@pytest.mark.parametrize("size", SIZES)
def test_roots_agree_with_pymerkle(size: int) -> None:
    assert root(HASHES[:size]) == Frontier.of(HASHES[:size]).root == TREE.get_root(size)


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_agrees_with_pymerkle_both_ways(size: int) -> None:
    """Our proofs are pymerkle's hash for hash (its own begin with the leaf); its verifier accepts ours, and ours accepts its."""
    top = TREE.get_root(size)
    for index in range(size):
        proof = TREE.prove_inclusion(index + 1, size)
        ours = inclusion_proof(index, HASHES[:size])
        assert [HASHES[index], *ours] == proof.path
        verify_inclusion(HASHES[index], index, size, proof.path[1:], top)
        rebuilt = pymerkle.InclusionProof("sha256", True, size, index + 1, proof.rule, [HASHES[index], *ours])  # noqa: FBT003 - pymerkle's
        pymerkle.verify_inclusion(HASHES[index], top, rebuilt, index=index + 1, size=size, algorithm="sha256")


@pytest.mark.parametrize("second", SIZES)
def test_consistency_agrees_with_pymerkle(second: int) -> None:
    """Our proofs are pymerkle's, folded, hash for hash; ours accepts them.

    pymerkle's verifier takes only its own, finer form, which cannot be had from an RFC 6962 proof. So in that direction a verifier written
    from the recursive definition leads from our proofs to pymerkle's roots.
    """
    new = TREE.get_root(second)
    for first in range(1, second + 1):
        old = TREE.get_root(first)
        proof = TREE.prove_consistency(first, second)
        pymerkle.verify_consistency(old, new, proof, prior_size=first, later_size=second, algorithm="sha256")
        ours = consistency_proof(first, HASHES[:second])
        assert list(ours) == folded(proof)
        verify_consistency(first, second, folded(proof), old, new)
        assert roots_by_recursion(first, second, ours, old) == (old, new)


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_a_proof_with_one_level_more_is_refused_even_where_it_leads_to_the_root(size: int) -> None:
    """A log whose operator has signed a root one level above the tree of the size beside it."""
    leaves, above = HASHES[:size], HASHES[-1]
    raised = node_hash(above, root(leaves))
    for index in range(size):
        with pytest.raises(Unverified):
            verify_inclusion(leaves[index], index, size, [*inclusion_proof(index, leaves), above], raised)
    for first in range(1, size):
        proof = [*consistency_proof(first, leaves), above]
        for old in (root(leaves[:first]), node_hash(above, root(leaves[:first]))):
            with pytest.raises(Unverified):
                verify_consistency(first, size, proof, old, raised)


def test_hashes_of_other_lengths_are_refused_even_where_they_lead_to_the_root() -> None:
    """31 and 33 bytes are hashed together like 32 and 32."""
    left, right = HASHES[:2]
    verify_inclusion(left, 0, 2, [right], node_hash(left, right))
    with pytest.raises(Unverified):
        verify_inclusion(left[:-1], 0, 2, [left[-1:] + right], node_hash(left, right))
    verify_consistency(1, 2, [right], left, node_hash(left, right))
    with pytest.raises(Unverified):
        verify_consistency(1, 2, [left[-1:] + right], left[:-1], node_hash(left, right))


def test_proofs_of_what_is_not_there_are_refused() -> None:
    for index in (-1, 8):
        with pytest.raises(InvalidInput) as caught:
            inclusion_proof(index, LEAVES)
        assert caught.value.code is Code.PROOF_INVALID
    for size in (-1, 9):
        with pytest.raises(InvalidInput):
            consistency_proof(size, LEAVES)


@pytest.mark.parametrize(
    ("size", "nodes"),
    [(1, []), (0, [ROOTS[0]]), (2, [ROOTS[1], ROOTS[1]]), (1, ["00"]), (1, ["garbage"]), (-1, [ROOTS[1]])],
)
def test_a_frontier_that_does_not_fit_is_refused(size: int, nodes: list[str]) -> None:
    with pytest.raises(Unverified) as caught:
        Frontier.from_hex(size, nodes)
    assert caught.value.code is Code.LOG_INVALID
