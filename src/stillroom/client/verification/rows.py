"""Which row of a released table is which: its grouping set, and the positions of its keys in their domains."""

from __future__ import annotations

from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from stillroom.client.verification.calendar import CALENDAR_KINDS, calendar_text
from stillroom.client.verification.numerals import decimal_text
from stillroom.client.verification.outcome import Broken, expect, require
from stillroom.model.expression import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stillroom.model.plan import Key, Plan
    from stillroom.model.release import Cell, Table
    from stillroom.model.schema import Scalar
    from stillroom.model.selection import Shown as Combination


class Label(NamedTuple):
    """A row's place: the number of its grouping set, and the position of each key that the set keeps."""

    group: int
    positions: tuple[int, ...]


class Shown(NamedTuple):
    """A key that a column of the table shows: the column, the key, and the key's values as text, in their order and with their places."""

    column: int
    key: int
    texts: tuple[str | None, ...]
    places: Mapping[str | None, int]


Place: TypeAlias = tuple[str | None, bool]
"""What a cell shows of a key: its value, and whether the row totals over it."""


def row_count(plan: Plan, selected: int) -> int:
    """Return how many rows a table has before any is left out, with so many combinations of selected keys."""
    return sum(
        prod(len(plan.keys[key].listed) or 1 for key in kept if key < len(plan.keys)) * (selected if plan.selected and 0 in kept else 1)
        for kept in plan.finish.sets
    )


def value_at(plan: Plan, selected: Sequence[Combination], key: int, position: int) -> Scalar:
    """Return the value of a key at a position in its domain, or in the combination of selected keys at that position."""
    domain = plan.keys[key].domain
    return selected[position].keys[key] if domain is None else domain[position]


def labels(plan: Plan, table: Table) -> list[Label] | None:
    """Return the label of each row, or None where rows cannot be told apart because a key is not shown.

    Raises:
        Broken: A row is there that cannot be, or is there twice, or rows are missing or not in their order.
    """
    finish, shown = plan.finish, _shown(plan, table.shown)
    every = row_count(plan, len(table.shown))
    most = max(0, min(every - finish.offset, every if finish.limit is None else finish.limit))
    enough = len(table.rows) == most if finish.having is None else len(table.rows) <= most
    require(enough, f"the number of rows: got {len(table.rows)}, expected {most}{'' if finish.having is None else ' or fewer'}")
    if finish.having is None and not finish.order:
        found = list(islice(_all(plan, len(table.shown)), finish.offset, finish.offset + most)) if most else []
        for row, label in zip(table.rows, found, strict=True):
            expect("the keys of a row", [_place(row, one) for one in shown], [_expected(plan, label, one) for one in shown])
        return found
    if {one.key for one in shown} != set(range(len(plan.grouping))):
        return None
    known = {one.key: one.texts for one in shown}
    together = {texts: place for place, texts in enumerate(zip(*(known[key] for key in range(plan.selected)), strict=True))}
    found = [_label(plan, shown, row, together) for row in table.rows]
    require(len(set(found)) == len(found), "the table has a row twice")
    require(bool(finish.order) or found == sorted(found), "the rows of the table are not in their order")
    return found


def _all(plan: Plan, selected: int) -> Iterator[Label]:
    """Yield the labels of all rows in their order: sets as they stand, combinations of selected keys, then domains, the last fastest."""
    for group, one in enumerate(plan.finish.sets):
        together = plan.selected if 0 in one else 0
        rest = [range(len(plan.keys[key].listed)) for key in one[together:]]
        for first, *others in product(range(selected if together else 1), *rest):
            yield Label(group, (*([first] * together), *others))


def _shown(plan: Plan, selected: Sequence[Combination]) -> list[Shown]:
    """Return the columns of the table that show a key."""
    found = []
    for column, output in enumerate(plan.finish.outputs):
        if isinstance(output.value, Column) and output.value.name.startswith("k"):
            number = int(output.value.name[1:])
            key = plan.keys[number]
            places = range(len(selected) if key.domain is None else len(key.domain))
            texts = tuple(_text(key, value_at(plan, selected, number, place), output.digits) for place in places)
            found.append(Shown(column, number, texts, {text: place for place, text in reversed([*enumerate(texts)])}))
    return found


def _place(row: Sequence[Cell], shown: Shown) -> Place:
    return row[shown.column].value, row[shown.column].totalled


def _expected(plan: Plan, label: Label, shown: Shown) -> Place:
    """Return what a row of that label shows of a key."""
    kept = plan.finish.sets[label.group]
    return (shown.texts[label.positions[kept.index(shown.key)]], False) if shown.key in kept else (None, True)


def _label(plan: Plan, shown: Sequence[Shown], row: Sequence[Cell], together: Mapping[tuple[str | None, ...], int]) -> Label:
    """Find the label of a row by the keys that it shows; `together` are the combinations of selected keys."""
    places = {one.key: (one, _place(row, one)) for one in shown}
    kept = tuple(key for key in range(len(plan.grouping)) if not places[key][1][1])
    if kept not in plan.finish.sets:
        raise Broken("a row of the table is of no grouping set")
    selected = plan.selected if 0 in kept else 0
    combination = together.get(tuple(places[key][1][0] for key in range(selected)), -1) if selected else 0
    require(combination >= 0, "a row of the table has a combination of keys that is not shown")
    positions = [combination] * selected
    for one, (text, _) in (places[key] for key in kept[selected:]):
        require(text in one.places, "a row of the table has a key that is not in its domain")
        positions.append(one.places[text])
    label = Label(plan.finish.sets.index(kept), tuple(positions))
    expect("the keys of a row", [_place(row, one) for one in shown], [_expected(plan, label, one) for one in shown])
    return label


def _text(key: Key, value: Scalar, digits: int) -> str | None:
    """Return how a key's value is shown."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if key.kind in CALENDAR_KINDS:
        return calendar_text(key.kind, value)
    require(digits >= key.digits, "a key is shown with fewer decimal places than it has")
    return decimal_text(value * 10 ** (digits - key.digits), digits)
