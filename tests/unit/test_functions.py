"""What the compiler knows about the values of functions holds for every row, and the verifier finds the same."""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING

import pytest
from sqlglot import exp, parse_one

from stillroom.admission.cells import NUMBER_LIMIT
from stillroom.admission.dates import FIRST_DAY, LAST_DAY
from stillroom.admission.timestamps import FIRST_TIMESTAMP, LAST_TIMESTAMP
from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.spans import value_span
from stillroom.errors import Code, InvalidInput, StillroomError
from stillroom.model.expression import Call, Column
from stillroom.model.function import LARGEST_ROOTED, Function
from stillroom.model.relation import ColumnFact, Scan
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.evaluate import evaluate
from stillroom.query.expressions import row_expression
from stillroom.query.frame import Frame, Source
from stillroom.query.text.tokens import CALLS
from stillroom.query.typed import Typed
from tests import questions, reference

if TYPE_CHECKING:
    from stillroom.model.schema import Scalar

TYPES = {
    "a": ColumnType(kind=Kind.INTEGER, low=-3, high=9),
    "b": ColumnType(kind=Kind.DECIMAL, digits=2, low=-1_050, high=2_500, step=5),
    "c": ColumnType(kind=Kind.INTEGER, low=1, high=4, nullable=False),
    "l": ColumnType(kind=Kind.INTEGER, low=-8, high=30, values=(30, 2, -8)),
    "u": ColumnType(kind=Kind.INTEGER),
    "t": ColumnType(kind=Kind.BOOLEAN),
    "w": ColumnType(kind=Kind.TEXT, values=("icu", "", "Éa b")),
    "n": ColumnType(kind=Kind.TEXT, length=6),
    "first": ColumnType(kind=Kind.DATE, low=FIRST_DAY, high=FIRST_DAY + 400),
    "last": ColumnType(kind=Kind.DATE, low=LAST_DAY - 400, high=LAST_DAY),
    "d": ColumnType(kind=Kind.DATE, low=19_700, high=20_500),
    "e": ColumnType(kind=Kind.DATE),
    "at": ColumnType(kind=Kind.TIMESTAMP, low=1_709_000_000, high=1_709_500_000),
    "once": ColumnType(kind=Kind.TIMESTAMP, low=FIRST_TIMESTAMP, high=FIRST_TIMESTAMP + 100_000),
    "late": ColumnType(kind=Kind.TIMESTAMP, low=LAST_TIMESTAMP - 100_000, high=LAST_TIMESTAMP),
    "s": ColumnType(kind=Kind.TIMESTAMP),
}
WIDEST = {
    Kind.DATE: (FIRST_DAY, LAST_DAY),
    Kind.TIMESTAMP: (FIRST_TIMESTAMP, LAST_TIMESTAMP),
    Kind.INTEGER: (-NUMBER_LIMIT, NUMBER_LIMIT),
    Kind.DECIMAL: (-NUMBER_LIMIT, NUMBER_LIMIT),
}
"""What admission lets pass without bounds."""
FRAME = Frame(
    Scan(dataset="x", name="x", columns=tuple(TYPES)),
    1,
    (Source("x", {name: Typed(Column(name=f"x.{name}"), kind) for name, kind in TYPES.items()}),),
    tuple(ColumnFact(name=f"x.{name}", type=kind) for name, kind in TYPES.items()),
)

