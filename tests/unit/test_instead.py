"""What is not supported is refused with a way to write it, which is itself supported."""

from __future__ import annotations

import pytest
from sqlglot import Dialect, exp
from sqlglot.errors import ParseError

from stillroom.errors import StillroomError
from stillroom.query.text.instead import LISTED, WORDS, instead
from stillroom.query.text.said import name_of
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
    ("SELECT SUM(POWER(cost, 5)) FROM visits", "SELECT SUM(CBRT(ROUND(cost, -1))), SUM(LN(WIDTH_BUCKET(cost, 0, 100, 9))) FROM visits"),
    ("SELECT SUM(cost * PI()) FROM visits", "SELECT SUM(cost * 3.14159) FROM visits"),
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
    ("SELECT SIN(COUNT(*)) FROM visits", "SELECT COUNT(*) FROM visits"),
    ("SELECT COUNT(*) FROM visits WHERE COLLATE(ward, 'nocase') = 'x'", "SELECT COUNT(*) FROM visits WHERE LOWER(ward) = LOWER('X')"),
    ("SELECT BIT_OR(cost) FROM visits", "SELECT COUNT_IF(cost > 3), COUNT_IF(cost > 5) FROM visits"),
    ("SELECT MAD(cost) FROM visits", "SELECT MEDIAN(cost), QUANTILE_CONT(cost, 0.25), QUANTILE_CONT(cost, 0.75) FROM visits"),
    ("SELECT REGR_COUNT(cost, cost) FROM visits", "SELECT COUNT(*) FILTER (WHERE cost IS NOT NULL AND day IS NOT NULL) FROM visits"),
    ("SELECT COUNT(DISTINCT (ward, day)) FROM visits", "SELECT COUNT(DISTINCT ward || '-' || 'x') FROM visits"),
    ("SELECT COUNT(ward, cost) FROM visits", "SELECT COUNT(DISTINCT ward || '-' || 'x') FROM visits"),
    ("SELECT MAX(cost, 2) FROM visits", "SELECT SUM(GREATEST(cost, 2)) FROM visits"),
    ("SELECT DISTINCT ward FROM visits", "SELECT ward, COUNT(*) FROM visits GROUP BY ward"),
    (
        "SELECT ward, COUNT(*) FROM visits GROUP BY ward LIMIT 1 BY ward",
        "SELECT ward, COUNT(*) FROM visits GROUP BY ward QUALIFY ROW_NUMBER() OVER (PARTITION BY ward ORDER BY ward) <= 3",
    ),
    (
        "SELECT COUNT(*) FROM members WHERE age > ALL (SELECT cost FROM visits WHERE pid = id)",
        "SELECT COUNT(*) FROM members WHERE age > (SELECT MAX(cost) FROM visits WHERE pid = id)",
    ),
    ("SELECT COUNT(*) FROM visits WHERE cost >> 1 = 1", "SELECT COUNT(*) FROM visits WHERE TRUNC(cost) // 2 = 1"),
    (
        "SELECT ward, LAST_VALUE(COUNT(*) IGNORE NULLS) OVER () FROM visits GROUP BY ward",
        "SELECT ward, LAST_VALUE(n) OVER () FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) WHERE n IS NOT NULL",
    ),
    (
        "SELECT COUNT(*) FROM visits WHERE RANK() OVER (PARTITION BY pid ORDER BY cost) = 1",
        "SELECT COUNT(*) FROM (SELECT pid FROM visits QUALIFY RANK() OVER (PARTITION BY pid ORDER BY cost) = 1)",
    ),
    ("SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY cost) OVER () FROM visits", "SELECT QUANTILE_CONT(cost, 0.5) FROM visits"),
    ("SELECT SUM(cost ORDER BY day) FROM visits", "SELECT SUM(cost) FROM visits"),
    ("SELECT visits.visits.cost FROM visits", "SELECT SUM(visits.cost) FROM visits"),
    ("SELECT COUNT(*) FROM (visits JOIN members ON pid = id)", "SELECT COUNT(*) FROM visits JOIN members ON pid = id"),
    (
        "SELECT COUNT(*) FROM trips WHERE tapped AT TIME ZONE 'CET' > tapped",
        "SELECT COUNT(*) FROM trips WHERE tapped + INTERVAL 2 HOUR > tapped",
    ),
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


