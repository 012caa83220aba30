"""Questions that mean the same have one plan, and so one answer and one charge."""

from __future__ import annotations

import pytest

from stillroom.model.codec import digest_of
from tests.questions import compiled

JOIN = "FROM members m JOIN visits v ON m.id = v.pid"

SAME = [
    (
        "SELECT gender, COUNT(*) FROM members GROUP BY gender",
        "select  GENDER,\n count( * ) as n -- hello\n from Members as x group by x.gender",
    ),
    ("SELECT gender, COUNT(*) AS n FROM members GROUP BY gender", "SELECT gender AS g, COUNT(*) AS people FROM members GROUP BY 1"),
    (f"SELECT COUNT(*) {JOIN}", "SELECT COUNT(*) FROM visits JOIN members ON visits.pid = members.id"),
    (
        "SELECT COUNT(*) FROM members WHERE age > 20 AND gender = 'F'",
        "SELECT COUNT(*) FROM members WHERE ('F' = gender) AND 20 < age AND age > 20",
    ),
    ("SELECT COUNT(*) FROM members WHERE gender IN ('F', 'M')", "SELECT COUNT(*) FROM members WHERE gender IN ('M', 'F', 'M')"),
    (
        "SELECT region, COUNT(*) FROM members WHERE region NOT LIKE '%n_' AND gender ILIKE 'f%' GROUP BY region HAVING region LIKE 's%'",
        """SELECT region, COUNT(*) FROM members WHERE region NOT LIKE '%' || 'n' || '_' AND gender ILIKE ('f' || '%')
        GROUP BY region HAVING region LIKE 's' || '%'""",
    ),
    ("SELECT COUNT(*) FROM members WHERE age BETWEEN 20 AND 30", "SELECT COUNT(*) FROM members WHERE age <= 30 AND age >= 20"),
    (
        "SELECT gender, region, COUNT(*) FROM members GROUP BY gender, region",
        "SELECT gender, region, COUNT(*) FROM members GROUP BY region, gender",
    ),
    (
        "SELECT gender, region, COUNT(*) FROM members GROUP BY CUBE (gender, region)",
        "SELECT gender, region, COUNT(*) FROM members GROUP BY GROUPING SETS ((), (region), (gender), (region, gender))",
    ),
    (
        "SELECT gender, age > 30, COUNT(*) FROM members GROUP BY ROLLUP (gender, age > 30)",
        "SELECT gender, age > 30 AS k, COUNT(*) FROM members GROUP BY ROLLUP (gender, k)",
    ),
    (
        "SELECT COUNT(*) FROM members GROUP BY CUBE (region IS NULL, NOT age IN (30, 40) OR gender = 'F', CASE WHEN age > 3 THEN 1 END)",
        """SELECT COUNT(*) FROM members
        GROUP BY CUBE ((region IS NULL), (NOT age IN (30, 40) OR gender = 'F'), (CASE WHEN age > 3 THEN 1 END))""",
    ),
    (
        "SELECT COUNT(*) FROM members GROUP BY GROUPING SETS (age BETWEEN 30 AND 40, ROLLUP (gender, (age) < 20), (gender, age > 9), ())",
        """SELECT COUNT(*) FROM members
        GROUP BY GROUPING SETS ((age BETWEEN 30 AND 40), (gender, age < 20), (gender), (gender, age > 9), ())""",
    ),
    (
        f"SELECT COUNT(*) {JOIN} WHERE m.age > 20",
        "SELECT COUNT(*) FROM (SELECT id FROM members WHERE age > 20) m JOIN visits v ON m.id = v.pid",
    ),
    (f"SELECT SUM(cost + 1) {JOIN}", f"SELECT SUM(1 + cost) {JOIN}"),
    (
        """SELECT gender, SUM(COUNT(*)) OVER (PARTITION BY gender, region ORDER BY gender, COUNT(*) ROWS UNBOUNDED PRECEDING)
        FROM members GROUP BY 1, region""",
        """SELECT gender, SUM(COUNT(*)) OVER (w ORDER BY COUNT(*), 5 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        FROM members GROUP BY gender, region WINDOW w AS (PARTITION BY region, gender, region)""",
    ),
    (
        "SELECT gender, MAX(COUNT(*)) OVER () FROM members GROUP BY gender",
        """SELECT gender, MAX(COUNT(*)) OVER (ORDER BY gender ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        FROM members GROUP BY gender""",
    ),
    (
        "SELECT gender, LAG(COUNT(*)) OVER (ORDER BY gender), FIRST_VALUE(gender) OVER (ORDER BY gender) FROM members GROUP BY gender",
        """SELECT gender, LAG(COUNT(*), 1) OVER w, NTH_VALUE(gender, 1) OVER w
        FROM members GROUP BY gender WINDOW w AS (ORDER BY gender, gender DESC)""",
    ),
    (
        """SELECT ward, COUNT(*) FROM (SELECT pid, ward FROM visits QUALIFY ROW_NUMBER() OVER (PARTITION BY pid ORDER BY day) = 1)
        GROUP BY ward""",
        """SELECT ward, COUNT(*) FROM (SELECT pid, ward FROM visits WINDOW mine AS (PARTITION BY pid), w AS (mine ORDER BY day)
        QUALIFY ROW_NUMBER() OVER w = 1) GROUP BY ward""",
    ),
    (
        "SELECT region, COUNT(*) AS n FROM members GROUP BY region HAVING COUNT(*) > 100 ORDER BY n",
        "SELECT region, n FROM (SELECT region, COUNT(*) AS n, SUM(age) AS s FROM members GROUP BY region) AS t WHERE t.n > 100 ORDER BY 2",
    ),
    (
        "SELECT gender, region, COUNT(*) AS n FROM members GROUP BY 1, 2 QUALIFY RANK() OVER (PARTITION BY gender ORDER BY n) = 1",
        """WITH a AS (SELECT gender, region, COUNT(*) AS n FROM members GROUP BY gender, region),
        b AS (SELECT *, RANK() OVER (PARTITION BY gender ORDER BY n) AS place FROM a) SELECT gender, region, n FROM b WHERE place = 1""",
    ),
    ("SELECT COUNT(*) FROM members", "WITH t AS (SELECT * FROM members) SELECT COUNT(*) FROM t"),
    ("SELECT COUNT(*) FROM members", "SELECT COUNT(DISTINCT id) FROM members"),
    (
        "SELECT SUM(n), SUM(c) FROM (SELECT pid, COUNT(*) AS n, SUM(cost) AS c FROM visits GROUP BY pid)",
        "SELECT SUM(y), SUM(x) FROM (SELECT SUM(cost) AS x, MAX(cost) AS z, COUNT(*) AS y FROM visits GROUP BY pid)",
    ),
    (
        "SELECT w, COUNT(*) FROM (SELECT pid, ward AS w, ward > 'x' AS d FROM visits GROUP BY pid, ward, ward > 'x') GROUP BY w",
        "SELECT w, COUNT(*) FROM (SELECT 'x' < ward AS d, pid, ward AS w FROM visits GROUP BY 1, ward, 3, 2) GROUP BY w",
    ),
    (
        (
            "SELECT s, COUNT(*), AVG(a) FROM (SELECT pid, MAX(n) AS a, COUNT(*) AS s FROM"
            " (SELECT pid, ward, COUNT(*) AS n, SUM(cost) AS c FROM visits GROUP BY pid, ward HAVING c > 1)"
            " t WHERE n > 1 GROUP BY pid) u GROUP BY s"
        ),
        (
            "SELECT s, COUNT(*), AVG(a) FROM (SELECT pid, COUNT(*) AS s, MIN(c) AS m, MAX(n) AS a FROM"
            " (SELECT SUM(cost) AS c, MIN(cost) AS o, pid, COUNT(*) AS n FROM visits GROUP BY ward, pid HAVING SUM(cost) > 1) t"
            " WHERE 1 < n GROUP BY pid) u GROUP BY s"
        ),
    ),
    (
        (
            "SELECT gender, t, COUNT(*) FROM (SELECT id, gender, SUM(n) AS t, COUNT(*) AS k FROM members JOIN"
            " (SELECT pid, COUNT(*) AS n, COUNT(cost) AS m FROM visits GROUP BY pid) v"
            " ON id = pid AND m > 0 GROUP BY id, gender) GROUP BY gender, t"
        ),
        (
            "SELECT gender, t, COUNT(*) FROM (SELECT id, gender, COUNT(n) AS k, SUM(n) AS t FROM"
            " (SELECT pid, COUNT(cost) AS m, COUNT(*) AS n FROM visits GROUP BY pid) v"
            " JOIN members ON 0 < m AND pid = id GROUP BY gender, id)"
            " GROUP BY t, gender"
        ),
    ),
]

