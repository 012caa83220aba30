"""What an aggregator sees of vectors of zeros is uniform, also with all masks taken off that it and a colluder can know.

Pearson's chi-square on bytes: 255 degrees of freedom, 2¹⁹ bytes each, at a level of 10⁻⁷, for nine views: a false alarm happens with
probability below 10⁻⁶ over all draws of keys, and never by luck, since the tests' keys are fixed. Its power is more than 1 - 10⁻⁶ where a
share of 2 % of the bytes is not masked, which `test_the_test_has_power` computes and tries; a mask left out leaves all of them bare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import chi2, ncx2

from stillroom.crypto.exchange import ExchangeKey, derive
from stillroom.crypto.keystream import keystream
from stillroom.learning.secure_sum.masks import info, own_key, pair_key, remove_pairs, stream
from tests.secure_sums import NAMES, session_of, until

if TYPE_CHECKING:
    from stillroom.learning.ring import Words

LEVEL = 1e-7
BYTES = 2**19
LIMIT = float(chi2.isf(LEVEL, 255))
BARE = 0.02


def distance(data: bytes) -> float:
    """Return Pearson's statistic of bytes, against the uniform distribution."""
    seen = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    expected = len(data) / 256
    return float(((seen - expected) ** 2 / expected).sum())


SESSION = session_of(length=BYTES // 8)
PLAYED = until("mask", SESSION, vectors=dict.fromkeys(SESSION.members, np.zeros(SESSION.length, np.int64)))  # type: ignore[arg-type]
ROSTER = PLAYED.shared["ada"]._roster


def words(name: str) -> Words:
    return SESSION.ring.from_bytes(PLAYED.words(name).words, SESSION.length)


def without_own(name: str, masked: Words) -> Words:
    """Take off the own mask, as an aggregator does for those in the active set."""
    return SESSION.ring.subtract(masked, stream(ROSTER, own_key(ROSTER, name, PLAYED.shared[name]._secret)))


def without_pairs(name: str, masked: Words, *peers: str) -> Words:
    """Take off masks with peers, as a colluder can, or an aggregator once a peer has dropped out."""
    return remove_pairs(ROSTER, name, masked, {peer: PLAYED.shared[name]._pairs[peer] for peer in peers})


@pytest.mark.parametrize("name", NAMES[:4])
def test_a_masked_vector_is_uniform(name: str) -> None:
    assert distance(SESSION.ring.to_bytes(words(name))) < LIMIT


@pytest.mark.parametrize("name", NAMES[:3])
def test_the_mask_with_one_honest_peer_is_uniform(name: str) -> None:
    """Ada, bea or cleo in the active set, one of the others dropped out, dora colludes: one mask with one peer is left."""
    peers = [peer for peer in NAMES[:4] if peer != name]
    assert distance(SESSION.ring.to_bytes(without_pairs(name, without_own(name, words(name)), *peers[1:]))) < LIMIT


def test_the_own_mask_alone_is_uniform() -> None:
    """Ada is said to have dropped out, so that her masking key is known, and her vector comes late: her own mask is left."""
    assert distance(SESSION.ring.to_bytes(without_pairs("ada", words("ada"), "bea", "cleo", "dora"))) < LIMIT


def test_with_all_masks_off_the_zeros_are_bare() -> None:
    """What the views above take off is what is there: with everything taken off, nothing but the vector is left."""
    left = without_pairs("ada", without_own("ada", words("ada")), "bea", "cleo", "dora")
    assert not left.any()


def test_two_vectors_together_are_uniform_but_for_their_sum() -> None:
    """The sum of two whose masks are off with everybody else shows their sum, and each one alone still nothing."""
    ada = without_pairs("ada", without_own("ada", words("ada")), "cleo", "dora")
    bea = without_pairs("bea", without_own("bea", words("bea")), "cleo", "dora")
    assert distance(SESSION.ring.to_bytes(ada)) < LIMIT
    assert not SESSION.ring.add(ada, bea).any()


def test_the_test_has_power() -> None:
    """Where 2 % of the bytes are bare zeros, the statistic is far beyond its limit, by theory and in a trial."""
    lacking = BYTES * BARE**2 * 255
    assert float(ncx2.cdf(LIMIT, 255, lacking)) < 1e-6
    masked = np.frombuffer(PLAYED.words("ada").words, np.uint8).copy()
    masked[:: round(1 / BARE)] = 0
    assert distance(masked.tobytes()) > LIMIT
    assert distance(bytes(BYTES)) > LIMIT


def test_masks_are_what_they_are_said_to_be() -> None:
    """Computed once more from the two keys' agreement: one word of ChaCha20's stream for each coordinate, the first by name adds."""
    shared, masking = PLAYED.shared, ExchangeKey.from_bytes(PLAYED.advertised["bea"]._masking)
    agreed = {peer: pair_key(ROSTER, "bea", masking, peer) for peer in ("ada", "cleo", "dora")}
    assert agreed == shared["bea"]._pairs
    assert agreed["ada"] == shared["ada"]._pairs["bea"]
    signs = {"ada": -1, "cleo": 1, "dora": 1}
    own = derive(shared["bea"]._secret, info("own mask", ROSTER, "bea"), 32)
    expected = np.frombuffer(keystream(own, BYTES), "<u8").copy()
    for peer, sign in signs.items():
        expected += np.frombuffer(keystream(agreed[peer], BYTES), "<u8") * np.uint64(sign % 2**64)
    assert (expected == words("bea")).all()


def test_each_key_is_for_one_use() -> None:
    """Session, roster, names and purpose are in what a key is derived for; their order too."""
    other = until("share", session_of(round=1)).shared["ada"]._roster
    again = until("share", session_of(length=BYTES // 8), label="again").shared["ada"]._roster
    made = {
        info(purpose, roster, *names)
        for purpose in ("own mask", "pair mask", "commitment", "shares")
        for roster in (ROSTER, other, again)
        for names in (("ada",), ("ada", "bea"), ("bea", "ada"))
    }
    assert len(made) == 36
