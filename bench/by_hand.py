"""The questions as somebody would write them by hand over the room's own storage: its tables, decrypted, with its codes of persons.

What is measured is what the room adds to that. Nothing is proved, charged, noised, signed or logged here. Which codes of both tables stand
for one person is known before, as it is in a room that has been asked before.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from bench.data import LARGEST_TOTAL
from bench.probe import best_of, report
from bench.room import OWNERS
from stillroom.adapters.admitted import PERSON
from stillroom.adapters.engine.links import PersonLinks
from stillroom.adapters.home import Home

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from stillroom.adapters.home.stored_table import StoredTable

BY_PERSON = f"COUNT(*) AS n, LEAST(SUM(cost), {100 * LARGEST_TOTAL}) AS total FROM visits GROUP BY person"
"""What each person adds, as the contract bounds it."""

QUESTIONS = {
    "by_member": (
        f"""
        SELECT gender, region, SUM(n), SUM(total), SUM(total) / SUM(n)
        FROM (SELECT person, {BY_PERSON}) JOIN members USING (person) GROUP BY gender, region
        """,
        ("gender", "region"),
        ("cost",),
    ),
    "by_visit": (
        f"""
        SELECT ward, gender, SUM(n), SUM(total), SUM(total) / SUM(n)
        FROM (SELECT person, ward, {BY_PERSON}, ward) JOIN members USING (person) GROUP BY ward, gender
        """,
        ("gender",),
        ("cost", "ward"),
    ),
    "counts": ("SELECT ward, gender, COUNT(*) FROM visits JOIN members USING (person) GROUP BY ward, gender", ("gender",), ("ward",)),
}
"""Each question, with the columns that it reads of members and of visits."""


def main(folder: Path) -> None:
    """Run all of them."""
    members, visits = (_stored(folder, name) for name in ("members", "visits"))
    links = PersonLinks().codes(visits, members)
    with duckdb.connect(config={"threads": "2"}) as connection:
        connection.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false")
        costs = {
            name: best_of(partial(_run, connection, sql, links, (members, of_members), (visits, of_visits)))
            for name, (sql, of_members, of_visits) in QUESTIONS.items()
        }
    report(**costs)


def _stored(folder: Path, dataset: str) -> StoredTable:
    return Home.open(folder / OWNERS[dataset]).table(dataset, 1)


def _run(  # noqa: PLR0913, PLR0917  the two tables and what is read of them
    connection: DuckDBPyConnection,
    sql: str,
    links: pa.Array,
    members: tuple[StoredTable, tuple[str, ...]],
    visits: tuple[StoredTable, tuple[str, ...]],
    turn: int,
) -> None:
    """Read both tables and run a question on them."""
    del turn
    rows = visits[0].rows(visits[1])
    rows = rows.set_column(rows.column_names.index(PERSON), PERSON, links.take(rows.column(PERSON).combine_chunks()))
    connection.register("members", members[0].rows(members[1]))
    connection.register("visits", rows)
    assert connection.execute(sql).fetchall()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
