"""A question of the lazy builder: everything that can be said after grouping, and the asking itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from stillroom.client.expressions import Expression, col, written

if TYPE_CHECKING:
    from stillroom.client.parameters import Values
    from stillroom.client.result import Release
    from stillroom.model.contract import Contract
    from stillroom.model.price import Price
    from stillroom.model.question import Term


class Asker(Protocol):
    """Where questions are asked: a `Session`, as far as builders know it."""

    @property
    def contract(self) -> Contract:
        """The contract in force."""
        ...

    def price(self, sql: str, *, parameters: Values | None = None, dialect: str | None = None, **terms: Term) -> Price:
        """Return what a question would cost."""
        ...

    def ask(self, sql: str, *, parameters: Values | None = None, dialect: str | None = None, **terms: Term) -> Release:
        """Ask a question."""
        ...


@dataclass(frozen=True)
class LazyQuestion:
    """A question that has not been asked yet. It has the same plan as its `sql`, and so the same answer.

    Attributes:
        session: Where it would be asked.
        grouped: Its SELECT, up to GROUP BY.
        conditions: What rows of the table must fulfil.
        order: The order of rows.
        rows: The most rows.
    """

    session: Asker
    grouped: str
    conditions: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    rows: int | None = None

    @property
    def sql(self) -> str:
        """The question as SQL."""
        having = f" HAVING {' AND '.join(self.conditions)}" if self.conditions else ""
        order = f" ORDER BY {', '.join(self.order)}" if self.order else ""
        limit = "" if self.rows is None else f" LIMIT {self.rows}"
        return f"{self.grouped}{having}{order}{limit}"

    def having(self, *conditions: Expression) -> LazyQuestion:
        """Keep the rows of the table for which all conditions hold, by noisy values."""
        return replace(self, conditions=(*self.conditions, *(f"({written(condition)})" for condition in conditions)))

    def order_by(self, *terms: str | Expression) -> LazyQuestion:
        """Order the table."""
        more = tuple(written(col(term) if isinstance(term, str) else term) for term in terms)
        return replace(self, order=self.order + more)

    def limit(self, rows: int) -> LazyQuestion:
        """Keep the first rows of the table."""
        return replace(self, rows=rows)

    def price(self, **terms: Term) -> Price:
        """Return what it would cost, as `Session.price`."""
        return self.session.price(self.sql, parameters=None, dialect=None, **terms)

    def ask(self, **terms: Term) -> Release:
        """Ask it, as `Session.ask`."""
        return self.session.ask(self.sql, parameters=None, dialect=None, **terms)
