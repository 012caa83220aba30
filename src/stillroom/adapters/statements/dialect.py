"""What an engine has to say about its SQL, so that one writer of statements serves all engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlglot import exp

    from stillroom.adapters.statements.sql import Term, Texts
    from stillroom.model.expression import Call, Divide
    from stillroom.model.function import Function

    WritesCall: TypeAlias = Callable[[Call, Sequence[Term]], Term]
    """Writes a call of a function, given its operands. It raises `Failed` where they are not such as the function takes."""


class Dialect(Protocol):
    """The words of one engine.

    The writer builds trees whose nodes mean the same everywhere: relations, comparisons, three-valued logic, and sums and products in the
    types of `SqlType`, which hold the plan's bounds. `sql` says how the engine spells them. What engines *compute* differently is written
    by the other methods.
    """

    @property
    def functions(self) -> Mapping[Function, WritesCall]:
        """What writes each function; the engine lacks those that are missing."""
        ...

    @property
    def has_exists(self) -> bool:
        """Whether EXISTS may stand among the columns of a SELECT."""
        ...

    @property
    def suits_datafusion(self) -> bool:
        """Whether DataFusion may be what runs the statements: two of its habits are worked around then, see `rows.RowWriter`.

        It takes what is constant on one side of an outer join for constant above it, and has no names apart for two aggregates that differ
        in casts alone.
        """
        ...

    def sql(self, node: exp.Expr) -> str:
        """Return the text of a tree, which is used up by that."""
        ...

    def total(self, node: exp.Expr) -> exp.Expr:
        """Return the sum over rows of a number of either width, as a WIDE. NULLs are left out; of none it is NULL."""
        ...

    def rounded(self, dividend: exp.Expr, divisor: exp.Expr, node: Divide) -> exp.Expr:
        """Return a quotient times 10**node.shift as a WIDE, rounded half away from zero; NULL for the divisor 0. Both are WIDE.

        The dividend times 10**node.shift is no more than `node.bound`, which is below `sql.NUMBER_LIMIT`.
        """
        ...

    def like(self, text: exp.Expr, pattern: str, texts: Texts) -> exp.Expr:
        """Tell whether a text matches a pattern, in which `%` and `_` are special and nothing else is."""
        ...

    def hexadecimal(self, text: exp.Expr) -> exp.Expr:
        """Return the UTF-8 of a text in hexadecimal, in capitals."""
        ...

    def hashed(self, pieces: Sequence[exp.Expr]) -> exp.Expr:
        """Return what sorts as the SHA-256 of the UTF-8 of texts after each other; NULL if one of them is."""
        ...