EXPRESSIONS = (
    *("COALESCE(a, b)", "COALESCE(a, 7)", "COALESCE(a, c, 9)", "COALESCE(NULL, a)", "NULLIF(a, 3)", "NULLIF(c, b)", "IF(t, a, b)"),
    *("GREATEST(a, b)", "GREATEST(a, 3)", "LEAST(a, 3, c)", "LEAST(b, NULL)", "GREATEST(u, -5)", "LEAST(GREATEST(u, 0), 10)"),
    *("GREATEST(d, last)", "LEAST(e, DATE '2024-01-01')", "GREATEST(l, 3)", "a % 4", "b % 0.35", "a % b", "l % c", "a % 0", "c % 1"),
    *("a // 2", "a // c", "c // a", "a // l", "ABS(a)", "ABS(b - 30)", "ABS(c)", "ABS(l)", "SIGN(b)", "SIGN(u)"),
    *("SQRT(a)", "SQRT(b)", "SQRT(c)", "SQRT(l)", "SQRT(b * b)", "SQRT(c / 7)", "SQRT(LEAST(u, 900))", "SQRT(7)"),
    *("SQRT(b * 100000)", "SQRT(ABS(b))"),
    *("LN(a)", "LN(l)", "LN(ROUND(b))", "LOG(c)", "LOG2(l)", "LOG(2, a)", "EXP(a)", "EXP(-c)", "EXP(l)", "CBRT(a)", "CBRT(l - 3)"),
    *("POWER(b, 2)", "POWER(a, 3)", "POWER(a, 5)", "POWER(l, 0.5)", "POWER(a, -1)", "POWER(2, a)", "POWER(0, a)", "POW(-2, a)"),
    *("POWER(a, 0)", "LN(5) * a", "LN(ABS(a) + 1)"),
    *("FLOOR(b)", "CEIL(b)", "FLOOR(a)", "CEILING(b / 7)", "ROUND(b)", "ROUND(b, 1)", "ROUND(b, 5)", "ROUND(b, -1)", "ROUND(l, -1)"),
    *("TRUNC(b)", "TRUNC(b, 1)", "TRUNC(a, -1)", "ROUND(a / 3, 2)", "WIDTH_BUCKET(b, -5, 20.5, 7)", "WIDTH_BUCKET(u, 0, 10, 3)"),
    *("WIDTH_BUCKET(c, 2, 3, 50)", "YEAR(d)", "YEAR(first)", "YEAR(last)", "YEAR(e)", "QUARTER(d)", "MONTH(e)", "DAY(d)", "WEEK(last)"),
    *("DOY(first)", "ISODOW(first)", "DOW(last)", "ISODOW(e)", "DATE_TRUNC('year', e)", "DATE_TRUNC('quarter', first)"),
    *("DATE_TRUNC('month', d)", "DATE_TRUNC('week', first)", "DATE_TRUNC('week', d)", "DATE_TRUNC('day', d)", "last + 1", "first - 1"),
    *("d + a", "e - a", "last - d", "d - e", "last + INTERVAL 1 MONTH", "first - INTERVAL 3 WEEK", "e + INTERVAL 50000 MONTH"),
    *("DATE_DIFF('day', first, last)", "DATE_DIFF('week', last, e)", "DATE_DIFF('month', d, e)", "DATE_DIFF('quarter', e, d)"),
    *("DATE_DIFF('year', first, e)", "LAST_DAY(last)", "LAST_DAY(d)", "MONTH(last + 40)", "YEAR(first - INTERVAL 1 DAY)", "e - 400000"),
    *("EXTRACT(HOUR FROM at)", "MINUTE(s)", "SECOND(once)", "HOUR(late)", "EPOCH(s)", "EPOCH(d)", "YEAR(at)", "DOW(s)"),
    *("LAST_DAY(late)",),
    *(
        "DATE_TRUNC('hour', at)",
        "DATE_TRUNC('minute', late)",
        "DATE_TRUNC('second', s)",
        "DATE_TRUNC('day', once)",
        "DATE_TRUNC('week', s)",
    ),
    *("DATE_TRUNC('month', at)", "DATE_TRUNC('year', late)", "at + INTERVAL 90 MINUTE", "late + INTERVAL 1 SECOND", "s - INTERVAL 2 DAY"),
    *("once - INTERVAL 1 WEEK", "at + INTERVAL 1 MONTH", "late + INTERVAL 1 MONTH", "d + INTERVAL 5 HOUR", "e - INTERVAL 400000 HOUR"),
    *("DATE_DIFF('hour', once, late)", "DATE_DIFF('minute', d, at)", "DATE_DIFF('second', at, s)", "DATE_DIFF('day', s, at)"),
    *(
        "DATE_DIFF('week', at, d)",
        "DATE_DIFF('month', s, at)",
        "DATE_DIFF('hour', TIMESTAMP '2024-02-29 12:00:00', at)",
        "at::DATE",
        "s::DATE",
    ),
    *("d::TIMESTAMP", "e::TIMESTAMP", "at::TEXT", "s::TEXT", "LENGTH(once::TEXT)", "GREATEST(at, d)", "LEAST(s, '2024-02-29 08:15:00')"),
    *("COALESCE(at, d)", "COALESCE(at, TIMESTAMP '2024-01-01')", "NULLIF(at, d)", "IF(t, at, once)", "at::TIMESTAMP", "EPOCH(at) % 3600"),
    *("LENGTH(n)", "LENGTH(w)", "UPPER(w)", "LOWER(n)", "TRIM(n)", "LTRIM(w)", "RTRIM(n)", "SUBSTRING(n, 2)", "SUBSTRING(n, 2, 3)"),
    *(
        "SUBSTRING(n, 9)",
        "LEFT(n, 2)",
        "LEFT(w, 99)",
        "RIGHT(n, 2)",
        "RIGHT(w, 2)",
        "n || w",
        "CONCAT(n, w, '!')",
        "REVERSE(n)",
        "REVERSE(w)",
    ),
    *("REPLACE(n, 'a', 'xyz')", "REPLACE(w, '', 'xyz')", "REPLACE(n, 'ab', '')", "POSITION('a' IN n)", "STRPOS(w, n)", "INSTR(n, '')"),
    *(
        "STARTS_WITH(n, 'a')",
        "ENDS_WITH(n, w)",
        "SUFFIX(w, 'b')",
        "CONTAINS(w, n)",
        "n ILIKE 'A%'",
        "GREATEST(n, 'abcdefgh')",
        "LEAST(n, w)",
    ),
    *("COALESCE(n, w, 'x')", "LENGTH(GREATEST(n, 'abcdefgh'))", "LENGTH(COALESCE(n, 'abcdefgh'))", "LENGTH(n || w || n)"),
    *(
        "LENGTH(REPLACE(n, 'a', 'xyz'))",
        "LENGTH(RIGHT(n, 2))",
        "LENGTH(SUBSTRING(n, 4, 9))",
        "LENGTH(NULLIF(n, 'a'))",
        "LENGTH(IF(t, n, w))",
    ),
    *("a::TEXT", "b::TEXT", "CAST(l AS TEXT)", "d::TEXT", "e::TEXT", "t::TEXT", "LENGTH(a::TEXT)", "LENGTH(b::TEXT)", "LENGTH(d::TEXT)"),
    *("LENGTH(CAST(c / 3 AS TEXT))", "LENGTH(CAST(b * b AS TEXT))", "b::INTEGER", "u::INTEGER", "t::INTEGER", "n::INTEGER", "w::INTEGER"),
    *("b::DECIMAL(4, 1)", "b::DECIMAL(2)", "a::DECIMAL(5, 4)", "u::DECIMAL(9)", "n::DECIMAL(9, 3)", "a::BOOLEAN", "b::BOOLEAN"),
    *("n::TIMESTAMP", "HOUR(n::TIMESTAMP)", "CAST(s::TEXT AS TIMESTAMP)", "CAST(d::TEXT || ' 08:15' AS TIMESTAMP)", "w::TIMESTAMP"),
    *(
        "(at::TEXT || w)::TIMESTAMP",
        "LEFT(s::TEXT || '.5+02', 19)::TIMESTAMP::DATE",
        "n::BOOLEAN",
        "n::DATE",
        "YEAR(n::DATE)",
        "d::DATE",
        "LEAST(GREATEST(n::INTEGER, 0), 10)",
        "n::INTEGER % 7",
        "a::DECIMAL(1)",
    ),
)


