"""Expressions of the lazy builder: columns, and what can be computed from them. Each is a piece of SQL, which the compiler decides on."""

from __future__ import annotations

from stillroom.client.expressions.dates import Unit
from stillroom.client.expressions.expression import Expression, col, lit, of
from stillroom.client.expressions.functions import (
    When,
    coalesce,
    concat_str,
    corr,
    count,
    count_if,
    cov,
    cume_dist,
    dense_rank,
    grouping,
    max_horizontal,
    min_horizontal,
    ntile,
    param,
    percent_rank,
    pi,
    rank,
    regr_intercept,
    regr_slope,
    row_number,
    when,
)
from stillroom.client.expressions.numbers import Type
from stillroom.client.expressions.order import Ordered, Term
from stillroom.client.expressions.piece import Value
from stillroom.client.expressions.windows import Frame

__all__ = [
    "Expression",
    "Frame",
    "Ordered",
    "Term",
    "Type",
    "Unit",
    "Value",
    "When",
    "coalesce",
    "col",
    "concat_str",
    "corr",
    "count",
    "count_if",
    "cov",
    "cume_dist",
    "dense_rank",
    "grouping",
    "lit",
    "max_horizontal",
    "min_horizontal",
    "ntile",
    "of",
    "param",
    "percent_rank",
    "pi",
    "rank",
    "regr_intercept",
    "regr_slope",
    "row_number",
    "when",
]
