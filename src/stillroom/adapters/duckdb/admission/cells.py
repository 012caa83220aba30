"""The rules of `stillroom.admission` for cells and identifiers, as DuckDB expressions that cannot fail.

Common spellings are read by DuckDB. What is not certain to come out as the rule says (text beyond ASCII, doubles close to a half,
exponents) goes to the rule itself, as a function of DuckDB's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillroom.adapters.sources.rows import invalid
from stillroom.admission.cells import FALSE, TRUE, Mark, limits, replacement
from stillroom.admission.dates import DATE_PATTERN, FIRST_DAY, LAST_DAY
from stillroom.admission.identifiers import IDENTIFIER_LIMIT, canonical
from stillroom.admission.numbers import WHITE_SPACE, units
from stillroom.admission.timestamps import COMMON_TIMESTAMP, FIRST_TIMESTAMP, LAST_TIMESTAMP, timestamp
from stillroom.model.contract import CanonicalRule
from stillroom.model.schema import Kind, column_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

    from stillroom.model.contract import Person
    from stillroom.model.schema import Column, ColumnType

_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
_DOUBLE = frozenset({"FLOAT", "DOUBLE"})
_TIME = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"})
_READABLE = {
    Kind.TEXT: _WHOLE | {"VARCHAR"},
    Kind.BOOLEAN: _WHOLE | {"VARCHAR", "BOOLEAN"},
    Kind.INTEGER: _WHOLE | _DOUBLE | {"VARCHAR", "DECIMAL"},
    Kind.DECIMAL: _WHOLE | _DOUBLE | {"VARCHAR", "DECIMAL"},
    Kind.DATE: _TIME | {"VARCHAR"},
    Kind.TIMESTAMP: _TIME | {"VARCHAR"},
}

_PLACES = 6
"""Decimal places that the common spellings of numbers may have."""

_CERTAIN = 10**12
"""Common spellings of numbers are below this, and so are a step and the quotient by it: all products fit 64 bits."""

_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Cell:
    """How a column's cells are admitted, in three steps.

    Attributes:
        given: What the file holds, or NULL where it holds nothing; over the file's columns.
        read: What that is read as, or NULL; over the column `g…`.
        value: What the cell becomes; over the columns `g…` and `u…`.
        mark: What happened to it, as a `Mark`; over the same.
    """

    given: str
    read: str
    value: str
    mark: str


def check_type(name: str, column: Column, found: str) -> None:
    """Refuse a typed column that cannot hold what the contract declares.

    Raises:
        InvalidInput: `DATA_INVALID`.
    """
    kind = found.partition("(")[0]
    if kind not in _READABLE[column.type]:
        raise invalid(
            f"The column `{name}` has the type {kind} in the source, and the contract says {column.type}.",
            "Write the column as that type, or as text.",
        )


def cell(connection: DuckDBPyConnection, column: Column, index: int, expression: str, found: str) -> Cell:
    """Return how the cells of one column are admitted; makes the types and functions that this needs.

    Args:
        connection: Where to make them.
        column: As the contract declares it.
        index: Its number, which names it in statements.
        expression: What reads it from the file.
        found: DuckDB's name of the type in the file.
    """
    type_ = column_type(column)
    given = f"nullif({expression}, '')" if found == "VARCHAR" else f"{expression}::DOUBLE" if found in _DOUBLE else expression
    read = _read(connection, column, type_, index, found)
    if type_.values is not None:
        read = _listed(connection, type_, index, read)
    other = replacement(column)
    value, outside = f"u{index}" if other is None else f"coalesce(u{index}, {_literal(other)})", "false"
    if type_.kind is Kind.TEXT and type_.values is not None:
        value = f"({value})::listed_{index}"
    if type_.kind not in {Kind.TEXT, Kind.BOOLEAN}:
        low, high = limits(type_)
        value = f"CASE WHEN {value} < {low} THEN {low} WHEN {value} > {high} THEN {high} ELSE {value} END::{_narrowest(low, high)}"
        outside = f"u{index} < {low} OR u{index} > {high}"
    mark = f"CASE WHEN g{index} IS NULL THEN 0 WHEN u{index} IS NULL THEN {Mark.UNUSABLE:d} WHEN {outside} THEN {Mark.CLAMPED:d} ELSE 0 END"
    return Cell(given, read, value, mark)


def _narrowest(low: int, high: int) -> str:
    """Return the narrowest type that holds the numbers between two: rows sort several times faster on few bytes."""
    for name, bits in (("TINYINT", 7), ("SMALLINT", 15), ("INTEGER", 31)):
        if low >= -(2**bits) and high < 2**bits:
            return name
    return "BIGINT"


def person_text(name: str, expression: str, found: str) -> str:
    """Return the expression that reads identifiers, as text.

    Raises:
        InvalidInput: `DATA_INVALID` where they are neither text nor whole numbers.
    """
    if found not in _READABLE[Kind.TEXT]:
        raise invalid(f"The column `{name}` names persons, and holds neither text nor whole numbers.", "Write it as text.")
    return expression if found == "VARCHAR" else f"{expression}::VARCHAR"


def define_identifier(connection: DuckDBPyConnection, person: Person) -> None:
    """Make the macro `canonical_of`, which returns the canonical spelling of an identifier, or NULL where it names nobody."""

    def rule(text: str) -> str | None:
        return canonical(text, person)

    _define(connection, "canonical_by_rule", rule, "VARCHAR", "VARCHAR")
    certain, common = _common_identifier(frozenset(person.canonical), "raw")
    nobody = ", ".join(_literal(text) for text in ("", *person.placeholders))
    connection.execute(
        "CREATE MACRO canonical_of(raw) AS CASE WHEN raw IS NULL THEN NULL "
        f"WHEN {certain} THEN CASE WHEN {common} NOT IN ({nobody}) THEN {common} END ELSE canonical_by_rule(raw) END",
    )


def _define(connection: DuckDBPyConnection, name: str, rule: Callable[[Any], int | str | None], takes: str, gives: str) -> None:
    """Make a rule a function of DuckDB's; it gets NULL never, and may return it."""
    from duckdb.func import FunctionNullHandling

    connection.create_function(name, rule, [takes], gives, null_handling=FunctionNullHandling.SPECIAL)


