"""What grouped SELECTs have in common: their keys, and putting place-holders for keys and aggregates into expressions."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.query.after import is_late
from stillroom.query.expressions import person_not_released, person_reference, row_expression
from stillroom.query.frame import resolve
from stillroom.query.text.parse import identifier
from stillroom.query.typed import same

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlglot import exp

    from stillroom.query.frame import Frame, PersonColumn
    from stillroom.query.typed import Typed

ALIAS_LIMIT = 500
"""The most syntax nodes that names of SELECT items may stand for in one expression."""

POSITION_DIGITS = 12
"""The most digits of a position in GROUP BY or ORDER BY."""

PLACE = "#"
"""The table name of place-holders; no dataset, alias of the contract's names, or column can collide with it."""

UNNAMED = "#"
"""Begins the names of computed columns that a subquery gives no name; nothing can refer to them."""


PERSON = "person"
"""The place-holder of the person that rows are grouped by."""


def place_holder(name: str) -> exp.Column:
    """Return a syntax node that stands for something computed elsewhere."""
    from sqlglot import exp

    return exp.column(name, table=PLACE, quoted=True)


def is_aggregate(node: exp.Expr) -> bool:
    """Tell whether a node is an aggregate function, supported or not."""
    from sqlglot import exp

    return isinstance(node, exp.AggFunc | exp.Filter | exp.IgnoreNulls | exp.Window | exp.WithinGroup)


def has_aggregate(node: exp.Expr) -> bool:
    """Tell whether an aggregate stands anywhere in an expression, outside subqueries and windows."""
    from sqlglot import exp

    if isinstance(node, exp.Query | exp.Window):
        return False
    return is_aggregate(node) or any(has_aggregate(child) for child in node.iter_expressions())


def output_name(node: exp.Expr) -> str | None:
    """Return the name of a SELECT item: its alias, or its column's name."""
    from sqlglot import exp

    if isinstance(node, exp.Alias):
        return identifier(node.args["alias"])
    node = node.unnest()
    return identifier(node.this) if isinstance(node, exp.Column) and not node.is_star else None


def unaliased(node: exp.Expr) -> exp.Expr:
    """Return a SELECT item without its alias."""
    from sqlglot import exp

    return node.this if isinstance(node, exp.Alias) else node


def aliases_of(select: exp.Select) -> dict[str, exp.Expr]:
    """Return SELECT items by name."""
    return {name: unaliased(item) for item in select.expressions if (name := output_name(item))}


def item_at(select: exp.Select, position: exp.Expr) -> exp.Expr:
    """Return the SELECT item at a position, counted from 1.

    Raises:
        Refusal: There is none.
    """
    written = str(position.this)
    number = int(written) if written.isdecimal() and len(written) <= POSITION_DIGITS else 0
    if not 1 <= number <= len(select.expressions):
        raise Refusal(
            Code.COLUMN_UNKNOWN, "A position in GROUP BY or ORDER BY is not a column of SELECT.", "Count the columns of SELECT from 1."
        )
    return unaliased(select.expressions[number - 1])


def group_reader(select: exp.Select, frame: Frame) -> Callable[[exp.Expr], exp.Expr]:
    """Return what reads an expression of GROUP BY: a position means that SELECT item, and names that are no columns mean SELECT items."""
    from sqlglot import exp

    aliases = aliases_of(select)

    def read(node: exp.Expr) -> exp.Expr:
        position = isinstance(node, exp.Literal) and not node.is_string
        return item_at(select, node) if position else with_aliases(node, aliases, frame)

    return read


def with_aliases(node: exp.Expr, aliases: dict[str, exp.Expr], frame: Frame | None) -> exp.Expr:
    """Replace names of SELECT items by what they stand for.

    Args:
        node: The expression.
        aliases: SELECT items by name.
        frame: Where columns have precedence over aliases; None where aliases have.

    Raises:
        InvalidInput: The expression would become too large.
    """
    from sqlglot import exp

    def meant(part: exp.Expr) -> exp.Expr | None:
        if not isinstance(part, exp.Column) or part.args.get("table") is not None or not isinstance(part.this, exp.Identifier):
            return None
        name = identifier(part.this)
        known = frame is not None and any(name in source.columns for source in frame.sources)
        return None if known else aliases.get(name)

    def step(part: exp.Expr) -> exp.Expr:
        item = meant(part)
        return part if item is None else exp.paren(item.copy(), copy=False)

    added = chain.from_iterable(item.walk() for part in node.find_all(exp.Column) if (item := meant(part)) is not None)
    if sum(1 for _ in islice(added, ALIAS_LIMIT + 1)) > ALIAS_LIMIT:
        raise InvalidInput(
            Code.SQL_TOO_LARGE, "The names of SELECT items stand for too much in one expression.", "Name the expression in a subquery."
        )
    return node.transform(step)


