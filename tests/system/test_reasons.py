"""Owners say why: in a line that is signed with the decision, shown to the others, and verified with the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.cli.main import app
from stillroom.client.session import open_room
from stillroom.client.verification import verify
from stillroom.errors import Code, InvalidInput, Refusal
from tests.parties import MEMBERS, PARTIES, QUESTION, VISITS, add, settle_in

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.client.session import Session

WHY = "[bold]fine[/] by our board: “go”"


@pytest.fixture
def sessions(tmp_path: Path) -> dict[str, Session]:
    """A room in which a question waits for both owners."""
    settle_in(tmp_path, approval={"rule": "each-owner"})
    add(tmp_path, "members", MEMBERS)
    add(tmp_path, "visits", VISITS)
    found = {party: open_room(tmp_path / party) for party in PARTIES}
    with pytest.raises(Refusal):
        found["insurer"].ask(QUESTION, epsilon=1.0)
    return found


def decide(sessions: dict[str, Session], party: str, decision: str, reason: str) -> None:
    """Decide about the one question."""
    (waiting,) = sessions[party].waiting(answered=True)
    sessions[party].decide(waiting.price.plan_digest, decision, reason)


def test_a_reason_is_shown_to_all_and_goes_with_the_release(sessions: dict[str, Session]) -> None:
    decide(sessions, "clinic", "changes_requested", "by ward only, please")
    (waiting,) = sessions["insurer"].waiting(answered=True)
    assert (waiting.decisions, waiting.reasons) == ({"clinic": "changes_requested"}, {"clinic": "by ward only, please"})
    decide(sessions, "clinic", "approved", WHY)
    decide(sessions, "insurer", "approved", "")
    (waiting,) = sessions["clinic"].waiting(answered=True)
    assert waiting.reasons == {"clinic": WHY}
    asker = sessions["insurer"]
    release = asker.ask(QUESTION, epsilon=1.0)
    assert verify(release.envelope, contract=asker.contract_envelope, log=asker.export_log()).accepted


@pytest.mark.parametrize("reason", ["x" * 501, "two\nlines", "\x1b[2J", "turned \u202e around", "a\u2028b", "\x85"])
def test_a_reason_is_one_line_that_hides_nothing(sessions: dict[str, Session], reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decide(sessions, "clinic", "rejected", reason)
    assert caught.value.code is Code.APPROVAL_INVALID
    assert sessions["insurer"].waiting(answered=True)[0].decisions == {}


def test_the_command_line_takes_and_shows_reasons(tmp_path: Path, sessions: dict[str, Session], capsys: pytest.CaptureFixture[str]) -> None:
    plan = sessions["clinic"].waiting()[0].price.plan_digest
    command = ["approve", plan, "--reject", "--reason", WHY, "--home", str(tmp_path / "clinic")]
    app(args=command, standalone_mode=False)
    app(args=["approve", "--all", "--home", str(tmp_path / "insurer")], standalone_mode=False)
    said = capsys.readouterr().out
    assert f"clinic: rejected ({WHY})" in said
    assert "visits: Its rows lie with clinic; a room's server has what a run reads, encrypted, until that run is over." in " ".join(
        said.split()
    )
    with pytest.raises(InvalidInput) as caught:
        app(args=["approve", "--reason", "why", "--home", str(tmp_path / "clinic")], standalone_mode=False)
    assert caught.value.code is Code.USAGE
