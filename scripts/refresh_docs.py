"""Write anew what the documentation shows of the program: the demo's output, the commands, and a release as a notebook shows it.

    python -m scripts.refresh_docs              (in the repository's folder; takes about a minute)

A page has such a part between `<!-- name -->` and `<!-- /name -->`. Tests compare these parts with the program, so that they cannot rot.
"""  # noqa: INP001  scripts are run, not imported

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import stillroom
from scripts.pages import ROOT, with_block
from stillroom.adapters.spark.engine import LACKS
from stillroom.cli.main import app
from stillroom.errors import Failed, InvalidInput, Refusal, Unverified
from stillroom.model.function import Function

if TYPE_CHECKING:
    from collections.abc import Iterator

README = ROOT / "README.md"
COMMANDS = ROOT / "docs" / "reference" / "cli.md"
ENGINES = ROOT / "docs" / "reference" / "engines.md"
LACKING = {"duckdb": frozenset[str](), "polars": frozenset[str](), "datafusion": frozenset[str](), "spark": LACKS}
"""The functions that each engine lacks."""

EXAMPLE = ROOT / "docs" / "reference" / "example-release.json"
PICTURE = EXAMPLE.with_suffix(".html")
SHOWN_FOLDER = "/tmp/stillroom-demo"  # noqa: S108  what a reader sees instead of a folder's random name; nothing is written there
AS_MAKE_DEMO = "import sys; sys.argv[0] = '.venv/bin/stillroom'; from stillroom.cli.main import run; run()"
"""Starts the command as `make demo` does, which is how readers start it; the demo shows what to type next."""
QUESTION = """SELECT arm, COUNT(*) AS patients, AVG(cd4_week20 - cd4_start) AS cd4_gain
FROM members JOIN trial ON member_id = person_id GROUP BY arm"""


def demo_output(folder: Path) -> str:
    """Run the demo as `make demo` does, in a new folder, 80 columns wide, and return what it prints, with a short name for that folder.

    Raises:
        RuntimeError: It fails.
    """
    command = [sys.executable, "-c", AS_MAKE_DEMO, "demo", "--folder", str(folder)]
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PATH": os.defpath}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    if done.returncode:
        raise RuntimeError(done.stderr)
    lines = done.stdout.replace(str(folder), SHOWN_FOLDER).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def exit_codes() -> str:
    """Return a table of exit codes, those of errors from their classes."""
    kinds = [InvalidInput, Refusal, Unverified, Failed]
    lines = [f"| {kind.exit_code} | `{kind.__name__}` | {' '.join((kind.__doc__ or '').split())} |" for kind in kinds]
    ends = ["| 0 | | done |", "| 1 | | something that should not happen; please report it |"]
    return "\n".join(["| exit code | error | meaning |", "|---|---|---|", *ends, *lines, "| 130 | | interrupted |", ""])


def command_reference() -> str:
    """Return a section for every command: what it does, its arguments and its options."""
    sections = []
    for path, command in leaves(typer.main.get_command(app), "stillroom"):
        arguments = "".join(f" {_placeholder(one)}" for one in command.params if one.param_type_name == "argument")
        described = "".join(_row(one) for one in command.params)
        table = f"\n| | default | meaning |\n|---|---|---|\n{described}" if described else ""
        sections.append(f"### {path}\n\n```text\n{path}{arguments} [OPTIONS]\n```\n\n{' '.join(command.help.split())}\n{table}")
    return "\n".join(sections)


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  typer gives its commands no public type
    """Yield every command that does something, with its full name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
    for name, one in (inner or {}).items():
        yield from leaves(one, f"{path} {name}")


def _row(parameter: Any) -> str:  # noqa: ANN401  as in `leaves`
    name = _placeholder(parameter) if parameter.param_type_name == "argument" else ", ".join(parameter.opts)
    value = "" if parameter.param_type_name == "argument" or parameter.is_flag else f" {_kind(parameter)}"
    variable = f"`{parameter.envvar}`" if parameter.envvar else ""
    default = "required" if parameter.required else _default(parameter)
    return f"| `{name}{value}` | {', or '.join(filter(None, [variable, default]))} | {parameter.help} |\n"


def _placeholder(argument: Any) -> str:  # noqa: ANN401  as in `leaves`
    name = str(argument.name).upper()
    return name if argument.required else f"[{name}]"


def _kind(option: Any) -> str:  # noqa: ANN401  as in `leaves`
    name = str(option.bare_type())
    return {"float": "NUMBER", "int": "NUMBER", "str": "TEXT"}.get(name, name.upper())


def _default(parameter: Any) -> str:  # noqa: ANN401  as in `leaves`
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    return f"{parameter.default:g}" if isinstance(parameter.default, float) else str(parameter.default or "")


def engine_reference() -> str:
    """Return a table of the functions of plans, and whether each engine has them."""
    body = ast.parse(inspect.getsource(Function)).body[0].body  # type: ignore[attr-defined]  # a class has one
    meanings = [str(node.value.value) for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)][1:]
    lines = ["", f"| function | {' | '.join(LACKING)} | what it says |", f"|---|{'---|' * len(LACKING)}---|"]
    for function, meaning in zip(Function, meanings, strict=True):
        has = " | ".join("refused" if function.value in lacks else "yes" for lacks in LACKING.values())
        lines.append(f"| `{function.value}` | {has} | {' '.join(meaning.split())} |")
    return "\n".join([*lines, "", ""])


def main() -> None:
    """Refresh everything."""
    from scripts.sql_reference import pages

    ENGINES.write_text(with_block(ENGINES.read_text("utf-8"), "functions", engine_reference()), "utf-8")
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base).resolve() / "demo"
        README.write_text(with_block(README.read_text("utf-8"), "demo-output", f"```text\n{demo_output(folder)}```\n"), "utf-8")
        release = stillroom.open(folder / "insureco").ask(QUESTION, epsilon=2)
    release.save(EXAMPLE)
    PICTURE.write_text(f"{release._repr_html_()}\n", "utf-8")
    for path, text in pages().items():
        path.write_text(text, "utf-8")
    page = with_block(COMMANDS.read_text("utf-8"), "exit-codes", exit_codes())
    COMMANDS.write_text(with_block(page, "commands", command_reference()), "utf-8")


if __name__ == "__main__":
    main()
