"""The lazy builder: rows of persons, joined, filtered and grouped. Nothing is asked before `price` or `ask`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count as count_from
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from stillroom.client.expressions.aggregates import AGGREGATE
from stillroom.client.expressions.expression import Expression, col
from stillroom.client.expressions.order import terms
from stillroom.client.expressions.piece import known, quoted, whole, written
from stillroom.client.expressions.scalars import listed
from stillroom.client.expressions.windows import looks_around, of_each_row, of_person, without_windows
from stillroom.client.lazy_question import Groups, checked, renamings, together
from stillroom.errors import Code, InvalidInput
from stillroom.model.contract import PrivateDataset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillroom.client.expressions.order import Term
    from stillroom.client.expressions.piece import Piece, Value
    from stillroom.client.lazy_question import Asker, LazyQuestion, Names, Totals
    from stillroom.model.contract import Contract

How: TypeAlias = Literal["inner", "left", "right", "full"]


@dataclass(frozen=True)
class Rows:
    """Rows that each belong to one person.

    Each method returns new rows and changes none. `rows.column` is a column, as `col("column")` is. Windows (`over`) look at the rows of
    each person.

    Attributes:
        session: Where a question would be asked.
        source: What stands after FROM.
        person: The person's column.
        names: The columns that one name is enough for; where two tables have a column of one name, write `col("table.column")`.
        tables: The names of the tables in `source`.
        conditions: What rows must fulfil.
        beside: The names of the tables in `conditions`.
    """

    session: Asker
    source: str
    person: str
    names: tuple[str, ...]
    tables: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

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

    def join(self, other: str | Rows, on: Piece | None = None, *, using: Sequence[str] = (), how: How = "inner") -> Rows:
        """Join other rows of the same persons, or a public table on its key.

        Args:
            other: A dataset by name, or rows. Persons are equated by themselves.
            on: A further condition. For a public table: how its key is found; without it, its key's columns go by their names.
            using: Columns that are equal on both sides, and are one afterwards; of a public table, its key.
            how: Which rows without a match stay: none, those of this side, of the other, or of both.

        Raises:
            InvalidInput: `DATASET_UNKNOWN` if the contract has no such dataset, `COLUMN_UNKNOWN` if a side has no such column.
        """
        if isinstance(using, str):
            raise InvalidInput(Code.SQL_INVALID, "using is a list of names, not one name.", f"Write using=[{using!r}].")
        contract = self.session.contract
        if isinstance(other, str) and other in contract.datasets and not isinstance(contract.datasets[other], PrivateDataset):
            return self._with_public(other, on, using, how)
        right = self._other(other)
        shared = checked(checked(using, self.names), right.names)
        left = _one_table(self) if shared else self
        left = _filtered(left) if how in {"right", "full"} or not set(self.names).isdisjoint(right.names) else left
        right = _named_apart(right, left.tables + left.beside)
        pairs = [(f"{quoted(left.tables[0])}.{quoted(name)}", f"{quoted(right.tables[0])}.{quoted(name)}") for name in shared]
        conditions = [f"{one} = {other}" for one, other in [(left.person, right.person), *pairs]]
        conditions += [] if on is None else [without_windows(written(on), "a join")]
        joined = replace(
            left,
            source=f"{left.source} {_joined(how)} {right.source} ON {' AND '.join(conditions)}",
            person=_either(how, left.person, right.person),
            names=(*(name for name in left.names if name not in right.names), *(name for name in right.names if name not in left.names)),
            tables=left.tables + right.tables,
        )
        if not shared:
            return joined
        merged = {name: _either(how, *pair) for name, pair in zip(shared, pairs, strict=True)}
        return _of(joined, {**merged, **{name: quoted(name) for name in joined.names}})

    def _with_public(self, name: str, on: Piece | None, using: Sequence[str], how: How) -> Rows:
        """Join a public table: its rows belong to nobody, so that there is no person to equate.

        Raises:
            InvalidInput: There are two ways to find its rows.
        """
        declared = self.session.contract.datasets[name]
        if on is not None and using:
            fix = "Equate the key in `on` as well, beside the condition."
            raise InvalidInput(Code.SQL_INVALID, "A public table is joined by `using` or by `on`.", fix)
        keys = using or getattr(declared, "key", ())
        condition = f"USING ({', '.join(map(quoted, keys))})" if on is None else f"ON {without_windows(written(on), 'a join')}"
        return replace(
            self,
            source=f"{self.source} {_joined(how)} {quoted(name)} {condition}",
            names=tuple(dict.fromkeys((*self.names, *declared.columns))),
            tables=(*self.tables, name),
        )

    def _other(self, other: str | Rows) -> Rows:
        """Return the rows of another side.

        Raises:
            InvalidInput: It is none, such as a table of results.
        """
        rows = Rows.of_dataset(self.session, other) if isinstance(other, str) else other
        if not isinstance(rows, Rows):
            reason = f"Rows go together with rows, not with a value of the type {type(rows).__name__}."
            raise InvalidInput(Code.SQL_INVALID, reason, "Name a dataset, or begin with table(…); two releases are joined by Release.join.")
        return rows

    @property
    def where(self) -> str:
        """The WHERE clause, or nothing."""
        return f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""

    def filter(self, *conditions: Piece | Sequence[Piece]) -> Rows:
        """Keep the rows for which all conditions are true; windows in them look at the rows as they are before."""
        tests = tuple(f"({of_person(written(condition), self.person)})" for condition in listed(conditions))
        if any(looks_around(written(condition)) for condition in listed(conditions)):
            return _subquery(self, f"{_selected(self)} QUALIFY {' AND '.join(tests)}", self.names)
        return replace(self, conditions=(*self.conditions, *tests))

    def with_columns(self, **columns: Value) -> Rows:
        """Add computed columns; windows look at the rows of each person."""
        return self.select(*(name for name in self.names if name not in columns), **columns)

    def select(self, *names: Names, **columns: Value) -> Rows:
        """Take these columns, and the person, and no others.

        Raises:
            InvalidInput: `COLUMN_UNKNOWN` if there is no column of that name.
        """
        kept = {name: col(name).sql for name in checked(listed(names), self.names)}
        return _of(self, together(kept, {name: of_person(of_each_row(value), self.person) for name, value in columns.items()}))

    def drop(self, *names: Names) -> Rows:
        """Leave columns out."""
        dropped = checked(listed(names), self.names)
        return self.select(*(name for name in self.names if name not in dropped))

    def rename(self, names: Mapping[str, str]) -> Rows:
        """Give columns other names, as before a join of rows with themselves."""
        return _of(self, {new: col(name).sql for name, new in renamings(names, self.names).items()})

    def unique(self) -> Rows:
        """Keep each of a person's rows once; `select` says before by which columns rows are told apart."""
        return _subquery(self, _selected(self, "SELECT DISTINCT"), self.names)

    def concat(self, *others: str | Rows) -> Rows:
        """Put these rows and others together. All have the same columns; rows that are equal stay apart, unless `unique` follows.

        Raises:
            InvalidInput: `COLUMN_UNKNOWN` if some have other columns.
        """
        further = [self._other(other) for other in others]
        for other in further:
            if set(other.names) != set(self.names):
                fix = f"Select the same columns in each: {', '.join(self.names)}."
                raise InvalidInput(Code.COLUMN_UNKNOWN, f"Rows of {', '.join(other.names)} are put together with others.", fix)
        every = [self, *(replace(other, names=self.names) for other in further)]
        return _subquery(self, " UNION ALL ".join(_selected(rows) for rows in every), self.names)

    def semi_join(self, other: str | Rows, on: Piece | None = None) -> Rows:
        """Keep the rows of persons who have rows in `other`, or such rows as fulfil a condition beside the row.

        Args:
            other: A dataset by name, or rows.
            on: The condition. Where both sides have a column of one name, that name alone means the column of `other`.
        """
        return self._if_among(other, on, "")

    def anti_join(self, other: str | Rows, on: Piece | None = None) -> Rows:
        """Keep the rows of persons who have no rows in `other`, or no such rows as fulfil a condition (see `semi_join`)."""
        return self._if_among(other, on, "NOT ")

    def _if_among(self, other: str | Rows, on: Piece | None, negated: str) -> Rows:
        rows = self._other(other)
        if on is None:
            test = f"{self.person} {negated}IN (SELECT {rows.person} FROM {rows.source}{rows.where})"
            return replace(self, conditions=(*self.conditions, test))
        rows = _named_apart(rows, self.tables + self.beside)
        test = f"{rows.person} = {self.person} AND {without_windows(written(on), 'a join')}"
        test = f"{negated}EXISTS (SELECT 1 FROM {rows.source} WHERE {test})"
        return replace(self, conditions=(*self.conditions, test), beside=self.beside + rows.tables)

    def first_by(self, *order: Term | Sequence[Term], rows: int = 1, descending: bool | Sequence[bool] = False) -> Rows:
        """Keep each person's first row in an order, or so many; ties are broken by all other columns."""
        number = f"ROW_NUMBER() OVER (PARTITION BY {self.person} ORDER BY {', '.join(terms(order, descending=descending))})"
        most = whole(rows, "The number of rows", least=1)
        return _subquery(self, f"{_selected(self)} QUALIFY {number} {'=' if most == 1 else '<='} {most}", self.names)

    def per_person(self, *keys: Names, **totals: Piece) -> Rows:
        """Return one row for each person, or for each person and combination of keys, with totals of the person's rows."""
        columns = {key: col(key).sql for key in listed(keys)}
        groups = ", ".join([self.person, *columns.values()])
        columns = together(columns, {name: without_windows(written(total), "a total") for name, total in totals.items()})
        names = tuple(columns)
        return _subquery(self, f"{_list(self.person, columns)} FROM {self.source}{self.where} GROUP BY {groups}", names)

    def group_by(self, *keys: Names, totals: Totals | Sequence[tuple[str, ...]] = "none", **named: Piece) -> Groups:
        """Group rows by columns, and by expressions under names of their own.

        Args:
            keys: Columns, one by one or in lists.
            totals: Add subtotals from right to left (`rollup`), or over every combination (`cube`); or the sets of names to group by, as
                `[("region", "gender"), ("region",), ()]`.
            named: Expressions.
        """
        computed = {name: without_windows(written(one), "a key") for name, one in named.items()}
        every = together({key: col(key).sql for key in listed(keys)}, computed)
        return Groups.of(self.session, f"FROM {self.source}{self.where}", tuple(every.items()), totals)

    def agg(self, **aggregates: Piece) -> LazyQuestion:
        """Measure all rows together."""
        return self.group_by().agg(**aggregates)

    def persons(self) -> Expression:
        """Count persons, over a group."""
        return Expression(f"COUNT(DISTINCT {self.person})", AGGREGATE)


