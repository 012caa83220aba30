"""Signing in by the party's own identity provider (OpenID Connect): it says who somebody is, and the home says who may come in.

What a sign-in needs until the person comes back (state, nonce, verifier) is in a cookie, sealed under a key that this process has made and
nobody else knows: strangers who begin sign-ins fill no memory. What is kept is which of them have come back, so that each does so once.
"""

from __future__ import annotations

import base64
import hmac
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import ValidationError

from stillroom.adapters.home.admittance import arrive
from stillroom.adapters.home.identity_provider import provider_of
from stillroom.adapters.home.refusals import login_invalid
from stillroom.adapters.identity.fetching import Fetcher, host_of
from stillroom.adapters.identity.pending import Pending
from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, Refusal, StillroomError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from stillroom.adapters.home.identity_provider import IdentityProvider
    from stillroom.adapters.home.people import PeopleBook, Person
    from stillroom.adapters.identity.provider import Provider
    from stillroom.ports import Clock, Entropy

CALLBACK = "/oidc/callback"
"""Where the provider sends people back to."""

PENDING_SECONDS = 10 * 60
"""How long somebody may take to sign in at the provider."""

KEPT_SECONDS = 10 * 60
"""How long a provider's description is kept."""

AT_ONCE = 4
"""How many sign-ins ask the provider at a time: each holds a thread of the pages until the provider answers."""

RETURNED = 10_000
"""How many sign-ins may have come back lately: so many are remembered, and no more are let in meanwhile."""

KEY_SIZE = 32
NONCE_SIZE = 12
SECRET_SIZE = 32

_CONTEXT = b"stillroom/sign-in/v1"


class Reception:
    """Sends people to the identity provider of a home, and lets in whom it sends back, if they were admitted."""

    def __init__(self, home: Path, people: PeopleBook, clock: Clock, entropy: Entropy, notes: Callable[[str], None]) -> None:
        """Name the home, who may come in, the time, what secrets are made of, and who hears what goes wrong."""
        self._home, self._people, self._clock, self._entropy, self._notes = home, people, clock, entropy, notes
        self._sealing = AESGCM(entropy.token(KEY_SIZE))
        self._asking = threading.BoundedSemaphore(AT_ONCE)
        self._returned: dict[str, float] = {}
        self._lock = threading.Lock()
        self._known: tuple[IdentityProvider, Provider, float] | None = None

    def host(self) -> str | None:
        """Return where people sign in, for people; nothing if they cannot."""
        try:
            found = provider_of(self._home)
        except StillroomError:
            return None
        return None if found is None else host_of(found.issuer)

    def begin(self, callback: str) -> tuple[str, str]:
        """Return where somebody signs in, and what the browser is to keep until then.

        Args:
            callback: Where the provider sends the person afterwards.

        Raises:
            Refusal: `LOGIN_INVALID`, in the same words whatever is wrong.
        """
        with self._quietly(), self._provider() as (settings, provider):
            state, nonce, verifier = (self._entropy.token(SECRET_SIZE).hex() for _ in range(3))
            one = Pending(
                provider=(settings.issuer, settings.client_id),
                callback=callback,
                state=state,
                nonce=nonce,
                verifier=verifier,
                began=self._clock.now(),
                begun=self._clock.steady(),
            )
            return provider.door(one), self._sealed(one)

    def finish(self, callback: str, kept: str, answer: Mapping[str, str]) -> tuple[str, Person, str]:
        """Let in whom the provider has sent back; return the token of a new session, whose it is, and who says so.

        Args:
            callback: Where the browser has come to.
            kept: What it has kept.
            answer: What it has brought along.

        Raises:
            Refusal: `LOGIN_INVALID`, in the same words whatever is wrong.
        """
        with self._quietly():
            one = self._opened(kept)
            if one.callback != callback or not hmac.compare_digest(one.state.encode(), answer.get("state", "").encode()):
                raise _refused("It was begun in another browser.")
            self._return(one)
            with self._provider() as (settings, provider):
                if one.provider != (settings.issuer, settings.client_id):
                    raise _refused("The home has another identity provider since it was begun.")
                identity = provider.identity(one, answer, self._clock.now())
            session, person = arrive(self._people, identity)
            return session, person, provider.host

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Tell the agent what is wrong, and the browser always the same."""
        try:
            yield
        except StillroomError as error:
            self._notes(f"pages: a sign-in has failed. {error.reason}")
            raise login_invalid() from None

    @contextmanager
    def _provider(self) -> Iterator[tuple[IdentityProvider, Provider]]:
        """Yield the home's provider, as it has described itself lately, to one of a few at a time."""
        from stillroom.adapters.identity.provider import Provider

        settings = provider_of(self._home)
        if settings is None:
            raise _refused("The home has no identity provider.")
        if not self._asking.acquire(blocking=False):
            raise _refused(f"{AT_ONCE} others are on their way, and the identity provider does not answer.")
        try:
            known, now = self._known, self._clock.steady()
            if known is None or known[0] != settings or not known[2] <= now < known[2] + KEPT_SECONDS:
                known = self._known = (settings, Provider(settings, Fetcher(self._clock)), now)
            yield settings, known[1]
        finally:
            self._asking.release()

    def _return(self, one: Pending) -> None:
        """Remember that a sign-in has come back.

        Raises:
            Refusal: `LOGIN_INVALID` if it had already, or too many have.
        """
        now = self._clock.steady()
        with self._lock:
            self._returned = {state: begun for state, begun in self._returned.items() if now < begun + PENDING_SECONDS}
            if one.state in self._returned or len(self._returned) >= RETURNED:
                raise _refused("It has come back before, or too many have.")
            self._returned[one.state] = one.begun

    def _sealed(self, one: Pending) -> str:
        nonce = self._entropy.token(NONCE_SIZE)
        sealed = nonce + self._sealing.encrypt(nonce, canonical(one.to_json()), _CONTEXT)
        return base64.urlsafe_b64encode(sealed).decode("ascii")

    def _opened(self, kept: str) -> Pending:
        try:
            sealed = base64.urlsafe_b64decode(kept.encode("ascii"))
            one = Pending.model_validate_json(self._sealing.decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], _CONTEXT))
        except (ValueError, InvalidTag, ValidationError):
            raise _refused("It was not begun in this browser.") from None
        if not one.begun <= self._clock.steady() < one.begun + PENDING_SECONDS:
            raise _refused("It was begun too long ago.")
        return one


def _refused(reason: str) -> Refusal:
    return Refusal(Code.LOGIN_INVALID, reason, "Sign in again.")
