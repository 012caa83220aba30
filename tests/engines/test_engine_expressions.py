"""Every engine, the evaluator of the compiler, and the reference give every expression the same value on every row."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillroom.errors import Code, Failed
from stillroom.model.expression import (
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Average,
    Branch,
    Call,
    Case,
    Column,
    Compare,
    Comparison,
    Constant,
    Divide,
    Expression,
    IsNull,
    Like,
    Not,
)
from stillroom.model.function import Function
from stillroom.model.schema import Kind
from stillroom.query.evaluate import evaluate
from tests import reference
from tests.expressions import KINDS, LARGE, NULL, PATTERNS, ROWS, TEXT_FUNCTIONS, TEXTS, WIDEST, first, number, numbers, texts, truths
from tests.fakes import ListTable
from tests.plans import column, facts_of, key, part, plan, scan, total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.measure import Measure
    from stillroom.model.schema import Scalar
    from stillroom.ports import Engine


def named(row: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return a row under the names of the plan, with NULL where a test does not care."""
    return {f"a.{name}": row.get(name) for name in KINDS}


def values(engine: Engine, expressions: Sequence[Expression], rows: Sequence[Mapping[str, Scalar]]) -> list[list[Scalar]]:
    """Return the value of each expression on each row, as the engine finds it, through measures with one cell for each row.

    Nothing is returned where the engine lacks something and says so.
    A truth value is measured as 2 or 1, a text as its place among all texts, and NULL by a measure of its own.
    """
    made = {reference.evaluate(expression, named(row)) for expression in expressions if kind_of(expression) is Kind.TEXT for row in rows}
    words = sorted({"", *(str(text) for text in made if text is not None)})
    full = [{**dict.fromkeys(KINDS), **row, "id": place, "person": f"p{place % 3}"} for place, row in enumerate(rows)]
    measures = [measure for expression in expressions for measure in coded(expression, words)]
    ids = key(column("a.id"), Kind.INTEGER, *range(max(1, len(rows))))
    asked = plan(facts_of({"a": KINDS}), [part("a", scan("a", *KINDS))], measures, keys=[ids])
    if engine.lacking(asked):
        return []
    cells = engine.measure_exactly(asked, {"a": ListTable(full, KINDS)})

    return [
        [decoded(code, kind_of(expression), words) if known else None for code, known, _ in zip(*pair, rows, strict=False)]
        for expression, pair in zip(expressions, zip(cells[::2], cells[1::2], strict=True), strict=True)
    ]


def decoded(code: int, kind: Kind, words: Sequence[str]) -> Scalar:
    """Return the value that a number stands for."""
    if kind is Kind.BOOLEAN:
        return code == 2
    if kind is Kind.TEXT:
        return words[code] if code >= 0 else "another text than the reference finds"
    return code


def kind_of(node: Expression) -> Kind:
    """Return what an expression is; a number where it is always NULL."""
    match node:
        case Column():
            return KINDS[node.name.removeprefix("a.")]
        case Constant():
            return {bool: Kind.BOOLEAN, str: Kind.TEXT}.get(type(node.value), Kind.INTEGER)
        case Case():
            results = [*(branch.then for branch in node.branches), node.otherwise]
            return next((kind_of(result) for result in results if not always_null(result)), Kind.INTEGER)
        case Arithmetic() | Divide():
            return Kind.INTEGER
        case Call(function=Function.TEXT_TRUTH):
            return Kind.BOOLEAN
        case Call(function=function) if function in TEXT_FUNCTIONS:
            return Kind.TEXT
        case Call(function=Function.LENGTH | Function.POSITION | Function.TEXT_NUMBER | Function.TEXT_DATE | Function.TEXT_TIMESTAMP):
            return Kind.INTEGER
        case Call():
            return next((kind_of(operand) for operand in node.operands if not always_null(operand)), Kind.INTEGER)
        case _:
            return Kind.BOOLEAN


def always_null(node: Expression) -> bool:
    """Tell whether an expression is NULL of no kind: other functions have a kind of their own, whatever they are called with."""
    if isinstance(node, Case):
        return all(always_null(result) for result in (*(branch.then for branch in node.branches), node.otherwise))
    if isinstance(node, Call):
        return node.function in {Function.GREATEST, Function.LEAST} and all(map(always_null, node.operands))
    return node == NULL


