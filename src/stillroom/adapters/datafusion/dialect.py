"""DataFusion's words for the statements of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator

from stillroom.adapters.datafusion.functions import WRITTEN, divided, function
from stillroom.adapters.statements.sql import SqlType, sql_cast, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.statements.sql import Texts
    from stillroom.model.expression import Divide


class StillroomDatafusion(DuckDB):
    """DataFusion as it is spelled here: as DuckDB, with decimals of 38 digits in place of INT128."""

    class Generator(DuckDBGenerator):
        """Writes trees."""

        TYPE_MAPPING = {**DuckDBGenerator.TYPE_MAPPING, exp.DType.INT128: "DECIMAL(38, 0)"}  # noqa: RUF012  as sqlglot has it

        def cte_sql(self, expression: exp.CTE) -> str:
            """Write a common table."""
            expression.set("materialized", None)
            return super().cte_sql(expression)

        def ordered_sql(self, expression: exp.Ordered) -> str:
            """Write a term of an order, and where NULL stands in it, whatever a reader would suppose."""
            direction = "DESC" if expression.args.get("desc") else "ASC"
            nulls = "FIRST" if expression.args.get("nulls_first") else "LAST"
            return f"{self.sql(expression, 'this')} {direction} NULLS {nulls}"

        def window_sql(self, expression: exp.Window) -> str:
            """Write a window. A row's number is a BIGINT UNSIGNED, which no other number is."""
            written = super().window_sql(expression)
            return f"CAST({written} AS BIGINT)" if isinstance(expression.this, exp.RowNumber) else written


class DatafusionDialect:
    """Writes for DataFusion (`stillroom.adapters.statements.dialect.Dialect`).

    A WIDE is a DECIMAL(38, 0). It holds whatever a plan may have: numbers below 2**110, which is 34 digits, and sums below 2**126, which is
    less than 10**38. Sums and products of such decimals keep all 38 digits and no places.
    """

    functions = WRITTEN
    has_exists = False
    suits_datafusion = True

    def sql(self, node: exp.Expr) -> str:
        """Return the text of a tree, which is used up."""
        return node.sql(dialect=StillroomDatafusion, copy=False)

    def total(self, node: exp.Expr) -> exp.Expr:
        """Return a sum. That of a BIGINT would be a BIGINT, and wrap."""
        return exp.Sum(this=sql_cast(node, SqlType.WIDE))

    def rounded(self, dividend: exp.Expr, divisor: exp.Expr, node: Divide) -> exp.Expr:
        """Return the quotient rounded half away from zero; NULL for the divisor 0.

        A quotient of decimals has four places here, and is cut off behind them, which takes it past no half. ROUND of a decimal is exact.
        It stands between the quotient and the cast, although the cast would round alike: of casts of quotients of casts of quotients
        DataFusion thinks twice as long with each.
        """
        shifted = exp.Mul(this=dividend, expression=whole(10**node.shift, SqlType.WIDE))
        return sql_cast(function("ROUND", divided(exp.paren(shifted, copy=False), divisor)), SqlType.WIDE)

    def like(self, text: exp.Expr, pattern: str, texts: Texts) -> exp.Expr:
        """Match a pattern. A backslash escapes, itself too."""
        return exp.Like(this=text, expression=texts.bind(pattern.replace("\\", "\\\\")))

    def hexadecimal(self, text: exp.Expr) -> exp.Expr:
        """Return the bytes of a text in hexadecimal."""
        return function("UPPER", function("ENCODE", text, exp.Literal.string("hex")))

    def hashed(self, pieces: Sequence[exp.Expr]) -> exp.Expr:
        """Return the SHA-256 in hexadecimal: windows are not ordered by bytes here."""
        first, *others = pieces
        text = first
        for piece in others:
            text = exp.DPipe(this=text, expression=piece, safe=True)
        return function("ENCODE", function("SHA256", text), exp.Literal.string("hex"))


DATAFUSION = DatafusionDialect()