def compiled(sql: str) -> Typed:
    """Compile an expression over the columns above."""
    node = parse_one(f"SELECT {sql}", dialect="duckdb").expressions[0]
    assert isinstance(node, exp.Expr)
    return row_expression(node, FRAME)


def value(draw: random.Random, kind: ColumnType) -> Scalar:
    """Return a value that admission lets pass, often one at an end."""
    if kind.nullable and draw.random() < 0.1:
        return None
    if kind.kind is Kind.BOOLEAN:
        return draw.random() < 0.5
    if kind.values is not None:
        return draw.choice(kind.values)
    if kind.length is not None:
        return "".join(draw.choice("aAbé \u030112.-") for _ in range(draw.randrange(kind.length + 1)))
    widest = WIDEST[kind.kind]
    low, high = widest[0] if kind.low is None else kind.low, widest[1] if kind.high is None else kind.high
    return draw.choice([low, high, draw.randrange(low, high + 1, kind.step), min(max(draw.randrange(-20, 20_000) * kind.step, low), high)])


def known(kind: ColumnType, found: Scalar) -> bool:
    """Tell whether a value is one that a type lets pass."""
    if found is None:
        return kind.nullable
    if isinstance(found, str) and (kind.longest is None or len(found) > kind.longest):
        return False
    if isinstance(found, bool | str):
        return kind.values is None or found in kind.values
    within = (kind.low is None or kind.low <= found) and (kind.high is None or found <= kind.high)
    return within and found % kind.step == 0 and (kind.values is None or found in kind.values)


