"""From a question and a contract to a plan and its charge, before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.codec import digest_of
from stillroom.model.expression import Column, columns_of, walk
from stillroom.model.plan import Aggregate, Bounds, Finish, Key, Measure, Order, Output, Plan, leaves, sizes_for
from stillroom.model.price import Compiled
from stillroom.model.schema import Kind
from stillroom.privacy.marginals import cells
from stillroom.privacy.mechanisms import epsilon_of
from stillroom.query import rewrites, uses
from stillroom.query.context import Context
from stillroom.query.domains import key_domain
from stillroom.query.draft import Draft
from stillroom.query.expressions import row_expression
from stillroom.query.grouping import (
    Lowering,
    aliases_of,
    group_reader,
    has_aggregate,
    item_at,
    output_name,
    row_meaning,
    unaliased,
    with_aliases,
)
from stillroom.query.measures import Measures
from stillroom.query.output import Outputs
from stillroom.query.parse import only, parse
from stillroom.query.protected import plan_charge, protected
from stillroom.query.relations import select_rows
from stillroom.query.result import Result
from stillroom.query.scales import strategies_for
from stillroom.query.sets import Keys, grouping_sets
from stillroom.query.size import check_size
from stillroom.query.split import split
from stillroom.query.strategies import places
from stillroom.query.subqueries import compile_subquery
from stillroom.query.typed import same

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.model.contract import Contract
    from stillroom.model.question import Question, Terms
    from stillroom.query.frame import Frame
    from stillroom.query.sets import Sets
    from stillroom.query.typed import Typed

OUTPUT_LIMIT = 200
"""The most columns of a table."""

TABLE_LIMIT = 1_000_000
"""The most values of a table, before HAVING and LIMIT."""

FINISH_LIMIT = 10_000_000
"""The most nodes that are evaluated to make a table: its rows × all that stands in SELECT, HAVING and ORDER BY."""

NOISE_LIMIT = 2_000_000
"""The most draws of noise, and the most leaf cells of all measures together. Each draw takes some 50 microseconds."""

ORDER_LIMIT = 50
"""The most terms of ORDER BY."""

NAME_LIMIT = 100
"""The longest heading."""

LIMIT_DIGITS = 12
"""The most digits of LIMIT and OFFSET."""


def compile_question(contract: Contract, question: Question) -> Compiled:
    """Compile a question under a contract.

    The plan and the charge depend on the two arguments only.

    Raises:
        InvalidInput: The text is not SQL, or the terms contradict each other.
        Refusal: The question asks for something that is not supported, not allowed or not bounded.
    """
    select = parse(question.sql, question.parameters)
    frame, _ = select_rows(select, Context(contract, compile_subquery, select_rows))
    grouped = _Grouped.of(select, frame, contract)
    plan = _plan(contract, question.terms, grouped)
    pure = [epsilon_of(one.marginal.mechanism, one.add_remove) for one in protected(plan)]
    epsilon = None if any(one is None for one in pure) else _rounded_up(sum((one for one in pure if one is not None), Fraction(0)))
    readers = tuple(sorted({part.owner for part in plan.parts}))
    return Compiled(plan=plan, headings=grouped.headings, charge=plan_charge(plan), pure_epsilon=epsilon, readers=readers)


@dataclass(frozen=True)
class _Grouped:
    """The outer SELECT, compiled: what is grouped by, measured and shown."""

    frame: Frame
    keys: tuple[Key, ...]
    functional: bool
    measures: Measures
    finish: Finish
    headings: tuple[str, ...]

    @staticmethod
    def of(select: exp.Select, frame: Frame, contract: Contract) -> _Grouped:
        """Compile GROUP BY, SELECT, HAVING, ORDER BY and LIMIT."""
        items = list(select.expressions)
        if not items:
            raise Refusal(Code.NOT_AGGREGATED, "The table would have no columns.", "Select keys and aggregates.")
        if len(items) > OUTPUT_LIMIT:
            raise Refusal(Code.SQL_TOO_LARGE, f"The table would have more than {OUTPUT_LIMIT} columns.", "Select fewer columns.")
        nodes, sets = _key_nodes(select, frame)
        typed = [_key_expression(node, frame, contract) for node in nodes]
        keys = _keys(typed, frame, contract)
        measures = Measures(frame, contract, keys)
        finish = _Finishing(select, frame, typed, keys, measures).finish(sets)
        _check_table(keys, finish, measures)
        _check_unions(keys, finish, measures.measures)
        if not measures.measures:
            raise Refusal(Code.NOT_AGGREGATED, "The question has no aggregate; rows are never released.", "Use COUNT, SUM or AVG.")
        headings = _named_apart([_heading(item, position) for position, item in enumerate(items)])
        return _Grouped(frame, keys, all(one.functional for one in typed), measures, finish, headings)


def _key_nodes(select: exp.Select, frame: Frame) -> tuple[list[exp.Expr], Sets]:
    """Return the grouping expressions, without aliases and positions, and the grouping sets."""
    keys = Keys(group_reader(select, frame), lambda key, item: _same(row_expression(key, frame), row_meaning(item, frame)))
    sets = grouping_sets(select.args.get("group"), keys)
    return _in_display_order(keys, sets, [unaliased(item) for item in select.expressions])


def _same(key: Typed, item: Typed | None) -> bool:
    """Tell whether what SELECT shows is a key."""
    return item is not None and same(key, item)


def _in_display_order(keys: Keys, sets: Sets, items: list[exp.Expr]) -> tuple[list[exp.Expr], Sets]:
    """Order keys as SELECT shows them, and sets from fine to coarse, so that the order of GROUP BY does not matter."""
    from sqlglot import exp

    shown = [item for item in items if not has_aggregate(item) and not isinstance(item, exp.Star | exp.Literal | exp.Boolean | exp.Null)]
    ranks = [next((rank for rank, item in enumerate(shown) if keys.same(node, item)), len(shown)) for node in keys.nodes]
    order = sorted(range(len(ranks)), key=lambda position: (ranks[position], position))
    moved = {position: rank for rank, position in enumerate(order)}
    renumbered = (tuple(sorted(moved[position] for position in one)) for one in sets)
    return [keys.nodes[position] for position in order], sorted(renumbered, key=lambda one: (-len(one), one))


def _key_expression(node: exp.Expr, frame: Frame, contract: Contract) -> Typed:
    """Compile a grouping expression."""
    typed = row_expression(node, frame)
    uses.allow(contract, typed, uses.GROUPS)
    if not columns_of(typed.expression):
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "A constant cannot be grouped by.", "Leave it out of GROUP BY.")
    return typed


def _keys(typed: list[Typed], frame: Frame, contract: Contract) -> tuple[Key, ...]:
    """Return the keys with their domains, as long as the table has no more cells than the contract's limit."""
    keys: list[Key] = []
    for one in typed:
        domain = key_domain(one, frame.facts, contract.limits.cells)
        keys.append(Key(value=one.expression, kind=one.type.kind, digits=one.type.digits, domain=domain))
        _check_cells(leaves(tuple(keys), ()), contract)
    return tuple(keys)


