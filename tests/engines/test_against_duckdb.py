"""With the noise off, a question means what plain DuckDB takes it to mean, on the same admitted rows.

Each question runs twice: compiled, measured exactly and finished; and as it is written, by DuckDB, over the rows as tables. Where the two
differ on purpose, the comparison knows: groups that nobody is in are shown, the sum of no values is 0 instead of NULL, averages and
quotients have a fixed number of decimal places, and a moved or truncated date is a date where DuckDB says midnight.
"""

from __future__ import annotations

import datetime
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb
import pytest

from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.question import Question, Terms
from stillroom.model.schema import EPOCH, Kind, column_type
from stillroom.query.compile import compile_question
from stillroom.query.table.finish import finish
from tests.fakes import ListTable
from tests.marginals import without_noise

if TYPE_CHECKING:
    from stillroom.model.release import Table
    from stillroom.model.schema import ColumnType, Scalar

CONTRACT = Contract.model_validate_json("""
{
  "schema": "stillroom/contract/v1", "name": "plain", "version": 1, "purpose": "tests", "jurisdiction": "none", "retention_days": 1,
  "expires": "2099-12-31", "ask": ["a"], "receive": ["a"], "approval": {"rule": "each-owner"},
  "caps": {"epsilon": 100, "delta": 1e-6, "release_epsilon": 100},
  "parties": [
    {"name": "a", "roles": ["owner", "analyst", "receiver"], "key": "ed25519:a"},
    {"name": "b", "roles": ["owner"], "key": "ed25519:b"}
  ],
  "datasets": {
    "members": {
      "kind": "private", "owner": "a", "person": {"column": "id"}, "rows_per_person": 1,
      "columns": {
        "age": {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [-3, 9]},
        "sex": {"type": "text", "uses": ["group", "filter", "measure"], "values": ["m", "f", "F"]},
        "region": {"type": "text", "uses": ["group", "filter", "join"], "values": ["n", "s", "w"]},
        "member": {"type": "boolean", "uses": ["group", "filter", "measure"]},
        "income": {"type": "decimal", "step": 0.05, "uses": ["group", "filter", "measure"], "bounds": [-10, 50]},
        "since": {"type": "date", "uses": ["group", "filter", "measure"], "bounds": ["2024-02-27", "2024-03-02"]},
        "met": {"type": "timestamp", "uses": ["group", "filter", "measure"], "bounds": ["1969-12-31 22:58:00", "1970-01-01 01:01:30"]}
      }
    },
    "visits": {
      "kind": "private", "owner": "b", "person": {"column": "pid"}, "rows_per_person": 6,
      "columns": {
        "ward": {"type": "text", "uses": ["group", "filter"], "values": ["x", "y", "z"]},
        "cost": {"type": "decimal", "step": 0.01, "uses": ["group", "filter", "measure"], "bounds": [0, 20]},
        "days": {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [0, 4]},
        "note": {"type": "text", "uses": ["group", "filter", "measure"], "max_length": 9},
        "region": {"type": "text", "uses": ["group", "filter", "join"], "values": ["n", "s", "w"]},
        "age": {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [-3, 9]}
      }
    },
    "regions": {
      "kind": "public", "owner": "a", "digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
      "key": ["region"],
      "columns": {
        "region": {"type": "text", "values": ["n", "s", "w"], "required": true},
        "size": {"type": "integer", "bounds": [0, 9]},
        "coast": {"type": "boolean"}
      }
    },
    "rota": {
      "kind": "public", "owner": "a", "digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
      "key": ["ward"], "rows_per_key": 3,
      "columns": {
        "ward": {"type": "text", "values": ["x", "y", "z"], "required": true},
        "shift": {"type": "text", "values": ["early", "late"], "required": true}
      }
    }
  }
}
""")
PERSONS = {"members": "id", "visits": "pid"}
NOTES = ("", "a", "A", "ab", "a_b", "a%b", "%", "_", "\\", "it's", "é", "ab\\c")
PUBLIC: dict[str, list[dict[str, Scalar]]] = {
    "regions": [{"region": "n", "size": 3, "coast": True}, {"region": "s", "size": None, "coast": None}],
    "rota": [{"ward": "x", "shift": "early"}, {"ward": "x", "shift": "late"}, {"ward": "y", "shift": "late"}],
}
M, V = "members", "visits"
JOIN = "members JOIN visits ON members.id = visits.pid"
LEFT = "members LEFT JOIN visits ON id = pid"

