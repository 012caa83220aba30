"""A witness against what two other implementations of C2SP tlog-witness accept and refuse.

- `monkeys`: `witness/witness_test.go` of github.com/transparency-dev/witness (Apache-2.0).
- `sigsum`: `cmd/litewitness/testdata/litewitness.txt` of github.com/FiloSottile/torchwood (ISC), request by request. Its logs are of
  hashes that nobody knows entries for, which makes no difference to a witness.

What they answer to a proof from another size than they have seen, a conflict, is a proof that does not hold here.
"""

from __future__ import annotations

import base64

import pytest

from stillroom.crypto.keys import PublicKey, SigningKey
from stillroom.crypto.merkle import EMPTY_ROOT
from stillroom.crypto.note import Checkpoint, sign_checkpoint
from stillroom.errors import Code, Unverified
from stillroom.ledger.witness import Witness, see

MONKEY = SigningKey.from_seed(base64.b64decode("ATWIAF3yVBG+Hv1rZFQoNt/BaURkLPtOFMAM2HrEeIr6")[1:])
INITIAL = (
    "monkeys\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=\n\n"
    "— monkeys 202fftzGl3LVoqjXfwCFZZXs8I+5G22+Ek2K0AOyBuSJ/8/CZawNF+6fNlTKOCd622pbzJNkkJFWuw9DbicZCkEx9AY=\n"
).encode()
NEXT = (
    "monkeys\n8\nV8K9aklZ4EPB+RMOk1/8VsJUdFZR77GDtZUQq84vSbo=\n\n"
    "— monkeys 202ffoUEboiQYpHzICeaFmoy3RNviHTpAxYrq/eO4QQVQMvu9UebKBMX2MJC76NLthZaKsnKbCA8GxrjePZhvDCH7Ag=\n"
).encode()
PROOF = [
    bytes.fromhex(node)
    for node in (
        "b9e1d62618f7fee8034e4c5010f727ab24d8e4705cb296c374bf2025a87a10d2",
        "aac66cd7a79ce4012d80762fe8eec3a77f22d1ca4145c3f4cee022e7efcd599d",
        "89d0f753f66a290c483b39cd5e9eafb12021293395fad3d4a2ad053cfbcfdc9e",
        "29e40bb79c966f4c6fe96aff6f30acfce5f3e8d84c02215175d6e018a5dee833",
    )
]
FIVE = bytes.fromhex("e35b268c1522014ef412d2a54fa94838862d453631617b0307e5c77dcbeefc11")
OTHER = bytes.fromhex("fffffffffffffffef412d2a54fa94838862d453631617b0307e5c77dcbeefc11")
NEW = Witness(origin="monkeys", key=MONKEY.public.text)

SIGSUM = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
LOG_KEY = PublicKey(bytes.fromhex("ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f"))
ONE = (
    "1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=",
)
THREE = (
    "3\nRcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=",
    "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=",
)
SIZE_FIVE = (
    "5\nQrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=",
    "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=",
)
ALTERED = (THREE[0], THREE[1].replace("6go=", "6gw="))
GOOD_THREE = ["KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
BAD_THREE = [GOOD_THREE[0], "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABA="]
STALE_FIVE = [GOOD_THREE[0], "+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=", "KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
GOOD_FIVE = [
    GOOD_THREE[1],
    "KgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=",
    "KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
]


def monkeys(size: int, root: bytes) -> bytes:
    return sign_checkpoint(Checkpoint("monkeys", size, root), "monkeys", MONKEY)


def sigsum(head: tuple[str, str], origin: str = SIGSUM) -> bytes:
    text, signature = head
    return f"{origin}\n{text}\n\n— {origin} {signature}\n".encode()


def refused(witness: Witness, note: bytes, proof: list[bytes]) -> Code:
    with pytest.raises(Unverified) as caught:
        see(witness, note, proof)
    return caught.value.code


def test_what_another_witness_accepts_is_accepted() -> None:
    assert monkeys(5, FIVE) == INITIAL
    for initial in (INITIAL, monkeys(5, FIVE)):
        assert see(see(NEW, initial), NEXT, PROOF).head.size == 8
    assert see(see(NEW, INITIAL), monkeys(5, FIVE)).head.size == 5
    assert see(see(NEW, monkeys(0, EMPTY_ROOT)), INITIAL).head.size == 5


@pytest.mark.parametrize(
    ("initial", "note", "proof", "code"),
    [
        (monkeys(0, EMPTY_ROOT), INITIAL, PROOF, Code.PROOF_INVALID),
        (monkeys(0, EMPTY_ROOT), INITIAL, [b"\2"], Code.PROOF_INVALID),
        (INITIAL, monkeys(5, OTHER), [], Code.LOG_FORKED),
        (monkeys(4, FIVE), INITIAL, [], Code.LOG_REWRITTEN),
        (NEXT, INITIAL, PROOF, Code.LOG_ROLLED_BACK),
        (INITIAL, NEXT, [b"\xaa\xaa", b"\xbb\xbb", b"\xcc\xcc", b"\xdd\xdd"], Code.LOG_REWRITTEN),
    ],
)
def test_what_another_witness_refuses_is_refused(initial: bytes, note: bytes, proof: list[bytes], code: Code) -> None:
    assert refused(see(NEW, initial), note, proof) is code


def test_a_sequence_of_requests_ends_alike() -> None:
    def unbase64(texts: list[str]) -> list[bytes]:
        return [base64.b64decode(text) for text in texts]

    witness = see(Witness(origin=SIGSUM, key=LOG_KEY.text), sigsum(ONE))
    assert refused(witness, sigsum(ALTERED), unbase64(GOOD_THREE)) is Code.SIGNATURE_INVALID
    assert refused(witness, sigsum(THREE, SIGSUM[:-1] + "3"), unbase64(GOOD_THREE)) is Code.LOG_UNKNOWN
    assert refused(witness, sigsum(THREE), []) is Code.LOG_REWRITTEN
    assert refused(witness, sigsum(THREE), unbase64(BAD_THREE)) is Code.LOG_REWRITTEN
    witness = see(witness, sigsum(THREE), unbase64(GOOD_THREE))
    assert refused(witness, sigsum(SIZE_FIVE), unbase64(STALE_FIVE)) is Code.LOG_REWRITTEN
    witness = see(witness, sigsum(SIZE_FIVE), unbase64(GOOD_FIVE))
    assert witness.head.size == 5
    assert see(witness, sigsum(SIZE_FIVE)) == witness
