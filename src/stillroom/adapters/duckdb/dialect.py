"""DuckDB's words for the statements of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from stillroom.adapters.duckdb.functions import WRITTEN
from stillroom.adapters.statements.sql import SqlType, sql_cast, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.statements.sql import Texts
    from stillroom.model.expression import Divide


class DuckdbDialect:
    """Writes for DuckDB (`stillroom.adapters.statements.dialect.Dialect`). A WIDE is an INT128."""

    functions = WRITTEN
    has_exists = True
    suits_datafusion = False

    def sql(self, node: exp.Expr) -> str:
        """Return the text of a tree, which is used up."""
        return node.sql(dialect="duckdb", copy=False)

    def total(self, node: exp.Expr) -> exp.Expr:
        """Return a sum; that of BIGINT or of INT128 is an INT128."""
        return exp.Sum(this=node)

    def rounded(self, dividend: exp.Expr, divisor: exp.Expr, node: Divide) -> exp.Expr:
        """Return the quotient rounded half away from zero; NULL for the divisor 0, as the connection says.

        `//` truncates towards zero, so t = 2n // d is the quotient in halves, cut off; rounding t / 2 half away from zero gives the
        same as rounding n / d so, because a cut that starts between two halves never reaches the next. t / 2 is an exact decimal with
        one place, and DuckDB casts decimals to whole numbers by rounding half away from zero.
        """
        doubled = exp.Mul(this=dividend, expression=whole(2 * 10**node.shift, SqlType.WIDE))
        halves = exp.IntDiv(this=exp.paren(doubled, copy=False), expression=divisor)
        decimal = exp.Cast(this=halves, to=exp.DataType.build("DECIMAL(36, 0)"))
        half = exp.Cast(this=exp.Literal.number("0.5"), to=exp.DataType.build("DECIMAL(2, 1)"))
        return sql_cast(exp.Mul(this=decimal, expression=half), SqlType.WIDE)

    def like(self, text: exp.Expr, pattern: str, texts: Texts) -> exp.Expr:
        """Match a pattern, in which a backslash stands for itself."""
        return exp.Like(this=text, expression=texts.bind(pattern))

    def hexadecimal(self, text: exp.Expr) -> exp.Expr:
        """Return the bytes of a text in hexadecimal."""
        return exp.func("HEX", text, dialect="duckdb")

    def hashed(self, pieces: Sequence[exp.Expr]) -> exp.Expr:
        """Return the SHA-256 in hexadecimal."""
        return exp.func("SHA256", exp.Concat(expressions=list(pieces), safe=True, coalesce=False), dialect="duckdb")


DUCKDB = DuckdbDialect()
