"""X25519 and HKDF against their RFCs' vectors, keys that are refused, and ChaCha20's stream."""

from __future__ import annotations

import pickle

import pytest

from stillroom.crypto.exchange import ExchangeKey, PublicExchangeKey, derive
from stillroom.crypto.keystream import LONGEST_STREAM, keystream
from stillroom.errors import Code, InvalidInput, Unverified

PRIME = 2**255 - 19
# RFC 7748, section 6.1: Bob's secret and both public keys, and what they agree on.
SECRET = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
PUBLIC = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
OTHER = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
AGREED = bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
# RFC 8439, appendix A.1, test vector 1: key, nonce and number of the block are zero.
BLOCK = bytes.fromhex(
    "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
)
LOW_ORDER = [
    0,
    1,
    PRIME - 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
]


def test_two_parties_agree_as_the_rfc_says() -> None:
    key = ExchangeKey.from_bytes(SECRET)
    assert key.public == PublicExchangeKey(PUBLIC)
    assert key.agree(PublicExchangeKey(OTHER)) == AGREED


def test_bytes_are_derived_as_the_rfc_says() -> None:
    """RFC 5869, appendix A.3: neither salt nor info."""
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert derive(b"\x0b" * 22, b"", 42).hex() == expected
    assert derive(b"\x0b" * 22, b"another use", 42).hex() != expected


@pytest.mark.parametrize("coordinate", LOW_ORDER)
def test_a_key_of_low_order_is_refused(coordinate: int) -> None:
    with pytest.raises(Unverified) as caught:
        ExchangeKey.from_bytes(SECRET).agree(PublicExchangeKey(coordinate.to_bytes(32, "little")))
    assert caught.value.code == Code.KEY_INVALID


@pytest.mark.parametrize(
    "raw",
    [PRIME.to_bytes(32, "little"), (2**255 + 9).to_bytes(32, "little"), bytes(31), bytes(33)],
    ids=["the prime", "the highest bit", "short", "long"],
)
def test_a_key_has_one_spelling(raw: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        PublicExchangeKey(raw)
    assert caught.value.code == Code.KEY_INVALID


def test_a_key_is_read_from_its_text_and_from_no_other() -> None:
    key = PublicExchangeKey(PUBLIC)
    assert PublicExchangeKey.parse(key.text) == key
    for text in (key.text + "=", key.text[:-1], key.text.replace("x25519:", "ed25519:"), key.text[:-1] + chr(ord(key.text[-1]) + 1)):
        with pytest.raises(InvalidInput):
            PublicExchangeKey.parse(text)


def test_a_secret_key_shows_nothing_and_has_32_bytes() -> None:
    key = ExchangeKey.from_bytes(SECRET)
    assert repr(key) == f"<ExchangeKey of {key.public.text}>"
    with pytest.raises(TypeError):
        pickle.dumps(key)
    for size in (4, 31, 33):
        with pytest.raises(InvalidInput):
            ExchangeKey.from_bytes(bytes(size))


def test_a_stream_begins_as_the_rfc_says_and_goes_on() -> None:
    assert keystream(bytes(32), 64) == BLOCK
    assert keystream(bytes(32), 1000)[:64] == BLOCK
    assert keystream(bytes(32), 0) == b""


@pytest.mark.parametrize(("key", "size"), [(bytes(4), 1), (bytes(31), 1), (bytes(33), 1), (bytes(32), -1), (bytes(32), LONGEST_STREAM + 1)])
def test_a_short_key_or_a_stream_that_repeats_itself_is_refused(key: bytes, size: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        keystream(key, size)
    assert caught.value.code == Code.KEY_INVALID