BY_KEYS = "ORDER BY days DESC NULLS LAST, ward, region, age"
IN_ORDER = "ORDER BY days DESC NULLS LAST, ward, note, region, age, cost NULLS FIRST"
NUMBER = f"ROW_NUMBER() OVER (PARTITION BY pid {BY_KEYS})"
UNION = "SELECT pid, region AS k, cost AS x FROM visits UNION ALL SELECT id, region, age FROM members"
ROWS = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
LAST = f"PARTITION BY pid {BY_KEYS} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
BOTH = "SELECT pid, region AS b, region AS a FROM visits"
COUNTED = "SELECT pid, COUNT(*) AS k FROM visits GROUP BY pid"
RIGHT = "SELECT pid, COUNT(*) AS k FROM members LEFT JOIN visits ON id = pid GROUP BY pid"
TWICE = "JOIN regions r ON r.region = m.region JOIN regions s ON s.region = v.region"

WITH_TIES = "PARTITION BY pid ORDER BY ward DESC NULLS LAST"
"""An order in which many rows of a person are equal: they count together, where no frame says that rows count one by one."""

TOTALS = ("SUM(days)", "COUNT(*)", "COUNT(cost)", "MIN(days)", "MAX(cost)", "COUNT(DISTINCT days)", "COUNT(*) FILTER (WHERE days > 1)")
FRAMES = ("", "RANGE UNBOUNDED PRECEDING", f"RANGE {ROWS[5:]}", f"RANGE {ROWS[5:].replace('CURRENT ROW', 'UNBOUNDED FOLLOWING')}")

