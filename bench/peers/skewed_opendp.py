"""The skewed join by OpenDP's Polars planner, with Laplace noise. Its planner joins no private tables: it starts from the joined rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import opendp.prelude as dp
import polars as pl
from opendp.extras.polars import Margin, dp_len

from bench.accuracy.skewed import GROUPS, LARGEST, TIMES, Caps, Files, Released, report

MOST_ROWS = 100_000_000
"""What the planner wants to be told about any group."""


def main(folder: Path, caps: list[Caps]) -> None:
    """Release the table some times under each caps."""
    dp.enable_features("contrib")
    rows = pl.read_parquet(Files.in_folder(folder).joined).lazy()
    report([[_released(rows, one) for _ in range(TIMES)] for one in caps])


def _released(rows: pl.LazyFrame, caps: Caps) -> Released:
    context = dp.Context.compositor(
        data=rows,
        privacy_unit=dp.unit_of(contributions=1, identifier="pid"),
        privacy_loss=dp.loss_of(epsilon=caps.epsilon),
        split_evenly_over=1,
        margins=[Margin(max_length=MOST_ROWS), Margin(by=["area"], max_length=MOST_ROWS)],
    )
    keys = pl.LazyFrame({"area": range(1, GROUPS + 1)}, schema={"area": pl.Int32})
    cents: Any = pl.col("cents").fill_null(0)
    kept = context.query().truncate_per_group(caps.rows, keep="first")
    table = (
        kept.group_by("area").agg(dp_len(signed=True), cents.dp.sum((0, 100 * LARGEST))).with_keys(keys).release().collect().sort("area")
    )
    assert table.height == GROUPS
    return {"n": table["len"].cast(pl.Float64).to_list(), "total": (table["cents"] / 100).to_list()}


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Caps.read(text) for text in sys.argv[2:]])
