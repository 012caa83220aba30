"""`stillroom report`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.options import HERE, AsJson, Home, Room, screen
from stillroom.errors import Code, InvalidInput


class Document(StrEnum):
    """What can be written."""

    DPIA = "dpia"
    WP216 = "wp216"


SIZE_LIMIT = 600_000_000
"""The largest contract or log, in bytes."""

Contract = Annotated[Path | None, typer.Option("--contract", help="The signed contract (`stillroom contract show --out`).")]
Log = Annotated[Path | None, typer.Option("--log", help="The room's log (`stillroom log --export`).")]
Seen = Annotated[list[Path] | None, typer.Option("--checkpoint", help="A checkpoint of the log that was seen before; may be repeated.")]
RoomKey = Annotated[
    str | None, typer.Option("--room-key", help="The room's public key, if you know it.", show_default="the home's, without files")
]
Out = Annotated[Path | None, typer.Option("--out", help="Write the document to this file instead of printing it.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="report")(report)


def report(
    document: Annotated[Document, typer.Argument(help="Which document.")],
    *,
    contract: Contract = None,
    log: Log = None,
    checkpoint: Seen = None,
    room_key: RoomKey = None,
    out: Out = None,
    home: Home = HERE,
    room: Room = None,
    as_json: AsJson = False,
) -> None:
    """Write a document for a data protection officer, from a contract and a log, or from your room.

    `dpia` is the record of a data protection impact assessment (GDPR, Article 35(7)). `wp216` is a note on singling out, linkability and
    inference (Opinion 05/2014) for the releases under a contract.
    """
    from stillroom.client import report as documents

    made = {Document.DPIA: documents.dpia, Document.WP216: documents.wp216}[document]
    _show(made(*_files(contract, log, home, room, room_key), _seen(checkpoint)), out, as_json=as_json)


def _files(contract: Path | None, log: Path | None, home: Path, room: Path | None, room_key: str | None) -> tuple[bytes, bytes, str | None]:
    """Return contract, log and the room's key: from files, or from the room."""
    from stillroom.client.files import read_bytes
    from stillroom.client.session import open_room

    if (contract is None) != (log is None):
        raise InvalidInput(Code.USAGE, "A document is made from a contract and a log.", "Give both --contract and --log, or neither.")
    if contract is not None and log is not None:
        return read_bytes(contract, SIZE_LIMIT), read_bytes(log, SIZE_LIMIT), room_key
    session = open_room(home, room)
    return session.contract_envelope, session.export_log(), room_key or session.room


def _seen(files: list[Path] | None) -> list[bytes]:
    """Return the checkpoints that were seen."""
    from stillroom.client.files import read_bytes

    return [read_bytes(file, SIZE_LIMIT) for file in files or ()]


def _show(document: str, out: Path | None, *, as_json: bool) -> None:
    """Print a document byte for byte, or write it to a file."""
    from stillroom.client.files import write_bytes

    if out is not None:
        write_bytes(out, document.encode())
    if as_json:
        screen(as_json=True).show({"document": document})
    elif out is None:
        typer.echo(document, nl=False)
