"""Cosignatures of another implementation: made again byte for byte, and verified, by what a room has for it and offline.

They are those that `cmd/skylight/testdata/gen.go` of github.com/FiloSottile/sunlight (ISC) makes with github.com/FiloSottile/torchwood:
keys from the SHA-256 of a sentence, and always at one time. The key ids are those of the verifier keys beside them. The last vector, a
line with its time, is that of `note/note_cosigv1_test.go` of github.com/transparency-dev/formats (Apache-2.0).
"""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple

import pytest

from stillroom.client.verification.checkpoint import read_checkpoint
from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.signature import read_key
from stillroom.crypto.cosignature import COSIGNATURE, Cosignature, cosign, cosignatures
from stillroom.crypto.keys import PublicKey, SigningKey
from stillroom.crypto.note import key_id
from stillroom.errors import Code, Unverified

AT = 1_767_139_200
UNKNOWN = (
    "— rome2026h1.example.org kVB1JgAAAZtxtEwABAMARzBFAiEAi+mTa2xjL1IdWpH82OeciGsGvwRAP+f1WkfKaSZCfFEC"
    "IHoNPZ/Q3y6UNzvKOO9cuLr6V16vPNfhwhle9f6r5H/Z\n"
)
"""A signature of another type, by a key that nobody here knows."""


class Vector(NamedTuple):
    """A cosigned checkpoint."""

    text: str
    before: str
    witness: str
    line: str


VECTORS = {
    "skylight test witness key": Vector(
        "rome2026h1.example.org\n300\nlCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n",
        UNKNOWN,
        "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN",
        "— witness.example.org uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Zznmo0LXFZq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw==\n",
    ),
    "skylight test witness2 key": Vector(
        "milan2026h1.example.org\n300\nlCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n",
        "",
        "witness2.example.org+2e55b896+BIZ7fpceQWd60IfqQeS9IAnmNOCZjMDne8lZuguz/bi9",
        "— witness2.example.org LlW4lgAAAABpVGeAN/uFWqfjdU94rrKxFycCggM0Sa1L5tOJCJdYBwJ41CQsgKWA6B0+vywok3cPI3JIzuPeR+VotuYe/eNy0+30Dw==\n",
    ),
    "skylight test mirror key": Vector(
        "rome2026h1.example.org\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n",
        "",
        "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O",
        "— mirror.example.org P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIYlwEJzXC0N0EiZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==\n",
    ),
}


def read_witness(text: str) -> tuple[str, bytes, PublicKey]:
    """Read a verifier key (C2SP signed-note): a name, a key id, a type and a key."""
    name, known_as, encoded = text.split("+", 2)
    value = base64.b64decode(encoded)
    assert value[:1] == COSIGNATURE
    return name, bytes.fromhex(known_as), PublicKey(value[1:])


@pytest.mark.parametrize(("sentence", "vector"), VECTORS.items())
def test_cosignatures_are_made_again(sentence: str, vector: Vector) -> None:
    name, known_as, public = read_witness(vector.witness)
    key = SigningKey.from_seed(hashlib.sha256(sentence.encode()).digest())
    assert key.public == public
    assert key_id(name, public, COSIGNATURE) == known_as
    note = f"{vector.text}\n{vector.before or vector.line}".encode()
    assert cosign(note, name, key, AT).decode() == f"{vector.text}\n{vector.before}{vector.line}"


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_cosignatures_are_verified(vector: Vector) -> None:
    name, _, public = read_witness(vector.witness)
    note = f"{vector.text}\n{vector.before}{vector.line}".encode()
    assert cosignatures(note, {name: public}) == (Cosignature(name, AT, vector.line),)
    offline = read_key(public.text, name)
    assert read_checkpoint(note.decode()).cosigned_by(name, offline)
    for altered in (note.replace(b"300", b"301"), note.replace(b"2026h1.example.org\n", b"2026h2.example.org\n", 1)):
        with pytest.raises(Unverified) as caught:
            cosignatures(altered, {name: public})
        assert caught.value.code is Code.SIGNATURE_INVALID
        with pytest.raises(Broken, match=f"the cosignature of {name} "):
            read_checkpoint(altered.decode()).cosigned_by(name, offline)


def test_a_cosignature_of_one_checkpoint_is_not_that_of_another() -> None:
    first, _, third = VECTORS.values()
    name, _, public = read_witness(third.witness)
    with pytest.raises(Unverified):
        cosignatures(f"{first.text}\n{third.line}".encode(), {name: public})


def test_a_time_is_where_others_put_it() -> None:
    line = "ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA=="
    first = VECTORS["skylight test mirror key"]
    own = cosign(f"{first.text}\n{first.line}".encode(), "a", SigningKey.from_seed(bytes(32)), 1727964367)
    theirs, ours = base64.b64decode(line), base64.b64decode(own.split()[-1])
    assert len(theirs) == len(ours)
    assert theirs[4:12] == ours[4:12]
