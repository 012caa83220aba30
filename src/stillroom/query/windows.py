"""Window functions over the rows of one person, in subqueries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.expression import Comparison, Constant
from stillroom.model.relation import ColumnFact, Sort, Window, Windowed, WindowFunction
from stillroom.model.schema import ColumnType, Kind
from stillroom.query import uses
from stillroom.query.aggregate_types import ROW, average, total_type
from stillroom.query.comparisons import compared
from stillroom.query.constants import NULL, constant_expression
from stillroom.query.expressions import absent, condition, person_reference, row_expression
from stillroom.query.filter_clause import without_filter
from stillroom.query.frame import Frame, PersonColumn, Source
from stillroom.query.functions.call import whole
from stillroom.query.grouping import PLACE, place_holder
from stillroom.query.text.instead import LISTED, OF_ROWS
from stillroom.query.text.parse import only, unsupported
from stillroom.query.text.said import name_of
from stillroom.query.typed import Typed, choice, column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

    from stillroom.query.context import Context

OFFSET_LIMIT = 1_000_000
"""The furthest that LAG and LEAD look."""


PLACED = frozenset({WindowFunction.ROW_NUMBER, WindowFunction.LAG, WindowFunction.LEAD, WindowFunction.FIRST})
"""What looks at a place in the order, whatever the frame: each frame that there is begins with the first row."""


@dataclass
class Windows:
    """Collects the windows of a SELECT; what it has made is in the frame.

    Attributes:
        frame: The rows.
        context: Where the question is compiled.
        made: What each window says, by its place-holder.
        added: The columns that were added for that, in their order.
    """

    frame: Frame
    context: Context
    made: dict[str, Typed] = field(default_factory=dict)
    added: list[Typed] = field(default_factory=list)

    def place(self, node: exp.Expr) -> exp.Expr:
        """Replace windows by place-holders."""
        from sqlglot import exp

        def step(part: exp.Expr) -> exp.Expr:
            if not isinstance(part, exp.Window):
                return part
            name = f"window{len(self.made)}"
            self.made[name] = self._window(part)
            return place_holder(name)

        return node.transform(step)

    def with_columns(self) -> Frame:
        """Return the rows with what the windows have made."""
        return replace(self.frame, sources=(*self.frame.sources, Source(PLACE, {**self.made}))) if self.made else self.frame

    def ranked(self, value: Typed, keys: Sequence[Typed]) -> tuple[Typed, Typed]:
        """Add to each row its number in the order of a value, within keys, rows without a value last, and how many rows have one."""
        columns, facts = [], []
        for function, of in ((WindowFunction.ROW_NUMBER, ROW), (WindowFunction.COUNT, value)):
            name = self.context.names.column(self.frame.stem)
            columns.append(Windowed(name=name, function=function, value=of.expression))
            facts.append(ColumnFact(name=name, type=_type(function, value, self.frame)))
        relation = Window(
            source=self.frame.relation,
            keys=tuple(key.expression for key in keys),
            order=self._completed([Sort(value=value.expression)]),
            columns=tuple(columns),
        )
        self.frame = replace(self.frame, relation=relation, facts=(*self.frame.facts, *facts))
        number, count = (column(fact.name, fact.type, [value], keys) for fact in facts)
        self.added += [number, count]
        return number, count

    def _window(self, node: exp.Window) -> Typed:
        """Compile a window; AVG is a sum divided by a count, both of the same rows."""
        from sqlglot import exp

        only(node, {"this", "partition_by", "order", "spec", "over"})
        if not any(person_reference(key, self.frame) for key in node.args.get("partition_by") or ()):
            raise Refusal(Code.PERSON_LOST, "A window must be over the rows of one person.", "Add the person column to its PARTITION BY.")
        counted, said, given = counted_rows(node), *self._given(node.this)
        if isinstance(said, exp.Rank | exp.DenseRank):
            return self._rank(node)
        if isinstance(said, exp.Count) and isinstance(said.this, exp.Distinct):
            return self._distinct(node, said.this, given, counted)
        if isinstance(said, exp.Avg):
            only(said, {"this"})
            value = where(given, row_expression(said.this, self.frame))
            total, count = self._counted(node, [(WindowFunction.SUM, value), (WindowFunction.COUNT, value)], counted)
            return average(total, count, value)
        default = said.args.get("default")
        if isinstance(said, exp.Lag | exp.Lead) and default is not None:
            return self._or_default(node, default)
        function, value, offset = _function(said, self.frame)
        if function in PLACED:
            return self._add(node, [(function, value)], offset=offset)[0]
        return self._counted(node, [(function, where(given, value))], counted)[0]

    def _given(self, node: exp.Expr) -> tuple[exp.Expr, Typed | None]:
        """Return what a window says, and the condition of its FILTER, which aggregates alone have."""
        from sqlglot import exp

        added = exp.Avg | exp.Count | exp.CountIf | exp.LogicalAnd | exp.LogicalOr | exp.Max | exp.Min | exp.Sum
        alone = isinstance(node, exp.Filter) and not isinstance(node.this, added)
        return (node, None) if alone else without_filter(node, self.frame)

    def _rank(self, node: exp.Window) -> Typed:
        """Compile RANK: the number of the first of all rows that are equal in the order; DENSE_RANK counts such rows up to there."""
        from sqlglot import exp

        if node.args.get("order") is None:
            raise Refusal(Code.CLAUSE_NOT_ALLOWED, "A rank needs an order.", "Write OVER (PARTITION BY person ORDER BY column).")
        keys, order = self._keys(node), self._order(node)
        (number,) = self.add(keys, order, [(WindowFunction.ROW_NUMBER, ROW)])
        (rank,) = self.add([*keys, *(term for term, _ in order)], [], [(WindowFunction.MIN, number)])
        if isinstance(node.this, exp.Rank):
            return rank
        new = choice([(compared(Comparison.EQUAL, number, rank), whole(1))], whole(0))
        return self.add(keys, [(number, Sort(value=number.expression))], [(WindowFunction.SUM, new)], running=True)[0]

    def _distinct(self, node: exp.Window, of: exp.Distinct, given: Typed | None, counted: Counted) -> Typed:
        """Compile COUNT(DISTINCT x): how many of the rows are the first that have their value."""
        only(of, {"expressions"})
        if len(of.expressions) != 1:
            raise unsupported(of)
        value = where(given, row_expression(of.expressions[0], self.frame))
        keys, order = self._keys(node), self._order(node)
        (number,) = self.add([*keys, value], order, [(WindowFunction.ROW_NUMBER, ROW)])
        new = choice([(absent(value), whole(0)), (compared(Comparison.EQUAL, number, whole(1)), whole(1))], whole(0))
        return self._over(keys, order, [(WindowFunction.SUM, new)], counted)[0]

    def _or_default(self, node: exp.Window, default: exp.Expr) -> Typed:
        """Compile LAG or LEAD with a default: that stands where there is no such row, which is where the same of a constant is NULL."""
        written = node.this.copy()
        written.set("default", None)
        function, value, offset = _function(written, self.frame)
        otherwise = row_expression(default, self.frame)
        looked, there = self._add(node, [(function, value), (function, ROW)], offset=offset)
        return choice([(absent(there), otherwise)], looked)

    def _counted(self, node: exp.Window, said: Sequence[tuple[WindowFunction, Typed]], counted: Counted) -> list[Typed]:
        """Add columns to the rows, over those that count."""
        return self._over(self._keys(node), self._order(node), said, counted)

    def _over(
        self, keys: list[Typed], order: list[tuple[Typed, Sort]], said: Sequence[tuple[WindowFunction, Typed]], counted: Counted
    ) -> list[Typed]:
        """Add columns to the rows, over those that count.

        Rows that are equal in the order as it is written, without what completes it, count all or none of them (`Counted.PEERS`): each
        says what the last of them does, in the completed order.
        """
        if counted is not Counted.PEERS:
            return self.add(keys, order, said, running=counted is Counted.BEFORE)
        number, *found = self.add(keys, order, [(WindowFunction.ROW_NUMBER, ROW), *said], running=True)
        last = [(WindowFunction.LAST, one) for one in found]
        return self.add([*keys, *(term for term, _ in order)], [(number, Sort(value=number.expression))], last)

    def _add(self, node: exp.Window, said: Sequence[tuple[WindowFunction, Typed]], *, offset: int) -> list[Typed]:
        """Add columns to the rows, all in one order: rows that are equal in it, and in all else, have the same places for each."""
        return self.add(self._keys(node), self._order(node), said, offset=offset)

    def add(
        self,
        keys: Sequence[Typed],
        order: Sequence[tuple[Typed, Sort]],
        said: Sequence[tuple[WindowFunction, Typed]],
        *,
        running: bool = False,
        offset: int = 0,
    ) -> list[Typed]:
        """Add columns to the rows, which windows say over those that have the same keys.

        Args:
            keys: What rows are apart by, besides the person.
            order: What they are ordered by, before all else that tells them apart.
            said: What is said, and of which values.
            running: Whether only rows up to the row itself count.
            offset: How far LAG and LEAD look.
        """
        tests = [*keys, *(term for term, _ in order)]
        for operand in (*tests, *(value for _, value in said)):
            uses.allow(self.context.contract, operand, uses.ALL)
        names = [self.context.names.column(self.frame.stem) for _ in said]
        ordered = any(_ordered(function, running=running) for function, _ in said)
        relation = Window(
            source=self.frame.relation,
            keys=tuple(key.expression for key in keys),
            order=self._completed([one for _, one in order]) if ordered else (),
            columns=tuple(
                Windowed(name=name, function=function, value=value.expression, offset=offset, running=running)
                for name, (function, value) in zip(names, said, strict=True)
            ),
        )
        found = [
            column(name, _type(function, value, self.frame), [value], tests) for name, (function, value) in zip(names, said, strict=True)
        ]
        facts = (*self.frame.facts, *(ColumnFact(name=name, type=one.type) for name, one in zip(names, found, strict=True)))
        numbered = {name: 1 for name, (function, _) in zip(names, said, strict=True) if function is WindowFunction.ROW_NUMBER and not keys}
        self.frame = replace(self.frame, relation=relation, facts=facts, ranks={**self.frame.ranks, **numbered})
        self.added += found
        return found

    def _keys(self, node: exp.Window) -> list[Typed]:
        """Return what a window is partitioned by besides the person.

        Rows without the side of an outer join whose person is named are apart from the others, as NULL is from a person.
        """
        keys = []
        for key in node.args.get("partition_by") or ():
            person = person_reference(key, self.frame)
            if person is None:
                keys.append(row_expression(key, self.frame))
            elif person.present is not None and not person.sides:
                keys.append(person.present)
        return keys

    def _order(self, node: exp.Window) -> list[tuple[Typed, Sort]]:
        """Return the terms of a window's order as it is written; none if it has none."""
        written = node.args.get("order")
        return [sort(term, self.frame) for term in (written.expressions if written else ())]

    def _completed(self, order: list[Sort]) -> tuple[Sort, ...]:
        """Complete an order by all that the question can tell rows apart by.

        That is every column, whether a side of an outer join has a row, and what earlier windows say: as two windows in one SELECT
        could otherwise number equal rows in two ways. Rows that are then still equal are so in everything that can be asked about
        them. What a window says of a person's rows is thus a function of the rows as a multiset, not of how they are stored, and
        nobody else's rows can change it.
        """
        bindings = [binding for source in self.frame.sources for binding in source.columns.values()]
        told = [binding if isinstance(binding, Typed) else binding.present for binding in bindings]
        told += [binding.present for binding in self.frame.merged.values() if isinstance(binding, PersonColumn) and not binding.sides]
        visible = [one for one in (*told, *self.added) if one is not None]
        allowed = [one for one in visible if uses.allowed(self.context.contract, one, uses.ALL)]
        rest = sorted((Sort(value=one.expression) for one in allowed), key=lambda sort: sort.value.model_dump_json())
        known = [sort.value for sort in order]
        return (*order, *(sort for place, sort in enumerate(rest) if sort.value not in known and sort not in rest[:place]))


