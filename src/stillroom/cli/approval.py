"""`stillroom approve`."""

from __future__ import annotations

from typing import Annotated

import typer

from stillroom.cli.options import HERE, AsJson, Home, Room, screen
from stillroom.cli.screen import plain, price_lines, question_text
from stillroom.errors import Code, InvalidInput

Plan = Annotated[str | None, typer.Argument(help="The beginning of a plan digest; without it, what waits for you is listed.")]
Reject = Annotated[bool, typer.Option("--reject", help="Say no.")]
Changes = Annotated[bool, typer.Option("--request-changes", help="Say that it should be asked differently.")]
Reason = Annotated[
    str, typer.Option("--reason", help="Why: a line that every party may read. It is signed with the decision, and kept in the room.")
]
Everything = Annotated[bool, typer.Option("--all", help="List all questions that were put to owners, answered ones too.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="approve")(approve)


def approve(
    plan: Plan = None,
    *,
    reject: Reject = False,
    request_changes: Changes = False,
    reason: Reason = "",
    everything: Everything = False,
    home: Home = HERE,
    room: Room = None,
    as_json: AsJson = False,
) -> None:
    """List the questions that wait for your decision, or decide about one."""
    from stillroom.client.session import open_room

    if (reject or request_changes or reason) and (plan is None or (reject and request_changes)):
        raise InvalidInput(
            Code.USAGE, "A decision names one plan, and is one.", "`stillroom approve PLAN`, with or without one of the options."
        )
    session, shown = open_room(home, room), screen(as_json=as_json)
    if plan is None:
        waiting = session.waiting(answered=everything)
        lines: list[str] = []
        for item in waiting:
            lines += [f"[bold]{item.price.plan_digest}[/]", f"  {item.question.asked_by} asks: {question_text(item.question)}"]
            lines += [f"  {line}" for line in price_lines(item.price)]
            lines += [f"  {line}" for line in item.rows]
            lines += [f"  {party}: {decision}{_why(item.reasons.get(party))}" for party, decision in sorted(item.decisions.items())]
        nothing = "No question was put to owners." if everything else "Nothing waits for you."
        shown.show([item.to_json() for item in waiting], *(lines or [nothing]))
        return
    decision = "rejected" if reject else "changes_requested" if request_changes else "approved"
    digest = session.decide(plan, decision, reason)
    shown.show({"plan": digest, "decision": decision}, f"{decision}: {digest}")


def _why(reason: str | None) -> str:
    return f" ({plain(reason)})" if reason else ""
