"""A question of the lazy builder: what is measured of groups, everything that can be said of the table after the noise, and the asking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, get_args

from stillroom.client.expressions.order import terms
from stillroom.client.expressions.piece import column, known, no_position, quoted, whole, written
from stillroom.client.expressions.scalars import listed
from stillroom.client.expressions.windows import looks_around, of_each_row, of_table, without_windows
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from stillroom.client.expressions.order import Term as OrderTerm
    from stillroom.client.expressions.piece import Piece, Value
    from stillroom.client.parameters import Values
    from stillroom.client.result import Release
    from stillroom.model.contract import Contract
    from stillroom.model.price import Price
    from stillroom.model.question import Term

Totals: TypeAlias = Literal["none", "rollup", "cube"]

Names: TypeAlias = "str | Sequence[str]"
"""A name, or several as a list."""

Named: TypeAlias = tuple[tuple[str, str], ...]
"""Names, each with the text that it stands for."""


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
class Groups:
    """Rows in groups.

    Attributes:
        session: Where a question would be asked.
        source: The rows, from FROM on.
        keys: What they are grouped by.
        totals: What stands after GROUP BY.
    """

    session: Asker
    source: str
    keys: Named
    totals: str

    @staticmethod
    def of(session: Asker, source: str, keys: Named, totals: Totals | Sequence[tuple[str, ...]] = "none") -> Groups:
        """Group rows.

        Args:
            session: Where a question would be asked.
            source: The rows, from FROM on.
            keys: Names and expressions.
            totals: Which totals are added, or the sets of names that are grouped by.

        Raises:
            InvalidInput: There are no such totals, or there is no set, or a name in it is none of the keys.
        """
        every = ", ".join(no_position(sql) for _, sql in keys)
        if isinstance(totals, str):
            form = {"none": "{}", "rollup": "ROLLUP ({})", "cube": "CUBE ({})"}[known(totals, get_args(Totals))]
            return Groups(session, source, keys, form.replace("{}", every))
        if not totals or any(isinstance(names, str) for names in totals):
            fix = 'Write totals=[("gender", "region"), ("gender",), ()].'
            raise InvalidInput(Code.SQL_INVALID, "Grouping sets are a list of tuples of names, not empty.", fix)
        sets = [", ".join(no_position(_named(name, dict(keys))) for name in names) for names in totals]
        return Groups(session, source, keys, f"GROUPING SETS ({', '.join(f'({one})' for one in sets)})")

    def agg(self, **aggregates: Piece) -> LazyQuestion:
        """Return the question that measures each group.

        Raises:
            InvalidInput: Nothing is measured, or something that is no expression, or a name stands for two things.
        """
        if not aggregates:
            raise InvalidInput(Code.NOT_AGGREGATED, "Nothing is measured.", "Name what is, as in agg(n=count()).")
        columns = together(dict(self.keys), {name: of_table(written(value)) for name, value in aggregates.items()})
        return LazyQuestion(self.session, tuple(columns.items()), f"{self.source}{f' GROUP BY {self.totals}' if self.keys else ''}")


@dataclass(frozen=True)
class LazyQuestion:
    """A question that has not been asked yet. It has the same plan as its `sql`, and so the same answer.

    Whatever is said of its table happens after the noise, and is free. Each method returns a new question and changes none.

    Attributes:
        session: Where it would be asked.
        columns: The columns of its table, by name.
        source: What stands after them, up to GROUP BY.
        around: Whether it is made of a table, and not of groups of rows.
        conditions: What rows of the table must fulfil.
        windows: What they must fulfil beside other rows.
        order: The order of rows.
        rows: The most rows.
        offset: How many rows are left out before these.
    """

    session: Asker
    columns: Named
    source: str
    around: bool = False
    conditions: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    rows: int | None = None
    offset: int = 0

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            InvalidInput: One cannot be written.
        """
        for name, _ in self.columns:
            quoted(name)

    @property
    def sql(self) -> str:
        """The question as SQL."""
        return self._table + self._end

    @property
    def _table(self) -> str:
        """The question without the order of its rows."""
        columns = ", ".join(text if text == quoted(name) else f"{text} AS {quoted(name)}" for name, text in self.columns)
        tests = f" {'WHERE' if self.around else 'HAVING'} {' AND '.join(self.conditions)}" if self.conditions else ""
        qualify = f" QUALIFY {' AND '.join(self.windows)}" if self.windows else ""
        return f"SELECT {columns} {self.source}{tests}{qualify}"

    @property
    def _end(self) -> str:
        order = f" ORDER BY {', '.join(self.order)}" if self.order else ""
        limit = "" if self.rows is None else f" LIMIT {self.rows}"
        return f"{order}{limit}{f' OFFSET {self.offset}' if self.offset else ''}"

    def _as_table(self) -> LazyQuestion:
        """Return the same table as one that a SELECT stands around, so that names mean its columns.

        Raises:
            InvalidInput: Its rows have an order already, or are limited.
        """
        self._check_open("is said of a table")
        if self.around and not self.windows and all(text == quoted(name) for name, text in self.columns):
            return self
        columns = tuple((name, quoted(name)) for name, _ in self.columns)
        return LazyQuestion(self.session, columns, f'FROM ({self._table}) AS "results"', around=True)

    def _check_open(self, what: str) -> None:
        """Refuse what would come after an order or a limit."""
        if self._end:
            raise InvalidInput(Code.SQL_INVALID, f"Nothing more {what} that is ordered or limited.", "Order and limit it at the end.")

    def with_columns(self, **columns: Value) -> LazyQuestion:
        """Add columns made of those of the table, or put them in the place of these; windows look at all of its rows."""
        table = self._as_table()
        return replace(table, columns=tuple({**dict(table.columns), **_computed(columns)}.items()))

    def select(self, *names: Names, **columns: Value) -> LazyQuestion:
        """Take these columns and no others. What nothing is made of any more is neither measured nor charged.

        Raises:
            InvalidInput: There is no column of that name, or none is taken.
        """
        table = self._as_table()
        taken = together({name: _named(name, dict(table.columns)) for name in listed(names)}, _computed(columns))
        if not taken:
            raise InvalidInput(Code.SQL_INVALID, "No column is selected.", "Name the columns to take.")
        return replace(table, columns=tuple(taken.items()))

    def drop(self, *names: Names) -> LazyQuestion:
        """Leave columns out."""
        dropped = checked(listed(names), dict(self.columns))
        return self.select(*(name for name, _ in self.columns if name not in dropped))

    def rename(self, names: Mapping[str, str]) -> LazyQuestion:
        """Give columns other names."""
        table = self._as_table()
        renamed = renamings(names, dict(table.columns))
        return replace(table, columns=tuple((renamed[name], text) for name, text in table.columns))

    def filter(self, *conditions: Piece | Sequence[Piece]) -> LazyQuestion:
        """Keep the rows of the table for which all conditions over its columns hold, by noisy values."""
        table = self._as_table()
        tests = tuple(f"({of_table(written(condition))})" for condition in listed(conditions))
        if any(looks_around(written(condition)) for condition in listed(conditions)):
            return replace(table, windows=tests)
        return replace(table, conditions=(*table.conditions, *tests))

    def having(self, *conditions: Piece | Sequence[Piece]) -> LazyQuestion:
        """Keep the groups for which all conditions over keys and aggregates hold, by noisy values; without groups, it is `filter`."""
        if self.around:
            return self.filter(*conditions)
        self._check_open("is said of a table")
        tests = tuple(f"({without_windows(written(condition), 'having')})" for condition in listed(conditions))
        return replace(self, conditions=(*self.conditions, *tests))

    def group_by(self, *keys: Names, **named: Piece) -> Groups:
        """Group the rows of the table once more; `agg` then takes counts, sums, averages, least and greatest values of its columns."""
        table = self._as_table()
        columns = dict(table.columns)
        computed = {name: without_windows(written(one), "a key") for name, one in named.items()}
        every = together({key: _named(key, columns) for key in listed(keys)}, computed)
        where = f" WHERE {' AND '.join(table.conditions)}" if table.conditions else ""
        return Groups.of(self.session, f"{table.source}{where}", tuple(every.items()))

    def agg(self, **aggregates: Piece) -> LazyQuestion:
        """Make one row of the table."""
        return self.group_by().agg(**aggregates)

    def order_by(self, *by: OrderTerm | Sequence[OrderTerm], descending: bool | Sequence[bool] = False) -> LazyQuestion:
        """Order the table: by columns by name, or by expressions, over keys and aggregates too. Further terms come after those before."""
        if self.rows is not None or self.offset:
            self._check_open("orders a table")
        names = [name for name, _ in self.columns]
        found = terms(by, descending=descending, name=lambda name: quoted(name) if name in names else column(name))
        return replace(self, order=(*self.order, *map(of_table, found)))

    def sort(self, *by: OrderTerm | Sequence[OrderTerm], descending: bool | Sequence[bool] = False) -> LazyQuestion:
        """Order the table by its columns, or by expressions over them."""
        return self._as_table().order_by(*by, descending=descending)

    def limit(self, rows: int, offset: int = 0) -> LazyQuestion:
        """Keep the first rows of the table, or those behind some others."""
        self._check_unlimited()
        return replace(self, rows=whole(rows, "The number of rows"), offset=whole(offset, "The number of rows before"))

    def head(self, rows: int = 5) -> LazyQuestion:
        """Keep the first rows of the table."""
        return self.limit(rows)

    def _check_unlimited(self) -> None:
        if self.rows is not None:
            raise InvalidInput(Code.SQL_INVALID, "The table has a limit already.", "Limit it once.")

    def price(self, *, parameters: Values | None = None, **terms: Term) -> Price:
        """Return what it would cost, as `Session.price`."""
        return self.session.price(self.sql, parameters=parameters, dialect=None, **terms)

    def ask(self, *, parameters: Values | None = None, **terms: Term) -> Release:
        """Ask it, as `Session.ask`."""
        return self.session.ask(self.sql, parameters=parameters, dialect=None, **terms)


