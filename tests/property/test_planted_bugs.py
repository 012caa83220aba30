"""Each rule of the design has a planted bug: applied to a copy of the package, it turns the named tests red.

A patch in `tests/planted` begins with what the bug is and with the tests that must fail. Without a patch they pass, which the suite itself
shows.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATCHES = sorted((ROOT / "tests" / "planted").glob("*.patch"))
QUICK = {"average-charged-once", "one-row-too-many"}
"""Bugs that are found in seconds; the others take longer."""

FAILED = 1
"""How pytest ends when a test fails; errors of collection or usage end otherwise."""


def parameters() -> list[object]:
    """Return each patch, marked slow unless it is quick."""
    return [pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else [pytest.mark.slow]) for path in PATCHES]


def named_tests(patch: Path) -> list[str]:
    """Return the tests that must find a bug."""
    line = patch.read_text(encoding="utf-8").splitlines()[1]
    return line.removeprefix("Tests: ").split()


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_patch_applies(patch: Path) -> None:
    """A patch that has fallen behind the package is noticed at once, also where its bug takes long to find."""
    subprocess.run(["git", "apply", "--check", "--unidiff-zero", "-p1", str(patch)], cwd=ROOT / "src", check=True, capture_output=True)
    assert named_tests(patch)


@pytest.mark.parametrize("patch", parameters())
def test_a_planted_bug_is_found(patch: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    subprocess.run(["git", "apply", "--unidiff-zero", "-p1", str(patch)], cwd=tmp_path / "src", check=True, capture_output=True)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow", *named_tests(patch)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src"), "CI": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == FAILED, done.stdout[-2000:]


def test_there_is_a_planted_bug_for_each_rule() -> None:
    assert len(PATCHES) >= 40
    assert {path.stem for path in PATCHES} >= QUICK
