"""A witness: what it accepts, what makes it raise the alarm, and what an alarm proves to somebody else."""

from __future__ import annotations

import pytest

from stillroom.crypto.keys import SigningKey
from stillroom.crypto.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, root
from stillroom.crypto.note import Checkpoint, sign_checkpoint
from stillroom.errors import Code, InvalidInput, StillroomError, Unverified
from stillroom.ledger.witness import Alarm, Alarmed, Witness, answer_alarm, check_alarm, see

ORIGIN = "example.com/room"
ROOM, STRANGER = (SigningKey.from_seed(bytes([number]) * 32) for number in (1, 2))
LEAVES = [leaf_hash(b"%d" % number) for number in range(20)]
OTHER = [*LEAVES[:5], *(leaf_hash(b"other %d" % number) for number in range(5, 20))]
"""The same log up to entry 4, and another one afterwards."""

NEW = Witness(origin=ORIGIN, key=ROOM.public.text)


def note(leaves: list[bytes], key: SigningKey = ROOM, origin: str = ORIGIN) -> bytes:
    return sign_checkpoint(Checkpoint(origin, len(leaves), root(leaves)), origin, key)


def seen(size: int) -> Witness:
    """Return a witness that has seen a head."""
    return see(NEW, note(LEAVES[:size]))


def alarm(witness: Witness, shown: bytes, proof: tuple[bytes, ...] = ()) -> Alarm:
    """Show a head, and return the alarm."""
    with pytest.raises(Alarmed) as caught:
        see(witness, shown, proof)
    assert caught.value.code is caught.value.alarm.code
    assert (caught.value.alarm.seen, caught.value.alarm.shown) == (witness.seen, shown.decode())
    return caught.value.alarm


def refused(witness: Witness, shown: bytes, *proof: bytes) -> Code:
    """Show a head, and return why it is not accepted, without an alarm."""
    with pytest.raises(StillroomError) as caught:
        see(witness, shown, proof)
    assert not isinstance(caught.value, Alarmed)
    return caught.value.code


def test_the_first_head_is_accepted_without_a_proof() -> None:
    assert NEW.head == Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    for size in (0, 1, 7):
        assert seen(size).head == Checkpoint(ORIGIN, size, root(LEAVES[:size]))
    assert refused(NEW, note(LEAVES), LEAVES[0]) is Code.PROOF_INVALID
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, bytes(32)), ORIGIN, ROOM)
    assert refused(NEW, empty) is Code.PROOF_INVALID
    assert refused(seen(0), empty) is Code.PROOF_INVALID


@pytest.mark.parametrize(("before", "after"), [(0, 1), (0, 20), (1, 2), (7, 8), (8, 20), (19, 20)])
def test_growth_is_accepted_with_its_proof(before: int, after: int) -> None:
    grown = see(seen(before), note(LEAVES[:after]), consistency_proof(before, LEAVES[:after]))
    assert grown.head.size == after
    assert grown == seen(after)


def test_the_same_head_again_changes_nothing() -> None:
    again = sign_checkpoint(seen(7).head, "somebody", STRANGER).partition(b"\n\n")[2]
    for shown in (note(LEAVES[:7]), note(LEAVES[:7]) + again):
        assert see(seen(7), shown) == seen(7)
        assert see(seen(7), shown, (LEAVES[0],)) == seen(7)


def test_a_shorter_log_is_an_alarm_that_the_room_can_answer() -> None:
    """Somebody may have shown an old head of an honest room; a room that was put back to an earlier state can answer as well."""
    found = alarm(seen(7), note(LEAVES[:6]))
    assert found.code is Code.LOG_ROLLED_BACK
    assert not check_alarm(found)
    answer_alarm(found, consistency_proof(6, LEAVES[:7]))
    assert alarm(seen(7), note([])).code is Code.LOG_ROLLED_BACK


