"""Every code has a section that says what happened and what to do, and every section has a code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom import errors
from stillroom.errors import Code

if TYPE_CHECKING:
    from collections.abc import Iterable

TESTS = Path(__file__).parents[1]
SOURCE = Path(errors.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "refusals.md"
SECTION = re.compile(r"^### (\S+)\n\n\*\*What happened\.\*\* (.+)\n\n\*\*What to do\.\*\* (.+)$", re.MULTILINE)
FEWEST_WORDS = 15


def headings() -> list[str]:
    return re.findall(r"^### (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_each_code_has_one_section_and_each_section_a_code() -> None:
    assert sorted(headings()) == sorted(Code)


def test_each_section_says_what_happened_and_what_to_do() -> None:
    sections = {code: (happened, advice) for code, happened, advice in SECTION.findall(PAGE.read_text(encoding="utf-8"))}
    assert sorted(sections) == sorted(headings())
    assert [code for code, parts in sections.items() if len(" ".join(parts).split()) < FEWEST_WORDS] == []


def test_each_code_is_raised_somewhere_and_expected_by_a_test() -> None:
    raised = _words(path for path in SOURCE.rglob("*.py") if path.name != "errors.py")
    expected = _words(path for path in TESTS.rglob("*") if path.suffix in {".py", ".sql"})
    assert [code for code in Code if f"Code.{code}" not in raised] == []
    assert [code for code in Code if f"Code.{code}" not in expected and f"code: {code}" not in expected] == []


def _words(files: Iterable[Path]) -> set[str]:
    """Return all that reads like a mention of a code."""
    mentions = re.compile(r"\b(?:Code\.|code: )[A-Z_]+\b")
    return {mention for path in files for mention in mentions.findall(path.read_text(encoding="utf-8"))}
