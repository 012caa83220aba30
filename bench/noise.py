"""Noise for a million cells: drawn by one process, and by as many as `draw` takes."""

from __future__ import annotations

import sys
from functools import partial

from bench.probe import cost_of, in_own_process, report, say
from bench.report import Row
from stillroom.adapters.opendp_noise import OpendpNoise, _cores, _shares, sample
from stillroom.model.mechanism import Guarantee, Mechanism, NoiseKind

CELLS = 1_000_000
SCALE = 100.0
UNBOUNDED = Guarantee(sensitivity=0, rho=0)
NAMES = {NoiseKind.DISCRETE_GAUSSIAN: "discrete Gaussian", NoiseKind.DISCRETE_LAPLACE: "discrete Laplace"}
MOST = 6 / 9
"""The target is 6 seconds by two processes where OpenDP takes 9 in one."""


def noise(*, full: bool) -> list[Row]:
    """Measure both noises, by the clock."""
    del full
    say("Noise for a million cells ...")
    rows = []
    for kind, name in NAMES.items():
        cost = in_own_process("bench.noise", kind)
        one, many = cost["one"].wall, cost["many"].wall
        workload, processes = f"{name} noise for {CELLS:,} cells", len(_shares(CELLS, _cores()))
        target, met = "≤ 0.67 × one process (6 s where one takes 9)", many <= MOST * one
        rows += [
            Row(workload, "OpenDP in one process", f"{one:.1f} s"),
            Row(workload, f"Stillroom, {processes} processes", f"{many:.1f} s", f"{many / one:.2f} × one process", target=target, met=met),
        ]
    return rows


def main(kind: NoiseKind) -> None:
    """Draw, first a little, so that what is loaded once is not counted."""
    mechanism = Mechanism(noise=kind, scale=SCALE)
    sample(mechanism, 100, UNBOUNDED)
    report(
        one=cost_of(partial(sample, mechanism, CELLS, UNBOUNDED)),
        many=cost_of(partial(OpendpNoise().draw, mechanism, CELLS, UNBOUNDED)),
    )


if __name__ == "__main__":
    main(NoiseKind(sys.argv[1]))
