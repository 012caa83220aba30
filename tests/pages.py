"""Pages of the documentation, acted out: files are written, commands are run, in the order in which they stand."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.cli.main import _code

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[1] / "docs"
TUTORIAL = DOCS / "tutorials" / "first-room.md"
_BLOCK = re.compile(r"^```(console|yaml|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\S+)\n(.*)", re.DOTALL)
_STATUS = re.compile(r"(?:\|\| test \$\? = |# .*exit status )(\d+).*")
_ASSIGNMENT = re.compile(r"([A-Z]+)=\$\((.*)\)")
_VARIABLE = re.compile(r"\$([A-Z]+)")


def commands(text: str) -> list[str]:
    """Return what stands behind `$` in the console blocks of a page, one command a line."""
    blocks = [content.replace("\\\n", " ") for kind, content in _BLOCK.findall(text) if kind == "console"]
    return [line[2:] for content in blocks for line in content.splitlines() if line.startswith("$ ")]


def act_out(text: str, folder: Path) -> str:
    """Do in a folder what a page says, and return what the commands of Stillroom print.

    A block that begins with `# name` is written to the file of that name. Commands of Stillroom run in this process and have to end as
    the page says: with exit status 0, or with the one named in a comment or by `|| test $? = `. Everything else is for the shell.
    """
    printed, variables = io.StringIO(), dict[str, str]()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        for kind, content in _BLOCK.findall(text):
            if kind == "console":
                for command in commands(f"```{kind}\n{content}```"):
                    _run(command, variables)
            elif named := _FILE.fullmatch(content):
                Path(named[1]).write_text(named[2], encoding="utf-8")
    return printed.getvalue()


def _run(command: str, variables: dict[str, str]) -> None:
    """Run one command of a page."""
    if assigned := _ASSIGNMENT.fullmatch(command):
        variables[assigned[1]] = _piped(assigned[2], variables)
    elif command.startswith("stillroom "):
        expected = _STATUS.search(command)
        code = _stillroom(_STATUS.sub("", command), variables)
        assert code == (int(expected[1]) if expected else 0), f"{command} ended with {code}"
    else:
        _shell(command, variables)


def _piped(command: str, variables: dict[str, str]) -> str:
    """Run `stillroom … | …` and return what the end of the pipe prints."""
    first, _, rest = command.partition(" | ")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert _stillroom(first, variables) == 0, command
    return _shell(rest, variables, given=printed.getvalue())


def _stillroom(command: str, variables: dict[str, str]) -> int:
    """Run a command of Stillroom in this process and return its exit status."""
    filled = _VARIABLE.sub(lambda found: variables[found[1]], command)
    return _code(shlex.split(filled, comments=True)[1:])


def _shell(command: str, variables: dict[str, str], given: str = "") -> str:
    """Run a command in the shell and return what it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **variables, "PATH": path, "NO_COLOR": "1"}
    line = ["bash", "-euo", "pipefail", "-c", command]
    done = subprocess.run(line, env=environment, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


def spoken(text: str) -> Iterator[list[str]]:
    """Yield the arguments of every `stillroom …` in the commands of a page, also of those in pipes and substitutions."""
    for command in commands(text):
        words = shlex.shlex(command, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        for ends, part in groupby(words, lambda word: set(word) <= set("();<>|&")):
            arguments = list(part)
            if not ends and "stillroom" in arguments:
                yield arguments[arguments.index("stillroom") + 1 :]
