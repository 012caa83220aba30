"""The identity provider that a party's people sign in by, with the secret by which it knows the party's pages: a private file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from stillroom.adapters.home.files import disk_errors, read_value, replace_private
from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, InvalidInput
from stillroom.model.value import Value

if TYPE_CHECKING:
    from pathlib import Path

FILE = "identity-provider.json"

Printed = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,1024}$")]


class IdentityProvider(Value):
    """A provider, and as what the pages come to it.

    Attributes:
        format: The version of this format.
        issuer: The provider's address, exactly as it writes it itself.
        client_id: What it calls the pages.
        client_secret: By what it knows them; nothing where it knows them by PKCE alone.
    """

    format: Literal["stillroom/identity-provider/v1"] = Field(default="stillroom/identity-provider/v1", alias="schema")
    issuer: Printed
    client_id: Printed
    client_secret: Printed | None = Field(default=None, repr=False)


def provider_of(home: Path) -> IdentityProvider | None:
    """Return the provider of a home, if it has one.

    Raises:
        InvalidInput: `HOME_INVALID` if the file is damaged.
    """
    return read_value(home / FILE, IdentityProvider, "The identity provider of this home", "Name it again: stillroom agent oidc set.")


def made_provider(issuer: str, client_id: str, secret: Path | None) -> IdentityProvider:
    """Return a provider as it is named on the command line.

    Args:
        issuer: Its address.
        client_id: What it calls the pages.
        secret: The file that its secret is in, alone.

    Raises:
        InvalidInput: `FILE_INVALID` if there is no secret in that file; `USAGE` if the others are none.
    """
    try:
        text = None if secret is None else secret.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        text = ""
    if text is not None and (not text or len(text.split()) > 1):
        raise InvalidInput(Code.FILE_INVALID, "There is no client secret in that file.", "Put the secret into it, and nothing else.")
    try:
        return IdentityProvider(issuer=issuer, client_id=client_id, client_secret=text)
    except ValidationError:
        raise InvalidInput(
            Code.USAGE, "That is no issuer, or no client of one.", "Copy both from the provider: printable, without spaces."
        ) from None


def keep_provider(home: Path, provider: IdentityProvider) -> None:
    """Name the provider of a home.

    Raises:
        Failed: `STORE_FAILED`.
    """
    with disk_errors("The home"):
        replace_private(home / FILE, canonical(provider.to_json()))


def forget_provider(home: Path) -> bool:
    """Let nobody sign in by a provider any more; return whether somebody could. It fails as `keep_provider`."""
    with disk_errors("The home"):
        found = (home / FILE).exists()
        (home / FILE).unlink(missing_ok=True)
    return found
