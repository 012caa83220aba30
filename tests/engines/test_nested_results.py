"""Questions over tables of results say what DuckDB says of the same tables, given as their rows."""

from __future__ import annotations

import random
from decimal import Decimal

import duckdb
import pytest

from stillroom.query.table.finish import finish
from tests.marginals import sole, without_noise
from tests.questions import compiled

BASE = "SELECT gender, region, COUNT(*) AS n FROM members GROUP BY gender, region"
OUTER = [
    "SELECT gender, n FROM t WHERE n > 2",
    "SELECT * FROM t WHERE region IS NOT NULL AND n BETWEEN 1 AND 3",
    "SELECT COUNT(*), SUM(n), MIN(n), MAX(region), AVG(n) FROM t",
    "SELECT COUNT(*), COUNT(region), SUM(n) FROM t WHERE n > 3",
    "SELECT gender, SUM(n), COUNT(region) FROM t GROUP BY gender",
    "SELECT region, MAX(n) - MIN(n) AS spread FROM t WHERE n > 1 GROUP BY region HAVING COUNT(*) > 1",
    "SELECT n > 2 AS large, COUNT(*), SUM(n) FILTER (WHERE gender = 'F') FROM t GROUP BY large",
    "SELECT n, COUNT(*) FROM t GROUP BY 1 HAVING n > 1 ORDER BY n",
    "SELECT COUNT_IF(n > 2) AS c, SUM(CASE WHEN region = 'n' THEN n ELSE 0 END) AS s FROM t",
    "SELECT region, SUM(n) AS s, SUM(SUM(n)) OVER () AS whole, RANK() OVER (ORDER BY SUM(n) DESC) AS place FROM t GROUP BY region",
    "SELECT gender, n FROM t QUALIFY RANK() OVER (PARTITION BY gender ORDER BY n DESC) = 1",
    "SELECT gender, region, SUM(n) OVER (PARTITION BY gender) AS s FROM t WHERE n > 1",
    "SELECT MAX(s), COUNT(*) FROM (SELECT gender, SUM(n) AS s FROM t WHERE n > 1 GROUP BY gender) WHERE s > 3",
    "SELECT big, COUNT(*) FROM (SELECT gender, n * 2 > SUM(n) OVER (PARTITION BY gender) AS big FROM t) GROUP BY big",
    "SELECT gender, SUM(place) FROM (SELECT gender, DENSE_RANK() OVER (ORDER BY n) AS place FROM t WHERE n <> 2) AS u GROUP BY u.gender",
    "SELECT SUM(m) FROM (SELECT region, MAX(s) AS m FROM (SELECT region, gender, SUM(n) AS s FROM t GROUP BY 1, 2) GROUP BY region)",
    "SELECT COALESCE(region, 'none') AS r, SUM(n) FROM t GROUP BY COALESCE(region, 'none')",
    "SELECT 1 AS one, COUNT(*) FROM t WHERE n > 100 GROUP BY gender",
]


@pytest.mark.parametrize("outer", OUTER)
@pytest.mark.parametrize("inside", [True, False])
def test_they_mean_what_they_mean_in_duckdb(outer: str, inside: bool) -> None:  # noqa: FBT001 - a parameter of the test
    sql = outer.replace("FROM t", f"FROM ({BASE}) AS t") if inside else f"WITH t AS ({BASE}) {outer}"
    question, draw = compiled(sql), random.Random(outer)
    for _ in range(20):
        cells = (tuple(draw.randint(0, 5) for _ in range(6)),)
        found = [[cell.value for cell in row] for row in finish(question.plan, question.headings, sole(cells)).rows]
        keys = [(gender, region) for gender in ("F", "M") for region in ("n", "s", None)]
        rows = [(*key, count) for key, count in zip(keys, cells[0], strict=True)]
        assert sorted(map(shown, found)) == sorted(map(shown, said(rows, outer))), rows


def said(rows: list[tuple[str, str | None, int]], sql: str) -> list[list[str | None]]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (gender VARCHAR, region VARCHAR, n BIGINT)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        return [[text(value) for value in row] for row in connection.execute(sql).fetchall()]


def text(value: object) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def shown(row: list[str | None]) -> str:
    """Return a row as text, numbers to five places."""
    return str([number(value) for value in row])


def number(value: str | None) -> str | None:
    try:
        return value if value is None else f"{Decimal(value):.5f}"
    except ArithmeticError:
        return value


def test_what_nothing_reads_is_not_charged() -> None:
    plain = compiled("SELECT region, COUNT(*) FROM members GROUP BY region")
    nested = compiled("SELECT region, n FROM (SELECT region, SUM(age) AS s, AVG(age) AS a, COUNT(*) AS n FROM members GROUP BY region)")
    assert nested.plan == plain.plan
    assert nested.charge == plain.charge


def test_a_sum_over_groups_is_as_precise_as_a_total() -> None:
    """The interval of a sum of all cells is that of the total that GROUPING SETS show of the same noise."""
    nested = compiled(f"SELECT SUM(n) AS s FROM ({BASE})", pure=True, epsilon=1.0)
    total = compiled("SELECT COUNT(*) AS s FROM members GROUP BY GROUPING SETS ((gender, region), ())", pure=True, epsilon=1.0)
    cells = ((5, 6, 7, 8, 9, 10),)
    last = finish(total.plan, total.headings, without_noise(total.plan, cells)).rows[-1]
    assert finish(nested.plan, nested.headings, sole(cells)).rows[0] == last
