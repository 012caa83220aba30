"""What cannot be meant is refused while a question is built, with what to write; and the builder says what there is to write."""

from __future__ import annotations

import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, assert_type, cast

import pytest

from stillroom.client import expressions
from stillroom.client.expressions import (
    Expression,
    Ordered,
    coalesce,
    col,
    concat_str,
    corr,
    count,
    count_if,
    cov,
    grouping,
    lit,
    max_horizontal,
    min_horizontal,
    ntile,
    param,
    rank,
    row_number,
    when,
)
from stillroom.client.expressions.dates import Dates
from stillroom.client.expressions.text import Text
from stillroom.client.lazy_question import Groups, LazyQuestion
from stillroom.client.rows import Rows
from stillroom.errors import Code, InvalidInput
from tests.built import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.client.result import Release
    from stillroom.model.price import Price


class Named(StrEnum):
    """A kind of text of its own."""

    WARD = "ward"


class Hostile(str):
    """A text that is written otherwise than it is compared."""

    __slots__ = ()

    def replace(self, *_: object, **__: object) -> str:
        """Put nothing in the place of anything."""
        return "x' OR TRUE OR 'x' = 'x"


age, cost, day = col("age"), col("cost"), col("day")
given: list[Any] = ["age > 3", 3, True, 1.5]
text, number, yes, any_ = given
visits, members = table("visits"), table("members")
wards = visits.group_by("ward").agg(n=count())