@pytest.mark.parametrize("sql", EXPRESSIONS)
def test_every_value_is_one_that_the_compiler_knows_of(sql: str) -> None:
    typed, draw = compiled(sql), random.Random(20261126)
    for _ in range(400):
        row = {f"x.{name}": value(draw, kind) for name, kind in TYPES.items()}
        found = evaluate(typed.expression, row)
        assert found == reference.evaluate(typed.expression, row)
        assert known(typed.type, found), (row, found, typed.type)


@pytest.mark.parametrize("sql", EXPRESSIONS)
def test_the_verifier_finds_the_same_range(sql: str) -> None:
    """As wide as it must be, since every value above lies in it, and no wider than the plan says."""
    typed = compiled(sql)
    if typed.type.kind in {Kind.TEXT, Kind.BOOLEAN}:
        return
    ranges = {
        f"x.{name}": (WIDEST[kind.kind][0] if kind.low is None else kind.low, WIDEST[kind.kind][1] if kind.high is None else kind.high)
        for name, kind in TYPES.items()
        if kind.kind in WIDEST
    }
    ranges |= {f"x.{name}": (0, kind.longest or 0) for name, kind in TYPES.items() if kind.kind is Kind.TEXT}
    assert value_span(typed.expression, ranges) in {(typed.type.low, typed.type.high), None}


def test_days_outside_the_calendar_are_null() -> None:
    """9999-12-31 and 0001-01-01 are the last and the first."""
    ends = {"x.first": FIRST_DAY, "x.last": LAST_DAY, "x.e": None}
    wanted = {
        "last + 0": LAST_DAY,
        "last + 1": None,
        "first - 1": None,
        "first - 0": FIRST_DAY,
        "last + INTERVAL 1 DAY": None,
        "last - INTERVAL 9998 YEAR": FIRST_DAY + 364,
        "last - INTERVAL 9999 YEAR": None,
        "first + INTERVAL 9998 YEAR": LAST_DAY - 364,
        "first + INTERVAL 119988 MONTH": None,
        "LAST_DAY(last)": LAST_DAY,
        "DATE_TRUNC('week', first)": FIRST_DAY,
        "YEAR(first)": 1,
        "YEAR(last)": 9999,
        "last - first": LAST_DAY - FIRST_DAY,
    }
    assert {sql: evaluate(compiled(sql).expression, ends) for sql in wanted} == wanted


def test_seconds_outside_the_calendar_are_null() -> None:
    """9999-12-31 23:59:59 and 0001-01-01 00:00:00 are the last and the first; what is before 1970 is cut down, too."""
    ends = {"x.once": FIRST_TIMESTAMP, "x.late": LAST_TIMESTAMP, "x.s": -1, "x.e": None}
    wanted = {
        "late + INTERVAL 1 SECOND": None,
        "once - INTERVAL 1 SECOND": None,
        "late - INTERVAL 9998 YEAR": FIRST_TIMESTAMP + 365 * 86_400 - 1,
        "late + INTERVAL 1 MONTH": None,
        "once::DATE": FIRST_DAY,
        "late::DATE": LAST_DAY,
        "once::TEXT": "0001-01-01 00:00:00",
        "late::TEXT": "9999-12-31 23:59:59",
        "s::TEXT": "1969-12-31 23:59:59",
        "HOUR(s) * 10000 + MINUTE(s) * 100 + SECOND(s)": 235_959,
        "DATE_TRUNC('hour', s)": -3_600,
        "DATE_TRUNC('day', s)": -86_400,
        "DATE_DIFF('hour', s, TIMESTAMP '1970-01-01')": 1,
        "EPOCH(s)": -1,
        "CAST(once::TEXT AS TIMESTAMP)": FIRST_TIMESTAMP,
        "CAST(late::TEXT || '.9Z' AS TIMESTAMP)": LAST_TIMESTAMP,
        "CAST(s::TEXT || '+01' AS TIMESTAMP)": None,
        "LEFT(s::TEXT || '+01', 19)::TIMESTAMP": -1,
        "TRY_CAST('9999-12-31 24:00' AS TIMESTAMP)": None,
        "TRY_CAST('1969-12-31T23:59:59.5' AS TIMESTAMP)": -1,
    }
    assert {sql: evaluate(compiled(sql).expression, ends) for sql in wanted} == wanted


