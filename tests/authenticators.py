"""A person's device with passkeys, and a browser that asks it, both in this process: they can be told to answer wrongly."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from stillroom.pages.app import make_app
from stillroom.pages.guard import Guard
from tests.housed import HELD

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from stillroom.pages.house import House

NAMED, NUMBERED = "http://localhost:8462", "http://127.0.0.1:8462"
"""Where the pages are, for a browser on this machine."""

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40
"""What a device says: somebody is there, who was recognized, and here is a key."""


def text_of(data: bytes) -> str:
    """Return bytes as base64url."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """Return the bytes of base64url."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Device:
    """A device that makes one passkey, and signs by it.

    Attributes:
        origin: The page that asks, as the browser says.
        site: The site's name, as the browser says.
        flags: What the device says about who is in front of it.
        count: How often it has signed; 0 if it does not count.
        crossed: Whether the page that asks stands in another site's frame.
        handle: What it keeps with the key.
        name: The credential's name.
    """

    origin: str = NAMED
    site: str = "localhost"
    flags: int = PRESENT | VERIFIED
    count: int = 1
    crossed: bool = False
    handle: str = ""
    name: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """Make the key, and answer with its public half (ES256, attestation `none`)."""
        self.handle = options["user"]["id"]
        point = self.key.public_key().public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        cose = bytes.fromhex("a5010203262001215820") + x + bytes.fromhex("225820") + y
        said = self._said(HAS_KEY) + bytes(16) + len(self.name).to_bytes(2, "big") + self.name + cose
        attested = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58" + bytes([len(said)]) + said
        return self._answer({"clientDataJSON": self._asked("webauthn.create", options), "attestationObject": attested})

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        """Sign a challenge."""
        asked, said = self._asked("webauthn.get", options), self._said(0)
        signature = self.key.sign(said + hashlib.sha256(asked).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": asked, "authenticatorData": said, "signature": signature, "userHandle": bytes_of(self.handle)}
        return self._answer(parts)

    def _said(self, more: int) -> bytes:
        return hashlib.sha256(self.site.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _asked(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": self.crossed}
        return json.dumps(said).encode()

    def _answer(self, parts: dict[str, bytes]) -> dict[str, Any]:
        name = text_of(self.name)
        return {"id": name, "rawId": name, "type": "public-key", "response": {part: text_of(data) for part, data in parts.items()}}


@lru_cache(maxsize=4)
def served(house: House) -> Guard:
    """Return the pages of a home, as they are served."""
    return Guard(make_app(house), house)


class Browser:
    """A browser of somebody: what it sends goes through the guard to the application, in this process."""

    def __init__(self, house: House, at: str = NAMED, **headers: str) -> None:
        """Open it at an address of the pages."""
        transport = httpx.ASGITransport(app=served(house))
        self._client = httpx.AsyncClient(transport=transport, base_url=at, headers=headers or {"Origin": at})

    def get(self, path: str, **query: str) -> httpx.Response:
        """Open a page."""
        return asyncio.run(self._client.get(path, params=query or None))

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form."""
        return asyncio.run(self._client.post(path, data=fields))

    def send(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the session."""
        held = HELD.search(self.get("/passkeys").text)
        return self.post(path, form_token=held.group(1) if held else "", **fields)

    def register(self, device: Device, label: str = "laptop") -> httpx.Response:
        """Register a passkey."""
        options = self.get("/passkeys/new", label=label)
        assert options.status_code == 200, options.text
        return self.send("/passkeys", label=label, answer=json.dumps(device.make(options.json())))

    def challenge(self) -> dict[str, Any]:
        """Return what a device is asked for a signature."""
        return dict(self.get("/passkeys/sign-in").json())

    def sign_in(self, device: Device) -> httpx.Response:
        """Sign in by a passkey."""
        return self.post("/passkeys/sign-in", answer=json.dumps(device.sign(self.challenge())))


class BuiltIn:
    """The authenticator of the machine in front of which somebody sits at a real browser."""

    def __init__(self, page: Page) -> None:
        """Build it in."""
        self._tools = page.context.new_cdp_session(page)
        self._tools.send("WebAuthn.enable")
        kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
        self._name = self._tools.send("WebAuthn.addVirtualAuthenticator", {"options": kind})["authenticatorId"]

    def recognize(self, *, somebody: bool) -> None:
        """Recognize who sits there from now on, or nobody."""
        self._tools.send("WebAuthn.setUserVerified", {"authenticatorId": self._name, "isUserVerified": somebody})