def _common_identifier(rules: frozenset[CanonicalRule], expression: str) -> tuple[str, str]:
    """Return when DuckDB is certain to apply the rules rightly, and how: printable ASCII without spaces at its ends.

    On such text NFKC and trimming do nothing, and the other rules come to the same in any order.
    """
    certain = f"strlen({expression}) <= {IDENTIFIER_LIMIT} AND regexp_full_match({expression}, '[!-~](?:[ -~]*[!-~])?')"
    text = expression
    if CanonicalRule.ALPHANUMERIC in rules:
        text = f"regexp_replace({text}, '[^0-9A-Za-z]', '', 'g')"
    if CanonicalRule.STRIP_ZEROS in rules:
        leading = " 0" if CanonicalRule.TRIM in rules else "0"
        text = f"regexp_replace({text}, '^[{leading}]+', '')"
    return certain, f"lower({text})" if CanonicalRule.CASEFOLD in rules else text


def _read(connection: DuckDBPyConnection, column: Column, type_: ColumnType, index: int, found: str) -> str:
    given = f"g{index}"
    trimmed = f"trim({given}, {_literal(WHITE_SPACE)})"
    moment = _whole_second(given) if found == "TIMESTAMP_NS" else given
    match column.type:
        case Kind.TEXT:
            text = f"{given}::VARCHAR"
            return text if column.max_length is None else f"CASE WHEN length({text}) <= {column.max_length} THEN {text} END"
        case Kind.BOOLEAN:
            return given if found == "BOOLEAN" else _truth(trimmed if found == "VARCHAR" else f"{given}::VARCHAR")
        case Kind.DATE:
            written = f"CASE WHEN regexp_full_match({trimmed}, '{DATE_PATTERN}') THEN {trimmed}[1:10] END"
            return _day(written if found == "VARCHAR" else moment)
        case Kind.TIMESTAMP:
            return _timestamp(connection, index, trimmed) if found == "VARCHAR" else _seconds(moment)
        case Kind.INTEGER | Kind.DECIMAL:
            return _units(connection, type_, index, found)


def _truth(text: str) -> str:
    spelling = f"translate({text}, '{_UPPER}', '{_LOWER}')"
    true, false = (", ".join(_literal(text) for text in spellings) for spellings in (TRUE, FALSE))
    return f"CASE WHEN {spelling} IN ({true}) THEN true WHEN {spelling} IN ({false}) THEN false END"


def _day(moment: str) -> str:
    date = f"try_cast({moment} AS DATE)"
    days = f"({date} - DATE '1970-01-01')"
    return f"CASE WHEN isfinite({date}) THEN CASE WHEN {days} BETWEEN {FIRST_DAY} AND {LAST_DAY} THEN {days} END END"


def _whole_second(moment: str) -> str:
    """Return a timestamp of nanoseconds without the parts of its second, which a cast to fewer places would round."""
    whole = f"make_timestamp({_floored(f'epoch_ns({moment})', 10**9)} * 1000000)"
    return f"CASE WHEN isfinite(try_cast({moment} AS TIMESTAMP)) THEN {whole} END"


def _floored(number: str, unit: int) -> str:
    """Return how many whole units a number holds, rounded down; what divides evenly is divided, since `//` rounds towards zero."""
    return f"(({number} - (({number} % {unit}) + {unit}) % {unit}) // {unit})"