def test_null_of_a_type_goes_wherever_that_type_does() -> None:
    for sql in (
        *("CAST(NULL AS TIMESTAMP)", "NULL::DATE", "CAST(NULL AS TEXT)", "NULL::INTEGER", "NULL::DECIMAL(5, 2)", "NULL::DECIMAL(5)"),
        *("NULL::BOOLEAN", "COALESCE(at, NULL::TIMESTAMP)", "IF(t, NULL::DATE, d)", "HOUR(NULL::TIMESTAMP)", "NULL::INTEGER + a"),
        *("n || NULL::TEXT", "IF(t, b, NULL::DECIMAL(9, 4))", "NULL::BOOLEAN AND t"),
    ):
        assert compiled(sql).type.nullable, sql


def test_hours_of_years_are_listed() -> None:
    """As many as a domain may have: hours of eleven years, not of twelve."""
    for years, listed in ((11, True), (12, False)):
        kind = ColumnType(kind=Kind.TIMESTAMP, low=0, high=years * 366 * 86_400, nullable=False)
        source = Source("x", {"x": Typed(Column(name="x.x"), kind)})
        frame = Frame(Scan(dataset="x", name="x", columns=("x",)), 1, (source,), (ColumnFact(name="x.x", type=kind),))
        node = parse_one("SELECT DATE_TRUNC('hour', x)", dialect="duckdb").expressions[0]
        assert isinstance(node, exp.Expr)
        assert (row_expression(node, frame).type.values is not None) == listed


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("at - once", "TYPE_MISMATCH"),
        ("at + 1", "TYPE_MISMATCH"),
        ("2 * at", "TYPE_MISMATCH"),
        ("at = a", "TYPE_MISMATCH"),
        ("at < n", "TYPE_MISMATCH"),
        ("IF(t, at, d)", "TYPE_MISMATCH"),
        ("at::INTEGER", "TYPE_MISMATCH"),
        ("at::DECIMAL(9)", "TYPE_MISMATCH"),
        ("at::BOOLEAN", "TYPE_MISMATCH"),
        ("at > n::DATE || ' 08:00'", "TYPE_MISMATCH"),
        ("CAST('2024-02-29 08:00:00.5' AS TIMESTAMP)", "SQL_INVALID"),
        ("a::TIMESTAMP", "TYPE_MISMATCH"),
        ("HOUR(d)", "EXPRESSION_NOT_ALLOWED"),
        ("DATE_TRUNC('hour', d)", "EXPRESSION_NOT_ALLOWED"),
        ("EXTRACT(MILLISECOND FROM at)", "EXPRESSION_NOT_ALLOWED"),
        ("DATE_DIFF('hour', d, e)", "EXPRESSION_NOT_ALLOWED"),
        ("at > '2024-02-30 08:00:00'", "SQL_INVALID"),
        ("at > TIMESTAMP '2024-02-29 08:00:00.5'", "SQL_INVALID"),
        ("at > TIMESTAMP '2024-02-29 08:00:00+01:00'", "SQL_INVALID"),
        ("at > 'noon'", "SQL_INVALID"),
        ("at > '20240229T081500'", "SQL_INVALID"),
        ("at > '2024-02-29x08:15'", "SQL_INVALID"),
        ("at > '2024-W09-4'", "SQL_INVALID"),
        ("at > '2024-02-29 08'", "SQL_INVALID"),
        ("d > '2024-W09-4'", "SQL_INVALID"),
        ("d > '20240229'", "SQL_INVALID"),
    ],
)
def test_what_timestamps_do_not_go_together_with_is_refused(sql: str, code: str) -> None:
    with pytest.raises(StillroomError) as refused:
        compiled(sql)
    assert refused.value.code == code


