"""Simulated releases with the real noise: intervals of window functions cover what the same functions say of the table without noise.

Each age is a partition of its own, so that one table has many independent ones. Thresholds and their false alarms are those of
`test_interval_coverage`: each of some 300 checks fails by chance with probability at most 1e-9.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from stillroom.query.table.finish import finish
from tests.marginals import sole, without_noise
from tests.property.test_interval_coverage import AGES, REGIONS, TABLES, covers, noised, too_few
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
    exact = without_noise(question.plan, tuple((COUNTS if measure.high == 1 else SUMS) * AGES for measure in question.plan.measures))
    found: list[list[Cell]] = []
    for cells in noised(question.plan, exact, tables, factor):
        found += map(list, finish(question.plan, question.headings, cells).rows)
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


@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize("pure", [False, True])
def test_totals_that_share_cells_are_not_taken_for_independent(factor: float, pure: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A window over parts and their total adds each cell up twice; with one marginal measured (pure) and with several; and the control."""
    sql = f"SELECT {OVERLAPPING} FROM members GROUP BY GROUPING SETS ((age, region), (age))"
    question = compiled(sql, epsilon=1.0, pure=pure)
    exact = without_noise(question.plan, ((0,) * AGES * REGIONS,))
    found: list[list[Cell]] = []
    for cells in noised(question.plan, exact, TABLES // 4, factor):
        found += map(list, finish(question.plan, question.headings, cells).rows[-AGES:])
    inside = sum(covers(row[0], Fraction(0)) for row in found)
    assert too_few(inside, len(found)) == (factor > 1)


@pytest.mark.parametrize(
    "window",
    [
        "",
        "ORDER BY gender, region",
        pytest.param("PARTITION BY gender", marks=pytest.mark.slow),
        pytest.param("PARTITION BY region, GROUPING(gender)", marks=pytest.mark.slow),
    ],
)
def test_sums_of_estimates_from_several_marginals_are_covered(window: str) -> None:
    """Rows of a CUBE are not independent: neither those that make up a total, nor any others."""
    question = compiled(f"SELECT SUM(COUNT(*)) OVER ({window}) FROM members GROUP BY CUBE (gender, region)", epsilon=1.0)
    exact, releases = without_noise(question.plan, ((40, 3, 0, 500, 77, 1),)), 1_500
    assert len(question.plan.strategies[0]) > 1
    truth = [round(Fraction(row[0].value or 0)) for row in finish(question.plan, question.headings, exact).rows]
    inside = [0] * len(truth)
    for cells in noised(question.plan, exact, releases):
        for place, row in enumerate(finish(question.plan, question.headings, cells).rows):
            inside[place] += covers(row[0], Fraction(truth[place]))
    assert not any(too_few(one, releases) for one in inside)


def test_running_sums_of_estimates_are_covered() -> None:
    """Half of the rows that add up to a measured total: their sum is least certain there."""
    question = compiled("SELECT SUM(COUNT(*)) OVER (ORDER BY age) FROM members GROUP BY ROLLUP (age)", epsilon=1.0)
    exact, releases = without_noise(question.plan, ((7,) * AGES,)), 1_000
    assert len(question.plan.strategies[0]) > 1
    inside = 0
    for cells in noised(question.plan, exact, releases):
        inside += covers(finish(question.plan, question.headings, cells).rows[AGES // 2][0], Fraction(7 * (AGES // 2 + 1)))
    assert not too_few(inside, releases)


def test_noise_of_a_wrong_scale_is_noticed() -> None:
    """Negative control, for what has an interval of one total."""
    found = rows([OVERLAPPING], factor=1.3, tables=TABLES // 2, epsilon=1.0)
    assert too_few(covered(found, 0, 0, 105), TABLES // 2 * AGES)


def test_a_share_of_a_large_table_is_precise() -> None:
    """Intervals are of use: a share of a total of a thousand groups is about as precise as the group."""
    question = compiled("SELECT COUNT(*) * 100 / SUM(COUNT(*)) OVER () AS share FROM members GROUP BY age, gender, region", epsilon=1.0)
    cell = finish(question.plan, question.headings, sole(((1000,) * question.plan.cells,))).rows[0][0]
    middle = Fraction(100, question.plan.cells)
    assert Fraction(cell.high or 0) - Fraction(cell.low or 0) < middle / 20
