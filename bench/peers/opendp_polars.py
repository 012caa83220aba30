"""The same question by OpenDP's Polars planner, warm.

Its planner joins no private tables, so it starts from the joined rows, and the join is not counted. Each person keeps at most
`ROWS_PER_PERSON` rows, by the cheapest of its rules; the mean is the ratio of the two releases, which costs nothing more.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from typing import Any

import opendp.prelude as dp
import polars as pl
from opendp.extras.polars import Margin, dp_len

from bench.data import DELTA, EPSILON, GENDERS, LARGEST_COST, ROWS_PER_PERSON, WARDS, Files
from bench.probe import cost_of, report

MOST_ROWS = 100_000_000
"""What the planner wants to be told about any group, for its sums of floating-point numbers."""


def main(folder: Path) -> None:
    """Run another question, then the one that is compared."""
    dp.enable_features("contrib")
    rows = pl.scan_parquet(Files.in_folder(folder).joined)
    _rows_of_persons(rows).select(dp_len(signed=True)).release().collect()
    report(ask=cost_of(lambda: _ask(rows)))


def _rows_of_persons(rows: pl.LazyFrame) -> Any:  # noqa: ANN401  OpenDP has no name for a query that is not finished
    margins = [Margin(max_length=MOST_ROWS), Margin(by=["gender", "region"], max_length=MOST_ROWS)]
    context = dp.Context.compositor(
        data=rows,
        privacy_unit=dp.unit_of(contributions=1, identifier="pid"),
        privacy_loss=dp.loss_of(epsilon=EPSILON, delta=DELTA),
        split_evenly_over=1,
        margins=margins,
    )
    return context.query().truncate_per_group(ROWS_PER_PERSON, keep="first")


def _ask(rows: pl.LazyFrame) -> None:
    cost = pl.col("cost").fill_nan(0.0).fill_null(0.0)
    keys = pl.LazyFrame(list(product(GENDERS, WARDS)), schema=["gender", "region"], orient="row")
    groups = _rows_of_persons(rows).group_by("gender", "region")
    total = cost.dp.sum((0.0, float(LARGEST_COST)))  # type: ignore[attr-defined]  # OpenDP adds it
    released = groups.agg(dp_len(signed=True), total.alias("total")).with_keys(keys).release()
    table = released.collect().with_columns(mean=pl.col("total") / pl.col("len"))
    assert table.height == len(GENDERS) * len(WARDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
