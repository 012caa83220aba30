"""With the noise off, functions mean what plain DuckDB takes them to mean, on the same admitted rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.test_against_duckdb import check_same_cells

QUESTIONS = (Path(__file__).parents[1] / "corpus" / "functions.sql").read_text("utf-8").splitlines()
"""One a line, under the contract of `test_against_duckdb`."""


@pytest.mark.parametrize("sql", QUESTIONS)
def test_the_same_cells_as_plain_duckdb(sql: str) -> None:
    check_same_cells(sql)
