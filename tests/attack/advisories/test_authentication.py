"""Advisories about who somebody is: what a signature says, how long, to whom, and what is said to those who have none."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import datetime
import hashlib
import sqlite3
import sys
import threading
from collections import Counter
from itertools import product
from typing import TYPE_CHECKING, Any

import httpx
from http_message_signatures import algorithms

from stillroom.adapters.http.signatures import LIFETIME, SKEW, digest_header, sign_request
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code
from stillroom.room.signed import sign
from stillroom.room.statement import JOIN_TYPE, JoinStatement
from stillroom.server.app import actions
from stillroom.server.rates import SHARED, Limits
from stillroom.server.replays import Replays
from tests.callers import COVERED, draft, key_of, lines, nonce, question, sent, signed, signed_anyhow, spoken, written
from tests.rooms import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from stillroom.adapters.http.signatures import Message
    from stillroom.ports import Records, Store
    from tests.services import Served

UNKNOWN = SigningKey.from_seed(b"u" * 32)


class Signer:
    """What the library asks for a secret."""

    def __init__(self, secret: object) -> None:
        """Name the secret."""
        self._secret = secret

    def resolve_private_key(self, key_id: str) -> object:
        """Return it, whatever key is named."""
        del key_id
        return self._secret


def insurer(room: Served) -> Signer:
    """Return what signs as the insurer."""
    return Signer(key_of(room, "insurer")._key)


def refused(answer: httpx.Response) -> None:
    """See that the answer is the one that everybody gets who is not known."""
    assert (answer.status_code, answer.json()["code"]) == (401, Code.REQUEST_UNSIGNED)


def dumped(room: Served) -> list[str]:
    """Return all that the room's store has in it."""
    with sqlite3.connect(f"file:{room.folder / 'room' / 'room.sqlite'}?mode=ro", uri=True) as connection:
        found = list(connection.iterdump())
    connection.close()
    return found


def test_an_honest_request_is_taken(room: Served) -> None:
    """What is refused below is refused for what was changed about it."""
    body = draft(room)
    assert sent(signed_anyhow(room, written("POST", f"{room.url}/v1/questions/check", body), insurer(room)), body).is_success


def test_cve_2023_23929_a_signature_ends(room: Served) -> None:
    """vantage6: refresh tokens were good for ever.

    Here: a request that was signed a minute and a bit ago, one that its own signer calls good for a day, and one for some seconds.
    """
    room.service.replays.began = 0
    refused(sent(signed(room, "GET", "/v1/log", age=LIFETIME + SKEW + 1)))
    assert sent(signed(room, "GET", "/v1/log", age=LIFETIME - 5)).is_success
    message = written("GET", f"{room.url}/v1/log")
    long = signed_anyhow(room, message, insurer(room), covered=COVERED[:4], expires=None)
    refused(sent(long))
    now = datetime.datetime.fromtimestamp(int(room.service.room.clock.now()), datetime.UTC)
    for seconds, status in ((25, 401), (10, 200)):
        created = now - datetime.timedelta(seconds=seconds)
        message = written("GET", f"{room.url}/v1/log")
        told = {"created": created, "expires": created + datetime.timedelta(seconds=15)}
        assert sent(signed_anyhow(room, message, insurer(room), covered=COVERED[:4], **told)).status_code == status


def test_cve_2022_39228_nobody_learns_from_an_answer_whose_key_is_known(room: Served) -> None:
    """vantage6: somebody whose name existed was told that the account is blocked, after some wrong passwords; others never were.

    Here: no key, an unknown key, one that waits, and a wrong signature of one that is known, ten times each.
    """
    room.join("newcomer", confirmed=False)
    answers = set()
    for _ in range(10):
        wrong = signed(room, "GET", "/v1/log")
        wrong.headers["Signature"] = f"pyhms=:{base64.b64encode(bytes(64)).decode()}:"
        none = written("GET", f"{room.url}/v1/log")
        waiting = signed(room, "GET", "/v1/log", key=key_of(room, "newcomer"))
        for message in (none, wrong, waiting, signed(room, "GET", "/v1/log", key=UNKNOWN)):
            answer = sent(message)
            answers.add((answer.status_code, answer.text, tuple(sorted(answer.headers.items()))))
    assert len(answers) == 1


