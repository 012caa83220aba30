"""From a question and a contract to a plan and its charge, before anything is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.codec import digest_of
from stillroom.model.contract import PrivateDataset
from stillroom.model.expression import columns_of, renamed
from stillroom.model.measure import Aggregate, Measure, told
from stillroom.model.plan import Bounds, Finish, Key, Plan, leaves, sizes_for
from stillroom.model.price import Compiled
from stillroom.model.relation import Scan, steps
from stillroom.model.schema import Kind
from stillroom.privacy.marginals import cells
from stillroom.privacy.mechanisms import epsilon_of
from stillroom.query import rewrites, uses
from stillroom.query.advised import with_caps
from stillroom.query.all_keys import with_keys_written
from stillroom.query.around import Around
from stillroom.query.caps import advice_for, check_advice, pinned, with_average_ends
from stillroom.query.clamped import removals
from stillroom.query.context import Context
from stillroom.query.draft import Draft
from stillroom.query.expressions import row_expression
from stillroom.query.finishing import Grouping
from stillroom.query.grouping import group_reader, has_aggregate, row_meaning, spelled_out, unaliased
from stillroom.query.measures import Measures
from stillroom.query.nested import unnested
from stillroom.query.protected import drawn, plan_charge
from stillroom.query.relations import select_rows
from stillroom.query.scales import strategies_for
from stillroom.query.selected import check_selected, most_shown, selected_first, selection_for
from stillroom.query.sets import Keys, grouping_sets, renumbered, scatters
from stillroom.query.size import check_size, nodes_for_each_row
from stillroom.query.split import split
from stillroom.query.strategies import places
from stillroom.query.subqueries import compile_subquery
from stillroom.query.text.named_windows import with_windows_written
from stillroom.query.text.parse import parse
from stillroom.query.typed import same
from stillroom.query.weights import measure_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlglot import exp

    from stillroom.model.contract import Contract
    from stillroom.model.marginal import Strategy
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Part
    from stillroom.model.question import Question, Terms
    from stillroom.model.selection import Selection
    from stillroom.query.frame import Frame
    from stillroom.query.measures import Sums
    from stillroom.query.nested import Nested
    from stillroom.query.selected import Domain
    from stillroom.query.sets import Sets
    from stillroom.query.typed import Typed

OUTPUT_LIMIT = 200
"""The most columns of a table."""

TABLE_LIMIT = 4_000_000
"""The most values of a table, before HAVING and LIMIT: a million groups of two keys and two aggregates. Each takes some 400 bytes."""

FINISH_LIMIT = 10_000_000
"""The most nodes that are evaluated to make a table: its rows × all that stands in SELECT, HAVING and ORDER BY."""

NOISE_LIMIT = 2_000_000
"""The most draws of noise, and the most leaf cells of all measures together. Each draw takes some 50 microseconds."""


def compile_question(contract: Contract, question: Question, named: str | None = None) -> Compiled:
    """Compile a question under a contract.

    The plan and the charge depend on contract and question only.

    Args:
        contract: The contract.
        question: The question.
        named: The contract's digest, for whoever has worked it out already: that of a large contract takes a second.

    Raises:
        InvalidInput: The text is not SQL, or the terms contradict each other.
        Refusal: The question asks for something that is not supported, not allowed or not bounded.
    """
    select = parse(question.sql, question.parameters, question.dialect)
    with_windows_written(select)
    with_keys_written(select)
    nested = unnested(select, Context(contract, compile_subquery, select_rows))
    grouped = _Grouped.of(nested, contract, question.terms)
    plan = _plan(contract, question.terms, grouped, named or digest_of(contract))
    pure = [epsilon_of(one.marginal.mechanism, one.add_remove) for one in drawn(plan)]
    epsilon = None if any(one is None for one in pure) else _rounded_up(sum((one for one in pure if one is not None), Fraction(0)))
    readers = tuple(sorted({part.owner for part in plan.parts}))
    return Compiled(plan=plan, headings=grouped.headings, charge=plan_charge(plan), pure_epsilon=epsilon, readers=readers)


@dataclass(frozen=True)
class _Grouped:
    """The outer SELECT, compiled: what is grouped by, measured and shown."""

    frame: Frame
    typed: list[Typed]
    keys: tuple[Key, ...]
    measures: tuple[Measure, ...]
    grid: tuple[Key, ...]
    finish: Finish
    headings: tuple[str, ...]

    @staticmethod
    def of(nested: Nested, contract: Contract, terms: Terms) -> _Grouped:
        """Compile GROUP BY, SELECT, HAVING, ORDER BY and LIMIT, and each SELECT around that; cap, and measure what that removes."""
        select, frame = spelled_out(nested.select, nested.frame), nested.frame
        if not select.expressions:
            raise Refusal(Code.NOT_AGGREGATED, "The table would have no columns.", "Select keys and aggregates.")
        nodes, sets = _key_nodes(select, frame)
        typed, domains, sets = selected_first([_key_expression(node, frame, contract) for node in nodes], sets, frame, contract)
        keys = _keys(typed, domains, contract)
        measures = Measures(frame, contract, typed, keys, scattered=frame.rows > 1 and scatters(sets, [one.functional for one in typed]))
        level = Grouping(select, frame, typed, keys, measures).level(sets)
        for alias, outer in nested.around:
            level = Around(outer, level, alias).level(sets)
        if len(level.names) > OUTPUT_LIMIT:
            raise Refusal(Code.SQL_TOO_LARGE, f"The table would have more than {OUTPUT_LIMIT} columns.", "Select fewer columns.")
        finish, measured, grid, summed = _measured(level.finish, measures)
        headings = _named_apart(level.names)
        finish, measured, summed = _merged(*pinned(finish, measured, headings, terms.caps), summed)
        if terms.clamped:
            measured += tuple(removals(finish, measured, summed, frame.rows))
        measured = _each_set(keys, finish, measured)
        _check_table(keys, finish, measured, grid)
        if not measured:
            raise Refusal(Code.NOT_AGGREGATED, "The question has no aggregate; rows are never released.", "Use COUNT, SUM or AVG.")
        return _Grouped(frame, typed, keys, measured, grid, finish, headings)

    def without_twins(self, rewritten: Sequence[Measure]) -> _Grouped:
        """Return it with one measure for all that have become the same, as those of two columns of a subquery that compute the same."""
        finish, _ = _reading_once(self.finish, rewritten)
        return replace(self, finish=finish, measures=tuple(self.measures[rewritten.index(one)] for one in dict.fromkeys(rewritten)))

    @property
    def functional(self) -> bool:
        """Whether every key is a function of the person."""
        return all(one.functional for one in self.typed)


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

    bare = [item for item in items if not has_aggregate(item) and item.find(exp.Window) is None]
    shown = [item for item in bare if not isinstance(item, exp.Star | exp.Literal | exp.Boolean | exp.Null)]
    ranks = [next((rank for rank, item in enumerate(shown) if keys.same(node, item)), len(shown)) for node in keys.nodes]
    order = sorted(range(len(ranks)), key=lambda position: (ranks[position], position))
    return [keys.nodes[position] for position in order], renumbered(sets, order)


def _key_expression(node: exp.Expr, frame: Frame, contract: Contract) -> Typed:
    """Compile a grouping expression."""
    typed = row_expression(node, frame)
    uses.allow(contract, typed, uses.GROUPS)
    if not columns_of(typed.expression):
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "A constant cannot be grouped by.", "Leave it out of GROUP BY.")
    return typed


def _keys(typed: list[Typed], domains: Iterable[Domain], contract: Contract) -> tuple[Key, ...]:
    """Return the keys with their domains, as long as the table has no more cells than the contract's limit."""
    keys: list[Key] = []
    for one, domain in zip(typed, domains, strict=True):
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


