"""With the noise off, functions mean what plain DuckDB takes them to mean, on the same admitted rows."""

from __future__ import annotations

import pytest

from tests.engines.test_against_duckdb import check_same_cells

M, V = "members", "visits"

QUESTIONS = [
    f"SELECT COALESCE(sex, region, '?') AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT IFNULL(age, 0) AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT COALESCE(age, income, 0.5) AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT COALESCE(since, '2024-03-01') AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT NULLIF(age, 3) AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT IF(age > 3, 'old', 'young') AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT IF(age > 3, 'old', 'young'), COUNT(*) AS n, IF(COUNT(*) > 3, 1, 2) FROM {M} GROUP BY IF(age > 3, 'old', 'young')",
    f"SELECT GREATEST(age, 3) AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT LEAST(age, 3, NULL) AS k, COUNT(*) AS n, SUM(GREATEST(age, income)) AS s FROM {M} GROUP BY k",
    f"SELECT GREATEST(sex, region) AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT GREATEST(since, '2024-02-29') AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT age % 4 AS k, COUNT(*) AS n, SUM(mod(income, 0.35)) AS s, COUNT(age % 0) AS z FROM {M} GROUP BY k",
    f"SELECT age // 4 AS k, COUNT(*) AS n, SUM(age // (age - 3)) AS z FROM {M} GROUP BY k",
    f"SELECT ABS(age) AS k, SIGN(age) AS g, COUNT(*) AS n, SUM(ABS(income)) AS s, SUM(SIGN(income)) AS t FROM {M} GROUP BY k, g",
    (
        f"SELECT FLOOR(income / 7) AS k, COUNT(*) AS n, SUM(FLOOR(income)) AS f, SUM(CEIL(income)) AS c"
        f", SUM(CEILING(-income)) AS d FROM {M} GROUP BY k"
    ),
    (
        f"SELECT ROUND(income) AS k, COUNT(*) AS n, SUM(ROUND(income, 1)) AS s, SUM(ROUND(income, -1)) AS t"
        f", SUM(ROUND(income, 4)) AS u FROM {M} GROUP BY k"
    ),
    f"SELECT TRUNC(income) AS k, COUNT(*) AS n, SUM(TRUNC(income, 1)) AS s, SUM(ROUND(age, -1)) AS t FROM {M} GROUP BY k",
    f"SELECT ROUND(income, -1) AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT COUNT(*) AS n FROM {M} WHERE COALESCE(age > 3, TRUE) AND GREATEST(member, FALSE)",
    f"SELECT k, COUNT(*) AS n FROM (SELECT pid, COALESCE(SUM(days) % 3, -1) AS k FROM {V} GROUP BY pid) GROUP BY k",
    f"SELECT SUM(k) AS s, COUNT(*) AS n FROM (SELECT pid, GREATEST(MAX(days), 2) AS k FROM {V} GROUP BY pid)",
    f"SELECT -age % 4 AS k, COUNT(*) AS n FROM {M} GROUP BY k",
    f"SELECT COUNT(*) AS n FROM {M} WHERE age % 2 = 1 OR age // 2 * 2 = age",
]


@pytest.mark.parametrize("sql", QUESTIONS)
def test_the_same_cells_as_plain_duckdb(sql: str) -> None:
    check_same_cells(sql)
