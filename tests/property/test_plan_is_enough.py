"""A plan says everything: read back from its canonical bytes, an interpreter without SQL gives the same exact integers as the engine."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.duckdb.admission import admit_file
from stillroom.model.codec import encode
from stillroom.model.plan import Plan
from stillroom.model.relation import Scan, steps
from tests.alterations import ALTERATIONS, altered_rows, table_of_altered
from tests.world import ACCEPTED, Entry, Table, as_it_is, files, measured, persons, private, referred, world

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stillroom.model.schema import Scalar

EVERY_QUESTION = pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: entry.name)


def read_back(entry: Entry) -> Plan:
    """Return a plan as a protection elsewhere would get it."""
    return Plan.model_validate_json(encode(entry.compiled.plan))


@EVERY_QUESTION
def test_the_reference_and_the_engine_agree(entry: Entry) -> None:
    plan = read_back(entry)
    assert plan == entry.compiled.plan
    assert referred(plan, world()) == as_it_is(entry)


@pytest.mark.parametrize(("number", "entry"), list(enumerate(ACCEPTED)), ids=lambda value: getattr(value, "name", ""))
def test_they_agree_at_the_extremes(number: int, entry: Entry) -> None:
    alteration = list(ALTERATIONS)[1 + number % (len(ALTERATIONS) - 1)]
    tables = {**world(), **{name: table_of_altered(name, alteration) for name in private()}}
    assert referred(read_back(entry), tables) == measured(entry.compiled.plan, tables)


def test_most_answers_are_not_zero() -> None:
    """Agreement on empty cells would say little."""
    empty = [entry.name for entry in ACCEPTED if not any(any(cells) for cells in as_it_is(entry))]
    assert empty == ["sum that is always zero", "filter that keeps nobody", "filter that is never true"]


@pytest.mark.parametrize("alteration", [None, "spread", "more", "random"])
@pytest.mark.parametrize("name", private())
def test_duckdb_admits_the_rows_that_are_measured(name: str, alteration: str | None, tmp_path: Path) -> None:
    """The rules in Python, which made the tables here, and their counterpart in DuckDB keep the same rows of everybody."""
    dataset = private()[name]
    rows = files()[name] if alteration is None else [row for person in persons() for row in altered_rows(name, alteration, person)]
    table = Table(name, rows)
    with (tmp_path / "file.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [dataset.person.column, *dataset.columns])
        writer.writeheader()
        writer.writerows(rows)
    admitted = admit_file(tmp_path / "file.csv", dataset, table.salt)
    names = admitted.persons.to_pylist()
    found = [{**row, "person": names[row["person"]]} for row in admitted.rows.to_pylist()]
    assert sorted(found, key=in_order) == sorted(table.rows, key=in_order)


def in_order(row: Mapping[str, Scalar]) -> str:
    return repr(sorted(row.items()))


@EVERY_QUESTION
def test_no_text_of_the_question_is_in_the_plan(entry: Entry) -> None:
    """A plan holds names of the contract, constants and numbers; each part reads private data of its owner only."""
    written = encode(entry.compiled.plan).decode()
    assert "SELECT" not in written.upper().replace("'SELECT", "").replace('"SELECTION":', "")
    for part in entry.compiled.plan.parts:
        read = [private()[step.dataset] for step in steps(part.relation) if isinstance(step, Scan)]
        assert {(dataset.owner, dataset.population) for dataset in read} == {(part.owner, part.population)}