def _selected(rows: Rows, select: str = "SELECT") -> str:
    """Return the SELECT of rows with their person and their columns."""
    return f"{_list(rows.person, {name: col(name).sql for name in rows.names}, select)} FROM {rows.source}{rows.where}"


def _list(person: str, columns: Mapping[str, str], select: str = "SELECT") -> str:
    """Return a SELECT of the person and of columns, up to FROM."""
    return f"{select} {', '.join([f'{person} AS {_person(columns)}', *(f'{sql} AS {quoted(name)}' for name, sql in columns.items())])}"


def _person(names: Iterable[str]) -> str:
    """Return a name for the person that is none of a column."""
    taken = {name.lower() for name in names}
    return next(name for number in count_from(1) if (name := "person" if number == 1 else f"person_{number}") not in taken)


def _of(rows: Rows, columns: Mapping[str, str]) -> Rows:
    """Return rows with these columns, given as text."""
    return _subquery(rows, f"{_list(rows.person, columns)} FROM {rows.source}{rows.where}", tuple(columns))


def _subquery(rows: Rows, select: str, names: tuple[str, ...], alias: str = "rows") -> Rows:
    """Return the rows of a SELECT that shows their person."""
    return Rows(rows.session, f"({select}) AS {quoted(alias)}", f"{quoted(alias)}.{_person(names)}", names, (alias,))


