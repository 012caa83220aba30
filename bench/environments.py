"""Environments of their own: for peers, and to see how large an installation is. They are made once, under `build/`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.probe import ROOT, Cost, say

FOLDER = ROOT / "build" / "bench-peers"
PEERS = Path(__file__).parent / "peers"


class NotRun(Exception):
    """Something was not measured: the message says why, in a few words that name no place."""


def environment(requirements: Path) -> Path:
    """Return the Python of an environment with exactly these packages.

    Raises:
        NotRun: They could not be installed.
    """
    folder = FOLDER / requirements.stem
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
        _run([*pip, "install", "--no-compile", "--no-deps", "--requirement", str(requirements)], "it could not be installed")
        stamp.write_text(wanted, encoding="utf-8")
    return python


def peer_says(requirements: str, module: str, *arguments: str) -> Any:  # noqa: ANN401  whatever its module prints as JSON
    """Run a module of `bench.peers` in its own environment and return what it prints.

    Raises:
        NotRun: The peer could not be installed, or ended with an error.
    """
    say(f"{module} ...")
    python = environment(PEERS / f"{requirements}.txt")
    printed = _run([str(python), "-m", f"bench.peers.{module}", *arguments], "it ended with an error")
    return json.loads(printed.splitlines()[-1])


def peer_costs(requirements: str, module: str, *arguments: str) -> dict[str, Cost]:
    """Run a module of `bench.peers` likewise and return the costs that it reports."""
    return {name: Cost(**cost) for name, cost in peer_says(requirements, module, *arguments).items()}


def _run(command: list[str], failed: str) -> str:
    """Run a command and return what it prints."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        say(done.stderr)
        raise NotRun(reason_of(failed, done.stderr))
    return done.stdout


def reason_of(failed: str, errors: str) -> str:
    """Return what failed, with the last line about an error that names no place and breaks no table."""
    lines = [line.strip() for line in errors.splitlines() if "error" in line.lower() and not set("/\\|") & set(line)]
    return f"{failed} ({lines[-1]})" if lines else failed


def size_mb(python: Path) -> float:
    """Return the size of an environment's packages, in MB."""
    packages = next(python.parents[1].glob("lib/python*/site-packages"))
    return sum(file.stat().st_size for file in packages.rglob("*") if file.is_file()) / 1e6
