"""At scale too, a person's part is a function of that person's rows alone.

Small tables hide what depends on row groups, hash tables and threads. Here many persons' files are admitted from Parquet, shuffled,
without one person, and by other numbers of threads; the exact part of each other person stays what it was, integer by integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from stillroom.adapters.duckdb.admission import admit_file
from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.adapters.engine.links import base_of
from stillroom.adapters.memory_table import MemoryTable
from stillroom.crypto.canonical import digest
from stillroom.model.contract import PublicDataset
from stillroom.model.expression import Column
from stillroom.model.measure import Aggregate
from stillroom.model.plan import Key
from stillroom.model.relation import ColumnFact, Join, Named, PerPerson, Scan, sources, with_sources
from stillroom.model.schema import CALENDAR, ColumnType, Kind
from stillroom.model.schema import Column as Declared
from stillroom.query.split import split
from tests.world import ACCEPTED, FOLDER, contract, private

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from stillroom.adapters.admitted import Admitted
    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation
    from tests.world import Entry

WHO = "who"
"""A column that numbers the persons; no question reads it, but plans are made to show each person apart by it."""

QUESTIONS = {entry.name: entry for entry in ACCEPTED}
ASKED = [
    "sum with a declared total",
    "signed sum",
    "several keys",
    "inner join",
    "left join with conditions on both sides",
    "public table with several rows of one key, left",
    "several rows on both sides, left",
    "totals of a person",
    "totals of both sides",
    "totals of totals",
    "few groups of each person",
    "few groups after a join",
    "windows over rows that are equal",
    "distinct values by ward, beside other aggregates",
    "distinct values in few groups of each person",
    "first row of each person, joined",
]
GONE = 17
"""The person who is removed."""


@dataclass(frozen=True)
class Files:
    """Many persons' files.

    Attributes:
        persons: How many.
        folder: Where they are written.
    """

    persons: int
    folder: Path

    def admitted(self, *, seed: int | None = None, without: int | None = None) -> dict[str, MemoryTable]:
        """Admit the files, shuffled by a seed or as they were made, with or without one person."""
        return {name: MemoryTable(self._admit(name, seed, without)) for name in contract().datasets}

    def _admit(self, name: str, seed: int | None, without: int | None) -> Admitted:
        import pyarrow.parquet as pq

        dataset = contract().datasets[name]
        if isinstance(dataset, PublicDataset):
            return public(name)
        rows = private_rows(name, self.persons)
        if without is not None:
            rows = rows.filter(np.asarray(rows.column(WHO)) != without)
        if seed is not None:
            rows = rows.take(np.random.default_rng(seed).permutation(rows.num_rows))
        path = self.folder / f"{name}.parquet"
        pq.write_table(rows, path, row_group_size=10_000 + 7 * (seed or 0))
        numbered = Declared(type=Kind.INTEGER, bounds=(0, self.persons), required=True)
        return admit_file(path, dataset.model_copy(update={"columns": {**dataset.columns, WHO: numbered}}), b"a salt")


@cache
def public(name: str) -> Admitted:
    """Admit a public table of the corpus."""
    path = FOLDER / f"{name}.csv"
    return admit_file(path, contract().datasets[name].model_copy(update={"digest": digest(path.read_bytes())}), b"")


@cache
def private_rows(name: str, persons: int) -> pa.Table:
    """Return rows as an owner might have them: up to two more than allowed for each person, unlike spellings, NULLs, equal rows."""
    import pyarrow as pa

    dataset = private()[name]
    numbers = np.random.default_rng(len(dataset.columns))
    who = np.repeat(np.arange(persons), numbers.integers(0, dataset.rows_per_person + 3, persons))
    spelling = numbers.integers(0, 3, len(who))
    identifiers = [(f"P{n}", f" p{n} ", f"00p{n}")[form] for n, form in zip(who.tolist(), spelling.tolist(), strict=True)]
    columns = {name: values(column, len(who), numbers) for name, column in dataset.columns.items()}
    return pa.table({dataset.person.column: identifiers, WHO: who, **columns})


def values(column: Declared, count: int, numbers: np.random.Generator) -> pa.Array:
    """Return random values, some of them NULL."""
    import pyarrow as pa

    missing = numbers.random(count) < 0.1
    return pa.array(_texts(column, count, numbers), mask=missing)


def _texts(column: Declared, count: int, numbers: np.random.Generator) -> NDArray[np.str_]:
    if column.values is not None:
        return numbers.choice([str(value) for value in column.values], count)
    if column.type is Kind.BOOLEAN:
        return numbers.choice(["true", "false"], count)
    if column.type is Kind.TEXT:
        return numbers.choice(["i10", "j45", "pain", "%"], count)
    if column.type in CALENDAR:
        first, last = (np.datetime64(str(bound)) for bound in column.bounds or ())
        return (first + numbers.integers(0, (last - first).astype(int) + 1, count)).astype(str)
    low, high = (float(bound) for bound in column.bounds or ())
    return np.round(numbers.uniform(low * 1.1, high * 1.1, count), 2).astype(str)


# ------------------------------------------------------------------------------------------------------- persons apart


def apart(plan: Plan, persons: int) -> Plan:
    """Return a plan that groups by the person as well: one more key that is a function of the person."""
    whole = plan.whole
    base = base_of(whole)
    assert base is not None
    who, numbered = _numbered(whole, base)
    number = ColumnType(kind=Kind.INTEGER, low=0, high=persons, nullable=False)
    parts, rows = split(numbered, contract())
    return plan.model_copy(
        update={
            "facts": (*plan.facts, ColumnFact(name=who, type=number)),
            "parts": parts,
            "rows": rows,
            "keys": (*plan.keys, Key(value=Column(name=who), kind=Kind.INTEGER, domain=tuple(range(persons)))),
        }
    )


def _numbered(relation: Relation, base: str) -> tuple[str, Relation]:
    """Carry the person's number along, from a dataset in which everybody has rows; return its name, too."""
    if isinstance(relation, Scan):
        return f"{relation.name}.{WHO}", relation.model_copy(update={"columns": (*relation.columns, WHO)})
    if isinstance(relation, Join) and base_of(relation.left) != base:
        who, right = _numbered(relation.right, base)
        return who, with_sources(relation, [relation.left, right])
    first, *others = sources(relation)
    who, first = _numbered(first, base)
    relation = with_sources(relation, [first, *others])
    if isinstance(relation, PerPerson):
        relation = relation.model_copy(update={"keys": (*relation.keys, Named(name=who, value=Column(name=who)))})
    return who, relation


