"""Canonical JSON against the vectors of RFC 8785, and the strict reader."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from stillroom.crypto.canonical import Json, canonical, digest, digest_of, parse_canonical
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

# RFC 8785, sections 3.2.2 to 3.2.4.
EXAMPLE = r"""{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}"""
EXAMPLE_CANONICAL = (
    rb'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"'
    + "€".encode()
    + rb"""$\u000f\nA'B\"\\\\\"/"}"""
)

# RFC 8785, section 3.2.3: keys in the order in which they must come out.
ORDERED = {
    "\r": "Carriage Return",
    "1": "One",
    "\u0080": "Control\u007f",
    "\u00f6": "Latin Small Letter O With Diaeresis",
    "\u20ac": "Euro Sign",
    "\U0001f600": "Emoji: Grinning Face",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
}

# RFC 8785, appendix B.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=12,
)


def test_example_of_the_rfc() -> None:
    assert canonical(json.loads(EXAMPLE)) == EXAMPLE_CANONICAL
    assert parse_canonical(EXAMPLE_CANONICAL) == json.loads(EXAMPLE)


def test_keys_are_ordered_by_utf16() -> None:
    shuffled = dict(sorted(ORDERED.items(), key=lambda item: item[1]))
    assert list(json.loads(canonical(shuffled))) == list(ORDERED)


@pytest.mark.parametrize(("bits", "text"), NUMBERS)
def test_numbers_of_the_rfc(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number) == text.encode()
    assert parse_canonical(text.encode()) == number


@given(JSON)
def test_what_is_written_reads_back(data: Json) -> None:
    assert parse_canonical(canonical(data)) == data


@given(JSON)
def test_it_is_what_the_library_writes(data: Json) -> None:
    assert canonical(data) == rfc8785.dumps(data)
    assert canonical({"rows": [[data, (data, data)]]}) == rfc8785.dumps({"rows": [[data, (data, data)]]})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.lists(st.dictionaries(TEXTS, st.none() | st.booleans() | TEXTS, max_size=4), max_size=3)))
def test_tables_are_what_the_library_writes(rows: list[list[dict[str, str | bool | None]]]) -> None:
    """Their cells hold text of any kind; keys beyond ASCII are ordered otherwise than Python orders them."""
    assert canonical(rows) == rfc8785.dumps(rows)
    rows += [[{**ORDERED}, {**dict.fromkeys(map(chr, range(128)), "".join(map(chr, range(256))))}]]
    assert canonical(rows) == rfc8785.dumps(rows)


@pytest.mark.parametrize(
    "data",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        2**53,
        -(2**53),
        "\ud800",
        {"\ud800": 1},
        {"\ud800": ""},
        {1: 2},
        {1: ""},
        {1: "", "a": ""},
        b"bytes",
        {1, 2},
        object(),
    ],
)
def test_what_json_cannot_say_is_refused(data: Json) -> None:
    with pytest.raises(InvalidInput) as caught:
        canonical([data])
    assert caught.value.code is Code.JSON_INVALID


def test_nesting_without_end_is_refused() -> None:
    deep: list[Json] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidInput):
        canonical(deep)
    with pytest.raises(InvalidInput):
        parse_canonical(b"[" * 100_000 + b"]" * 100_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"a":1,"a":1}',  # a key twice
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',  # another order
        b'{"a": 1}',  # white space
        b"[1]\n",
        b"[1]]",  # bytes behind the end
        b"[1.0]",  # other spellings of numbers
        b"[-0]",
        b"[1e2]",
        b"[01]",
        b"[1E+30]",
        b"[9007199254740993]",  # not a double
        b"[1" + b"0" * 400 + b"]",
        b"[" + b"1" * 5000 + b"]",
        b"[NaN]",
        b"[Infinity]",
        rb'["\u0041"]',  # other spellings of text
        rb'["\/"]',
        rb'["\ud800"]',
        b'["\xff"]',  # not UTF-8
        b'\xef\xbb\xbf["a"]',  # a byte order mark
        '["a"]'.encode("utf-16"),
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_canonical(data)
    assert caught.value.code is Code.JSON_INVALID


def test_refusals_do_not_repeat_what_they_refuse() -> None:
    attempts: list[Callable[[], object]] = [lambda: canonical([2**60 + 7]), lambda: parse_canonical(b"[ 1152921504606846983 ]")]
    for attempt in attempts:
        with pytest.raises(InvalidInput) as caught:
            attempt()
        assert "1152921504606846983" not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_digest_is_sha256() -> None:
    assert digest(b"abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_of({"b": 1, "a": [True]}) == digest(b'{"a":[true],"b":1}')
