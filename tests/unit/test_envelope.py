"""DSSE envelopes: the protocol's vector, agreement with the library's own signer and verifier, and what is refused."""

from __future__ import annotations

import base64
import json
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]  # public, but exported without __all__

from stillroom.crypto.canonical import canonical
from stillroom.crypto.envelope import add_signature, open_envelope, seal, signers, unverified_payload
from stillroom.crypto.keys import PublicKey, SigningKey
from stillroom.errors import Code, InvalidInput, Unverified

if TYPE_CHECKING:
    from collections.abc import Callable

TYPE = "application/vnd.stillroom.test.v1+json"
PAYLOAD = b'{"a":"\xc3\xa9?>~\xf0\x9f\x98\x80"}'
SEEDS = {name: bytes([number]) * 32 for number, name in enumerate(("healthco", "insuranceco", "auditor"))}
KEYS = {name: SigningKey.from_seed(seed) for name, seed in SEEDS.items()}
TRUSTED = {name: key.public for name, key in KEYS.items()}
SIGNED = seal(TYPE, PAYLOAD, list(KEYS.values()))


def library_key(key: PublicKey) -> SSlibKey:
    return SSlibKey(key.id, "ed25519", "ed25519", {"public": key.raw.hex()})


def edited(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(SIGNED)
    change(document)
    return canonical(document)


def test_the_signed_bytes_are_those_of_the_protocol() -> None:
    """The example in protocol.md of DSSE v1.0.0: what is signed for this type and this body."""
    data = seal("http://example.com/HelloWorld", b"hello world", [KEYS["healthco"]])
    (signature,) = json.loads(data)["signatures"]
    pae = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    KEYS["healthco"].public.verify(base64.b64decode(signature["sig"]), pae)
    assert json.loads(data)["payload"] == "aGVsbG8gd29ybGQ="


def test_the_library_accepts_what_is_sealed() -> None:
    envelope = Envelope.from_dict(json.loads(SIGNED))
    accepted = envelope.verify([library_key(key) for key in TRUSTED.values()], threshold=3)
    assert accepted.keys() == {key.id for key in TRUSTED.values()}
    assert envelope.payload == PAYLOAD


def test_what_the_library_signs_is_opened() -> None:
    envelope = Envelope(PAYLOAD, TYPE, {})
    for name in sorted(KEYS, key=lambda name: TRUSTED[name].id):
        private = Ed25519PrivateKey.from_private_bytes(SEEDS[name])
        envelope.sign(CryptoSigner(private, library_key(TRUSTED[name])))
    assert canonical(envelope.to_dict()) == SIGNED
    assert open_envelope(canonical(envelope.to_dict()), TYPE, TRUSTED) == PAYLOAD


@given(st.binary(max_size=200))
def test_payloads_come_back(payload: bytes) -> None:
    data = seal(TYPE, payload, [KEYS["auditor"]])
    assert open_envelope(data, TYPE, {"auditor": TRUSTED["auditor"]}) == payload
    assert unverified_payload(data, TYPE) == payload


def test_the_order_of_signing_does_not_matter() -> None:
    for first, second, third in permutations(KEYS.values()):
        data = seal(TYPE, PAYLOAD, [first])
        data = add_signature(add_signature(data, second), third)
        assert data == SIGNED
        assert add_signature(data, first) == SIGNED


def test_who_has_signed() -> None:
    data = seal(TYPE, PAYLOAD, [KEYS["auditor"], KEYS["healthco"]])
    assert signers(data, TYPE, TRUSTED) == ("healthco", "auditor")
    assert signers(data, TYPE, {}) == ()


def test_all_must_sign_unless_a_threshold_is_given() -> None:
    data = seal(TYPE, PAYLOAD, [KEYS["auditor"], KEYS["healthco"]])
    with pytest.raises(Unverified, match="missing: insuranceco") as caught:
        open_envelope(data, TYPE, TRUSTED)
    assert caught.value.code is Code.SIGNATURE_MISSING
    assert caught.value.fix
    assert open_envelope(data, TYPE, TRUSTED, threshold=2) == PAYLOAD
    with pytest.raises(Unverified):
        open_envelope(data, TYPE, TRUSTED, threshold=3)


@pytest.mark.parametrize("threshold", [-1, 0, 4])
def test_a_threshold_out_of_range_is_refused(threshold: int) -> None:
    with pytest.raises(Unverified) as caught:
        open_envelope(SIGNED, TYPE, TRUSTED, threshold)
    assert caught.value.code is Code.SIGNATURE_MISSING


def test_trusting_nobody_opens_nothing() -> None:
    with pytest.raises(Unverified) as caught:
        open_envelope(SIGNED, TYPE, {})
    assert caught.value.code is Code.SIGNATURE_MISSING


def test_one_key_is_not_two_signers() -> None:
    data = seal(TYPE, PAYLOAD, [KEYS["healthco"]])
    with pytest.raises(Unverified) as caught:
        open_envelope(data, TYPE, {"healthco": TRUSTED["healthco"], "insuranceco": TRUSTED["healthco"]})
    assert caught.value.code is Code.KEY_INVALID


def test_strangers_are_ignored_and_do_not_count() -> None:
    data = seal(TYPE, PAYLOAD, [KEYS["healthco"], KEYS["auditor"]])
    assert open_envelope(data, TYPE, {"healthco": TRUSTED["healthco"]}) == PAYLOAD
    with pytest.raises(Unverified):
        open_envelope(data, TYPE, {"insuranceco": TRUSTED["insuranceco"]})


def test_another_payload_type_is_refused() -> None:
    for opened in (
        lambda: open_envelope(SIGNED, "application/json", TRUSTED),
        lambda: unverified_payload(SIGNED, "application/json"),
        lambda: signers(SIGNED, "application/json", TRUSTED),
    ):
        with pytest.raises(Unverified) as caught:
            opened()
        assert caught.value.code is Code.ENVELOPE_INVALID


def test_the_payload_type_is_signed() -> None:
    data = edited(lambda document: document.update(payloadType=TYPE + "x"))
    with pytest.raises(Unverified) as caught:
        open_envelope(data, TYPE + "x", TRUSTED)
    assert caught.value.code is Code.SIGNATURE_INVALID


def test_a_signature_of_a_trusted_key_must_hold_even_beyond_the_threshold() -> None:
    other = json.loads(seal(TYPE, b"something else", [KEYS["auditor"]]))["signatures"][0]
    signatures = [signature for signature in json.loads(SIGNED)["signatures"] if signature["keyid"] != other["keyid"]]
    signatures = sorted([*signatures, other], key=lambda signature: signature["keyid"])
    data = edited(lambda document: document.update(signatures=signatures))
    with pytest.raises(Unverified) as caught:
        open_envelope(data, TYPE, TRUSTED, threshold=1)
    assert caught.value.code is Code.SIGNATURE_INVALID


def test_a_flipped_bit_in_any_byte_is_found() -> None:
    for position in range(len(SIGNED)):
        changed = bytearray(SIGNED)
        changed[position] ^= 1 << position % 8
        with pytest.raises(Unverified):
            open_envelope(bytes(changed), TYPE, TRUSTED)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        SIGNED + b"\n",
        SIGNED.replace(b":", b": ", 1),
        canonical({"payload": "", "payloadType": TYPE}),
        edited(lambda document: document.update(signatures=[])),
        edited(lambda document: document.update(signatures={})),
        edited(lambda document: document.update(signatures=[7])),
        edited(lambda document: document.update(payload=7)),
        edited(lambda document: document.update(payload=None)),
        edited(lambda document: document.update(payloadType=None)),
        edited(lambda document: document.update(more=1)),
        edited(lambda document: document.update(payload="*garbage*")),
        edited(lambda document: document.update(payload="é")),
        edited(lambda document: document.update(payload=document["payload"].replace("+", "-").replace("/", "_"))),
        edited(lambda document: document.update(payload=document["payload"].rstrip("="))),
        edited(lambda document: document.update(payload=document["payload"] + "\n")),
        edited(lambda document: document["signatures"].append(document["signatures"][0])),
        edited(lambda document: document["signatures"].reverse()),
        edited(lambda document: document["signatures"][0].update(sig="*garbage*")),
        edited(lambda document: document["signatures"][0].update(sig=7)),
        edited(lambda document: document["signatures"][0].update(more=1)),
        edited(lambda document: document["signatures"][0].pop("keyid")),
        edited(lambda document: document["signatures"][0].update(keyid=None)),
    ],
)
def test_malformed_envelopes_are_refused(data: bytes) -> None:
    uses: list[Callable[[], bytes]] = [
        lambda: open_envelope(data, TYPE, TRUSTED, threshold=1),
        lambda: unverified_payload(data, TYPE),
        lambda: add_signature(data, KEYS["auditor"]),
    ]
    for use in uses:
        with pytest.raises(Unverified) as caught:
            use()
        assert caught.value.code is Code.ENVELOPE_INVALID
        assert caught.value.fix


def test_the_example_payload_differs_between_the_alphabets() -> None:
    """Otherwise the URL-safe envelope above would be the standard one."""
    assert {"+", "/"} & set(json.loads(SIGNED)["payload"])


def test_an_envelope_needs_a_signature() -> None:
    with pytest.raises(InvalidInput) as caught:
        seal(TYPE, PAYLOAD, [])
    assert caught.value.code is Code.SIGNATURE_MISSING
