"""Synthetic owners' files of any size, with text identifiers: members with one row each, and their visits.

Peers import this in environments of their own, which do not have DuckDB.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

GENDERS = ("F", "M")
WARDS = ("north", "south", "east", "west")
DAYS = 31
ROWS_PER_PERSON = 40
LARGEST_COST = 1000
LARGEST_TOTAL = 8000
EPSILON = 1.0
DELTA = 1e-9


@dataclass(frozen=True)
class Files:
    """Two Parquet files as their owners would hand them in, and where their join is for those who cannot join.

    Attributes:
        members: A row for each person: `id`, `age`, `gender`, `region`, `birth_day`.
        visits: Any number of rows for each person: `pid`, `cost`, `ward`.
        joined: The rows of both, joined: `pid`, `gender`, `region`, `cost`. Made by `join`.
    """

    members: Path
    visits: Path
    joined: Path

    @staticmethod
    def in_folder(folder: Path) -> Files:
        """Name the files of a folder."""
        return Files(*(folder / f"{name}.parquet" for name in ("members", "visits", "joined")))


def make(folder: Path, *, persons: int, rows: int) -> Files:
    """Write the files; the same sizes give the same values, in an order that has nothing to do with persons."""
    files = Files.in_folder(folder)
    _write(
        files.members,
        f"""
        SELECT {_identifier("i")} AS id, CAST(18 + hash(10 * i + 1) % 70 AS INTEGER) AS age,
               {_one_of(GENDERS, "10 * i + 2")} AS gender, {_one_of(WARDS, "10 * i + 3")} AS region,
               CAST(1 + hash(10 * i + 9) % {DAYS} AS INTEGER) AS birth_day
        FROM range({persons}) AS t(i) ORDER BY hash(10 * i + 4)
        """,
    )
    _write(
        files.visits,
        f"""
        SELECT {_identifier("p")} AS pid, CAST(hash(10 * i + 5) % {100 * LARGEST_COST + 1} AS DOUBLE) / 100 AS cost,
               {_one_of(WARDS, "10 * i + 6")} AS ward
        FROM (SELECT i, CAST(hash(10 * i + 7) % {persons} AS BIGINT) AS p FROM range({rows}) AS t(i)) ORDER BY hash(10 * i + 8)
        """,
    )
    return files


def join(files: Files) -> None:
    """Write the joined rows."""
    _write(files.joined, f"SELECT pid, gender, region, cost FROM '{files.members}' JOIN '{files.visits}' ON id = pid")


def _identifier(number: str) -> str:
    """Return the expression of a person's identifier."""
    return f"'P-' || lpad(CAST(hash({number}) % 1000000000000 AS VARCHAR), 12, '0') || '-' || {number}"


def _one_of(values: tuple[str, ...], number: str) -> str:
    """Return the expression that draws one of some texts."""
    return f"{list(values)}[CAST(1 + hash({number}) % {len(values)} AS BIGINT)]"


def _write(path: Path, select: str) -> None:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


if __name__ == "__main__":
    join(make(Path(sys.argv[1]), persons=int(sys.argv[2]), rows=int(sys.argv[3])))
