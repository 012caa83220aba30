"""Random row expressions, written as SQL over the columns that are in sight."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillroom.model.schema import Kind
from tests.generator.maker import EVERY_USE, Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.schema import Use
    from tests.generator.maker import Maker

NUMBERS = (
    *("{n} + {n}", "{n} - {n}", "{n} * {n}", "{n} / {n}", "{i} // {i}", "{n} % {n}", "MOD({n}, {n})", "-{n}"),
    *(
        "ABS({n})",
        "SIGN({n})",
        "FLOOR({n})",
        "CEIL({n})",
        "CEILING({n})",
        "SQRT({n})",
        "ROUND({n})",
        "ROUND({n}, {place})",
        "TRUNC({n}, {place})",
    ),
    *("GREATEST({n}, {n})", "LEAST({n}, {n}, NULL)", "COALESCE({n}, {n})", "IFNULL({n}, 0)", "NULLIF({n}, {n})"),
    *("IF({c}, {n}, {n})", "IIF({c}, {n}, NULL)", "CASE WHEN {c} THEN {n} WHEN {c} THEN {n} END", "CASE {n} WHEN 1 THEN {n} ELSE 0 END"),
    *("WIDTH_BUCKET({n}, 0, 10, 4)", "LENGTH({t})", "POSITION({t} IN {t})", "STRPOS({t}, {text})", "EXTRACT({part} FROM {d})"),
    *("{part}({d})", "DATE_PART('{part}', {d})", "DATE_DIFF('{unit}', {d}, {d})", "{d} - {d}"),
    *(
        "EXTRACT({part} FROM {s})",
        "EXTRACT({time} FROM {s})",
        "{time}({s})",
        "DATE_DIFF('{time}', {s}, {s})",
        "DATE_DIFF('{unit}', {s}, {d})",
    ),
    *("CAST({n} AS INTEGER)", "CAST({n} AS DECIMAL(6, 2))", "TRY_CAST({t} AS DECIMAL(5, 1))", "{t}::INTEGER", "CAST({c} AS INTEGER)"),
)
TEXTS = (
    *("LOWER({t})", "UPPER({t})", "TRIM({t})", "LTRIM({t})", "RTRIM({t})", "SUBSTRING({t} FROM 2 FOR 1)", "LEFT({t}, 1)", "RIGHT({t}, 2)"),
    *(
        "{t} || {t}",
        "{n} || {t}",
        "CONCAT({t}, '/', {d})",
        "REPLACE({t}, 'x', 'yy')",
        "REVERSE({t})",
        "COALESCE({t}, '?')",
        "NULLIF({t}, {text})",
    ),
    *(
        "CAST({n} AS TEXT)",
        "CAST({d} AS TEXT)",
        "CAST({s} AS TEXT)",
        "CAST({c} AS TEXT)",
        "CASE WHEN {c} THEN {t} ELSE 'else' END",
        "GREATEST({t}, {t})",
    ),
)
DATES_ = (
    *("DATE_TRUNC('{unit}', {d})", "LAST_DAY({d})", "{d} + {days}", "{d} - {days}", "{d} + INTERVAL {days} {unit}"),
    *("{d} - INTERVAL '{days}' {unit}", "CAST({t} AS DATE)", "TRY_CAST({t} AS DATE)", "GREATEST({d}, {d})", "COALESCE({d}, {date})"),
    *("CASE WHEN {c} THEN {d} END", "LEAST({d}, {date})", "{d} + {i}", "CAST({s} AS DATE)"),
)
TIMESTAMPS = (
    *("DATE_TRUNC('{unit}', {s})", "DATE_TRUNC('{time}', {s})", "{s} + INTERVAL {days} {unit}", "{s} - INTERVAL '{days}' {time}"),
    *(
        "{d} + INTERVAL {days} {time}",
        "CAST({d} AS TIMESTAMP)",
        "TRY_CAST({t} AS TIMESTAMP)",
        "CAST(CAST({s} AS TEXT) || '{behind}' AS TIMESTAMP)",
        "CAST(CAST({d} AS TEXT) || '{clock}' AS TIMESTAMP)",
        "GREATEST({s}, {d})",
        "COALESCE({s}, {stamp})",
        "CASE WHEN {c} THEN {s} END",
    ),
)
TRUTHS = (
    *("{n} {sign} {n}", "{n} {sign} {n}", "{t} {sign} {t}", "{d} {sign} {d}", "{n} {sign} {number}", "{t} = {text}", "{d} {sign} {date}"),
    *("{n} IN ({number}, {number})", "{t} NOT IN ({text}, {text})", "{n} BETWEEN {n} AND {n}", "{d} BETWEEN {date} AND {d}"),
    *("{s} {sign} {s}", "{s} {sign} {d}", "{s} {sign} {stamp}", "{stamp} BETWEEN {s} AND {s}"),
    *("{t} LIKE '{pattern}'", "{t} NOT LIKE '{pattern}'", "{t} ILIKE '{pattern}'", "{n} IS NULL", "{t} IS NOT NULL", "({c}) IS TRUE"),
    *("({c}) IS NOT FALSE", "NOT ({c})", "({c}) AND ({c})", "({c}) OR ({c})", "STARTS_WITH({t}, {t})", "CONTAINS({t}, {text})"),
    *("{n} IS DISTINCT FROM {n}", "{t} IS NOT DISTINCT FROM {t}", "{d} IS DISTINCT FROM {date}", "({c}) IS NOT DISTINCT FROM ({c})"),
    *("ENDS_WITH({t}, {t})", "CAST({t} AS BOOLEAN)", "CAST({n} AS BOOLEAN)", "CASE WHEN {c} THEN {c} ELSE {c} END", "COALESCE({c}, FALSE)"),
)
TEMPLATES = {
    Kind.INTEGER: NUMBERS,
    Kind.DECIMAL: NUMBERS,
    Kind.TEXT: TEXTS,
    Kind.DATE: DATES_,
    Kind.TIMESTAMP: TIMESTAMPS,
    Kind.BOOLEAN: TRUTHS,
}

WORDS = {
    "place": ("0", "1", "2", "-1"),
    "part": ("year", "quarter", "month", "week", "day", "doy", "isodow", "dow"),
    "unit": ("day", "week", "month", "quarter", "year"),
    "time": ("hour", "minute", "second"),
    "days": ("1", "3", "40", "0"),
    "clock": ("", " 08:15", "T23:59:59.5", " 24:00", " 08:15:60", " 8:15"),
    "behind": ("", "Z", ".999", "+00:00", "+02:00", "x"),
    "sign": ("=", "<>", "<", "<=", ">", ">="),
    "pattern": ("%", "x%", "_", "%a%", "", "1_", "%''%"),
}
CONSTANTS = {"number": Kind.DECIMAL, "text": Kind.TEXT, "date": Kind.DATE, "stamp": Kind.TIMESTAMP}
OPERANDS = {"n": Kind.DECIMAL, "i": Kind.INTEGER, "t": Kind.TEXT, "d": Kind.DATE, "s": Kind.TIMESTAMP, "c": Kind.BOOLEAN}
NUMERIC = frozenset({Kind.INTEGER, Kind.DECIMAL})

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass
class Writer:
    """Writes expressions.

    Attributes:
        maker: Draws.
        values: The columns whose values may go into the value.
        tests: The columns that conditions inside it may read.
        read: The columns that it has read so far.
    """

    maker: Maker
    values: Sequence[Field]
    tests: Sequence[Field]
    read: list[Field] = field(default_factory=list)

    @property
    def uses(self) -> frozenset[Use]:
        """What may be done with what has been written so far."""
        return EVERY_USE.intersection(*(one.uses for one in self.read))

    def write(self, kind: Kind, depth: int = 1) -> str:
        """Return an expression of a kind."""
        if depth > 0 and self.maker.tape.chance(45):
            return self.computed(kind, depth - 1)
        return self.leaf(kind)

    def computed(self, kind: Kind, depth: int = 0) -> str:
        """Return a function of something."""
        return self.filled(self.maker.tape.pick(TEMPLATES[kind]), depth)

    def filled(self, template: str, depth: int = 0) -> str:
        """Return what a template becomes with operands in its places."""
        self.maker.seen.update(f"{name}()" for name in re.findall(r"\b([A-Z_]+)(?=\()", template))
        written = _PLACE.sub(lambda place: self._operand(place[1], depth), template)
        return f"({written})"

    def truth(self, depth: int = 1) -> str:
        """Return a condition."""
        return self.computed(Kind.BOOLEAN, depth)

    def leaf(self, kind: Kind) -> str:
        """Return a column, or a constant where there is none."""
        fitting = [one for one in self.values if one.kind is kind or (kind is Kind.DECIMAL and one.kind in NUMERIC)]
        if not fitting or self.maker.tape.chance(8):
            return self.maker.constant(kind)
        found = self.maker.tape.pick(fitting)
        self.read.append(found)
        return found.sql

    def _operand(self, name: str, depth: int) -> str:
        if name in WORDS:
            return self.maker.tape.pick(WORDS[name])
        if name in CONSTANTS:
            return self.maker.constant(CONSTANTS[name])
        if name != "c":
            return self.write(OPERANDS[name], depth)
        inside = Writer(self.maker, self.tests, self.tests, self.read)
        return inside.write(Kind.BOOLEAN, depth) if depth else inside.leaf_truth()

    def leaf_truth(self) -> str:
        """Return a simple condition."""
        kinds = [one.kind for one in self.values] or [Kind.BOOLEAN]
        kind = self.maker.tape.pick(kinds)
        found = self.leaf(kind)
        return found if kind is Kind.BOOLEAN else f"{found} {self.maker.tape.pick(WORDS['sign'])} {self.maker.constant(kind)}"


def fields_for(fields: Sequence[Field], *uses: Use, bounded: bool = False) -> list[Field]:
    """Return the columns that have one of some uses."""
    return [one for one in fields if one.uses & frozenset(uses) and (one.bounded or not bounded)]