def test_cve_2022_39228_nobody_learns_from_a_wish_to_join_whose_name_is_known(room: Served) -> None:
    """The same, of names: who asked to join was told that somebody else has the name.

    Here: new keys ask for the name of a party, of a key that waits, and of nobody. The answers differ in what was asked alone.
    """
    room.join("newcomer", confirmed=False)
    answers = set()
    for name in ("clinic", "insurer", "newcomer", "nobody_yet"):
        key = SigningKey.from_seed(name.encode().ljust(32, b"."))
        body = sign(JoinStatement(room=room.service.room.identity, party=name, key=key.public.text), JOIN_TYPE, key)
        answer = sent(signed(room, "POST", "/v1/parties", body, key=key), body)
        lengths = ("content-length", str(len(answer.content)))
        said = answer.text.replace(f'"{name}"', '"name"').replace(key.public.text, "key")
        answers.add((answer.status_code, said, tuple(sorted(set(answer.headers.items()) - {lengths}))))
    assert len(answers) == 1


def work(room: Served, message: Message, wanted: set[str]) -> Counter[str]:
    """Return how often each of some functions is called until a request is answered, by name."""
    found: Counter[str] = Counter()

    def note(frame: Any, event: str, argument: Any) -> None:  # noqa: ANN401 - as the interpreter calls it
        name = frame.f_code.co_qualname if event == "call" else getattr(argument, "__qualname__", "")
        if event in {"call", "c_call"} and name in wanted:
            found[name] += 1

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=room.app), base_url=room.url) as client:
            sys.setprofile(note)
            threading.setprofile(note)
            try:
                answer = await client.request(message.method, message.url, headers=message.headers)
            finally:
                sys.setprofile(None)
                threading.setprofile(None)
            refused(answer)

    asyncio.run(ask())
    return found


def test_cve_2024_21671_the_same_work_is_done_for_keys_that_are_known_and_others(room: Served) -> None:
    """vantage6: the time of an answer told whether a name exists. In Vault, for LDAP, the answer itself did (CVE-2023-3462).

    Here: signatures that are verified, and reads of the store, are counted, for wrong signatures of a known key and of an unknown one, and
    for right ones of a key that waits and of an unknown one.
    """
    wanted = {"Ed25519PublicKey.verify", "verify_request", "Connection.execute", "SqlParties.get", "SqlContracts.active", "party_of"}
    room.join("newcomer", confirmed=False)
    counts: dict[str, list[Counter[str]]] = {"wrong": [], "right": []}
    for _ in range(3):
        for key in (key_of(room, "insurer"), UNKNOWN):
            message = signed(room, "GET", "/v1/log", key=key)
            message.headers["Signature"] = f"pyhms=:{base64.b64encode(bytes(64)).decode()}:"
            counts["wrong"].append(work(room, message, wanted))
        for key in (key_of(room, "newcomer"), UNKNOWN):
            counts["right"].append(work(room, signed(room, "GET", "/v1/log", key=key), wanted))
    assert all(one == found[0] for found in counts.values() for one in found)
    assert counts["right"][0]["SqlParties.get"] == counts["right"][0]["verify_request"] == 1
    assert counts["right"][0]["Connection.execute"] > 0


def test_cve_2021_41192_no_key_is_the_same_twice_and_none_is_anywhere_else(settled: Path) -> None:
    """Redash, and Superset (CVE-2023-27524): a secret stood in the configuration that is delivered, so that anybody could make sessions.

    Here: every secret of two homes and of a room. Each is another one, private, and in no other file; tables are encrypted.
    """
    secrets = [file for file in (*settled.glob("*/keys/*"), settled / "room" / "room.key") if file.is_file()]
    contents = [file.read_bytes() for file in secrets]
    assert len(set(contents)) == len(contents) >= 5
    others = [file for file in settled.rglob("*") if file.is_file() and file not in secrets]
    assert [file for file in others if any(content in file.read_bytes() for content in contents)] == []
    public = {"public.key", "contract.json", "members.csv", "visits.csv"}
    readable = [file for file in (*secrets, *others) if file.stat().st_mode & 0o077 and file.name not in public]
    assert [file for file in readable if not file.read_bytes().startswith(b"PARE")] == []
    assert [place for place in ("room", "clinic", "insurer") if (settled / place).stat().st_mode & 0o077] == []


def test_a_refused_request_does_nothing(room: Served) -> None:
    """NVFlare: the code after a failed login went on, for want of a `return` (known from a review of its source; it has no advisory).

    Here: a good question, with a wrong signature, on every route that changes something. The store is afterwards what it was before.
    """
    body, before = question(room), dumped(room)
    for method, path in actions(room.app):
        if method in {"POST", "PUT", "DELETE"}:
            message = signed(room, method, path.format(run="r", ticket="7" * 32, name="rows.parquet"), body)
            message.headers["Signature"] = f"pyhms=:{base64.b64encode(bytes(64)).decode()}:"
            refused(sent(message, body))
    assert dumped(room) == before
    assert not list(room.service.incoming.rglob("*"))


