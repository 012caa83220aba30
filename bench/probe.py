"""What a piece of work costs: CPU seconds and peak memory, each in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
TIMES = 3
"""How often a question is timed; the fastest counts, for each engine alike."""


@dataclass(frozen=True)
class Cost:
    """What was measured.

    Attributes:
        cpu: CPU seconds of all threads.
        peak_mb: Highest resident memory of the whole process until then, in MB.
        wall: Seconds by the clock.
    """

    cpu: float
    peak_mb: float
    wall: float = 0.0


def cost_of(work: Callable[[], object]) -> Cost:
    """Run some work and return what it cost this process."""
    before, begun = time.process_time(), time.perf_counter()
    work()
    cpu, wall = time.process_time() - before, time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(cpu, peak / (1024**2 if sys.platform == "darwin" else 1024), wall)


def best_of(work: Callable[[int], object]) -> Cost:
    """Run some work a few times, told which time it is; return the least CPU and the highest memory."""
    costs = [cost_of(partial(work, turn)) for turn in range(TIMES)]
    return Cost(min(cost.cpu for cost in costs), max(cost.peak_mb for cost in costs), min(cost.wall for cost in costs))


def report(**costs: Cost) -> None:
    """Print costs for the parent process."""
    print(json.dumps({name: asdict(cost) for name, cost in costs.items()}))


def in_own_process(module: str, *arguments: str, python: str = sys.executable) -> dict[str, Cost]:
    """Run a module of this package in a process of its own and return the costs that it reports.

    The parent must stay small: on Linux a process starts with the peak memory of its parent.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    done = subprocess.run([python, "-m", module, *arguments], check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    lines = done.stdout.splitlines()
    return {name: Cost(**cost) for name, cost in json.loads(lines[-1]).items()} if lines else {}


def cpu_of_command(*command: str) -> float:
    """Run a command and return the CPU seconds of its process.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