def _check_cells(cells: int, contract: Contract) -> None:
    """Refuse tables with more cells than the contract's limit."""
    if cells > contract.limits.cells:
        raise Refusal(
            Code.TOO_MANY_CELLS,
            f"The table would have at least {cells} cells; the contract's limit is {contract.limits.cells}.",
            "Group by fewer columns, or by coarser ones (CASE).",
        )


def _check_table(keys: tuple[Key, ...], finish: Finish, measures: Measures) -> None:
    """Refuse tables that would take long to measure or to finish: all grouping sets together, with all columns."""
    finest = leaves(keys, ())
    rows = sum(finest // leaves(keys, kept) for kept in finish.sets)
    _check_draws(sum(prod(sizes_for((*keys, *measures.grid), measures.measures, one)) for one in measures.measures))
    if rows * len(finish.outputs) > TABLE_LIMIT or rows * _nodes(finish) > FINISH_LIMIT:
        raise Refusal(
            Code.TOO_MANY_CELLS,
            f"The table would have {rows} rows of {len(finish.outputs)} values, too many to compute.",
            "Select fewer columns, or name fewer grouping sets.",
        )


def _check_unions(keys: tuple[Key, ...], finish: Finish, measures: list[Measure]) -> None:
    """Refuse totals of distinct values: a value that occurs in several cells would count in each."""
    if any(len(kept) < len(keys) for kept in finish.sets) and any(measure.aggregate is Aggregate.UNION for measure in measures):
        raise Refusal(
            Code.AGGREGATE_NOT_ALLOWED,
            "Distinct values of a total are not the sum of those of its parts.",
            "Ask for COUNT(DISTINCT …) of each grouping set in a question of its own.",
        )


def _check_draws(numbers: int) -> None:
    """Refuse plans for which too many numbers would be measured."""
    if numbers > NOISE_LIMIT:
        raise Refusal(
            Code.TOO_MANY_CELLS,
            f"{numbers} numbers would be measured; {NOISE_LIMIT} are the most.",
            "Use fewer aggregates, or group by fewer or coarser columns.",
        )


def _nodes(finish: Finish) -> int:
    """Return how many nodes are evaluated for each row of a table."""
    expressions = [*(output.value for output in finish.outputs), *(term.value for term in finish.order)]
    expressions += [finish.having] if finish.having is not None else []
    return sum(1 for expression in expressions for _ in walk(expression))


class _Finishing:
    """Compiles what happens after the noise, noting the aggregates on the way."""

    def __init__(self, select: exp.Select, frame: Frame, typed: list[Typed], keys: tuple[Key, ...], measures: Measures) -> None:
        """Prepare to replace keys and aggregates by place-holders."""
        self.select, self.frame, self.measures = select, frame, measures
        self.typed = {f"k{position}": one for position, one in enumerate(typed)}
        self.lowering = Lowering(frame, self.typed, self._note)
        self.known = {f"k{position}": Result(Column(name=f"k{position}"), key.kind, key.digits) for position, key in enumerate(keys)}
        self.known |= {f"g{position}": Result(Column(name=f"g{position}"), Kind.INTEGER) for position in range(len(keys))}
        self.aliases = aliases_of(select)

    def _note(self, node: exp.Expr) -> str:
        """Note an aggregate; GROUPING(key) tells where the key is totalled over."""
        from sqlglot import exp

        if not isinstance(node, exp.Grouping):
            return self.measures.note(node)
        only(node, {"expressions"})
        wanted = [row_expression(with_aliases(part, self.aliases, self.frame), self.frame) for part in node.expressions]
        found = [name for name, key in self.typed.items() if len(wanted) == 1 and same(key, wanted[0])]
        if not found:
            raise Refusal(Code.NOT_GROUPED, "GROUPING needs one grouping column.", "Write GROUPING(column) for a column of GROUP BY.")
        return found[0].replace("k", "g")

    def finish(self, sets: Sets) -> Finish:
        """Return the finish."""
        outputs = tuple(self._output(item) for item in self.select.expressions)
        having = self.select.args.get("having")
        test = self._result(with_aliases(having.this, self.aliases, self.frame)) if having else None
        if test is not None and test.kind is not Kind.BOOLEAN:
            raise Refusal(Code.TYPE_MISMATCH, "HAVING needs a condition.", "Compare the aggregate with something.")
        order = self.select.args.get("order")
        if order is not None and len(order.expressions) > ORDER_LIMIT:
            raise Refusal(Code.SQL_TOO_LARGE, f"ORDER BY has more than {ORDER_LIMIT} terms.", "Order by fewer columns.")
        return Finish(
            sets=tuple(sets),
            outputs=outputs,
            having=test.expression if test else None,
            order=tuple(self._order(node) for node in (order.expressions if order else ())),
            limit=_whole(self.select.args.get("limit")),
            offset=_whole(self.select.args.get("offset")) or 0,
        )

    def _result(self, node: exp.Expr) -> Result:
        """Compile one expression over keys and aggregates."""
        lowered = self.lowering.lower(node)
        return Outputs({**self.known, **self.measures.results}).compile(lowered)

    def _output(self, item: exp.Expr) -> Output:
        """Compile one SELECT item."""
        from sqlglot import exp

        node = unaliased(item)
        if isinstance(node, exp.Star):
            raise Refusal(Code.NOT_AGGREGATED, "SELECT * would release rows.", "Select keys and aggregates.")
        result = self._result(node)
        return Output(value=result.expression, kind=result.kind, digits=result.digits, noisy=result.noisy)

    def _order(self, node: exp.Expr) -> Order:
        """Compile one ORDER BY term; aliases and positions mean SELECT items."""
        from sqlglot import exp

        only(node, {"this", "desc", "nulls_first"})
        inner = node.this
        if isinstance(inner, exp.Literal) and not inner.is_string:
            inner = item_at(self.select, inner)
        else:
            inner = with_aliases(inner, self.aliases, None)
        result = self._result(inner)
        return Order(value=result.expression, descending=bool(node.args.get("desc")), nulls_first=bool(node.args.get("nulls_first")))


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


def _whole(clause: exp.Expr | None) -> int | None:
    """Return the number of LIMIT or OFFSET."""
    from sqlglot import exp

    if clause is None:
        return None
    only(clause, {"expression"})
    number = clause.args["expression"]
    if not isinstance(number, exp.Literal) or number.is_string or not number.this.isdecimal() or len(number.this) > LIMIT_DIGITS:
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "LIMIT and OFFSET need a whole number.", "Write a number.")
    return int(number.this)


