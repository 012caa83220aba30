"""The dialects that a question may be written in, each with what means the same there as in DuckDB's.

Only words are looked at here, not what they mean: a dialect has a list of functions, and is told apart where its signs mean something else.
What is not on a dialect's list is refused in it, though it may stand in a question in DuckDB's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput
from stillroom.model.question import Dialect
from stillroom.query.text.tokens import CALLS

if TYPE_CHECKING:
    from collections.abc import Mapping


def dialect_of(name: str | None) -> Dialect:
    """Return a dialect by its name; DuckDB's without one.

    Raises:
        InvalidInput: There is none of that name.
    """
    known = next((one for one in Dialect if one == (name or Dialect.DUCKDB).lower()), None)
    if known is None:
        raise InvalidInput(Code.USAGE, "There is no such dialect.", f"Use one of {', '.join(Dialect)}.")
    return known


_RANKS = "ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE LAG LEAD FIRST_VALUE"
_PLAIN = f"COUNT SUM AVG MIN MAX GROUPING {_RANKS} COALESCE NULLIF ABS SIGN FLOOR LOWER UPPER SQRT"
_COMMON = f"{_PLAIN} LAST_VALUE NTH_VALUE ROUND"
_SAMPLES = "VAR_SAMP VAR_POP STDDEV_SAMP STDDEV_POP"
_PAIRS = "COVAR_POP COVAR_SAMP CORR"
_REGRESSION = f"{_PAIRS} REGR_SLOPE REGR_INTERCEPT"
_TRUTHS = "BOOL_AND BOOL_OR"
_REALS = "LN EXP POWER"
"""Functions of results that are alike; LOG is to the base 10 in one dialect, and natural in another."""

_ANGLES = "CBRT PI DEGREES RADIANS"
_TRIMS = "TRIM LTRIM RTRIM"


@dataclass(frozen=True)
class Spoken:
    """A dialect.

    Attributes:
        calls: The functions that mean the same.
        renamed: Other names of functions, and what they are called here.
        nulls: Where NULL stands in an order that does not say it.
        whole: Whether `/` of whole numbers is cut off to a whole number.
        days: Whether dates and numbers of days are added and taken from each other.
        like: Whether LIKE tells the case of letters apart; None where that is not sure.
        pipes: Whether `||` puts texts together, NULL where one is.
        modulo: Whether `%` is the remainder.
        averages: Whether AVG of whole numbers has decimal places.
        empty: Whether an empty text is a text.
        weeks: Whether weeks and days of the week are counted as here.
        types: Kinds of types that values are cast to.
        quotes: Whether double quotes mean one thing.
    """

    calls: frozenset[str]
    renamed: Mapping[str, str] = field(default_factory=dict)
    nulls: str = "nulls_are_small"
    whole: bool = False
    days: bool = False
    like: bool | None = True
    pipes: bool = True
    modulo: bool = True
    averages: bool = True
    empty: bool = True
    weeks: bool = False
    types: str = "DECIMAL"
    quotes: bool = True


def _calls(*names: str) -> frozenset[str]:
    return frozenset(name for part in names for name in part.split())


_SPARK = Spoken(
    _calls(
        _COMMON,
        _SAMPLES,
        _REGRESSION,
        _TRIMS,
        "VARIANCE STDDEV GREATEST LEAST MOD CEIL CEILING EXTRACT YEAR QUARTER MONTH DAY DAYOFMONTH HOUR MINUTE DATE_TRUNC LAST_DAY",
        "LENGTH LEN",
        "CHAR_LENGTH SUBSTRING SUBSTR LEFT RIGHT REPLACE POSITION INSTR CONTAINS REVERSE IF IFNULL COUNT_IF CAST",
        _REALS,
        _ANGLES,
        _TRUTHS,
    ),
    {"EVERY": "BOOL_AND", "NVL": "IFNULL", "STARTSWITH": "STARTS_WITH", "ENDSWITH": "ENDS_WITH"},
)

SPOKEN: Mapping[Dialect, Spoken] = {
    Dialect.DUCKDB: Spoken(
        _calls(CALLS), nulls="nulls_are_last", days=True, weeks=True, types="INT DECIMAL TEXT VARCHAR DATE TIMESTAMPNTZ BOOLEAN"
    ),
    Dialect.POSTGRES: Spoken(
        _calls(
            _COMMON,
            _SAMPLES,
            _REGRESSION,
            _TRIMS,
            "VARIANCE STDDEV GREATEST LEAST MOD CEIL CEILING TRUNC WIDTH_BUCKET EXTRACT DATE_PART DATE_TRUNC LENGTH CHAR_LENGTH",
            "CHARACTER_LENGTH SUBSTRING SUBSTR LEFT RIGHT CONCAT REPLACE CAST POSITION STRPOS STARTS_WITH REVERSE MODE",
            _REALS,
            _ANGLES,
            _TRUTHS,
        ),
        {"EVERY": "BOOL_AND"},
        nulls="nulls_are_large",
        whole=True,
        days=True,
        weeks=True,
        types="INT DECIMAL TEXT VARCHAR DATE TIMESTAMPNTZ BOOLEAN",
    ),
    Dialect.SNOWFLAKE: Spoken(
        _calls(
            _PLAIN,
            _SAMPLES,
            _REGRESSION,
            _TRIMS,
            "ROUND VARIANCE STDDEV MOD CEIL TRUNC WIDTH_BUCKET EXTRACT YEAR QUARTER MONTH DAY HOUR MINUTE DATE_TRUNC DATEDIFF LAST_DAY",
            "LENGTH LEN",
            "SUBSTRING SUBSTR LEFT RIGHT REPLACE POSITION CONTAINS REVERSE IFNULL COUNT_IF CAST",
            _REALS,
            _ANGLES,
        ),
        {
            "BOOLAND_AGG": "BOOL_AND",
            "BOOLOR_AGG": "BOOL_OR",
            "IFF": "IIF",
            "NVL": "IFNULL",
            "STARTSWITH": "STARTS_WITH",
            "ENDSWITH": "ENDS_WITH",
        },
        nulls="nulls_are_large",
        days=True,
    ),
    Dialect.BIGQUERY: Spoken(
        _calls(
            _COMMON,
            _SAMPLES,
            _PAIRS,
            "VARIANCE STDDEV MOD CEIL CEILING TRUNC EXTRACT LAST_DAY LENGTH CHAR_LENGTH SUBSTRING SUBSTR LEFT RIGHT REPLACE STRPOS INSTR",
            "STARTS_WITH ENDS_WITH REVERSE IF IFNULL COUNTIF CAST LOGICAL_AND LOGICAL_OR",
            _REALS,
        ),
        modulo=False,
    ),
    Dialect.REDSHIFT: Spoken(
        _calls(
            _PLAIN,
            _SAMPLES,
            _TRIMS,
            "ROUND VARIANCE STDDEV MOD CEIL CEILING TRUNC EXTRACT DATE_TRUNC DATEDIFF LAST_DAY LENGTH LEN CHAR_LENGTH SUBSTRING LEFT RIGHT",
            "REPLACE POSITION STRPOS REVERSE CAST",
            _REALS,
            "CBRT PI",
            _TRUTHS,
        ),
        {"NVL": "IFNULL"},
        nulls="nulls_are_large",
        whole=True,
        days=True,
        averages=False,
    ),
    Dialect.MYSQL: Spoken(
        _calls(
            _COMMON,
            _SAMPLES,
            _TRIMS,
            "MOD CEIL CEILING EXTRACT YEAR QUARTER MONTH DAY HOUR MINUTE LAST_DAY CHAR_LENGTH SUBSTRING SUBSTR LEFT RIGHT REVERSE IF",
            "IFNULL CAST",
            _REALS,
        ),
        like=None,
        pipes=False,
    ),
    Dialect.SQLITE: Spoken(
        _calls(_PLAIN, _TRIMS, "LAST_VALUE NTH_VALUE CEIL CEILING LENGTH SUBSTR SUBSTRING REPLACE INSTR IFNULL IIF") - {"GROUPING"},
        whole=True,
        like=False,
        modulo=False,
        types="",
    ),
    Dialect.SPARK: _SPARK,
    Dialect.DATABRICKS: _SPARK,
    Dialect.TRINO: Spoken(
        _calls(
            _COMMON,
            _SAMPLES,
            _REGRESSION,
            "VARIANCE STDDEV MOD CEIL CEILING WIDTH_BUCKET EXTRACT YEAR QUARTER MONTH DAY HOUR MINUTE DATE_TRUNC LENGTH SUBSTRING SUBSTR",
            "REPLACE",
            "POSITION STRPOS STARTS_WITH REVERSE IF COUNT_IF CAST",
            _REALS,
            _ANGLES,
            _TRUTHS,
        ),
        {"EVERY": "BOOL_AND", "LAST_DAY_OF_MONTH": "LAST_DAY"},
        nulls="nulls_are_last",
        whole=True,
    ),
    Dialect.TSQL: Spoken(
        _calls(_PLAIN, _TRIMS, "LAST_VALUE ROUND GREATEST LEAST CEILING YEAR MONTH DAY DATEDIFF SUBSTRING LEFT RIGHT CONCAT IIF CAST"),
        whole=True,
        like=None,
        pipes=False,
        averages=False,
        quotes=False,
    ),
    Dialect.ORACLE: Spoken(
        _calls(
            _COMMON,
            _SAMPLES,
            _REGRESSION,
            "MOD CEIL TRUNC WIDTH_BUCKET EXTRACT LAST_DAY LENGTH SUBSTR INSTR CAST",
            _REALS,
        ),
        {"NVL": "IFNULL"},
        nulls="nulls_are_large",
        days=True,
        pipes=False,
        empty=False,
    ),
}
"""What each dialect has in common with DuckDB's."""
