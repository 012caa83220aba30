"""Environments of their own: for peers, and to see how large an installation is. They are made once, under `build/`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from bench.probe import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "build" / "bench-peers"


def environment(requirements: Path) -> Path:
    """Return the Python of an environment with exactly these packages.

    Raises:
        subprocess.CalledProcessError: They could not be installed.
    """
    folder = FOLDER / requirements.stem
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--no-compile", "--no-deps", "--requirement", str(requirements)], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def size_mb(python: Path) -> float:
    """Return the size of an environment's packages, in MB."""
    packages = next(python.parents[1].glob("lib/python*/site-packages"))
    return sum(file.stat().st_size for file in packages.rglob("*") if file.is_file()) / 1e6
