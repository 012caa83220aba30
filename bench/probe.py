"""What a piece of work costs: CPU seconds, seconds and peak memory, each in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Cost:
    """What was measured.

    Attributes:
        cpu: CPU seconds of all threads.
        wall: Seconds.
        peak_mb: Highest resident memory of the whole process, in MB.
    """

    cpu: float
    wall: float
    peak_mb: float


def cost_of(work: Callable[[], object]) -> Cost:
    """Run some work and return what it cost this process."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    after, end = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, end - start, after.ru_maxrss / 1024)


def report(**costs: Cost) -> None:
    """Print costs for the parent process."""
    print(json.dumps({name: asdict(cost) for name, cost in costs.items()}))


def in_own_process(module: str, arguments: Sequence[str], python: str = sys.executable) -> dict[str, Cost]:
    """Run a module of this package in a process of its own and return the costs that it reports."""
    command = [python, "-m", module, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {name: Cost(**cost) for name, cost in json.loads(done.stdout.splitlines()[-1]).items()}