def with_windows(frame: Frame, nodes: list[exp.Expr], context: Context) -> tuple[Frame, list[exp.Expr]]:
    """Return rows that have what windows say of them, and expressions with place-holders for that.

    Raises:
        Refusal: A window is not over the rows of one person, or a function is not supported.
    """
    windows = Windows(frame, context)
    nodes = [windows.place(node) for node in nodes]
    return windows.with_columns(), nodes


def where(given: Typed | None, value: Typed) -> Typed:
    """Return a value that is NULL, which aggregates pass over, where a condition is not true."""
    return value if given is None else choice([(given, value)], NULL)


def _ordered(function: WindowFunction, *, running: bool) -> bool:
    """Tell whether the order of rows matters."""
    return running or function not in {WindowFunction.COUNT, WindowFunction.SUM, WindowFunction.MIN, WindowFunction.MAX}


class Counted(Enum):
    """Which rows of a window count for what it says of a row: its frame."""

    ALL = "all"
    BEFORE = "those up to the row itself"
    PEERS = "those up to the last one that is equal to it in the order"


def counted_rows(node: exp.Window) -> Counted:
    """Return which rows count for a window: by its frame, which is RANGE up to the row's equals if it has an order and no frame.

    Raises:
        Refusal: The frame is another one.
    """
    spec, ordered = node.args.get("spec"), node.args.get("order") is not None
    if spec is None:
        return Counted.PEERS if ordered else Counted.ALL
    parts = {name: str(spec.args.get(name) or "").upper() for name in ("kind", "start", "start_side", "end", "end_side", "exclude")}
    if (parts["start"], parts["start_side"], parts["exclude"]) == ("UNBOUNDED", "PRECEDING", ""):
        if (parts["end"], parts["end_side"]) == ("UNBOUNDED", "FOLLOWING"):
            return Counted.ALL
        if parts["end"] in {"CURRENT ROW", ""} and parts["kind"] in {"ROWS", "RANGE"}:
            return Counted.BEFORE if parts["kind"] == "ROWS" else Counted.PEERS if ordered else Counted.ALL
    raise Refusal(
        Code.CLAUSE_NOT_ALLOWED,
        "This frame of a window is not supported.",
        "Write ROWS or RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW, or AND UNBOUNDED FOLLOWING.",
    )