def _computed(columns: Mapping[str, Value]) -> dict[str, str]:
    return {name: of_table(of_each_row(value)) for name, value in columns.items()}


def _named(name: str, columns: Mapping[str, str]) -> str:
    """Return what a name stands for."""
    return columns[checked([name], columns)[0]]


def checked(names: Iterable[str], columns: Collection[str]) -> list[str]:
    """Return names that must be there.

    Raises:
        InvalidInput: `COLUMN_UNKNOWN` if one is not; or it is no name.
    """
    found = list(names)
    for name in found:
        column(name)
        if name not in columns:
            raise InvalidInput(Code.COLUMN_UNKNOWN, f"There is no column {name!r} here.", f"There are {', '.join(columns)}.")
    return found


def together(columns: Mapping[str, str], further: Mapping[str, str]) -> dict[str, str]:
    """Return columns and further ones, by name.

    Raises:
        InvalidInput: `COLUMN_AMBIGUOUS` if a name stands for two.
    """
    for name in further:
        if name in columns:
            raise InvalidInput(Code.COLUMN_AMBIGUOUS, f"Two columns are named {name!r}.", "Use a name for each.")
    return {**columns, **further}


def renamings(names: Mapping[str, str], columns: Collection[str]) -> dict[str, str]:
    """Return what every column is called after some have got other names.

    Raises:
        InvalidInput: A column is not there, or two would have one name.
    """
    checked(names, columns)
    renamed = {name: names.get(name, name) for name in columns}
    if len(set(renamed.values())) < len(renamed):
        raise InvalidInput(Code.COLUMN_AMBIGUOUS, "Two columns would have one name.", "Use a name for each.")
    return renamed
