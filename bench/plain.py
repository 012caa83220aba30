"""The alternative: the same questions without privacy, in plain DuckDB over the owners' files."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from bench.data import Files
from bench.probe import best_of, report
from bench.questions import BY_MEMBER, BY_VISIT, CUBE, QUANTILES, WARM_UP


def main(folder: Path) -> None:
    """Run another question, then those that are compared."""
    files = Files.in_folder(folder)
    with duckdb.connect(config={"threads": "2"}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"CREATE VIEW members AS FROM '{files.members}'")
        connection.execute(f"CREATE VIEW visits AS FROM '{files.visits}'")
        connection.execute(WARM_UP).fetchall()
        by_member = best_of(lambda _: connection.execute(BY_MEMBER).fetchall())
        by_visit = best_of(lambda _: connection.execute(BY_VISIT).fetchall())
        quantiles = best_of(lambda _: connection.execute(QUANTILES).fetchall())
        cube = best_of(lambda _: connection.execute(CUBE).fetchall())
    report(by_member=by_member, by_visit=by_visit, quantiles=quantiles, cube=cube)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
