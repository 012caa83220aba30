"""Metrics in the text format of Prometheus: how often things happened, never about which data, how many rows or how long."""

from __future__ import annotations

import threading
from collections import Counter
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

LABELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "stillroom_build_info": ("version",),
        "stillroom_requests_total": ("route", "status"),
        "stillroom_runs_total": ("outcome",),
        "stillroom_errands_waiting": (),
        "stillroom_agents_present": (),
        "stillroom_log_entries": (),
    }
)
"""Every metric and its labels; there are no others."""

_HELP = {
    "stillroom_build_info": "The version of Stillroom that runs.",
    "stillroom_requests_total": "Requests by route and class of status, since telemetry is on.",
    "stillroom_runs_total": "Runs that are over, by done or the code that they failed with, since telemetry is on.",
    "stillroom_errands_waiting": "Errands that wait for an agent or its answer.",
    "stillroom_agents_present": "Agents that come for errands.",
    "stillroom_log_entries": "Entries of the log.",
}


class Metrics:
    """Counters in memory, which begin anew with the process, and whenever telemetry was off."""

    def __init__(self) -> None:
        """Begin with zero."""
        self._counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self._lock = threading.Lock()

    def request(self, route: str, status: int) -> None:
        """Count a request by its route's template."""
        self._count("stillroom_requests_total", route, f"{status // 100}xx")

    def run(self, outcome: str) -> None:
        """Count a run that is over."""
        self._count("stillroom_runs_total", outcome)

    def clear(self) -> None:
        """Forget what was counted."""
        with self._lock:
            self._counts.clear()

    def exposition(self, gauges: Mapping[str, int]) -> bytes:
        """Return all metrics.

        Args:
            gauges: The present value of each metric that is not counted.
        """
        with self._lock:
            counted = sorted(self._counts.items())
        samples = [
            *counted,
            *((("stillroom_build_info", (version("stillroom"),)), 1),),
            *(((name, ()), value) for name, value in gauges.items()),
        ]
        return "".join(f"{line}\n" for line in _lines(samples)).encode()

    def _count(self, name: str, *labels: str) -> None:
        with self._lock:
            self._counts[name, labels] += 1


def _lines(samples: Iterable[tuple[tuple[str, tuple[str, ...]], int]]) -> Iterator[str]:
    found = list(samples)
    for metric, names in LABELS.items():
        yield f"# HELP {metric} {_HELP[metric]}"
        yield f"# TYPE {metric} {'counter' if metric.endswith('_total') else 'gauge'}"
        for (name, values), value in found:
            if name == metric:
                labels = ",".join(f'{label}="{text}"' for label, text in zip(names, values, strict=True))
                yield f"{metric}{{{labels}}} {value}" if labels else f"{metric} {value}"
