"""Clauses, joins and statements: what a question is put together of, and what it may not be."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.sql_entries.entry import WHOLE, Entry, Listing

LATEST = "ROW_NUMBER() OVER (PARTITION BY pid ORDER BY day DESC) = 1"

PLACES = ("in a question", "in a subquery", "over results")
"""Where a clause may stand: the compiler says whether."""

BY_WARD = "SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward"
CELLS = "SELECT gender, region, COUNT(*) AS n FROM members GROUP BY gender, region"


@dataclass(frozen=True)
class Clause:
    """A clause of SELECT.

    Attributes:
        forms: How it is written, as the page shows it.
        meaning: What it says.
        places: A question with it in each of `PLACES`.
    """

    forms: str
    meaning: str
    places: tuple[str, str, str]


CLAUSES = (
    Clause(
        "`WITH name AS (SELECT …)`",
        "names subqueries",
        (
            "WITH v AS (SELECT pid, cost FROM visits) SELECT SUM(cost) AS s, COUNT(*) AS n FROM v",
            "SELECT COUNT(*) AS n FROM (WITH v AS (SELECT pid, cost FROM visits) SELECT pid FROM v WHERE cost > 50)",
            f"WITH t AS ({BY_WARD}) SELECT AVG(n) AS usual FROM t",
        ),
    ),
    Clause(
        "`FROM`, before `SELECT` or behind it",
        "datasets, subqueries, and what `WITH` names; results stand alone",
        (
            'FROM "visits" AS v SELECT COUNT(v.cost) AS n',
            "SELECT COUNT(*) AS n FROM (FROM visits SELECT pid) w",
            f"FROM ({BY_WARD}) t SELECT MAX(t.n) AS most",
        ),
    ),
    Clause(
        "`JOIN`, and commas",
        "put tables together by the person",
        (
            "SELECT gender, COUNT(*) AS n FROM members JOIN visits ON id = pid GROUP BY gender",
            "SELECT COUNT(*) AS n FROM (SELECT id FROM members, visits WHERE id = pid)",
            f"WITH t AS ({BY_WARD}) SELECT n FROM t JOIN visits USING (ward)",
        ),
    ),
    Clause(
        "`WHERE`",
        "keeps the rows for which it is true",
        (
            "SELECT COUNT(*) AS n FROM visits WHERE cost > 50 AND ward <> 'x'",
            "SELECT COUNT(*) AS n FROM (SELECT pid FROM visits WHERE cost > 50)",
            f"SELECT ward, n FROM ({BY_WARD}) WHERE n > 3",
        ),
    ),
    Clause(
        "`GROUP BY` keys, their places in `SELECT`, names of items, or `ALL`",
        "a row for each combination of keys; per person, the person is one of them",
        (
            "SELECT gender AS g, age > 65 AS old, COUNT(*) AS n FROM members GROUP BY 1, old",
            "SELECT ward, COUNT(*) AS n FROM (SELECT pid, ward FROM visits GROUP BY ALL) GROUP BY ward",
            f"SELECT gender, SUM(n) AS n FROM ({CELLS}) GROUP BY gender",
        ),
    ),
    Clause(
        "`ROLLUP`, `CUBE`, `GROUPING SETS`; `GROUPING(key)`",
        "totals beside their parts; whether the key is totalled over, 1 or 0",
        (
            "SELECT gender, region, GROUPING(region) AS g, COUNT(*) AS n FROM members GROUP BY ROLLUP (gender, region)",
            "SELECT COUNT(*) AS n FROM (SELECT pid, ward FROM visits GROUP BY pid, CUBE (ward))",
            f"SELECT gender, SUM(n) AS n FROM ({CELLS}) GROUP BY GROUPING SETS ((gender), ())",
        ),
    ),
    Clause(
        "`HAVING`",
        "keeps the groups for which it is true",
        (
            f"{BY_WARD} HAVING COUNT(*) > 3",
            "SELECT COUNT(*) AS n FROM (SELECT pid FROM visits GROUP BY pid HAVING SUM(cost) > 50)",
            f"SELECT gender, SUM(n) AS n FROM ({CELLS}) GROUP BY gender HAVING SUM(n) > 3",
        ),
    ),
    Clause(
        "`QUALIFY`",
        "keeps rows by what windows say; in subqueries that do not group",
        (
            f"{BY_WARD} QUALIFY RANK() OVER (ORDER BY COUNT(*) DESC) <= 2",
            f"SELECT ward, COUNT(*) AS n FROM (SELECT pid, ward FROM visits QUALIFY {LATEST}) GROUP BY ward",
            f"SELECT ward, n FROM ({BY_WARD}) QUALIFY ROW_NUMBER() OVER (ORDER BY n) = 1",
        ),
    ),
    Clause(
        "`WINDOW name AS (…)`",
        "names windows",
        (
            "SELECT ward, COUNT(*) AS n, SUM(COUNT(*)) OVER w AS up_to FROM visits GROUP BY ward WINDOW w AS (ORDER BY ward)",
            "SELECT COUNT(b) AS n FROM (SELECT pid, LAG(cost) OVER w AS b FROM visits WINDOW w AS (PARTITION BY pid ORDER BY day))",
            f"SELECT ward, SUM(n) OVER w AS up_to, n FROM ({BY_WARD}) WINDOW w AS (ORDER BY ward)",
        ),
    ),
    Clause(
        "`SELECT DISTINCT`",
        "keeps equal rows of a person once",
        (
            "SELECT DISTINCT ward, COUNT(*) AS n FROM visits GROUP BY ward",
            "SELECT ward, COUNT(*) AS n FROM (SELECT DISTINCT pid, ward FROM visits) GROUP BY ward",
            f"SELECT DISTINCT n FROM ({BY_WARD})",
        ),
    ),
    Clause(
        "`UNION`, `UNION ALL`",
        "puts rows of persons together, each once or all",
        (
            f"{BY_WARD} UNION ALL SELECT 'all', COUNT(*) FROM visits",
            "SELECT what, COUNT(*) AS n FROM (SELECT pid, ward AS what FROM visits UNION ALL SELECT id, gender FROM members) GROUP BY what",
            f"SELECT ward, n FROM ({BY_WARD}) UNION SELECT ward, n FROM ({BY_WARD})",
        ),
    ),
    Clause(
        "`ORDER BY … [ASC, DESC] [NULLS FIRST, NULLS LAST]`",
        "orders the rows of the table",
        (
            "SELECT region, COUNT(*) AS n FROM members GROUP BY region ORDER BY region ASC NULLS FIRST, n DESC",
            "SELECT COUNT(*) AS n FROM (SELECT pid FROM visits ORDER BY day)",
            f"SELECT ward, n FROM ({BY_WARD}) ORDER BY n DESC, ward",
        ),
    ),
    Clause(
        "`LIMIT n`, `OFFSET n`, `FETCH FIRST n ROWS ONLY`",
        "at most so many rows, after so many; whole numbers that are written",
        (
            f"{BY_WARD} ORDER BY ward LIMIT 2 OFFSET 1",
            "SELECT COUNT(*) AS n FROM (SELECT pid FROM visits LIMIT 10)",
            f"SELECT ward, n FROM ({BY_WARD}) ORDER BY ward FETCH FIRST 2 ROWS ONLY",
        ),
    ),
)

JOINS = Listing(
    "joins",
    ("written", "which rows"),
    WHOLE,
    (
        Entry(
            "`a JOIN b ON …`, `INNER JOIN`, `a, b WHERE …`",
            "pairs of rows of one person",
            (
                "SELECT gender, COUNT(*) AS n FROM members JOIN visits ON members.id = visits.pid GROUP BY gender",
                "SELECT COUNT(*) AS n FROM visits a INNER JOIN trips b ON a.pid = b.pid AND b.tapped > a.day",
                "SELECT gender, COUNT(*) AS n FROM members m, visits v WHERE m.id = v.pid GROUP BY gender",
            ),
        ),
        Entry(
            "`LEFT [OUTER] JOIN`, `RIGHT [OUTER] JOIN`",
            "these, and rows of the left or the right side without a match",
            (
                "SELECT gender, COUNT(v.pid) AS n FROM members m LEFT OUTER JOIN visits v ON m.id = v.pid AND v.ward = 'x' GROUP BY gender",
                "SELECT COUNT(m.id) AS known, COUNT(*) AS n FROM members m RIGHT JOIN visits v ON m.id = v.pid",
            ),
        ),
        Entry(
            "`FULL [OUTER] JOIN`",
            "these, and rows of both sides without a match",
            ("SELECT COUNT(m.id) AS known, COUNT(v.pid) AS treated, COUNT(*) AS n FROM members m FULL JOIN visits v ON m.id = v.pid",),
        ),
        Entry(
            "`JOIN b USING (person)`",
            "the same, where both call the person alike",
            ("SELECT ward, COUNT(*) AS n FROM visits JOIN trips USING (pid) GROUP BY ward",),
        ),
        Entry(
            "`person [NOT] IN (SELECT person …)`, in `WHERE`",
            "rows of persons who have a row there, or none",
            (
                "SELECT gender, COUNT(*) AS n FROM members WHERE id IN (SELECT pid FROM visits) GROUP BY gender",
                "SELECT gender, COUNT(*) AS n FROM members WHERE id NOT IN (SELECT pid FROM visits WHERE ward = 'x') GROUP BY gender",
            ),
        ),
        Entry(
            "`[NOT] EXISTS (SELECT … WHERE its person = the outer person AND …)`, in `WHERE`",
            "rows of persons who have such a row there, or none",
            ("SELECT COUNT(*) AS n FROM visits v WHERE NOT EXISTS (SELECT 1 FROM visits w WHERE w.pid = v.pid AND w.day < v.day)",),
        ),
    ),
)

REFUSED: tuple[tuple[str, str], ...] = (
    ("several statements", "SELECT COUNT(*) FROM members; SELECT COUNT(*) FROM visits"),
    ("`INSERT`, `EXPLAIN` and all other statements", "EXPLAIN SELECT COUNT(*) FROM members"),
    ("`UNION` of tables", "SELECT gender, COUNT(*) FROM members GROUP BY gender UNION ALL SELECT 'all', COUNT(*) FROM members"),
    ("no `FROM`", "SELECT COUNT(*)"),
    ("files and functions after `FROM`", "SELECT COUNT(*) FROM read_csv('members.csv')"),
    ("`VALUES`", "SELECT COUNT(*) FROM (VALUES (1), (2)) AS t (x)"),
    ("`LATERAL`", "SELECT COUNT(*) FROM members, LATERAL (SELECT 1)"),
    ("`PIVOT`", "SELECT COUNT(*) FROM members PIVOT (COUNT(*) FOR gender IN ('F'))"),
    ("`TABLESAMPLE`", "SELECT COUNT(*) FROM members TABLESAMPLE 10%"),
    ("`CROSS JOIN`", "SELECT COUNT(*) FROM members CROSS JOIN visits"),
    ("`NATURAL JOIN`", "SELECT COUNT(*) FROM members NATURAL JOIN visits"),
    ("`ASOF JOIN`", "SELECT COUNT(*) FROM members ASOF JOIN visits ON id = pid"),
    ("`SEMI JOIN`", "SELECT COUNT(*) FROM members SEMI JOIN visits ON id = pid"),
    ("`ANTI JOIN`", "SELECT COUNT(*) FROM members ANTI JOIN visits ON id = pid"),
    ("a join that does not equate the persons", "SELECT COUNT(*) FROM members, visits"),
    ("more than 12 joins", "SELECT COUNT(*) FROM members" + "".join(f" JOIN visits v{n} ON v{n}.pid = id" for n in range(13))),
    ("`WITH RECURSIVE`", "WITH RECURSIVE t AS (SELECT id FROM members) SELECT COUNT(*) FROM t"),
    ("`SELECT DISTINCT` of the question", "SELECT DISTINCT gender, COUNT(*) FROM members GROUP BY gender"),
    ("`DISTINCT ON`", "SELECT COUNT(*) FROM (SELECT DISTINCT ON (pid) pid, ward FROM visits)"),
    ("`INTERSECT`", "SELECT COUNT(*) FROM (SELECT pid FROM visits INTERSECT SELECT id FROM members)"),
    ("`EXCEPT`", "SELECT COUNT(*) FROM (SELECT id FROM members EXCEPT SELECT pid FROM visits)"),
    ("`UNION BY NAME`", "SELECT COUNT(*) FROM (SELECT pid, ward FROM visits UNION BY NAME SELECT pid, mode AS ward FROM trips)"),
    ("`ORDER BY` inside", "SELECT COUNT(*) FROM (SELECT pid FROM visits ORDER BY day)"),
    ("`LIMIT` inside", "SELECT COUNT(*) FROM (SELECT pid FROM visits LIMIT 10)"),
    ("`LIMIT` of something computed", "SELECT COUNT(*) FROM members LIMIT 1 + 1"),
    ("the person as a value", "SELECT id FROM members"),
    ("`SELECT *` of rows", "SELECT * FROM members"),
    ("columns of rows without aggregates", "SELECT age, gender FROM members"),
    ("no aggregate at all", "SELECT gender FROM members GROUP BY gender"),
    ("a column without the use `group` in `GROUP BY`", "SELECT cost, COUNT(*) FROM visits GROUP BY cost"),
    ("`DISTINCT` in other aggregates", "SELECT SUM(DISTINCT cost) FROM visits"),
    ("an aggregate in an aggregate", "SELECT SUM(COUNT(*)) FROM visits"),
    ("aggregates of truth values", "SELECT SUM(age > 65) FROM members"),
    ("windows in `HAVING`", "SELECT ward, COUNT(*) FROM visits GROUP BY ward HAVING RANK() OVER (ORDER BY COUNT(*)) < 3"),
    ("a window in a window", "SELECT ward, SUM(SUM(COUNT(*)) OVER ()) OVER () FROM visits GROUP BY ward"),
    ("windows over rows of several persons", "SELECT COUNT(*) FROM (SELECT pid, ROW_NUMBER() OVER (ORDER BY day) AS n FROM visits)"),
    (
        "a subquery that aggregates without the person, in a join",
        "SELECT AVG(n) FROM members JOIN (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) t ON n = age",
    ),
    (
        "tables of results in a join",
        "WITH a AS (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) SELECT ward, n FROM a JOIN visits USING (ward)",
    ),
    ("`IN (SELECT …)` of something other than the person", "SELECT COUNT(*) FROM members WHERE age IN (SELECT cost FROM visits)"),
    ("a subquery as a value", "SELECT COUNT(*) FROM visits WHERE cost > (SELECT AVG(cost) FROM visits)"),
    ("`ANY`", "SELECT COUNT(*) FROM visits WHERE cost > ANY (SELECT cost FROM visits)"),
    ("several values in parentheses", "SELECT COUNT(*) FROM visits WHERE (ward, cost) IN (('x', 1))"),
    ("`NULL` in `IN`", "SELECT COUNT(*) FROM visits WHERE cost NOT IN (1, NULL)"),
    ("`LIKE … ESCAPE`", "SELECT COUNT(*) FROM visits WHERE ward LIKE 'x!%' ESCAPE '!'"),
    ("comparisons of different types", "SELECT COUNT(*) FROM members WHERE age = gender"),
    ("a function that is not listed", "SELECT COUNT(*) FROM members WHERE random() < 0.5"),
)
"""What is refused, each with a question that is; the compiler says with which code, and what to write instead."""