def test_a_request_is_not_taken_twice_however_it_is_written(room: Served) -> None:
    """Flower 1.15.0 made its authentication of nodes resilient against replays (its release notes; there is no advisory).

    Here: the same request again, by another connection, with its headers in other letters and in another order, and to a server that has
    started again since; also where the sender's clock is ahead.
    """
    message = signed(room, "GET", "/v1/balance")
    assert sent(message).is_success
    refused(sent(message))
    message.headers = {name.upper(): value for name, value in reversed(message.headers.items())}
    refused(sent(message))
    clock = FakeClock(room.service.room.clock.now() + 1)
    fresh = Replays(clock)
    object.__setattr__(room.service, "replays", fresh)
    refused(sent(message))
    ahead = signed(room, "GET", "/v1/balance", age=-2)
    object.__setattr__(room.service, "replays", Replays(room.service.room.clock))
    assert sent(ahead).is_success
    object.__setattr__(room.service, "replays", Replays(room.service.room.clock))
    refused(sent(ahead))


def key_as_secret(room: Served) -> bytes:
    """Return the bytes that everybody knows of the insurer's key."""
    return key_of(room, "insurer").public.raw


def test_cve_2022_29217_the_algorithm_is_ours_to_say(room: Served) -> None:
    """PyJWT, python-jose (CVE-2024-33663), Authlib (CVE-2024-37568): a token could ask for HMAC, with the public key as secret.

    Here: the same, with the algorithm named and not named; an empty signature, and none of it.
    """
    for secret in (key_as_secret(room), key_of(room, "insurer").public.text.encode()):
        for include in (True, False):
            message = written("GET", f"{room.url}/v1/log")
            forged = signed_anyhow(
                room, message, Signer(secret), algorithm=algorithms.HMAC_SHA256, covered=COVERED[:4], include_alg=include
            )
            refused(sent(forged))
    for signature in ("pyhms=::", "pyhms=:" + "A" * 87 + "=:", "pyhms=1", "pyhms", ""):
        refused(sent(signed(room, "GET", "/v1/log"), Signature=signature))


def test_a_key_with_which_anybody_can_sign_is_none(room: Served) -> None:
    """Ed25519: under points of small order one signature holds for many messages (known from RFC 8032 and its criticism; no advisory).

    Here: requests under such keys, and under spellings of them that are not reduced.
    """
    own = key_of(room, "insurer").public.text
    for y, top in product((0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18, 2**255 - 1), (0, 1 << 255)):
        text = base64.urlsafe_b64encode((y | top).to_bytes(32, "little")).decode().rstrip("=")
        message = signed(room, "GET", "/v1/log")
        message.headers["Signature-Input"] = message.headers["Signature-Input"].replace(own, f"ed25519:{text}")
        message.headers["Signature"] = f"pyhms=:{base64.b64encode((1).to_bytes(64, 'little')).decode()}:"
        refused(sent(message))


