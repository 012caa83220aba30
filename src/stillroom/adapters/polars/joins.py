"""Joins on the person that look at more than the person. Each frame is read once: the numbers of its rows are those of one reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from stillroom.model.relation import JoinKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from polars._typing import JoinStrategy

PERSON = "person"
"""The column with the person's code, in every frame of rows."""

LEFT, RIGHT, HIT, ROLES = "left", "right", "hit", "roles"
PAIR, LEFT_ALONE, RIGHT_ALONE = 0, 1, 2
"""As what a pair of rows of one person stays: as the pair, as its left row alone, as its right row alone."""

HOW: dict[JoinKind, JoinStrategy] = {JoinKind.INNER: "inner", JoinKind.LEFT: "left", JoinKind.FULL: "full"}
"""What Polars calls the kinds of joins."""


def paired(left: pl.LazyFrame, right: pl.LazyFrame, kind: JoinKind, test: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.LazyFrame:
    """Return the pairs of rows of one person that pass a test, and the rows without such a pair that an outer join keeps.

    All pairs of the person's rows are made, as are rows of persons whom the other side lacks. The first pair of a row that passes the test
    in no pair stays, with NULL in all columns of the other side.

    Args:
        left: One side; no name of its columns is that of a column of the other, but `person`.
        right: The other side.
        kind: Which rows without a match stay.
        test: Adds the column `hit`; NULL is no match.
    """
    sides = _columns(left), _columns(right)
    both = test(left.with_row_index(LEFT).join(right.with_row_index(RIGHT), on=PERSON, how=HOW[kind], coalesce=True))
    hit = pl.col(HIT).fill_null(value=False) & pl.col(LEFT).is_not_null() & pl.col(RIGHT).is_not_null()
    alone = {JoinKind.INNER: (), JoinKind.LEFT: ((LEFT, LEFT_ALONE),), JoinKind.FULL: ((LEFT, LEFT_ALONE), (RIGHT, RIGHT_ALONE))}[kind]
    roles = [pl.when(HIT).then(PAIR), *(_alone(side, role) for side, role in alone)]
    kept = (
        both.with_columns(hit.alias(HIT))
        .with_columns(pl.concat_list(roles).list.drop_nulls().alias(ROLES))
        .explode(ROLES)
        .filter(pl.col(ROLES).is_not_null())
    )
    blank = [_blank(column, LEFT_ALONE) for column in sides[1]] + [_blank(column, RIGHT_ALONE) for column in sides[0]]
    return kept.select(PERSON, *blank)


def marked(source: pl.LazyFrame, among: pl.LazyFrame, mark: str, test: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.LazyFrame:
    """Return rows with one more column: whether one of the person's rows in another frame passes a test with it.

    Args:
        source: The rows; no name of their columns is that of a column of the others, but `person`.
        among: The others.
        mark: The name of the column.
        test: Adds the column `hit` to pairs of rows; NULL is no match.
    """
    columns, present = _columns(source), pl.lit(value=True).alias(RIGHT)
    both = test(source.with_row_index(LEFT).join(among.with_columns(present), on=PERSON, how="left"))
    hit = pl.col(HIT).fill_null(value=False) & pl.col(RIGHT).is_not_null()
    found = both.with_columns(hit.alias(HIT)).with_columns(pl.col(HIT).any().over(LEFT).alias(mark))
    return found.filter(pl.col(LEFT).is_first_distinct()).select(PERSON, *columns, mark)


def _columns(frame: pl.LazyFrame) -> list[str]:
    return [name for name in frame.collect_schema().names() if name != PERSON]


def _alone(side: str, role: int) -> pl.Expr:
    """Return a role for the first pair of each row of a side that is in no pair that passes the test."""
    lonely = pl.col(side).is_not_null() & ~pl.col(HIT).any().over(side) & pl.col(side).is_first_distinct()
    return pl.when(lonely).then(role)


def _blank(column: str, role: int) -> pl.Expr:
    return pl.when(pl.col(ROLES) != role).then(pl.col(column)).alias(column)
