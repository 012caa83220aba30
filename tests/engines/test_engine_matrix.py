"""Function by function: an engine computes it exactly as the reference does, at its edges too, or lacks it by name, with reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scripts.pages import block
from scripts.refresh_docs import ENGINES, LACKING, engine_reference
from stillroom.admission.timestamps import LAST_TIMESTAMP
from stillroom.errors import Failed
from stillroom.model.expression import Call, Constant, Expression
from stillroom.model.function import LARGEST_ROOTED, Function
from stillroom.model.schema import Kind
from tests import reference
from tests.engines.test_engine_expressions import coded, kind_of, named
from tests.expressions import KINDS, LARGE, TEXTS, number
from tests.fakes import ListTable
from tests.plans import column, facts_of, key, part, plan, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar
    from stillroom.ports import Engine

NUMBERS = (0, 1, -1, 2, -2, 3, 7, -7, 10, 99, -100, 2**31, -(2**31) - 1, 2**53 + 1, LARGE - 1, LARGE, 1 - LARGE, -LARGE, None)
SQUARES = (0, 1, 2, 3, 7, 94_906_265, 2**25 - 1, 2**25, 2**25 + 1, 47_453_132, 2**26 - 1)
ROOTED = (*(square * square + more for square in SQUARES for more in (-1, 0, 1)), LARGEST_ROOTED - 1, LARGEST_ROOTED, -7, -LARGE, None)
"""Numbers on both sides of squares, and others that roots are or are not taken of."""
DAYS = (-719_162, -719_161, -141_428, -1, 0, 1, 59, 10_957, 11_015, 19_782, 19_783, 20_088, 2_932_895, 2_932_896, None)
MONTHS = (12, 13, 23, 24, 23_639, 23_640, 24_290, 119_999, 120_000, None)
SPELLED = (
    *(
        "",
        " ",
        "0",
        "-0",
        "+12",
        " 12.5\t",
        "\u00a012",
        "1e3",
        "0x1",
        "1_0",
        ".5",
        "-.5",
        "5.",
        "0.05",
        "0.049",
        "99.995",
        "-99.995",
        "9" * 40,
    ),
    *("2024-02-29", "2023-02-29", " 0001-01-01\n", "9999-12-31", "0000-01-01", "2024-01-05T10:00:00Z", "2024-1-5", "2024-01-05x", "٣"),
    *("2024-02-29 23:59:59.999999999", "2023-02-29 10:00", "0000-12-31 23:59:59", "0001-01-01", "9999-12-31T23:59:59Z"),
    *("2024-01-05 24:00:00", "2024-01-05 23:59:60", "2024-01-05 10:00+01", "2024-01-05 10:00-00:00", "2024-01-05 10:00:00.Z"),
    *("true", "T", "yes", "Y", "1", "FALSE", "f", "no", "n", "on", "ﬀ", "ye\u017f", "\v t \x1f", None),
)
WORDS = (*TEXTS, " a ", "\u00a0\u3000a\u2003", "\ta\t", "aXbxAx", "zzz", "ǅ", "İ", "Σς", "a" * 300, None)
PARTS = ("", "a", "é", "\u0301", "😀", "zz", "\0", None)

TEXT, OTHER, X, Y = column("a.text"), column("a.other"), column("a.large"), column("a.small")
DAY_BOUND = 8_000_000


def of(function: Function, *operands: Expression, bound: int = LARGE) -> Call:
    return Call(function=function, operands=operands, bound=bound)


def constants(*values: str | int) -> list[Constant]:
    return [Constant(value=value) for value in values]


CALLS: dict[Function, list[Call]] = {
    Function.ABSOLUTE: [of(Function.ABSOLUTE, X)],
    Function.QUOTIENT: [of(Function.QUOTIENT, X, Y), of(Function.QUOTIENT, X, number(-7))],
    Function.REMAINDER: [of(Function.REMAINDER, X, Y), of(Function.REMAINDER, X, number(-7))],
    Function.FLOOR: [of(Function.FLOOR, X, number(divisor)) for divisor in (1, 7, 1000, 2**53 - 1)],
    Function.ROOT: [of(Function.ROOT, X, bound=LARGEST_ROOTED)],
    Function.GREATEST: [of(Function.GREATEST, X, Y), of(Function.GREATEST, TEXT, OTHER), of(Function.GREATEST, X, Y, number(5))],
    Function.LEAST: [of(Function.LEAST, X, Y), of(Function.LEAST, TEXT, OTHER), of(Function.LEAST, X, Y, number(5))],
    Function.WITHIN: [of(Function.WITHIN, X, number(low), number(high)) for low, high in ((-7, 7), (0, 0), (-(2**53) + 1, 2**53 - 1))],
    Function.MONTHS: [of(Function.MONTHS, X, bound=DAY_BOUND)],
    Function.MONTH_START: [of(Function.MONTH_START, X, bound=DAY_BOUND)],
    Function.DAY_OF_MONTH: [of(Function.DAY_OF_MONTH, X, bound=DAY_BOUND)],
    Function.DAY_OF_YEAR: [of(Function.DAY_OF_YEAR, X, bound=DAY_BOUND)],
    Function.WEEK: [of(Function.WEEK, X, bound=DAY_BOUND)],
    Function.ADD_MONTHS: [of(Function.ADD_MONTHS, X, number(months), bound=DAY_BOUND) for months in (0, 1, -1, 12, -13, 1200)],
    Function.LENGTH: [of(Function.LENGTH, TEXT)],
    Function.LOWER: [of(Function.LOWER, TEXT)],
    Function.UPPER: [of(Function.UPPER, TEXT)],
    Function.TRIM_START: [of(Function.TRIM_START, TEXT)],
    Function.TRIM_END: [of(Function.TRIM_END, TEXT)],
    Function.SUBSTRING: [of(Function.SUBSTRING, TEXT, number(start), number(size)) for start, size in ((1, 0), (1, 1), (2, 9), (9, 2**31))],
    Function.RIGHT: [of(Function.RIGHT, TEXT, number(size)) for size in (0, 1, 2, 2**31)],
    Function.REVERSE: [of(Function.REVERSE, TEXT)],
    Function.CONCAT: [of(Function.CONCAT, TEXT, OTHER), of(Function.CONCAT, TEXT, Constant(value="é"), OTHER)],
    Function.REPLACE: [
        of(Function.REPLACE, TEXT, *constants(one, other)) for one, other in (("a", "é"), ("", "x"), ("😀", ""), ("X", "$1\\"))
    ],
    Function.POSITION: [of(Function.POSITION, TEXT, OTHER)],
    Function.NUMBER_TEXT: [of(Function.NUMBER_TEXT, X, number(digits)) for digits in (0, 1, 2, 9)],
    Function.DATE_TEXT: [of(Function.DATE_TEXT, X, bound=DAY_BOUND)],
    Function.TEXT_NUMBER: [of(Function.TEXT_NUMBER, TEXT, number(digits), number(places)) for digits, places in ((9, 0), (4, 2), (15, 6))],
    Function.TEXT_DATE: [of(Function.TEXT_DATE, TEXT, bound=DAY_BOUND)],
    Function.TEXT_TIMESTAMP: [of(Function.TEXT_TIMESTAMP, TEXT, bound=LAST_TIMESTAMP)],
    Function.TEXT_TRUTH: [of(Function.TEXT_TRUTH, TEXT)],
}
"""Each function as plans have it. What varies comes from the rows."""

DATED = {Function.MONTHS, Function.DAY_OF_MONTH, Function.DAY_OF_YEAR, Function.WEEK, Function.ADD_MONTHS, Function.DATE_TEXT}


def rows_for(function: Function) -> list[dict[str, Scalar]]:
    """Return rows that go to a function's edges."""
    if function in DATED:
        return [{"large": day} for day in DAYS]
    if function is Function.ROOT:
        return [{"large": one} for one in ROOTED if one is None or one <= LARGEST_ROOTED]
    if function is Function.MONTH_START:
        return [{"large": month} for month in MONTHS]
    if function in {Function.TEXT_NUMBER, Function.TEXT_DATE, Function.TEXT_TIMESTAMP, Function.TEXT_TRUTH}:
        return [{"text": text} for text in SPELLED]
    pairs: list[dict[str, Scalar]] = [{"large": one, "small": other} for one in NUMBERS for other in NUMBERS]
    words: list[dict[str, Scalar]] = [{"text": text, "other": part} for text in WORDS for part in PARTS]
    return [*pairs, *words] if function in {Function.GREATEST, Function.LEAST} else words if kind(function) is Kind.TEXT else pairs