def coded(expression: Expression, words: Sequence[str]) -> tuple[Measure, Measure]:
    """Return a measure of an expression as a number, and one of whether it is NULL."""
    as_number = expression
    if kind_of(expression) is Kind.BOOLEAN:
        as_number = Case(branches=(Branch(when=expression, then=number(2)),), otherwise=number(1))
    if kind_of(expression) is Kind.TEXT:
        known = [Compare(comparison=Comparison.EQUAL, left=expression, right=Constant(value=text)) for text in words]
        as_number = Case(branches=tuple(Branch(when=when, then=number(n)) for n, when in enumerate(known)), otherwise=number(-1))
    present = Case(branches=(Branch(when=IsNull(operand=expression), then=number(0)),), otherwise=number(1))
    return total(as_number, row=(-WIDEST, WIDEST)), total(present, row=(0, 1))


def agree(engine: Engine, expressions: Sequence[Expression], rows: Sequence[Mapping[str, Scalar]]) -> list[list[Scalar]]:
    """Assert that all three agree, and return the values: one list for each expression."""
    expected = [[reference.evaluate(expression, named(row)) for row in rows] for expression in expressions]
    evaluated = [[evaluate(expression, named(row)) for row in rows] for expression in expressions]
    assert typed(evaluated) == typed(expected)
    found = values(engine, expressions, rows)
    assert not found or typed(found) == typed(expected)
    return expected


def typed(table: list[list[Scalar]]) -> list[list[tuple[type, Scalar]]]:
    """Tell true from 1."""
    return [[(type(value), value) for value in line] for line in table]


# ------------------------------------------------------------------------------------------------- random expressions


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])  # deep trees take long to draw
@given(
    rows=ROWS,
    some=st.lists(numbers().map(first), min_size=1, max_size=3),
    conditions=st.lists(truths(), min_size=1, max_size=3),
    text=texts(2).map(first),
)
def test_random_expressions_have_one_value(
    engine: Engine, rows: list[dict[str, Scalar]], some: list[Expression], conditions: list[Expression], text: Expression
) -> None:
    agree(engine, [*some, *conditions, text], rows)


# ------------------------------------------------------------------------------------------------------------ numbers


def test_division_rounds_half_away_from_zero_and_by_zero_is_null(engine: Engine) -> None:
    edges = [0, 1, 2, 3, 5, 7, 10, 2**31, 2**53 + 1, LARGE - 1, LARGE]
    signed = [sign * edge for edge in edges for sign in (1, -1)]
    rows = [{"large": dividend, "small": divisor} for dividend in signed for divisor in signed] + [{"large": 1}, {"small": 1}, {}]
    shifts = (0, 1, 6)
    quotients = [Divide(left=column("a.large"), right=column("a.small"), shift=shift, bound=LARGE * 10**shift) for shift in shifts]
    exact, *_ = agree(engine, quotients, rows)
    found = {(row.get("large"), row.get("small")): value for row, value in zip(rows, exact, strict=True)}
    assert [found[pair] for pair in [(7, 2), (-7, 2), (7, -2), (-7, -2), (5, 3), (1, 3)]] == [4, -4, -4, 4, 2, 0]
    assert [found[pair] for pair in [(7, 0), (0, 0), (None, 1), (1, None), (0, 5)]] == [None, None, None, None, 0]


def test_arithmetic_is_exact_beyond_64_bits(engine: Engine) -> None:
    large = column("a.large")
    doubled = Arithmetic(operation=ArithmeticOp.ADD, left=large, right=large, bound=2 * LARGE)
    negated = Arithmetic(operation=ArithmeticOp.SUBTRACT, left=number(0), right=doubled, bound=2 * LARGE)
    product = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=doubled, right=number(2**20), bound=2**83)
    back = Divide(left=product, right=large, bound=2**83)
    rows = [{"large": value} for value in (LARGE, -LARGE, LARGE - 1, 1, 0, None)]
    found = agree(engine, [doubled, negated, product, back], rows)
    assert found[2][0] == 2**83
    assert found[3] == [2**21] * 4 + [None, None]


def test_small_constants_do_not_overflow_their_own_types(engine: Engine) -> None:
    most = number(2**53 - 1)
    square = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=number(2**31 - 1), right=number(2**31 - 1), bound=2**62)
    added = Arithmetic(operation=ArithmeticOp.ADD, left=number(127), right=number(127), bound=254)
    huge = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=most, right=number(2**30), bound=2**83)
    assert agree(engine, [square, added, huge], [{}]) == [[(2**31 - 1) ** 2], [254], [(2**53 - 1) * 2**30]]