NAMED = [
    ("SELECT COUNT(*) FROM trips WHERE tapped AT TIME ZONE 'CET' > tapped", "AT TIME ZONE is not"),
    ("SELECT COUNT(*) FROM visits WHERE cost << 1 = 1", "<< is not"),
    ("SELECT COUNT(*) RESPECT NULLS FROM visits", "RESPECT NULLS is not"),
    ("SELECT ward, LAG(COUNT(*)) IGNORE NULLS OVER (ORDER BY ward) FROM visits GROUP BY ward", "IGNORE NULLS is not"),
    ("SELECT SUM(cost) WITHIN GROUP (ORDER BY day) FROM visits", "WITHIN GROUP is not"),
    ("SELECT COUNT(*) FROM visits WHERE RANK() OVER () = 1", "A window is not"),
    ("SELECT COUNT(*) FROM (visits JOIN members ON pid = id)", "A table is not"),
    ("SELECT MAX(cost, 2) FROM visits", "A second operand of MAX is not"),
    ("SELECT COUNT(ward, cost) FROM visits", "A second operand of COUNT is not"),
    ("SELECT ward, COUNT(*) FROM visits GROUP BY ward LIMIT 1 BY ward", "BY of LIMIT is not"),
    ("SELECT WIDTH_BUCKET(cost) FROM visits", "WIDTH_BUCKET lacks"),
    ("SELECT BOOL_AND(cost > 3) FROM visits", "BOOL_AND is supported per person"),
    ("SELECT SUM(POWER(cost, 5)) FROM visits", "POWER in a row needs"),
    ("SELECT SUM(RADIANS(cost)) FROM visits", "The function RADIANS is supported of results"),
    ("SELECT COUNT(*) FROM (SELECT pid, VAR_POP(cost) OVER (PARTITION BY pid) AS v FROM visits)", "The function VAR_POP is not"),
    ("SELECT BOOL_OR(n > 3) OVER () FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward)", "BOOL_OR is not supported of the rows"),
]
"""Questions, and what of them is refused, by the name that it has in SQL."""


@pytest.mark.parametrize(("sql", "said"), NAMED)
def test_what_is_refused_has_its_name_in_sql(sql: str, said: str) -> None:
    with pytest.raises(StillroomError) as refused:
        compiled(sql)
    assert refused.value.reason.startswith(said)


def test_the_parsers_names_of_functions_are_none_of_ours() -> None:
    """Each function is named as questions call it, or as another of its names."""
    dialect = Dialect.get_or_raise("duckdb")
    for name in CALLS.split():
        for operands in ("x", "", "x, y", "x, y, z", "x, y, z, w"):
            try:
                node = dialect.parse(f"SELECT {name}({operands})")[0]
            except ParseError:
                continue
            assert node is not None
            call = node.find(exp.Func)
            assert call is None or name_of(call) in CALLS.split(), name


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


@pytest.mark.parametrize(
    ("total", "method"),
    [("STDDEV(n)", "std()"), ("VAR_POP(n) OVER ()", "var()"), ("MEDIAN(n)", "median()"), ("COUNT(DISTINCT n) OVER ()", "nunique()")],
)
def test_what_is_not_made_of_results_is_made_of_the_release(total: str, method: str) -> None:
    with pytest.raises(StillroomError) as refused:
        compiled(f"SELECT {total} FROM (SELECT age, COUNT(*) AS n FROM members GROUP BY age)")
    assert f"release.to_pandas()['n'].{method}" in refused.value.fix
