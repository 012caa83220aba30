"""What SQL calls the parts of a question, whose names in the parser's tree nobody has written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

_CALLED = {
    "DayOfMonth": "DAYOFMONTH",
    "DayOfWeek": "DAYOFWEEK",
    "DayOfWeekIso": "ISODOW",
    "DayOfYear": "DAYOFYEAR",
    "LogicalAnd": "BOOL_AND",
    "LogicalOr": "BOOL_OR",
    "PercentileCont": "QUANTILE_CONT",
    "StrPosition": "STRPOS",
    "TimeToUnix": "EPOCH",
    "TimestampTrunc": "DATE_TRUNC",
    "VariancePop": "VAR_POP",
    "WeekOfYear": "WEEKOFYEAR",
}
"""What functions are called in a question, where the parser has other names for them."""

_SIGNS = {
    "Add": "+",
    "BitwiseLeftShift": "<<",
    "BitwiseRightShift": ">>",
    "Div": "/",
    "DPipe": "||",
    "IntDiv": "//",
    "Mod": "%",
    "Mul": "*",
    "Neg": "-",
    "Star": "*",
    "Sub": "-",
}

_CLAUSES = {
    "All": "ALL (SELECT …)",
    "Filter": "FILTER",
    "Group": "GROUP BY",
    "Order": "ORDER BY",
    "Ordered": "ORDER BY",
    "Subquery": "a subquery",
    "Table": "a table",
    "TableAlias": "an alias",
    "Tuple": "several values in parentheses",
    "Window": "a window",
}

_PARTS = {
    ("Column", "db"): "a name with more than two parts",
    ("Count", "expressions"): "a second operand",
    ("Limit", "expressions"): "BY",
    ("Max", "count"): "a second operand",
    ("Min", "count"): "a second operand",
    ("Max", "expressions"): "a second operand",
    ("Min", "expressions"): "a second operand",
}
"""Parts whose names in the parser's tree say nothing to a reader."""

_GREATEST = "Write GREATEST(x, y) or LEAST(x, y) for the greatest or least of several values of a row."
_PART_FIXES = {
    ("Column", "db"): "Write table.column, with the name or alias that stands after FROM or JOIN.",
    ("Count", "expressions"): "Count one column; of combinations, write COUNT(DISTINCT a || '-' || b).",
    ("Limit", "expressions"): "Write QUALIFY ROW_NUMBER() OVER (PARTITION BY key ORDER BY …) <= 3.",
    ("Max", "count"): _GREATEST,
    ("Max", "expressions"): _GREATEST,
    ("Min", "count"): _GREATEST,
    ("Min", "expressions"): _GREATEST,
    ("Select", "distinct"): "Write GROUP BY, and a COUNT: SELECT column, COUNT(*) FROM … GROUP BY column.",
    ("Select", "sample"): "Leave it out: noise hides each person, and fewer rows cost precision only.",
    ("Select", "laterals"): "Join a subquery that is grouped by the person.",
}

_NULLS = "Leave rows without a value out before, by WHERE column IS NOT NULL."
_FIXES = {
    "All": "Compare with one value of the same person, as in x > (SELECT MAX(y) … WHERE its person = the outer person).",
    "AtTimeZone": "Leave it out: times in a room have no time zone. Hours are added as in t + INTERVAL 2 HOUR.",
    "BitwiseLeftShift": "Write x * 2, x * 4 and so on.",
    "BitwiseRightShift": "Write x // 2, x // 4 and so on.",
    "IgnoreNulls": _NULLS,
    "Interval": "An interval stands beside a date or a timestamp: d + INTERVAL 3 MONTH.",
    "Order": "Leave it out: this does not depend on the order of rows. FIRST and LAST of one person's rows have one.",
    "RespectNulls": "Leave it out.",
    "Table": "Write joins without parentheses around them.",
    "Window": "Windows of one person's rows stand in SELECT and QUALIFY of a subquery; those of results in SELECT, QUALIFY and ORDER BY.",
    "WithinGroup": "Write PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x), or QUANTILE_CONT(x, 0.5), of groups or of one person's rows.",
}
"""What to write in the place of what cannot stand where it does, by the parser's names."""


def name_of(node: exp.Expr) -> str:
    """Return what SQL calls a function, a clause or a sign."""
    from sqlglot import exp

    kind = type(node).__name__
    if isinstance(node, exp.Func) and isinstance(node.this, str):
        return node.this.upper()[:40]
    known = _CALLED.get(kind) or _SIGNS.get(kind) or _CLAUSES.get(kind)
    if known is not None:
        return known
    return node.sql_name() if isinstance(node, exp.Func) else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).upper()


def part_of(node: exp.Expr, part: str) -> str:
    """Return what SQL calls a part of a node."""
    return _PARTS.get((type(node).__name__, part), part.rstrip("_").replace("_", " ").upper())


def fix_of(node: exp.Expr, otherwise: str) -> str:
    """Return what to write in the place of a node."""
    return _FIXES.get(type(node).__name__, otherwise)


def part_fix(node: exp.Expr, part: str, otherwise: str) -> str:
    """Return what to write in the place of a part of a node."""
    return _PART_FIXES.get((type(node).__name__, part), otherwise)
