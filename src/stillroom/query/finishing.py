"""What SELECT, HAVING, QUALIFY, ORDER BY and LIMIT make of a table after the noise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.expression import All, Column
from stillroom.model.plan import Finish, Order, Output
from stillroom.model.schema import Kind
from stillroom.query.expressions import row_expression
from stillroom.query.grouping import Lowering, aliases_of, item_at, output_name, unaliased, with_aliases
from stillroom.query.output import Outputs
from stillroom.query.over import window
from stillroom.query.result import Result
from stillroom.query.size import check_finish
from stillroom.query.text.parse import only
from stillroom.query.typed import same

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.model.expression import Expression
    from stillroom.model.plan import Key
    from stillroom.query.frame import Frame
    from stillroom.query.measures import Measures
    from stillroom.query.sets import Sets
    from stillroom.query.typed import Typed

ORDER_LIMIT = 50
"""The most terms of ORDER BY."""

NAME_LIMIT = 100
"""The longest heading."""

LIMIT_DIGITS = 12
"""The most digits of LIMIT and OFFSET."""


@dataclass(frozen=True)
class Level:
    """What a SELECT makes of a table.

    Attributes:
        finish: Its columns, rows and order.
        results: What is known about each column.
        names: The headings, as they are written; two may be the same.
    """

    finish: Finish
    results: tuple[Result, ...]
    names: tuple[str, ...]


class Finishing(ABC):
    """Compiles a SELECT over a table.

    Attributes:
        select: The SELECT.
        aliases: Its items by name.
        kept: Which rows of the table its windows see.
        windows: What its windows say, by place-holder.
    """

    def __init__(self, select: exp.Select) -> None:
        """Start with a SELECT."""
        self.select = select
        self.aliases = aliases_of(select)
        self.kept: Expression | None = None
        self.windows: dict[str, Result] = {}

    @abstractmethod
    def result(self, node: exp.Expr) -> Result:
        """Compile one expression."""

    @abstractmethod
    def named(self, node: exp.Expr) -> exp.Expr:
        """Return an expression with what names of SELECT items stand for; columns come before these."""

    @abstractmethod
    def rows(self) -> Expression | None:
        """Return which rows of the table there are before windows are computed."""

    def level(self, sets: Sets) -> Level:
        """Return what the SELECT makes of the table.

        Raises:
            Refusal: It uses something that is not supported, or mixes types.
            InvalidInput: It is too large.
        """
        self._check_windows()
        self.kept = self.rows()
        results = [(self.result(node), name) for node, name in self.items()]
        tests = [test for test in (self.kept, self.condition("qualify")) if test is not None]
        order = self.select.args.get("order")
        if order is not None and len(order.expressions) > ORDER_LIMIT:
            raise Refusal(Code.SQL_TOO_LARGE, f"ORDER BY has more than {ORDER_LIMIT} terms.", "Order by fewer columns.")
        finish = Finish(
            sets=tuple(sets),
            outputs=tuple(Output(value=one.expression, kind=one.kind, digits=one.digits, noisy=one.noisy) for one, _ in results),
            having=conjunction(tests),
            order=tuple(self._order(node) for node in (order.expressions if order else ())),
            limit=whole_number(self.select.args.get("limit")),
            offset=whole_number(self.select.args.get("offset")) or 0,
        )
        check_finish(finish)
        return Level(finish, tuple(one for one, _ in results), tuple(name for _, name in results))

    def items(self) -> list[tuple[exp.Expr, str]]:
        """Return the SELECT items with their headings."""
        return [(unaliased(item), heading(item, position)) for position, item in enumerate(self.select.expressions)]

    def _check_windows(self) -> None:
        """Refuse windows where there are none yet, and QUALIFY without any."""
        from sqlglot import exp

        for clause in ("where", "group", "having"):
            written = self.select.args.get(clause)
            if written is not None and any(one.find_ancestor(exp.Select) is self.select for one in written.find_all(exp.Window)):
                raise Refusal(Code.CLAUSE_NOT_ALLOWED, f"{clause.upper()} comes before windows.", "Write the condition after QUALIFY.")
        qualify = self.select.args.get("qualify")
        if qualify is not None and not any(one.find(exp.Window) for one in (*self.select.expressions, qualify)):
            raise Refusal(Code.CLAUSE_NOT_ALLOWED, "QUALIFY needs a window.", "Write the condition after HAVING or WHERE.")

    def condition(self, clause: str) -> Expression | None:
        """Compile WHERE, HAVING or QUALIFY, if it is there; names of SELECT items may stand in it."""
        written = self.select.args.get(clause)
        if written is None:
            return None
        test = self.result(self.named(written.this))
        if test.kind is not Kind.BOOLEAN:
            raise Refusal(Code.TYPE_MISMATCH, f"{clause.upper()} needs a condition.", "Compare something.")
        return test.expression

    def window(self, node: exp.Window) -> str:
        """Compile a window over the rows that are kept, and return its place-holder."""
        name = f"w{len(self.windows)}"
        self.windows[name] = window(node, self.result, self.kept)
        return name

    def _order(self, node: exp.Expr) -> Order:
        """Compile one ORDER BY term; aliases and positions mean SELECT items."""
        from sqlglot import exp

        only(node, {"this", "desc", "nulls_first"})
        inner = node.this
        if isinstance(inner, exp.Literal) and not inner.is_string:
            inner = item_at(self.select, inner)
        else:
            inner = with_aliases(inner, self.aliases, None)
        result = self.result(inner)
        return Order(value=result.expression, descending=bool(node.args.get("desc")), nulls_first=bool(node.args.get("nulls_first")))


class Grouping(Finishing):
    """Compiles the SELECT that groups rows of persons, noting the aggregates on the way."""

    def __init__(self, select: exp.Select, frame: Frame, typed: list[Typed], keys: tuple[Key, ...], measures: Measures) -> None:
        """Prepare to replace keys and aggregates by place-holders."""
        super().__init__(select)
        self.frame, self.measures = frame, measures
        self.typed = {f"k{position}": one for position, one in enumerate(typed)}
        self.lowering = Lowering(frame, self.typed, self._note)
        lengths = [one.type.longest if one.type.kind is Kind.TEXT else None for one in typed]
        pairs = enumerate(zip(keys, lengths, strict=True))
        self.known = {f"k{at}": Result(Column(name=f"k{at}"), key.kind, key.digits, length=length) for at, (key, length) in pairs}
        self.known |= {f"g{position}": Result(Column(name=f"g{position}"), Kind.INTEGER) for position in range(len(keys))}

    def result(self, node: exp.Expr) -> Result:
        """Compile one expression over keys and aggregates."""
        from sqlglot import exp

        if isinstance(node, exp.Star):
            raise Refusal(Code.NOT_AGGREGATED, "SELECT * would release rows.", "Select keys and aggregates.")
        lowered = self.lowering.lower(node)
        return Outputs({**self.known, **self.measures.results, **self.windows}).compile(lowered)

    def named(self, node: exp.Expr) -> exp.Expr:
        """Return an expression without aliases."""
        return with_aliases(node, self.aliases, self.frame)

    def rows(self) -> Expression | None:
        """Return the condition of HAVING."""
        return self.condition("having")

    def _note(self, node: exp.Expr) -> str:
        """Note an aggregate or a window; GROUPING(key) tells where the key is totalled over."""
        from sqlglot import exp

        if isinstance(node, exp.Window):
            return self.window(node)
        if not isinstance(node, exp.Grouping):
            return self.measures.note(node)
        only(node, {"expressions"})
        wanted = [row_expression(with_aliases(part, self.aliases, self.frame), self.frame) for part in node.expressions]
        found = [name for name, key in self.typed.items() if len(wanted) == 1 and same(key, wanted[0])]
        if not found:
            raise Refusal(Code.NOT_GROUPED, "GROUPING needs one grouping column.", "Write GROUPING(column) for a column of GROUP BY.")
        return found[0].replace("k", "g")


def conjunction(tests: list[Expression]) -> Expression | None:
    """Return one condition for several; None for none."""
    return All(operands=tuple(tests)) if len(tests) > 1 else next(iter(tests), None)


def heading(item: exp.Expr, position: int) -> str:
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


def whole_number(clause: exp.Expr | None) -> int | None:
    """Return the number of LIMIT or OFFSET."""
    from sqlglot import exp

    if clause is None:
        return None
    only(clause, {"expression"})
    number = clause.args["expression"]
    if not isinstance(number, exp.Literal) or number.is_string or not number.this.isdecimal() or len(number.this) > LIMIT_DIGITS:
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "LIMIT and OFFSET need a whole number.", "Write a number.")
    return int(number.this)
