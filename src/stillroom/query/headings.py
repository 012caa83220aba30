"""The names of a table's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput
from stillroom.query.grouping import output_name, unaliased

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

NAME_LIMIT = 100
"""The longest heading."""


def headings_of(items: Sequence[exp.Expr]) -> tuple[str, ...]:
    """Return the names of the columns that SELECT items make, each another one.

    Raises:
        InvalidInput: One is too long or not printable.
    """
    return _named_apart([_heading(item, position) for position, item in enumerate(items)])


def _heading(item: exp.Expr, position: int) -> str:
    """Return the name of a column of the table.

    Raises:
        InvalidInput: It is too long or not printable.
    """
    from sqlglot import exp

    node = unaliased(item)
    node = node.this if isinstance(node, exp.Filter) else node
    name = output_name(item) or (node.sql_name().lower() if isinstance(node, exp.Func) else f"column{position + 1}")
    if len(name) > NAME_LIMIT or not name.isprintable():
        raise InvalidInput(Code.SQL_INVALID, "A column name is too long or not printable.", "Use a short plain name.")
    return name


def _named_apart(names: list[str]) -> tuple[str, ...]:
    """Give columns of one name numbers."""
    apart: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in apart:
            number += 1
            candidate = f"{name}_{number}"
        apart.append(candidate)
    return tuple(apart)
