"""A join whose rows are not spread evenly: most persons have one or two, and one in a thousand has more than 20, up to hundreds.

Peers import this in environments of their own, which do not have DuckDB.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

GROUPS = 100
CAP = 20
"""How many rows of a person the contract allows."""

TAIL = math.log(1000) / math.log(CAP + 1)
"""The exponent of the number of rows N of a person: P(N ≥ n) = n^-TAIL, so that one person in a thousand has more than the cap."""

MOST_ROWS = 2000
"""More than any person has: what a contract allows under which nothing is lost. Of a million persons 0.03 have as many."""

LARGEST = 1000
"""The most that a row costs."""

EPSILONS = (1.0, 4.0)
TIMES = 10
SQL = """
SELECT m.area, COUNT(*) AS n, SUM(t.cost) AS total
FROM members AS m JOIN {taps} AS t ON m.id = t.pid GROUP BY m.area ORDER BY m.area
"""

Released: TypeAlias = dict[str, list[float]]
"""`n` and `total` of each group, in the order of the groups."""


@dataclass(frozen=True)
class Files:
    """Two owners' Parquet files, and their join for those who cannot join.

    Attributes:
        members: A row for each person: `id`, `area` (1 to `GROUPS`).
        taps: The rows of persons: `pid`, `cost`, and the same in whole hundredths, `cents`.
        joined: The rows of both: `pid`, `area`, `cents`.
    """

    members: Path
    taps: Path
    joined: Path

    @staticmethod
    def in_folder(folder: Path) -> Files:
        """Name the files of a folder."""
        return Files(*(folder / f"{name}.parquet" for name in ("members", "taps", "joined")))


@dataclass(frozen=True)
class Caps:
    """What a system is told about one person, at the most.

    Attributes:
        rows: How many rows are kept.
        total: What all rows together may cost; the most rows of the highest cost where that is not known.
        epsilon: What the table may reveal.
    """

    rows: int
    total: float
    epsilon: float

    @classmethod
    def of_contract(cls, epsilon: float) -> Caps:
        """Return those of the contract."""
        return cls(CAP, CAP * LARGEST, epsilon)

    @classmethod
    def read(cls, text: str) -> Caps:
        """Read them from an argument."""
        return cls(**json.loads(text))

    def written(self) -> str:
        """Return them as an argument."""
        return json.dumps(asdict(self))


def make(folder: Path, *, persons: int) -> Files:
    """Write the files; the same number of persons gives the same values, in an order that has nothing to do with persons."""
    from stillroom.demo_data.synthetic import heavy_tailed, identifier, uniform, whole, write

    files = Files.in_folder(folder)
    rows = f"CAST(floor({heavy_tailed('i', 'rows', least=1.0, exponent=TAIL, most=float(MOST_ROWS))}) AS INTEGER)"
    normal = f"sqrt(-2 * ln(1 - {uniform('k', 'size')})) * cos(2 * pi() * {uniform('k', 'angle')})"
    cents = f"CAST(least({100 * LARGEST}, round(100 * exp(3.3 + {normal}))) AS BIGINT)"
    write(
        files.members,
        f"SELECT {identifier('i')} AS id, {whole('i', 'area', 1, GROUPS)} AS area FROM range({persons}) AS p(i) ORDER BY hash(i)",
    )
    every = f"SELECT i, i * {MOST_ROWS} + unnest(range({rows})) AS k FROM range({persons}) AS p(i)"
    write(
        files.taps,
        f"SELECT {identifier('i')} AS pid, cents / 100 AS cost, cents FROM (SELECT i, k, {cents} AS cents FROM ({every})) ORDER BY hash(k)",
    )
    write(files.joined, f"SELECT pid, area, cents FROM '{files.members}' JOIN '{files.taps}' ON id = pid")
    return files


def truth(files: Files) -> Released:
    """Return the exact numbers of all rows, of which no cap takes anything away."""
    from stillroom.demo_data.synthetic import read

    rows = read("SELECT COUNT(*), SUM(cents) / 100 FROM joined GROUP BY area ORDER BY area", joined=files.joined)
    return {"n": [float(row[0]) for row in rows], "total": [float(row[1]) for row in rows]}


def least_errors(files: Files, epsilon: float) -> dict[str, float]:
    """Return the least mean relative error that any cap can have, with Laplace noise for half the ε each, for the count and the sum.

    Nobody can know that cap beforehand. With a bias β and noise of scale b, the expected size of an error is |β| + b·exp(-|β|/b).
    """
    import numpy as np

    from stillroom.demo_data.synthetic import read

    rows = read("SELECT area, pid, COUNT(*), SUM(cents) / 100 FROM joined GROUP BY area, pid", joined=files.joined)
    areas, *totals = (np.array(column, dtype=float) for column in zip(*((row[0], row[2], row[3]) for row in rows), strict=True))
    place = areas.astype(int) - 1
    found = {}
    for name, own in zip(("n", "total"), totals, strict=True):
        whole = np.bincount(place, own, GROUPS)
        errors = []
        for cap in np.geomspace(1, own.max(), 200):
            bias, scale = whole - np.bincount(place, np.minimum(own, cap), GROUPS), cap / (epsilon / 2)
            errors.append(float(np.mean((bias + scale * np.exp(-bias / scale)) / whole)))
        found[name] = min(errors)
    return found


def report(released: list[list[Released]]) -> None:
    """Print releases, under each caps, for the parent process."""
    print(json.dumps(released))


if __name__ == "__main__":
    make(Path(sys.argv[1]), persons=int(sys.argv[2]))