def sort(node: exp.Expr, frame: Frame) -> tuple[Typed, Sort]:
    """Compile one term of an order."""
    only(node, {"this", "desc", "nulls_first"})
    typed = row_expression(node.this, frame)
    return typed, Sort(value=typed.expression, descending=bool(node.args.get("desc")), nulls_first=bool(node.args.get("nulls_first")))


def _function(node: exp.Expr, frame: Frame) -> tuple[WindowFunction, Typed, int]:
    """Return what a window says, over what, and how far it looks."""
    from sqlglot import exp

    functions: dict[type[exp.Expr], WindowFunction] = {
        exp.RowNumber: WindowFunction.ROW_NUMBER,
        exp.Lag: WindowFunction.LAG,
        exp.Lead: WindowFunction.LEAD,
        exp.FirstValue: WindowFunction.FIRST,
        exp.First: WindowFunction.FIRST,
        exp.LastValue: WindowFunction.LAST,
        exp.Last: WindowFunction.LAST,
        exp.Count: WindowFunction.COUNT,
        exp.Sum: WindowFunction.SUM,
        exp.Min: WindowFunction.MIN,
        exp.Max: WindowFunction.MAX,
        exp.LogicalAnd: WindowFunction.MIN,
        exp.LogicalOr: WindowFunction.MAX,
    }
    function = functions.get(type(node))
    if function is None:
        reason = f"The function {name_of(node)} is not supported over the rows of one person."
        raise Refusal(Code.FUNCTION_NOT_ALLOWED, reason, OF_ROWS.get(type(node).__name__, LISTED))
    only(node, {"this", "big_int", "offset"})
    if function is WindowFunction.ROW_NUMBER or isinstance(node.this, exp.Star):
        return function, ROW, 0
    if node.this is None or isinstance(node.this, exp.Distinct):
        raise unsupported(node)
    value = (condition if isinstance(node, exp.LogicalAnd | exp.LogicalOr) else row_expression)(node.this, frame)
    return function, value, _offset(node) if function in {WindowFunction.LAG, WindowFunction.LEAD} else 0


def _offset(node: exp.Expr) -> int:
    """Return how far LAG or LEAD looks: one row, or as many as are written."""
    written = node.args.get("offset")
    if written is None:
        return 1
    typed = constant_expression(written)
    value = typed.expression.value if isinstance(typed.expression, Constant) and typed.type.kind is Kind.INTEGER else None
    if not isinstance(value, int) or not 0 <= value <= OFFSET_LIMIT:
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "LAG and LEAD need a whole number of rows.", "Write a number, such as LAG(column, 2).")
    return value


def _type(function: WindowFunction, value: Typed, frame: Frame) -> ColumnType:
    """Return what is known about a column that a window makes."""
    match function:
        case WindowFunction.ROW_NUMBER:
            return ColumnType(kind=Kind.INTEGER, low=1, high=frame.rows, nullable=False)
        case WindowFunction.LAG | WindowFunction.LEAD:
            return value.type.model_copy(update={"nullable": True})
        case WindowFunction.FIRST | WindowFunction.LAST:
            return value.type
        case _:
            return total_type(function.value, value, frame.rows, frame.added)
