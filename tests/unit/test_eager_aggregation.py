"""Which questions are added up before they are joined: those whose values are read on one side of the join, and whose keys on the other."""

from __future__ import annotations

import pytest

from stillroom.adapters.engine.eager_aggregation import aggregated_eagerly
from stillroom.model.expression import columns_of
from stillroom.model.relation import Join, PerPerson
from tests.questions import compiled

ON = "JOIN visits ON id = pid"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"SELECT gender, COUNT(*), SUM(cost), AVG(cost) FROM members {ON} GROUP BY gender", "visits"),
        (f"SELECT SUM(cost) FROM members {ON}", "visits"),
        (f"SELECT gender, SUM(cost) FROM members {ON} WHERE cost > 5 AND gender = 'F' GROUP BY gender", "visits"),
        ("SELECT gender, SUM(cost) FROM visits LEFT JOIN members ON id = pid GROUP BY gender", "visits"),
        (f"SELECT ward, SUM(age) FROM members {ON} GROUP BY ward", "members"),
        ("SELECT gender, COUNT(*), SUM(cost) FROM members LEFT JOIN visits ON id = pid GROUP BY gender", None),
        (f"SELECT gender, ward, SUM(cost) FROM members {ON} GROUP BY gender, ward", None),
        (f"SELECT gender, SUM(cost * age) FROM members {ON} GROUP BY gender", None),
        (f"SELECT gender, SUM(cost), SUM(age) FROM members {ON} GROUP BY gender", None),
        (f"SELECT gender, COUNT(DISTINCT cost) FROM members {ON} GROUP BY gender", None),
        (f"SELECT gender, SUM(cost) FROM members {ON} WHERE cost > age GROUP BY gender", None),
        ("SELECT gender, SUM(cost) FROM members FULL JOIN visits ON id = pid GROUP BY gender", None),
        ("SELECT gender, SUM(cost) FROM members LEFT JOIN visits ON id = pid AND cost > age GROUP BY gender", None),
    ],
)
def test_one_side_is_added_up_where_the_other_has_the_keys(sql: str, expected: str | None) -> None:
    plan = aggregated_eagerly(compiled(sql).plan)
    if expected is None:
        assert plan == compiled(sql).plan
        return
    assert isinstance(plan.rows, Join)
    added = [one for one in (plan.rows.left, plan.rows.right) if isinstance(one, PerPerson)]
    assert len(added) == 1
    assert expected in str(added[0].source)


def test_everything_but_rows_and_values_stays() -> None:
    before = compiled(f"SELECT gender, COUNT(*), SUM(cost) FROM members {ON} GROUP BY gender").plan.model_copy(update={"lone": ()})
    after = aggregated_eagerly(before)
    back = {
        "rows": before.rows,
        "measures": tuple(b.model_copy(update={"value": a.value}) for a, b in zip(before.measures, after.measures, strict=True)),
    }
    assert after.model_copy(update=back) == before


def test_totals_have_names_that_no_dataset_can_have() -> None:
    """A dataset of any name may have columns of any name; and the compiler's own begin with the name of a dataset."""
    plan = aggregated_eagerly(compiled(f"SELECT gender, SUM(cost) FROM members {ON} GROUP BY gender").plan)
    names = {name for measure in plan.measures for name in columns_of(measure.value)}
    assert names
    assert not any(name.partition(".")[0].isidentifier() for name in names)


def test_where_nobody_has_two_rows_on_the_other_side_none_has_more_behind_the_join() -> None:
    before = compiled(f"SELECT gender, COUNT(*), SUM(cost) FROM members {ON} GROUP BY gender").plan
    after = aggregated_eagerly(before)
    assert before.lone == ("members",)
    rows = before.bounds.rows
    assert rows > 1 == after.bounds.rows
    assert [(one.row_low, one.row_high) for one in after.measures] == [(rows * one.row_low, rows * one.row_high) for one in before.measures]
    assert [(one.low, one.high) for one in after.measures] == [(one.low, one.high) for one in before.measures]
