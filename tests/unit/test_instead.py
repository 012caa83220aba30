"""What is not supported is refused with a way to write it, which is itself supported."""

from __future__ import annotations

import pytest

from stillroom.errors import StillroomError
from stillroom.query.text.instead import LISTED, WORDS, instead
from stillroom.query.text.tokens import CALLS
from tests.questions import compiled

ASKED = [
    ("SELECT COUNT(*) FROM visits WHERE day > CURRENT_DATE", "SELECT COUNT(*) FROM visits WHERE day > DATE '2024-01-31'"),
    ("SELECT COUNT(*) FROM visits WHERE day > NOW()", "SELECT COUNT(*) FROM visits WHERE day > DATE '2024-01-31'"),
    ("SELECT COUNT(*) FROM visits WHERE ward SIMILAR TO 'x|y'", "SELECT COUNT(*) FROM visits WHERE ward LIKE 'x' OR ward LIKE 'y'"),
    ("SELECT COUNT(*) FROM visits WHERE ward ~ 'x'", "SELECT COUNT(*) FROM visits WHERE CONTAINS(ward, 'x')"),
    (
        "SELECT COUNT(*) FROM visits WHERE EXTRACT(YEAR FROM AGE(day)) > 1",
        "SELECT COUNT(*) FROM visits WHERE day - day > 1",
    ),
    ("SELECT COUNT(*) FROM visits WHERE DATE_ADD(day, 1) > day", "SELECT COUNT(*) FROM visits WHERE day + 1 > day"),
    ("SELECT COUNT(*) FROM visits WHERE day + INTERVAL (1) MONTH > day", "SELECT COUNT(*) FROM visits WHERE day + INTERVAL 3 MONTH > day"),
    (
        "SELECT COUNT(*) FROM visits WHERE STRFTIME(day, '%Y') = ''",
        "SELECT COUNT(*) FROM visits WHERE LEFT(CAST(day AS TEXT), 4) = ''",
    ),
    ("SELECT COUNT(*) FROM visits WHERE LPAD(ward, 2, '0') = '0x'", "SELECT COUNT(*) FROM visits WHERE RIGHT('00000' || ward, 2) = '0x'"),
    ("SELECT COUNT(*) FROM visits WHERE ward[1] = 'x'", "SELECT COUNT(*) FROM visits WHERE SUBSTRING(ward, 1, 1) = 'x'"),
    ("SELECT SUM(POWER(cost, 2)) FROM visits", "SELECT SUM(cost * cost) FROM visits"),
    ("SELECT APPROX_QUANTILE(cost, 0.9) FROM visits", "SELECT QUANTILE_CONT(cost, 0.9) FROM visits"),
    ("SELECT MODE(ward) FROM visits", "SELECT ward, COUNT(*) FROM visits GROUP BY ward ORDER BY COUNT(*) DESC LIMIT 1"),
    ("SELECT HISTOGRAM(age) FROM members", "SELECT WIDTH_BUCKET(age, 0, 100, 5) AS b, COUNT(*) FROM members GROUP BY b"),
    (
        "SELECT REGR_R2(cost, age) FROM members JOIN visits ON id = pid",
        "SELECT CORR(cost, age) * CORR(cost, age) FROM members JOIN visits ON id = pid",
    ),
    (
        "SELECT ARG_MAX(mode, tapped) FROM trips",
        "SELECT m, COUNT(*) FROM (SELECT pid, ARG_MAX(mode, tapped) AS m FROM trips GROUP BY pid) GROUP BY m",
    ),
    ("SELECT ANY_VALUE(ward), COUNT(*) FROM visits", "SELECT ward, COUNT(*) FROM visits GROUP BY ward"),
    (
        "SELECT ward, BOOL_OR(cost > 90) FROM visits GROUP BY ward",
        "SELECT ward, COUNT_IF(cost > 90) > 0 AS dear FROM visits GROUP BY ward HAVING COUNT_IF(cost > 90) > 0",
    ),
    (
        "SELECT COUNT_IF(dear) FROM (SELECT pid, EVERY(cost > 90) AS dear FROM visits GROUP BY pid)",
        "SELECT COUNT_IF(dear) FROM (SELECT pid, BOOL_AND(cost > 90) AS dear FROM visits GROUP BY pid)",
    ),
    (
        "SELECT COUNT(*) FROM (SELECT pid, FIRST(ward) AS w FROM visits GROUP BY pid) WHERE w = 'x'",
        "SELECT COUNT(*) FROM (SELECT pid, FIRST(ward ORDER BY day) AS w FROM visits GROUP BY pid) WHERE w = 'x'",
    ),
    ("SELECT PRODUCT(cost) FROM visits", "SELECT SUM(cost * cost) FROM visits"),
    ("SELECT STRING_AGG(ward, ',') FROM visits", "SELECT ward, COUNT(*) FROM visits GROUP BY ward"),
    (
        "SELECT COUNT(*) FROM members JOIN LATERAL (SELECT SUM(cost) AS c FROM visits WHERE pid = id) t ON TRUE WHERE c > 3",
        "SELECT COUNT(*) FROM members WHERE (SELECT SUM(cost) FROM visits WHERE pid = id) > 3",
    ),
    (
        "SELECT COUNT(*) FROM members WHERE id IN (SELECT id FROM members INTERSECT SELECT pid FROM visits)",
        "SELECT COUNT(*) FROM members WHERE id IN (SELECT pid FROM visits)",
    ),
    (
        "SELECT COUNT(*) FROM members m ANTI JOIN trips USING (pid)",
        "SELECT COUNT(*) FROM members WHERE id NOT IN (SELECT pid FROM visits)",
    ),
    (
        "SELECT COUNT(*) FROM visits JOIN (VALUES ('x', 1)) AS w(ward, n) ON visits.ward = w.ward",
        "SELECT CASE ward WHEN 'x' THEN 1 END AS n, COUNT(*) FROM visits GROUP BY n",
    ),
    ("SELECT COUNT(*) FROM visits WHERE ward ISNULL", "SELECT COUNT(*) FROM visits WHERE ward IS NULL"),
    ("SELECT COUNT(*) FROM visits WHERE XOR(cost > 3, ward = 'x')", "SELECT COUNT(*) FROM visits WHERE (cost > 3) <> (ward = 'x')"),
    (
        "SELECT COUNT(*) FROM (SELECT * EXCLUDE (day) FROM visits)",
        "SELECT COUNT(*) FROM (SELECT v.* FROM visits v)",
    ),
    (
        "SELECT COUNT(*) FROM (SELECT pid, MEDIAN(cost) OVER (PARTITION BY pid) AS m FROM visits) WHERE m > 3",
        "SELECT COUNT(*) FROM visits v WHERE (SELECT MEDIAN(cost) FROM visits w WHERE w.pid = v.pid) > 3",
    ),
    (
        "SELECT COUNT(*) FROM (SELECT pid, NTILE(2) OVER (PARTITION BY pid ORDER BY day) AS half FROM visits) WHERE half = 1",
        "SELECT COUNT_IF(n * 2 <= r) FROM (SELECT pid, ROW_NUMBER() OVER w n, COUNT(*) OVER w r FROM trips WINDOW w AS (PARTITION BY pid))",
    ),
    (
        "SELECT ward, COUNT(*) / (SELECT COUNT(*) FROM visits) FROM visits GROUP BY ward",
        "SELECT ward, COUNT(*) / SUM(COUNT(*)) OVER () FROM visits GROUP BY ward",
    ),
    ("SELECT AVG(cost::DOUBLE) / 2 FROM visits", "SELECT AVG(cost) / 2 FROM visits"),
    ("SELECT COUNT(*) FROM visits WHERE cost // 10 = 1", "SELECT COUNT(*) FROM visits WHERE TRUNC(cost / 10) = 1"),
    ("SELECT COUNT(*) FROM visits WHERE (ward, cost) = ('x', 1)", "SELECT COUNT(*) FROM visits WHERE ward = 'x' AND cost = 1"),
    ("SELECT COUNT(*) FROM visits WHERE ward || '' > day", "SELECT COUNT(*) FROM visits WHERE CAST(ward || '' AS DATE) > day"),
    ("SELECT SUM(cost > 5) FROM visits", "SELECT COUNT_IF(cost > 5), SUM(CAST(cost > 5 AS INTEGER)) FROM visits"),
    (
        "SELECT ward, COUNT(*) FROM visits GROUP BY ward UNION ALL SELECT 'all', COUNT(*) FROM visits",
        "SELECT ward, COUNT(*) FROM visits GROUP BY ROLLUP (ward)",
    ),
]
"""Questions, and how to ask them as the refusal says."""

UNHELPFUL = (LISTED, "Leave it out; a column of that name is written in double quotes.", "Compare and combine values of one type.")


@pytest.mark.parametrize(("sql", "other"), ASKED)
def test_a_refusal_says_what_to_write(sql: str, other: str) -> None:
    with pytest.raises(StillroomError) as refused:
        compiled(sql)
    assert refused.value.fix not in UNHELPFUL
    compiled(other)


def test_nothing_that_is_supported_is_replaced() -> None:
    assert not WORDS & set(CALLS.split())
    assert instead("now") == instead("NOW") != LISTED
    assert instead("SKEWNESS") == LISTED


@pytest.mark.parametrize(
    ("total", "said"),
    [("CORR(n, age)", "CORR is not"), ("COUNT(DISTINCT n)", r"COUNT\(DISTINCT …\) is not"), ("VARIANCE(n) OVER ()", "VARIANCE is not")],
)
def test_what_is_not_made_of_results_is_said_to_be_so(total: str, said: str) -> None:
    with pytest.raises(StillroomError, match=f"{said} supported of the rows of a table of results"):
        compiled(f"SELECT {total} FROM (SELECT age, COUNT(*) AS n FROM members GROUP BY age)")
