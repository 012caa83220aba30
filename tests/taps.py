"""A room of one party, in a folder, with the taps of its cards as data; and its command line, for system tests."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from stillroom.cli.main import _code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import pytest

    Run = Callable[..., tuple[int, str]]

_HEAD = """
schema: stillroom/contract/v1
name: taps
version: 1
parties:
  - {name: transit, roles: [owner, analyst, receiver], key: "KEY"}
purpose: Tests.
jurisdiction: none
retention_days: 30
expires: "2099-12-31"
quantum_seconds: 0.01
ask: [transit]
receive: [transit]
"""


def made(folder: Path, terms: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Make a room, a home, a contract in force with the approval, caps and datasets of some terms, and data; return the folder."""
    home, file = str(folder / "transit"), folder / "taps.csv"
    assert _code(["init", "room", str(folder / "room")]) == 0
    assert _code(["init", "home", "transit", home, "--room", str(folder / "room"), "--epsilon", "20"]) == 0
    text = (_HEAD + terms).replace("KEY", (folder / "transit" / "public.key").read_text(encoding="utf-8"))
    (folder / "contract.yaml").write_text(text, encoding="utf-8")
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([header, *rows])
    assert _code(["contract", "sign", str(folder / "contract.yaml"), "--home", home]) == 0
    assert _code(["data", "add", "taps", str(file), "--home", home]) == 0
    return folder


def runner(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs a command of the party and returns its code and output."""

    def command(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = _code([*arguments, "--home", str(folder / "transit")])
        return code, capsys.readouterr().out

    return command


def verified(folder: Path) -> int:
    """Return the code with which the release in `release.json` is verified, with contract and log."""
    home = str(folder / "transit")
    assert _code(["contract", "show", "--home", home, "--out", str(folder / "signed.json")]) == 0
    assert _code(["log", "--home", home, "--export", str(folder / "log.json")]) == 0
    files = ["--contract", str(folder / "signed.json"), "--log", str(folder / "log.json")]
    return _code(["verify", str(folder / "release.json"), *files])


def document(found: tuple[int, str]) -> Any:  # noqa: ANN401 - parsed JSON
    """Return what a command printed as JSON."""
    return json.loads(found[1])
