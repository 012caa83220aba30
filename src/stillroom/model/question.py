"""A question as it is asked: SQL, and what the analyst is ready to spend or wants to know."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from stillroom.model.contract import Digest, Name
from stillroom.model.expression import SmallInt
from stillroom.model.value import Value

SQL_LIMIT = 100_000
"""The longest question, in characters."""

GROUP_LIMIT = 10**12
"""The largest group size, and the most groups of one person, that a question may name."""

CAP_LIMIT = 200
"""The most caps that a question may give: one for each column."""

PARAMETER_LIMIT = 1_000
"""The most parameters of a question."""

WEIGHT_LIMIT = 1_000
"""The most columns that a question may weigh."""

LIGHTEST, HEAVIEST = 0.01, 100.0
"""The range of weights."""


class Dialect(StrEnum):
    """The dialects that a question may be written in."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    SNOWFLAKE = "snowflake"
    BIGQUERY = "bigquery"
    REDSHIFT = "redshift"
    MYSQL = "mysql"
    SQLITE = "sqlite"
    SPARK = "spark"
    DATABRICKS = "databricks"
    TRINO = "trino"
    TSQL = "tsql"
    ORACLE = "oracle"


class Quantiles(StrEnum):
    """How quantiles are measured."""

    TREE = "tree"
    EXPONENTIAL = "exponential"


Parameter: TypeAlias = bool | SmallInt | float | Annotated[str, Field(max_length=SQL_LIMIT)]
"""A value of a parameter. A double means the shortest decimal that denotes it."""

Term: TypeAlias = float | bool | str | Mapping[str, float] | None
"""What one of the terms may be given as in Python; None leaves it out."""


class Terms(Value):
    """How precise, at which price. Exactly one of `epsilon` and `error` is given.

    Attributes:
        epsilon: Spend the zCDP rho that (epsilon, the contract's delta) buys; with `pure`, spend epsilon itself.
        error: Spend the least for which the 95 % half-width of every released count, sum and average is at most this.
        group_size: The group size at which `error` holds for averages.
        pure: Use noise for pure epsilon-DP: Laplace, or exponential where quantiles are chosen.
        groups_per_person: Keep at most this many groups per person, when that is fewer than the contract's worst case.
        nonnegative: Show no count or sum below 0 that cannot be. Left out of the encoding where false.
        advise: Spend this share of `epsilon` on choosing how far the totals of persons, and their numbers of cells, are cut. Left out of
            the encoding where nothing is chosen.
        caps: The furthest from 0 that a person's total in a cell may be, by the heading of its column, in the units that this shows.
            Left out of the encoding where there are none.
        clamped: Measure what clamping removes from each sum, within the same price. Left out of the encoding where false.
        weights: How much columns of the table matter, by their headings, as `stillroom.query.weights` defines it: with a weight of w, a
            column's error is about 1/w of what it would be beside others with a weight of 1, which all have that are not named. It divides
            `epsilon`, and adds nothing to it. Left out of the encoding where empty.
        quantiles: How quantiles are measured: by noisy counts on a tree of values, which all quantiles of a column share and which give
            intervals; or each by the exponential mechanism, which is closer and gives none. Left out of the encoding where it is the tree.
    """

    epsilon: Annotated[float, Field(gt=0, le=100)] | None = None
    error: Annotated[float, Field(gt=0)] | None = None
    group_size: Annotated[int, Field(ge=1, le=GROUP_LIMIT)] | None = None
    pure: bool = False
    groups_per_person: Annotated[int, Field(ge=1, le=GROUP_LIMIT)] | None = None
    nonnegative: bool = Field(default=False, exclude_if=operator.not_)
    advise: Annotated[float, Field(ge=0.001, le=0.5)] | None = Field(default=None, exclude_if=operator.not_)
    caps: Annotated[
        dict[Annotated[str, Field(max_length=SQL_LIMIT)], Annotated[float, Field(gt=0, le=2**53)]], Field(max_length=CAP_LIMIT)
    ] = Field(default_factory=dict, exclude_if=operator.not_)
    clamped: bool = Field(default=False, exclude_if=operator.not_)
    weights: Annotated[
        dict[Annotated[str, Field(max_length=SQL_LIMIT)], Annotated[float, Field(ge=LIGHTEST, le=HEAVIEST, allow_inf_nan=False)]],
        Field(max_length=WEIGHT_LIMIT),
    ] = Field(default_factory=dict, exclude_if=operator.not_)
    quantiles: Annotated[Quantiles, Field(strict=False)] = Field(default=Quantiles.TREE, exclude_if=Quantiles.TREE.__eq__)


class Question(Value):
    """A question of one party under one contract.

    Attributes:
        format: The version of this format.
        contract: Digest of the contract.
        sql: The text, as written.
        dialect: The dialect that it is written in; DuckDB's stands for itself and is not written down.
        parameters: The constants that `:name` and `$name` stand for in it.
        terms: Price or precision.
        asked_by: The party that asks.
    """

    format: Literal["stillroom/question/v1"] = Field(default="stillroom/question/v1", alias="schema")
    contract: Digest
    sql: Annotated[str, Field(max_length=SQL_LIMIT)]
    dialect: Dialect = Field(default=Dialect.DUCKDB, exclude_if=lambda dialect: dialect is Dialect.DUCKDB)
    parameters: Annotated[dict[Name, Parameter], Field(max_length=PARAMETER_LIMIT)] = Field(default_factory=dict)
    terms: Terms
    asked_by: Name