def _filtered(rows: Rows) -> Rows:
    """Return the same rows, filtered before they are joined: what comes later may bring rows and columns that are not meant."""
    return _subquery(rows, _selected(rows), rows.names, rows.tables[0]) if rows.conditions else rows


def _one_table(rows: Rows) -> Rows:
    """Return the same rows as those of one table."""
    return rows if len(rows.tables) == 1 else _subquery(rows, _selected(rows), rows.names, rows.tables[0])


def _either(how: How, left: str, right: str) -> str:
    """Return what is of one side of a join, or of both."""
    return {"right": right, "full": f"COALESCE({left}, {right})"}.get(how, left)


def _joined(how: How) -> str:
    """Return the words of a join."""
    return f"{known(how, get_args(How)).upper()} JOIN"


def _named_apart(rows: Rows, taken: tuple[str, ...]) -> Rows:
    """Return the same rows as a subquery, unless they are one table whose name is free and that keeps all its rows."""
    if len(rows.tables) == 1 and not rows.conditions and rows.tables[0] not in taken:
        return rows
    number = next(number for number in count_from(2) if f"{rows.tables[0]}_{number}" not in taken)
    return _subquery(rows, _selected(rows), rows.names, f"{rows.tables[0]}_{number}")


def _private(contract: Contract, name: str) -> PrivateDataset:
    declared = contract.datasets.get(name)
    if not isinstance(declared, PrivateDataset):
        there = ", ".join(key for key, one in contract.datasets.items() if isinstance(one, PrivateDataset))
        raise InvalidInput(Code.DATASET_UNKNOWN, f"There is no private dataset {name!r} in the contract.", f"There are {there}.")
    return declared
