"""Requests to a server that are signed as somebody likes, and said byte by byte, for tests of what a server takes."""

from __future__ import annotations

import datetime
import hashlib
import json
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from http_message_signatures import HTTPMessageSigner, algorithms

from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.http.signatures import LIFETIME, Message, digest_header, sign_request
from stillroom.adapters.remote.sender import Sender
from stillroom.crypto.envelope import seal
from stillroom.model import errand
from stillroom.model.codec import digest_of, encode
from stillroom.model.contract import Contract
from stillroom.model.question import Question, Terms
from stillroom.room import contracts
from stillroom.room.signed import sign
from stillroom.room.statement import CONTRACT_TYPE, DRAFT_TYPE, QUESTION_TYPE
from tests.parties import PARTIES, QUESTION, document
from tests.services import wish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from stillroom.crypto.keys import SigningKey
    from tests.services import Served

ANY = ssl.create_default_context()
"""Made once, since it takes a while."""

COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
"""What an honest signature covers."""


TICKET = "7" * 32
"""The errand that `errand_waits` lets wait."""

CLOSE = "Connection: close"
"""Lets a server end a connection after its answer."""


def key_of(room: Served, party: str) -> SigningKey:
    """Return a party's key."""
    return Home.open(room.folder / party).signing_key


def nonce() -> str:
    """Return a nonce that nobody has used."""
    return SystemEntropy().token(16).hex()


def written(method: str, url: str, body: bytes | None = None) -> Message:
    """Return a request that is not signed yet."""
    headers = {} if body is None else {"Content-Digest": digest_header(hashlib.sha256(body).digest())}
    return Message(method, url, headers)


def signed(room: Served, method: str, path: str, body: bytes | None = None, *, key: SigningKey | None = None, age: float = 0.0) -> Message:
    """Return a request as the insurer, or the holder of a key, signs it."""
    message = written(method, room.url + path, body)
    sign_request(message, key or key_of(room, "insurer"), room.key, room.service.room.clock.now() - age, nonce())
    return message


def signed_anyhow(
    room: Served,
    message: Message,
    signer: Any,  # noqa: ANN401 - the library's resolver of keys, or a likeness of it
    *,
    algorithm: Any = algorithms.ED25519,  # noqa: ANN401 - one of the library's
    covered: Sequence[str] = COVERED,
    **changes: Any,  # noqa: ANN401 - arguments of the library
) -> Message:
    """Sign a request by the library itself, which does all that it is told."""
    now = datetime.datetime.fromtimestamp(int(room.service.room.clock.now()), datetime.UTC)
    told = {
        "key_id": key_of(room, "insurer").public.text,
        "created": now,
        "expires": now + datetime.timedelta(seconds=LIFETIME),
        "nonce": nonce(),
        "tag": f"stillroom {room.key}",
        "use_existing_digest": "Content-Digest" in message.headers,
    }
    HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=signer).sign(
        message, covered_component_ids=covered, **{**told, **changes}
    )
    return message


def sent(message: Message, body: bytes | None = None, **changes: str) -> httpx.Response:
    """Send a request whose headers are changed afterwards."""
    return httpx.request(
        message.method, message.url, content=body, headers={**message.headers, **changes}, timeout=60, trust_env=False, verify=ANY
    )


def asked(room: Served, method: str, path: str, body: bytes | None = None, party: str = "insurer") -> httpx.Response:
    """Send a request as a party."""
    return sent(signed(room, method, path, body, key=key_of(room, party)), body)


def spoken(room: Served, request: bytes) -> bytes:
    """Say something to a server, byte by byte, and return all that it answers until it, or nobody for a second, has more to say."""
    parts = urlsplit(room.url)
    answer = bytearray()
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1.0) as connection:
        connection.sendall(request)
        try:
            while piece := connection.recv(65536):
                answer += piece
        except (TimeoutError, ConnectionResetError):
            pass
    return bytes(answer)


def lines(message: Message, *more: str, body: bytes = b"") -> bytes:
    """Return a signed request as it stands on the wire, with more headers."""
    parts = urlsplit(message.url)
    headers = [f"{name}: {value}" for name, value in message.headers.items()]
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return "\r\n".join([f"{message.method} {target} HTTP/1.1", f"Host: {parts.netloc}", *headers, *more, "", ""]).encode() + body


def question(room: Served, sql: str = QUESTION, *, epsilon: float = 1.0, asked_by: str = "insurer", signed_by: str | None = None) -> bytes:
    """Return a signed question under the contract in force."""
    contract = room.session("insurer").contract
    wanted = Question(contract=digest_of(contract), sql=sql, terms=Terms(epsilon=epsilon), asked_by=asked_by)
    return sign(wanted, QUESTION_TYPE, key_of(room, signed_by or asked_by))


def draft(room: Served, sql: str = QUESTION) -> bytes:
    """Return a question that the insurer signs as a draft."""
    contract = digest_of(room.session("insurer").contract)
    return sign(Question(contract=contract, sql=sql, terms=Terms(epsilon=1.0), asked_by="insurer"), DRAFT_TYPE, key_of(room, "insurer"))


def amend(room: Served, *signers: SigningKey, **changes: object) -> Contract:
    """Put the next version of the contract in force, changed, signed by the two parties and whoever else must."""
    with room.service.room.store.reading() as records:
        before = contracts.in_force(records)
    keys = {name: key_of(room, name) for name in PARTIES}
    base = {**document({name: key.public.text for name, key in keys.items()}), **before.contract.to_json()}
    after = Contract.model_validate_json(json.dumps({**base, "version": before.contract.version + 1, "amends": before.digest, **changes}))
    everybody = {key.public.text: key for key in (*keys.values(), *signers)}
    contracts.submit(room.service.room, seal(CONTRACT_TYPE, encode(after), list(everybody.values())))
    return after


@contextmanager
def errand_waits(room: Served) -> Iterator[Path]:
    """Let an errand to bring the visits wait for the clinic's agent, and yield the folder where its files arrive."""
    grounds = errand.ShownGrounds(contract="", question="", decisions=(), versions={"visits": 1})
    task = errand.Bring(reservation="r", dataset="visits", columns=(), key="A" * 43 + "=", proof="", grounds=grounds)
    mailbox, sender = room.service.mailbox, Sender(room.service.room.notary, room.service.mailbox, SystemEntropy())
    mailbox.fetch("clinic", wish(0))
    thread = threading.Thread(target=sender.send, args=("clinic", task, 60, TICKET))
    place = room.service.incoming / TICKET / "visits" / "1"
    place.mkdir(parents=True)
    thread.start()
    try:
        while mailbox.errand(TICKET) is None:
            threading.Event().wait(0.01)
        yield place
    finally:
        mailbox.reply(TICKET, errand.Reply())
        thread.join(60)
