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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
TIMES = 3
"""How often a question is timed; the fastest counts, for each engine alike."""


@dataclass(frozen=True)
class Cost:
    """What was measured.

    Attributes:
        cpu: CPU seconds of all threads, and of processes that it started and that have ended.
        peak_mb: Highest resident memory of the whole process until then, in MB.
        wall: Seconds until it was done.
    """

    cpu: float
    peak_mb: float
    wall: float


def cost_of(work: Callable[[], object]) -> Cost:
    """Run some work and return what it cost this process."""
    before, began = time.process_time() + _of_children(), time.perf_counter()
    work()
    cpu, wall = time.process_time() + _of_children() - before, time.perf_counter() - began
    return Cost(cpu, _mb(resource.getrusage(resource.RUSAGE_SELF)), wall)


def best_of(work: Callable[[int], object]) -> Cost:
    """Run some work a few times, told which time it is; return the least CPU, the highest memory and the least time."""
    costs = [cost_of(partial(work, turn)) for turn in range(TIMES)]
    return Cost(min(cost.cpu for cost in costs), max(cost.peak_mb for cost in costs), min(cost.wall for cost in costs))


def cost_of_command(*command: str) -> Cost:
    """Run a command and return what its process cost. Its memory is that of the largest process that this one has ever started.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    before, began = _of_children(), time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    cpu, wall = _of_children() - before, time.perf_counter() - began
    return Cost(cpu, _mb(resource.getrusage(resource.RUSAGE_CHILDREN)), wall)


def _of_children() -> float:
    """Return the CPU seconds of processes that this one started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _mb(usage: resource.struct_rusage) -> float:
    """Return the peak memory of processes, in MB."""
    return usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def say(text: str) -> None:
    """Tell who waits what is being done."""
    print(text, file=sys.stderr, flush=True)


def report(**costs: Cost) -> None:
    """Print costs for the parent process."""
    print(json.dumps({name: asdict(cost) for name, cost in costs.items()}))


def printed_by(module: str, *arguments: str) -> Any:  # noqa: ANN401  whatever the module prints as JSON
    """Run a module of this package in a process of its own and return what it prints last, or nothing.

    The parent must stay small: on Linux a process starts with the peak memory of its parent.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    command = [sys.executable, "-m", module, *arguments]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.splitlines()
    return json.loads(lines[-1]) if lines else {}


def in_own_process(module: str, *arguments: str) -> dict[str, Cost]:
    """Run a module of this package in a process of its own and return the costs that it reports.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    return {name: Cost(**cost) for name, cost in printed_by(module, *arguments).items()}
