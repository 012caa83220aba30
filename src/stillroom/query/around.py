"""A SELECT around another that makes a table: what it says of that table, as one finish.

A condition becomes one of the table's rows. An aggregate over groups of rows is a window over partitions, of which one row each is kept.
The groups stand in the order of their first rows.
"""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.after import TableFunction
from stillroom.model.expression import Compare, Comparison, Constant, Over
from stillroom.query.finishing import Finishing, conjunction
from stillroom.query.grouping import PLACE, is_aggregate, item_at, place_holder, spelled_out, with_aliases
from stillroom.query.output import Outputs
from stillroom.query.over import window
from stillroom.query.text.parse import identifier, only, unsupported

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.model.expression import Expression
    from stillroom.query.finishing import Level
    from stillroom.query.result import Result

AROUND_PARTS = frozenset({"expressions", "from_", "where", "group", "having", "qualify", "order", "limit", "offset"})

_ONE = Constant(value=1)


class Around(Finishing):
    """Compiles a SELECT over the table that another makes."""

    def __init__(self, select: exp.Select, below: Level, alias: str | None) -> None:
        """Prepare to replace columns by what they stand for.

        Args:
            select: The SELECT.
            below: What the other makes.
            alias: The name of its table.
        """
        only(select, AROUND_PARTS)
        super().__init__(spelled_out(select, None, below.names))
        self.below, self.alias = below, alias
        self.inside = below.finish.having
        self.keys: dict[str, Result] | None = None
        self.columns = {f"c{position}": one for position, one in enumerate(below.results)}
        self.totals: dict[str, Result] = {}

    def rows(self) -> Expression | None:
        """Return the rows that WHERE and HAVING leave, one of each group."""
        where = self.condition("where")
        self.inside = conjunction([test for test in (self.below.finish.having, where) if test is not None])
        if not self._grouped():
            if self.select.args.get("having") is not None:
                raise Refusal(Code.CLAUSE_NOT_ALLOWED, "HAVING needs groups.", "Write the condition after WHERE.")
            return self.inside
        group = self.select.args.get("group")
        if group is not None:
            only(group, {"expressions"})
        nodes = [self._key(node) for node in (group.expressions if group is not None else ())]
        self.keys = {f"k{position}": self.result(node) for position, node in enumerate(nodes)}
        keys = tuple(key.expression for key in self.keys.values())
        number = Over(function=TableFunction.ROW_NUMBER, value=_ONE, keys=keys, rows=None if group is None else self.inside)
        first: Expression = Compare(comparison=Comparison.EQUAL, left=number, right=_ONE)
        tests = [first] if group is None or self.inside is None else [self.inside, first]
        return conjunction([*tests, *(test for test in [self.condition("having")] if test is not None)])

    def _grouped(self) -> bool:
        having = self.select.args.get("having")
        nodes = [*self.select.expressions, *([] if having is None else [having.this])]
        return self.select.args.get("group") is not None or any(map(_has_total, nodes))

    def _key(self, node: exp.Expr) -> exp.Expr:
        """Return a grouping expression; a position means that SELECT item."""
        from sqlglot import exp

        position = isinstance(node, exp.Literal) and not node.is_string
        return item_at(self.select, node) if position else self.named(node)

    def named(self, node: exp.Expr) -> exp.Expr:
        """Return an expression without aliases, columns coming first."""
        return with_aliases(node, {name: item for name, item in self.aliases.items() if name not in self.below.names}, None)

    def items(self) -> list[tuple[exp.Expr, str]]:
        """Return the SELECT items; a star stands for all columns."""
        from sqlglot import exp

        found: list[tuple[exp.Expr, str]] = []
        for item, name in super().items():
            if isinstance(item, exp.Star):
                only(item, ())
                found += [(exp.column(one, quoted=True), one) for one in self.below.names]
            else:
                found.append((item, name))
        return found

    def result(self, node: exp.Expr) -> Result:
        """Compile one expression over columns and aggregates."""
        lowered = node.transform(self._step)
        return Outputs(ChainMap(self.columns, self.keys or {}, self.totals, self.windows)).compile(lowered)

    def _step(self, node: exp.Expr) -> exp.Expr:
        """Return what stands for one node; nodes below it are visited if it stays."""
        from sqlglot import exp

        if isinstance(node, exp.Query | exp.Exists):
            raise unsupported(node)
        if isinstance(node, exp.Window):
            return place_holder(self.window(node))
        if is_aggregate(node):
            return place_holder(self._total(node))
        key = self._same_key(node) if self.keys else None
        if key is not None:
            return place_holder(key)
        if not isinstance(node, exp.Column) or node.table == PLACE:
            return node
        found = self._column(node)
        if self.keys is None:
            return place_holder(found)
        reason = f"Column {node.name!r} is neither aggregated nor grouped by."
        raise Refusal(Code.NOT_GROUPED, reason, f"Add {node.name} to GROUP BY, or aggregate it.")

    def _same_key(self, node: exp.Expr) -> str | None:
        """Return the place-holder of the key that a node is, if it is one."""
        from sqlglot import exp

        constant = isinstance(node, exp.Literal | exp.Boolean | exp.Null | exp.Paren) or not isinstance(node, exp.Condition)
        branch = isinstance(node, exp.If) and isinstance(node.parent, exp.Case)
        if constant or branch or any(is_aggregate(one) for one in node.walk()) or (isinstance(node, exp.Column) and node.table == PLACE):
            return None
        expression = self._bare(node).expression
        return next((name for name, key in (self.keys or {}).items() if key.expression == expression), None)

    def _bare(self, node: exp.Expr) -> Result:
        """Compile an expression over the columns of each row, whatever the groups."""
        keys, self.keys = self.keys, None
        try:
            return self.result(node)
        finally:
            self.keys = keys

    def _total(self, node: exp.Expr) -> str:
        """Compile an aggregate over a group of rows, which is a window over a partition, and return its place-holder."""
        from sqlglot import exp

        if self.keys is None:
            raise Refusal(Code.AGGREGATE_NOT_ALLOWED, "An aggregate stands where there are no groups.", "Use SELECT, HAVING and ORDER BY.")
        name, partition = f"t{len(self.totals)}", [place_holder(key) for key in self.keys]
        self.totals[name] = window(exp.Window(this=node.copy(), partition_by=partition), self._within, self.inside)
        return name

    def _within(self, node: exp.Expr) -> Result:
        """Compile what an aggregate is of: over the columns of each row, or a key of the group."""
        from sqlglot import exp

        if isinstance(node, exp.Column) and node.table == PLACE and self.keys is not None:
            return self.keys[node.name]
        return self._bare(node)

    def _column(self, node: exp.Column) -> str:
        """Return the place-holder of a column of the table below."""
        only(node, {"this", "table"})
        table, name = node.args.get("table"), identifier(node.this)
        if table is not None and identifier(table) != self.alias:
            raise Refusal(Code.DATASET_UNKNOWN, f"There is no table {identifier(table)!r} here.", "Use the name that stands after FROM.")
        found = [f"c{position}" for position, known in enumerate(self.below.names) if known == name]
        if not found:
            fix = f"The subquery has {', '.join(self.below.names)}."
            raise Refusal(Code.COLUMN_UNKNOWN, f"There is no column {name!r} here.", fix)
        if len(found) > 1:
            raise Refusal(Code.COLUMN_AMBIGUOUS, f"The subquery has two columns named {name!r}.", "Give one of them another name.")
        return found[0]


def _has_total(node: exp.Expr) -> bool:
    """Tell whether an aggregate over groups stands in an expression: a window's own function is none, but what it is of may be."""
    from sqlglot import exp

    if isinstance(node, exp.Query):
        return False
    if isinstance(node, exp.Window):
        call = node.this.this if isinstance(node.this, exp.Filter) else node.this
        parts = [*call.iter_expressions(), *(part for part in node.iter_expressions() if part is not node.this)]
        return any(map(_has_total, parts))
    return is_aggregate(node) or any(map(_has_total, node.iter_expressions()))
