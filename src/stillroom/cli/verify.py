"""`stillroom verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillroom.cli.options import AsJson, screen
from stillroom.cli.screen import plain, plain_table

if TYPE_CHECKING:
    from stillroom.client.verification.report import Report

SIZE_LIMIT = 600_000_000
MARKS = {"passed": "[green]passed[/]", "failed": "[bold red]failed[/]", "not checked": "[dim]not checked[/]"}

File = Annotated[Path, typer.Argument(help="A signed release.")]
Contract = Annotated[Path | None, typer.Option("--contract", help="The signed contract (`stillroom contract show --out`).")]
Log = Annotated[Path | None, typer.Option("--log", help="The room's log (`stillroom log --export`), or `stillroom show --proof` of it.")]
Seen = Annotated[list[Path] | None, typer.Option("--checkpoint", help="A checkpoint of the log that was seen before; may be repeated.")]
RoomKey = Annotated[str | None, typer.Option("--room-key", help="The room's public key, if you know it.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="verify")(verify)


def verify(
    release: File, *, contract: Contract = None, log: Log = None, checkpoint: Seen = None, room_key: RoomKey = None, as_json: AsJson = False
) -> int:
    """Check a release offline, trusting nobody: numbered steps, each passed, failed or not checked."""
    from stillroom.client.files import read_bytes
    from stillroom.client.verification import verify as check

    files = [None if path is None else read_bytes(path, SIZE_LIMIT) for path in (contract, log)]
    seen = [read_bytes(path, SIZE_LIMIT) for path in checkpoint or ()]
    report = check(read_bytes(release, SIZE_LIMIT), contract=files[0], log=files[1], room_key=room_key, seen=seen)
    table = plain_table("", "")
    table.show_header = False
    for _ in ("title", "detail"):
        table.add_column(overflow="fold")
    for step in report.steps:
        table.add_row(str(step.number), MARKS[step.outcome], plain(step.title), f"[dim]{plain(step.detail)}[/]")
    vouched = [f"The room's key is vouched for by: {plain(', '.join(report.vouched_by))}."] if report.vouched_by else []
    caution = [f"[yellow]{plain(report.caution)}[/]"] if report.caution else []
    screen(as_json=as_json).show(report.to_json(), table, _verdict(report), *vouched, *caution)
    return 0 if report.accepted else 4


def _verdict(report: Report) -> str:
    """Return the outcome of all steps."""
    passed, skipped = (sum(step.outcome == outcome for step in report.steps) for outcome in ("passed", "not checked"))
    verdict = "[bold green]Accepted.[/]" if report.accepted else "[bold red]Not accepted.[/]"
    return f"{verdict} {passed} of {len(report.steps)} steps passed{f', {skipped} were not checked' if skipped else ''}."