def test_without_bounds_a_number_can_be_cut_off_but_not_summed() -> None:
    assert compiled("LEAST(GREATEST(u, 0), 10)").type.high == 10
    assert compiled("WIDTH_BUCKET(u, 0, 10, 3)").type.high == 4
    for sql in ("u % 7", "u // 2", "ABS(u)", "FLOOR(u)", "GREATEST(u, 0.5)"):
        with pytest.raises(StillroomError) as refused:
            compiled(sql)
        assert refused.value.code == "BOUND_MISSING"


def test_text_stays_short() -> None:
    """What could become too long is refused, however short the question."""
    for sql in ("REPLACE(n, 'a', '" + "x" * 5_000 + "')", " || ".join(["n"] * 990 + ["'" + "x" * 5_000 + "'"])):
        with pytest.raises(StillroomError) as refused:
            compiled(sql)
        assert refused.value.code == "SQL_TOO_LARGE"
    assert compiled("LEFT(n || 'abcdef', 4)").type.longest == 4


def test_buckets_are_those_of_other_databases() -> None:
    """`width_bucket` of PostgreSQL, on both sides of each boundary."""
    typed = compiled("WIDTH_BUCKET(a, 0, 8, 4)")
    found = {a: evaluate(typed.expression, {"x.a": a}) for a in (None, *range(-3, 10))}
    assert found == {None: None, -3: 0, -2: 0, -1: 0, 0: 1, 1: 1, 2: 2, 3: 2, 4: 3, 5: 3, 6: 4, 7: 4, 8: 5, 9: 5}
    assert typed.type.values is None
    assert (typed.type.low, typed.type.high) == (0, 5)


OPERANDS = (
    *("", "cost", "ward, 1", "day, day", "cost, 1, 2", ", 0, 10, 4", "cost,", "*", "NULL, NULL", "DISTINCT cost", "ward, ward, ward"),
    *(
        "month FROM day",
        "'day', day, day",
        "cost AS INTEGER",
        "AS TEXT",
        "ward IN ward",
        "LEADING FROM ward",
        "ward, -1",
        "pid",
        "(SELECT 1)",
    ),
    *("day, INTERVAL 1 DAY", "INTERVAL 1 DAY", "cost FOR 2", "cost ORDER BY cost", "cost > 1, 1", "1, 2, 3, 4, 5"),
)
PLACES = ("COUNT(*) FROM visits WHERE {call} = 1", "ROUND({call}) FROM visits HAVING {call} > 1")


@pytest.mark.parametrize("name", CALLS.split())
def test_calls_with_any_operands_are_compiled_or_refused(name: str) -> None:
    for place, operands in product(PLACES, OPERANDS):
        with suppress(StillroomError):
            questions.compiled("SELECT " + place.format(call=f"{name}({operands})"))


def test_the_verifier_takes_no_root_of_a_number_that_engines_take_none_of() -> None:
    asked = Call(function=Function.ROOT, operands=(Column(name="x"),), bound=LARGEST_ROOTED)
    assert value_span(asked, {"x": (-9, LARGEST_ROOTED)}) == (0, 2**26 - 1)
    with pytest.raises(Broken, match="root"):
        value_span(asked, {"x": (0, LARGEST_ROOTED + 1)})


def test_the_root_of_what_is_too_large_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        compiled("SQRT(a * 1000000000000000 * 1000000000000)")
    assert refused.value.code is Code.NUMBER_TOO_LARGE


def test_many_decimal_places_are_not_said_to_be_a_large_number() -> None:
    with pytest.raises(InvalidInput, match="more than 12 decimal places") as refused:
        compiled("a > 0.30000000000000004")
    assert refused.value.code is Code.NUMBER_TOO_LARGE
