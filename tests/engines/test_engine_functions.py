"""Every engine, the evaluator of the compiler, and the reference give every function the same value, at its edges and on all of Unicode."""

from __future__ import annotations

import datetime
import unicodedata
from typing import TYPE_CHECKING

from stillroom.admission.dates import FIRST_DAY, LAST_DAY, day
from stillroom.admission.numbers import units
from stillroom.admission.timestamps import FIRST_TIMESTAMP, LAST_TIMESTAMP, timestamp
from stillroom.model.expression import Call, Compare, Comparison, Constant, Expression
from stillroom.model.function import Function
from stillroom.query.evaluate import evaluate
from tests import reference
from tests.engines.test_engine_expressions import agree, values
from tests.expressions import LARGE, TEXTS, number
from tests.plans import column

if TYPE_CHECKING:
    from stillroom.ports import Engine


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


STAMPS = (
    *("", " ", "2024", "2024-01-05", " 2024-01-05\n", "2024-01-05 ", "2024-01-05T", "2024-01-05Z", "2024-01-05+00", "2024-01-05.5"),
    *("2024-01-05 10:00", "2024-01-05T10:00", "2024-01-05t10:00", "2024-01-05  10:00", "2024-01-05\t10:00", "2024-01-05_10:00"),
    *("2024-01-05 10", "2024-01-05 10:", "2024-01-05 10:0", "2024-01-05 1:00", "2024-01-05 10:00:", "2024-01-05 10:00:0", "20240105T1000"),
    *("2024-01-05 10:00:00", "\v2024-01-05 10:00:01\x1f", "\u00a02024-01-05 10:00", "2024-01-05 10:00\u2003", "2024-01-05\u00a010:00"),
    *("2024-01-05 00:00:00", "2024-01-05 23:59:59", "2024-01-05 24:00:00", "2024-01-05 23:60", "2024-01-05 23:59:60", "2024-01-05 99:99"),
    *("2024-01-05 10:00:00.", "2024-01-05 10:00:00.9", "1969-12-31 23:59:59.999999999", "2024-01-05 10:00:00.1234567890"),
    *("2024-01-05 10:00.5", "2024-01-05 10:00:00,5", "2024-01-05 10:00:00.5.5", "2024-01-05 10:00:00.5x", "2024-01-05 10:00:00 x"),
    *("2024-01-05 10:00Z", "2024-01-05T10:00:00.25Z", "2024-01-05 10:00:00z", "2024-01-05 10:00 Z", "2024-01-05 10:00ZZ"),
    *("2024-01-05 10:00+00", "2024-01-05 10:00:00-0000", "2024-01-05 10:00:00.5+00:00", "2024-01-05 10:00+0", "2024-01-05 10:00+00:0"),
    *("2024-01-05 10:00+01", "2024-01-05 10:00:00-05:00", "2024-01-05 10:00:00+00:30", "2024-01-05 10:00:00 UTC", "2024-01-05 10:00 AM"),
    *("2024-02-29 12:00", "2023-02-29 12:00", "2000-02-29T12:00", "1900-02-29T12:00", "2024-02-30 12:00", "2024-13-01 12:00", "2024-00-01"),
    *("2024-01-00 12:00", "2024-04-31 12:00:00", "2024-1-5 12:00", "24-01-05 12:00", "2024/01/05 12:00", "1582-10-10 12:00:00"),
    *(
        "0001-01-01 00:00:00",
        "0000-12-31 23:59:59",
        "0000-01-01",
        "9999-12-31 23:59:59.999999999",
        "10000-01-01 00:00",
        "-2024-01-05 10:00",
    ),
    *("1970-01-01 00:00:00", "1969-12-31T23:59:59", "2024-03-31 02:30:00", "2016-12-31 23:59:60", "+2024-01-05 10:00", "infinity", "epoch"),
    *("\u0662\u0660\u0662\u0664-01-05 10:00", "2024-01-05 1\u0660:00", "2024-01-05 10:00\0", "2024-01-05 10:00\n\n12", "\uff122024-01-05"),
    *(
        " " * 5_000 + "2024-01-05 10:00:00" + "\t" * 5_000,
        "2024-01-05 10:00:00." + "9" * 5_000,
        "2024-01-05 " * 900,
        "noon",
        "today",
        "now",
    ),
)


def test_text_is_read_as_timestamps_where_admission_reads_it_so_and_nobody_reads_it_otherwise(engine: Engine) -> None:
    """Admission moves what has an offset to UTC, and other databases read past it: NULL, unless the offset is zero."""
    node = Call(function=Function.TEXT_TIMESTAMP, operands=(column("a.text"),), bound=LAST_TIMESTAMP)
    found = agree(engine, [node], [{"text": spelled} for spelled in (*STAMPS, None)])[0]
    moved = {"2024-01-05 10:00+01", "2024-01-05 10:00:00-05:00", "2024-01-05 10:00:00+00:30"}
    assert found == [None if spelled in moved else timestamp(spelled) for spelled in STAMPS] + [None]
    known = dict(zip(STAMPS, found, strict=False))
    assert known["1969-12-31 23:59:59.999999999"] == known["1969-12-31T23:59:59"] == -1
    assert (known["0001-01-01 00:00:00"], known["9999-12-31 23:59:59.999999999"]) == (FIRST_TIMESTAMP, LAST_TIMESTAMP)
    assert known["2024-02-29 12:00"] == 1_709_208_000
    assert {known[spelled] for spelled in ("2024-01-05 23:59:60", "2024-01-05 24:00:00", "2023-02-29 12:00", "0000-12-31 23:59:59")} == {
        None
    }


def test_what_is_spelled_as_a_timestamp_is_read_as_it(engine: Engine) -> None:
    """Of each year, each hour of some days, and each second of one: what Python writes is read again."""
    start = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    moments = [start.replace(year=year, month=1 + year % 12, day=1 + year % 28, hour=year % 24) for year in range(1, 10_000, 7)]
    moments += [start.replace(year=2024, month=2, day=29) + datetime.timedelta(seconds=second) for second in range(0, 86_400, 59)]
    node = Call(function=Function.TEXT_TIMESTAMP, operands=(column("a.text"),), bound=LAST_TIMESTAMP)
    found = agree(engine, [node], [{"text": moment.isoformat(sep="T" if moment.day % 2 else " ")} for moment in moments])
    assert found == [[int(moment.timestamp()) for moment in moments]]


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
