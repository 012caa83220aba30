"""The WINDOW clause: windows that have names are written out where these stand, before anything is compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.query.text.parse import identifier, only

if TYPE_CHECKING:
    from sqlglot import exp

WRITTEN_LIMIT = 5_000
"""The most syntax nodes that are written out for names."""

_PARTS = ("partition_by", "order", "spec")


def with_windows_written(statement: exp.Select) -> None:
    """Write out the named windows of every SELECT of a statement, in it.

    Raises:
        Refusal: A name is not there, stands twice, or is given parts that it has.
        InvalidInput: The statement would become too large.
    """
    from sqlglot import exp

    written = 0
    for select in list(statement.find_all(exp.Select)):
        named: dict[str, exp.Expr] = {}
        for definition in select.args.get("windows") or ():
            only(definition, {"this", "alias", *_PARTS})
            name = identifier(definition.this)
            if name in named:
                raise Refusal(Code.CLAUSE_NOT_ALLOWED, f"There are two windows of the name {name!r}.", "Rename one of them.")
            written += _complete(definition, named)
            named[name] = definition
        for window in [one for one in select.find_all(exp.Window) if one.find_ancestor(exp.Select) is select]:
            if window.args.get("over") is not None:
                written += _complete(window, named)
            if written > WRITTEN_LIMIT:
                raise InvalidInput(Code.SQL_TOO_LARGE, "The names of windows stand for too much.", "Use fewer windows.")
        select.set("windows", None)


def _complete(window: exp.Expr, named: dict[str, exp.Expr]) -> int:
    """Add to a window what the one has by whose name it begins; return how many syntax nodes that are."""
    if window.args.get("alias") is None:
        return 0
    name = identifier(window.args["alias"])
    if name not in named:
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, f"There is no window {name!r} here.", "Define it after WINDOW, before those that use it.")
    base, own = named[name], [part for part in _PARTS if window.args.get(part)]
    repeated = "partition_by" in own or ("order" in own and base.args.get("order")) or (own and base.args.get("spec"))
    if repeated:
        raise Refusal(
            Code.CLAUSE_NOT_ALLOWED,
            f"The window {name!r} is given a part that it has, or that cannot be added.",
            "Add an order to a window without one, or a frame to one without one; partitions stay as they are.",
        )
    window.set("alias", None)
    copied = 0
    for part in (part for part in _PARTS if base.args.get(part)):
        value = base.args[part]
        copies = [one.copy() for one in value] if isinstance(value, list) else value.copy()
        window.set(part, copies)
        copied += sum(1 for one in (copies if isinstance(copies, list) else [copies]) for _ in one.walk())
    return copied
