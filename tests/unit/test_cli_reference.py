"""The page about the command line is what the program says of itself, and no page names a command that is not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import typer

from scripts.pages import ROOT, block, with_block
from scripts.refresh_docs import COMMANDS, command_reference, exit_codes, leaves
from stillroom.cli.main import EXIT_CODES, app
from tests.pages import commands, spoken

if TYPE_CHECKING:
    from pathlib import Path

REFRESH = "run `python -m scripts.refresh_docs`"
ROOT_COMMAND: Any = typer.main.get_command(app)
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").rglob("*.md"))
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MENTION = re.compile(r"`stillroom ([a-z-][^`\n]*)`")


def problem(arguments: list[str], *, whole: bool) -> str | None:
    """Return what is wrong with the arguments of a command, or None. A mention in a sentence need not be whole."""
    command, rest = ROOT_COMMAND, list(arguments)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    options = {name: one for one in command.params if one.param_type_name == "option" for name in one.opts}
    given, places = [], 0
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            places += 1
        elif word in options:
            given.append(options[word])
            del rest[: 0 if options[word].is_flag else 1]
        elif word != "--help":
            return f"no option {word}"
    positional = [one for one in command.params if one.param_type_name == "argument"]
    if places > len(positional):
        return "no such command, or an argument too many"
    missing = [one.name for one in options.values() if one.required and one not in given]
    if whole and "--help" not in arguments and (places < sum(one.required for one in positional) or missing):
        return "something is missing"
    return None


def mentions(text: str) -> list[list[str]]:
    """Return commands that a text mentions as code; `a | b` stands for two commands, brackets and dots for nothing."""
    found = []
    for mention in MENTION.findall(text):
        first, *others = (re.sub(r"[\[\]…]", " ", part).split() for part in mention.split(" | "))
        found += [first, *([*first[:-1], *other] for other in others)]
    return found


def test_the_page_is_what_the_program_says() -> None:
    page = COMMANDS.read_text(encoding="utf-8")
    assert block(page, "commands") == command_reference(), REFRESH
    assert block(page, "exit-codes") == exit_codes(), REFRESH


def test_every_command_and_option_is_on_the_page() -> None:
    page = block(COMMANDS.read_text(encoding="utf-8"), "commands")
    sections = dict(re.findall(r"^### (.+?)$(.*?)(?=^### |\Z)", page, flags=re.MULTILINE | re.DOTALL))
    assert len(sections) > 15
    for path, command in leaves(ROOT_COMMAND, "stillroom"):
        assert all(f"`{name}" in sections[path] for one in command.params for name in one.opts if name.startswith("--")), path


def test_exit_codes_agree_wherever_they_stand() -> None:
    table = re.findall(r"^\| (\d+) \|", exit_codes(), flags=re.MULTILINE)
    refusals = (ROOT / "docs" / "reference" / "refusals.md").read_text(encoding="utf-8")
    assert table == ["0", "1", "2", "3", "4", "5", "130"]
    assert re.findall(r"(\d+) [a-z]", EXIT_CODES) == table
    assert re.findall(r"^\| (\d+) \|", refusals, flags=re.MULTILINE) == table


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_of_pages_are_commands(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    wrong = {" ".join(one): found for one in spoken(text) if (found := problem(one, whole=True))}
    wrong |= {" ".join(one): found for one in mentions(text) if (found := problem(one, whole=False))}
    assert wrong == {}


def test_commands_of_messages_are_commands() -> None:
    found = [one for path in SOURCES for one in mentions(path.read_text(encoding="utf-8"))]
    assert len(found) > 15
    assert {" ".join(one): said for one in found if (said := problem(one, whole=False))} == {}


def test_pages_have_commands() -> None:
    texts = [path.read_text(encoding="utf-8") for path in PAGES]
    assert sum(len(list(spoken(text))) for text in texts) > 60
    assert sum(command.startswith("make") for text in texts for command in commands(text)) >= 2


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("stillroom ask SQL --epsilon 1", False),
        ("PLAN=$(stillroom approve --json | python3 -c 'x')", False),
        ("stillroom init room here --name there", False),
        ("stillroom ask --epsilon 1", True),
        ("stillroom ask SQL --eps 1", True),
        ("stillroom init SQL", True),
        ("stillroom init home city city", True),
        ("stillroom amend contract.yaml", True),
        ("test $(stillroom budget --refresh)", True),
    ],
)
def test_a_wrong_command_is_found(line: str, wrong: bool) -> None:  # noqa: FBT001  a parameter of the test
    (arguments,) = spoken(f"```console\n$ {line}\n```\n")
    assert (problem(arguments, whole=True) is not None) is wrong


def test_mentions_with_alternatives() -> None:
    assert mentions("see `stillroom contract check | explain` and `stillroom verify r.json [--log …]`") == [
        ["contract", "check"],
        ["contract", "explain"],
        ["verify", "r.json", "--log"],
    ]


def test_a_part_of_a_page_is_replaced() -> None:
    page = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n"
    assert block(with_block(page, "x", "new\n"), "x") == "new\n"
    with pytest.raises(ValueError, match="not one part"):
        block(page, "y")