def _plan(contract: Contract, terms: Terms, grouped: _Grouped) -> Plan:
    """Put the plan together."""
    bounds = _bounds(contract, terms, grouped, leaves(grouped.keys, ()))
    measures = tuple(grouped.measures.measures)
    delta = Fraction(str(contract.caps.delta))
    keys = (*grouped.keys, *grouped.measures.grid)
    draft = Draft(grouped.frame.relation, grouped.frame.facts, keys, measures, grouped.finish)
    check_size(draft)
    draft = rewrites.apply(draft)
    strategies = strategies_for(measures, bounds=bounds, keys=keys, finish=grouped.finish, terms=terms, delta=delta)
    every = tuple(len(key.domain) for key in keys)
    _check_draws(sum(cells(every, marginal.kept) for strategy in strategies for marginal in strategy))
    shown = [strategy for measure, strategy in zip(measures, strategies, strict=True) if not measure.grid]
    finish = _with_places(draft.finish, places(shown, sizes_for(keys, measures), draft.finish.sets))
    finish = finish.model_copy(update={"nonnegative": terms.nonnegative})
    parts, rows = split(draft.relation, contract)
    return Plan(
        contract=digest_of(contract),
        protection=contract.protections[0],
        facts=draft.facts,
        parts=parts,
        rows=rows,
        keys=draft.keys,
        measures=draft.measures,
        strategies=strategies,
        bounds=bounds,
        finish=finish,
    )


