"""The lazy builder: rows of persons, joined, filtered and grouped. Nothing is asked before `price` or `ask`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count as count_from
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from stillroom.client.expressions import Expression, Value, col, of, quoted, written
from stillroom.client.lazy_question import LazyQuestion
from stillroom.errors import Code, InvalidInput
from stillroom.model.contract import PrivateDataset

if TYPE_CHECKING:
    from stillroom.client.lazy_question import Asker
    from stillroom.model.contract import Contract

How: TypeAlias = Literal["inner", "left", "right", "full"]
Totals: TypeAlias = Literal["none", "rollup", "cube"]


@dataclass(frozen=True)
class Rows:
    """Rows that each belong to one person.

    Each method returns new rows and changes none. `rows.column` is a column, as `col("column")` is.

    Attributes:
        session: Where a question would be asked.
        source: What stands after FROM.
        person: The person's column.
        names: The columns that one name is enough for; where two tables have a column of one name, write `col("table.column")`.
        tables: The names of the tables in `source`.
        conditions: What rows must fulfil.
    """

    session: Asker
    source: str
    person: str
    names: tuple[str, ...]
    tables: tuple[str, ...]
    conditions: tuple[str, ...] = ()

    @staticmethod
    def of_dataset(session: Asker, name: str) -> Rows:
        """Return the rows of a private dataset.

        Raises:
            InvalidInput: `DATASET_UNKNOWN` if the contract has no private dataset of that name.
        """
        declared = _private(session.contract, name)
        person = f"{quoted(name)}.{quoted(declared.person.column)}"
        return Rows(session, quoted(name), person, tuple(one for one, column in declared.columns.items() if column.uses), (name,))

    def __getattr__(self, name: str) -> Expression:
        """Return a column."""
        if name.startswith("_") or name not in self.names:
            raise AttributeError(f"There is no column {name!r}; there are {', '.join(self.names)}.")
        return col(name)

    def __dir__(self) -> list[str]:
        """List columns beside methods, so that notebooks complete them."""
        return [*super().__dir__(), *self.names]

    def join(self, other: str | Rows, on: Expression | None = None, *, how: How = "inner") -> Rows:
        """Join other rows of the same persons, or a public table on its key.

        Args:
            other: A dataset by name, or rows. Persons are equated by themselves.
            on: A further condition. For a public table: how its key is found; without it, its key's columns go by their names.
            how: Which rows without a match stay: none, those of this side, of the other, or of both.

        Raises:
            InvalidInput: `DATASET_UNKNOWN` if the contract has no such dataset.
        """
        contract = self.session.contract
        if isinstance(other, str) and other in contract.datasets and not isinstance(contract.datasets[other], PrivateDataset):
            return self._with_public(other, on, how)
        right = Rows.of_dataset(self.session, other) if isinstance(other, str) else other
        left = _filtered(self) if how in {"right", "full"} or not set(self.names).isdisjoint(right.names) else self
        right = _named_apart(right, left.tables)
        equal = f"{left.person} = {right.person}"
        condition = equal if on is None else f"{equal} AND {written(on)}"
        person = {"right": right.person, "full": f"COALESCE({left.person}, {right.person})"}.get(how, left.person)
        return replace(
            left,
            source=f"{left.source} {_joined(how)} {right.source} ON {condition}",
            person=person,
            names=(*(name for name in left.names if name not in right.names), *(name for name in right.names if name not in left.names)),
            tables=left.tables + right.tables,
        )

    def _with_public(self, name: str, on: Expression | None, how: How) -> Rows:
        declared = self.session.contract.datasets[name]
        condition = f"USING ({', '.join(map(quoted, getattr(declared, 'key', ())))})" if on is None else f"ON {written(on)}"
        return replace(
            self,
            source=f"{self.source} {_joined(how)} {quoted(name)} {condition}",
            names=tuple(dict.fromkeys((*self.names, *declared.columns))),
            tables=(*self.tables, name),
        )

    @property
    def where(self) -> str:
        """The WHERE clause, or nothing."""
        return f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""

    def filter(self, *conditions: Expression) -> Rows:
        """Keep the rows for which all conditions are true."""
        return replace(self, conditions=(*self.conditions, *(f"({written(condition)})" for condition in conditions)))

    def with_columns(self, **columns: Value) -> Rows:
        """Add computed columns."""
        extra = tuple(f"{of(value).sql} AS {quoted(name)}" for name, value in columns.items())
        kept = replace(self, names=tuple(name for name in self.names if name not in columns))
        return _subquery(kept, _selected(kept, extra), "rows", (*kept.names, *columns))

    def semi_join(self, other: str | Rows) -> Rows:
        """Keep the rows of persons who have rows in `other`."""
        return self._if_among(other, "IN")

    def anti_join(self, other: str | Rows) -> Rows:
        """Keep the rows of persons who have no rows in `other`."""
        return self._if_among(other, "NOT IN")

    def _if_among(self, other: str | Rows, among: str) -> Rows:
        rows = Rows.of_dataset(self.session, other) if isinstance(other, str) else other
        condition = f"{self.person} {among} (SELECT {rows.person} FROM {rows.source}{rows.where})"
        return replace(self, conditions=(*self.conditions, condition))

    def first_by(self, *order: Expression) -> Rows:
        """Keep each person's first row in an order; ties are broken by all other columns."""
        terms = ", ".join(map(written, order))
        number = f"ROW_NUMBER() OVER (PARTITION BY {self.person} ORDER BY {terms})"
        return _subquery(self, f"{_selected(self)} QUALIFY {number} = 1", "firsts", self.names)

    def per_person(self, *keys: str, **totals: Expression) -> Rows:
        """Return one row for each person, or for each person and combination of keys, with totals of the person's rows."""
        named = [f"{self.person} AS person", *(f"{col(key).sql} AS {quoted(key)}" for key in keys)]
        named += [f"{written(total)} AS {quoted(name)}" for name, total in totals.items()]
        groups = ", ".join([self.person, *(col(key).sql for key in keys)])
        select = f"SELECT {', '.join(named)} FROM {self.source}{self.where} GROUP BY {groups}"
        return _subquery(self, select, "totals", (*keys, *totals))

    def group_by(self, *keys: str, totals: Totals = "none", **named: Expression) -> Groups:
        """Group rows by columns, and by expressions under names of their own.

        Args:
            keys: Columns.
            totals: Add subtotals from right to left (`rollup`), or over every combination (`cube`).
            named: Expressions.
        """
        if totals not in get_args(Totals):
            raise _unknown(totals, get_args(Totals))
        every = {key: col(key) for key in keys} | named
        return Groups(self, tuple((name, written(value)) for name, value in every.items()), totals)

    def agg(self, **aggregates: Expression) -> LazyQuestion:
        """Measure all rows together."""
        return Groups(self, (), "none").agg(**aggregates)

    def persons(self) -> Expression:
        """Count persons, over a group."""
        return Expression(f"COUNT(DISTINCT {self.person})")


