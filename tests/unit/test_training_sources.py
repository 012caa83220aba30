"""Sources of a training: what columns become features, and what is refused."""

from __future__ import annotations

import pytest

from stillroom.errors import Code, StillroomError
from stillroom.model.training import Source
from tests.training import source


def ranges(sql: str) -> dict[str, tuple[int, int, int]]:
    """Return the range and the digits of each feature."""
    return {one.name: (one.low, one.high, one.digits) for one in source(sql).features}


def test_each_type_of_column_becomes_a_feature_with_the_bounds_of_the_contract() -> None:
    found = source("SELECT age, bmi, sex, smoker, grade, ill FROM visits")
    assert [(one.name, one.low, one.high, one.digits, one.values) for one in (*found.features, found.label)] == [
        ("age", 18, 90, 0, ()),
        ("bmi", 100, 600, 1, ()),
        ("sex", 0, 1, 0, ("f", "m")),
        ("smoker", 0, 1, 0, (False, True)),
        ("grade", 1, 3, 0, ()),
        ("ill", 0, 1, 0, (False, True)),
    ]
    assert [one.measure for one in (*found.features, found.label)] == list(range(6))


def test_a_label_may_be_text() -> None:
    assert source("SELECT age, sex FROM visits", "sex").label.values == ("f", "m")


def test_expressions_have_the_bounds_that_follow() -> None:
    assert ranges("SELECT bmi * bmi AS square, EXTRACT(YEAR FROM since) AS year, LEAST(age, 50) AS young, ill FROM visits") == {
        "square": (10_000, 360_000, 2),
        "year": (2020, 2025, 0),
        "young": (18, 50, 0),
    }
    assert ranges("SELECT COUNT(*) AS n, MAX(CASE WHEN ill THEN 1 ELSE 0 END) AS ill FROM visits GROUP BY pid") == {"n": (0, 3, 0)}


def test_one_column_may_stand_twice_and_have_any_name() -> None:
    found = source('SELECT age, age AS "a b""; x", ill FROM visits')
    assert [one.measure for one in found.features] == [0, 0]
    assert found.features[1].name == 'a b"; x'


REFUSED = {
    "SELECT age FROM visits": Code.COLUMN_UNKNOWN,
    "SELECT ill FROM visits": Code.COLUMN_UNKNOWN,
    "SELECT pid, ill FROM visits": Code.COLUMN_UNKNOWN,
    "SELECT ward, ill FROM visits": Code.COLUMN_USE_NOT_ALLOWED,
    "SELECT since, ill FROM visits": Code.TYPE_MISMATCH,
    "SELECT note, ill FROM visits": Code.TYPE_MISMATCH,
    "SELECT NULL AS nothing, ill FROM visits": Code.TYPE_MISMATCH,
    "SELECT age, since AS ill FROM visits": Code.TYPE_MISMATCH,
    "SELECT age, ill FROM members": Code.OWNER_ONLY,
    "SELECT visits.age, visits.ill FROM visits JOIN members ON visits.pid = members.id": Code.OWNER_ONLY,
    "SELECT COUNT(*) AS n, COUNT(*) AS ill FROM visits": Code.PERSON_LOST,
    "SELECT age, ill FROM visits ORDER BY age": Code.CLAUSE_NOT_ALLOWED,
    "SELECT age, ill FROM visits LIMIT 5": Code.CLAUSE_NOT_ALLOWED,
    "SELECT age, random() AS noise, ill FROM visits": Code.FUNCTION_NOT_ALLOWED,
    "DROP TABLE visits": Code.STATEMENT_NOT_ALLOWED,
    "SELECT age, ill FROM 'file.csv'": Code.DATASET_UNKNOWN,
    "SELECT 9007199254740000 * age AS huge, ill FROM visits": Code.BOUND_TOO_LARGE,
    f"SELECT {', '.join(f'age + {number} AS a{number}' for number in range(200))}, ill FROM visits": Code.TOO_MANY_CELLS,
}


@pytest.mark.parametrize(("sql", "code"), REFUSED.items(), ids=[f"{code}-{number}" for number, code in enumerate(REFUSED.values())])
def test_what_no_model_takes_is_refused(sql: str, code: Code) -> None:
    with pytest.raises(StillroomError) as refusal:
        source(sql)
    assert refusal.value.code is code
    assert refusal.value.fix


def test_a_feature_is_a_measure_of_the_plan() -> None:
    found = source("SELECT age, ill FROM visits")
    stray = found.features[0].model_copy(update={"measure": 2})
    with pytest.raises(ValueError, match="measure"):
        Source(plan=found.plan, features=(stray,), label=found.label)
