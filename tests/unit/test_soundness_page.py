"""The page of mistakes names tests and planted bugs that are there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.property.test_audited_bugs import BUGS

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "explanation" / "soundness.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")][1:]


def exists(name: str) -> bool:
    """Tell whether there is a test file, or a test in it, of this name."""
    path, _, function = name.partition("::")
    file = TESTS / path
    return file.is_file() and (not function or f"\ndef {function}(" in file.read_text(encoding="utf-8"))


def test_every_test_that_is_named_is_there() -> None:
    named = [name for row in ROWS for name in re.findall(r"`([^`]+)`", row[1])]
    assert [name for name in named if not exists(name)] == []
    assert all("`" in row[1] for row in ROWS)
    assert not exists("unit/test_soundness_page.py::test_of_nothing")


def test_every_planted_bug_that_is_named_is_there() -> None:
    patches = [name for row in ROWS for name in re.findall(r"`([^`]+)`", row[2])]
    audited = [name for row in ROWS for name in re.findall(r"\*([^*]+)\*", row[2])]
    assert [name for name in patches if not (TESTS / "planted" / f"{name}.patch").is_file()] == []
    assert set(audited) <= set(BUGS)


def test_every_row_is_complete_and_has_a_planted_bug() -> None:
    assert len(ROWS) >= 28
    assert {len(row) for row in ROWS} == {3}
    assert [row[0] for row in ROWS if not re.search(r"[`*]", row[2])] == []
