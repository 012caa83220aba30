"""`stillroom agent`."""

from __future__ import annotations

import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from stillroom.adapters.home.people import Admitted, Held, Role
from stillroom.cli import oidc
from stillroom.cli.options import HERE, AsJson, Home, screen
from stillroom.cli.screen import plain, plain_table, printable
from stillroom.errors import Code, InvalidInput

app = typer.Typer()
app.add_typer(oidc.app, name="oidc", help="Name the identity provider that your party's people sign in by.")
app.command("admit")(oidc.admit)

Party = Annotated[str, typer.Argument(help="The party's name, as in the contract.")]
Folder = Annotated[Path, typer.Argument(help="A folder that does not exist yet, or is empty.")]
Url = Annotated[str, typer.Argument(help="The address of the room's server: https://host:port.")]
RoomKey = Annotated[
    str | None,
    typer.Option("--room-key", help="The room's public key, as its operator reads it out to you.", show_default="asked for"),
]
Epsilon = Annotated[float, typer.Option("--epsilon", help="Lifetime cap of the party's accounts, as ε at --delta. Only you can raise it.")]
Delta = Annotated[float, typer.Option("--delta", help="The δ at which --epsilon is meant.")]
Selection = Annotated[
    float, typer.Option("--selection-delta", help="Lifetime cap of the further δ that keys without a declared domain cost.")
]

Pages = Annotated[str, typer.Option("--pages", metavar="HOST:PORT", help="Where the pages are served; port 0 takes one that is free.")]
NoPages = Annotated[bool, typer.Option("--no-pages", help="Serve no pages.")]
Certificate = Annotated[Path | None, typer.Option("--certificate", help="Serve the pages over TLS, with this certificate (PEM).")]
PagesTls = Annotated[
    bool, typer.Option("--pages-tls", help="Serve them over TLS, with a certificate that the home makes for this machine.")
]
Key = Annotated[Path | None, typer.Option("--key", help="The key of that certificate (PEM).")]
Name = Annotated[str, typer.Argument(help="Who: the name that the journal will have.")]
AsRole = Annotated[Role, typer.Option("--role", help="What the person may do: decide, ask, or look.")]
Revoke = Annotated[
    str | None,
    typer.Option("--revoke", metavar="NAME", help="End all that this person has: sessions, links, API tokens, passkeys, being admitted."),
]


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    *,
    home: Home = HERE,
    pages: Pages = "127.0.0.1:0",
    no_pages: NoPages = False,
    pages_tls: PagesTls = False,
    certificate: Certificate = None,
    key: Key = None,
) -> None:
    """Do what the room asks of your party, after having looked at it, and serve your people's pages, until told to end (Ctrl-C)."""
    if context.invoked_subcommand is not None:
        return
    from stillroom.agent.main import open_agent
    from stillroom.pages.main import fingerprint_of, heard, own_certificate, paged

    files = _given(certificate, key)
    if pages_tls:
        if files is not None:
            raise InvalidInput(Code.USAGE, "There are two certificates for the pages.", "Give --pages-tls, or --certificate and --key.")
        files = own_certificate(home, pages)
    notes = heard(_say)
    agent = open_agent(home, notes)
    signal.signal(signal.SIGTERM, lambda *_: agent.stop())
    with nullcontext() if no_pages else paged(home, pages, notes, files) as url:
        if url is not None:
            _say(f"Pages at {url}")
        if url is not None and files is not None:
            _say(f"SHA-256 of their certificate: {fingerprint_of(files[0])}")
        _say("The agent runs.")
        agent.run()


@app.command("invite")
def invite(name: Name, *, role: AsRole, home: Home = HERE, as_json: AsJson = False) -> None:
    """Make a link that lets one person into the pages of your party's agent: once, within a quarter of an hour."""
    from stillroom.pages.main import address_of, people_of

    url = address_of(home)
    link = f"{url}/enter/{people_of(home).invite(name, role)}"
    screen(as_json=as_json).show(
        {"name": name, "role": str(role), "link": link}, link, f"For {name} alone, as {role}: it is good once, for 15 minutes."
    )


