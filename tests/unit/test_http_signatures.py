"""Signed requests (RFC 9421): what is covered, how long it is good, and that nothing is taken twice."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.adapters.http.signatures import LIFETIME, SKEW, Message, digest_header, has_body, sign_request, verify_request
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, Unverified
from stillroom.server.replays import Replays
from tests.rooms import FakeClock

KEY = SigningKey.from_seed(b"k" * 32)
OTHER = SigningKey.from_seed(b"o" * 32)
ROOM = "ed25519:" + "R" * 43
NOW = 1_800_000_000
BODY = b'{"a":1}'


def signed(body: bytes | None = BODY, nonce: str = "n1", now: float = NOW, key: SigningKey = KEY) -> Message:
    message = Message("POST", "https://room.example:8461/v1/runs?x=1")
    if body is not None:
        message.headers["Content-Digest"] = digest_header(hashlib.sha256(body).digest())
    sign_request(message, key, ROOM, now, nonce)
    return message


def refused(message: Message, now: float = NOW) -> None:
    with pytest.raises(Unverified) as caught:
        verify_request(message, ROOM, now)
    assert caught.value.code is Code.REQUEST_UNSIGNED


def test_a_signature_says_who_and_over_which_body() -> None:
    found = verify_request(signed(), ROOM, NOW)
    assert (found.key, found.nonce, found.created) == (KEY.public, "n1", NOW)
    assert has_body(found, BODY)
    assert not has_body(found, BODY + b" ")
    assert not has_body(found, b"")


def test_a_request_without_a_signed_body_has_none() -> None:
    found = verify_request(signed(body=None), ROOM, NOW)
    assert has_body(found, b"")
    assert not has_body(found, BODY)


@pytest.mark.parametrize(
    "url",
    [
        "https://room.example:8461/v1/runs?x=2",
        "https://room.example:8461/v1/runs",
        "https://room.example:8461/v1/log?x=1",
        "https://room.example:8462/v1/runs?x=1",
        "https://other.example:8461/v1/runs?x=1",
    ],
)
def test_where_it_goes_is_covered(url: str) -> None:
    refused(replace(signed(), url=url))


def test_the_method_is_covered() -> None:
    refused(replace(signed(), method="GET"))


def test_the_digest_is_covered() -> None:
    message = signed()
    message.headers["Content-Digest"] = digest_header(hashlib.sha256(b"other").digest())
    refused(message)


@pytest.mark.parametrize("now", [NOW - SKEW - 1, NOW + LIFETIME + SKEW + 1])
def test_it_is_good_for_a_minute(now: int) -> None:
    refused(signed(), now)


@pytest.mark.parametrize("now", [NOW - SKEW, NOW, NOW + LIFETIME])
def test_clocks_may_differ_a_little(now: int) -> None:
    verify_request(signed(), ROOM, now)


@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        (f"expires={NOW + LIFETIME}", f"expires={NOW + LIFETIME + 600}"),
        (f";expires={NOW + LIFETIME}", ""),
        ('nonce="n1"', 'nonce="n2"'),
        (';nonce="n1"', ""),
        (KEY.public.text, OTHER.public.text),
        (' "content-digest"', ""),
        ('"@query" ', ""),
        ('alg="ed25519"', 'alg="hmac-sha256"'),
        ('tag="stillroom ', 'tag="another '),
        (ROOM, OTHER.public.text),
        ("pyhms=", "other="),
    ],
)
def test_what_a_signature_says_about_itself_is_covered(was: str, is_now: str) -> None:
    message = signed()
    assert was in message.headers["Signature-Input"]
    message.headers["Signature-Input"] = message.headers["Signature-Input"].replace(was, is_now)
    refused(message)


def lasting(seconds: int) -> Message:
    """Return a request whose signer says how long it is good."""
    message = signed()
    longer = message.headers["Signature-Input"].replace(f"expires={NOW + LIFETIME}", f"expires={NOW + seconds}")
    message.headers["Signature-Input"] = longer
    components = longer.removeprefix("pyhms=")
    base = "\n".join(
        [
            '"@method": POST',
            '"@authority": room.example:8461',
            '"@path": /v1/runs',
            '"@query": ?x=1',
            f'"content-digest": {message.headers["Content-Digest"]}',
            f'"@signature-params": {components}',
        ]
    )
    message.headers["Signature"] = f"pyhms=:{base64.b64encode(KEY.sign(base.encode())).decode()}:"
    return message


def test_a_lifetime_of_the_senders_own_making_is_not_accepted() -> None:
    refused(lasting(LIFETIME + 600))


def test_a_shorter_lifetime_is_the_senders_to_say() -> None:
    message = lasting(10)
    assert verify_request(message, ROOM, NOW + 10 + SKEW).ends == NOW + 10 + SKEW + 1
    refused(message, NOW + 10 + SKEW + 1)
    refused(lasting(-1))


@pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
def test_a_missing_header_is_refused(name: str) -> None:
    message = signed()
    del message.headers[name]
    refused(message)


def test_there_is_one_signature() -> None:
    first, second = signed(), signed(nonce="n2")
    both = replace(first, headers={**first.headers, "Signature": "", "Signature-Input": ""})
    for name in ("Signature", "Signature-Input"):
        both.headers[name] = f"{first.headers[name]}, {second.headers[name].replace('pyhms=', 'other=')}"
    refused(both)
    for name in ("Signature", "Signature-Input"):
        both.headers[name] = both.headers[name].replace(ROOM, OTHER.public.text, 1)
    refused(both)


def test_a_nonce_has_an_end() -> None:
    assert verify_request(signed(nonce="n" * 64), ROOM, NOW).nonce == "n" * 64
    refused(signed(nonce="n" * 65))
    refused(signed(nonce=""))


def test_a_key_that_anybody_can_sign_with_is_refused() -> None:
    message = signed()
    zero = "ed25519:" + base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
    message.headers["Signature-Input"] = message.headers["Signature-Input"].replace(KEY.public.text, zero)
    message.headers["Signature"] = f"pyhms=:{base64.b64encode(bytes(64)).decode()}:"
    refused(message)


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_stands_in_the_headers_the_answer_is_the_same(one: str, other: str) -> None:
    refused(Message("GET", "https://room.example/v1/log", {"Signature-Input": one, "Signature": other}))


def test_a_request_is_taken_once() -> None:
    replays = Replays(FakeClock(NOW))
    found = verify_request(signed(), ROOM, NOW)
    assert replays.is_new(found)
    assert not replays.is_new(found)
    assert replays.is_new(verify_request(signed(nonce="n2"), ROOM, NOW))
    assert replays.is_new(verify_request(signed(key=OTHER), ROOM, NOW))


@pytest.mark.parametrize("now", [NOW, NOW - 0.3, NOW - 0.9])
def test_a_server_that_starts_again_takes_nothing_from_before(now: float) -> None:
    found = verify_request(signed(now=NOW - 1), ROOM, NOW)
    assert not Replays(FakeClock(now)).is_new(found)


def test_what_was_seen_before_a_restart_is_refused_as_long_as_it_is_good() -> None:
    clock = FakeClock(NOW + 0.2)
    replays = Replays(clock)
    clock.moment = replays.began
    found = verify_request(signed(now=clock.moment), ROOM, clock.moment)
    assert replays.is_new(found)
    for later in (0.1, 0.9, SKEW, LIFETIME, LIFETIME + SKEW + 0.9):
        again = FakeClock(clock.moment + later)
        after = Replays(again)
        again.moment = max(again.moment, after.began)
        assert not after.is_new(found)


def test_a_request_from_a_clock_that_is_ahead_waits_for_its_moment() -> None:
    clock = FakeClock(NOW)
    replays = Replays(clock)
    found = verify_request(signed(now=NOW + SKEW), ROOM, NOW)
    assert replays.early(found) > SKEW
    assert not replays.is_new(found)
    clock.moment += SKEW
    assert replays.early(found) == 0
    assert replays.is_new(found)


def test_a_nonce_is_remembered_as_long_as_its_signature_is_good() -> None:
    clock = FakeClock(NOW)
    replays = Replays(clock)
    found = verify_request(signed(), ROOM, NOW)
    assert replays.is_new(found)
    clock.moment = NOW + LIFETIME + SKEW
    assert not replays.is_new(found)
    refused(signed(), NOW + LIFETIME + SKEW + 1)


@pytest.mark.parametrize("ahead", [0, SKEW])
def test_a_nonce_is_forgotten_when_nobody_takes_its_signature_any_more(ahead: int) -> None:
    clock = FakeClock(NOW)
    replays = Replays(clock)
    message = signed(now=NOW + ahead)
    found = verify_request(message, ROOM, NOW)
    clock.moment += ahead
    assert replays.is_new(found)
    last = NOW + ahead + LIFETIME + SKEW + 0.9
    clock.moment = last
    assert not replays.is_new(verify_request(message, ROOM, last))
    clock.moment = last + 0.1
    refused(message, clock.moment)
    assert replays.is_new(verify_request(signed(now=clock.moment), ROOM, clock.moment))
    assert len(replays._seen) == len(replays._ends) == 1


def test_a_clock_that_is_set_back_makes_nothing_good_again() -> None:
    clock = FakeClock(NOW)
    replays = Replays(clock)
    found = verify_request(signed(), ROOM, NOW)
    assert replays.is_new(found)
    clock.moment = NOW + LIFETIME + SKEW + 1
    assert replays.is_new(verify_request(signed(now=clock.moment, nonce="n2"), ROOM, clock.moment))
    clock.moment = NOW + 1
    assert not replays.is_new(found)
