"""Where NULL stands in an order is not said of what is never NULL: dialects differ in it, and equal questions have equal plans."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from stillroom.model.after import TableFunction
from stillroom.model.expression import Arithmetic, Average, Column, Constant, Over, children, with_children

if TYPE_CHECKING:
    from stillroom.model.expression import Expression
    from stillroom.query.draft import Draft

_SURE = frozenset(TableFunction) - {TableFunction.LAG, TableFunction.NTH, TableFunction.SUM, TableFunction.MIN, TableFunction.MAX}
"""Window functions that are never NULL over all rows of a table."""


def settle_nulls(draft: Draft) -> Draft:
    """Put NULL last in each term of the finish that is never NULL, in ORDER BY and in windows; it orders the same."""
    kept = set(range(len(draft.keys))).intersection(*map(set, draft.finish.sets))
    sure = frozenset(f"k{position}" for position in kept if None not in (draft.keys[position].domain or (None,)))
    settled = partial(_settled, sure=sure)
    order = tuple(
        term.model_copy(update={"value": settled(term.value), "nulls_first": term.nulls_first and not _never_null(term.value, sure)})
        for term in draft.finish.order
    )
    outputs = tuple(output.model_copy(update={"value": settled(output.value)}) for output in draft.finish.outputs)
    having = None if draft.finish.having is None else settled(draft.finish.having)
    return replace(draft, finish=draft.finish.model_copy(update={"outputs": outputs, "having": having, "order": order}))


def _settled(node: Expression, sure: frozenset[str]) -> Expression:
    """Return an expression whose windows are settled."""
    if isinstance(node, Over):
        order = tuple(
            term.model_copy(update={"nulls_first": term.nulls_first and not _never_null(term.value, sure)}) for term in node.order
        )
        node = node.model_copy(update={"order": order})
    return with_children(node, [_settled(child, sure) for child in children(node)])


def _never_null(node: Expression, sure: frozenset[str]) -> bool:
    """Tell whether an expression is never NULL, by what it is."""
    match node:
        case Column(name=name):
            return name in sure or name[0] in {"m", "g"}
        case Constant():
            return node.value is not None
        case Average():
            return True
        case Arithmetic():
            return _never_null(node.left, sure) and _never_null(node.right, sure)
        case Over():
            return node.rows is None and node.function in _SURE
        case _:
            return False
