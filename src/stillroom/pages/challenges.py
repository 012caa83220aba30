"""Challenges that passkeys sign: fresh, good once and for some minutes, and of one kind of request or one session.

Anybody may ask for a challenge, since who asks is not known yet. So nothing is remembered about one that was given out: beside 32 random
bytes it carries the moment at which it was made and a MAC, under a key that this process draws and never writes down, over both and what
it is for. Strangers who ask for as many as they like fill nothing, and push no challenge out that somebody else is about to sign. Only a
challenge under a good signature is remembered, until it would be too old anyway, so that it is taken once; those signatures are made by
people who are known, and if they made absurdly many, the next would be refused.

A challenge is not bound to a browser by a cookie. It could be handed to another browser, but a passkey signs it for these pages' address
alone, in a browser that is at that address.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom.ports import Clock, Entropy

CHALLENGE_SECONDS = 5 * 60
"""How long a challenge is good for."""

SPENT = 1000
"""How many challenges can be used up within that time."""

_MOMENT, _RANDOM, _MAC = 8, 32, 32
"""Bytes of the parts of a challenge: seconds of the steady clock, what is drawn, and the MAC."""


class Challenges:
    """Makes challenges, knows them again, and takes each once."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        """Name the time, and what challenges and the key of their MAC are made of."""
        self._clock, self._entropy = clock, entropy
        self._key = entropy.token(_MAC)
        self._spent: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def make(self, whose: str = "") -> bytes:
        """Return a new challenge.

        Args:
            whose: The secret of the session in which it has to be used; nothing for who is to sign in.
        """
        body = int(self._clock.steady()).to_bytes(_MOMENT, "big") + self._entropy.token(_RANDOM)
        return body + self._mac(f"challenge {whose}", body)

    def good(self, challenge: bytes, whose: str = "") -> bool:
        """Tell whether a challenge was made here, for this, and not too long ago."""
        body, mac = challenge[:-_MAC], challenge[-_MAC:]
        made = len(body) == _MOMENT + _RANDOM and hmac.compare_digest(mac, self._mac(f"challenge {whose}", body))
        return made and 0 <= int(self._clock.steady()) - int.from_bytes(body[:_MOMENT], "big") < CHALLENGE_SECONDS

    def spend(self, challenge: bytes) -> bool:
        """Use a challenge up that is good; tell whether it was there to be used."""
        with self._lock:
            now = self._clock.steady()
            self._spent = {one: until for one, until in self._spent.items() if now < until}
            if challenge in self._spent or len(self._spent) >= SPENT:
                return False
            self._spent[challenge] = now + CHALLENGE_SECONDS
            return True

    def handle(self, challenge: bytes) -> bytes:
        """Return the handle of the passkey that is registered with a challenge: as good as drawn, and not to be kept meanwhile."""
        return self._mac("handle", challenge)

    def _mac(self, use: str, what: bytes) -> bytes:
        return hmac.new(self._key, use.encode() + b"\0" + what, hashlib.sha256).digest()
