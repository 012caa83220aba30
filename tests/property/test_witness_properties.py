"""Whatever a witness is shown, of all heads that it accepts each extends the one before."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from stillroom.crypto.keys import SigningKey
from stillroom.crypto.merkle import consistency_proof, leaf_hash, root
from stillroom.crypto.note import Checkpoint, sign_checkpoint
from stillroom.errors import Unverified
from stillroom.ledger.witness import Alarm, Alarmed, Witness, answer_alarm, check_alarm, see

ORIGIN = "example.com/room"
ROOM, STRANGER = (SigningKey.from_seed(bytes([number]) * 32) for number in (1, 2))
MOST = 40
BRANCHES = 3
SIZES = st.integers(0, MOST)


class Shown(NamedTuple):
    """A head, and the proof that comes with it: of any log, from any size, whole or not."""

    branch: int
    size: int
    signed_by: SigningKey
    proof_of: int
    proof_from: int | None
    proof_to: int | None
    dropped: int


FROM_OR_TO = st.none() | SIZES
SHOWN = st.builds(
    Shown,
    st.integers(0, BRANCHES - 1),
    SIZES,
    st.sampled_from([ROOM] * 5 + [STRANGER]),
    st.integers(0, BRANCHES - 1),
    FROM_OR_TO,
    FROM_OR_TO,
    st.sampled_from([0] * 5 + [1]),
)


def logs(forks: list[int]) -> list[list[bytes]]:
    """Return logs that agree up to some entry, each another one."""
    named = [[b"%d" % at if at < fork else b"%d of %d" % (at, branch) for at in range(MOST)] for branch, fork in enumerate(forks)]
    return [list(map(leaf_hash, entries)) for entries in named]


def proof_for(branches: list[list[bytes]], shown: Shown, witness: Witness) -> tuple[bytes, ...]:
    """Return the proof that comes with a head: mostly, of the sizes that it should be of."""
    second = shown.size if shown.proof_to is None else shown.proof_to
    first = min(witness.head.size if shown.proof_from is None else shown.proof_from, second)
    return consistency_proof(first, branches[shown.proof_of][:second])[shown.dropped :]


def shown_to(witness: Witness, note: bytes, proof: tuple[bytes, ...]) -> Witness | Unverified:
    """Return what becomes of a witness, or why it does not accept."""
    try:
        return see(witness, note, proof)
    except Unverified as refused:
        return refused


def check_evidence(alarm: Alarm, last: list[bytes], leaves: list[bytes]) -> None:
    """An alarm proves a fork and nothing else; and an honest room can answer it."""
    assert check_alarm(alarm) == (len(leaves) == len(last))
    shorter, longer = sorted((last, leaves), key=len)
    if longer[: len(shorter)] == shorter:
        answer_alarm(alarm, consistency_proof(len(shorter), longer))


@given(st.lists(st.integers(0, MOST), min_size=BRANCHES, max_size=BRANCHES), st.lists(SHOWN, max_size=25))
def test_heads_that_were_accepted_extend_each_other(forks: list[int], sequence: list[Shown]) -> None:
    branches, accepted = logs(forks), list[list[bytes]]()
    witness = Witness(origin=ORIGIN, key=ROOM.public.text)
    for shown in sequence:
        leaves = branches[shown.branch][: shown.size]
        note = sign_checkpoint(Checkpoint(ORIGIN, shown.size, root(leaves)), ORIGIN, shown.signed_by)
        outcome = shown_to(witness, note, proof_for(branches, shown, witness))
        if isinstance(outcome, Alarmed):
            check_evidence(outcome.alarm, accepted[-1], leaves)
        elif isinstance(outcome, Unverified):
            assert shown.signed_by is STRANGER or not accepted or not accepted[-1]
        else:
            assert shown.signed_by is ROOM
            assert (outcome.head.size, outcome.head.root) == (len(leaves), root(leaves))
            witness = outcome
            accepted.append(leaves)
    assert all(later[: len(earlier)] == earlier for earlier, later in combinations(accepted, 2))


@given(st.lists(SIZES, min_size=1, max_size=10))
def test_an_honest_log_is_always_accepted(sizes: list[int]) -> None:
    (leaves,) = logs([MOST])
    witness = Witness(origin=ORIGIN, key=ROOM.public.text)
    for size in sorted(sizes):
        note = sign_checkpoint(Checkpoint(ORIGIN, size, root(leaves[:size])), ORIGIN, ROOM)
        witness = see(witness, note, consistency_proof(witness.head.size, leaves[:size]))
        assert witness.head.size == size
