"""`stillroom demo`: a story of two parties that join their data, told on this machine from contract to verified release."""

from __future__ import annotations

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillroom.cli.options import AsJson, screen

if TYPE_CHECKING:
    from stillroom.cli.stories.stage import Next
    from stillroom.cli.stories.story import Story


class Which(StrEnum):
    """The stories."""

    TRIAL = "trial"
    AGENCIES = "agencies"
    CAMPAIGN = "campaign"
    TRANSIT = "transit"
    SERVICE = "service"


STORY = (
    "`trial`: an insurer and a hospital, real patients; `service`: the same two, each with an agent of its own beside a server. Of "
    "synthetic people: `agencies`, two agencies and their joint statistics; `campaign`, a publisher, an advertiser and what a campaign "
    "did; `transit`, a new line and what is spent near it."
)

About = Annotated[Which, typer.Argument(metavar="STORY", help=STORY, show_default="trial")]
Folder = Annotated[Path | None, typer.Option("--folder", help="Keep homes and room in this new folder.", show_default="a temporary one")]
People = Annotated[
    int | None, typer.Option("--people", min=100, max=100_000_000, help="Make up so many people.", show_default="the story's own number")
]
KeepOpen = Annotated[bool, typer.Option("--keep-open", help="Of `service`: leave server, agents and pages running until Ctrl-C.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="demo")(demo)


def demo(
    story: About = Which.TRIAL, *, people: People = None, folder: Folder = None, keep_open: KeepOpen = False, as_json: AsJson = False
) -> None:
    """Tell a story: why thresholds leak or what a joint measurement needs, and what a release looks like.

    Without a name, that of an insurer and a hospital.
    """
    from stillroom.cli.stories.stage import free
    from stillroom.cli.stories.story import Story

    _check(story, people, keep_open=keep_open, as_json=as_json)
    base = Path(tempfile.mkdtemp(prefix="stillroom-demo-")) if folder is None else free(folder)
    told = Story(screen(as_json=as_json))
    following = _tell(story, base, told, people, keep_open=keep_open)
    command = "" if following is None else following.command(base)
    told.end(f"\n[bold]Next:[/] {command}" if command else "", folder=str(base), next=command)


def _check(story: Which, people: int | None, *, keep_open: bool, as_json: bool) -> None:
    """Refuse a number of people where the people are real, and to keep open what is not served or cannot be told yet.

    Raises:
        InvalidInput: `USAGE`.
    """
    from stillroom.errors import Code, InvalidInput

    if keep_open and (story is not Which.SERVICE or as_json):
        raise InvalidInput(Code.USAGE, "Only `service` can be kept open, and says where in words.", "stillroom demo service --keep-open")
    if story in {Which.TRIAL, Which.SERVICE} and people is not None:
        raise InvalidInput(Code.USAGE, "The people of this story are real: their number is given.", "Leave --people out, or name another.")


def _tell(story: Which, base: Path, told: Story, people: int | None, *, keep_open: bool) -> Next | None:
    """Tell the story."""
    from stillroom.cli.stories import agencies, campaign, service, transit, trial

    match story:
        case Which.TRIAL:
            return trial.tell(base, told)
        case Which.AGENCIES:
            return agencies.tell(base, told, people or agencies.PEOPLE)
        case Which.CAMPAIGN:
            return campaign.tell(base, told, people or campaign.PEOPLE)
        case Which.TRANSIT:
            return transit.tell(base, told, people or transit.PEOPLE)
        case Which.SERVICE:
            service.tell(base, told, keep_open=keep_open)
            return None
