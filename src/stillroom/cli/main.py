"""The command line: `stillroom --help`."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from stillroom.cli import (
    admin,
    agent,
    approval,
    budget,
    contract,
    data,
    demo,
    engine,
    home,
    log,
    pause,
    question,
    release,
    report,
    serve,
    telemetry,
    verify,
)
from stillroom.cli.screen import Screen
from stillroom.errors import Code, InvalidInput, StillroomError

EXIT_CODES = """
Exit codes: 0 done; 1 unexpected; 2 bad input or usage; 3 refused by the rules, or waiting for approval; 4 did not verify;
5 a run or a store failed; 130 interrupted.
"""

INTERRUPTED = 130
"""The exit code after Ctrl-C, to which typer turns a KeyboardInterrupt."""

QUERY_INTERRUPTED = "Query interrupted"
"""What DuckDB says, as a RuntimeError, when it is interrupted from the keyboard."""

app = typer.Typer(
    name="stillroom",
    help="A data clean room: questions over joined data about people; only releases leave, each with a proved bound.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(home.app, name="init", help="Make a party's home, or a room.")
app.add_typer(contract.app, name="contract", help="Check, explain, show, compare and sign contracts.")
app.add_typer(data.app, name="data", help="Admit, attach and withdraw your data.")
app.add_typer(agent.app, name="agent", help="Run your party's agent, make its home, and join a server.")
admin.register(serve.app)
app.add_typer(serve.app, name="admin", help="What the operator of a server does.")
app.add_typer(telemetry.app, name="telemetry", help="Agree to metrics and operational logs of the room's server, or end them.")
for noun in (home, serve, question, approval, release, budget, pause, log, verify, report, engine, demo):
    noun.register(app)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(version("stillroom"))
        raise typer.Exit


@app.callback()
def main(
    version_: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """A data clean room: questions over joined data about people; only releases leave, each with a proved bound."""
    del version_


def run(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its code; nothing that Stillroom raises on purpose shows a stack trace."""
    arguments = sys.argv[1:] if arguments is None else arguments
    sys.exit(_code(arguments))


def _code(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    screen = Screen("--json" in arguments)
    try:
        outcome = app(args=arguments, standalone_mode=False, prog_name="stillroom")
        if outcome == INTERRUPTED:
            return _interrupted(screen)
        sys.stdout.flush()
    except StillroomError as error:
        return screen.fail(error)
    except typer.TyperException as error:
        return _misused(screen, error)
    except typer.Abort:
        return _interrupted(screen)
    except RuntimeError as error:
        if str(error) != QUERY_INTERRUPTED:
            raise
        return _interrupted(screen)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return outcome if isinstance(outcome, int) else 0


def _misused(screen: Screen, error: typer.TyperException) -> int:
    """Say what is wrong with a command; a group of commands without one has printed its help already."""
    said = error.format_message().rstrip(".")
    if not said:
        return InvalidInput.exit_code
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "stillroom"
    return screen.fail(InvalidInput(Code.USAGE, f"{said}.", f"`{command} --help` shows what is possible."))


def _interrupted(screen: Screen) -> int:
    """Say what an interruption leaves behind."""
    screen.clear()
    screen.err.print("Interrupted. A run that was committed stays charged, and asking the same again resumes it.")
    return INTERRUPTED
