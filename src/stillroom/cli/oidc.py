"""`stillroom agent oidc`, and `stillroom agent admit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillroom.adapters.home.people import Role
from stillroom.cli.options import HERE, AsJson, Home, screen
from stillroom.cli.screen import plain
from stillroom.errors import Code, InvalidInput, StillroomError

app = typer.Typer(no_args_is_help=True)

Issuer = Annotated[str, typer.Option("--issuer", help="The provider's address, exactly as it writes it: https://…")]
Client = Annotated[str, typer.Option("--client-id", help="What the provider calls your pages.")]
Secret = Annotated[Path | None, typer.Option("--credentials", help="A file with the client secret, if the provider has given you one.")]
Name = Annotated[str, typer.Argument(help="Who: the name that the journal will have.")]
AsRole = Annotated[Role, typer.Option("--role", help="What the person may do: decide, ask, or look.")]
Subject = Annotated[str | None, typer.Option("--subject", help="What the provider calls the person (sub): it never changes.")]
Email = Annotated[str | None, typer.Option("--email", help="Or: the person's address, which counts if the provider has verified it.")]


@app.command("set")
def set_provider(*, issuer: Issuer, client_id: Client, secret: Secret = None, home: Home = HERE, as_json: AsJson = False) -> None:
    """Name the provider, once it has described itself. It lets nobody in: whom to, `stillroom agent admit` says."""
    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.home.identity_provider import keep_provider, made_provider
    from stillroom.adapters.identity.fetching import Fetcher
    from stillroom.adapters.identity.provider import Provider

    folder, made = _opened(home), made_provider(issuer, client_id, secret)
    host = Provider(made, Fetcher(SystemClock())).host
    keep_provider(folder, made)
    screen(as_json=as_json).show(
        {"issuer": issuer, "client_id": client_id, "secret": secret is not None},
        f"People can sign in by {host}, once they are admitted: stillroom agent admit NAME --role ROLE --subject SUB.",
        *_redirect(folder),
    )


@app.command("show")
def show(*, home: Home = HERE, as_json: AsJson = False) -> None:
    """Show which provider it is, and where it has to send people back to; never the secret."""
    from stillroom.adapters.home.identity_provider import provider_of

    folder = _opened(home)
    found, shown = provider_of(folder), screen(as_json=as_json)
    if found is None:
        shown.show(None, "This home has no identity provider.")
        return
    known_by = "a secret" if found.client_secret else "PKCE alone, without a secret"
    shown.show(
        {"issuer": found.issuer, "client_id": found.client_id, "secret": found.client_secret is not None},
        f"Issuer: {plain(found.issuer)}",
        f"Client: {plain(found.client_id)}, known by {known_by}.",
        *_redirect(folder),
    )


@app.command("remove")
def remove(*, home: Home = HERE, as_json: AsJson = False) -> None:
    """Let nobody sign in by the provider any more, and forget its secret. Who is in stays in, until `people --revoke`."""
    from stillroom.adapters.home.identity_provider import forget_provider

    removed = forget_provider(_opened(home))
    screen(as_json=as_json).show({"removed": removed}, "Removed." if removed else "This home had no identity provider.")


def admit(name: Name, *, role: AsRole, subject: Subject = None, email: Email = None, home: Home = HERE, as_json: AsJson = False) -> None:
    """Let one person in, in one role, whenever the identity provider of the home says that it is that person."""
    from stillroom.adapters.home.admittance import admit as let
    from stillroom.adapters.home.identity import Mark
    from stillroom.adapters.home.identity_provider import provider_of
    from stillroom.pages.main import people_of

    provider = provider_of(_opened(home))
    if provider is None:
        raise InvalidInput(Code.USAGE, "This home has no identity provider.", "Name it first: stillroom agent oidc set.")
    if (subject is None) == (email is None):
        raise InvalidInput(Code.USAGE, "A person is known by one thing.", "Give either --subject or --email.")
    try:
        mark = Mark.of_email(provider.issuer, email) if email is not None else Mark.of_subject(provider.issuer, subject or "")
    except ValueError:
        raise InvalidInput(Code.USAGE, "That is no subject, or no address.", "Write it in ASCII, without spaces.") from None
    let(people_of(home), name, role, mark)
    screen(as_json=as_json).show(
        {"name": name, "role": str(role), str(mark.claim): mark.value},
        f"{plain(name)} may sign in by {plain(provider.issuer)}, as {role}. `stillroom agent people --revoke` ends it.",
    )


def _opened(home: Path) -> Path:
    """Return the folder of a home, which is one."""
    from stillroom.adapters.home import Home as Opened

    return Opened.open(home).path


def _redirect(home: Path) -> list[str]:
    """Say where the provider has to send people back to, if the pages are served."""
    from stillroom.pages.main import address_of
    from stillroom.pages.oidc import CALLBACK

    try:
        return [f"Register with the provider, as the redirect URI: {address_of(home)}{CALLBACK}"]
    except StillroomError:
        return [f"Register with the provider, as the redirect URI: the address of the pages, and {CALLBACK}."]