def _check_table(keys: tuple[Key, ...], finish: Finish, measures: Sequence[Measure], grid: tuple[Key, ...]) -> None:
    """Refuse tables that would take long to measure or to finish: all grouping sets together, with all columns."""
    rows = _rows(keys, finish.sets)
    _check_draws(sum(prod(sizes_for((*keys, *grid), measures, one)) for one in measures))
    if rows * len(finish.outputs) > TABLE_LIMIT or rows * nodes_for_each_row(finish) > FINISH_LIMIT:
        raise Refusal(
            Code.TOO_MANY_CELLS,
            f"The table would have {rows} rows of {len(finish.outputs)} values, too many to compute.",
            "Select fewer columns, or name fewer grouping sets.",
        )


def _rows(keys: tuple[Key, ...], sets: Sequence[tuple[int, ...]]) -> int:
    """Return how many rows a table has; of sets that keep selected keys, for each combination of them."""
    finest = leaves(keys, ())
    return sum(finest // leaves(keys, kept) for kept in sets)


def _each_set(keys: tuple[Key, ...], finish: Finish, measures: tuple[Measure, ...]) -> tuple[Measure, ...]:
    """Return measures with further ones for the grouping sets whose totals are not made of parts that are measured.

    A value or person that occurs in several parts counts once in their total, so that these are measured for each set. Of the parts along
    selected keys only some are shown, so that sums are measured once more, of everybody, for the sets that keep no selected key.
    The finish reads the first of those alike, which stands for all.
    """
    if finish.sets == (tuple(range(len(keys))),):
        return measures
    distinct = [one for one in measures if one.distinct]
    sums = [one for one in measures if one.aggregate is Aggregate.SUM]
    first = tuple(one.model_copy(update={"kept": finish.sets[0]}) if one in distinct else one for one in measures)
    apart = first + tuple(one.model_copy(update={"kept": kept}) for one in distinct for kept in finish.sets[1:])
    whole = [kept for kept in finish.sets if 0 not in kept] if keys and keys[0].domain is None else []
    together = tuple(sorted({key for kept in whole for key in kept}))
    return apart + tuple(one.model_copy(update={"kept": together}) for one in sums if whole)


def _check_draws(numbers: int) -> None:
    """Refuse plans for which too many numbers would be measured."""
    if numbers > NOISE_LIMIT:
        raise Refusal(
            Code.TOO_MANY_CELLS,
            f"{numbers} numbers would be measured; {NOISE_LIMIT} are the most.",
            "Use fewer aggregates, or group by fewer or coarser columns.",
        )


def _measured(finish: Finish, measures: Measures) -> tuple[Finish, tuple[Measure, ...], tuple[Key, ...], Sums]:
    """Return a finish, the measures that it reads, the keys of their grids, and those that are sums, by name.

    What nothing reads is neither measured nor charged.
    """
    read = frozenset[str]().union(*map(columns_of, finish.expressions))
    kept = [position for position in range(len(measures.measures)) if f"m{position}" in read]
    names = {f"m{position}": f"m{place}" for place, position in enumerate(kept)}
    finish = finish.with_each(lambda node: renamed(node, lambda name: names.get(name, name)))
    found, first = [measures.measures[position] for position in kept], len(measures.keys)
    gridded = sorted({key for one in found for key in one.grid})
    places = {key: first + place for place, key in enumerate(gridded)}
    moved = tuple(one.model_copy(update={"grid": tuple(places[key] for key in one.grid)}) for one in found)
    summed = {names[name]: ends for name, ends in measures.summed.items() if name in names}
    return finish, moved, tuple(measures.grid[key - first] for key in gridded), summed


def _merged(finish: Finish, measures: Sequence[Measure], summed: Sums) -> tuple[Finish, tuple[Measure, ...], Sums]:
    """Return each measure once: a count whose cap is 1 may be one that is there already. `summed` are those that are sums, by name."""
    finish, names = _reading_once(finish, measures)
    return finish, tuple(dict.fromkeys(measures)), {names[name]: ends for name, ends in summed.items()}


def _reading_once(finish: Finish, measures: Sequence[Measure]) -> tuple[Finish, dict[str, str]]:
    """Return a finish that reads one of all measures that are equal, and the new name of each among those that are left."""
    places = {one: place for place, one in enumerate(dict.fromkeys(measures))}
    names = {f"m{number}": f"m{places[one]}" for number, one in enumerate(measures)}
    return finish.with_each(lambda node: renamed(node, lambda name: names.get(name, name))), names


def _named_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Give columns of one name numbers."""
    apart: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in apart:
            number += 1
            candidate = f"{name}_{number}"
        apart.append(candidate)
    return tuple(apart)


def _plan(contract: Contract, terms: Terms, grouped: _Grouped, named: str) -> Plan:
    """Put the plan together."""
    bounds = _bounds(contract, terms, grouped)
    measures = grouped.measures
    selected = sum(key.domain is None for key in grouped.keys)
    check_selected(selected, grouped.finish, terms)
    check_advice(terms)
    delta = Fraction(str(contract.caps.delta))
    keys = (*grouped.keys, *grouped.grid)
    advice = advice_for(terms, finish=grouped.finish, measures=measures, headings=grouped.headings, bounds=bounds, delta=delta)
    finish = with_average_ends(grouped.finish, [one.measure for one in advice if one.measure is not None])
    draft = Draft(grouped.frame.relation, grouped.frame.facts, keys, measures, finish)
    check_size(draft)
    draft = rewrites.apply(draft)
    if len(set(draft.measures)) < len(measures):
        return _plan(contract, terms, grouped.without_twins(draft.measures), named)
    weights = measure_weights(grouped.finish, grouped.headings, measures, terms)
    found = strategies_for(measures, bounds=bounds, keys=keys, finish=grouped.finish, terms=terms, delta=delta, weights=weights)
    strategies, every = found[: len(measures)], tuple(len(key.listed) or 1 for key in keys)
    _check_draws(sum(cells(every, marginal.kept) for strategy in strategies for marginal in strategy))
    parts, rows = split(draft.relation, contract)
    plan = Plan(
        contract=named,
        protection=contract.protections[0],
        facts=draft.facts,
        lone=_lone(contract, parts),
        parts=parts,
        rows=rows,
        keys=draft.keys,
        selection=_selection(contract, grouped, bounds, found),
        measures=draft.measures,
        strategies=strategies,
        advice=advice,
        bounds=bounds,
        finish=draft.finish.model_copy(update={"nonnegative": terms.nonnegative}),
    )
    least = with_caps(plan, [one.caps[0] for one in advice])
    shown = [
        (strategy, told(measures, number, plan.finish.sets))
        for number, strategy in enumerate(least.strategies)
        if not measures[number].grid and measures[number].aggregate is not Aggregate.REMOVED
    ]
    return plan.model_copy(update={"finish": _with_places(plan.finish, places(shown, sizes_for(keys, measures)))})


def _lone(contract: Contract, parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the datasets that parts read of which nobody has more than one row."""
    scanned = {step.dataset for part in parts for step in steps(part.relation) if isinstance(step, Scan)}
    declared = {name: contract.datasets[name] for name in sorted(scanned)}
    return tuple(name for name, one in declared.items() if isinstance(one, PrivateDataset) and one.rows_per_person == 1)


def _selection(contract: Contract, grouped: _Grouped, bounds: Bounds, strategies: Sequence[Strategy]) -> Selection | None:
    """Return the rule by which keys are selected, given how measures are measured, and then numbers of persons; None where no key is."""
    own, counted = strategies[: len(grouped.measures)], strategies[len(grouped.measures) :]
    if not counted:
        return None
    selected = [key for key, declared in zip(grouped.typed, grouped.keys, strict=True) if declared.domain is None]
    finest, finish, keys, measures = leaves(grouped.keys, ()), grouped.finish, (*grouped.keys, *grouped.grid), grouped.measures
    rows = _rows(grouped.keys, tuple(kept for kept in finish.sets if 0 in kept))
    measured = sum(prod(sizes_for(keys, measures, one)) for one in measures if one.kept is None or 0 in one.kept)
    every = tuple(len(key.listed) or 1 for key in keys)
    draws = [(0 in marginal.kept, cells(every, marginal.kept)) for strategy in own for marginal in strategy]
    each, once = (sum(number for selects, number in draws if selects is along) for along in (True, False))
    sizes = (
        (NOISE_LIMIT, measured),
        (NOISE_LIMIT - once, each),
        (TABLE_LIMIT, rows * len(finish.outputs)),
        (FINISH_LIMIT, rows * nodes_for_each_row(finish)),
    )
    return selection_for(contract, bounds, counted[0][0].mechanism, most_shown(selected, contract.limits.cells // finest, sizes))


def _with_places(finish: Finish, further: int) -> Finish:
    """Return a finish that keeps totals in further decimal places, and shows these."""
    if not further:
        return finish
    outputs = [
        one if one.measure is None else one.model_copy(update={"kind": Kind.DECIMAL, "digits": one.digits + further})
        for one in finish.outputs
    ]
    return finish.model_copy(update={"places": further, "outputs": tuple(outputs)})


def _bounds(contract: Contract, terms: Terms, grouped: _Grouped) -> Bounds:
    """Return how much one person can contribute, from the contract and the terms.

    Where every key is a function of the person, a person influences one cell. Otherwise no more cells than the person has rows, nor
    than there are, which without selected keys has an end; a lower limit of the contract or of the terms is enforced by keeping that many
    cells of each person.
    """
    rows = grouped.frame.rows
    endless = any(key.domain is None for key in grouped.keys)
    worst = 1 if grouped.functional else rows if endless else min(rows, leaves(grouped.keys, ()))
    limit = min(contract.limits.groups_per_person, terms.groups_per_person or contract.limits.groups_per_person)
    return Bounds(rows=rows, groups=min(worst, limit), keep_groups=limit < worst, identifiers=contract.identifiers_per_person)


def _rounded_up(epsilon: Fraction) -> str:
    """Return a number as decimal text with 12 places, rounded up."""
    with localcontext(prec=60):
        exact = Decimal(epsilon.numerator) / Decimal(epsilon.denominator)
        return str(exact.quantize(Decimal("1e-12"), rounding=ROUND_CEILING).normalize())