QUESTIONS = [
    *(
        f"SELECT COUNT(r) AS n, SUM(r) AS r, SUM(r * days) AS d FROM (SELECT pid, days, {total} OVER ({WITH_TIES} {frame}) AS r FROM {V}) t"
        for total, frame in product(TOTALS, FRAMES)
    ),
    *(
        f"SELECT x, COUNT(*) AS n FROM (SELECT pid, {value} OVER ({WITH_TIES} {frame}) AS x FROM {V}) t GROUP BY x ORDER BY x"
        for value, frame in product(("BOOL_OR(days > 1)", "LAST_VALUE(ward)", "BOOL_AND(cost > 3)"), FRAMES)
    ),
    f"SELECT COUNT(*) AS n FROM (SELECT pid, AVG(days) OVER ({WITH_TIES}) AS a, days FROM {V}) t WHERE a > 1.2",
    f"SELECT COUNT(*) AS n, COUNT(id) AS i, COUNT(pid) AS p, SUM(cost) AS c FROM {M} FULL JOIN {V} ON id = pid",
    f"SELECT sex, ward, COUNT(*) AS n FROM {M} FULL JOIN {V} ON id = pid AND {M}.age > days GROUP BY sex, ward",
    f"SELECT sex, ward, COUNT(*) AS n, COUNT(DISTINCT id) AS i FROM {M} FULL JOIN {V} ON id = pid AND sex = 'm' GROUP BY sex, ward",
    f"SELECT sex, COUNT(*) AS n, COUNT(id) AS i FROM {M} RIGHT JOIN {V} ON id = pid AND days > 1 GROUP BY sex",
    f"SELECT sex, size, COUNT(*) AS n FROM regions r RIGHT JOIN {M} m ON m.region = r.region GROUP BY sex, size",
    f"SELECT COUNT(*) AS n, COUNT(pid) AS p, COUNT(DISTINCT pid) AS d FROM {V} FULL JOIN (SELECT id AS pid, sex FROM {M}) m USING (pid)",
    f"SELECT COUNT(*) AS n, SUM(w.days) AS d FROM {V} v JOIN {V} w ON v.pid = w.pid AND v.days < w.days",
    f"SELECT COUNT(*) AS n, COUNT(w.pid) AS d FROM {V} v LEFT JOIN {V} w ON v.pid = w.pid AND v.days < w.days AND w.ward = 'x'",
    f"WITH t AS ({COUNTED}) SELECT a.k, COUNT(*) AS n FROM t a LEFT JOIN t b ON a.pid = b.pid AND b.k > 1 GROUP BY a.k",
    f"WITH t AS ({COUNTED}) SELECT b.k, COUNT(*) AS n FROM t a LEFT JOIN t b USING (pid) JOIN {V} v ON v.pid = b.pid GROUP BY b.k",
    f"SELECT k, COUNT(*) AS n FROM ({RIGHT}) t WHERE pid IS NOT NULL GROUP BY k",
    f"SELECT COUNT(pid) AS n, COUNT(DISTINCT pid) AS d FROM ({RIGHT}) t",
    f"SELECT sex, COUNT(*) AS n FROM {M} LEFT JOIN {V} v ON id = v.pid AND days > 1 JOIN {V} w ON v.pid = w.pid GROUP BY sex",
    f"SELECT sex, COUNT(*) AS n FROM {M} WHERE id IN (SELECT pid FROM {V} WHERE ward = 'x') GROUP BY sex",
    f"SELECT sex, COUNT(*) AS n FROM {M} WHERE id NOT IN (SELECT pid FROM {V} WHERE ward = 'x') GROUP BY sex",
    f"SELECT COUNT(*) AS n FROM {M} LEFT JOIN {V} ON id = pid AND days > 1 WHERE pid NOT IN (SELECT pid FROM {V} WHERE ward = 'x')",
    f"SELECT COUNT(*) AS n FROM {M} m WHERE EXISTS (SELECT 1 FROM {V} v WHERE v.pid = m.id AND v.days > m.age)",
    f"SELECT COUNT(*) AS n FROM {V} v WHERE NOT EXISTS (SELECT 1 FROM {V} w WHERE w.pid = v.pid AND w.days > v.days) OR ward = 'y'",
    f"SELECT COUNT(*) AS n FROM {V} v WHERE EXISTS (SELECT 1 FROM {M} WHERE id = pid AND age > 2 AND region = v.region)",
    f"SELECT COUNT(*) AS n FROM {M} WHERE NOT EXISTS (SELECT 1 FROM {V} WHERE pid = id AND pid IN (SELECT pid FROM {V} WHERE note = 'a'))",
    f"SELECT r, COUNT(*) AS n FROM (SELECT pid, {NUMBER} AS r FROM {V}) t GROUP BY r ORDER BY r",
    f"SELECT ward, COUNT(*) AS n FROM (SELECT pid, ward FROM {V} QUALIFY {NUMBER} = 1) t GROUP BY ward ORDER BY ward",
    f"SELECT COUNT(*) AS n, SUM(b) AS b FROM (SELECT pid, LAG(cost, 1, -3) OVER (PARTITION BY pid {IN_ORDER}) AS b FROM {V}) t",
    f"SELECT COUNT(b) AS n, SUM(b) AS b FROM (SELECT pid, LEAD(cost, 2, NULL) OVER (PARTITION BY pid {IN_ORDER}) AS b FROM {V}) t",
    f"SELECT COUNT(*) AS n, SUM(b) AS b FROM (SELECT pid, LAG(cost) OVER (PARTITION BY pid {IN_ORDER}) AS b FROM {V}) t",
    f"SELECT COUNT(*) AS n, SUM(a) AS a FROM (SELECT pid, LEAD(days, 2) OVER (PARTITION BY pid, ward {IN_ORDER}) AS a FROM {V}) t",
    f"SELECT COUNT(*) AS n, SUM(r) AS r FROM (SELECT pid, SUM(cost) OVER (PARTITION BY pid {IN_ORDER} {ROWS}) AS r FROM {V}) t WHERE r > 3",
    f"SELECT w, COUNT(*) AS n FROM (SELECT pid, COUNT(*) OVER (PARTITION BY pid, ward) AS w FROM {V}) t GROUP BY w ORDER BY w",
    f"SELECT f, COUNT(*) AS n FROM (SELECT pid, FIRST_VALUE(ward) OVER (PARTITION BY pid {BY_KEYS}) AS f FROM {V}) t GROUP BY f ORDER BY f",
    f"SELECT l, COUNT(*) AS n FROM (SELECT pid, LAST_VALUE(ward) OVER ({LAST}) AS l FROM {V}) t GROUP BY l ORDER BY l",
    f"SELECT k, COUNT(*) AS n, SUM(x) AS x FROM ({UNION}) t GROUP BY k",
    f"SELECT SUM(y) AS y, COUNT(*) AS n FROM (SELECT pid, days AS x, cost AS y FROM {V} UNION ALL SELECT id, age, age FROM {M}) t",
    f"SELECT b, COUNT(*) AS n FROM (SELECT pid, ward AS a, region AS b FROM {V} UNION {BOTH}) t GROUP BY b",
    f"SELECT COUNT(*) AS n, COUNT(x) AS x FROM (SELECT pid, ward AS x FROM {V} UNION SELECT id, NULL FROM {M}) t",
    f"SELECT ward, COUNT(*) AS n FROM (SELECT DISTINCT pid, ward, days FROM {V}) t GROUP BY ward",
    f"SELECT p.sex, COUNT(*) AS n FROM {M} m JOIN {M} p ON m.id = p.id JOIN regions r ON r.region = m.region GROUP BY p.sex",
    f"SELECT r.size, COUNT(*) AS n FROM {M} m JOIN {V} v ON m.id = pid {TWICE} GROUP BY r.size",
    f"SELECT ward, COUNT(*) AS n, COUNT(*) FILTER (WHERE days > 1), COUNT(note) FILTER (WHERE note <> 'a') AS b FROM {V} GROUP BY ward",
    f"SELECT ward, COUNT(*) AS n, SUM(cost) FILTER (WHERE days > 1), COUNT(DISTINCT pid) FILTER (WHERE days = 2) FROM {V} GROUP BY ward",
    f"SELECT sex, COUNT(*) AS n, COUNT_IF(age > 2) AS a, COUNT_IF(member) FILTER (WHERE age < 5) AS b FROM {M} GROUP BY sex",
    f"SELECT COUNT(*) AS n, AVG(age) FILTER (WHERE member) AS a, SUM(age) FILTER (WHERE NOT member OR age > 3) AS b FROM {M}",
    f"SELECT COUNT(*) AS n FROM {M}",
    f"SELECT sex, COUNT(*) AS n, COUNT(age) AS k, SUM(age) AS s, AVG(age) AS a FROM {M} GROUP BY sex",
    f"SELECT age, COUNT(*) AS n FROM {M} GROUP BY age ORDER BY age",
    f"SELECT age, COUNT(*) AS n FROM {M} GROUP BY age ORDER BY age DESC",
    f"SELECT age, COUNT(*) AS n FROM {M} GROUP BY age ORDER BY age DESC NULLS FIRST LIMIT 3 OFFSET 1",
    f"SELECT sex, COUNT(*) AS n FROM {M} GROUP BY sex ORDER BY n DESC, sex",
    f"SELECT since, COUNT(*) AS n FROM {M} WHERE since BETWEEN '2024-02-28' AND DATE '2024-03-01' GROUP BY since ORDER BY since",
    f"SELECT COUNT(*) AS n FROM {M} WHERE since > '2024-02-29' OR since IS NULL",
    f"SELECT COUNT(*) AS n FROM {M} WHERE NOT (age > 3 AND member)",
    f"SELECT COUNT(*) AS n FROM {M} WHERE NOT (age > 3 OR member)",
    f"SELECT COUNT(*) AS n FROM {M} WHERE age NOT IN (1, 2, 3)",
    f"SELECT COUNT(*) AS n FROM {M} WHERE NOT (sex IN ('m', 'F'))",
    f"SELECT COUNT(*) AS n FROM {M} WHERE (age IN (1, 2)) IS NULL",
    f"SELECT COUNT(*) AS n FROM {M} WHERE age BETWEEN 2 AND 1 OR age NOT BETWEEN -1 AND 5",
    f"SELECT COUNT(*) AS n FROM {M} WHERE (age BETWEEN NULL AND 1) IS NULL",
    f"SELECT COUNT(*) AS n FROM {M} WHERE age NOT BETWEEN NULL AND 1",
    f"SELECT COUNT(*) AS n FROM {M} WHERE member",
    f"SELECT COUNT(*) AS n FROM {M} WHERE member IS NOT TRUE AND (sex = 'f') IS NOT FALSE",
    f"SELECT COUNT(*) AS n FROM {M} WHERE member = (age > 2)",
    f"SELECT COUNT(*) AS n FROM {M} WHERE income > 12.345 OR income = 0.05 OR income < -9.95",
    f"SELECT COUNT(*) AS n FROM {M} WHERE income * 2 > age + 0.5",
    f"SELECT COUNT(*) AS n FROM {M} WHERE income IN (1, 2.5, -0.05, 3.001)",
    f"SELECT COUNT(*) AS n FROM {M} WHERE sex < 'f' OR sex >= 'm'",
    f"SELECT sex > 'f' AS late, COUNT(*) AS n FROM {M} GROUP BY late",
    f"SELECT CASE WHEN age > 5 THEN 'old' WHEN age IS NULL THEN NULL ELSE 'young' END AS band, COUNT(*) AS n FROM {M} GROUP BY band",
    f"SELECT CASE sex WHEN NULL THEN 'none' WHEN 'f' THEN 'w' END AS g, COUNT(*) AS n FROM {M} GROUP BY 1",
    f"SELECT CASE WHEN member THEN age ELSE -age END AS v, COUNT(*) AS n FROM {M} GROUP BY v",
    f"SELECT CASE WHEN member AND age > 2 THEN 1.5 WHEN sex = 'm' THEN 2 END AS v, COUNT(*) AS n FROM {M} GROUP BY v",
    f"SELECT SUM(CASE WHEN member THEN 1 ELSE 0 END) AS t, SUM(CASE WHEN member THEN 1 END) AS u, COUNT(*) AS n FROM {M}",
    f"SELECT COUNT(CASE WHEN age > 2 THEN 1 END) AS t, COUNT(age > 2) AS u, COUNT(*) AS n FROM {M}",
    f"SELECT SUM(age * income) AS s, SUM(-age - 1) AS t, SUM(age * age - income) AS u, COUNT(*) AS n FROM {M}",
    f"SELECT SUM(income), AVG(income), COUNT(*) AS n FROM {M} WHERE age > 100",
    f"SELECT sex, member, COUNT(*) AS n FROM {M} GROUP BY ROLLUP (sex, member)",
    f"SELECT sex, member, COUNT(*) AS n, SUM(age) AS s FROM {M} GROUP BY CUBE (sex, member)",
    f"SELECT sex, region, COUNT(*) AS n FROM {M} GROUP BY GROUPING SETS ((sex), (region), ())",
    f"SELECT sex, GROUPING(sex) AS g, COUNT(*) AS n FROM {M} GROUP BY ROLLUP (sex) ORDER BY g, n, sex",
    f"SELECT sex, region, COUNT(*) AS n FROM {M} GROUP BY sex, ROLLUP (region)",
    f"SELECT sex, COUNT(*) AS n FROM {M} GROUP BY sex HAVING COUNT(*) > 8 ORDER BY 2",
    f"SELECT sex, COUNT(*) AS n FROM {M} GROUP BY sex HAVING n > 8 AND sex <> 'm'",
    f"SELECT sex, COUNT(*) AS n FROM {M} GROUP BY sex HAVING sex NOT LIKE 'f%' OR sex IS NULL",
    f"SELECT sex, COUNT(*) AS n FROM {M} GROUP BY sex HAVING SUM(age) BETWEEN 1 AND 1000 AND sex IS NOT NULL",
    f"SELECT sex, -COUNT(*) AS age, COUNT(*) AS n FROM {M} GROUP BY sex ORDER BY age",
    f"SELECT sex, SUM(age) AS age, COUNT(*) AS n FROM {M} GROUP BY sex HAVING SUM(age) > 3 ORDER BY age DESC",
    f"SELECT age AS sex, COUNT(*) AS n FROM {M} GROUP BY age ORDER BY sex",
    f"SELECT sex, COUNT(*) - 2 * COUNT(age) AS d, COUNT(*) AS n FROM {M} GROUP BY sex",
    f"SELECT sex, SUM(income) / COUNT(*) AS d, COUNT(*) AS n FROM {M} GROUP BY sex HAVING COUNT(*) >= 1",
    f"SELECT sex, CASE WHEN COUNT(*) > 10 THEN 'many' ELSE 'few' END AS c, COUNT(*) AS n FROM {M} GROUP BY sex",
    'SELECT "sex", COUNT(*) AS "N", COUNT(*) AS n FROM "members" AS "m" WHERE "m"."age" > 1 GROUP BY "m"."sex"',
    f"SELECT COUNT(*) AS n, COUNT(DISTINCT pid) AS p, COUNT(pid) AS q FROM {V}",
    f"SELECT ward, COUNT(*) AS n, COUNT(DISTINCT pid) AS p, SUM(cost) AS c, AVG(days) AS d FROM {V} GROUP BY ward",
    *(
        f"SELECT COUNT(*) AS n FROM {V} WHERE note {test}"
        for test in ("LIKE 'a_b'", "LIKE 'a%'", "LIKE '%\\%'", "NOT LIKE '%a%'", "LIKE ''")
    ),
    f"SELECT COUNT(*) AS n FROM {V} WHERE note LIKE '\\' OR note = 'it''s' OR note > 'a'",
    f"SELECT COUNT(*) AS n FROM {V} WHERE note <> '' AND days / 2 > 0.5",
    f"SELECT SUM(cost / 4) AS s, COUNT(*) AS n FROM {V} WHERE 6 / days > 2",
    f"SELECT COUNT(days / 0) AS z, COUNT(1 / days) AS k, COUNT(*) AS n FROM {V}",
    f"SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS p FROM {JOIN}",
    f"SELECT sex, ward, COUNT(*) AS n, SUM(cost) AS c FROM {JOIN} GROUP BY sex, ward",
    f"SELECT COUNT(*) AS n FROM {JOIN} AND members.region = visits.region",
    f"SELECT COUNT(*) AS n FROM {JOIN} AND members.age < visits.age WHERE members.region <> visits.region",
    f"SELECT members.age, COUNT(*) AS n, AVG(visits.age) AS v FROM {JOIN} GROUP BY members.age",
    f"SELECT COUNT(*) AS n, COUNT(id) AS i, COUNT(pid) AS p, COUNT(DISTINCT id) AS di, COUNT(DISTINCT pid) AS dp FROM {LEFT}",
    f"SELECT ward, COUNT(*) AS n, COUNT(cost) AS k, COUNT(DISTINCT pid) AS p FROM {LEFT} GROUP BY ward",
    f"SELECT sex, COUNT(*) AS n, SUM(days) AS d FROM {LEFT} AND visits.days > 1 AND members.age > 2 GROUP BY sex",
    f"SELECT COUNT(*) AS n, COUNT(pid) AS k FROM {LEFT} AND members.region = visits.region",
    f"SELECT COUNT(*) AS n FROM {LEFT} WHERE days IS NULL",
    f"SELECT COUNT(*) AS n FROM {LEFT} WHERE pid IS NULL AND sex = 'f'",
    f"SELECT COUNT(*) AS n FROM {LEFT} WHERE pid IS NOT NULL AND days IS NULL",
    f"SELECT COUNT(*) AS n FROM {LEFT} WHERE NOT (days > 2)",
    f"SELECT COUNT(*) AS n FROM {LEFT} WHERE CASE WHEN days IS NULL THEN TRUE ELSE days > 2 END",
    f"SELECT pid IS NULL AS missing, COUNT(*) AS n FROM {LEFT} GROUP BY missing",
    "SELECT ward, COUNT(*) AS n, COUNT(DISTINCT id) AS p FROM visits LEFT JOIN members ON pid = id WHERE sex IS NULL GROUP BY ward",
    "SELECT ward, COUNT(*) AS n, COUNT(DISTINCT CASE WHEN cost > 0 THEN pid END) AS p FROM members m, visits v WHERE id = pid GROUP BY ALL",
    "SELECT sex, COUNT(*) AS n, COUNT(DISTINCT v.pid) AS p FROM members m, visits v WHERE id = pid GROUP BY ROLLUP (sex)",
    "SELECT ward, COUNT(*) AS n, COUNT(DISTINCT pid) AS p FROM visits GROUP BY ROLLUP (ward)",
    "SELECT size, coast, COUNT(*) AS n FROM members JOIN regions ON members.region = regions.region GROUP BY size, coast",
    "SELECT size, COUNT(*) AS n FROM members m LEFT JOIN regions r ON m.region = r.region AND age > 2 AND coast GROUP BY size",
    "SELECT sex, COUNT(*) AS n, COUNT(r.region) AS k FROM members m LEFT JOIN regions r ON r.region = m.region AND size > age GROUP BY sex",
    "SELECT coast, COUNT(*) AS n FROM members m JOIN regions r ON m.region = r.region AND (age > 2 OR size IS NULL) GROUP BY coast",
    "SELECT size, COUNT(*) AS n, COUNT(size) AS k FROM members LEFT JOIN regions USING (region) GROUP BY size",
    "SELECT region, COUNT(*) AS n, SUM(size) AS s FROM members JOIN regions USING (region) WHERE coast OR size IS NULL GROUP BY region",
    "SELECT shift, COUNT(*) AS n, COUNT(DISTINCT pid) AS p, SUM(cost) AS c FROM visits JOIN rota USING (ward) GROUP BY shift",
    "SELECT shift, COUNT(*) AS n, SUM(days) AS c FROM visits LEFT JOIN rota ON rota.ward = visits.ward GROUP BY shift",
    (
        f"WITH v AS (SELECT pid, SUM(cost) AS c, COUNT(*) AS k, MAX(days) AS d, MIN(days) AS w FROM {V} GROUP BY pid)"
        " SELECT COUNT(*) AS n, SUM(c) AS s, SUM(k) AS k, SUM(d - w) AS d FROM v WHERE k > 1 OR c IS NULL"
    ),
    f"SELECT k, COUNT(*) AS n FROM (SELECT pid, COUNT(days) AS k FROM {V} GROUP BY pid) AS v GROUP BY k",
    f"SELECT sex, k, COUNT(*) AS n FROM {M} LEFT JOIN (SELECT pid, COUNT(*) AS k FROM {V} GROUP BY pid) AS v ON id = pid GROUP BY sex, k",
    f"SELECT w, COUNT(*) AS n FROM (SELECT pid, ward AS w FROM {V} GROUP BY pid, ward HAVING SUM(days) > 2) AS v GROUP BY w",
    f"SELECT w, COUNT(*) AS n FROM (SELECT pid, MIN(days) AS w FROM {V} WHERE days > 0 GROUP BY pid) AS v GROUP BY w",
    f"SELECT SUM(flag) AS s, COUNT(*) AS n FROM (SELECT id, CASE WHEN age > 3 THEN 1 ELSE 0 END AS flag FROM {M}) AS q",
    f"SELECT x, COUNT(*) AS n FROM {M} JOIN (SELECT pid, ward IS NULL AS x FROM {V}) AS q ON q.pid = members.id GROUP BY x",
    f"SELECT x, COUNT(*) AS n FROM {M} LEFT JOIN (SELECT pid, ward IS NULL AS x FROM {V}) AS q ON q.pid = members.id GROUP BY x",
    f"SELECT x, COUNT(*) AS n FROM {M} LEFT JOIN (SELECT pid, CASE WHEN days > 2 THEN 1 ELSE 0 END AS x FROM {V}) ON pid = id GROUP BY 1",
]

