"""Window functions over the rows of a table, after the noise: from the syntax tree to the plan."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.after import Extent, TableFunction
from stillroom.model.expression import Branch, By, Case, Constant, Divide, Expression, IsNull, Over
from stillroom.model.schema import Kind
from stillroom.query.result import SHOWN_DIGITS, Result, check_numbers, longest, reads_noise
from stillroom.query.text.parse import only, unsupported
from stillroom.query.text.said import name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

DISTANCE_DIGITS = 9
"""The most digits of a number of rows or buckets."""

_ONE = Result(Constant(value=1), Kind.INTEGER)

_RANKS = frozenset({TableFunction.ROW_NUMBER, TableFunction.RANK, TableFunction.DENSE_RANK, TableFunction.NTILE})
_SHARES = frozenset({TableFunction.PERCENT_RANK, TableFunction.CUME_DIST})
_IN_PANDAS = {
    **dict.fromkeys(("Stddev", "StddevPop", "StddevSamp"), "std"),
    **dict.fromkeys(("Variance", "VariancePop"), "var"),
    **dict.fromkeys(("Median", "PercentileCont"), "median"),
    "Mode": "mode",
}
"""What says the same of a column of a release in Python."""

_UNFRAMED = _RANKS | _SHARES | {TableFunction.LAG}
"""What looks at the whole partition, whatever the frame."""


@cache
def functions() -> dict[type[exp.Expr], TableFunction]:
    """Return what stands before OVER, and what it is."""
    from sqlglot import exp

    return {
        exp.RowNumber: TableFunction.ROW_NUMBER,
        exp.Rank: TableFunction.RANK,
        exp.DenseRank: TableFunction.DENSE_RANK,
        exp.PercentRank: TableFunction.PERCENT_RANK,
        exp.CumeDist: TableFunction.CUME_DIST,
        exp.Ntile: TableFunction.NTILE,
        exp.Lag: TableFunction.LAG,
        exp.Lead: TableFunction.LAG,
        exp.FirstValue: TableFunction.NTH,
        exp.First: TableFunction.NTH,
        exp.LastValue: TableFunction.NTH,
        exp.Last: TableFunction.NTH,
        exp.NthValue: TableFunction.NTH,
        exp.Count: TableFunction.COUNT,
        exp.Sum: TableFunction.SUM,
        exp.Avg: TableFunction.SUM,
        exp.Min: TableFunction.MIN,
        exp.Max: TableFunction.MAX,
    }


def window(node: exp.Window, compiled: Callable[[exp.Expr], Result], rows: Expression | None) -> Result:
    """Compile a window function.

    Args:
        node: The call with its OVER.
        compiled: Compiles what stands in it.
        rows: Which rows of the table there are.

    Raises:
        Refusal: It is of a form that is not supported, or stands in another one.
    """
    from sqlglot import exp

    only(node, {"this", "partition_by", "order", "spec", "over"})
    if any(child.find(exp.Window) for child in node.iter_expressions()):
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, "A window stands inside a window.", "Compute the inner one in a subquery of its own.")
    call, given = _filtered(node.this)
    if isinstance(call, exp.CountIf) and given is None:
        call, given = exp.Count(this=exp.Star()), call.this
    written = node.args.get("order")
    order = tuple(_by(term, compiled) for term in (written.expressions if written else ()))
    keys = tuple(compiled(key).expression for key in node.args.get("partition_by") or ())
    place = Over(function=TableFunction.ROW_NUMBER, value=_ONE.expression, keys=keys, order=order, rows=rows)
    function = functions().get(type(call))
    if function is None:
        raise _not_of_a_table(call)
    if given is not None and function not in {TableFunction.COUNT, TableFunction.SUM, TableFunction.MIN, TableFunction.MAX}:
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "FILTER needs an aggregate before it.", "Use SUM, COUNT, AVG, MIN or MAX.")
    if function in _UNFRAMED:
        return _placed(call, function, place, compiled)
    place = place.model_copy(update={"extent": _extent(node)})
    if function is TableFunction.NTH:
        return _nth(call, place, compiled)
    return _total(call, function, place, _chosen(_argument(call, compiled), given, compiled))


def _by(node: exp.Expr, compiled: Callable[[exp.Expr], Result]) -> By:
    """Compile one term of an order."""
    only(node, {"this", "desc", "nulls_first"})
    return By(value=compiled(node.this).expression, descending=bool(node.args.get("desc")), nulls_first=bool(node.args.get("nulls_first")))


def _filtered(node: exp.Expr) -> tuple[exp.Expr, exp.Expr | None]:
    """Return a call, and the condition of its FILTER."""
    from sqlglot import exp

    if not isinstance(node, exp.Filter):
        return node, None
    only(node, {"this", "expression"})
    only(node.expression, {"this"})
    return node.this, node.expression.this


def _argument(call: exp.Expr, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile what a function is of; COUNT(*) counts ones."""
    from sqlglot import exp

    if isinstance(call, exp.Count) and isinstance(call.this, exp.Star):
        return _ONE
    if isinstance(call.this, exp.Distinct):
        raise _not_of_a_table(call)
    if call.this is None or isinstance(call.this, exp.Star):
        raise unsupported(call)
    return compiled(call.this)


