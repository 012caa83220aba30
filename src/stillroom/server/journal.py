"""Operational logs of the server, one line for each event. No line has a body, a question, a path or a value from data."""

from __future__ import annotations

import datetime
import json
import sys
from enum import StrEnum, unique
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stillroom.ports import Clock


@unique
class LogFormat(StrEnum):
    """How operational logs are written."""

    JSON = "json"
    PLAIN = "plain"
    OFF = "off"


FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "start": ("version", "at"),
        "stop": ("at",),
        "error": ("kind", "place", "at"),
        "request": ("route", "method", "status", "code", "party", "at"),
        "run": ("outcome", "at"),
    }
)
"""Every event and its fields; there are no others. `start`, `stop` and `error` are the server's own, and need no owner's consent."""


def to_stderr(line: str) -> None:
    """Write a line to standard error, at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class Journal:
    """Writes events."""

    def __init__(self, form: LogFormat, clock: Clock, write: Callable[[str], None] = to_stderr) -> None:
        """Say how to write, the time, and where to."""
        self._form, self._clock, self._write = form, clock, write

    def event(self, event: str, at: float | None = None, **fields: str | int) -> None:
        """Write an event.

        Args:
            event: Its name.
            at: When it was, in seconds since 1970; now, if left out.
            fields: What there is to say; what the event has no field for is left out.
        """
        if self._form is LogFormat.OFF:
            return
        moment = datetime.datetime.fromtimestamp(self._clock.now() if at is None else at, datetime.UTC)
        known = {**fields, "at": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        shown = {"event": event, **{name: known[name] for name in FIELDS[event] if known.get(name) not in {None, ""}}}
        self._write(json.dumps(shown) if self._form is LogFormat.JSON else " ".join(f"{name}={value}" for name, value in shown.items()))

    def mistake(self, error: BaseException) -> None:
        """Write that the server made a mistake: of which kind, and where in the program. What it says may depend on data."""
        trace, place = error.__traceback__, ""
        while trace is not None:
            place, trace = f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}", trace.tb_next
        self.event("error", kind=type(error).__name__, place=place)
