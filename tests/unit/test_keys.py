"""Ed25519 keys against RFC 8032, their strict text form, and what they never show."""

from __future__ import annotations

import base64
import hashlib
import pickle

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from stillroom.crypto.keys import PublicKey, SigningKey
from stillroom.errors import Code, InvalidInput, Unverified

# RFC 8032, section 7.1: seed, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]

PRIME = 2**255 - 19
SMALL_ORDER = [
    0,
    1,
    PRIME - 1,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    PRIME,  # 0 once more, not reduced
    PRIME + 1,  # 1 once more
]

KEY = SigningKey.from_seed(bytes(range(32)))


@pytest.mark.parametrize(("seed", "public", "message", "signature"), VECTORS)
def test_vectors_of_the_rfc(seed: str, public: str, message: str, signature: str) -> None:
    key = SigningKey.from_seed(bytes.fromhex(seed))
    assert key.public.raw.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    key.public.verify(bytes.fromhex(signature), bytes.fromhex(message))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.integers(0, 511))
def test_a_flipped_bit_in_a_signature_is_found(seed: bytes, data: bytes, bit: int) -> None:
    key = SigningKey.from_seed(seed)
    signature = bytearray(key.sign(data))
    key.public.verify(bytes(signature), data)
    signature[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unverified) as caught:
        key.public.verify(bytes(signature), data)
    assert caught.value.code is Code.SIGNATURE_INVALID


@pytest.mark.parametrize("signature", [b"", KEY.sign(b"data")[:63], KEY.sign(b"data") + b"\0"])
def test_a_signature_of_another_length_is_refused(signature: bytes) -> None:
    with pytest.raises(Unverified):
        KEY.public.verify(signature, b"data")


def test_another_message_or_key_is_refused() -> None:
    with pytest.raises(Unverified):
        KEY.public.verify(KEY.sign(b"data"), b"Data")
    with pytest.raises(Unverified):
        SigningKey.from_seed(bytes(32)).public.verify(KEY.sign(b"data"), b"data")


@given(st.binary(min_size=32, max_size=32))
def test_the_text_form_reads_back(seed: bytes) -> None:
    public = SigningKey.from_seed(seed).public
    assert PublicKey.parse(public.text) == public
    assert str(public) == public.text
    assert public.id == "sha256:" + hashlib.sha256(public.raw).hexdigest()


def _last_bits_set(text: str) -> str:
    """Set the two bits of the last character that no byte uses: another spelling of the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 3]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ed25519:",
        KEY.public.text.removeprefix("ed25519:"),
        KEY.public.text.replace("ed25519", "Ed25519"),
        KEY.public.text + "=",
        KEY.public.text + "\n",
        " " + KEY.public.text,
        KEY.public.text[:-1],
        KEY.public.text + "A",
        KEY.public.text[:-1] + "+",
        KEY.public.text[:-1] + "é",
        _last_bits_set(KEY.public.text),
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        PublicKey.parse(text)
    assert caught.value.code is Code.KEY_INVALID


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", SMALL_ORDER)
def test_keys_that_anybody_can_sign_for_are_refused(y: int, sign: int) -> None:
    """The point 1 with the number 0 is a signature by such a key of every message whose hash its order divides (1 in 8, at worst).

    The library accepts it, which is why the keys are refused. That none of 200 messages would do has probability 0.875**200 < 1e-11 for a
    random hash, and the messages are fixed.
    """
    raw = (y | sign << 255).to_bytes(32, "little")
    forged = (1).to_bytes(32, "little") + bytes(32)
    assert any(_library_accepts(raw, forged, b"message %d" % number) for number in range(200))
    with pytest.raises(InvalidInput):
        PublicKey(raw)
    with pytest.raises(InvalidInput):
        PublicKey.parse("ed25519:" + base64.urlsafe_b64encode(raw).decode().rstrip("="))


def _library_accepts(raw: bytes, signature: bytes, data: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, data)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("size", [0, 31, 33])
def test_sizes(size: int) -> None:
    with pytest.raises(InvalidInput):
        SigningKey.from_seed(bytes(size))
    with pytest.raises(InvalidInput):
        PublicKey(bytes([9]) * size)


def test_the_secret_is_never_shown() -> None:
    seed = b"the secret of this signing key!!"
    key = SigningKey.from_seed(seed)
    for shown in (repr(key), str(key), f"{key}", repr([key]), repr(key.public)):
        assert "secret" not in shown
        assert seed.hex() not in shown
        assert base64.b64encode(seed).decode().rstrip("=") not in shown
        assert key.public.text in shown
    with pytest.raises(TypeError):
        pickle.dumps(key)
