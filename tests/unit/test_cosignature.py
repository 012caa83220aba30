"""Cosignatures: what a witness signs, and what is refused."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.crypto.cosignature import COSIGNATURE, Cosignature, cosign, cosignatures
from stillroom.crypto.keys import SigningKey
from stillroom.crypto.note import Checkpoint, key_id, open_checkpoint, sign_checkpoint
from stillroom.errors import Code, InvalidInput, StillroomError, Unverified

ORIGIN = "example.com/room"
KEYS = {name: SigningKey.from_seed(bytes([number]) * 32) for number, name in enumerate((ORIGIN, "healthco", "insuranceco"))}
WITNESSES = {name: KEYS[name].public for name in ("healthco", "insuranceco")}
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(range(224, 256)))
NOTE = sign_checkpoint(CHECKPOINT, ORIGIN, KEYS[ORIGIN])
AT = 1_800_000_000


def line(name: str, at: int = AT, key: SigningKey | None = None) -> bytes:
    """Return the line of a witness."""
    return cosign(NOTE, name, key or KEYS[name], at).removeprefix(NOTE)


LINE = line("healthco")


def blob(at: int, signature: bytes, kind: bytes = COSIGNATURE) -> bytes:
    """Return a line of healthco's with any time and signature in it."""
    value = key_id("healthco", WITNESSES["healthco"], kind) + at.to_bytes(8, "big") + signature
    return f"— healthco {base64.b64encode(value).decode()}\n".encode()


def refusal(note: bytes) -> Code:
    with pytest.raises(Unverified) as caught:
        cosignatures(note, WITNESSES)
    return caught.value.code


def test_the_text_that_is_signed() -> None:
    message = f"cosignature/v1\ntime 1800000000\n{CHECKPOINT.text}".encode()
    assert blob(AT, KEYS["healthco"].sign(message)) == LINE


@given(st.integers(1, 2**63 - 1), st.sampled_from(sorted(WITNESSES)))
def test_cosignatures_come_back(at: int, name: str) -> None:
    assert cosignatures(cosign(NOTE, name, KEYS[name], at), WITNESSES) == (Cosignature(name, at, line(name, at).decode()),)


def test_several_witnesses_sign_one_note_and_the_log_still_does() -> None:
    note = NOTE + line("insuranceco", AT + 5) + LINE
    assert [(one.name, one.at) for one in cosignatures(note, WITNESSES)] == [("healthco", AT), ("insuranceco", AT + 5)]
    assert open_checkpoint(note, ORIGIN, {ORIGIN: KEYS[ORIGIN].public}) == CHECKPOINT
    assert cosign(cosign(NOTE, "insuranceco", KEYS["insuranceco"], AT + 5), "healthco", KEYS["healthco"], AT) == note


def test_a_later_cosignature_takes_the_place_of_the_one_before() -> None:
    note = cosign(NOTE + LINE + line("insuranceco"), "healthco", KEYS["healthco"], AT + 1)
    assert note == NOTE + line("insuranceco") + line("healthco", AT + 1)
    assert cosign(note, "healthco", KEYS["healthco"], AT + 1) == note


def test_lines_of_strangers_say_nothing() -> None:
    impostor = line("healthco", key=SigningKey.from_seed(b"x" * 32))
    renamed = line("somebody", key=KEYS["healthco"])
    plain = sign_checkpoint(CHECKPOINT, "healthco", KEYS["healthco"]).partition(b"\n\n")[2]
    later = blob(AT, bytes(64), kind=b"\x06")
    assert cosignatures(NOTE, WITNESSES) == ()
    for strange in (impostor, renamed, plain, later):
        assert cosignatures(NOTE + strange, WITNESSES) == ()
        assert [one.name for one in cosignatures(NOTE + strange + LINE, WITNESSES)] == ["healthco"]
    assert cosignatures(NOTE + LINE, {}) == ()


def test_a_plain_signature_is_not_a_cosignature_and_the_other_way_round() -> None:
    """The two have key ids of their own, and sign other texts."""
    value = base64.b64decode(LINE.split()[-1])[4:]
    moved = f"— healthco {base64.b64encode(key_id('healthco', WITNESSES['healthco']) + value).decode()}\n".encode()
    with pytest.raises(Unverified) as caught:
        open_checkpoint(NOTE + moved, ORIGIN, {ORIGIN: KEYS[ORIGIN].public, "healthco": WITNESSES["healthco"]}, {ORIGIN})
    assert caught.value.code is Code.SIGNATURE_INVALID
    assert refusal(NOTE + blob(AT, KEYS["healthco"].sign(CHECKPOINT.text.encode()))) is Code.SIGNATURE_INVALID


def test_a_time_belongs_to_its_signature() -> None:
    signature = base64.b64decode(LINE.split()[-1])[12:]
    for at in (AT - 1, AT + 1, 0, 1, 2**63, 2**64 - 1):
        assert refusal(NOTE + blob(at, signature)) is Code.SIGNATURE_INVALID


def test_a_cosignature_is_of_one_checkpoint() -> None:
    for other in (
        Checkpoint(ORIGIN, 8, CHECKPOINT.root),
        Checkpoint(ORIGIN, 7, bytes(32)),
        Checkpoint("example.com/other", 7, CHECKPOINT.root),
    ):
        assert refusal(sign_checkpoint(other, ORIGIN, KEYS[ORIGIN]) + LINE) is Code.SIGNATURE_INVALID


def test_a_line_with_a_flipped_bit_says_nothing() -> None:
    """It is malformed, or does not hold, or claims to be of somebody else."""
    for position in range(len(LINE)):
        changed = bytearray(LINE)
        changed[position] ^= 1 << position % 8
        with suppress(Unverified):
            assert cosignatures(NOTE + bytes(changed), WITNESSES) == ()


@pytest.mark.parametrize("signature", [b"", bytes(8), bytes(63), bytes(64), bytes(65), bytes(2420)])
def test_signatures_of_other_lengths_do_not_hold(signature: bytes) -> None:
    assert refusal(NOTE + blob(AT, signature)) is Code.SIGNATURE_INVALID


def test_two_lines_of_one_witness_are_refused() -> None:
    assert refusal(NOTE + LINE + LINE) is Code.CHECKPOINT_INVALID
    assert refusal(NOTE + LINE + line("healthco", AT + 1)) is Code.CHECKPOINT_INVALID


@pytest.mark.parametrize(
    ("note", "name", "at"),
    [
        *((NOTE, name, AT) for name in ("", "a b", "a+b", "a\nb", "a\u2003b")),
        *((NOTE, "healthco", at) for at in (0, -1, 2**63)),
        *((note, "healthco", AT) for note in (b"", NOTE[:-1], NOTE.replace(b"\n7\n", b"\n07\n"), NOTE.replace(b"\n\n", b"\nmore\n\n"))),
    ],
)
def test_what_cannot_be_cosigned_is_refused(note: bytes, name: str, at: int) -> None:
    with pytest.raises(StillroomError) as caught:
        cosign(note, name, KEYS["healthco"], at)
    assert caught.value.code is Code.CHECKPOINT_INVALID
    assert isinstance(caught.value, InvalidInput | Unverified)


def test_a_key_is_known_by_another_id_as_a_witness() -> None:
    key = WITNESSES["healthco"]
    assert key_id("healthco", key) != key_id("healthco", key, COSIGNATURE)
