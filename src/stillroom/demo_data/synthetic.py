"""Synthetic people of any number: draws that are fixed by a person's number and a label, written in SQL, so that DuckDB makes millions.

A draw is a hash, so the same number of people always gives the same files. That is for data alone: noise is never drawn like this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


MEMORY = "1GB"
"""What DuckDB may take to make a file; beyond that it sorts on disk."""


def uniform(number: str, label: str) -> str:
    """Return the expression of a number from 0 to below 1 that depends on a number and a label only.

    DuckDB combines the hashes of several values by an exclusive or, so that two labels would give draws that depend on each other; a
    second hash undoes that.
    """
    return f"(CAST(hash(hash({number}, '{label}')) >> 11 AS DOUBLE) / 9007199254740992)"


def whole(number: str, label: str, low: int, high: int) -> str:
    """Return the expression of a whole number from `low` to `high`, each as likely as the others."""
    return f"CAST({low} + floor({uniform(number, label)} * {high - low + 1}) AS INTEGER)"


def one_of(number: str, label: str, weights: Mapping[str, float]) -> str:
    """Return the expression that draws one of some texts, each as often as its weight says."""
    total, reached, branches = sum(weights.values()), 0.0, []
    for text, weight in weights.items():
        reached += weight / total
        branches.append(f"WHEN {uniform(number, label)} < {reached!r} THEN '{text}'")
    return f"CASE {' '.join(branches)} ELSE '{[*weights][-1]}' END"


def heavy_tailed(number: str, label: str, *, least: float, exponent: float, most: float) -> str:
    """Return the expression of a Pareto number: P(X > x) = (least / x)^exponent, cut off at `most`."""
    return f"least({most!r}, {least!r} / pow(1 - {uniform(number, label)}, {1 / exponent!r}))"


def identifier(number: str) -> str:
    """Return the expression of a person's identifier."""
    return f"'P-' || lpad(CAST({number} AS VARCHAR), 9, '0')"


def write(path: Path, select: str) -> Path:
    """Write the rows of a SELECT to a Parquet file."""
    import duckdb

    with duckdb.connect(":memory:", config={"temp_directory": str(path.parent / "spill"), "memory_limit": MEMORY}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY ({select}) TO '{_quoted(path)}' (FORMAT parquet)")
    return path


def read(select: str, **files: Path) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a SELECT over Parquet files, each under its name: the truth, which no party of a room could ask for."""
    import duckdb

    with duckdb.connect(":memory:", config={"memory_limit": MEMORY}) as connection:
        connection.execute("SET enable_progress_bar = false")
        for name, path in files.items():
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{_quoted(path)}'")
        return connection.execute(select).fetchall()


def _quoted(path: Path) -> str:
    """Return a path as it stands between quotation marks."""
    return str(path).replace("'", "''")
