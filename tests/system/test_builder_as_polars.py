"""What the builder counts is what Polars counts of the same rows, step by step: methods that are named alike mean the same here.

The page on Python lists those that mean something else.
"""

from __future__ import annotations

import datetime
import random
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl
import pytest

from stillroom.client.expressions import coalesce, col, count, max_horizontal, row_number, when
from stillroom.testing import measure_exactly
from tests.built import table
from tests.questions import CONTRACT

if TYPE_CHECKING:
    from stillroom.client.rows import Rows

Raw: TypeAlias = "dict[str, list[dict[str, Any]]]"

PEOPLE, ROWS = 60, 5
DRAWN = random.Random(20240229)
START = datetime.date(2023, 11, 1)


@cache
def raw() -> Raw:
    """Return people, some without a region, and their visits, some without a cost, at different days."""
    members = [
        {"id": f"p{number}", "age": DRAWN.randint(12, 90), "gender": DRAWN.choice("FM"), "region": DRAWN.choice(["n", "s", None])}
        for number in range(PEOPLE)
    ]
    visits = [
        {"pid": f"p{number}", "cost": DRAWN.choice([None, *range(0, 101, 5)]), "ward": DRAWN.choice("xyz"), "day": START + one}
        for number in range(0, PEOPLE, 2)
        for one in [datetime.timedelta(DRAWN.randint(60 * place, 60 * place + 59)) for place in range(DRAWN.randint(0, ROWS))]
    ]
    return {"members": members, "visits": visits}


members, visits = table("members"), table("visits")
M, V = (pl.DataFrame(rows) for rows in raw().values())
cost, day, ward, age, region = map(col, ("cost", "day", "ward", "age", "region"))
pcost, pday, pward, page = map(pl.col, ("cost", "day", "ward", "age"))
PLACE = row_number().over(order_by="day")
RANK = pl.col("day").rank("ordinal").over("pid")
BY_DAY = V.sort("pid", "day")