def _not_of_a_table(call: exp.Expr) -> Refusal:
    """Return the refusal of what is not made of the rows of a table."""
    from sqlglot import exp

    if not isinstance(call, exp.AggFunc):
        return unsupported(call)
    name = f"{name_of(call)}(DISTINCT …)" if isinstance(call.this, exp.Distinct) else name_of(call)
    method = "nunique" if isinstance(call.this, exp.Distinct) else _IN_PANDAS.get(type(call).__name__, "describe")
    fix = f"Use COUNT, SUM, AVG, MIN and MAX of these; or compute it of the release, as in release.to_pandas()['n'].{method}()."
    return Refusal(Code.AGGREGATE_NOT_ALLOWED, f"{name} is not supported of the rows of a table of results.", fix)


def _chosen(value: Result, given: exp.Expr | None, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Return a value where the condition of FILTER is true, and NULL elsewhere."""
    if given is None:
        return value
    test = compiled(given)
    if test.kind is not Kind.BOOLEAN:
        raise Refusal(Code.TYPE_MISMATCH, "FILTER needs a condition.", "Compare something.")
    case = Case(branches=(Branch(when=test.expression, then=value.expression),), otherwise=Constant(value=None))
    return replace(value, expression=case, noisy=value.noisy or test.noisy)


def _placed(call: exp.Expr, function: TableFunction, place: Over, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile what depends on a row's place in the order."""
    if function is TableFunction.LAG:
        return _lag(call, place, compiled)
    if function is TableFunction.NTILE:
        only(call, {"this"})
        number = _number(call.this, "NTILE needs a number of buckets, from 1.", least=1)
        return _result(place.model_copy(update={"function": function, "number": number}), Kind.INTEGER, 0)
    only(call, ())
    node = place.model_copy(update={"function": function})
    return _result(node, Kind.DECIMAL, SHOWN_DIGITS) if function in _SHARES else _result(node, Kind.INTEGER, 0)


def _lag(call: exp.Expr, place: Over, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile LAG and LEAD. Where there is no such row, which is where a constant's LAG is NULL, a default stands for it."""
    from sqlglot import exp

    only(call, {"this", "offset", "default"})
    value, offset, default = compiled(call.this), call.args.get("offset"), call.args.get("default")
    distance = 1 if offset is None else _number(offset, "LAG and LEAD need a whole number of rows.")
    shift = {"function": TableFunction.LAG, "number": -distance if isinstance(call, exp.Lead) else distance}
    looked = place.model_copy(update={**shift, "value": value.expression})
    if default is None:
        return _picked(looked, value)
    other = compiled(default)
    if not (other.null or (value.number and other.number) or value.kind is other.kind):
        raise Refusal(Code.TYPE_MISMATCH, "The default of LAG or LEAD is of another type.", "Give one of the same type.")
    missing = IsNull(operand=place.model_copy(update=shift))
    case = Case(branches=(Branch(when=missing, then=other.expression),), otherwise=looked)
    digits = max(value.digits, other.digits)
    return replace(_result(case, Kind.DECIMAL if digits else value.kind, digits), length=longest([value, other]))


def _nth(call: exp.Expr, place: Over, compiled: Callable[[exp.Expr], Result]) -> Result:
    """Compile FIRST_VALUE, LAST_VALUE and NTH_VALUE."""
    from sqlglot import exp

    only(call, {"this", "offset"})
    value, number = compiled(call.this), 1
    if isinstance(call, exp.NthValue):
        number = _number(call.args.get("offset"), "NTH_VALUE needs a number of rows, from 1.", least=1)
    if isinstance(call, exp.LastValue | exp.Last):
        number = -1
    node = place.model_copy(update={"function": TableFunction.NTH, "value": value.expression, "number": number})
    return _picked(node, value)


def _total(call: exp.Expr, function: TableFunction, place: Over, value: Result) -> Result:
    """Compile an aggregate; AVG is a sum divided by a count."""
    from sqlglot import exp

    only(call, {"this", "big_int"})
    node = place.model_copy(update={"function": function, "value": value.expression})
    if function is TableFunction.COUNT:
        return _result(node, Kind.INTEGER, 0)
    if function is not TableFunction.SUM:
        return _picked(node, value)
    check_numbers(value)
    if isinstance(call, exp.Avg):
        count = node.model_copy(update={"function": TableFunction.COUNT})
        return _result(Divide(left=node, right=count), Kind.DECIMAL, SHOWN_DIGITS)
    return _result(node, value.kind, value.digits)


def _picked(node: Expression, value: Result) -> Result:
    """Return a value of another row."""
    return replace(value, expression=node, noisy=reads_noise(node))


def _result(node: Expression, kind: Kind, digits: int) -> Result:
    return Result(node, kind, digits, reads_noise(node))


def _extent(node: exp.Window) -> Extent | None:
    """Return the frame of a window: with an order and nothing said, all rows up to the last peer."""
    spec = node.args.get("spec")
    if spec is None:
        return None if node.args.get("order") is None else Extent(peers=True, end=0)
    parts = {name: spec.args.get(name) for name in ("kind", "start", "start_side", "end", "end_side", "exclude")}
    kind = str(parts["kind"]).upper()
    if kind not in {"ROWS", "RANGE"} or parts["exclude"]:
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "This frame of a window is not supported.", "Write ROWS or RANGE BETWEEN … AND ….")
    start = _end(parts["start"], parts["start_side"], peers=kind == "RANGE")
    end = 0 if parts["end"] is None else _end(parts["end"], parts["end_side"], peers=kind == "RANGE")
    backwards = _unbounded(parts["start"], parts["start_side"], "FOLLOWING") or _unbounded(parts["end"], parts["end_side"], "PRECEDING")
    if backwards or (start is not None and end is not None and start > end):
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "The frame of a window ends before it begins.", "Let it begin before it ends.")
    return Extent(peers=kind == "RANGE", start=start, end=end)


def _unbounded(end: object, side: object, wanted: str) -> bool:
    return str(end).upper() == "UNBOUNDED" and str(side).upper() == wanted


def _end(end: object, side: object, *, peers: bool) -> int | None:
    """Return one end of a frame, relative to the row itself; None where there is none."""
    from sqlglot import exp

    if not isinstance(end, exp.Expr):
        return None if str(end).upper() == "UNBOUNDED" else 0
    if peers:
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "RANGE with a distance is not supported.", "Write ROWS, or UNBOUNDED or CURRENT ROW.")
    distance = _number(end, "A frame needs a whole number of rows.")
    return -distance if str(side).upper() == "PRECEDING" else distance


def _number(node: object, reason: str, *, least: int = 0) -> int:
    """Return a whole number that is written."""
    from sqlglot import exp

    written = str(node.this) if isinstance(node, exp.Literal) and not node.is_string else ""
    if not written.isdecimal() or len(written) > DISTANCE_DIGITS or int(written) < least:
        raise Refusal(Code.EXPRESSION_NOT_ALLOWED, reason, "Write a whole number.")
    return int(written)
