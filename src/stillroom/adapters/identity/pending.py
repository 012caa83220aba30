"""A sign-in that was begun: what is kept of it until the person comes back from the identity provider."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stillroom.model.value import Value


class Pending(Value):
    """One person on the way through a provider.

    Attributes:
        format: The version of this format.
        provider: The provider's address, and what it calls the pages.
        callback: Where it sends the person afterwards.
        state: What it sends along.
        nonce: What its token will have.
        verifier: What proves that the code is fetched by whoever began (RFC 7636).
        began: When that was, in seconds since 1970.
        begun: The same, in seconds of the steady clock of the process that has begun it.
    """

    format: Literal["stillroom/sign-in/v1"] = Field(default="stillroom/sign-in/v1", alias="schema")
    provider: tuple[str, str]
    callback: str
    state: str
    nonce: str
    verifier: str
    began: float
    begun: float