ALIKE: dict[str, tuple[Rows, pl.DataFrame]] = {
    "filter": (visits.filter(cost > 20, ~(ward == "x")), V.filter(pcost > 20, ~(pward == "x"))),
    "filter in two steps": (visits.filter(cost > 20).filter(PLACE <= 2), V.filter(pcost > 20).filter(RANK <= 2)),
    "filter at once": (visits.filter(cost > 20, PLACE <= 2), V.filter(pcost > 20, RANK <= 2)),
    "is_in, is_null": (visits.filter(cost.is_in([5, 10, 15]) | cost.is_null()), V.filter(pcost.is_in([5, 10, 15]) | pcost.is_null())),
    "eq_missing": (visits.filter(cost.ne_missing(5)), V.filter(pcost.ne_missing(5))),
    "clip, fill_null": (visits.filter(cost.clip(30, 60).fill_null(7) < 31), V.filter(pcost.clip(30, 60).fill_null(7) < 31)),
    "clip leaves what is missing": (visits.filter(cost.clip(30, 60).is_null()), V.filter(pcost.clip(30, 60).is_null())),
    "horizontal": (visits.filter(max_horizontal(cost, 50) == 50), V.filter(pl.max_horizontal(pcost, 50) == 50)),
    "coalesce": (visits.filter(coalesce(cost, 3) == 3), V.filter(pl.coalesce(pcost, 3) == 3)),
    "when": (
        visits.filter(when(cost > 50, "a").otherwise("b") == "b"),
        V.filter(pl.when(pcost > 50).then(pl.lit("a")).otherwise(pl.lit("b")) == "b"),
    ),
    "floor division": (visits.filter(cost.cast(int) // 7 == 3), V.filter(pcost // 7 == 3)),
    "remainder": (visits.filter(cost % 7 == 3), V.filter(pcost % 7 == 3)),
    "with_columns": (visits.with_columns(cost=cost * 2).filter(cost > 60), V.with_columns(pcost * 2).filter(pcost > 60)),
    "shift": (
        visits.with_columns(before=cost.shift().over(order_by="day")).filter(cost > col("before")),
        BY_DAY.with_columns(before=pcost.shift().over("pid")).filter(pcost > pl.col("before")),
    ),
    "shift back": (
        visits.with_columns(after=cost.shift(-1).over(order_by="day")).filter(cost > col("after")),
        BY_DAY.with_columns(after=pcost.shift(-1).over("pid")).filter(pcost > pl.col("after")),
    ),
    "running sum": (
        visits.filter(cost.fill_null(0).sum().over(order_by="day") > 90),
        BY_DAY.filter(pcost.fill_null(0).cum_sum().over("pid") > 90),
    ),
    "sum, of a key": (visits.filter(cost.sum().over("ward") > 60), V.filter(pcost.sum().over("pid", "ward") > 60)),
    "mean, max": (
        visits.filter(cost.max().over() > cost.mean().over() * 2),
        V.filter(pcost.max().over("pid") > pcost.mean().over("pid") * 2),
    ),
    "first": (
        visits.filter(ward.first().over(order_by="day") == "x"),
        BY_DAY.filter(pward.first().over("pid") == "x"),
    ),
    "unique": (visits.select("ward").unique(), V.select("pid", "ward").unique()),
    "concat": (visits.concat(visits.filter(cost > 50)), pl.concat([V, V.filter(pcost > 50)])),
    "rename, drop": (visits.rename({"cost": "k"}).drop("day").filter(col("k") > 50), V.rename({"cost": "k"}).filter(pl.col("k") > 50)),
    "join": (visits.join("members").filter(age > 40), V.join(M, left_on="pid", right_on="id").filter(page > 40)),
    "semi_join": (visits.semi_join(members.filter(age > 40)), V.join(M.filter(page > 40), left_on="pid", right_on="id", how="semi")),
    "anti_join": (visits.anti_join(visits.filter(ward == "x")), V.join(V.filter(pward == "x"), on="pid", how="anti")),
    "text": (visits.filter(ward.str.upper().str.contains("Y")), V.filter(pward.str.to_uppercase().str.contains("Y"))),
    "slice": (
        visits.join("members").filter(coalesce(region, "west").str.slice(1, 2) == "es"),
        V.join(M, left_on="pid", right_on="id").filter(pl.coalesce("region", pl.lit("west")).str.slice(1, 2) == "es"),
    ),
    "dates": (
        visits.filter((day.dt.weekday() < 6) & (day.dt.month().is_between(2, 5)) & (day.dt.quarter() == 1)),
        V.filter((pday.dt.weekday() < 6) & pday.dt.month().is_between(2, 5) & (pday.dt.quarter() == 1)),
    ),
    "truncate, offset": (
        visits.filter(day.dt.truncate("month").dt.offset_by(1, "month") > datetime.date(2024, 3, 1)),
        V.filter(pday.dt.truncate("1mo").dt.offset_by("1mo") > datetime.date(2024, 3, 1)),
    ),
    "month_end, ordinal_day": (
        visits.filter((day.dt.month_end() - day > 10) & (day.dt.ordinal_day() > 40)),
        V.filter(((pday.dt.month_end() - pday).dt.total_days() > 10) & (pday.dt.ordinal_day() > 40)),
    ),
}


@pytest.mark.parametrize("name", ALIKE)
def test_the_builder_counts_what_polars_counts(name: str) -> None:
    rows, frame = ALIKE[name]
    (measure,) = measure_exactly(CONTRACT, raw(), rows.group_by("ward").agg(n=count()).sql).measures
    counted = dict(frame.group_by("ward").len().iter_rows())
    assert {key: n for (key,), n in measure.cells.items() if n} == counted
    assert 0 < sum(counted.values()) != len(V)


def test_what_is_made_of_each_person_is_what_polars_makes() -> None:
    often = visits.per_person(times=count(), most=cost.max()).filter(col("times") > 1, col("most") > 50)
    frame = V.group_by("pid").agg(times=pl.len(), most=pcost.max()).filter(pl.col("times") > 1, pl.col("most") > 50)
    (measure,) = measure_exactly(CONTRACT, raw(), often.group_by("times").agg(n=count()).sql).measures
    counted = dict(frame.group_by("times").len().iter_rows())
    assert {key: n for (key,), n in measure.cells.items() if n} == counted
