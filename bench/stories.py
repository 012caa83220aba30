"""The stories, with five million people each: from made-up files to a verified release."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.probe import cost_of_command, in_own_process, report, say
from bench.report import Row, seconds

PEOPLE, FEW = 5_000_000, 100_000
STORIES = ("agencies", "campaign", "transit")


def stories(*, full: bool) -> list[Row]:
    """Measure each story."""
    people = PEOPLE if full else FEW
    rows = []
    for story in STORIES:
        say(f"The story of {story} ...")
        cost = in_own_process("bench.stories", story, str(people))["told"]
        workload = f"stillroom demo {story}, {people / 1e6:g} M people, their data made and all questions asked"
        rows.append(Row(workload, "Stillroom", seconds(cost), peak_mb=cost.peak_mb))
    return rows


def main(story: str, people: str) -> None:
    """Tell a story in a process of its own, and nothing else in this one, whose memory that process begins with."""
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder:
        command = (sys.executable, "-m", "stillroom.cli", "demo", story, "--people", people, "--folder", str(Path(folder) / story))
        report(told=cost_of_command(*command))


if __name__ == "__main__":
    main(*sys.argv[1:])
