"""Thresholded tables and the attack on them: the bounds against enumeration, and what the attack finds on the demonstration's patients."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.audit.solver import Fact, System
from stillroom.audit.tables import Attributes, Deduction, Key, Margin, Range, Row, publish, publish_counts, recover
from stillroom.demo_data import DOMAINS, joined
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SMALL = {"sex": ("f", "m"), "sick": ("no", "yes")}
CUBE = {"a": ("0", "1"), "b": ("0", "1"), "c": ("0", "1")}


def people(counts: dict[Key, int], attributes: Sequence[str]) -> list[dict[str, str]]:
    return [dict(zip(attributes, key, strict=True)) for key, count in counts.items() for _ in range(count)]


def exactly(count: int) -> Range:
    return Range(count, count)


def by_cell(cells: Sequence[Deduction]) -> dict[tuple[Attributes, Key], Range]:
    return {(cell.attributes, cell.key): cell.deduced for cell in cells}


# ------------------------------------------------------------------------------------------------------------- publish


def test_cells_under_the_threshold_are_blanked_and_zeros_are_shown() -> None:
    rows = people({("f", "no"): 12, ("f", "yes"): 3, ("m", "no"): 10, ("m", "yes"): 0}, tuple(SMALL))

    tables = {margin.attributes: margin.cells for margin in publish(rows, SMALL, ways=(1, 2), threshold=10)}

    assert tables == {
        ("sex",): {("f",): exactly(15), ("m",): exactly(10)},
        ("sick",): {("no",): exactly(22), ("yes",): Range(1, 9)},
        ("sex", "sick"): {("f", "no"): exactly(12), ("f", "yes"): Range(1, 9), ("m", "no"): exactly(10), ("m", "yes"): exactly(0)},
    }


def test_people_who_are_counted_already_give_the_same_tables() -> None:
    counts: dict[Key, int] = {("f", "no"): 12, ("f", "yes"): 3, ("m", "no"): 10}
    tables = publish_counts(counts, SMALL, ways=(0, 1, 2), threshold=10)
    assert tables == publish(people(counts, tuple(SMALL)), SMALL, ways=(0, 1, 2), threshold=10)
    with pytest.raises(InvalidInput, match="outside the domain, in 'sick'"):
        publish_counts({("f", "perhaps"): 1}, SMALL, ways=(1,), threshold=10)
    with pytest.raises(InvalidInput, match="no value"):
        publish_counts({("f",): 1}, SMALL, ways=(1,), threshold=10)


def test_zeros_can_be_hidden_too() -> None:
    rows = people({("f", "no"): 12, ("m", "no"): 10}, tuple(SMALL))

    (table,) = publish(rows, SMALL, ways=(2,), threshold=10, hide_zeros=True)

    assert table.cells == {("f", "no"): exactly(12), ("f", "yes"): Range(0, 9), ("m", "no"): exactly(10), ("m", "yes"): Range(0, 9)}


def test_a_threshold_of_one_hides_nobody() -> None:
    (table,) = publish(people({("f", "no"): 1}, tuple(SMALL)), SMALL, ways=(2,), threshold=1)
    assert all(cell.exact for cell in table.cells.values())


@pytest.mark.parametrize("row", [{"sex": "f"}, {"sex": "f", "sick": "secret-value"}])
def test_a_row_outside_the_domain_is_refused_without_naming_its_value(row: Row) -> None:
    with pytest.raises(InvalidInput, match="'sick'") as caught:
        publish([row], SMALL, ways=(1,), threshold=10)
    assert caught.value.code is Code.TABLES_INVALID
    assert "secret-value" not in str(caught.value)


@pytest.mark.parametrize(("ways", "threshold"), [((), 10), ((3,), 10), ((1,), 0)])
def test_nothing_to_publish_is_refused(ways: tuple[int, ...], threshold: int) -> None:
    with pytest.raises(InvalidInput, match="nothing to publish"):
        publish([], SMALL, ways=ways, threshold=threshold)


# ------------------------------------------------------------------------------------------------------------- recover


def test_one_blank_in_a_line_is_the_total_less_the_rest() -> None:
    margins = [Margin((), {(): exactly(20)}), Margin(("sex",), {("f",): exactly(17), ("m",): Range(1, 9)})]

    recovery = recover(margins)

    assert recovery.exact == recovery.cells == (Deduction(("sex",), ("m",), Range(1, 9), exactly(3)),)


def test_one_table_alone_gives_nothing_away() -> None:
    (table,) = publish(people({("f", "no"): 4, ("m", "yes"): 5}, tuple(SMALL)), SMALL, ways=(2,), threshold=10)

    recovery = recover([table])

    assert by_cell(recovery.cells) == {(("sex", "sick"), ("f", "no")): Range(1, 9), (("sex", "sick"), ("m", "yes")): Range(1, 9)}
    assert recovery.exact == ()


def test_complementary_suppression_holds_and_its_width_is_known() -> None:
    """Blanking four cells in a rectangle, large ones with the small one, leaves a real range: one degree of freedom is all it takes."""
    lines = [Margin(("sex",), {("f",): exactly(30), ("m",): exactly(40)}), Margin(("sick",), {("no",): exactly(63), ("yes",): exactly(7)})]
    inside = Margin(("sex", "sick"), dict.fromkeys(product(*SMALL.values()), Range(0, 70)))

    recovery = recover([*lines, inside])

    assert recovery.exact == ()
    assert {cell.key: cell.deduced for cell in recovery.cells} == {
        ("f", "no"): Range(23, 30),
        ("f", "yes"): Range(0, 7),
        ("m", "no"): Range(33, 40),
        ("m", "yes"): Range(0, 7),
    }


def test_a_table_that_was_never_published_can_be_asked_for() -> None:
    margins = publish(people({("f", "no"): 12, ("m", "no"): 10}, tuple(SMALL)), SMALL, ways=(1,), threshold=10)

    recovery = recover(margins, [("sex", "sick")])

    assert {cell.key: cell.deduced for cell in recovery.exact} == {
        ("f", "no"): exactly(12),
        ("f", "yes"): exactly(0),
        ("m", "no"): exactly(10),
        ("m", "yes"): exactly(0),
    }
    assert {cell.published for cell in recovery.cells} == {None}


def test_only_small_cells_can_be_asked_for_and_large_ones_still_count() -> None:
    margins = [Margin((), {(): exactly(20)}), Margin(("sex",), {("f",): Range(16, 18), ("m",): Range(1, 9)})]
    assert recover(margins, below=10).cells == (Deduction(("sex",), ("m",), Range(1, 9), Range(2, 4)),)
    assert len(recover(margins).cells) == 2


def test_tables_that_contradict_each_other_are_said_to() -> None:
    margins = [Margin(("sex",), {("f",): exactly(5), ("m",): exactly(5)}), Margin(("sick",), {("no",): exactly(8), ("yes",): Range(3, 9)})]
    recovery = recover(margins)
    assert not recovery.consistent
    assert recovery.cells == ()


def test_no_table_of_people_has_a_negative_count() -> None:
    assert not recover([Margin(("sex",), {("f",): exactly(5), ("m",): exactly(-1)})]).consistent
    assert not recover([Margin(("sex",), {("f",): Range(-9, -5), ("m",): exactly(-1)})]).consistent
    assert recover([Margin(("sex",), {("f",): Range(2, 5), ("m",): Range(-3, 2)})]).cells[1].deduced == Range(0, 2)


def test_integers_say_more_than_fractions() -> None:
    """Three unknowns whose sums in pairs are odd have no integer solution, though halves would fit: the blanks are whole people."""
    pairs = [Fact((0, 1), 1, 1), Fact((1, 2), 1, 1), Fact((0, 2), 1, 1)]
    assert System(3, pairs).extremes((0,)) is None
    assert System(3, [*pairs[:2], Fact((0, 2), 0, 1)]).extremes((0, 2)) == (0, 0)


BAD_TABLES = {
    "none": [],
    "twice": [Margin(("sex",), {("f",): exactly(1)}), Margin(("sex",), {("f",): exactly(1)})],
    "twice in another order": [Margin(("a", "b"), {("0", "1"): exactly(1)}), Margin(("b", "a"), {("1", "0"): exactly(1)})],
    "attribute twice": [Margin(("sex", "sex"), {("f", "f"): exactly(1)})],
    "no cells": [Margin(("sex",), {})],
    "short key": [Margin(("sex",), {(): exactly(1)})],
    "combination left out": [
        Margin(("sex",), {("f",): exactly(1), ("m",): exactly(1)}),
        Margin(("sex", "sick"), {("f", "no"): exactly(1)}),
    ],
    "empty range": [Margin(("sex",), {("f",): Range(2, 1)})],
    "too many cells": [Margin((f"a{i}",), {(str(v),): exactly(1) for v in range(10)}) for i in range(5)],
}


@pytest.mark.parametrize("margins", BAD_TABLES.values(), ids=BAD_TABLES.keys())
def test_tables_that_are_not_tables_are_refused(margins: Sequence[Margin]) -> None:
    with pytest.raises(InvalidInput) as caught:
        recover(margins)
    assert caught.value.code is Code.TABLES_INVALID


def test_asking_for_an_attribute_that_no_table_has_is_refused() -> None:
    with pytest.raises(InvalidInput, match="No published table"):
        recover([Margin(("sex",), {("f",): exactly(1)})], [("age",)])


# ------------------------------------------------------------------------------------------- the bounds, by enumeration


def tables_that_fit(cells: int, facts: Sequence[Fact]) -> Iterator[tuple[int, ...]]:
    """Enumerate all lists of counts that fit the facts, trying every value up to the smallest bound that a cell is under."""
    highest = [min(fact.high for fact in facts if place in fact.unknowns) for place in range(cells)]

    def extend(start: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if any(sum(start[place] for place in fact.unknowns if place < len(start)) > fact.high for fact in facts):
            return
        if len(start) == cells:
            if all(sum(start[place] for place in fact.unknowns) >= fact.low for fact in facts):
                yield start
            return
        for count in range(highest[len(start)] + 1):
            yield from extend((*start, count))

    return extend(())


def enumerated(margins: Sequence[Margin]) -> dict[tuple[Attributes, Key], Range]:
    """Return the extremes of every cell of `margins` and of the full table over CUBE, by looking at every full table that fits."""
    keys = list(product(*CUBE.values()))
    every = [subset for size in range(len(CUBE) + 1) for subset in combinations(CUBE, size)]

    def members(table: Attributes, cell: Key) -> tuple[int, ...]:
        places = [list(CUBE).index(attribute) for attribute in table]
        return tuple(position for position, key in enumerate(keys) if tuple(key[place] for place in places) == cell)

    facts = [Fact(members(margin.attributes, key), cell.low, cell.high) for margin in margins for key, cell in margin.cells.items()]
    found = list(tables_that_fit(len(keys), facts))
    sums = {
        (table, cell): [sum(counts[place] for place in members(table, cell)) for counts in found]
        for table in every
        for cell in product(*(CUBE[attribute] for attribute in table))
    }
    return {cell: Range(min(values), max(values)) for cell, values in sums.items()}


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(0, 2), min_size=8, max_size=8),
    threshold=st.integers(1, 4),
    ways=st.sampled_from([(1,), (2,), (1, 2), (1, 2, 3)]),
    hide_zeros=st.booleans(),
)
def test_the_bounds_are_those_of_enumeration(counts: list[int], threshold: int, ways: tuple[int, ...], hide_zeros: bool) -> None:  # noqa: FBT001
    rows = people(dict(zip(product(*CUBE.values()), counts, strict=True)), tuple(CUBE))
    margins = publish(rows, CUBE, ways=ways, threshold=threshold, hide_zeros=hide_zeros)
    expected = enumerated(margins)

    recovery = recover(margins, [tuple(CUBE)])

    found = by_cell(recovery.cells)
    hidden = {(margin.attributes, key) for margin in margins for key, cell in margin.cells.items() if not cell.exact}
    assert recovery.consistent
    assert set(found) == hidden | {(tuple(CUBE), key) for key in product(*CUBE.values())}
    assert found == {cell: expected[cell] for cell in found}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 3), st.integers(0, 2)), min_size=12, max_size=12))
def test_intervals_that_need_not_fit_are_bounded_as_by_enumeration(ranges: list[tuple[int, int]]) -> None:
    cells = [Range(low, low + width) for low, width in ranges]
    pairs = list(combinations(CUBE, 2))
    margins = [
        Margin(table, dict(zip(product("01", repeat=2), cells[4 * place : 4 * place + 4], strict=True)))
        for place, table in enumerate(pairs)
    ]
    keys = list(product("01", repeat=3))
    places = {("a", "b"): (0, 1), ("a", "c"): (0, 2), ("b", "c"): (1, 2)}
    facts = [
        Fact(tuple(i for i, full in enumerate(keys) if tuple(full[p] for p in places[pair]) == key), cell.low, cell.high)
        for pair, margin in zip(pairs, margins, strict=True)
        for key, cell in margin.cells.items()
    ]
    fitting = [] if any(fact.high < 0 for fact in facts) else list(tables_that_fit(8, facts))

    recovery = recover(margins, [tuple(CUBE)])

    assert recovery.consistent == bool(fitting)
    full = {cell.key: cell.deduced for cell in recovery.cells if cell.attributes == tuple(CUBE)}
    assert full == {key: Range(min(t[i] for t in fitting), max(t[i] for t in fitting)) for i, key in enumerate(keys) if fitting}


# ------------------------------------------------------------------------------------------------------- real patients


@pytest.mark.parametrize(("hide_zeros", "hidden"), [(False, 24), (True, 27)])
def test_every_blank_in_the_trials_tables_is_recovered_exactly(hide_zeros: bool, hidden: int) -> None:  # noqa: FBT001
    """All one-, two- and three-way tables of age band x gender x race x event for 1,913 patients: no blank survives, each is the truth."""
    patients = joined()
    margins = publish(patients, DOMAINS, ways=(1, 2, 3), threshold=10, hide_zeros=hide_zeros)
    truth = {
        (margin.attributes, key): cell.low
        for margin in publish(patients, DOMAINS, ways=(1, 2, 3), threshold=1)
        for key, cell in margin.cells.items()
    }

    recovery = recover(margins)

    assert sum(len(margin.cells) for margin in margins) == 140
    assert len(recovery.cells) == len(recovery.exact) == hidden
    assert all(truth[cell.attributes, cell.key] == cell.deduced.low for cell in recovery.exact)


def test_half_of_the_small_cells_of_a_table_that_was_never_published_are_recovered() -> None:
    patients = joined()
    (full,) = publish(patients, DOMAINS, ways=(4,), threshold=1)

    recovery = recover(publish(patients, DOMAINS, ways=(1, 2, 3), threshold=10), [tuple(DOMAINS)])

    four_way = [cell for cell in recovery.cells if cell.published is None]
    assert all(cell.deduced.low <= full.cells[cell.key].low <= cell.deduced.high for cell in four_way)
    assert sum(1 <= cell.low < 10 for cell in full.cells.values()) == 18
    assert sum(cell.deduced.exact and 1 <= cell.deduced.low < 10 for cell in four_way) == 9
