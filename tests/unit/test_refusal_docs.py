"""Every code has a section that says what happened and what to do, and every section has a code."""

from __future__ import annotations

import re
from pathlib import Path

from stillroom.errors import Code

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
