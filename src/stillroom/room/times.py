"""Time as others may see it: whole multiples of the contract's quantum."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING

from stillroom.model.schema import EPOCH

if TYPE_CHECKING:
    from stillroom.model.contract import Contract
    from stillroom.ports import Clock

_DAY = 86_400


def rounded_down(moment: float, quantum: float) -> float:
    """Return the last multiple of the quantum that is not after a moment, in seconds."""
    return math.floor(moment / quantum) * quantum


def first_after(moment: float, quantum: float) -> float:
    """Return the first multiple of the quantum after a moment, in seconds."""
    return (math.floor(moment / quantum) + 1) * quantum


def day(moment: float) -> datetime.date:
    """Return the day (UTC) of a moment."""
    return EPOCH + datetime.timedelta(days=math.floor(moment / _DAY))


def entry_time(clock: Clock, contract: Contract) -> int:
    """Return the time for an entry made now: rounded down to the contract's quantum, in whole seconds."""
    return math.floor(rounded_down(clock.now(), contract.quantum_seconds))


def wait(clock: Clock, contract: Contract) -> None:
    """Return at the first multiple of the contract's quantum after now, so that nobody learns how long the work before took."""
    clock.sleep_until(first_after(clock.now(), contract.quantum_seconds))