Value: TypeAlias = "Fraction | str | None"
Rows: TypeAlias = "list[tuple[Value, ...]]"


def kinds(dataset: str) -> dict[str, ColumnType]:
    """Return what the columns of a dataset are."""
    return {name: column_type(column) for name, column in CONTRACT.datasets[dataset].columns.items()}


@cache
def data() -> dict[str, list[dict[str, Scalar]]]:
    """Return admitted rows: values in whole units, each missing now and then; persons of one table, of the other and of both."""
    draw, again = random.Random(20261122), random.Random(20261127)

    def value(kind: ColumnType) -> Scalar:
        if kind.kind is Kind.TIMESTAMP:
            return again.choice([None, *(again.randrange(kind.low or 0, kind.high or 0) for _ in range(4))])
        if draw.random() < 0.2:
            return None
        if kind.kind is Kind.BOOLEAN:
            return draw.random() < 0.5
        if kind.low is not None and kind.high is not None:
            return draw.randrange(kind.low, kind.high + 1, kind.step)
        return draw.choice(kind.values or NOTES[1:])

    def row(dataset: str, person: int) -> dict[str, Scalar]:
        return {"person": f"p{person}", **{name: value(kind) for name, kind in kinds(dataset).items()}}

    visits = [row(V, person) for person in range(25, 95) for _ in range(draw.randrange(7))]
    return {M: [row(M, person) for person in range(70)], V: visits, **PUBLIC}