def _with_places(finish: Finish, further: int) -> Finish:
    """Return a finish that keeps totals in further decimal places, and shows these."""
    if not further:
        return finish
    outputs = [
        one if one.measure is None else one.model_copy(update={"kind": Kind.DECIMAL, "digits": one.digits + further})
        for one in finish.outputs
    ]
    return finish.model_copy(update={"places": further, "outputs": tuple(outputs)})


def _bounds(contract: Contract, terms: Terms, grouped: _Grouped, cells: int) -> Bounds:
    """Return how much one person can contribute, from the contract and the terms.

    Where every key is a function of the person, a person influences one cell. Otherwise no more cells than the person has rows, nor
    than there are; a lower limit of the contract or of the terms is enforced by keeping that many cells of each person.
    """
    rows = grouped.frame.rows
    worst = 1 if grouped.functional else min(rows, cells)
    limit = min(contract.limits.groups_per_person, terms.groups_per_person or contract.limits.groups_per_person)
    return Bounds(rows=rows, groups=min(worst, limit), keep_groups=limit < worst, identifiers=contract.identifiers_per_person)


def _rounded_up(epsilon: Fraction) -> str:
    """Return a number as decimal text with 12 places, rounded up."""
    with localcontext(prec=60):
        exact = Decimal(epsilon.numerator) / Decimal(epsilon.denominator)
        return str(exact.quantize(Decimal("1e-12"), rounding=ROUND_CEILING).normalize())