WRONG: list[tuple[Callable[[], object], str]] = [
    # texts and names
    (lambda: lit(Named.WARD), "type Named"),
    (lambda: col(Named.WARD), "type Named"),
    (lambda: cost == Hostile("x"), "type Hostile"),
    (lambda: visits.group_by("ward").agg(**{Hostile("n"): count()}), "type Hostile"),
    (lambda: col(""), "empty"),
    (lambda: col("visits."), "empty"),
    (lambda: col(number), "type int"),
    (lambda: visits.group_by("ward").agg(**{"": count()}), "empty"),
    (lambda: visits.with_columns(**{"": cost}), "empty"),
    (lambda: wards.rename({"n": ""}), "empty"),
    # numbers and constants
    (lambda: cost + float("nan"), "not a number"),
    (lambda: cost.clip(Decimal("NaN"), 3), "not a number"),
    (lambda: cost.fill_null(cast("Any", [1])), "type list"),
    (lambda: cost.round(any_), "whole number"),
    (lambda: cost.round(-13), "from -12 on"),
    (lambda: cost.truncate(text), "whole number"),
    (lambda: cost.round(yes), "whole number"),
    (lambda: cost.width_bucket(0, 100, 0), "number of buckets"),
    (lambda: cost.width_bucket(0, text, 3).round(text), "whole number"),
    (cost.clip, "neither"),
    (lambda: cost.log(3), "base 2 or 10"),
    (lambda: cost.cast(cast("Any", "uuid")), "'uuid'"),
    (lambda: cost.cast(cast("Any", bytes)), "''"),
    (lambda: cost.cast("decimal", 0), "digits"),
    (lambda: cost.cast("decimal", 9, any_), "places"),
    (lambda: cost.is_in([]), "list of constants"),
    (lambda: cost.is_in([1, None]), "without None"),
    (lambda: cost.is_in(text), "list of constants"),
    # text and dates
    (lambda: col("region").str.slice(-3, 2), "goes to the end"),
    (lambda: col("region").str.slice(any_), "whole number"),
    (lambda: col("region").str.slice(0, -1), "from 0 on"),
    (lambda: col("region").str.head(-1), "from 0 on"),
    (lambda: col("region").str.tail(text), "whole number"),
    (lambda: day.dt.truncate(cast("Any", "decade")), "'decade'"),
    (lambda: day.dt.truncate(cast("Any", "day', x); --")), "There is no"),
    (lambda: day.dt.since(day, cast("Any", 3)), "There is no 3"),
    (lambda: day.dt.offset_by(any_, "day"), "whole number"),
    (lambda: day.dt.offset_by(1, cast("Any", "fortnight")), "'fortnight'"),
    (lambda: day > datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC), "no time zone"),
    # aggregates
    (lambda: cost.var(ddof=2), "ddof"),
    (lambda: cov(cost, age, ddof=yes), "ddof"),
    (lambda: corr(cost, number), "type int"),
    (lambda: count_if(text), "type str"),
    (lambda: grouping(number), "type int"),
    (lambda: cost.filter(cost > 3), "follow an aggregate"),
    (lambda: (cost.sum() / 2).filter(cost > 3), "follow an aggregate"),
    (lambda: cost.sum().filter(cost > 3).filter(cost > 4), "once"),
    (lambda: cost.sum().filter(), "no condition"),
    (lambda: cost.sum().filter(text), "type str"),
    # functions of several
    (lambda: param(text), "name of a parameter"),
    (lambda: param(number), "type int"),
    (coalesce, "COALESCE"),
    (max_horizontal, "GREATEST"),
    (min_horizontal, "LEAST"),
    (concat_str, "concat_str"),
    (lambda: concat_str(ignore_nulls=True), "CONCAT"),
    (lambda: when(number, 1), "type int"),
    # windows
    (lambda: cost.over("ward"), "Only an aggregate"),
    (lambda: (cost.sum() + 1).over("ward"), "Only an aggregate"),
    (lambda: cost.sum().over().over(), "once"),
    (lambda: cost.sum().over(number), "type int"),
    (lambda: cost.sum().over(order_by=number), "type int"),
    (lambda: cost.sum().over(order_by=[]), "no terms"),
    (lambda: cost.sum().over(order_by="day", descending=[True, False]), "one of these for each term"),
    (lambda: cost.sum().over(order_by="day", descending=cast("Any", "no")), "descending"),
    (lambda: cost.sum().over(order_by=day.desc(), descending=True), "two directions"),
    (lambda: cost.sum().over(order_by="day", rows=(None, 0), peers=(None, 0)), "one frame"),
    (lambda: cost.sum().over(order_by="day", peers=(-1, 0)), "row itself"),
    (lambda: cost.sum().over(order_by="day", rows=number), "pair of numbers"),
    (lambda: cost.sum().over(order_by="day", rows=cast("Any", (1, 2, 3))), "pair of numbers"),
    (lambda: cost.sum().over(order_by="day", rows=cast("Any", ("1; DROP", 0))), "pair of numbers"),
    (lambda: cost.shift(any_), "whole number"),
    (lambda: cost.nth(0), "from 1 on"),
    (lambda: ntile(0), "from 1 on"),
    (lambda: visits.join("members", on=rank().over(order_by="day") == 1), "in a join"),
    (lambda: visits.semi_join("members", on=rank().over(order_by="day") == 1), "in a join"),
    (lambda: visits.per_person(n=cost.sum().over()), "in a total"),
    (lambda: visits.group_by(k=row_number().over(order_by="day")), "in a key"),
    (lambda: wards.group_by(k=row_number().over(order_by="n")), "in a key"),
    (lambda: wards.having(row_number().over(order_by="n") == 1), "in having"),
    (lambda: visits.with_columns(k=cost.sum()), "made of many rows"),
    (lambda: visits.select(k=row_number()), "made of many rows"),
    (lambda: wards.with_columns(k=col("n").sum().filter(col("n") > 3)), "made of many rows"),
    (lambda: wards.select(k=col("n").shift()), "made of many rows"),
    # rows
    (lambda: visits.select(cast("Any", cost)), "type Expression"),
    (lambda: visits.drop(cast("Any", cost)), "type Expression"),
    (lambda: wards.select(cast("Any", col("n"))), "type Expression"),
    (lambda: visits.filter(text), "type str"),
    (lambda: visits.filter(yes), "type bool"),
    (lambda: visits.filter(cast("Any", cost.desc())), "type Ordered"),
    (lambda: visits.join("members", using=cast("Any", "ward")), "list of names"),
    (lambda: visits.join("members", how=cast("Any", "outer")), "'outer'"),
    (visits.first_by, "no terms"),
    (lambda: visits.join(cast("Any", wards)), "type LazyQuestion"),
    (lambda: visits.semi_join(cast("Any", None)), "type NoneType"),
    (lambda: visits.concat(cast("Any", wards)), "type LazyQuestion"),
    (lambda: visits.first_by("day", rows=0), "from 1 on"),
    (lambda: visits.first_by("day", rows=text), "whole number"),
    (lambda: visits.group_by("ward", totals=[]), "Grouping sets"),
    (lambda: visits.group_by("ward", totals=cast("Any", ["ward"])), "Grouping sets"),
    (lambda: visits.group_by("ward", totals=cast("Any", "cubes")), "'cubes'"),
    # tables
    (wards.select, "No column"),
    (lambda: wards.limit(text), "whole number"),
    (lambda: wards.limit(-1), "from 0 on"),
    (lambda: wards.limit(3, offset=text), "whole number"),
    (lambda: wards.limit(3).limit(2), "limit already"),
    (lambda: wards.limit(3).order_by("n"), "at the end"),
    (lambda: wards.limit(3).having(count() > 3), "at the end"),
    (lambda: wards.sort("n").filter(col("n") > 3), "at the end"),
    (lambda: wards.sort("n").with_columns(m=col("n")), "at the end"),
    (wards.sort, "no terms"),
    (lambda: wards.sort(number), "type int"),
    (lambda: wards.filter(text), "type str"),
]


@pytest.mark.parametrize("place", range(len(WRONG)))
def test_wrong_use_is_named(place: int) -> None:
    build, about = WRONG[place]
    with pytest.raises(InvalidInput, match=about) as refused:
        build()
    assert refused.value.code in {Code.SQL_INVALID, Code.NUMBER_TOO_LARGE}
    assert refused.value.fix


