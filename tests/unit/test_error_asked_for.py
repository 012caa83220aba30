"""`--error` is a promise about every number that is released: totals too, whichever grouping sets are shown."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from stillroom.model.expression import Average
from stillroom.query.price import price
from stillroom.query.table.finish import finish
from tests.marginals import without_noise
from tests.questions import CONTRACT, compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillroom.model.plan import Plan

ERROR = Fraction(20)
SHOWN = [
    "GROUP BY gender, region",
    "GROUP BY ROLLUP (gender, region)",
    "GROUP BY GROUPING SETS ((gender), (region))",
    "GROUP BY GROUPING SETS ((), (gender))",
    "GROUP BY CUBE (gender, region)",
]


def widest(sql: str, **terms: float) -> Fraction:
    """Return the largest half-width of a table whose leaf cells all hold one number."""
    asked = compiled(sql, error=float(ERROR), **terms)
    table = finish(asked.plan, asked.headings, without_noise(asked.plan, tuple((50,) * asked.plan.cells for _ in asked.plan.measures)))
    widths = [Fraction(cell.high) - Fraction(cell.low) for row in table.rows for cell in row if cell.low and cell.high]
    assert widths
    return max(widths) / 2


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("pure", [False, True])
def test_every_count_and_sum_keeps_the_error(shown: str, *, pure: bool) -> None:
    found = widest(f"SELECT COUNT(*), SUM(age) FROM members {shown}", pure=pure)
    assert ERROR - 1 <= found <= ERROR


def test_decimals_keep_the_error() -> None:
    assert ERROR - Fraction(1, 50) <= widest("SELECT ward, SUM(cost) FROM visits GROUP BY ROLLUP (ward)") <= ERROR


def test_averages_keep_the_error_in_totals() -> None:
    """At the group size that is named, in the row that adds up most cells, where the average is furthest from zero."""
    asked = compiled("SELECT gender, AVG(age) FROM members GROUP BY CUBE (gender, region)", error=float(ERROR), group_size=60)
    assert isinstance(asked.plan.finish.outputs[1].value, Average)
    table = finish(asked.plan, asked.headings, without_noise(asked.plan, ((900,) * 6, (10,) * 6)))
    total = table.rows[-1][1]
    assert total.low is not None
    assert ERROR * Fraction(9, 10) <= 90 - Fraction(total.low) <= ERROR * Fraction(11, 10)


@pytest.mark.parametrize(
    ("sets", "finest", "widest"),
    [("(age), (gender, region)", (0,), (1, 2)), ("(), (age)", (0,), ()), ("(gender), (region)", (1,), (0,))],
)
def test_expected_errors_are_those_of_the_rows_shown(sets: str, finest: tuple[int, ...], widest: tuple[int, ...]) -> None:
    """The half-widths of a price are those of the rows that add up fewest and most cells, however many keys they keep."""
    asked = compiled(f"SELECT COUNT(*) FROM members GROUP BY GROUPING SETS ({sets})", epsilon=0.01)
    known = price(CONTRACT, asked).errors[0]
    for half, kept in ((known.half_width, finest), (known.total_half_width, widest)):
        assert abs(int(half or 0) - 1.96 * deviation(asked.plan, kept)) < 2


def deviation(plan: Plan, kept: tuple[int, ...]) -> float:
    """Return the standard deviation of a total that is estimated by least squares, from the matrix of all that is measured."""
    weights = [(one.kept, 1 / one.mechanism.scale) for one in plan.strategies[0]]
    measured = np.vstack([matrix(plan, marginal) * weight for marginal, weight in weights])
    row = matrix(plan, kept)[0]
    return math.sqrt(row @ np.linalg.pinv(measured.T @ measured) @ row)


def matrix(plan: Plan, kept: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the matrix that makes a marginal of leaf cells."""
    found: Any = np.ones((1, 1))
    for key, values in enumerate(plan.keys):
        found = np.kron(found, np.eye(len(values.listed)) if key in kept else np.ones((1, len(values.listed))))
    return np.asarray(found)


@pytest.mark.parametrize("terms", [{"epsilon": 1.0}, {"error": 2.0}])
def test_the_error_of_averages_is_shown_for_the_group_size_in_mind(terms: dict[str, float]) -> None:
    asked = compiled("SELECT gender, AVG(age) FROM members GROUP BY gender", **terms, group_size=321)
    shown = price(CONTRACT, asked, 321).errors[0].by_group_size
    assert list(shown) == ["10", "100", "321", "1000", "10000"]
    assert Fraction(shown["100"]) > Fraction(shown["321"]) > Fraction(shown["1000"])
    assert "321" not in price(CONTRACT, asked).errors[0].by_group_size