def _timestamp(connection: DuckDBPyConnection, index: int, trimmed: str) -> str:
    """Return written text as seconds: by DuckDB where it has no offset from UTC, else by the rule."""
    _define(connection, f"timestamp_{index}", timestamp, "VARCHAR", "BIGINT")
    common = _seconds(f"rtrim({trimmed}, 'Z')")
    certain = f"regexp_full_match({trimmed}, '{COMMON_TIMESTAMP}')"
    return f"CASE WHEN {trimmed} IS NULL THEN NULL WHEN {certain} THEN {common} ELSE timestamp_{index}({trimmed}) END"


def _seconds(timestamp: str) -> str:
    """Return a timestamp as whole seconds, parts of one cut off; one with a time zone counts as it is in UTC."""
    time = f"try_cast({timestamp} AS TIMESTAMP)"
    seconds = _floored(f"epoch_us({time})", 10**6)
    known = f"CASE WHEN {seconds} BETWEEN {FIRST_TIMESTAMP} AND {LAST_TIMESTAMP} THEN {seconds} END"
    return f"CASE WHEN isfinite({time}) THEN {known} END"


def _units(connection: DuckDBPyConnection, type_: ColumnType, index: int, found: str) -> str:
    """Return a number as whole units: by DuckDB where that is certain to be exact, else by the rule."""

    def rule(value: str | float) -> int | None:
        return units(value, type_.digits, type_.step)

    given = f"g{index}"
    parameter = "DOUBLE" if found in _DOUBLE else "VARCHAR"
    _define(connection, f"units_{index}", rule, parameter, "BIGINT")
    certain, common = _common_units(type_, given, found)
    unusable = f"{given} IS NULL OR NOT isfinite({given})" if found in _DOUBLE else f"{given} IS NULL"
    return f"CASE WHEN {unusable} THEN NULL WHEN {certain} THEN {common} ELSE units_{index}({given}::{parameter}) END"


def _common_units(type_: ColumnType, given: str, found: str) -> tuple[str, str]:
    """Return when a number is certain to be read exactly by DuckDB, and how it is then read."""
    if type_.digits > _PLACES or type_.step >= _CERTAIN // 10**_PLACES:
        return "false", "NULL::BIGINT"
    if found in _DOUBLE:
        return _common_double(type_, given)
    if found == "VARCHAR":
        certain = f"regexp_full_match({given}, ' *[+-]?[0-9]{{1,12}}(?:[.][0-9]{{0,{_PLACES}}})? *')"
    elif found in _WHOLE:
        certain = f"{given} BETWEEN -{_CERTAIN - 1} AND {_CERTAIN - 1}"
    else:
        scale = int(found.removesuffix(")").split(",")[1])
        certain = f"{given} > -{_CERTAIN} AND {given} < {_CERTAIN}" if scale <= _PLACES else "false"
    scaled = f"try_cast(try_cast({given} AS DECIMAL(38, {_PLACES})) * 1000000 AS BIGINT)"
    if found in _WHOLE:
        scaled = f"(try_cast({given} AS BIGINT) * 1000000)"
    divisor = type_.step * 10 ** (_PLACES - type_.digits)
    return certain, f"(sign({scaled}) * ((2 * abs({scaled}) + {divisor}) // {2 * divisor}) * {type_.step})::BIGINT"


def _common_double(type_: ColumnType, given: str) -> tuple[str, str]:
    """Divide a double by the step.

    Below 10**9, the quotient is off by less than 10**-6: by half a unit in the last place in each of the double itself (against its
    shortest decimal), the product and the division. So its nearest whole number is certain when it is not that close to a half.
    """
    steps = f"(abs({given}) * 1e{type_.digits} / {type_.step}::DOUBLE)"
    certain = f"{steps} < 1e9 AND abs({steps} - floor({steps}) - 0.5) > 1e-5"
    return certain, f"(sign({given}) * floor({steps} + 0.5) * {type_.step})::BIGINT"


def _listed(connection: DuckDBPyConnection, type_: ColumnType, index: int, read: str) -> str:
    """Keep the listed values only; text becomes an enumeration, in the order of code points."""
    if type_.kind is Kind.BOOLEAN:
        return f"CASE WHEN ({read}) IN ({', '.join(map(_literal, type_.values or ()))}) THEN {read} END"
    texts = sorted(str(value) for value in type_.values or ())
    connection.execute(f"CREATE TYPE listed_{index} AS ENUM ({', '.join(map(_literal, texts))})")
    if type_.kind is Kind.TEXT:
        return f"try_cast({read} AS listed_{index})"
    return f"CASE WHEN try_cast(({read})::VARCHAR AS listed_{index}) IS NOT NULL THEN {read} END"


def _literal(value: bool | int | str) -> str:  # noqa: FBT001  a value of SQL
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
