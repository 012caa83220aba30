"""Checkpoints in signed notes: notes of other implementations, round trips, and what is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.crypto.keys import PublicKey, SigningKey
from stillroom.crypto.note import NOTE_LIMIT, SIZE_LIMIT, Checkpoint, key_id, open_checkpoint, read_checkpoint, sign_checkpoint, split
from stillroom.errors import Code, InvalidInput, Unverified

# A checkpoint of Go's checksum database, and its published key, as in the tests of github.com/transparency-dev/formats.
GO_KEY = PublicKey(base64.b64decode("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")[1:])
GO_KEY_ID = bytes.fromhex("033de0ae")
GO_NOTE = """go.sum database tree
6476701
mb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=

— sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=
""".encode()

# The signer of the example in golang.org/x/mod/sumdb/note: its name, seed and key id.
PETER = "PeterNeumann"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER_KEY_ID = bytes.fromhex("c74f20a3")
PETER_SIGNATURE = base64.b64decode("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=")
PETER_TEXT = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"

ORIGIN = "example.com/room"
KEYS = {name: SigningKey.from_seed(bytes([number]) * 32) for number, name in enumerate((ORIGIN, "healthco", "insuranceco"))}
TRUSTED = {name: key.public for name, key in KEYS.items()}
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(range(224, 256)))
NOTE = sign_checkpoint(CHECKPOINT, ORIGIN, KEYS[ORIGIN])


def line(name: str, checkpoint: Checkpoint = CHECKPOINT) -> bytes:
    """Return the line of another signer."""
    return sign_checkpoint(checkpoint, name, KEYS[name]).partition(b"\n\n")[2]


BOTH = NOTE + line("healthco")


def test_a_checkpoint_of_another_implementation_is_opened() -> None:
    checkpoint = open_checkpoint(GO_NOTE, "go.sum database tree", {"sum.golang.org": GO_KEY})
    assert checkpoint == Checkpoint("go.sum database tree", 6476701, base64.b64decode("mb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk="))
    assert key_id("sum.golang.org", GO_KEY) == GO_KEY_ID


def test_keys_and_signatures_agree_with_another_implementation() -> None:
    key = SigningKey.from_seed(PETER_SEED)
    assert key_id(PETER, key.public) == PETER_KEY_ID
    assert key_id(PETER, key.public) + key.sign(PETER_TEXT) == PETER_SIGNATURE


def test_the_text_of_a_note() -> None:
    signature = base64.b64encode(key_id(ORIGIN, TRUSTED[ORIGIN]) + KEYS[ORIGIN].sign(CHECKPOINT.text.encode())).decode()
    assert NOTE.decode() == (f"example.com/room\n7\n4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8=\n\n— example.com/room {signature}\n")


@given(st.integers(0, SIZE_LIMIT), st.binary(min_size=32, max_size=32))
def test_checkpoints_come_back(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root)
    note = sign_checkpoint(checkpoint, ORIGIN, KEYS[ORIGIN])
    assert open_checkpoint(note, ORIGIN, {ORIGIN: TRUSTED[ORIGIN]}) == checkpoint


def test_a_note_may_have_several_signatures() -> None:
    assert open_checkpoint(BOTH + line("insuranceco"), ORIGIN, TRUSTED) == CHECKPOINT
    text, signatures = split(BOTH)
    assert text == CHECKPOINT.text
    assert [(one.name, one.key_id) for one in signatures] == [(name, key_id(name, TRUSTED[name])) for name in (ORIGIN, "healthco")]
    assert [one.line.encode() for one in signatures] == [line(ORIGIN), line("healthco")]


def test_a_note_can_be_read_whoever_signed_it() -> None:
    assert read_checkpoint(NOTE) == read_checkpoint(sign_checkpoint(CHECKPOINT, "impostor", KEYS["healthco"])) == CHECKPOINT


def test_all_must_sign_unless_less_is_required() -> None:
    with pytest.raises(Unverified, match="missing: insuranceco") as caught:
        open_checkpoint(BOTH, ORIGIN, TRUSTED)
    assert caught.value.code is Code.SIGNATURE_MISSING
    assert open_checkpoint(BOTH, ORIGIN, TRUSTED, required={ORIGIN, "healthco"}) == CHECKPOINT
    for required in ({"nobody"}, set[str](), {ORIGIN, "insuranceco"}):
        with pytest.raises(Unverified) as caught:
            open_checkpoint(BOTH, ORIGIN, TRUSTED, required)
        assert caught.value.code is Code.SIGNATURE_MISSING
    with pytest.raises(Unverified):
        open_checkpoint(BOTH, ORIGIN, {})


def test_unknown_signatures_are_ignored_even_of_other_kinds() -> None:
    unknown = "— witness.example " + base64.b64encode(b"\1\2\3\4" + bytes(72)).decode() + "\n"
    note = NOTE + unknown.encode()
    assert open_checkpoint(note, ORIGIN, {ORIGIN: TRUSTED[ORIGIN]}) == CHECKPOINT
    assert open_checkpoint(note, ORIGIN, TRUSTED, {ORIGIN}) == CHECKPOINT


def test_a_known_key_under_another_name_is_unknown() -> None:
    note = sign_checkpoint(CHECKPOINT, "impostor", KEYS[ORIGIN])
    with pytest.raises(Unverified) as caught:
        open_checkpoint(note, ORIGIN, TRUSTED, {ORIGIN})
    assert caught.value.code is Code.SIGNATURE_MISSING


def test_a_signature_of_a_known_key_must_hold_even_if_it_is_not_required() -> None:
    note = NOTE + line("healthco", Checkpoint(ORIGIN, 8, CHECKPOINT.root))
    with pytest.raises(Unverified) as caught:
        open_checkpoint(note, ORIGIN, TRUSTED, {ORIGIN})
    assert caught.value.code is Code.SIGNATURE_INVALID


def test_another_log_is_refused() -> None:
    with pytest.raises(Unverified) as caught:
        open_checkpoint(NOTE, "example.com/other", TRUSTED, {ORIGIN})
    assert caught.value.code is Code.CHECKPOINT_INVALID


def test_a_flipped_bit_in_any_byte_is_found() -> None:
    for position in range(len(BOTH)):
        changed = bytearray(BOTH)
        changed[position] ^= 1 << position % 8
        with pytest.raises(Unverified):
            open_checkpoint(bytes(changed), ORIGIN, TRUSTED, {ORIGIN, "healthco"})


def signed_text(text: str) -> bytes:
    """Sign any text as the room."""
    blob = key_id(ORIGIN, TRUSTED[ORIGIN]) + KEYS[ORIGIN].sign(text.encode())
    return f"{text}\n— {ORIGIN} {base64.b64encode(blob).decode()}\n".encode()


ROOT = base64.b64encode(CHECKPOINT.root).decode()


def test_signed_text_is_opened_when_it_is_well_formed() -> None:
    assert open_checkpoint(signed_text(f"{ORIGIN}\n7\n{ROOT}\n"), ORIGIN, TRUSTED, {ORIGIN}) == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n7\n{ROOT}\nextension\n",
        f"{ORIGIN}\n\n7\n{ROOT}\n",
        f"\n7\n{ROOT}\n",
        f"{ORIGIN}\n07\n{ROOT}\n",
        f"{ORIGIN}\n-7\n{ROOT}\n",
        f"{ORIGIN}\n+7\n{ROOT}\n",
        f"{ORIGIN}\n7 \n{ROOT}\n",
        f"{ORIGIN}\n1_0\n{ROOT}\n",
        f"{ORIGIN}\n\u0667\n{ROOT}\n",
        f"{ORIGIN}\n{2**53}\n{ROOT}\n",
        f"{ORIGIN}\n{'9' * 19}\n{ROOT}\n",
        f"{ORIGIN}\n{'9' * 20}\n{ROOT}\n",
        f"{ORIGIN}\n{'9' * 5000}\n{ROOT}\n",
        f"{ORIGIN}\n7\n{ROOT[:-1]}\n",
        f"{ORIGIN}\n7\n{ROOT[:-2]}9=\n",
        f"{ORIGIN}\n7\n{ROOT.replace('/', '_')}\n",
        f"{ORIGIN}\n7\n{base64.b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\r\n7\n{ROOT}\n",
        f"{ORIGIN}\n7\n{ROOT}\n\t\n",
    ],
)
def test_other_texts_are_refused_even_when_signed(text: str) -> None:
    with pytest.raises(Unverified) as caught:
        open_checkpoint(signed_text(text), ORIGIN, TRUSTED, {ORIGIN})
    assert caught.value.code is Code.CHECKPOINT_INVALID


BODY, LINE = NOTE.split(b"\n\n")


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\n",
        b"\n\n",
        BODY + b"\n",
        BODY + b"\n\n",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + LINE,
        NOTE.replace(b"\n\n", b"\n"),
        BODY + b"\n\n" + LINE.replace("—".encode(), b"-"),
        BODY + b"\n\n" + LINE.replace(b" ", b"  ", 1),
        BODY + b"\n\n" + LINE.replace(b"example", b"exam+ple"),
        BODY + b"\n\n" + LINE.replace(b"example", "exam\u00a0ple".encode()),
        BODY + b"\n\n" + LINE.replace(b"example", b"exam\x01ple"),
        BODY + b"\n\n" + LINE.replace(b"\n", b"\r\n"),
        BODY + b"\n\n" + LINE[:-2] + b"\n",
        BODY + b"\n\n" + LINE[:-1] + b"*\n",
        BODY + b"\n\n" + "— example.com/room AQIDBA==\n".encode(),
        NOTE + b"\xff\n",
        NOTE + b"".join(b"\xe2\x80\x94 w%d AQIDBAU=\n" % number for number in range(100)),
    ],
)
def test_malformed_notes_are_refused(note: bytes) -> None:
    for use in (
        lambda: open_checkpoint(note, ORIGIN, TRUSTED, {ORIGIN}),
        lambda: read_checkpoint(note),
        lambda: split(note),
    ):
        with pytest.raises(Unverified) as caught:
            use()
        assert caught.value.code is Code.CHECKPOINT_INVALID


def test_a_note_may_have_a_hundred_signatures() -> None:
    note = NOTE + b"".join(b"\xe2\x80\x94 w%d AQIDBAU=\n" % number for number in range(99))
    assert open_checkpoint(note, ORIGIN, TRUSTED, {ORIGIN}) == CHECKPOINT


def test_a_note_has_so_many_bytes_at_most() -> None:
    beside = b"\xe2\x80\x94 %s AQIDBAU=\n"
    longest = NOTE + beside % (b"w" * (NOTE_LIMIT - len(NOTE) - len(beside % b"")))
    assert len(longest) == NOTE_LIMIT
    assert read_checkpoint(longest) == CHECKPOINT
    with pytest.raises(Unverified) as caught:
        read_checkpoint(longest.replace(b" w", b" ww", 1))
    assert caught.value.code is Code.CHECKPOINT_INVALID


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "a\x01b", "a\x7fb"])
def test_names_that_a_line_cannot_carry_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        sign_checkpoint(CHECKPOINT, name, KEYS[ORIGIN])
    assert caught.value.code is Code.CHECKPOINT_INVALID


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, bytes(32)),
        ("a\nb", 1, bytes(32)),
        ("a\ud800", 1, bytes(32)),
        ("a", -1, bytes(32)),
        ("a", 10**19, bytes(32)),
        ("a", 2**53, bytes(32)),
        ("a", 1, b""),
    ],
)
def test_checkpoints_that_three_lines_cannot_carry_are_refused(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        Checkpoint(origin, size, root)
    assert caught.value.code is Code.CHECKPOINT_INVALID
