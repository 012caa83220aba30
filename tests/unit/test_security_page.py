"""The page of attacks names tests, advisories and planted bugs that are there, and all of them."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
FOLDER = TESTS / "attack" / "advisories"
PAGE = (TESTS.parent / "docs" / "explanation" / "security.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")][1:]
ID = re.compile(r"CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3}")
SOURCES = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("test_*.py")}
CONTROL = "test_an_honest_request_is_taken"
"""This one attacks nothing."""


def test_every_test_is_named_and_every_name_is_a_test() -> None:
    named = [name for row in ROWS for name in re.findall(r"`([^`]+)`", row[3])]
    there = {f"{file}::{name}" for file, text in SOURCES.items() for name in re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)}
    assert len(set(named)) == len(named)
    assert set(named) == {name for name in there if not name.endswith(CONTROL)}


def named_after(text: str) -> set[str]:
    """Return the advisories that tests in a text are named after."""
    cves = {f"CVE-{year}-{number}" for year, number in re.findall(r"test_cve_(\d{4})_(\d+)_", text)}
    return cves | {f"GHSA-{one.replace('_', '-')}" for one in re.findall(r"test_ghsa_(\w{4}_\w{4}_\w{4})_", text)}


def test_every_advisory_is_the_same_there_and_here() -> None:
    cited = {one for text in SOURCES.values() for one in (*ID.findall(text), *named_after(text))}
    assert {one for row in ROWS for one in ID.findall(row[1])} == cited
    assert len(cited) >= 50
    assert [row[0] for row in ROWS if not named_after(row[3]) <= set(ID.findall(row[1]))] == []


def test_every_planted_bug_is_there() -> None:
    patches = [name for row in ROWS for name in re.findall(r"`([^`]+)`", row[4])]
    assert len(patches) >= 12
    assert [name for name in patches if not (TESTS / "planted" / f"{name}.patch").is_file()] == []


def test_every_row_is_complete() -> None:
    assert len(ROWS) >= 40
    assert {len(row) for row in ROWS} == {5}
    assert [row[0] for row in ROWS if not all(row)] == []
