"""Expressions after the noise: any arithmetic, comparison and CASE over keys and noisy results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.expression import (
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Branch,
    Case,
    Compare,
    Comparison,
    Constant,
    Divide,
    IsNull,
    Like,
    Not,
)
from stillroom.model.schema import CALENDAR, Kind
from stillroom.query.after import cast, function, functions
from stillroom.query.constants import constant_expression, is_calendar_constant
from stillroom.query.functions import function as row_function
from stillroom.query.functions.dates import date_arithmetic, moved
from stillroom.query.result import SHOWN_DIGITS, Result, check_numbers, comparable, longest, truth
from stillroom.query.text.parse import check_whole, only, unsupported
from stillroom.query.typed import mismatch
from stillroom.query.units import in_units, of_units, over_results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp


class Outputs:
    """Compiles lowered expressions, in which place-holders stand for keys and noisy results."""

    def __init__(self, known: Mapping[str, Result]) -> None:
        """Remember what the place-holders are."""
        self.known = known

    def compile(self, node: exp.Expr) -> Result:
        """Compile one expression.

        Raises:
            Refusal: It uses something that is not on the list, or mixes types.
        """
        from sqlglot import exp

        match node:
            case exp.Column():
                return self.known[node.name]
            case exp.Paren():
                return self.compile(node.this)
            case exp.Cast():
                return _constant(node) if is_calendar_constant(node) else cast(node, self.compile)
            case exp.Literal() | exp.Boolean() | exp.Null():
                return _constant(node)
            case exp.Neg():
                return self._arithmetic(ArithmeticOp.SUBTRACT, Result(Constant(value=0), Kind.INTEGER), self.compile(node.this))
            case exp.Add() | exp.Sub() | exp.Mul() | exp.Div():
                return self._binary(node)
            case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                return self._comparison(node)
            case exp.And() | exp.Or():
                operands = [self._condition(operand) for operand in node.flatten()]
                connective = All if isinstance(node, exp.And) else Any
                return truth(connective(operands=tuple(operand.expression for operand in operands)), *operands)
            case exp.Not():
                operand = self._condition(node.this)
                return truth(Not(operand=operand.expression), operand)
            case _:
                return self._other(node)

    def _other(self, node: exp.Expr) -> Result:
        """Compile the rarer forms."""
        from sqlglot import exp

        match node:
            case exp.Between():
                only(node, {"this", "low", "high"})
                return self.compile(
                    exp.and_(
                        exp.LTE(this=node.args["low"], expression=node.this),
                        exp.LTE(this=node.this, expression=node.args["high"]),
                        copy=False,
                    )
                )
            case exp.In():
                return self._among(node)
            case exp.Like():
                return self._like(node)
            case exp.Is() if isinstance(node.expression, exp.Null):
                operand = self.compile(node.this)
                return truth(IsNull(operand=operand.expression), operand)
            case exp.Is() if isinstance(node.expression, exp.Boolean):
                test = node.this if node.expression.this else exp.not_(node.this)
                return self.compile(exp.Case(ifs=[exp.If(this=test, true=exp.true())], default=exp.false()))
            case exp.NullSafeEQ() | exp.NullSafeNEQ():
                return self._distinct(node)
            case exp.Case() | exp.If():
                return self._case(node)
            case _ if isinstance(node, functions()):
                return function(node, self.compile)
            case _:
                meaning = row_function(node)
                if meaning is None:
                    raise unsupported(node)
                return over_results(node, meaning, self.compile)

    def _among(self, node: exp.In) -> Result:
        """Compile IN over a list of constants."""
        only(node, {"this", "expressions"})
        operand = self.compile(node.this)
        items = [comparable(operand, self.compile(item))[1] for item in node.expressions]
        values = tuple(item.expression for item in items if isinstance(item.expression, Constant) and not item.null)
        if len(values) != len(items) or not items:
            raise mismatch("IN needs a list of constants without NULL.")
        return truth(Among(operand=operand.expression, values=values), operand)

    def _like(self, node: exp.Like) -> Result:
        """Compile LIKE and NOT LIKE with a constant pattern."""
        only(node, {"this", "expression", "negate"})
        operand, pattern = self.compile(node.this), self.compile(node.expression)
        written = pattern.expression.value if isinstance(pattern.expression, Constant) else None
        if operand.kind is not Kind.TEXT or not isinstance(written, str):
            raise mismatch("LIKE needs text and a constant pattern.")
        matches = Like(operand=operand.expression, pattern=written)
        return truth(Not(operand=matches) if node.args.get("negate") else matches, operand)

    def _condition(self, node: exp.Expr) -> Result:
        """Compile a truth value."""
        result = self.compile(node)
        if result.kind is not Kind.BOOLEAN and not result.null:
            raise mismatch("A condition must be true or false.")
        return result

    def _binary(self, node: exp.Expr) -> Result:
        """Compile +, -, * and /."""
        from sqlglot import exp

        only(node, {"this", "expression", "typed", "safe"})
        if isinstance(node.this, exp.Interval) or isinstance(node.expression, exp.Interval):
            return over_results(node, moved, self.compile)
        left, right = self.compile(node.this), self.compile(node.expression)
        if CALENDAR & {left.kind, right.kind} and not isinstance(node, exp.Div):
            return of_units(date_arithmetic(node, in_units(left), in_units(right)), noisy=left.noisy or right.noisy)
        operations: dict[type[exp.Expr], ArithmeticOp] = {
            exp.Add: ArithmeticOp.ADD,
            exp.Sub: ArithmeticOp.SUBTRACT,
            exp.Mul: ArithmeticOp.MULTIPLY,
        }
        if type(node) in operations:
            return self._arithmetic(operations[type(node)], left, right)
        check_numbers(left, right)
        check_whole(node, left.digits, right.digits)
        return Result(Divide(left=left.expression, right=right.expression), Kind.DECIMAL, SHOWN_DIGITS, left.noisy or right.noisy)

    def _arithmetic(self, operation: ArithmeticOp, left: Result, right: Result) -> Result:
        """Return a sum, difference or product."""
        check_numbers(left, right)
        digits = left.digits + right.digits if operation is ArithmeticOp.MULTIPLY else max(left.digits, right.digits)
        digits = min(digits, 2 * SHOWN_DIGITS)
        node = Arithmetic(operation=operation, left=left.expression, right=right.expression)
        return Result(node, Kind.DECIMAL if digits else Kind.INTEGER, digits, left.noisy or right.noisy)

    def _comparison(self, node: exp.Expr) -> Result:
        """Compile a comparison; > and >= swap their sides."""
        from sqlglot import exp

        only(node, {"this", "expression"})
        left, right = comparable(self.compile(node.this), self.compile(node.expression))
        if isinstance(node, exp.GT | exp.GTE):
            left, right = right, left
        comparison: dict[type[exp.Expr], Comparison] = {
            exp.EQ: Comparison.EQUAL,
            exp.NEQ: Comparison.NOT_EQUAL,
            exp.LT: Comparison.LESS,
            exp.GT: Comparison.LESS,
        }
        node_ = Compare(comparison=comparison.get(type(node), Comparison.LESS_OR_EQUAL), left=left.expression, right=right.expression)
        return truth(node_, left, right)

    def _distinct(self, node: exp.Expr) -> Result:
        """Compile IS [NOT] DISTINCT FROM: two values are the same where both are NULL, too."""
        from sqlglot import exp

        only(node, {"this", "expression"})
        left, right = comparable(self.compile(node.this), self.compile(node.expression))
        equal = Compare(comparison=Comparison.EQUAL, left=left.expression, right=right.expression)
        both = All(operands=(IsNull(operand=left.expression), IsNull(operand=right.expression)))
        yes, no = Constant(value=True), Constant(value=False)
        same = Case(branches=(Branch(when=equal, then=yes), Branch(when=both, then=yes)), otherwise=no)
        return truth(same if isinstance(node, exp.NullSafeEQ) else Not(operand=same), left, right)

    def _case(self, node: exp.Case | exp.If) -> Result:
        """Compile CASE, and IF as one."""
        from sqlglot import exp

        if isinstance(node, exp.If):
            node = exp.Case(ifs=[exp.If(this=node.this, true=node.args["true"])], default=node.args.get("false"))
        only(node, {"this", "ifs", "default"})
        branches = []
        for branch in node.args["ifs"]:
            only(branch, {"this", "true"})
            test = branch.this if not node.this else exp.EQ(this=node.this, expression=branch.this)
            branches.append((self._condition(test), self.compile(branch.args["true"])))
        otherwise = self.compile(node.args["default"]) if node.args.get("default") else Result(Constant(value=None), Kind.TEXT)
        typed = [result for result in (*(then for _, then in branches), otherwise) if not result.null]
        if not typed or len({Kind.DECIMAL if result.number else result.kind for result in typed}) > 1:
            raise mismatch("The branches of CASE have different types, or are all NULL.")
        node_ = Case(
            branches=tuple(Branch(when=when.expression, then=then.expression) for when, then in branches), otherwise=otherwise.expression
        )
        noisy = any(part.noisy for pair in branches for part in pair) or otherwise.noisy
        digits = max(result.digits for result in typed)
        return Result(node_, Kind.DECIMAL if digits else typed[0].kind, digits, noisy, longest(typed))


def _constant(node: exp.Expr) -> Result:
    """Compile a constant; numbers keep their decimal places."""
    typed = constant_expression(node)
    if not isinstance(typed.expression, Constant):
        raise unsupported(node)
    length = typed.type.longest if typed.type.kind is Kind.TEXT else None
    return Result(typed.expression.model_copy(update={"digits": typed.type.digits}), typed.type.kind, typed.type.digits, length=length)
