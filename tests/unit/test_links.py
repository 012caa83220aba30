"""Whose codes of persons a plan is run with."""

from __future__ import annotations

import pytest

from stillroom.adapters.engine.links import base_of
from tests.questions import compiled


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("members JOIN visits ON id = pid", "visits"),
        ("visits JOIN members ON id = pid", "visits"),
        ("members LEFT JOIN visits ON id = pid", "members"),
        ("visits LEFT JOIN members ON id = pid", "visits"),
        ("members FULL JOIN visits ON id = pid", None),
    ],
)
def test_the_table_with_several_rows_for_each_person_keeps_its_codes_if_everybody_is_there(rows: str, expected: str | None) -> None:
    plan = compiled(f"SELECT gender, COUNT(*) FROM {rows} GROUP BY gender").plan
    assert plan.lone == ("members",)
    assert base_of(plan.whole, plan.lone) == expected


def test_of_tables_alike_the_first_by_name_keeps_its_codes() -> None:
    plan = compiled("SELECT gender, COUNT(*) FROM visits JOIN members ON id = pid GROUP BY gender").plan
    assert base_of(plan.whole) == base_of(plan.whole, ("members", "visits")) == "members"
