"""How a story reads a released table, and how it compares one with the truth: it must be able to say that something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.cli.stories.numbers import by_key, noisy_tables, sums, true_totals, with_error
from stillroom.cli.stories.truth import compare, lines, listed
from stillroom.demo_data.synthetic import write
from stillroom.model.release import Cell, Heading, Table
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from pathlib import Path

PARTS: dict[tuple[str, ...], int] = {("a", "x"): 5, ("a", "y"): 7, ("a", "z"): -1, ("b", "x"): 2, ("b", "y"): 0, ("b", "z"): 30}
FILE = "SELECT 'a' AS k, 'x' AS l FROM range(4) UNION ALL SELECT 'b', 'z' FROM range(40)"


def noisy(value: float, half: int = 3) -> Cell:
    return Cell(str(value), str(value - half), str(value + half))


def released(grand: int) -> Table:
    headings = [Heading(name=name, kind=Kind.TEXT, noisy=False) for name in ("k", "l")]
    leaves = [(Cell(first), Cell(second), noisy(number)) for (first, second), number in PARTS.items()]
    rest = Cell(None, totalled=True)
    totals = [(Cell("a"), rest, noisy(11)), (Cell("b"), rest, noisy(32)), (rest, rest, noisy(grand))]
    return Table(headings=(*headings, Heading(name="n", kind=Kind.INTEGER, noisy=True)), rows=(*leaves, *totals))


def test_totals_are_counted_that_are_the_sums_of_their_parts() -> None:
    assert sums(released(43)) == "3 of 3 totals are the sums of their parts: 5 + 7 + -1 = 11."
    assert sums(released(44)).startswith("2 of 3 totals")


def test_true_totals_add_up_the_leaves_that_they_stand_for() -> None:
    found = true_totals(PARTS, list(by_key(released(43))))
    assert (found["a", None], found["b", None], found[None, None], found["a", "y"]) == (11, 32, 43, 7)


def test_a_release_is_one_table_for_each_choice_of_keys() -> None:
    found = {table.attributes: table.cells for table in noisy_tables(released(43), ("k", "l"))}
    assert {attributes: len(cells) for attributes, cells in found.items()} == {("k", "l"): 6, ("k",): 2, (): 1}
    assert (found["k",]["a",].low, found["k",]["a",].value, found["k",]["a",].high) == (8, 11, 14)


def test_a_comparison_counts_intervals_that_miss_and_takes_empty_groups_for_zeros(tmp_path: Path) -> None:
    people = write(tmp_path / "people.parquet", FILE)
    question = "SELECT k, l, COUNT(*) FROM people GROUP BY ROLLUP (k, l)"
    found = compare(released(43), question, {"people": people})
    # Truth: a x 4, b z 40, all others 0; a 4, b 40, all 44. The intervals of a y, b z, a and b miss it.
    assert (found.cells, found.right) == (9, 5)
    assert found.median == pytest.approx(0.25)
    assert str(found) == "5 of 9 intervals hold the truth; median relative error 25 %"


def test_numbers_are_shown_with_as_many_digits_as_are_of_use() -> None:
    table = released(43)
    assert lines(table, ("k", "l", "people"))[1::6] == ["a     x      5 ± 3", "a     all   11 ± 3"]
    assert with_error(table.rows[0][2]) == "5 ± 3 "
    rate = Cell("6.9471", "6.8971", "6.9971")
    assert listed(Table(headings=(Heading(name="r", kind=Kind.DECIMAL, noisy=True),), rows=((rate,),)), ("rate",)) == ["rate   6.95 ± 0.05"]
