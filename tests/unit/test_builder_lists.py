"""What is given as lists, or as scalars of NumPy, is what is given one by one, or as Python's values."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from stillroom.client.expressions import coalesce, col, concat_str, count, lit, max_horizontal, min_horizontal, ntile, row_number
from stillroom.client.expressions.scalars import plain_scalar
from stillroom.client.parameters import written
from stillroom.errors import InvalidInput
from tests.built import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.client.expressions import Expression
    from stillroom.client.lazy_question import LazyQuestion

scalars: Any = np
"""NumPy: its scalars are no constants to a type checker."""

visits = table("visits")
cost, day, ward = col("cost"), col("day"), col("ward")
wards = visits.group_by("ward", "day").agg(n=count(), total=cost.sum())

QUESTIONS: list[tuple[LazyQuestion, LazyQuestion]] = [
    (visits.group_by(["ward", "day"]).agg(n=count()), visits.group_by("ward", "day").agg(n=count())),
    (visits.group_by(["ward"], "day", totals="cube").agg(n=count()), visits.group_by("ward", "day", totals="cube").agg(n=count())),
    (visits.select(["ward", "cost"]).agg(n=count()), visits.select("ward", "cost").agg(n=count())),
    (visits.drop(("ward", "cost")).agg(n=count()), visits.drop("ward", "cost").agg(n=count())),
    (visits.filter([cost > 3, cost < 9]).agg(n=count()), visits.filter(cost > 3, cost < 9).agg(n=count())),
    (visits.per_person(["ward"], n=count()).agg(m=col("n").sum()), visits.per_person("ward", n=count()).agg(m=col("n").sum())),
    (visits.first_by(["day", cost.desc()]).agg(n=count()), visits.first_by("day", cost.desc()).agg(n=count())),
    (wards.select(["ward", "n"]), wards.select("ward", "n")),
    (wards.drop(["day", "n"]), wards.drop("day", "n")),
    (wards.filter([col("n") > 3, ward == "x"]), wards.filter(col("n") > 3, ward == "x")),
    (wards.having([count() > 3]), wards.having(count() > 3)),
    (wards.sort(["ward", "n"], descending=[True, False]), wards.sort("ward", "n", descending=[True, False])),
    (wards.order_by(["ward", count()]), wards.order_by("ward", count())),
    (wards.group_by(["ward"]).agg(m=col("n").max()), wards.group_by("ward").agg(m=col("n").max())),
    (wards.limit(scalars.int64(3), scalars.int8(2)), wards.limit(3, 2)),
    (visits.group_by(scalars.str_("ward")).agg(**{scalars.str_("n"): count()}), visits.group_by("ward").agg(n=count())),
]

EXPRESSIONS: list[tuple[Expression, Expression]] = [
    (coalesce([cost, 3]), coalesce(cost, 3)),
    (max_horizontal([cost, 3], 4), max_horizontal(cost, 3, 4)),
    (min_horizontal((cost, 3)), min_horizontal(cost, 3)),
    (concat_str([ward, "x"]), concat_str(ward, "x")),
    (concat_str([ward, "x"], ignore_nulls=True), concat_str(ward, "x", ignore_nulls=True)),
    (row_number().over(["ward", "day"], order_by="cost"), row_number().over("ward", "day", order_by="cost")),
    (cost.sum().over(order_by="day", rows=(scalars.int64(-2), None)), cost.sum().over(order_by="day", rows=(-2, None))),
    (ntile(scalars.int32(4)), ntile(4)),
    (lit(scalars.int64(-3)), lit(-3)),
    (lit(scalars.uint64(2**63)), lit(2**63)),
    (lit(scalars.float64(0.1)), lit(0.1)),
    (lit(scalars.float32(0.5)), lit(0.5)),
    (lit(scalars.bool_(True)), lit(True)),  # noqa: FBT003 - a constant
    (lit(scalars.str_("it's")), lit("it's")),
    (day > scalars.datetime64("2024-02-29"), day > datetime.date(2024, 2, 29)),
    (day > scalars.datetime64("2024-02-29T06:00:00"), day > datetime.datetime(2024, 2, 29, 6)),  # noqa: DTZ001 - questions have no time zone
    (cost * scalars.int64(3) + scalars.float64(0.5), cost * 3 + 0.5),
    (cost.round(scalars.int64(2)), cost.round(2)),
    (cost.is_in(scalars.array([1, 2, 3])), cost.is_in([1, 2, 3])),
    (ward.is_in(scalars.array(["x", "y"])), ward.is_in(["x", "y"])),
    (cost.is_in(range(3)), cost.is_in([0, 1, 2])),
]


@pytest.mark.parametrize("place", range(len(QUESTIONS)))
def test_lists_of_names_are_the_names(place: int) -> None:
    given, meant = QUESTIONS[place]
    assert given.sql == meant.sql


@pytest.mark.parametrize("place", range(len(EXPRESSIONS)))
def test_lists_and_scalars_are_the_values(place: int) -> None:
    given, meant = EXPRESSIONS[place]
    assert given.sql == meant.sql


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: lit(scalars.float64("nan")), "not a number"),
    (lambda: lit(scalars.float64("inf")), "infinite"),
    (lambda: lit(scalars.complex128(1j)), "type complex"),
    (lambda: lit(scalars.bytes_(b"x")), "type bytes"),
    (lambda: lit(scalars.datetime64("2024-02-29T06:00:00.000000001")), "type datetime64"),
    (lambda: lit(scalars.datetime64("NaT")), "type datetime64"),
    (lambda: lit(scalars.timedelta64(3, "D")), "type timedelta64"),
    (lambda: lit(scalars.array([1, 2])), "type ndarray"),
    (lambda: visits.agg(n=count()).limit(scalars.float64(3.0)), "whole number"),
    (lambda: visits.agg(n=count()).limit(scalars.bool_(True)), "whole number"),  # noqa: FBT003 - what is tested
    (lambda: cost.is_in(scalars.array([])), "list of constants"),
    (lambda: cost.is_in(3), "list of constants"),  # type: ignore[arg-type]
    (lambda: coalesce([]), "COALESCE"),
    (lambda: visits.group_by([["ward"]]), "type list"),  # type: ignore[list-item]
]


@pytest.mark.parametrize("place", range(len(REFUSED)))
def test_what_is_no_constant_is_refused_by_its_type(place: int) -> None:
    build, about = REFUSED[place]
    with pytest.raises(InvalidInput, match=about) as refused:
        build()
    assert refused.value.fix


def test_parameters_are_pythons_values() -> None:
    given: dict[str, Any] = {
        "whole": scalars.int64(3),
        "part": scalars.float64(0.1),
        "truth": scalars.bool_(True),  # noqa: FBT003 - a constant
        "text": scalars.str_("x"),
        "day": scalars.datetime64("2024-02-29"),
    }
    found = written(given)
    assert found == {"whole": 3, "part": 0.1, "truth": True, "text": "x", "day": "2024-02-29"}
    assert [type(one) for one in found.values()] == [int, float, bool, str, str]


def test_anything_else_stays_what_it_is() -> None:
    for one in (3, 1.5, True, "x", None, [1], scalars.datetime64("NaT")):
        assert plain_scalar(one) is one
