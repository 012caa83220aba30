"""The tutorial works, word for word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "first-room.md"
BLOCKS = re.findall(r"```(console|yaml|text)\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_every_command_of_the_tutorial_succeeds(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    script = ["set -euo pipefail"]
    for kind, text in BLOCKS:
        if kind == "console":
            script += [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
            continue
        name, content = text.split("\n", 1)
        (tmp_path / name.removeprefix("# ")).write_text(content, encoding="utf-8")
    done = subprocess.run(["bash", "-c", "\n".join(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "accepted" in done.stdout.lower()
    assert len([line for line in script if line.startswith("stillroom")]) > 15
