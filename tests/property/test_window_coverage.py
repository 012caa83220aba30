"""Simulated releases with the real noise: intervals of window functions cover what the same functions say of the table without noise.

Each age is a partition of its own, so that one table has many independent ones. Thresholds and their false alarms are those of
`test_interval_coverage`: each of some 300 checks fails by chance with probability at most 1e-9.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.query.finish import finish
from tests.property.test_interval_coverage import AGES, REGIONS, TABLES, UNBOUNDED, covers, too_few
from tests.questions import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.release import Cell

COUNTS, SUMS = (30, 30, 45), (600, -500, 90)
"""What three regions of each age have without noise: two of them as many people."""

BY_AGE = "PARTITION BY age ORDER BY region"
BY_SIZE = "PARTITION BY age ORDER BY COUNT(*) DESC"

COLUMNS: dict[str, tuple[float | Fraction, ...]] = {
    f"SUM(COUNT(*)) OVER ({BY_AGE})": (30, 60, 105),
    "SUM(COUNT(*)) OVER (PARTITION BY age)": (105, 105, 105),
    "COUNT(*) * 100 / SUM(COUNT(*)) OVER (PARTITION BY age)": tuple(Fraction(100 * count, 105) for count in COUNTS),
    "AVG(SUM(age - 50)) OVER (PARTITION BY age)": (Fraction(190, 3),) * 3,
    f"SUM(SUM(age - 50) + COUNT(*)) OVER ({BY_AGE} ROWS 1 PRECEDING)": (630, 160, -335),
    f"SUM(COUNT(*)) FILTER (WHERE region IS NOT NULL) OVER ({BY_AGE} DESC)": (60, 30, 60),
    f"COUNT(*) - LAG(COUNT(*), 1, 0) OVER ({BY_AGE})": (30, 0, 15),
    f"MAX(COUNT(*)) OVER ({BY_AGE} ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)": (45, 45, 45),
    "MIN(SUM(age - 50)) OVER (PARTITION BY age)": (-500, -500, -500),
    "MAX(COUNT(*)) OVER (PARTITION BY age) - COUNT(*)": (15, 15, 0),
    f"RANK() OVER ({BY_SIZE})": (2, 2, 1),
    f"ROW_NUMBER() OVER ({BY_SIZE})": (2, 3, 1),
    f"DENSE_RANK() OVER ({BY_SIZE})": (2, 2, 1),
    f"PERCENT_RANK() OVER ({BY_SIZE})": (Fraction(1, 2), Fraction(1, 2), 0),
    f"CUME_DIST() OVER ({BY_SIZE})": (1, 1, Fraction(1, 3)),
    f"NTILE(2) OVER ({BY_SIZE})": (1, 2, 1),
    "RANK() OVER (PARTITION BY age ORDER BY region IS NULL, AVG(age - 50))": (2, 1, 3),
    "COUNT(1 / COUNT(*)) OVER (PARTITION BY age)": (3, 3, 3),
    f"FIRST_VALUE(COUNT(*)) OVER ({BY_SIZE})": (45, 45, 45),
}
"""What is selected, and what it is without noise for each region."""


def rows(columns: Sequence[str], factor: float = 1.0, tables: int = TABLES, **terms: float) -> list[list[Cell]]:
    """Return the rows of many tables; `factor` times the noise that the plan says."""
    question = compiled(f"SELECT {', '.join(columns)}, COUNT(*), SUM(age - 50) FROM members GROUP BY age, region", **terms)
    scaled = [one.model_copy(update={"scale": one.scale * factor}) for one in question.plan.mechanisms]
    noises = [OpendpNoise().draw(one, tables * AGES * REGIONS, UNBOUNDED) for one in scaled]
    exact = [list(COUNTS if measure.high == 1 else SUMS) * AGES for measure in question.plan.measures]
    found: list[list[Cell]] = []
    for start in range(0, tables * AGES * REGIONS, AGES * REGIONS):
        cells = (tuple(map(operator.add, one, noise[start : start + AGES * REGIONS])) for one, noise in zip(exact, noises, strict=True))
        found += map(list, finish(question.plan, question.headings, tuple(cells)).rows)
    return found


def covered(found: list[list[Cell]], position: int, region: int, value: float | Fraction) -> int:
    cells = [row[position] for row in found[region::REGIONS]]
    return sum(covers(cell, Fraction(value)) for cell in cells)


@pytest.mark.parametrize(
    ("epsilon", "pure", "tables"),
    [
        (2.0, False, TABLES // 6),
        pytest.param(0.5, False, TABLES, marks=pytest.mark.slow),
        pytest.param(2.0, True, TABLES, marks=pytest.mark.slow),
        pytest.param(5.0, False, TABLES, marks=pytest.mark.slow),
    ],
)
def test_what_windows_say_is_covered(epsilon: float, pure: bool, tables: int) -> None:  # noqa: FBT001 - a parameter of the test
    found = rows(list(COLUMNS), tables=tables, epsilon=epsilon, pure=pure)
    for position, (name, values) in enumerate(COLUMNS.items()):
        for region, value in enumerate(values):
            assert not too_few(covered(found, position, region, value), tables * AGES), (name, region)


OVERLAPPING = "SUM(COUNT(*)) OVER (PARTITION BY age)"


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_totals_that_share_cells_are_not_taken_for_independent(factor: float) -> None:
    """A window over parts and their total adds each cell up twice: 2 x the noise of three cells, not that of four; and the control."""
    question = compiled(f"SELECT {OVERLAPPING} FROM members GROUP BY GROUPING SETS ((age, region), (age))", epsilon=1.0)
    mechanism = question.plan.mechanisms[0].model_copy(update={"scale": question.plan.mechanisms[0].scale * factor})
    tables = TABLES // 4
    noise = OpendpNoise().draw(mechanism, tables * AGES * REGIONS, UNBOUNDED)
    found: list[list[Cell]] = []
    for start in range(0, len(noise), AGES * REGIONS):
        found += map(list, finish(question.plan, question.headings, (tuple(noise[start : start + AGES * REGIONS]),)).rows[-AGES:])
    inside = sum(covers(row[0], Fraction(0)) for row in found)
    assert too_few(inside, len(found)) == (factor > 1)


def test_noise_of_a_wrong_scale_is_noticed() -> None:
    """Negative control, for what has an interval of one total."""
    found = rows([OVERLAPPING], factor=1.3, tables=TABLES // 2, epsilon=1.0)
    assert too_few(covered(found, 0, 0, 105), TABLES // 2 * AGES)


def test_a_share_of_a_large_table_is_precise() -> None:
    """Intervals are of use: a share of a total of a thousand groups is about as precise as the group."""
    question = compiled("SELECT COUNT(*) * 100 / SUM(COUNT(*)) OVER () AS share FROM members GROUP BY age, gender, region", epsilon=1.0)
    cell = finish(question.plan, question.headings, ((1000,) * question.plan.cells,)).rows[0][0]
    middle = Fraction(100, question.plan.cells)
    assert Fraction(cell.high or 0) - Fraction(cell.low or 0) < middle / 20
