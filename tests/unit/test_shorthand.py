"""Other spellings of what can be asked: each has the plan of the longer one."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.client.parameters import written
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.privacy.words import chance_words
from tests.questions import compiled

if TYPE_CHECKING:
    from stillroom.model.question import Parameter

SAME = [
    ("SELECT gender, COUNT(*) FROM members GROUP BY ALL", "SELECT gender, COUNT(*) FROM members GROUP BY gender"),
    (
        "SELECT UPPER(gender) AS g, 1 AS one, COUNT(*) / 2 AS n, region FROM members GROUP BY ALL",
        "SELECT UPPER(gender) AS g, 1 AS one, COUNT(*) / 2 AS n, region FROM members GROUP BY UPPER(gender), region",
    ),
    ("SELECT COUNT(*) FROM members GROUP BY ALL", "SELECT COUNT(*) FROM members"),
    (
        "SELECT n, COUNT(*) FROM (SELECT pid, COUNT(*) AS n FROM visits GROUP BY ALL) GROUP BY ALL",
        "SELECT n, COUNT(*) FROM (SELECT pid, COUNT(*) AS n FROM visits GROUP BY pid) GROUP BY n",
    ),
    (
        "SELECT ward, COUNT(*) FROM visits GROUP BY ward ORDER BY 2 FETCH FIRST 2 ROWS ONLY",
        "SELECT ward, COUNT(*) FROM visits GROUP BY ward ORDER BY 2 LIMIT 2",
    ),
    (
        "SELECT COUNT(DISTINCT CASE WHEN age > 50 THEN id END) FROM members",
        "SELECT COUNT(DISTINCT id) FILTER (WHERE age > 50) FROM members",
    ),
    (
        "SELECT COUNT(CASE ward WHEN 'x' THEN pid ELSE NULL END) FILTER (WHERE cost > 3) FROM visits",
        "SELECT COUNT(pid) FILTER (WHERE cost > 3 AND ward = 'x') FROM visits",
    ),
    (
        "SELECT COUNT(*) FROM members m, visits v WHERE v.pid = m.id AND cost > 3",
        "SELECT COUNT(*) FROM members m JOIN visits v ON v.pid = m.id WHERE cost > 3",
    ),
    (
        "SELECT COUNT(*) FROM members, visits v LEFT JOIN trips t ON v.pid = t.pid WHERE id = v.pid",
        "SELECT COUNT(*) FROM members JOIN visits v ON id = v.pid LEFT JOIN trips t ON v.pid = t.pid",
    ),
    ("SELECT SUM(CAST(cost AS BIGINT)) FROM visits", "SELECT SUM(ROUND(cost)) FROM visits"),
    ("SELECT CAST(SUM(cost) AS BIGINT) AS s FROM visits", "SELECT CAST(SUM(cost) AS INTEGER) AS s FROM visits"),
    ("SELECT SUM(CAST(age AS SMALLINT)) FROM members", "SELECT SUM(age) FROM members"),
    (
        "SELECT COUNT(*) FROM visits WHERE cost BETWEEN SYMMETRIC 90 AND 5",
        "SELECT COUNT(*) FROM visits WHERE (cost BETWEEN 90 AND 5) OR (cost BETWEEN 5 AND 90)",
    ),
    ("SELECT COUNT(*) FROM visits WHERE (cost > 3) IS NOT UNKNOWN", "SELECT COUNT(*) FROM visits WHERE (cost > 3) IS NOT NULL"),
    (
        "SELECT COUNT(*) FROM (SELECT DISTINCT ON (pid) pid AS p, -cost AS cost FROM visits ORDER BY visits.pid, p, cost DESC, ward)",
        "SELECT COUNT(*) FROM (SELECT pid, -cost AS c FROM visits QUALIFY ROW_NUMBER() OVER (PARTITION BY pid ORDER BY c DESC, ward) = 1)",
    ),
    (
        "SELECT COUNT(*) FROM members SEMI JOIN visits ON id = pid AND cost > 3 JOIN trips ON id = trips.pid",
        "SELECT COUNT(*) FROM members JOIN trips ON id = trips.pid WHERE EXISTS (SELECT 1 FROM visits WHERE id = visits.pid AND cost > 3)",
    ),
    ("SELECT COUNT(*) FROM members ANTI JOIN visits ON id = pid", "SELECT COUNT(*) FROM members WHERE id NOT IN (SELECT pid FROM visits)"),
    (
        "SELECT ward, COUNT(*) FROM (SELECT v.* FROM visits v) GROUP BY ward",
        "SELECT ward, COUNT(*) FROM (SELECT * FROM visits) GROUP BY ward",
    ),
    (
        "SELECT COUNT(*) FROM members m WHERE (SELECT SUM(cost) FROM visits v WHERE v.pid = m.id) > 3",
        "SELECT COUNT(*) FROM members m LEFT JOIN (SELECT pid, SUM(cost) AS s FROM visits GROUP BY pid) v ON v.pid = m.id WHERE s > 3",
    ),
    (
        "SELECT COUNT_IF(a), COUNT_IF(b) FROM (SELECT pid, BOOL_OR(cost > 3) AS a, BOOL_AND(cost > 3) AS b FROM visits GROUP BY pid)",
        "SELECT COUNT_IF(a), COUNT_IF(b) FROM (SELECT pid, MAX(cost > 3) AS a, MIN(cost > 3) AS b FROM visits GROUP BY pid)",
    ),
    (
        "SELECT (SELECT beds > 2 FROM wards w WHERE w.ward = v.ward) AS large, COUNT(*) FROM visits v GROUP BY large",
        (
            "SELECT CASE WHEN w IS NULL THEN NULL ELSE b > 2 END AS l, COUNT(*) FROM visits v "
            "LEFT JOIN (SELECT ward AS w, beds AS b FROM wards) ON w = v.ward GROUP BY l"
        ),
    ),
]


@pytest.mark.parametrize(("short", "long"), SAME)
def test_a_shorter_spelling_has_the_plan_of_the_longer_one(short: str, long: str) -> None:
    assert compiled(short).plan == compiled(long).plan


@pytest.mark.parametrize(
    ("sql", "code", "fix"),
    [
        ("SELECT * FROM members GROUP BY ALL", Code.CLAUSE_NOT_ALLOWED, "count their places"),
        ("SELECT ward, COUNT(*) / (SELECT COUNT(*) FROM visits) FROM visits GROUP BY ward", Code.SUBQUERY_NOT_ALLOWED, "share of all"),
        ("SELECT QUANTILE_CONT(age, [0.25, 0.5]) FROM members", Code.EXPRESSION_NOT_ALLOWED, "one QUANTILE_CONT for each"),
        ("SELECT COUNT(*) FROM members WHERE TRIM(region, 'x') = 'n'", Code.CLAUSE_NOT_ALLOWED, "STARTS_WITH"),
        ("SELECT SUM(CAST(region AS BIGINT)) FROM members", Code.EXPRESSION_NOT_ALLOWED, "DECIMAL"),
        ("SELECT COUNT(*) FROM members, visits", Code.JOIN_WITHOUT_PERSON, "equate the persons"),
        ("SELECT COUNT(*) FROM members, visits WHERE age = cost", Code.JOIN_WITHOUT_PERSON, "Add ON"),
        ("SELECT COUNT(*) FROM members m, visits v RIGHT JOIN trips t USING (pid) WHERE id = v.pid", Code.JOIN_WITHOUT_PERSON, "inner"),
    ],
)
def test_a_refusal_names_the_way_around(sql: str, code: Code, fix: str) -> None:
    with pytest.raises(Refusal, match=fix) as refused:
        compiled(sql)
    assert refused.value.code is code


def test_commas_count_as_joins() -> None:
    tables = ", ".join(f"members m{number}" for number in range(14))
    with pytest.raises(Refusal, match="more than 12 joins"):
        compiled(f"SELECT COUNT(*) FROM {tables}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.datetime(2024, 2, 29, 8, 15), "2024-02-29 08:15:00"),  # noqa: DTZ001 - times of data have no zone
        ("x", "x"),
        (3, 3),
    ],
)
def test_dates_are_parameters(value: Any, text: Parameter) -> None:  # noqa: ANN401 - as people give them
    assert written({"d": value}) == {"d": text}


@pytest.mark.parametrize(
    "value",
    [datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2024, 1, 1, microsecond=1)],  # noqa: DTZ001 - as above
)
def test_times_that_no_timestamp_has_are_none(value: datetime.datetime) -> None:
    with pytest.raises(InvalidInput, match="whole seconds"):
        written({"d": value})


def test_chances_are_never_powers_of_ten() -> None:
    assert [chance_words(one) for one in (0.012, 0.5, 0.9949, 0.9951, 1.0)] == ["1.2 %", "50 %", "99 %", "over 99 %", "over 99 %"]
