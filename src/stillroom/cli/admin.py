"""`stillroom admin backup | restore | verify | config | metrics`: the operation of a room's server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from stillroom.cli.options import AsJson, screen
from stillroom.cli.screen import plain, plain_table
from stillroom.errors import Code, InvalidInput

Folder = Annotated[Path, typer.Argument(help="The room's folder.")]
Fresh = Annotated[Path, typer.Argument(help="A folder that does not exist yet, or is empty.")]
File = Annotated[Path, typer.Argument(help="The backup.")]
Url = Annotated[str, typer.Option("--url", help="The server's address.")]
Secret = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="A file whose first line is the passphrase.", show_default="asked for"),
]

BESIDE = "Its records are in a PostgreSQL database, and not in this file: back that up as well, with `pg_dump`, just after."


def register(app: typer.Typer) -> None:
    """Add the commands to those of `stillroom admin`."""
    app.command(name="backup")(backup)
    app.command(name="restore")(restore)
    app.command(name="verify")(verify)
    app.command(name="config")(config)
    app.command(name="metrics")(metrics)


def backup(folder: Folder, file: File, *, passphrase_file: Secret = None, as_json: AsJson = False) -> None:
    """Write the room's folder to one file, sealed with a passphrase, while the server may run. The room's secret key is in it."""
    from stillroom.server.administration import back_up

    names = back_up(folder, file, _passphrase(passphrase_file, confirm=True))
    elsewhere = [] if "room.sqlite" in names else [BESIDE]
    screen(as_json=as_json).show(
        {"file": str(file), "files": names},
        f"{len(names)} files of the room are in {plain(str(file))}, its secret key among them.",
        "Keep the file and the passphrase in different places: without the passphrase, nobody can open it, you neither.",
        *elsewhere,
    )


def restore(file: File, folder: Fresh, *, passphrase_file: Secret = None, as_json: AsJson = False) -> None:
    """Make a room's folder of a backup. Nothing is overwritten."""
    from stillroom.server.administration import restore as run

    name = run(file, folder, _passphrase(passphrase_file, confirm=False))
    screen(as_json=as_json).show(
        {"room": name, "folder": str(folder)},
        f"The room {name} is in {plain(str(folder))}, as it was when the backup was made.",
        "Serve it only if the other one is gone. Then run `stillroom admin verify`, and tell the parties: their witnesses will notice.",
    )


def verify(folder: Folder, *, as_json: AsJson = False) -> None:
    """Check that log, checkpoints, tiles, balances, runs, releases and statements agree, by working all out again from the log."""
    from stillroom.server.administration import verify as run

    run(folder)
    screen(as_json=as_json).show({"consistent": True}, "All that the room keeps agrees with its log.")


def config(folder: Folder, *, as_json: AsJson = False) -> None:
    """Show how the room would be served, and where each value comes from."""
    from stillroom.server.settings import read_settings

    found = read_settings(folder, {})
    values = found.settings.model_dump(mode="json")
    table = plain_table("setting", "value", "from")
    for name, value in values.items():
        table.add_row(name, plain("" if value is None else str(value)), found.sources[name])
    screen(as_json=as_json).show({name: {"value": value, "from": found.sources[name]} for name, value in values.items()}, table)


def metrics(folder: Folder, *, url: Url = "https://127.0.0.1:8461") -> None:
    """Print the server's metrics as Prometheus reads them, asked for with the room's key; if every owner agrees."""
    from stillroom.server.administration import metrics as run

    sys.stdout.write(run(folder, url))


def _passphrase(file: Path | None, *, confirm: bool) -> str:
    """Return the passphrase from a file, or ask for it."""
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            raise InvalidInput(Code.PASSPHRASE_INVALID, "The passphrase's file cannot be read.", "Name a file of text.") from None
        return lines[0] if lines else ""
    if not sys.stdin.isatty():
        raise InvalidInput(Code.USAGE, "The passphrase is missing.", "Add --passphrase-file, or start it in a terminal.")
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))
