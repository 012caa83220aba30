"""Quantiles by OpenDP's Polars planner: it selects among candidates, which are all numbers that there can be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import opendp.prelude as dp
import polars as pl
from opendp.extras.polars import Margin

from bench.accuracy.ranks import EPSILON, GROUPS, LARGEST, PARTS, PERSONS, TIMES, Released, file_of, report


def main(folder: Path) -> None:
    """Release the quantiles of each question some times."""
    dp.enable_features("contrib")
    rows = pl.read_parquet(file_of(folder)).lazy()
    report(**{name: [_released(rows, parts) for _ in range(TIMES[name])] for name, parts in PARTS.items()})


def _released(rows: pl.LazyFrame, parts: tuple[float, ...]) -> Released:
    context = dp.Context.compositor(
        data=rows.drop("id"),
        privacy_unit=dp.unit_of(contributions=1),
        privacy_loss=dp.loss_of(epsilon=EPSILON),
        split_evenly_over=1,
        margins=[Margin(by=["ward"], max_length=PERSONS)],
    )
    keys = pl.LazyFrame({"ward": range(1, GROUPS + 1)}, schema={"ward": pl.Int32})
    candidates = list(range(LARGEST + 1))
    age: Any = pl.col("age").fill_null(0)
    wanted = [age.dp.quantile(part, candidates).alias(f"q{place}") for place, part in enumerate(parts)]
    table = context.query().group_by("ward").agg(*wanted).with_keys(keys).release().collect().sort("ward")
    assert table.height == GROUPS
    return [list(map(float, row)) for row in table.drop("ward").rows()]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
