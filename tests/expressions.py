"""Random row expressions over one table, with true bounds: for tests that hold evaluators against each other."""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import strategies as st

from stillroom.admission.timestamps import LAST_TIMESTAMP
from stillroom.model.expression import (
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Branch,
    Call,
    Case,
    Compare,
    Comparison,
    Constant,
    Divide,
    Expression,
    IsNull,
    Like,
    Not,
)
from stillroom.model.function import LARGEST_ROOTED, Function
from stillroom.model.schema import Kind
from tests.plans import column

KINDS = {
    "id": Kind.INTEGER,
    "small": Kind.INTEGER,
    "large": Kind.INTEGER,
    "truth": Kind.BOOLEAN,
    "text": Kind.TEXT,
    "other": Kind.TEXT,
}
LARGE = 2**62
WIDEST = 2**84
"""The largest number that tests measure: a thousand of them are within the limit of totals."""

TEXTS = (
    "",
    "a",
    "A",
    "ab",
    "a%b",
    "a_b",
    "a\\b",
    "'",
    '"',
    "''; --",
    "$s0",
    "é",
    "e\u0301",
    "ß",
    "\ue000",
    "😀",
    "日本",
    "\n",
    "\0",
    "a\0b",
)
NULL = Constant(value=None)

NUMERIC = (
    Function.ABSOLUTE,
    Function.QUOTIENT,
    Function.REMAINDER,
    Function.FLOOR,
    Function.ROOT,
    Function.GREATEST,
    Function.LEAST,
    Function.WITHIN,
)
"""Functions of numbers."""

DATED = (Function.MONTHS, Function.DAY_OF_MONTH, Function.DAY_OF_YEAR, Function.WEEK, Function.ADD_MONTHS)
"""Functions of days."""

TEXT_FUNCTIONS = frozenset(
    {Function.LOWER, Function.UPPER, Function.TRIM_START, Function.TRIM_END, Function.SUBSTRING, Function.RIGHT, Function.REVERSE}
) | {Function.CONCAT, Function.REPLACE, Function.NUMBER_TEXT, Function.DATE_TEXT}
"""Functions that make text."""

SPELLING = frozenset({Function.NUMBER_TEXT, Function.DATE_TEXT})
"""Those that make it of something else."""

MOST_DAYS = 4_000_000
"""More days and months than the calendar has."""

Drawn: TypeAlias = tuple[Expression, int]
"""A number and a bound of its absolute value."""

PATTERNS = (
    "",
    "%",
    "_",
    "%%",
    "a%",
    "%b",
    "%a%",
    "a_b",
    "_%_",
    "a\\b",
    "a\\%",
    "\\%",
    "a%b%",
    "%''%",
    "😀",
    "__",
    "e_",
    "\0",
    "a\0%",
    "%\n",
    "[ab]",
    ".*",
    "%_a%_b%",
)


def number(value: int) -> Constant:
    return Constant(value=value)


def first(drawn: Drawn) -> Expression:
    return drawn[0]


@st.composite
def numbers(draw: st.DrawFn, depth: int = 3) -> Drawn:
    leaves: list[Drawn] = [(column("a.small"), 3), (column("a.large"), LARGE), (NULL, 0)]
    made: list[st.SearchStrategy[Drawn]] = [st.sampled_from(leaves), st.integers(-9, 9).map(lambda value: (number(value), abs(value)))]
    if depth:
        made.append(st.builds(lambda text: (Call(function=Function.LENGTH, operands=(text[0],)), 100), texts(depth - 1)))
        made.append(read_texts(depth - 1))
        made += [calculations(depth - 1), cases(numbers(depth - 1), depth - 1), calls(depth - 1)]
    return draw(st.one_of(made))


@st.composite
def calculations(draw: st.DrawFn, depth: int) -> Drawn:
    (left, one), (right, two) = draw(numbers(depth)), draw(numbers(depth))
    operation = draw(st.sampled_from([*ArithmeticOp, None]))
    if operation is None:
        shift = draw(st.sampled_from([0, 1, 6]))
        made: Drawn = Divide(left=left, right=right, shift=shift, bound=one * 10**shift), one * 10**shift
    else:
        bound = one * two if operation is ArithmeticOp.MULTIPLY else one + two
        made = Arithmetic(operation=operation, left=left, right=right, bound=bound), bound
    return made if made[1] < WIDEST else (left, one)


@st.composite
def calls(draw: st.DrawFn, depth: int) -> Drawn:
    (left, one), (right, two) = draw(numbers(depth)), draw(numbers(depth))
    function = draw(st.sampled_from([*NUMERIC, *DATED]))
    if function in DATED:
        day = Call(function=Function.WITHIN, operands=(left, number(-900_000), number(3_000_000)), bound=one)
        months = (number(draw(st.integers(-5_000, 5_000))),) if function is Function.ADD_MONTHS else ()
        return Call(function=function, operands=(day, *months), bound=MOST_DAYS), MOST_DAYS
    if function is Function.ROOT:
        held = Call(function=Function.WITHIN, operands=(left, number(-9), number(LARGEST_ROOTED)), bound=max(one, LARGEST_ROOTED))
        return Call(function=function, operands=(held,), bound=LARGEST_ROOTED), 2**26
    divisor = draw(st.sampled_from([1, 2, 7, 100, 2**40]))
    operands: dict[Function, tuple[Expression, ...]] = {
        Function.ABSOLUTE: (left,),
        Function.FLOOR: (left, number(divisor)),
        Function.WITHIN: (left, number(-divisor), number(5)),
    }
    bound = max(one, two, divisor)
    return Call(function=function, operands=operands.get(function, (left, right)), bound=bound), bound


