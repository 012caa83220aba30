"""Noise from OpenDP's samplers."""

from __future__ import annotations

import importlib.metadata
import math
import os
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.adapters.noise_process import NoiseProcess, Request
from stillroom.errors import Code, Failed
from stillroom.model.charge import RHO_UNIT
from stillroom.model.mechanism import CHOOSING, LARGEST_SCALE, SMALLEST_SCALE, SQUARED, Guarantee, Mechanism, NoiseKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opendp.mod import Measurement

LEAST_SHARE = 100_000
"""How many draws are worth a process: OpenDP takes about a second for them, and to start a process takes half a second."""

MOST_PROCESSES = 4
"""The most processes that draw together, this one among them; each holds some 100 MB."""

LARGEST_SCORE = 2**53
"""Whole numbers up to this are exact as doubles."""


class OpendpNoise:
    """Integer noise from OpenDP, drawn by measuring a vector of zeros.

    OpenDP's mechanisms on integers are additive: at input x they return x + Z, where Z does not depend on x. So Z drawn at zero and
    added to exact cells in Python's unbounded integers has the same distribution, without overflow. OpenDP computes Z exactly,
    from bits of the operating system, and saturates it at 64 bits, which at the scales allowed here happens less often than once
    in 10⁴⁴⁴ draws. There is no seed.

    Many draws are shared among processes, since threads do not speed OpenDP up. Each process has a generator of its own, filled by the
    operating system, so that draws of different processes are as independent as those of one.
    """

    genuine = True

    def __init__(self) -> None:
        """Name the sampler."""
        self.name = f"opendp {importlib.metadata.version('opendp')}"

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return `count` independent draws.

        Raises:
            Failed: OpenDP's own account of the mechanism is not within the guarantee, it cannot sample at this scale, or a process that
                draws did not end as it should.
        """
        mine, *others = _shares(count, _cores())
        sample(mechanism, 0, guarantee)
        with ExitStack() as beside:
            requests = (Request(mechanism=mechanism, count=share, guarantee=guarantee) for share in others)
            processes = [beside.enter_context(NoiseProcess(request)) for request in requests]
            draws = sample(mechanism, mine, guarantee)
            for process in processes:
                draws.extend(process.draws())
        return draws

    def choose(self, mechanism: Mechanism, scores: Sequence[Sequence[int]], guarantee: Guarantee) -> list[int]:
        """Return the place of the least score of each group, after noise.

        OpenDP compares scores and noise in rational numbers of any length, of which it draws as many digits as it takes to tell which sum
        is least. It is given scores as doubles, which are exact below 2⁵³: so no rounding hides in them.

        Raises:
            Failed: OpenDP's own account of the mechanism is not within the guarantee, it cannot sample at this scale, or a score is larger.
        """
        measurement = _confirmed(mechanism, guarantee, choosing=True)
        if any(max(map(abs, group), default=0) > LARGEST_SCORE for group in scores):
            raise _failed("A score is too large to be chosen by.")
        return [int(measurement([float(score) for score in group])) for group in scores]


def sample(mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
    """Return `count` independent draws, all made in this process.

    Raises:
        Failed: OpenDP's own account of the mechanism is not within the guarantee, or it cannot sample at this scale.
    """
    measurement = _confirmed(mechanism, guarantee, choosing=False)
    return list(measurement([0] * count)) if count else []


def _confirmed(mechanism: Mechanism, guarantee: Guarantee, *, choosing: bool) -> Measurement:
    """Return OpenDP's measurement, whose own account is within the guarantee."""
    if (mechanism.noise in CHOOSING) is not choosing:
        raise _failed("The noise is not of the kind that totals, or scores, need.")
    if not SMALLEST_SCALE <= mechanism.scale <= LARGEST_SCALE:
        raise _failed("The scale of the noise is outside of what can be sampled safely.")
    measurement = _choosing(mechanism) if choosing else _measurement(mechanism)
    if _spent(measurement, mechanism, guarantee.sensitivity) > guarantee.rho * RHO_UNIT:
        raise _failed("The sampler does not confirm that its noise is within the charge.")
    return measurement


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shares(count: int, cores: int) -> list[int]:
    """Return how many draws each process makes, this one first; there are no more processes than are worth it."""
    processes = max(1, min(cores, MOST_PROCESSES, count // LEAST_SHARE))
    return [count // processes + (number < count % processes) for number in range(processes)]


def _measurement(mechanism: Mechanism) -> Measurement:
    """Return OpenDP's measurement on vectors of 64-bit integers."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    domain = dp.vector_domain(dp.atom_domain(T=dp.i64))
    if mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN:
        return dp.m.make_gaussian(domain, dp.l2_distance(T=dp.f64), mechanism.scale)
    return dp.m.make_laplace(domain, dp.l1_distance(T=dp.f64), mechanism.scale)


def _choosing(mechanism: Mechanism) -> Measurement:
    """Return OpenDP's measurement that returns the place of the least of some scores, which it is told move within a range.

    Its metric calls scores monotonic whose range is what one score moves at most; a range is what ours is about.
    """
    import opendp.prelude as dp

    dp.enable_features("contrib")
    domain = dp.vector_domain(dp.atom_domain(T=dp.f64, nan=False))
    measure = dp.zero_concentrated_divergence() if mechanism.noise is NoiseKind.GUMBEL else dp.max_divergence()
    return dp.m.make_noisy_max(domain, dp.linf_distance(T=dp.f64, monotonic=True), measure, mechanism.scale, negate=True)


def _spent(measurement: Measurement, mechanism: Mechanism, sensitivity: int) -> Fraction:
    """Return the rho that OpenDP's privacy map gives at a sensitivity, which it is told rounded up.

    What is chosen in one group is the measurement of one vector, and what in all groups together that of several: OpenDP's map is
    proportional to the square of the range (Gumbel) or to the range (exponential), so that the sum of what it says of each group is what
    it says of the L2 or the L1 norm of their ranges.
    """
    squared = mechanism.noise in SQUARED
    loss: float = measurement.map(_root_up(sensitivity) if squared else _float_up(sensitivity))  # type: ignore[no-untyped-call]
    if not math.isfinite(loss):
        raise _failed("The sampler does not bound what its noise reveals.")
    return Fraction(loss) if squared else Fraction(loss) ** 2 / 2


def _root_up(square: int) -> float:
    """Return a double that is at least the square root of a whole number."""
    root = math.isqrt(square)
    return _float_up(root) if root**2 == square else math.sqrt(square) * (1 + 2.0**-50)


def _float_up(number: int) -> float:
    """Return a double that is at least a whole number."""
    near = float(number)
    return near if near >= number else math.nextafter(near, math.inf)


def _failed(reason: str) -> Failed:
    return Failed(Code.RUN_FAILED, reason, "Report this as a fault of Stillroom; nothing was released.")