UNKNOWN: list[Callable[[], object]] = [
    lambda: visits.select("wards"),
    lambda: visits.drop("wards"),
    lambda: visits.rename({"wards": "x"}),
    lambda: visits.join(visits.select("ward"), using=["cost"]),
    lambda: visits.join("members", using=["ward"]),
    lambda: visits.select("ward").concat(members.select("gender")),
    lambda: visits.group_by("ward", totals=[("wards",)]),
    lambda: wards.select("ward", "m"),
    lambda: wards.drop("m"),
    lambda: wards.rename({"m": "x"}),
    lambda: wards.group_by("cost"),
]


@pytest.mark.parametrize("place", range(len(UNKNOWN)))
def test_names_that_are_not_there_are_named(place: int) -> None:
    build = UNKNOWN[place]
    with pytest.raises(InvalidInput) as refused:
        build()
    assert refused.value.code is Code.COLUMN_UNKNOWN
    assert "ward" in refused.value.fix or "gender" in refused.value.fix


TWICE: list[Callable[[], object]] = [
    lambda: visits.group_by("ward").agg(ward=count()),
    lambda: visits.rename({"ward": "cost"}),
    lambda: wards.rename({"ward": "n"}),
    lambda: visits.group_by("ward", ward=cost > 3),
    lambda: wards.group_by("ward", ward=col("n")),
    lambda: visits.select("ward", ward=cost),
    lambda: wards.select("ward", ward=col("n")),
    lambda: visits.per_person("ward", ward=count()),
]


@pytest.mark.parametrize("place", range(len(TWICE)))
def test_a_name_does_not_stand_for_two_columns(place: int) -> None:
    build = TWICE[place]
    with pytest.raises(InvalidInput) as refused:
        build()
    assert refused.value.code is Code.COLUMN_AMBIGUOUS


def test_nothing_measured_is_no_question() -> None:
    for build in (visits.agg, visits.group_by("ward").agg, wards.agg):
        with pytest.raises(InvalidInput) as refused:
            build()
        assert refused.value.code is Code.NOT_AGGREGATED


def test_a_column_may_be_called_as_persons_are_elsewhere() -> None:
    rows = visits.with_columns(person=cost > 3).with_columns(twice=col("person")).unique()
    assert set(rows.names) == {"ward", "day", "cost", "person", "twice"}
    assert "AS person_2" in rows.source


def test_a_notebook_completes_all_of_it() -> None:
    assert {"sum", "var", "filter", "over", "shift", "clip", "cast", "is_in", "str", "dt", "desc"} <= set(dir(cost))
    assert {"lower", "slice", "starts_with"} <= set(dir(cost.str))
    assert {"year", "truncate", "offset_by", "since"} <= set(dir(cost.dt))
    assert {"join", "concat", "unique", "select", "semi_join", "ward", "cost", "day"} <= set(dir(visits))
    assert {"with_columns", "select", "filter", "sort", "head", "group_by", "price", "ask"} <= set(dir(wards))
    assert {"col", "count", "when", "coalesce", "row_number", "corr"} <= set(expressions.__all__)
    assert [name for name in expressions.__all__ if not hasattr(expressions, name)] == []


def test_everything_that_is_completed_says_what_it_is() -> None:
    for owner in (cost, cost.str, cost.dt, visits, wards, visits.group_by("ward")):
        names = [name for name in dir(type(owner)) if not name.startswith("_")]
        assert [name for name in names if callable(getattr(type(owner), name)) and not getattr(type(owner), name).__doc__] == []


def test_types_are_known_without_running() -> None:
    """A type checker reads this; what is marked must be an error to it, or the mark is."""
    assert_type(cost.sum(), Expression)
    assert_type(1 - cost // 2 % 3, Expression)
    assert_type(cost == 3, Expression)
    assert_type(cost.str, Text[Expression])
    assert_type(cost.str.lower().str.len_chars(), Expression)
    assert_type(cost.dt, Dates[Expression])
    assert_type(day.dt.truncate("month"), Expression)
    assert_type(cost.shift().over("ward", order_by="day"), Expression)
    assert_type(cost.desc(), Ordered)
    assert_type(when(cost > 3, 1).otherwise(0), Expression)
    assert_type(coalesce(cost, 3), Expression)
    assert_type(visits.ward, Expression)
    assert_type(visits.join("members").filter(cost > 3).with_columns(x=cost * 2), Rows)
    assert_type(visits.group_by("ward"), Groups)
    assert_type(wards.with_columns(x=col("n") / 2).sort("x", descending=True).head(3), LazyQuestion)
    if TYPE_CHECKING:
        assert_type(wards.price(epsilon=1.0), Price)
        assert_type(wards.ask(epsilon=1.0), Release)
        visits.filter("age > 3")  # type: ignore[arg-type]
        visits.filter(cost.desc())  # type: ignore[arg-type]
        visits.join("members", how="outer")  # type: ignore[arg-type]
        visits.group_by("ward", totals="cubes")  # type: ignore[arg-type]
        day.dt.truncate("decade")  # type: ignore[arg-type]
        cost.cast("uuid")  # type: ignore[arg-type]
        cost + b"1"  # type: ignore[operator]
        wards.limit("3")  # type: ignore[arg-type]
        cost.desc() + 1  # type: ignore[operator]