@st.composite
def cases(draw: st.DrawFn, results: st.SearchStrategy[Drawn], depth: int) -> Drawn:
    drawn = [draw(results) for _ in range(draw(st.integers(2, 3)))]
    branches = tuple(Branch(when=draw(truths(depth)), then=result) for result, _ in drawn[:-1])
    return Case(branches=branches, otherwise=drawn[-1][0]), max(bound for _, bound in drawn)


@st.composite
def texts(draw: st.DrawFn, depth: int = 1) -> Drawn:
    leaves: list[Expression] = [column("a.text"), column("a.other"), NULL, *(Constant(value=text) for text in TEXTS)]
    plain = st.sampled_from(leaves).map(lambda leaf: (leaf, 0))
    return draw(st.one_of(plain, cases(texts(depth - 1), depth - 1), text_calls(depth - 1)) if depth else plain)


@st.composite
def text_calls(draw: st.DrawFn, depth: int) -> Drawn:
    function, operand = draw(st.sampled_from(sorted(TEXT_FUNCTIONS - SPELLING))), draw(texts(depth))[0]
    further: dict[Function, tuple[Expression, ...]] = {
        Function.SUBSTRING: (number(draw(st.integers(1, 3))), number(draw(st.integers(0, 3)))),
        Function.RIGHT: (number(draw(st.integers(0, 3))),),
        Function.REPLACE: (Constant(value=draw(st.sampled_from(TEXTS))), Constant(value=draw(st.sampled_from(TEXTS)))),
        Function.CONCAT: (draw(texts(depth))[0],),
    }
    return Call(function=function, operands=(operand, *further.get(function, ()))), 0


@st.composite
def read_texts(draw: st.DrawFn, depth: int) -> Drawn:
    """Text as a number, and that as text again, and so on."""
    places = draw(st.integers(0, 3))
    read = draw(texts(depth))[0]
    if draw(st.integers(0, 9)) == 0:
        return Call(function=Function.TEXT_TIMESTAMP, operands=(read,), bound=LAST_TIMESTAMP), LAST_TIMESTAMP
    made = Call(function=Function.TEXT_NUMBER, operands=(read, number(9), number(places)), bound=10**9)
    for _ in range(draw(st.integers(0, 2))):
        text = Call(function=Function.NUMBER_TEXT, operands=(made, number(draw(st.integers(0, 3)))), bound=10**9)
        made = Call(function=Function.TEXT_NUMBER, operands=(text, number(9), number(places)), bound=10**9)
    return made, 10**9


@st.composite
def truths(draw: st.DrawFn, depth: int = 3) -> Expression:
    leaves: list[Expression] = [column("a.truth"), NULL, Constant(value=True), Constant(value=False)]
    if not depth:
        return draw(st.sampled_from(leaves))
    deeper = truths(depth - 1)
    some = st.lists(deeper, min_size=1, max_size=3).map(tuple)
    node: Expression = draw(
        st.one_of(
            st.sampled_from(leaves),
            comparisons(depth - 1),
            memberships(depth - 1),
            st.builds(Like, operand=texts(depth - 1).map(first), pattern=st.sampled_from(PATTERNS)),
            st.builds(IsNull, operand=st.one_of(deeper, numbers(depth - 1).map(first), texts(depth - 1).map(first))),
            st.builds(Not, operand=deeper),
            st.builds(All, operands=some),
            st.builds(Any, operands=some),
            cases(deeper.map(lambda truth: (truth, 0)), depth - 1).map(first),
        )
    )
    return node


@st.composite
def comparisons(draw: st.DrawFn, depth: int) -> Expression:
    operands = draw(st.sampled_from([numbers(depth).map(first), texts(depth).map(first), truths(depth)]))
    return Compare(comparison=draw(st.sampled_from(Comparison)), left=draw(operands), right=draw(operands))


@st.composite
def memberships(draw: st.DrawFn, depth: int) -> Expression:
    if draw(st.booleans()):
        listed = draw(st.lists(st.sampled_from([-3, 0, 1, 2, 2**53 - 1]), max_size=3))
        return Among(operand=draw(numbers(depth))[0], values=tuple(number(value) for value in listed))
    chosen = draw(st.lists(st.sampled_from(TEXTS), max_size=3))
    return Among(operand=draw(texts(depth))[0], values=tuple(Constant(value=text) for text in chosen))


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "small": st.none() | st.integers(-3, 3),
            "large": st.none() | st.sampled_from([LARGE, -LARGE, LARGE - 1, 1 - LARGE, 0, 10**18 + 5]) | st.integers(-LARGE, LARGE),
            "truth": st.none() | st.booleans(),
            "text": st.none() | st.sampled_from(TEXTS) | st.text(max_size=4),
            "other": st.none() | st.sampled_from(TEXTS),
        }
    ),
    max_size=6,
)
