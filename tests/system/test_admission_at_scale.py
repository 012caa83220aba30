"""What small data hides: many row groups, several threads, and persons far beyond their limit."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillroom.adapters.duckdb.admission import admit_file
from stillroom.admission.rows import admit_rows
from stillroom.model.contract import CanonicalRule, Person, PrivateDataset
from stillroom.model.schema import Column, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.admitted import Admitted

ROWS, PERSONS, LIMIT = 250_000, 10_000, 20
SALT = bytes(range(32))
COLUMNS = {
    "cost": Column(type=Kind.DECIMAL, step=0.05, bounds=(0, 50)),
    "ward": Column(type=Kind.TEXT, values=("north", "south"), other="south"),
    "note": Column(type=Kind.TEXT, max_length=3),
}
PERSON = Person(column="id", canonical=(CanonicalRule.TRIM, CanonicalRule.CASEFOLD))
DATASET = PrivateDataset(owner="clinic", person=PERSON, rows_per_person=LIMIT, columns=COLUMNS)


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    """Make rows of which many are equal, with persons of 1 to hundreds of rows, some under two spellings, some ties at half a step."""
    draw = random.Random(4)
    persons = [min(draw.randrange(PERSONS), draw.randrange(PERSONS)) // draw.choice([1, 1, 50]) for _ in range(ROWS)]
    return pa.table(
        {
            "id": [f"{draw.choice(['p', 'P', ' p'])}{person}" for person in persons],
            "cost": [draw.randrange(2400) / 40 for _ in persons],
            "ward": [draw.choice(["north", "south", "east", None]) for _ in persons],
            "note": [draw.choice(["a", "b", "long one", None]) for _ in persons],
        },
    )


def admit(folder: Path, table: pa.Table) -> Admitted:
    path = folder / "rows.parquet"
    pq.write_table(table, path, row_group_size=10_000)
    return admit_file(path, DATASET, SALT)


def named(admitted: Admitted) -> pa.Table:
    """Return the rows with identifiers in place of codes, as one piece."""
    return admitted.rows.set_column(0, "person", admitted.persons.take(admitted.rows.column("person"))).combine_chunks()


@pytest.fixture(scope="module")
def whole(rows: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Admitted:
    return admit(tmp_path_factory.mktemp("whole"), rows)


def test_the_order_of_rows_does_not_matter_at_scale(rows: pa.Table, whole: Admitted, tmp_path: Path) -> None:
    order = list(range(ROWS))
    random.Random(5).shuffle(order)
    shuffled = admit(tmp_path, rows.take(pa.array(order)))
    assert whole.report.beyond_limit > ROWS / 10
    assert shuffled.rows.equals(whole.rows)
    assert shuffled.persons.equals(whole.persons)
    assert shuffled.report == whole.report


def test_another_person_changes_nothing_at_scale(rows: pa.Table, whole: Admitted, tmp_path: Path) -> None:
    busiest = "p0"
    others = rows.filter(pc.not_equal(pc.utf8_lower(pc.utf8_trim(rows.column("id"), " ")), busiest))
    assert others.num_rows < ROWS - LIMIT
    expected = named(whole).filter(pc.not_equal(named(whole).column("person"), busiest)).combine_chunks()
    assert named(admit(tmp_path, others)).equals(expected)


def test_the_rules_decide_at_scale(rows: pa.Table, whole: Admitted) -> None:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in named(whole).to_pylist():
        found.setdefault(row["person"], []).append(tuple(row[name] for name in sorted(COLUMNS)))
    busy = sorted(found, key=lambda person: len(found[person]))[:: len(found) // 200]
    chosen = [row for row in rows.to_pylist() if row["id"].strip().casefold() in set(busy)]
    expected = admit_rows(DATASET, chosen, SALT)
    assert any(len(own) == LIMIT for own in expected.values())
    assert {person: sorted(found[person], key=repr) for person in busy} == {
        person: sorted(own, key=repr) for person, own in expected.items()
    }
