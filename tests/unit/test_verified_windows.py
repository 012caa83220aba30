"""`verify` computes window functions again, and notices each cell that is something else."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification.computed import check_computed
from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.rows import labels
from stillroom.client.verification.table import check_table
from stillroom.model.schema import Kind
from stillroom.query.table.finish import finish
from tests.marginals import without_noise
from tests.questions import compiled

if TYPE_CHECKING:
    from stillroom.model.plan import Plan
    from stillroom.model.release import Cell, Table

COLUMNS = """gender, region, COUNT(*) AS n, SUM(age) AS s, SUM(COUNT(*)) OVER (PARTITION BY gender ORDER BY region) AS a,
COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY GROUPING(region)) AS b, RANK() OVER (ORDER BY COUNT(*) DESC) AS c, SUM(COUNT(*)) OVER () AS d,
DENSE_RANK() OVER (PARTITION BY gender ORDER BY region, SUM(age)) AS e, PERCENT_RANK() OVER (ORDER BY region) AS f,
CUME_DIST() OVER (ORDER BY SUM(age)) AS g, NTILE(4) OVER (ORDER BY COUNT(*)) AS h, LAG(COUNT(*), 1, 0) OVER (ORDER BY gender, region) AS i,
FIRST_VALUE(gender) OVER (ORDER BY region DESC NULLS FIRST) AS j, NTH_VALUE(SUM(age), 2) OVER (ORDER BY region ROWS 2 PRECEDING) AS k,
MAX(COUNT(*)) OVER (ORDER BY region) AS l, MIN(SUM(age) - COUNT(*)) OVER (PARTITION BY region) AS m,
ROW_NUMBER() OVER (ORDER BY gender) AS o,
COUNT(CASE WHEN COUNT(*) > 9 THEN 1 END) OVER () AS p, AVG(SUM(age)) OVER (ORDER BY region ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS q,
SUM(SUM(age) * 2) OVER (ORDER BY COUNT(*)) AS r, NTILE(20) OVER (ORDER BY region, gender DESC) AS t"""
SQLS = [
    f"SELECT {COLUMNS} FROM members GROUP BY gender, region",
    f"SELECT {COLUMNS} FROM members GROUP BY CUBE (gender, region) ORDER BY n DESC",
    f"SELECT {COLUMNS} FROM members GROUP BY ROLLUP (gender, region) HAVING region IS NULL OR n > 5",
]


def drawn(sql: str, seed: int) -> tuple[Plan, Table]:
    question, draw = compiled(sql, epsilon=3.0), random.Random(seed)
    cells = tuple(tuple(draw.randrange(-20, 60) for _ in range(question.plan.cells)) for _ in question.plan.measures)
    return question.plan, finish(question.plan, question.headings, without_noise(question.plan, cells))


@pytest.mark.parametrize("sql", SQLS)
def test_windows_are_computed_again(sql: str) -> None:
    for seed in range(20):
        plan, table = drawn(sql, seed)
        check_table(plan, table)
        known = labels(plan, table)
        for position in range(4, len(table.headings)):
            assert check_computed(plan, table, position, known) == len(table.rows), table.headings[position].name


def bent(cell: Cell, kind: Kind) -> list[Cell]:
    """Return a cell that says something else: another value, and an interval that is shorter by a third."""
    if kind is Kind.TEXT:
        return [replace(cell, value="F" if cell.value == "M" else "M")]
    found = [replace(cell, value=None if cell.value is not None else "7")]
    if cell.low is not None and cell.high is not None and (wide := float(cell.high) - float(cell.low)) > 5:
        found.append(replace(cell, high=cell.high.replace(cell.high.split(".")[0], str(int(float(cell.high) - wide / 3)))))
    return found


@pytest.mark.parametrize("sql", SQLS)
def test_each_bent_cell_is_noticed(sql: str) -> None:
    plan, table = drawn(sql, 1)
    draw = random.Random(2)
    for position in range(4, len(table.headings)):
        row = draw.randrange(len(table.rows))
        for cell in bent(table.rows[row][position], table.headings[position].kind):
            rows = [list(one) for one in table.rows]
            rows[row][position] = cell
            lie = table.model_copy(update={"rows": tuple(map(tuple, rows))})
            with pytest.raises(Broken):
                check_table(plan, lie)


def test_windows_over_rows_that_are_not_shown_are_left_alone() -> None:
    plan, table = drawn("SELECT region, COUNT(*) AS n, SUM(COUNT(*)) OVER () AS s FROM members GROUP BY region QUALIFY n > s / 3", 3)
    check_table(plan, table)
    assert check_computed(plan, table, 2, labels(plan, table)) == 0
