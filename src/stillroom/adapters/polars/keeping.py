"""Which cells of a person count, where there are more than the plan's limit of groups."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from stillroom.adapters.polars.values import Type
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.plan import Key


@dataclass(frozen=True)
class Choice:
    """What chooses among a person's cells.

    Attributes:
        salt: Key of the hash.
        persons: Columns `person` and `identifier`: who stands behind each code.
    """

    salt: bytes
    persons: pl.LazyFrame


def kept(cells: pl.LazyFrame, keys: Sequence[Key], positions: Sequence[str], groups: int, choice: Choice) -> pl.LazyFrame:
    """Keep `groups` cells of each person: those with the smallest SHA-256 of `salt|identifier|positions`.

    Salt and hash are written in hexadecimal, and so is the UTF-8 of a selected text, in place of a position; other selected values are
    written as whole numbers, and NULL as a dash, so that no two cells are written alike. The identifier is the canonical text, so that the
    choice depends on that person alone, not on a code, an order or anybody else. Only persons in more than `groups` cells are hashed: the
    others keep all theirs. Every engine makes the same choice.
    """
    many = pl.len().over("person") > groups
    written = [_along(pl.col(name), key) for name, key in zip(positions, keys, strict=True)]
    text = pl.concat_str([pl.lit(f"{choice.salt.hex()}|"), "identifier", pl.lit("|"), pl.concat_str(written, separator=",")])
    digest = pl.when(many).then(text).map_batches(_hashed, return_dtype=pl.Binary, is_elementwise=True).alias("digest")
    named = cells.join(choice.persons, on="person", how="left").with_columns(digest)
    rank = pl.col("digest").rank("ordinal").over("person")
    return named.filter(pl.col("digest").is_null() | (rank <= groups)).drop("identifier", "digest")


def _along(cell: pl.Expr, key: Key) -> pl.Expr:
    """Write where a cell is along a key."""
    if key.domain is not None:
        return cell.cast(Type.TEXT.value)
    text = cell.str.encode("hex").str.to_uppercase() if key.kind is Kind.TEXT else cell.cast(Type.WIDE.value).cast(Type.TEXT.value)
    return text.fill_null("-")


def _hashed(texts: pl.Series) -> pl.Series:
    """Return the hash of each text; Polars itself has no cryptographic one."""
    digests = [None if text is None else hashlib.sha256(text.encode()).digest() for text in texts]
    return pl.Series(digests, dtype=pl.Binary)
