"""Random files that fit a contract, or nearly: extremes, ties, equal rows, NULLs, too many rows, and rows of nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from stillroom.model.contract import PrivateDataset
from stillroom.model.schema import Kind
from tests.alterations import texts_of

if TYPE_CHECKING:
    from stillroom.model.contract import Contract, Dataset, PublicDataset
    from stillroom.model.schema import Column
    from tests.generator.tape import Tape
    from tests.world import Raw

Files: TypeAlias = "dict[str, Raw]"

ODD = {
    Kind.TEXT: ["", " x ", "10", "-3.5", "Yes", "2024-02-29", "a%b", "O'B", "é", "x" * 12, "x" * 13, "qzw7"],
    Kind.DATE: ["2024-02-29", "1970-01-01", "0001-01-01", "9999-12-31", "2023-12-31", "2024-02-30"],
    Kind.TIMESTAMP: [
        "2024-02-29 23:59:59",
        "2024-02-29T23:59:59.999Z",
        "1969-12-31",
        "2024-03-01T00:30:00+01:00",
        "9999-12-31 23:59:59",
        "8:00",
    ],
    Kind.INTEGER: ["7", "-9007199254740991", "1e3", "x"],
    Kind.DECIMAL: ["0.5", "33.33", "-1"],
    Kind.BOOLEAN: ["1", "no", "maybe"],
}
"""What stands in files besides the values that bounds are made of."""

MOST = 9
"""The most rows of one file."""


def files_for(contract: Contract, tape: Tape) -> Files:
    """Return a file for each dataset. Some persons are in one of them only."""
    persons = [f"p{number}" for number in range(tape.upto(6, 2))]
    return {name: _rows(dataset, persons, tape) for name, dataset in contract.datasets.items()}


def _rows(dataset: Dataset, persons: list[str], tape: Tape) -> Raw:
    if not isinstance(dataset, PrivateDataset):
        return _public(dataset, tape)
    identifiers = [*persons, *persons, persons[0], persons[0], f" {persons[0]}", None, "n/a"]
    found: Raw = [
        {dataset.person.column: tape.pick(identifiers), **{name: _cell(column, tape) for name, column in dataset.columns.items()}}
        for _ in range(tape.upto(MOST))
    ]
    return found + found[: tape.pick([0, 0, 1, 2])]


def _cell(column: Column, tape: Tape) -> str | None:
    """Return a cell: mostly one of few values, so that many are equal."""
    odd = ODD[column.type] if column.values is None else ODD[column.type][:1]
    return tape.pick([*texts_of(column) * 3, *odd, None])


def _public(dataset: PublicDataset, tape: Tape) -> Raw:
    """Return a public table, without more rows of one key than declared."""
    found: Raw = []
    for _ in range(tape.upto(MOST)):
        one = {name: tape.pick([*texts_of(column), *([] if column.required else [None])]) for name, column in dataset.columns.items()}
        alike = [other for other in found if all(one[name] == other[name] for name in dataset.key)]
        found += [one] if len(alike) < dataset.rows_per_key else []
    return found