@app.command("people")
def people(*, revoke: Revoke = None, home: Home = HERE, as_json: AsJson = False) -> None:
    """List who is signed in, invited or admitted, or has an API token or a passkey, or end all that one person has."""
    from stillroom.pages.main import people_of

    book, shown = people_of(home), screen(as_json=as_json)
    if revoke is not None:
        ended = book.revoke(revoke)
        shown.show(
            {"name": revoke, "ended": ended},
            f"{revoke} is signed out; what ended, of links, sessions, tokens, passkeys and admissions: {ended}.",
        )
        return
    known = book.all()
    found: list[tuple[Held | Admitted, str]] = [(one, "signed in") for one in known.visits]
    found += [(one, "invited") for one in known.invitations]
    found += [(one, f"has the API token {one.label}") for one in known.tokens]
    found += [(one, f"has the passkey {one.label}") for one in known.passkeys]
    found += [(one, f"admitted by {one.mark.claim} {one.mark.value} of {one.mark.issuer}") for one in known.admitted]
    table = plain_table("name", "role", "state")
    for one, state in found:
        table.add_row(plain(one.name), str(one.role), plain(state))
    data = [{"name": one.name, "role": str(one.role), "state": state} for one, state in found]
    shown.show(data, table if found else "Nobody is signed in, invited or admitted, or has an API token or a passkey.")


@app.command("init")
def init(
    party: Party,
    folder: Folder,
    *,
    epsilon: Epsilon = 10.0,
    delta: Delta = 1e-9,
    selection_delta: Selection = 0.0,
    as_json: AsJson = False,
) -> None:
    """Make a party's home: its keys, its accounts and a place for its data. They stay with the party."""
    from stillroom.client.members import client_certificate, make_home

    key = make_home(folder, party, epsilon=epsilon, delta=delta, selection_delta=selection_delta)
    shown = client_certificate(folder)
    public, fingerprint = ("", "") if shown is None else (str(shown.public), shown.fingerprint)
    screen(as_json=as_json).show(
        {"party": party, "key": key, "certificate": public, "fingerprint": fingerprint},
        f"Made the home of {party} in {folder}.",
        f"Its public key, for operator and contract: {key}",
        f"Its certificate, for an operator who asks parties for one: {public}",
        f"SHA-256 of that: {fingerprint}",
    )


@app.command("join")
def join(url: Url, *, room_key: RoomKey = None, home: Home = HERE, as_json: AsJson = False) -> None:
    """Join the room of a server, once you have compared its key with the operator, over the telephone or in person."""
    from stillroom.client.members import client_certificate, join_server, look_at

    shown = client_certificate(home)
    if shown is not None and shown.news and not as_json:
        _say(shown.news)
    found = look_at(url, home)
    given = room_key if room_key is not None else _asked_for(found.key)
    joined = join_server(home, url, found, given)
    state = "The operator has confirmed your key." if joined.confirmed else "Now read your key out to the operator, who confirms it."
    screen(as_json=as_json).show(
        joined.to_json(), f"{joined.party} has joined the room {plain(found.name)}.", f"Your key: {joined.key}", state
    )


def _given(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    """Return the files of a certificate and its key, if they are given."""
    if (certificate is None) != (key is None):
        raise InvalidInput(Code.USAGE, "A certificate goes with its key.", "Give both --certificate and --key, or neither.")
    return None if certificate is None or key is None else (certificate, key)


def _asked_for(shown: str) -> str:
    """Show the key that the server claims, and ask for what the operator says."""
    if not sys.stdin.isatty():
        raise InvalidInput(Code.USAGE, "The room's key is missing.", "Add --room-key, with what the operator reads out to you.")
    sys.stdout.write(f"The server says that its room's key is\n  {shown}\n")
    if not typer.confirm("Does the operator read out the same?"):
        raise InvalidInput(Code.KEY_MISMATCH, "The key is not the room's.", "Do not join. Somebody may be in between.")
    return shown


def _say(text: str) -> None:
    """Write a line at once: one line, whatever a server wants to be written."""
    sys.stdout.write(f"{printable(text, kept='')}\n")
    sys.stdout.flush()