def spelled_out(select: exp.Select, frame: Frame | None, columns: Collection[str] = ()) -> exp.Select:
    """Return a SELECT in whose items the names of earlier items are replaced by these, as DuckDB reads them.

    Args:
        select: The SELECT.
        frame: Where columns have precedence over names.
        columns: Names that are those of columns, too.

    Raises:
        InvalidInput: An item would become too large.
    """
    from sqlglot import exp

    items: list[exp.Expr] = []
    earlier: dict[str, exp.Expr] = {}
    for item in select.expressions:
        name, meant = output_name(item), with_aliases(item, earlier, frame)
        if name is not None and name not in columns:
            earlier[name] = unaliased(meant)
        items.append(exp.alias_(meant, name, quoted=True) if name and name != output_name(meant) else meant)
    written = select.copy()
    written.set("expressions", items)
    return written


def row_meaning(node: exp.Expr, frame: Frame) -> Typed | None:
    """Return what an expression of SELECT means in a row; None where it has a function that has its meaning after the noise only.

    Raises:
        Refusal: It means nothing in a row, whatever its functions.
    """
    try:
        return row_expression(node, frame)
    except (Refusal, InvalidInput):
        if not is_late(node):
            raise
        return None


class Lowering:
    """Replaces aggregates and keys by place-holders, from the outside in; any other column is refused."""

    def __init__(
        self, frame: Frame, keys: dict[str, Typed], aggregate: Callable[[exp.Expr], str], *, persons: Sequence[PersonColumn] = ()
    ) -> None:
        """Remember what may be replaced.

        Args:
            frame: The rows that are grouped.
            keys: The grouping keys, by place-holder.
            aggregate: Notes an aggregate and returns its place-holder.
            persons: The person as rows are grouped by it, in one or more columns; none where they are not.
        """
        self.frame, self.keys, self.aggregate, self.persons = frame, keys, aggregate, persons

    def lower(self, node: exp.Expr) -> exp.Expr:
        """Return the expression over place-holders.

        Raises:
            Refusal: A column is neither a key nor inside an aggregate.
        """
        return node.transform(self._step)

    def _step(self, node: exp.Expr) -> exp.Expr:
        """Return what stands for one node; nodes below it are visited if it stays."""
        from sqlglot import exp

        if is_aggregate(node):
            return place_holder(self.aggregate(node))
        if isinstance(node, exp.Literal | exp.Boolean | exp.Null):
            return node
        key = self._key(node)
        if key is not None:
            return place_holder(key)
        if isinstance(node, exp.Column):
            raise self._not_grouped(node)
        return node

    def _key(self, node: exp.Expr) -> str | None:
        """Return the place-holder of the key that a node is, if it is one."""
        from sqlglot import exp

        person = person_reference(node, self.frame) if isinstance(node, exp.Column | exp.Coalesce) else None
        if person is not None and not self.persons:
            raise person_not_released()
        if person is not None:
            if person.present is not None and all(person.present != one.present for one in self.persons):
                raise self._not_grouped(node.find(exp.Column) or node)
            return PERSON
        if isinstance(node, exp.Column):
            resolve(self.frame, identifier(node.this), identifier(node.args["table"]) if node.args.get("table") else None)
        branch = isinstance(node, exp.If) and isinstance(node.parent, exp.Case)
        late = has_aggregate(node) or node.find(exp.Window) is not None
        if late or not isinstance(node, exp.Condition) or isinstance(node, exp.Paren) or branch:
            return None
        typed = row_meaning(node, self.frame)
        return next((name for name, key in self.keys.items() if typed is not None and same(key, typed)), None)

    def _not_grouped(self, node: exp.Expr) -> Refusal:
        """Return the refusal of a bare column."""
        name = identifier(node.this)
        return Refusal(
            Code.NOT_GROUPED, f"Column {name!r} is neither aggregated nor grouped by.", f"Add {name} to GROUP BY, or aggregate it."
        )
