"""Every engine, the evaluator of the compiler, and the reference give every expression the same value on every row."""

from __future__ import annotations

import datetime
import itertools
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillroom.admission.dates import FIRST_DAY, LAST_DAY, day
from stillroom.admission.numbers import units
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

    from stillroom.model.plan import Measure
    from stillroom.model.schema import Scalar
    from stillroom.ports import Engine


def named(row: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return a row under the names of the plan, with NULL where a test does not care."""
    return {f"a.{name}": row.get(name) for name in KINDS}


def values(engine: Engine, expressions: Sequence[Expression], rows: Sequence[Mapping[str, Scalar]]) -> list[list[Scalar]]:
    """Return the value of each expression on each row, as the engine finds it, through measures with one cell for each row.

    A truth value is measured as 2 or 1, a text as its place among all texts, and NULL by a measure of its own.
    """
    made = {reference.evaluate(expression, named(row)) for expression in expressions if kind_of(expression) is Kind.TEXT for row in rows}
    words = sorted({"", *(str(text) for text in made if text is not None)})
    full = [{**dict.fromkeys(KINDS), **row, "id": place, "person": f"p{place % 3}"} for place, row in enumerate(rows)]
    measures = [measure for expression in expressions for measure in coded(expression, words)]
    ids = key(column("a.id"), Kind.INTEGER, *range(max(1, len(rows))))
    asked = plan(facts_of({"a": KINDS}), [part("a", scan("a", *KINDS))], measures, keys=[ids])
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
        case Call(function=Function.LENGTH | Function.POSITION | Function.TEXT_NUMBER | Function.TEXT_DATE):
            return Kind.INTEGER
        case Call():
            return next((kind_of(operand) for operand in node.operands if not always_null(operand)), Kind.INTEGER)
        case _:
            return Kind.BOOLEAN


def always_null(node: Expression) -> bool:
    if isinstance(node, Case):
        return all(always_null(result) for result in (*(branch.then for branch in node.branches), node.otherwise))
    if isinstance(node, Call):
        return all(map(always_null, node.operands))
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
    assert typed(values(engine, expressions, rows)) == typed(expected)
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


def test_functions_of_numbers_at_their_edges(engine: Engine) -> None:
    edges = [0, 1, 2, 3, 5, 7, 10, 2**31, 2**53 + 1, LARGE - 1, LARGE]
    signed = [sign * edge for edge in edges for sign in (1, -1)]
    rows = [{"large": left, "small": right} for left in signed for right in signed] + [{"large": 1}, {"small": 1}, {}]
    pair = (column("a.large"), column("a.small"))
    both = (Function.QUOTIENT, Function.REMAINDER, Function.GREATEST, Function.LEAST)
    calls = [Call(function=function, operands=pair, bound=LARGE) for function in both]
    calls += [Call(function=Function.FLOOR, operands=(pair[0], number(divisor)), bound=LARGE) for divisor in (1, 2, 10, 2**53 - 1)]
    calls += [Call(function=Function.WITHIN, operands=(pair[0], number(-5), number(high)), bound=LARGE) for high in (-5, 7, 2**53 - 1)]
    calls.append(Call(function=Function.ABSOLUTE, operands=pair[:1], bound=LARGE))
    found = agree(engine, calls, rows)
    by_pair = [{(row.get("large"), row.get("small")): value for row, value in zip(rows, line, strict=True)} for line in found]
    some = [(7, 2), (-7, 2), (7, -2), (-7, -2), (7, 0), (None, 1), (1, None), (None, None)]
    assert [by_pair[0][pair] for pair in some] == [3, -3, -3, 3, None, None, None, None]
    assert [by_pair[1][pair] for pair in some] == [1, -1, 1, -1, None, None, None, None]
    assert [by_pair[2][pair] for pair in some] == [7, 2, 7, -2, 7, 1, 1, None]
    assert [by_pair[3][pair] for pair in some] == [2, -7, -2, -7, 0, 1, 1, None]
    assert [by_pair[5][pair] for pair in some[:2]] == [3, -4]
    assert [by_pair[9][(value, 0)] for value in (-7, -5, 7, 10)] == [None, -5, 7, None]


def test_nested_functions_are_written_once_each(engine: Engine) -> None:
    """Were an operand written twice, sixty levels would be a statement without end."""
    nodes: list[Expression] = [column("a.small")] * 4
    for _ in range(60):
        nodes = [
            Call(function=Function.WITHIN, operands=(nodes[0], number(-9), number(9)), bound=9),
            Call(function=Function.FLOOR, operands=(nodes[1], number(2)), bound=9),
            Call(function=Function.GREATEST, operands=(nodes[2], number(-9)), bound=9),
            Call(function=Function.REMAINDER, operands=(nodes[3], number(5)), bound=9),
        ]
    agree(engine, nodes, [{"small": value} for value in (-3, 0, 3, None)])


def test_dates_from_the_first_day_to_the_last(engine: Engine) -> None:
    """Both ends of the calendar, a few years on end with all kinds of leap years, and days all over."""
    years = [(year, year + 2) for year in (1, 4, 100, 1899, 1968, 1999, 2023, 9998)]
    days = {day for first, last in years for day in range(ordinal(first), min(ordinal(last), LAST_DAY + 1))}
    days |= {*range(FIRST_DAY, LAST_DAY, 9_973), LAST_DAY}
    parts = (Function.MONTHS, Function.DAY_OF_MONTH, Function.DAY_OF_YEAR, Function.WEEK)
    nodes: list[Expression] = [Call(function=function, operands=(column("a.large"),), bound=8_000_000) for function in parts]
    nodes += [
        Call(function=Function.ADD_MONTHS, operands=(column("a.large"), number(months)), bound=8_000_000)
        for months in (0, 1, -1, 12, -13, 48, 119_987, -119_987)
    ]
    found = agree(engine, nodes, [{"large": day} for day in sorted(days)] + [{}])
    dates = [datetime.date.fromordinal(day - FIRST_DAY + 1) for day in sorted(days)]
    assert found[0] == [*(date.year * 12 + date.month - 1 for date in dates), None]
    assert found[1] == [*(date.day for date in dates), None]
    assert found[2] == [*(date.timetuple().tm_yday for date in dates), None]
    assert found[3] == [*(date.isocalendar().week for date in dates), None]


def ordinal(year: int) -> int:
    return datetime.date(min(year, 9999), 1, 1).toordinal() + FIRST_DAY - 1 + 366 * (year > 9999)


def test_months_begin(engine: Engine) -> None:
    months = [*range(12, 60), *range(23_000, 25_000), *range(119_900, 120_001)]
    found = agree(
        engine, [Call(function=Function.MONTH_START, operands=(column("a.large"),), bound=8_000_000)], [{"large": m} for m in months]
    )
    assert found[0][0] == FIRST_DAY
    assert found[0][-1] == LAST_DAY + 1


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


def test_functions_of_text_on_all_of_unicode(engine: Engine) -> None:
    """Each code point stands in some text, and is compared inside the engine."""
    points = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    texts = ["".join(points[start : start + 1500]) for start in range(0, len(points), 1500)]
    text, place, size = column("a.text"), number(700), number(5)
    calls = [Call(function=function, operands=(text,)) for function in (Function.LOWER, Function.UPPER, Function.REVERSE)]
    calls += [
        Call(function=Function.SUBSTRING, operands=(text, place, size)),
        Call(function=Function.RIGHT, operands=(text, size)),
        Call(function=Function.REPLACE, operands=(text, Constant(value="a"), Constant(value="é"))),
        Call(function=Function.CONCAT, operands=(text, text, Constant(value="z"))),
    ]
    for call in calls:
        rows = [{"text": one, "other": reference.evaluate(call, {"a.text": one})} for one in texts]
        same = Compare(comparison=Comparison.EQUAL, left=call, right=column("a.other"))
        assert values(engine, [same], rows) == [[True] * len(rows)], call.function
        assert [evaluate(call, {"a.text": row["text"]}) for row in rows] == [row["other"] for row in rows]
    agree(engine, [Call(function=Function.LENGTH, operands=(text,))], [{"text": one} for one in texts])


def test_spaces_are_trimmed_and_nothing_else(engine: Engine) -> None:
    odd = [
        chr(point) for point in range(0x110000) if unicodedata.category(chr(point)) in {"Zs", "Zl", "Zp", "Cc"} or point in {0x200B, 0xFEFF}
    ]
    rows = [{"text": f"{one}x{one} {one}"} for one in odd] + [{"text": text} for text in ("", " ", "  ", "a", " a\t ", None)]
    nodes = [Call(function=function, operands=(column("a.text"),)) for function in (Function.TRIM_START, Function.TRIM_END)]
    nodes.append(Call(function=Function.TRIM_END, operands=(nodes[0],)))
    found = agree(engine, nodes, rows)
    assert found[2][odd.index("\u00a0")] == "x"
    assert found[2][odd.index("\t")] == "\tx\t \t"


def test_places_in_text_are_counted_by_code_points(engine: Engine) -> None:
    """A letter and its accent are two, one beyond the Basic Multilingual Plane is one; the empty text is everywhere."""
    parts = ["", "a", "b", "é", "\u0301", "😀", "\0", "bb", "a\0b"]
    pairs = [{"text": text, "other": part} for text in (*TEXTS, "abb", "bab", "xe\u0301y😀z", "bbb", None) for part in (*parts, None)]
    text, other = column("a.text"), column("a.other")
    nodes: list[Expression] = [
        Call(function=Function.POSITION, operands=(text, other)),
        Call(function=Function.CONCAT, operands=(text, other, text)),
        Call(function=Function.REVERSE, operands=(text,)),
        *(Call(function=Function.REPLACE, operands=(text, Constant(value=part), Constant(value="-b"))) for part in parts),
        *(Call(function=Function.SUBSTRING, operands=(text, number(start), number(size))) for start in (1, 2, 9) for size in (0, 1, 9)),
        *(Call(function=Function.RIGHT, operands=(text, number(size))) for size in (0, 1, 2, 9)),
        *(Call(function=function, operands=(text, other)) for function in (Function.GREATEST, Function.LEAST)),
    ]
    agree(engine, nodes, pairs)


SPELLED = (
    *("", " ", "0", "-0", "+0", "00012", "12", " 12\t", "\u00a012", "1 2", "1_000", "0x1f", "1e3", "1E3", "e", ".", "-", "+-1", "--1", "٣"),
    *(
        ".5",
        "5.",
        "-.5",
        "0.5",
        "1.5",
        "2.5",
        "-2.5",
        "0.49",
        "0.995",
        "9.995",
        "99.995",
        "999.9951",
        "-0.004",
        "-0.005",
        "0.0049999",
        "1.2.3",
    ),
    *(
        "999999999",
        "1000000000",
        "-999999999.4",
        "999999999.5",
        "9" * 30,
        "0" * 500 + "7",
        "0." + "4" * 500,
        "1" * 5_000,
        "Infinity",
        "NaN",
    ),
    *("true", "TRUE", "t", "T", "Yes", "y", "\u017fes", "ye\u017f", "1", "false", "F", "no", "N", "\v f \x1f", "tru", "on", "2", "ﬀ"),
    *("2024-02-29", "2023-02-29", " 2024-02-29 ", "0001-01-01", "0000-12-31", "9999-12-31", "10000-01-01", "2024-1-5", "2024/01/05"),
    *(
        "2024-01-05T10:00:00Z",
        "2024-01-05 10:00",
        "2024-01-05 25:99",
        "2024-01-05T",
        "2024-01-05x",
        "2024-13-01",
        "-2024-01-05",
        "20240105",
    ),
)


def test_text_is_read_as_admission_reads_it(engine: Engine) -> None:
    text, bound = column("a.text"), 10**15
    numbers = [(9, 0), (10, 0), (4, 2), (15, 2), (15, 12), (3, 3), (1, 0)]
    nodes: list[Expression] = [
        Call(function=Function.TEXT_NUMBER, operands=(text, number(digits), number(places)), bound=bound) for digits, places in numbers
    ]
    nodes += [Call(function=function, operands=(text,), bound=8_000_000) for function in (Function.TEXT_DATE, Function.TEXT_TRUTH)]
    found = agree(engine, nodes, [{"text": spelled} for spelled in (*SPELLED, None)])
    for (digits, places), line in zip(numbers, found, strict=False):
        for spelled, value in zip(SPELLED, line, strict=False):
            wanted = units(spelled, places, 1) if "e" not in spelled.lower() and len(spelled) < 400 else value
            assert value == (wanted if isinstance(wanted, int) and abs(wanted) < 10**digits else None), spelled
    assert found[-2][:-1] == [day(spelled) for spelled in SPELLED]


def test_numbers_and_dates_are_spelled_in_full(engine: Engine) -> None:
    large, edges = column("a.large"), [0, 1, -1, 5, -5, 99, 100, -100, 12_345, 10**15, -(10**15), LARGE, -LARGE, None]
    nodes: list[Expression] = [
        Call(function=Function.NUMBER_TEXT, operands=(large, number(digits)), bound=LARGE) for digits in (0, 1, 2, 6, 12)
    ]
    found = agree(engine, nodes, [{"large": edge} for edge in edges])
    assert found[2][:8] == ["0.00", "0.01", "-0.01", "0.05", "-0.05", "0.99", "1.00", "-1.00"]
    days = [FIRST_DAY - 1, FIRST_DAY, -1, 0, 19_782, LAST_DAY, LAST_DAY + 1, None]
    spelled = agree(engine, [Call(function=Function.DATE_TEXT, operands=(large,), bound=8_000_000)], [{"large": one} for one in days])
    assert spelled == [[None, "0001-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31", None, None]]


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