@dataclass(frozen=True)
class Groups:
    """Rows in groups.

    Attributes:
        rows: The rows.
        keys: Names and expressions.
        totals: Which totals are added.
    """

    rows: Rows
    keys: tuple[tuple[str, str], ...]
    totals: Totals

    def agg(self, **aggregates: Expression) -> LazyQuestion:
        """Return the question that measures each group."""
        columns = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in (*self.keys, *((n, written(a)) for n, a in aggregates.items())))
        keys = ", ".join(sql for _, sql in self.keys)
        grouped = {"none": keys, "rollup": f"ROLLUP ({keys})", "cube": f"CUBE ({keys})"}[self.totals]
        group_by = f" GROUP BY {grouped}" if self.keys else ""
        return LazyQuestion(self.rows.session, f"SELECT {columns} FROM {self.rows.source}{self.rows.where}{group_by}")


def _selected(rows: Rows, extra: tuple[str, ...] = ()) -> str:
    """Return the SELECT of rows with their person and their columns, and further ones."""
    columns = [f"{rows.person} AS person", *(f"{col(name).sql} AS {quoted(name)}" for name in rows.names), *extra]
    return f"SELECT {', '.join(columns)} FROM {rows.source}{rows.where}"


def _subquery(rows: Rows, select: str, alias: str, names: tuple[str, ...]) -> Rows:
    """Return the rows of a SELECT that shows their person as `person`."""
    return Rows(rows.session, f"({select}) AS {quoted(alias)}", f"{quoted(alias)}.person", names, (alias,))


def _filtered(rows: Rows) -> Rows:
    """Return the same rows, filtered before they are joined: what comes later may bring rows and columns that are not meant."""
    return _subquery(rows, _selected(rows), rows.tables[0], rows.names) if rows.conditions else rows


def _joined(how: How) -> str:
    """Return the words of a join."""
    if how not in get_args(How):
        raise _unknown(how, get_args(How))
    return f"{how.upper()} JOIN"


def _unknown(given: str, known: tuple[str, ...]) -> InvalidInput:
    return InvalidInput(Code.SQL_INVALID, f"There is no {given!r} here.", f"There are {', '.join(known)}.")


def _named_apart(rows: Rows, taken: tuple[str, ...]) -> Rows:
    """Return the same rows as a subquery, unless they are one table whose name is free and that keeps all its rows."""
    if len(rows.tables) == 1 and not rows.conditions and rows.tables[0] not in taken:
        return rows
    number = next(number for number in count_from(2) if f"{rows.tables[0]}_{number}" not in taken)
    return _subquery(rows, _selected(rows), f"{rows.tables[0]}_{number}", rows.names)


def _private(contract: Contract, name: str) -> PrivateDataset:
    declared = contract.datasets.get(name)
    if not isinstance(declared, PrivateDataset):
        known = ", ".join(key for key, one in contract.datasets.items() if isinstance(one, PrivateDataset))
        raise InvalidInput(Code.DATASET_UNKNOWN, f"There is no private dataset {name!r} in the contract.", f"There are {known}.")
    return declared