def test_nested_divisions_stay_small(engine: Engine) -> None:
    left: Expression = column("a.large")
    right: Expression = left
    for _ in range(60):
        left = Divide(left=left, right=column("a.small"), bound=LARGE)
        right = Divide(left=column("a.large"), right=right, bound=LARGE)
    agree(engine, [left, right], [{"large": large, "small": small} for large in (LARGE, 5, 0, None) for small in (1, -2, 0)])


# ------------------------------------------------------------------------------------------------------- truth and text


def test_logic_is_three_valued(engine: Engine) -> None:
    known: list[Expression] = [Constant(value=True), Constant(value=False), NULL]
    pairs = list(itertools.product([column("a.truth"), *known], repeat=2))
    nodes: list[Expression] = [Not(operand=node) for node in known]
    nodes += [connective(operands=pair) for pair in pairs for connective in (All, Any)]
    nodes += [
        Case(branches=(Branch(when=left, then=number(1)),), otherwise=right) for left, right in itertools.product(known, [NULL, number(2)])
    ]
    agree(engine, nodes, [{"truth": True}, {"truth": False}, {"truth": None}])


def test_comparisons_are_strict_and_text_compares_by_code_point(engine: Engine) -> None:
    nodes = [Compare(comparison=comparison, left=column("a.text"), right=column("a.other")) for comparison in Comparison]
    rows = [{"text": left, "other": right} for left, right in itertools.product([*TEXTS, None], repeat=2)]
    agree(engine, nodes, rows)
    above, below = {"text": "\ue000", "other": "😀"}, {"text": "Z", "other": "a"}
    assert agree(engine, nodes[2:3], [above, below]) == [[True, True]]


def test_constants_are_never_read_as_sql(engine: Engine) -> None:
    nodes = [Compare(comparison=Comparison.EQUAL, left=column("a.text"), right=Constant(value=text)) for text in TEXTS]
    found = agree(engine, nodes, [{"text": text} for text in TEXTS])
    assert found == [[row == constant for row in TEXTS] for constant in TEXTS]


def test_membership(engine: Engine) -> None:
    listed = tuple(Constant(value=text) for text in TEXTS[:5])
    nodes: list[Expression] = [Among(operand=column("a.text"), values=listed), Among(operand=column("a.text"), values=())]
    nodes += [Not(operand=node) for node in nodes]
    nodes += [Among(operand=column("a.truth"), values=(Constant(value=True),)), Among(operand=NULL, values=listed)]
    many = tuple(number(value) for value in range(0, 6000, 2))
    nodes.append(Among(operand=column("a.small"), values=many))
    rows: list[dict[str, Scalar]] = [{"text": text, "truth": True, "small": n} for n, text in enumerate(TEXTS)]
    agree(engine, nodes, [*rows, {"truth": False}, {}])


def test_like_has_two_wildcards_and_no_escape(engine: Engine) -> None:
    nodes = [Like(operand=operand, pattern=pattern) for pattern in PATTERNS for operand in (column("a.text"), NULL)]
    tricky = ["aab", "abab", "xaxb", "a\\", "a\\%", "\\", "a\nb", "[ab]", "xx", "a" * 50 + "b", None]
    found = agree(engine, nodes, [{"text": text} for text in (*TEXTS, *tricky)])
    literal = found[2 * PATTERNS.index("a\\b")]
    assert [text for text, matches in zip((*TEXTS, *tricky), literal, strict=True) if matches] == ["a\\b"]


def test_wide_conditions(engine: Engine) -> None:
    tests = tuple(Compare(comparison=Comparison.EQUAL, left=column("a.small"), right=number(n)) for n in range(1500))
    agree(engine, [Any(operands=tests), All(operands=tests)], [{"small": 1499}, {"small": 1500}, {}])


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "node",
    [
        Average(total="m0", count="m1", low=0, high=1, digits=0),
        Compare(comparison=Comparison.EQUAL, left=column("a.text"), right=column("a.small")),
        Arithmetic(operation=ArithmeticOp.ADD, left=column("a.truth"), right=number(1), bound=2),
        Arithmetic(operation=ArithmeticOp.MULTIPLY, left=column("a.large"), right=column("a.large"), bound=2**124),
        column("a.text"),
    ],
    ids=["average", "mixed", "truth as number", "too large", "text as number"],
)
def test_an_unsound_plan_is_refused_before_it_runs(engine: Engine, node: Expression) -> None:
    asked = plan(facts_of({"a": KINDS}), [part("a", scan("a", *KINDS))], [total(node, row=(0, 1))])
    with pytest.raises(Failed) as failure:
        engine.measure_exactly(asked, {"a": ListTable([], KINDS)})
    assert failure.value.code is Code.RUN_FAILED
