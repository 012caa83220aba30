"""Two releases join on their keys; noisy columns keep their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stillroom.client.joined import checked, joined
from stillroom.errors import Code, InvalidInput
from stillroom.query.table.finish import finish
from tests.marginals import without_noise
from tests.questions import compiled

if TYPE_CHECKING:
    from stillroom.model.release import Table


def table(sql: str, *cells: int) -> Table:
    """Return a table of noisy cells, every measure the same."""
    question = compiled(sql)
    return finish(question.plan, question.headings, without_noise(question.plan, (cells,) * len(question.plan.measures)))


def values(found: Table) -> list[list[str | None]]:
    return [[cell.value for cell in row] for row in found.rows]


COUNTS = table("SELECT region, COUNT(*) AS n FROM members GROUP BY ROLLUP (region)", 1, 2, 3)
SUMS = table(
    "SELECT region, SUM(age) AS n, MAX(region) OVER () AS top FROM members GROUP BY ROLLUP (region) HAVING region <> 'n' OR region IS NULL",
    4,
    5,
    6,
)


@pytest.mark.parametrize("how", ["cross", "right", "", "INNER"])
def test_other_joins_are_refused_and_not_taken_for_a_left_one(how: Any) -> None:  # noqa: ANN401 - no word of a join
    with pytest.raises(InvalidInput, match="joined inner, left or full"):
        joined(COUNTS, SUMS, ["region"], how)


def test_a_null_group_meets_a_null_group_and_a_total_a_total() -> None:
    found = joined(COUNTS, SUMS, ["region"], "inner").released
    assert values(found) == [["s", "2", "5", "s"], [None, "3", "6", "s"], [None, "6", "15", "s"]]
    assert [row[0].totalled for row in found.rows] == [False, False, True]
    assert [heading.name for heading in found.headings] == ["region", "n", "n_2", "top"]


def test_intervals_stay_as_they_are() -> None:
    found = joined(COUNTS, SUMS, ["region"], "inner").released
    assert [row[1] for row in found.rows] == [row[1] for row in COUNTS.rows[1:]]
    assert [row[2] for row in found.rows] == [row[1] for row in SUMS.rows]


def test_rows_that_meet_none_stay_where_that_is_asked() -> None:
    assert values(joined(COUNTS, SUMS, ["region"], "left").released)[0] == ["n", "1", None, None]
    assert values(joined(SUMS, COUNTS, ["region"], "full").released)[-1] == ["n", None, None, "1"]
    assert len(joined(SUMS, COUNTS, ["region"], "left").released.rows) == 3


def test_all_common_keys_are_joined_on_unless_some_are_named() -> None:
    wide = table("SELECT gender, region, COUNT(*) AS c FROM members GROUP BY gender, region", 1, 2, 3, 4, 5, 6)
    other = table("SELECT region, gender, SUM(age) AS s FROM members GROUP BY region, gender", 1, 2, 3, 4, 5, 6)
    found = joined(wide, other, None, "inner").released
    assert [heading.name for heading in found.headings] == ["gender", "region", "c", "s"]
    assert values(found)[1] == ["F", "s", "2", "3"]
    assert values(joined(wide, COUNTS, None, "inner").released)[3] == ["M", "n", "4", "1"]


def test_numbers_are_the_same_whatever_their_places() -> None:
    whole = table(
        "SELECT age >= 50 AS old, CASE WHEN age >= 50 THEN 1 ELSE 2 END AS k, COUNT(*) AS n FROM members GROUP BY 1, 2", 1, 2, 3, 4
    )
    fine = table("SELECT CASE WHEN age >= 50 THEN 1.00 ELSE 2.50 END AS k, COUNT(*) AS m FROM members GROUP BY k", 5, 6)
    assert {tuple(row[1:]) for row in values(joined(whole, fine, ["k"], "inner").released)} >= {("1", "1", "5")}


def test_a_joined_table_is_one_for_arrow_and_notebooks() -> None:
    found = joined(COUNTS, SUMS, None, "left")
    assert found.table.column_names == ["region", "region_totalled", "n", "n_low", "n_high", "n_2", "n_2_low", "n_2_high", "top"]
    assert found.table.num_rows == 4
    assert found._repr_html_().count("<tr>") == 5


@pytest.mark.parametrize(
    ("left", "right", "on", "code"),
    [
        (COUNTS, SUMS, ["n"], Code.COLUMN_UNKNOWN),
        (COUNTS, SUMS, ["gender"], Code.COLUMN_UNKNOWN),
        (COUNTS, table("SELECT COUNT(*) FROM members", 1), None, Code.COLUMN_UNKNOWN),
        (COUNTS, table("SELECT gender, region, COUNT(*) FROM members GROUP BY 1, 2", *range(6)), ["region"], Code.COLUMN_AMBIGUOUS),
        (COUNTS, table("SELECT age AS region, COUNT(*) FROM members GROUP BY age", *range(79)), None, Code.TYPE_MISMATCH),
    ],
)
def test_what_does_not_join_is_refused(left: Table, right: Table, on: Any, code: Code) -> None:  # noqa: ANN401
    with pytest.raises(InvalidInput) as refused:
        joined(left, right, on, "inner")
    assert refused.value.code == code


def test_how_is_one_of_three_words() -> None:
    assert checked("full") == "full"
    with pytest.raises(InvalidInput):
        checked("cross")