@cache
def tables() -> dict[str, ListTable]:
    """Return the rows as the engine reads them."""
    return {
        name: ListTable(
            rows, {n: kind.kind for n, kind in kinds(name).items()}, salt=name.encode() * (name in PERSONS), private=name in PERSONS
        )
        for name, rows in data().items()
    }


@cache
def plain() -> duckdb.DuckDBPyConnection:
    """Return a database with the rows as tables of ordinary types."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET ieee_floating_point_ops = false; SET error_on_division_by_zero = false")
    names = {Kind.INTEGER: "INTEGER", Kind.TEXT: "TEXT", Kind.BOOLEAN: "BOOLEAN", Kind.DATE: "DATE", Kind.TIMESTAMP: "TIMESTAMP"}
    for dataset, rows in data().items():
        types = {name: names.get(kind.kind, f"DECIMAL(18, {kind.digits})") for name, kind in kinds(dataset).items()}
        person = {PERSONS[dataset]: "TEXT"} if dataset in PERSONS else {}
        columns = ", ".join(f"{name} {type_}" for name, type_ in {**person, **types}.items())
        connection.execute(f"CREATE TABLE {dataset} ({columns})")
        for row in rows:
            values = [*([row["person"]] if person else []), *(ordinary(row[name], kind) for name, kind in kinds(dataset).items())]
            connection.execute(f"INSERT INTO {dataset} VALUES ({', '.join('?' * len(values))})", values)
    return connection


def ordinary(value: Scalar, kind: ColumnType) -> object:
    """Return a stored value as what it stands for."""
    if kind.kind is Kind.DATE and isinstance(value, int):
        return EPOCH + datetime.timedelta(days=value)
    if kind.kind is Kind.TIMESTAMP and isinstance(value, int):
        return datetime.datetime.fromtimestamp(value, datetime.UTC).replace(tzinfo=None)
    return Decimal(value).scaleb(-kind.digits) if kind.kind is Kind.DECIMAL and isinstance(value, int) else value


def ours(sql: str) -> Table:
    """Return the table that a question would have without noise."""
    question = Question(contract=digest_of(CONTRACT), sql=sql, terms=Terms(epsilon=1.0), asked_by="a")
    compiled = compile_question(CONTRACT, question)
    leaves = DuckdbEngine(threads=1).measure_exactly(compiled.plan, tables())
    return finish(compiled.plan, compiled.headings, without_noise(compiled.plan, leaves))


MIDNIGHT = " 00:00:00"
"""What DuckDB writes behind a date that it makes a timestamp."""


def our_rows(table: Table) -> Rows:
    """Return rows that somebody is in."""
    count = [heading.name for heading in table.headings].index("n")
    numbers = {Kind.INTEGER, Kind.DECIMAL}

    def read(text: str | None, kind: Kind) -> Value:
        if text is None:
            return None
        return Fraction(text) if kind in numbers else text.removesuffix(MIDNIGHT)

    rows = [tuple(read(cell.value, heading.kind) for cell, heading in zip(row, table.headings, strict=True)) for row in table.rows]
    return [row for row in rows if row[count] != 0 or len(table.rows) == 1]


def their_rows(sql: str) -> Rows:
    """Return DuckDB's rows."""

    def read(value: Any) -> Value:  # noqa: ANN401 - whatever DuckDB returns
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float | Decimal):
            return Fraction(value)
        return str(value).removesuffix(MIDNIGHT) if isinstance(value, datetime.date) else value

    return [tuple(read(value) for value in row) for row in plain().execute(sql).fetchall()]


def settled(rows: Rows, table: Table, theirs: Rows) -> Rows:
    """Return rows with what differs on purpose made equal: sums of nothing, and the decimal places of averages and quotients."""
    digits = {n: max((len((row[n].value or "").partition(".")[2]) for row in table.rows), default=0) for n in range(len(table.headings))}

    def settle(value: Value, n: int) -> Value:
        heading = table.headings[n]
        if heading.noisy and heading.kind in {Kind.INTEGER, Kind.DECIMAL}:
            nothing = all(row[n] is None for row in theirs)
            return None if nothing else round(Fraction(value or 0), max(digits[n] - 1, 0))
        return value

    return [tuple(settle(value, n) for n, value in enumerate(row)) for row in rows]


@pytest.mark.parametrize("sql", QUESTIONS)
def test_the_same_cells_as_plain_duckdb(sql: str) -> None:
    check_same_cells(sql)


def check_same_cells(sql: str) -> None:
    """Compare a question's cells with plain DuckDB's."""
    table, theirs = ours(sql), their_rows(sql)
    mine, wanted = settled(our_rows(table), table, theirs), settled(theirs, table, theirs)
    assert Counter(mine) == Counter(wanted)
    if "ORDER BY" in sql:
        assert mine == wanted
