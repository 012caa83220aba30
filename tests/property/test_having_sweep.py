"""HAVING sees noisy values: as the true count crosses its limit, the chance of being shown rises as the noise says, without a step.

One release sweeps every true count from 0 to 78 through a limit of 40. How often each was shown in many releases is compared with the
exact probability by a two-sided binomial test at a false-alarm rate of 1e-9; there are 158 such tests, so that the file raises a false
alarm with probability below 2e-7. Power: a limit applied to exact counts shows the counts just below never, which have a chance of at
least 0.4; that such a count is accepted has probability 0.6 ** 600 < 1e-130.
A chance that is off by 0.2 is noticed with probability above 0.999.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from scipy import stats

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.protections.server import ServerProtection
from stillroom.query.table.finish import finish
from tests.fakes import Listing, ListTable, ListTables, reading_of
from tests.questions import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.plan import Plan
    from stillroom.model.price import Compiled
    from stillroom.ports import AdmittedTable

RELEASES = 600
LIMIT = 40
COUNTS = range(79)
FALSE_ALARM = 1e-9
SQL = f"SELECT age, COUNT(*) AS n FROM members GROUP BY age HAVING n > {LIMIT}"


class Sweep(Listing):
    """An engine for which the k-th group has k persons."""

    name = "sweep"

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> tuple[tuple[int, ...], ...]:
        """Return the counts."""
        del tables
        assert plan.cells == len(COUNTS)
        return (tuple(COUNTS),)


def shown(asked: Compiled) -> list[int]:
    """Return how often each true count was shown."""
    protection = ServerProtection(Sweep(), OpendpNoise(), ListTables({"members": ListTable([], {})}))
    times = [0 for _ in COUNTS]
    for _ in range(RELEASES):
        noisy = protection.measure(asked.plan, asked.charge, reading_of({"members": 1})).cells
        for row in finish(asked.plan, asked.headings, noisy).rows:
            times[int(row[0].value or 0) - 12] += 1
    return times


def chance(mechanism: Mechanism, true: int) -> float:
    """Return P(true + X > limit), by adding up the noise's masses."""
    gaussian, scale = mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN, mechanism.scale
    reach = math.ceil(40 * scale)
    masses = {x: math.exp(-(x**2) / (2 * scale**2) if gaussian else -abs(x) / scale) for x in range(-reach, reach + 1)}
    return sum(mass for x, mass in masses.items() if true + x > LIMIT) / sum(masses.values())


@pytest.mark.parametrize("pure", [False, True])
def test_the_chance_of_being_shown_has_no_step(*, pure: bool) -> None:
    asked = compiled(SQL, epsilon=0.125 if pure else 0.5, pure=pure)
    mechanism = asked.plan.strategies[0][0].mechanism
    chances = [chance(mechanism, true) for true in COUNTS]
    assert 0.4 < chances[LIMIT] < 0.5
    assert max(after - before for before, after in pairwise(chances)) < 0.07
    times = shown(asked)
    unlikely = [true for true in COUNTS if stats.binomtest(times[true], RELEASES, chances[true]).pvalue < FALSE_ALARM]
    assert unlikely == []
    assert stats.binomtest(0, RELEASES, chances[LIMIT]).pvalue < FALSE_ALARM