def kind(function: Function) -> Kind:
    """Return what a function is of."""
    return Kind.TEXT if TEXT in CALLS[function][0].operands else Kind.INTEGER


def asked(function: Function) -> tuple[Plan, dict[str, ListTable], list[list[int]]]:
    """Return a plan with a cell for each row and measures of each call, its table, and what the reference finds."""
    rows, calls = rows_for(function), CALLS[function]
    values = [[reference.evaluate(call, named(row)) for row in rows] for call in calls]
    words = sorted({"", *(value for line in values for value in line if isinstance(value, str))})
    measures = [measure for call in calls for measure in coded(call, words)]
    ids = key(column("a.id"), Kind.INTEGER, *range(len(rows)))
    made = plan(facts_of({"a": KINDS}), [part("a", scan("a", *KINDS))], measures, keys=[ids])
    full = [{**dict.fromkeys(KINDS), **row, "id": place, "person": f"p{place % 3}"} for place, row in enumerate(rows)]
    expected = [column_ for call, line in zip(calls, values, strict=True) for column_ in encoded(call, line, words)]
    return made, {"a": ListTable(full, KINDS)}, expected


def encoded(call: Call, values: Sequence[Scalar], words: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return values as `coded` measures them: as numbers, and whether they are known."""
    codes: Callable[[Any], int] = {Kind.BOOLEAN: lambda value: 1 + value, Kind.TEXT: words.index}.get(kind_of(call), int)
    unknown = {Kind.BOOLEAN: 1, Kind.TEXT: -1}.get(kind_of(call), 0)
    return [unknown if value is None else codes(value) for value in values], [int(value is not None) for value in values]


@pytest.mark.parametrize("function", Function)
def test_a_function_is_exact_or_lacking(engine: Engine, function: Function) -> None:
    """An engine that lacks a function says so of its plan; and if it ran the plan all the same, it would fail or find something else."""
    made, tables, expected = asked(function)
    if engine.lacking(made):
        assert engine.lacking(made) == (function.value,)
        try:
            found = engine.measure_exactly(made, tables)
        except Failed:
            return
        assert list(map(list, found)) != expected
    else:
        assert list(map(list, engine.measure_exactly(made, tables))) == expected


def test_the_page_says_what_engines_lack() -> None:
    page = (ENGINES).read_text(encoding="utf-8")
    assert block(page, "functions") == engine_reference()
    assert all(lacks <= set(Function) for lacks in LACKING.values())
