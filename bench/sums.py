"""Secure sums: seconds and bytes of a round, all owners and the aggregator in one process, one after the other.

Over a network owners compute beside each other; here one core does all their work. Bytes are those of all messages, up to the aggregator
and down again, as they would be sent.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.probe import cost_of, printed_by, say
from bench.report import Row
from stillroom.adapters.entropy import SystemEntropy
from stillroom.crypto.keys import SEED_SIZE, SigningKey
from stillroom.learning.noise_table import drawn, noise_table
from stillroom.learning.secure_sum.conduct import conduct
from stillroom.learning.secure_sum.member import Member
from stillroom.learning.secure_sum.messages import MaskedVector
from stillroom.learning.secure_sum.session import Session

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

CONTRACT = "sha256:" + "0" * 64
SQUARED = 1_000**2
"""Variance of an owner's share of the noise, in units: a table of some 13,000 entries."""

BIG, WORD = 10**6, 4
SECONDS, NOISY_SECONDS, EXPANSION = 10, 30, 1.1
"""The targets."""


class Here:
    """The owners of a round in this process, and how much they send and are sent.

    Attributes:
        up: Bytes that owners have sent.
        down: Bytes that were relayed to them.
    """

    def __init__(self, members: Mapping[str, Member]) -> None:
        """Name the owners."""
        self._members = members
        self.up = self.down = 0

    def advertise(self, names: Collection[str]) -> dict[str, bytes]:
        """Ask for advertisements."""
        return {name: self._sent(self._members[name].advertise()) for name in names}

    def share(self, relay: Mapping[str, Mapping[str, bytes]]) -> dict[str, Any]:
        """Ask for parcels."""
        return {name: self._sent(self._members[name].share(self._relayed(given))) for name, given in relay.items()}

    def mask(self, relay: Mapping[str, Mapping[str, bytes]]) -> dict[str, MaskedVector]:
        """Ask for masked vectors."""
        return {name: self._sent(self._members[name].mask(self._relayed(given))) for name, given in relay.items()}

    def confirm(self, relay: Mapping[str, Mapping[str, bytes]]) -> dict[str, bytes]:
        """Ask for confirmations."""
        return {name: self._sent(self._members[name].confirm(self._relayed(given))) for name, given in relay.items()}

    def reveal(self, relay: Mapping[str, Mapping[str, bytes]]) -> dict[str, bytes]:
        """Ask for shares."""
        return {name: self._sent(self._members[name].reveal(self._relayed(given))) for name, given in relay.items()}

    def _sent(self, answer: Any) -> Any:  # noqa: ANN401 - what a stage answers
        self.up += _size(answer)
        return answer

    def _relayed(self, given: Mapping[str, bytes]) -> Mapping[str, bytes]:
        self.down += _size(given)
        return given


def _size(answer: bytes | MaskedVector | Mapping[str, bytes]) -> int:
    if isinstance(answer, bytes):
        return len(answer)
    if isinstance(answer, MaskedVector):
        return len(answer.header) + len(answer.words)
    return sum(map(len, answer.values()))


@dataclass(frozen=True)
class Measured:
    """What a round took.

    Attributes:
        wall: Seconds.
        peak_mb: Highest resident memory of the process, in MB.
        up: Bytes that owners have sent.
        down: Bytes that were relayed to them.
    """

    wall: float
    peak_mb: float
    up: int
    down: int


def sums(*, full: bool) -> list[Row]:
    """Measure rounds of a few numbers and of a million."""
    del full
    say("Secure sums ...")
    small, plain, noisy = (Measured(**one) for one in printed_by("bench.sums"))
    big, here = f"a secure sum of 10 owners × {BIG:,} numbers", "Stillroom, all owners in one process"
    expansion = plain.up / (10 * BIG * WORD)
    kilobytes = (small.up + small.down) / 1000
    return [
        Row("a secure sum of 3 owners × 300 numbers", here, f"{small.wall:.2f} s, {kilobytes:.0f} kB"),
        Row(big, f"{here}, no noise", f"{plain.wall:.1f} s", "", plain.peak_mb, "≤ 10 s", plain.wall <= SECONDS),
        Row(big, f"{here}, with noise", f"{noisy.wall:.1f} s", "", noisy.peak_mb, "≤ 30 s", noisy.wall <= NOISY_SECONDS),
        Row(
            big,
            "bytes that owners send",
            f"{plain.up / 1e6:.1f} MB",
            f"{expansion:.3f} × 32-bit numbers",
            None,
            "≤ 1.1 ×",
            expansion <= EXPANSION,
        ),
    ]


def measured(owners: int, length: int, fewest: int, *, with_noise: bool) -> Measured:
    """Conduct a round."""
    entropy = SystemEntropy()
    keys = {f"owner{place}": SigningKey.from_seed(entropy.token(SEED_SIZE)) for place in range(owners)}
    table = noise_table(Fraction(SQUARED)) if with_noise else None
    session = Session(
        contract=CONTRACT,
        run="bench",
        round=0,
        members={name: key.public.text for name, key in keys.items()},
        length=length,
        bits=32,
        fewest=fewest,
        colluders=1,
    )

    def vector() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        numbers = np.arange(length, dtype=np.int64)
        return numbers if table is None else numbers + drawn(table, length, entropy)

    here = Here({name: Member(session, name, key, entropy, vector) for name, key in keys.items()})
    cost = cost_of(lambda: conduct(session, here))
    return Measured(cost.wall, cost.peak_mb, here.up, here.down)


def main() -> None:
    """Sum a few numbers, and many without noise and with it."""
    found = [
        measured(3, 300, 3, with_noise=False),
        measured(10, BIG, 7, with_noise=False),
        measured(10, BIG, 7, with_noise=True),
    ]
    print(json.dumps([asdict(one) for one in found]))


if __name__ == "__main__":
    main()
