"""Windows over a released table say what DuckDB says of the same table, given as its rows, whatever the ties that SQL leaves open."""

from __future__ import annotations

import random

import duckdb
import pytest

from stillroom.query.table.finish import finish
from tests.marginals import sole
from tests.questions import compiled

WHOLE = "ORDER BY gender DESC, region NULLS FIRST"
WINDOWS = [
    f"ROW_NUMBER() OVER ({WHOLE})",
    "RANK() OVER (ORDER BY gender)",
    "RANK() OVER (PARTITION BY region ORDER BY n DESC)",
    "DENSE_RANK() OVER (ORDER BY n)",
    "PERCENT_RANK() OVER (ORDER BY n)",
    "CUME_DIST() OVER (PARTITION BY gender ORDER BY n DESC)",
    f"NTILE(4) OVER ({WHOLE})",
    f"NTILE(7) OVER ({WHOLE})",
    f"LAG(n) OVER ({WHOLE})",
    f"LAG(n, 2, 0) OVER ({WHOLE})",
    f"LEAD(region, 1, 'none') OVER (PARTITION BY gender {WHOLE})",
    f"LEAD(n, 0) OVER ({WHOLE})",
    f"FIRST_VALUE(n) OVER ({WHOLE})",
    f"LAST_VALUE(n) OVER ({WHOLE})",
    f"LAST_VALUE(region) OVER ({WHOLE} ROWS BETWEEN CURRENT ROW AND 2 FOLLOWING)",
    f"NTH_VALUE(n, 2) OVER ({WHOLE} ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING)",
    "SUM(n) OVER ()",
    "SUM(n) OVER (ORDER BY gender)",
    "SUM(n) OVER (PARTITION BY region ORDER BY n)",
    f"SUM(n) OVER ({WHOLE} ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING)",
    f"SUM(n) OVER ({WHOLE} ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)",
    "SUM(n) OVER (ORDER BY n RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
    "SUM(n) OVER (ORDER BY gender RANGE BETWEEN CURRENT ROW AND CURRENT ROW)",
    "SUM(n) FILTER (WHERE n > 2) OVER (PARTITION BY gender)",
    "COUNT(region) OVER (ORDER BY region)",
    "COUNT(*) FILTER (WHERE n > 2) OVER (ORDER BY gender)",
    f"COUNT(*) OVER ({WHOLE} ROWS 2 PRECEDING)",
    f"COUNT(*) OVER ({WHOLE} ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING)",
    f"COUNT(region) OVER (PARTITION BY gender {WHOLE} ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING)",
    f"COUNT(*) FILTER (WHERE n > 2) OVER ({WHOLE} ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING)",
    f"COALESCE(COUNT_IF(n > 2) OVER ({WHOLE} ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING), 0)",
    f"MIN(n) OVER ({WHOLE} ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)",
    "MAX(region) OVER (PARTITION BY gender)",
    "MAX(n) OVER (ORDER BY region DESC)",
    "CAST(AVG(n) OVER (PARTITION BY n > 2) * 1000000 AS BIGINT)",
]
"""Each is one value for each row, whatever the order of rows that tie."""


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("having", ["", " HAVING COUNT(*) > 1"])
def test_windows_mean_what_they_mean_in_duckdb(window: str, having: str) -> None:
    asked = window.removeprefix("CAST(").removesuffix(" * 1000000 AS BIGINT)").replace("(n", "(COUNT(*)").replace("BY n", "BY COUNT(*)")
    asked = asked.replace("WHERE n", "WHERE COUNT(*)")
    sql = f"SELECT gender, region, COUNT(*) AS n, {asked} AS w FROM members GROUP BY gender, region{having}"
    question, draw = compiled(sql), random.Random(window)
    for _ in range(20):
        cells = (tuple(draw.randint(0, 5) for _ in range(6)),)
        found = {(row[0].value, row[1].value): row[3].value for row in finish(question.plan, question.headings, sole(cells)).rows}
        keys = [(gender, region) for gender in ("F", "M") for region in ("n", "s", None)]
        rows = [(*key, count) for key, count in zip(keys, cells[0], strict=True) if count > 1 or not having]
        wanted = said(rows, window, draw)
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            assert same(found[key], value), (key, rows)


def said(rows: list[tuple[str, str | None, int]], window: str, draw: random.Random) -> dict[tuple[str, str | None], object]:
    """Return what DuckDB says of rows that lie in some order."""
    if not rows:
        return {}
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (gender VARCHAR, region VARCHAR, n BIGINT)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", draw.sample(rows, len(rows)))
        return {(row[0], row[1]): row[2] for row in connection.execute(f"SELECT gender, region, {window} FROM t").fetchall()}


def same(found: str | None, wanted: object) -> bool:
    """Tell whether two values are one; numbers to six places, and averages in millionths."""
    if found is None or wanted is None or not isinstance(wanted, int | float):
        return found == wanted
    return abs(float(found) - wanted) < 1e-5 or abs(float(found) * 1e6 - wanted) <= 1
