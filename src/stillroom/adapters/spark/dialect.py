"""Spark's words for the statements of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.generators.spark import SparkGenerator

from stillroom.adapters.spark.functions import WRITTEN, decimal, function, quotient
from stillroom.adapters.statements.sql import SqlType, sql_cast, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.statements.sql import Texts
    from stillroom.model.expression import Divide

_ESCAPES = "!#$&*+~^|@"
"""Characters that may take the place of the backslash in a pattern, the first that does not stand there."""


class StillroomSpark(Spark):
    """Spark as it is spelled here: decimals of 38 digits in place of INT128, TRY_CAST, and windows that are always ordered."""

    class Generator(SparkGenerator):
        """Writes trees."""

        TYPE_MAPPING = {**SparkGenerator.TYPE_MAPPING, exp.DType.INT128: "DECIMAL(38, 0)"}  # noqa: RUF012  as sqlglot has it
        TRANSFORMS = {**SparkGenerator.TRANSFORMS, exp.TryCast: lambda self, node: self.cast_sql(node, safe_prefix="TRY_")}  # noqa: RUF012

        def intdiv_sql(self, expression: exp.IntDiv) -> str:
            """Write a quotient that is cut off; it is a BIGINT."""
            return self.binary(expression, "DIV")

        def cte_sql(self, expression: exp.CTE) -> str:
            """Write a common table, which Spark has no word to keep."""
            expression.set("materialized", None)
            return super().cte_sql(expression)

        def window_sql(self, expression: exp.Window) -> str:
            """Write a window. What looks at a place needs an order, if only of equals. A row's number is an INT; an offset must be."""
            said = expression.this
            if isinstance(said, exp.RowNumber | exp.Lag | exp.Lead) and expression.args.get("order") is None:
                expression.set("order", exp.Order(expressions=[exp.null()]))
            if isinstance(said, exp.Lag | exp.Lead):
                said.set("offset", said.args["offset"].this)
            written = super().window_sql(expression)
            return f"CAST({written} AS BIGINT)" if isinstance(said, exp.RowNumber) else written


class SparkDialect:
    """Writes for Spark (`stillroom.adapters.statements.dialect.Dialect`).

    A WIDE is a DECIMAL(38, 0). It holds whatever a plan may have: numbers below 2**110, which is 34 digits, and sums below 2**126, which is
    less than 10**38. Sums and products of such decimals keep all 38 digits and no places.
    """

    functions = WRITTEN
    has_exists = True
    suits_datafusion = True

    def sql(self, node: exp.Expr) -> str:
        """Return the text of a tree, which is used up."""
        return node.sql(dialect=StillroomSpark, copy=False)

    def total(self, node: exp.Expr) -> exp.Expr:
        """Return a sum. That of a BIGINT would be a BIGINT, too small."""
        return exp.Sum(this=sql_cast(node, SqlType.WIDE))

    def rounded(self, dividend: exp.Expr, divisor: exp.Expr, node: Divide) -> exp.Expr:
        """Return the quotient rounded half away from zero, from one in halves that is cut off (as `DuckdbDialect.rounded` says)."""
        doubled = exp.Mul(this=dividend, expression=whole(2 * 10**node.shift, SqlType.WIDE))
        halves = quotient(exp.paren(doubled, copy=False), divisor, SqlType.WIDE)
        half = decimal(exp.Literal.number("0.5"), 2, 1)
        return sql_cast(exp.Mul(this=decimal(halves, 35, 0), expression=half), SqlType.WIDE)

    def like(self, text: exp.Expr, pattern: str, texts: Texts) -> exp.Expr:
        """Match a pattern. What escapes in it is some character that it does not have, so that a backslash stands for itself."""
        others = (chr(code) for code in range(0xE000, 0xF8FF))
        escape = next(character for character in (*_ESCAPES, *others) if character not in pattern)
        matched = exp.Like(this=text, expression=texts.bind(pattern))
        return exp.Escape(this=matched, expression=exp.Literal.string(escape))

    def hexadecimal(self, text: exp.Expr) -> exp.Expr:
        """Return the bytes of a text in hexadecimal."""
        return function("HEX", text)

    def hashed(self, pieces: Sequence[exp.Expr]) -> exp.Expr:
        """Return the SHA-256 in hexadecimal."""
        return function("SHA2", function("CONCAT", *pieces), exp.Literal.number(256))


SPARK = SparkDialect()