DIFFERENT = [
    ("SELECT COUNT(*) FROM members WHERE age > 20", "SELECT COUNT(*) FROM members WHERE age >= 20"),
    ("SELECT COUNT(*) FROM visits", "SELECT COUNT(DISTINCT pid) FROM visits"),
    (
        "SELECT SUM(a), SUM(b) FROM (SELECT pid, MIN(cost) AS a, MAX(cost) AS b FROM visits GROUP BY pid)",
        "SELECT SUM(b), SUM(a) FROM (SELECT pid, MIN(cost) AS a, MAX(cost) AS b FROM visits GROUP BY pid)",
    ),
    (
        "SELECT SUM(a) FROM (SELECT pid, SUM(CASE WHEN ward = 'x' THEN 1.5 END) AS a FROM visits GROUP BY pid)",
        "SELECT SUM(a) FROM (SELECT pid, SUM(CASE WHEN ward = 'x' THEN 15 END) AS a FROM visits GROUP BY pid)",
    ),
    (f"SELECT COUNT(*) {JOIN}", "SELECT COUNT(*) FROM members m LEFT JOIN visits v ON m.id = v.pid"),
    ("SELECT gender, COUNT(*) FROM members GROUP BY gender", "SELECT gender, COUNT(*) FROM members GROUP BY gender ORDER BY 2"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_questions_have_one_plan(one: str, other: str) -> None:
    assert digest_of(compiled(one).plan) == digest_of(compiled(other).plan)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_questions_have_different_plans(one: str, other: str) -> None:
    assert digest_of(compiled(one).plan) != digest_of(compiled(other).plan)


def test_a_plan_survives_its_encoding() -> None:
    plan = compiled(f"SELECT gender, ward, AVG(cost) {JOIN} WHERE day > DATE '2021-01-01' GROUP BY ROLLUP (gender, ward)").plan
    assert type(plan).model_validate_json(plan.model_dump_json(by_alias=True)) == plan


def test_the_price_is_part_of_the_plan() -> None:
    sql = "SELECT COUNT(*) FROM members"
    assert digest_of(compiled(sql, epsilon=1.0).plan) != digest_of(compiled(sql, epsilon=0.5).plan)


def test_a_filter_stays_above_the_right_side_of_a_left_join() -> None:
    plan = compiled("SELECT COUNT(*) FROM members m LEFT JOIN visits v ON m.id = v.pid WHERE v.ward = 'x' AND m.age > 20").plan
    assert plan.parts[0].relation.op == "filter"
    assert plan.parts[1].relation.op == "scan"
    assert plan.rows.op == "filter"


def test_only_columns_that_are_read_are_scanned() -> None:
    plan = compiled("SELECT gender, COUNT(*) FROM members WHERE age > 20 GROUP BY gender").plan
    assert [fact.name for fact in plan.facts] == ["members.age", "members.gender"]
