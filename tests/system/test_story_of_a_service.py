"""The story of a server and two agents: three processes with a home each, which end with it, or stay open until they are told to end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from stillroom.cli.main import _code
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_told_and_can_be_kept_open_and_no_process_is_left(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stillroom.cli", "demo", "service", "--keep-open", "--folder", str(tmp_path / "demo")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as story:
        assert story.stdout is not None
        lines = []
        for line in story.stdout:
            lines.append(line)
            if "makes others" in line:
                break
        links = re.findall(r"https?://\S+/enter/\S+", "".join(lines))
        pages = [entered(link) for link in links]
        os.kill(story.pid, signal.SIGTERM)
        text = " ".join("".join([*lines, *story.stdout]).split())
    assert story.returncode == 0, text
    assert [[name for name in ("Ann", "Otto", "Olga") if name in page] for page in pages] == [["Ann"], ["Otto"], ["Olga"]]
    for words in ("12 of 12 steps passed: accepted", "flipped: rejected", "room: 0 of 2986", "insureco: 0 of 2986", "healthco: 0 of 2986"):
        assert words in text
    for party in ("insureco", "healthco"):
        assert re.findall(rf"{party} (\w+) [0-9a-f]{{12}}: done", text)[:3] == ["hold", "commit", "bring"]
    pids = [int(one) for told in re.findall(r"process (\d+),|processes (\d+) and (\d+),", text) for one in told if one]
    assert len(pids) == 3
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def entered(link: str) -> str:
    """Come in by a link, as a person does who presses its button, and return the first page."""
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as client:
        form = client.get(link)
        assert form.status_code == 200
        origin = link.split("/enter/", maxsplit=1)[0]
        answer = client.post(link, headers={"Origin": origin, "Content-Type": "application/x-www-form-urlencoded"}, content=b"")
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.mark.parametrize("arguments", [["trial", "--keep-open"], ["service", "--keep-open", "--json"]])
def test_what_is_not_served_is_not_kept_open(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(["demo", *arguments]) == InvalidInput.exit_code
    said = capsys.readouterr()
    assert Code.USAGE in said.err + said.out