def test_a_shorter_log_of_other_entries_has_no_answer() -> None:
    found = alarm(seen(9), note(OTHER[:7]), consistency_proof(7, LEAVES[:9]))
    assert found.code is Code.LOG_ROLLED_BACK
    for log in (LEAVES[:9], OTHER[:9]):
        with pytest.raises(Unverified) as caught:
            answer_alarm(found, consistency_proof(7, log))
        assert caught.value.code is Code.PROOF_INVALID


def test_another_head_of_one_size_is_an_alarm_that_proves_itself() -> None:
    found = alarm(seen(7), note(OTHER[:7]))
    assert found.code is Code.LOG_FORKED
    assert check_alarm(found)
    for proof in ((), consistency_proof(7, LEAVES), (LEAVES[0],)):
        with pytest.raises(Unverified) as caught:
            answer_alarm(found, proof)
        assert caught.value.code is Code.PROOF_INVALID


@pytest.mark.parametrize(
    "proof",
    [
        *((), (b"short",), (LEAVES[0],) * 70),
        *(consistency_proof(7, OTHER), consistency_proof(6, LEAVES), consistency_proof(7, LEAVES[:19])),
    ],
)
def test_growth_without_its_proof_is_an_alarm(proof: tuple[bytes, ...]) -> None:
    found = alarm(seen(7), note(OTHER), proof)
    assert found.code is Code.LOG_REWRITTEN
    assert not check_alarm(found)
    with pytest.raises(Unverified):
        answer_alarm(found, proof)


def test_growth_with_a_spoilt_proof_is_an_alarm_that_the_room_can_answer() -> None:
    proof = consistency_proof(7, LEAVES)
    found = alarm(seen(7), note(LEAVES), proof[:-1])
    assert found.code is Code.LOG_REWRITTEN
    answer_alarm(found, proof)
    assert see(seen(7), note(LEAVES), proof).head.size == 20


def test_heads_of_other_logs_and_keys_are_not_accepted_and_no_alarm() -> None:
    for witness in (NEW, seen(7)):
        assert refused(witness, note(LEAVES, origin="example.com/other")) is Code.LOG_UNKNOWN
        assert refused(witness, note(LEAVES, STRANGER)) is Code.LOG_UNKNOWN
        assert refused(witness, note(LEAVES[:7], STRANGER)) is Code.LOG_UNKNOWN
        assert refused(witness, b"") is Code.CHECKPOINT_INVALID
        forged = note(LEAVES).partition(b"\n\n")[0] + b"\n\n" + note(OTHER).partition(b"\n\n")[2]
        assert refused(witness, forged) is Code.SIGNATURE_INVALID
    assert refused(Witness(origin=ORIGIN, key="ed25519:no"), note(LEAVES)) is Code.KEY_INVALID


def test_alarms_can_be_kept_and_shown() -> None:
    found = alarm(seen(7), note(OTHER[:7]))
    assert Alarm.model_validate_json(found.model_dump_json()) == found
    assert Witness.model_validate_json(seen(7).model_dump_json()) == seen(7)
    assert set(found.to_json()) == {"origin", "key", "seen", "shown"}


@pytest.mark.parametrize(
    "changes",
    [
        {"shown": note(LEAVES[:7]).decode()},
        {"shown": note(OTHER[:7], STRANGER).decode()},
        {"seen": note(LEAVES[:7], STRANGER).decode()},
        {"key": STRANGER.public.text},
        {"key": "ed25519:no"},
        {"origin": "example.com/other"},
        {"shown": "no note"},
        {"shown": note(LEAVES[:7]).decode().partition("\n\n")[0] + "\n\n" + note(OTHER[:7]).decode().partition("\n\n")[2]},
    ],
)
def test_what_is_no_alarm_is_refused(changes: dict[str, str]) -> None:
    found = alarm(seen(7), note(OTHER[:7]))
    with pytest.raises(Unverified) as caught:
        check_alarm(found.model_copy(update=changes))
    assert caught.value.code is Code.ALARM_INVALID


def test_a_key_is_read_when_it_is_needed() -> None:
    with pytest.raises(InvalidInput):
        see(Witness(origin=ORIGIN, key=""), note(LEAVES))
