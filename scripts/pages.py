"""What pages of the documentation are written anew with: their parts, and tables."""  # noqa: INP001  scripts are run, not imported

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent


def block(text: str, name: str) -> str:
    """Return a part of a page.

    Raises:
        ValueError: The page has no such part, or more than one.
    """
    return _marks(text, name)[1]


def with_block(text: str, name: str, content: str) -> str:
    """Return a page with another content of one part.

    Raises:
        ValueError: As `block`.
    """
    before, _, after = _marks(text, name)
    return f"{before}{content}{after}"


def _marks(text: str, name: str) -> tuple[str, str, str]:
    before, opening, rest = text.partition(f"<!-- {name} -->\n")
    content, closing, after = rest.partition(f"<!-- /{name} -->\n")
    if not opening or not closing or f"<!-- {name} -->" in after:
        raise ValueError(f"There is not one part {name!r}.")
    return before + opening, content, closing + after


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table."""
    names = list(headings)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(sql: str) -> str:
    """Return SQL as a cell of a table shows it."""
    return escaped(f"`{sql}`")


def escaped(text: str) -> str:
    """Return text as a cell of a table may hold it."""
    return text.replace("|", r"\|")
