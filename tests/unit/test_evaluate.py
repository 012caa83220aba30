"""The compiler's evaluator of row expressions. Engines and the reference are held against it in `tests/engines`."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.model.expression import (
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Average,
    Branch,
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
from stillroom.query.evaluate import divide, evaluate, like
from tests import reference

X, Y, NULL = Column(name="x"), Column(name="y"), Constant(value=None)
STRICT: list[Expression] = [
    *(Arithmetic(operation=operation, left=X, right=Y) for operation in ArithmeticOp),
    *(Compare(comparison=comparison, left=X, right=Y) for comparison in Comparison),
    Divide(left=X, right=Y),
]


@pytest.mark.parametrize(
    ("dividend", "divisor", "quotient"),
    [(7, 2, 4), (-7, 2, -4), (7, -2, -4), (-7, -2, 4), (5, 3, 2), (4, 3, 1), (1, 3, 0), (-1, 3, 0), (0, -5, 0), (3, 0, None), (0, 0, None)],
)
def test_division_rounds_half_away_from_zero(dividend: int, divisor: int, quotient: int | None) -> None:
    assert divide(dividend, divisor) == quotient


def test_the_dividend_is_shifted_before_rounding() -> None:
    assert evaluate(Divide(left=X, right=Y, shift=3), {"x": 2, "y": 3}) == 667


@pytest.mark.parametrize("node", STRICT, ids=lambda node: f"{node.op} {getattr(node, 'operation', getattr(node, 'comparison', ''))}")
def test_an_operand_that_is_null_makes_the_result_null(node: Expression) -> None:
    assert [evaluate(node, {"x": x, "y": y}) for x, y in [(None, 1), (1, None), (None, None)]] == [None] * 3
    assert evaluate(node, {"x": 1, "y": 1}) is not None


def test_logic_is_three_valued() -> None:
    """SQL's tables, written out."""
    values = [True, False, None]
    conjunction = [evaluate(All(operands=(X, Y)), {"x": x, "y": y}) for x, y in itertools.product(values, repeat=2)]
    disjunction = [evaluate(Any(operands=(X, Y)), {"x": x, "y": y}) for x, y in itertools.product(values, repeat=2)]
    assert conjunction == [True, False, None, False, False, False, None, False, None]
    assert disjunction == [True, True, True, True, False, None, True, None, None]
    assert [evaluate(Not(operand=X), {"x": x}) for x in values] == [False, True, None]
    assert [evaluate(IsNull(operand=X), {"x": x}) for x in values] == [False, False, True]


def test_a_case_takes_the_first_branch_that_is_true() -> None:
    node = Case(branches=(Branch(when=X, then=Constant(value=1)), Branch(when=Y, then=Constant(value=2))), otherwise=NULL)
    rows = [(True, True), (False, True), (None, True), (None, None), (False, False)]
    assert [evaluate(node, {"x": x, "y": y}) for x, y in rows] == [1, 2, 2, None, None]


def test_membership_is_null_for_null_and_false_in_nothing() -> None:
    listed = (Constant(value="a"), Constant(value="b"))
    assert [evaluate(Among(operand=X, values=listed), {"x": x}) for x in ("a", "c", None)] == [True, False, None]
    assert [evaluate(Among(operand=X, values=()), {"x": x}) for x in ("a", None)] == [False, None]


def test_text_compares_by_code_point() -> None:
    """U+E000 comes before U+1F600 by code point, and after it in UTF-16."""
    node = Compare(comparison=Comparison.LESS, left=X, right=Y)
    pairs = [("\ue000", "\U0001f600"), ("Z", "a"), ("a", "ab"), ("", "\0"), ("a", "a")]
    assert [evaluate(node, {"x": x, "y": y}) for x, y in pairs] == [True, True, True, True, False]


@given(text=st.text("ab%_\\\n", max_size=8), pattern=st.text("ab%_\\\n", max_size=6))
def test_like_is_the_reference_one(text: str, pattern: str) -> None:
    assert like(text, pattern) == reference._matches(text, pattern)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("", "", True),
        ("", "%", True),
        ("", "_", False),
        ("a\nb", "a%b", True),
        ("a%", "a\\%", False),
        ("a\\%", "a\\%", True),
        ("é", "_", True),
    ],
)
def test_like_has_two_wildcards_and_no_escape(text: str, pattern: str, *, expected: bool) -> None:
    assert like(text, pattern) is expected


def test_like_does_not_backtrack() -> None:
    """A matcher that tries every division of the text would need more than 10**20 steps."""
    assert not like("a" * 5000, "%a" * 40 + "%b%")


@pytest.mark.parametrize(
    ("node", "row"),
    [
        (Arithmetic(operation=ArithmeticOp.ADD, left=X, right=Y), {"x": True, "y": 1}),
        (Compare(comparison=Comparison.LESS, left=X, right=Y), {"x": "a", "y": 1}),
        (Like(operand=X, pattern="%"), {"x": 1}),
        (Average(total="x", count="y", low=0, high=1, digits=0), {"x": 1, "y": 1}),
    ],
    ids=["truth in arithmetic", "text with number", "number like", "average"],
)
def test_what_has_no_meaning_is_an_error(node: Expression, row: dict[str, bool | int | str | None]) -> None:
    with pytest.raises(TypeError):
        evaluate(node, row)
