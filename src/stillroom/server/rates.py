"""How many requests a sender may send: a party by its key, and whoever is none by the address from which it comes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from stillroom.ports import Clock

MOST = 10_000
"""So many senders are remembered; beyond that, those that were quiet longest are forgotten."""

SHARED = 10
"""So many times what one key may send may come from one address: several parties may come from one, or by way of one proxy."""

JOINS, JOINS_PER_SECOND = 20, 0.2
"""How many wishes to join an address may send at once, and how many come back in a second."""


STATEMENTS, STATEMENTS_PER_SECOND = 1_000, 1_000 / 3_600
"""How many statements that become entries of the log a party may make at once, and how many come back: a thousand in an hour."""

SWITCHES, SWITCHES_PER_SECOND = 20, 20 / 3_600
"""The same for what is only on or off, and which nobody turns on and off all day: twenty in an hour."""


class Rates:
    """A bucket of tokens for each sender: each request takes one, and they come back at a rate."""

    def __init__(self, clock: Clock, *, per_second: float, burst: int) -> None:
        """Say how many requests come back in a second, and how many may come at once."""
        self._clock, self._rate, self._burst = clock, per_second, burst
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, sender: str) -> bool:
        """Take a token of a sender's; False if it has none."""
        now = self._clock.steady()
        with self._lock:
            tokens, at = self._buckets.pop(sender, (float(self._burst), now))
            tokens = min(float(self._burst), tokens + max(0.0, now - at) * self._rate)
            allowed = tokens >= 1
            self._buckets[sender] = (tokens - 1 if allowed else tokens), now
            if len(self._buckets) > MOST:
                del self._buckets[next(iter(self._buckets))]
            return allowed


@dataclass(frozen=True, slots=True)
class Limits:
    """The rates of a server. Each has a table of its own, so that nobody can use up, or push out, what belongs to somebody else.

    Attributes:
        addresses: Requests of any kind, by address, counted before anybody looks at what they say.
        keys: Requests of parties, by key.
        strangers: Requests of whoever is no party, by address, since anybody can make a new key for each of them.
        joins: Wishes to join, by address.
        statements: What a party alone adds to the log, by key: versions of data, and decisions.
        switches: The same, of what is only on or off: pauses, and words about telemetry.
    """

    addresses: Rates
    keys: Rates
    strangers: Rates
    joins: Rates
    statements: Rates
    switches: Rates

    @classmethod
    def of(cls, clock: Clock, *, per_second: float, burst: int) -> Self:
        """Return the rates that follow from what one key may send."""
        return cls(
            addresses=Rates(clock, per_second=SHARED * per_second, burst=SHARED * burst),
            keys=Rates(clock, per_second=per_second, burst=burst),
            strangers=Rates(clock, per_second=per_second, burst=burst),
            joins=Rates(clock, per_second=min(JOINS_PER_SECOND, per_second), burst=min(JOINS, burst)),
            statements=Rates(clock, per_second=STATEMENTS_PER_SECOND, burst=STATEMENTS),
            switches=Rates(clock, per_second=SWITCHES_PER_SECOND, burst=SWITCHES),
        )
