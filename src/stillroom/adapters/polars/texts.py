"""Functions of text, by code point."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

import polars as pl

from stillroom.adapters.polars.operands import bound_text, constant_number, constant_text, text, wide
from stillroom.adapters.polars.values import Term, Type, null, number, whole
from stillroom.adapters.statements.calls import LONGEST_DECIMAL, PLACES_LIMIT, SPACES
from stillroom.adapters.statements.sql import unsound
from stillroom.admission.cells import FALSE, TRUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.polars.values import Scope
    from stillroom.model.expression import Call


def _text(node: pl.Expr) -> Term:
    return Term(node, Type.TEXT)


def _narrow(node: pl.Expr) -> Term:
    return Term(node.cast(Type.NARROW.value), Type.NARROW)


def length(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write how many code points there are."""
    return _narrow(text(operands[0]).str.len_chars())


def lower(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write a to z in the place of A to Z."""
    return _text(_lower(text(operands[0])))


def _lower(node: pl.Expr) -> pl.Expr:
    return node.str.replace_many([*ascii_uppercase], [*ascii_lowercase])


def upper(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write A to Z in the place of a to z."""
    return _text(text(operands[0]).str.replace_many([*ascii_lowercase], [*ascii_uppercase]))


def trim_start(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write a text without the spaces that it begins with."""
    return _text(text(operands[0]).str.strip_chars_start(SPACES))


def trim_end(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write a text without the spaces that it ends with."""
    return _text(text(operands[0]).str.strip_chars_end(SPACES))


def substring(node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write the code points from a place on."""
    return _text(text(operands[0]).str.slice(constant_number(node, 1) - 1, constant_number(node, 2)))


def right(node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write the last code points."""
    return _text(text(operands[0]).str.tail(constant_number(node, 1)))


def reverse(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write a text backwards by its code points; Polars' own way keeps letters and their accents together."""
    return _text(text(operands[0]).str.split("").list.reverse().list.join(""))


def concat(_node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write texts after each other."""
    return _text(pl.concat_str([text(operand) for operand in operands]))


def replace(node: Call, operands: Sequence[Term], _scope: Scope) -> Term:
    """Write a text in the place of another. The empty text stands nowhere."""
    old, new = constant_text(node, 1), constant_text(node, 2)
    return _text(text(operands[0]).str.replace_all(old, new, literal=True) if old else text(operands[0]))


def position(_node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Write where a text first stands: behind as many code points as come before it."""
    whole_text, part = bound_text(operands[0], scope), bound_text(operands[1], scope)
    before = whole_text.str.splitn(part, 2).struct.field("field_0").str.len_chars().cast(Type.NARROW.value)
    place = (
        pl.when(whole_text.is_null() | part.is_null())
        .then(null(Type.NARROW))
        .when(part == "")
        .then(whole(1))
        .when(whole_text.str.contains(part, literal=True))
        .then(before + whole(1))
        .otherwise(whole(0))
    )
    return Term(place, Type.NARROW)


def number_text(node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Write a number as text, with all its decimal places."""
    digits = constant_number(node, 1)
    if digits == 0:
        return _text(number(operands[0]).node.cast(Type.TEXT.value))
    if not 0 < digits <= PLACES_LIMIT:
        raise unsound()
    value = scope.bind(wide(operands[0]))
    sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    written = value.abs().cast(Type.TEXT.value).str.zfill(digits + 1)
    return _text(pl.concat_str([sign, written.str.replace(f"([0-9]{{{digits}}})$", ".${1}")]))


def text_number(node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Read a number: its digits before the point, as many behind it as there are places, and one more, which rounds."""
    digits, places = constant_number(node, 1), constant_number(node, 2)
    if not 0 <= places <= PLACES_LIMIT or not places <= digits <= LONGEST_DECIMAL:
        raise unsound()
    read = scope.bind(spelled(text(operands[0]), "[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)"))
    before = scope.bind(read.str.extract("^[+-]?0*([0-9]*)", 1))
    behind = scope.bind(read.str.extract("[.]([0-9]*)$", 1).fill_null("").str.pad_end(places + 1, "0"))
    fits = before.str.len_chars() <= digits - places
    kept = pl.when(fits).then(pl.concat_str([pl.lit("0"), before, behind.str.slice(0, places)])).cast(Type.NARROW.value)
    size = scope.bind(kept + (behind.str.slice(places, 1) >= "5").cast(Type.NARROW.value))
    signed = pl.when(read.str.starts_with("-")).then(whole(0) - size).otherwise(size)
    return Term(pl.when(size < whole(10**digits)).then(signed), Type.NARROW)


def text_truth(_node: Call, operands: Sequence[Term], scope: Scope) -> Term:
    """Read a truth value."""
    known = scope.bind(spelled(_lower(text(operands[0])), "[a-z01]+"))
    true, false = (known.is_in(pl.Series([*words], dtype=Type.TEXT.value).implode()) for words in (TRUE, FALSE))
    return Term(pl.when(true).then(pl.lit(value=True)).when(false).then(pl.lit(value=False)), Type.TRUTH)


def spelled(node: pl.Expr, pattern: str, ignored: str = "") -> pl.Expr:
    """Write what of a text matches a pattern, between white space of ASCII; NULL where it does not."""
    space = r"[ \t\n\v\f\r\x1c-\x1f]*"
    return node.str.extract(f"^{space}({pattern}){ignored}{space}$", 1)