def test_cve_2023_49079_all_that_is_acted_on_is_signed(room: Served) -> None:
    """Misskey: a signature that covered neither digest nor host was taken, so that it could be put on any body and sent to anybody.

    Here: each part left out in turn, and a body other than the one that was signed.
    """
    body = draft(room)
    for left_out in COVERED:
        covered = tuple(one for one in COVERED if one != left_out)
        message = written("POST", f"{room.url}/v1/questions/check", body)
        refused(sent(signed_anyhow(room, message, insurer(room), covered=covered), body))
    message = signed(room, "POST", "/v1/questions/check", body)
    refused(sent(message, body.replace(b"payload", b"paylaod", 1)))
    refused(sent(message, body, **{"Content-Digest": digest_header(hashlib.sha256(b"").digest())}))
    for more in ("sha-512=:AAAA:", f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"):
        double = signed(room, "POST", "/v1/questions/check", body)
        double.headers["Content-Digest"] += f", {more}"
        refused(sent(double, body))


def test_cve_2025_6004_another_spelling_is_not_another_sender(room: Served) -> None:
    """Vault: attempts were counted by the name as it was typed, so that `Admin` could go on where `admin` was locked out.

    Here: a key has one spelling; its requests are counted over all connections; and keys that are nobody's are counted together.
    """
    object.__setattr__(room.service, "limits", Limits.of(FakeClock(0.0), per_second=0.0, burst=3))
    message = signed(room, "GET", "/v1/balance")
    text = key_of(room, "insurer").public.text
    for other in (text.upper(), text + "=", text.replace("ed25519", "ED25519"), f" {text}"):
        spelled = written("GET", f"{room.url}/v1/balance")
        refused(sent(signed_anyhow(room, spelled, insurer(room), covered=COVERED[:4], key_id=other)))
    assert [sent(signed(room, "GET", "/v1/balance")).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert sent(message).status_code == 429
    fresh = [SigningKey.from_seed(hashlib.sha256(bytes([number])).digest()) for number in range(5)]
    assert [sent(signed(room, "GET", "/v1/log", key=key)).status_code for key in fresh] == [401, 401, 401, 429, 429]
    assert len(room.service.replays._seen) == 3, "nothing is kept of keys that are nobody's"


def test_what_comes_from_an_address_is_counted_before_anybody_looks_at_it(room: Served) -> None:
    """A server verified every signature that it was sent, and looked up every key, before it counted (a class that is known from many).

    Here: requests without a signature use up what may come from an address; then a good one is not looked at either.
    """
    object.__setattr__(room.service, "limits", Limits.of(FakeClock(0.0), per_second=0.0, burst=1))
    for _ in range(SHARED):
        refused(sent(written("GET", f"{room.url}/v1/balance")))
    assert sent(signed(room, "GET", "/v1/balance")).status_code == 429


def test_nothing_is_read_from_whoever_may_not_send_it(room: Served) -> None:
    """Bodies of anybody were read into memory before it was known whose they are (NVFlare GHSA-jx8f-cpx7-fv47, among others).

    Here: requests whose bodies never come to their end. Who is not known, or may not do this, is told so at once; only a wish to join is
    read, and has a size.
    """
    registry = SigningKey.from_seed(b"r" * 32)
    room.join("newcomer")

    def half(path: str, key: SigningKey, size: int = 1000) -> bytes:
        return spoken(room, lines(signed(room, "POST", path, bytes(size), key=key), f"Content-Length: {size}", body=bytes(size - 1)))

    assert half("/v1/runs", registry).startswith(b"HTTP/1.1 401 ")
    assert half("/v1/runs", key_of(room, "newcomer")).startswith(b"HTTP/1.1 403 ")
    assert half("/v1/runs", key_of(room, "insurer")) == half("/v1/parties", registry) == b""
    assert half("/v1/parties", registry, 10_002).startswith(b"HTTP/1.1 413 ")


class Watched:
    """A store that notes which threads read from it."""

    def __init__(self, store: Store) -> None:
        """Name the store."""
        self._store = store
        self.threads: set[int] = set()

    def reading(self) -> AbstractContextManager[Records]:
        """Begin to read."""
        self.threads.add(threading.get_ident())
        return self._store.reading()

    def writing(self) -> AbstractContextManager[Records]:
        """Begin to write."""
        return self._store.writing()

    def committing(self) -> AbstractContextManager[tuple[Records, Callable[[], None]]]:
        """Begin to commit."""
        return self._store.committing()


def test_the_server_hears_others_while_it_looks_up_who_sends_a_request(room: Served) -> None:
    """A store that is slow held up every request, since it was asked on the one thread that serves them all.

    Here: which threads ask the store until a request is answered.
    """
    store = Watched(room.service.room.store)
    object.__setattr__(room.service, "room", dataclasses.replace(room.service.room, store=store))

    async def ask() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=room.app), base_url=room.url) as client:
            message = signed(room, "GET", "/v1/log", key=UNKNOWN)
            refused(await client.request(message.method, message.url, headers=message.headers))
        return threading.get_ident()

    loop = asyncio.run(ask())
    assert store.threads
    assert loop not in store.threads


def test_an_address_that_the_sender_names_is_not_its_own(room: Served) -> None:
    """uvicorn, and others: who comes from this machine, or by way of a proxy, says in a header from where, and was counted there.

    Here: one sender with a header of another address each time, and with a key of the room's in it, which is counted in a table of its own.
    """
    object.__setattr__(room.service, "limits", Limits.of(FakeClock(0.0), per_second=0.0, burst=3))
    names = ("192.0.2.1", "192.0.2.2", key_of(room, "insurer").public.text, "192.0.2.3", "127.0.0.1")
    answers = [
        httpx.get(f"{room.url}/v1/room", headers={"X-Forwarded-For": one, "Forwarded": f"for={one}"}, trust_env=False) for one in names
    ]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert [sent(signed(room, "GET", "/v1/balance")).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_name_in_front_is_not_the_rooms(room: Served) -> None:
    """Behind a proxy, a host or a path that the sender names is believed (a class that is known from many reviews).

    Here: what a signature covers is what arrived; another host, a forwarded one, or a path that a proxy would rewrite change nothing.
    """
    for changes in ({"Host": "other.example"}, {"X-Original-URL": "/v1/balance"}, {"X-Forwarded-Host": "other.example"}):
        message = written("GET", f"{room.url}/v1/log")
        sign_request(message, UNKNOWN, room.key, room.service.room.clock.now(), nonce())
        refused(sent(message, None, **changes))
    refused(sent(signed(room, "GET", "/v1/balance"), Host="other.example"))
