"""`--error` is a promise about every number that is released: totals too, whichever grouping sets are shown."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import pytest

from stillroom.model.expression import Average
from stillroom.query.finish import finish
from stillroom.query.price import price
from tests.questions import CONTRACT, compiled

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
    table = finish(asked.plan, asked.headings, tuple((50,) * asked.plan.cells for _ in asked.plan.measures))
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
    table = finish(asked.plan, asked.headings, ((900,) * 6, (10,) * 6))
    total = table.rows[-1][1]
    assert total.low is not None
    assert ERROR * Fraction(9, 10) <= 90 - Fraction(total.low) <= ERROR * Fraction(11, 10)


@pytest.mark.parametrize(
    ("sets", "finest", "most"), [("(age), (gender, region)", 6, 79), ("(), (age)", 1, 79), ("(gender), (region)", 2, 3)]
)
def test_expected_errors_are_those_of_the_rows_shown(sets: str, finest: int, most: int) -> None:
    """The half-widths of a price are those of the rows that add up fewest and most cells, however many keys they keep."""
    asked = compiled(f"SELECT COUNT(*) FROM members GROUP BY GROUPING SETS ({sets})", epsilon=0.01)
    known = price(CONTRACT, asked).errors[0]
    one, total = int(known.half_width or 0), int(known.total_half_width or 0)
    sigma = asked.plan.mechanisms[0].scale
    assert abs(one - 1.96 * sigma * isqrt(finest * 10**6) / 1000) < 2
    assert abs(total - 1.96 * sigma * isqrt(most * 10**6) / 1000) < 2


@pytest.mark.parametrize("terms", [{"epsilon": 1.0}, {"error": 2.0}])
def test_the_error_of_averages_is_shown_for_the_group_size_in_mind(terms: dict[str, float]) -> None:
    asked = compiled("SELECT gender, AVG(age) FROM members GROUP BY gender", **terms, group_size=321)
    shown = price(CONTRACT, asked, 321).errors[0].by_group_size
    assert list(shown) == ["10", "100", "321", "1000", "10000"]
    assert Fraction(shown["100"]) > Fraction(shown["321"]) > Fraction(shown["1000"])
    assert "321" not in price(CONTRACT, asked).errors[0].by_group_size
