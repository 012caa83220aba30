"""The alternative: the same question without privacy, in plain DuckDB over the owners' files."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from bench.data import Files
from bench.probe import cost_of, report

SQL = """
SELECT m.gender, m.region, COUNT(*) AS n, SUM(v.cost) AS total, AVG(v.cost) AS mean
FROM '{members}' AS m JOIN '{visits}' AS v ON m.id = v.pid
GROUP BY m.gender, m.region
"""


def main(folder: Path) -> None:
    """Run the question twice, and report the second, warm run."""
    files = Files(folder / "members.parquet", folder / "visits.parquet")
    sql = SQL.format(members=files.members, visits=files.visits)
    with duckdb.connect(config={"threads": "2"}) as connection:
        connection.execute(sql).fetchall()
        report(ask=cost_of(lambda: connection.execute(sql).fetchall()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