def parts(plan: Plan, tables: dict[str, MemoryTable], threads: int, persons: int) -> NDArray[np.int64]:
    """Return the exact cells of each measure and person, by the engine."""
    cells = DuckdbEngine(threads=threads).measure_exactly(apart(plan, persons), tables)
    return np.array(cells, dtype=np.int64).reshape(len(plan.measures), -1, persons)


def check(entry: Entry, files: Files, tables: dict[str, dict[str, MemoryTable]]) -> None:
    plan = entry.compiled.plan
    whole = parts(plan, tables["whole"], 1, files.persons)
    assert np.count_nonzero(whole.any(axis=(0, 1))) > files.persons / 20
    if not plan.bounds.keep_groups:
        together = np.array(DuckdbEngine(threads=2).measure_exactly(plan, tables["whole"]), dtype=np.int64)
        sums = [measure.aggregate is Aggregate.SUM for measure in plan.measures]
        assert np.array_equal(together[sums], whole.sum(axis=2)[sums])
    assert np.array_equal(parts(plan, tables["shuffled"], 2, files.persons), whole)
    expected = whole.copy()
    expected[:, :, GONE] = 0
    assert np.array_equal(parts(plan, tables["without"], 1, files.persons), expected)
    assert np.array_equal(parts(plan, tables["without, shuffled"], 2, files.persons), expected)


@cache
def prepared(files: Files) -> dict[str, dict[str, MemoryTable]]:
    """Return the admitted files in four forms."""
    return {
        "whole": files.admitted(),
        "shuffled": files.admitted(seed=1),
        "without": files.admitted(without=GONE),
        "without, shuffled": files.admitted(seed=2, without=GONE),
    }


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scale")


@pytest.mark.parametrize("name", ASKED)
def test_others_are_unchanged(name: str, folder: Path) -> None:
    files = Files(1_500, folder)
    check(QUESTIONS[name], files, prepared(files))


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_others_are_unchanged_at_scale(name: str, folder: Path) -> None:
    files = Files(110_000, folder)
    tables = prepared(files)
    assert tables["whole"]["visits"].rows([]).num_rows >= 250_000
    check(QUESTIONS[name], files, tables)
