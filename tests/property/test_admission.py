"""DuckDB admits what the rules of `stillroom.admission` say, row by row."""

from __future__ import annotations

import csv
import datetime
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stillroom.adapters.duckdb.admission import admit, admit_file
from stillroom.adapters.sources import place_of
from stillroom.admission import cells
from stillroom.admission.identifiers import canonical
from stillroom.admission.rows import admit_rows
from stillroom.model.contract import CanonicalRule, Person, PrivateDataset
from stillroom.model.schema import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.adapters.admitted import Admitted
    from stillroom.admission.rows import Row

SALT = bytes(range(32))

COLUMNS = {
    "amount": Column(type=Kind.DECIMAL, step=0.25, bounds=(-10, 1000)),
    "cents": Column(type=Kind.DECIMAL, step=0.01),
    "coarse": Column(type=Kind.INTEGER, step=50, bounds=(-1000, 100_000)),
    "tiny": Column(type=Kind.DECIMAL, step=1e-9, bounds=(0, 1)),
    "items": Column(type=Kind.INTEGER, bounds=(0, 7), required=True),
    "code": Column(type=Kind.INTEGER, values=(1, 2, 9), other=9),
    "grade": Column(type=Kind.TEXT, values=("b", "a", "it's", "ü")),
    "region": Column(type=Kind.TEXT, values=("north", "else"), other="else"),
    "note": Column(type=Kind.TEXT, max_length=4),
    "flag": Column(type=Kind.BOOLEAN),
    "yes": Column(type=Kind.BOOLEAN, values=(True,)),
    "day": Column(type=Kind.DATE, bounds=("2020-01-01", "2024-12-31")),
    "any_day": Column(type=Kind.DATE),
    "second": Column(type=Kind.TIMESTAMP, bounds=("2020-01-01", "2024-12-31 12:00:00")),
    "any_second": Column(type=Kind.TIMESTAMP),
}


def dataset(rules: Sequence[CanonicalRule], rows_per_person: int = 2) -> PrivateDataset:
    person = Person(column="id", canonical=tuple(rules), placeholders=("na", "n/a"))
    return PrivateDataset(owner="owner", person=person, rows_per_person=rows_per_person, columns=COLUMNS)


TRIM, NFKC, FOLD = CanonicalRule.TRIM, CanonicalRule.NFKC, CanonicalRule.CASEFOLD
ALNUM, ZEROS = CanonicalRule.ALPHANUMERIC, CanonicalRule.STRIP_ZEROS
ALL_RULES = (TRIM, NFKC, FOLD, ZEROS)

rules = st.lists(st.sampled_from(CanonicalRule), unique=True).map(tuple)
anything = st.text(st.characters(codec="utf-8"), max_size=6)
known_identifiers = ["1", "01", " 1", "1 ", "a", "A", "\uff41", "ß", "SS", "N/A", "na", "", " ", "0", "0 0", "-", "é", "e\u0301", "\u0130"]
identifiers = st.one_of(st.sampled_from(known_identifiers), anything, st.text(" 0aA-\t\u00a0é", max_size=4))

known_numbers = [
    "",
    " 1 ",
    "  -2.5  ",
    "\t1.5 ",
    "+.5",
    "5.",
    "-.125",
    "0.125",
    "0.005",
    "-0.015",
    "1e3",
    "1E-2",
    "25",
    "-25",
    "75",
    "74.999999",
]
wild_numbers = [
    "12345678901234567890",
    "-999999999999.9999999",
    "1e999999999",
    "-1e999999999",
    "1e9999999999",
    "1e-999999999",
    "9" * 500,
    "0." + "9" * 60,
]
no_numbers = ["NaN", "inf", "-Infinity", "1,5", "0x10", "1_000", "\u0661", "--1", "e5", ".", "1\x00"]
numbers = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.integers(-500, 500).map(str),
    st.decimals(-1000, 1000, places=3, allow_nan=False).map(str),
    st.floats().map(repr),
    st.sampled_from([*known_numbers, *wild_numbers, *no_numbers]),
)
truths = st.sampled_from(["true", "FALSE", " Yes", "no", "1", "0", "T", "n", "", "ja", "\u017f", "\u212a", "2", "yes\u00a0"])
texts = st.one_of(st.sampled_from(["a", "b", "it's", "ü", "north", "North", "", " a", "else"]), anything)
known_dates = ["2024-02-29 ", "0001-01-01", "9999-12-31", "2024-01-01T10:00:00Z", "2024-01-01 10:00"]
no_dates = ["2023-02-29", "0000-01-01", "20240101", "2024-1-1", "2024-W01-1", "2024-01-01x", "x"]
dates = st.one_of(
    st.dates().map(str),
    st.dates(datetime.date(2019, 1, 1), datetime.date(2025, 12, 31)).map(str),
    st.sampled_from([*known_dates, *no_dates]),
)
AROUND_1970 = (datetime.datetime(1969, 12, 31), datetime.datetime(1970, 1, 2))  # noqa: DTZ001  timestamps have no time zone
NANOSECONDS = (datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1))  # noqa: DTZ001  what 64 bits of nanoseconds hold
known_seconds = ["2024-02-29 23:59:59 ", "2024-02-29T23:59:59.9999999Z", "2024-02-29 12:00", "0001-01-01 00:00:00", "9999-12-31T23:59:59.9"]
no_seconds = [
    "2024-02-29 24:00:00",
    "2024-02-29 23:60:00",
    "2024-02-29 1:00:00",
    "2024-02-29 23:59:59 UTC",
    "2024-02-30 00:00:00",
    "12:00:00",
]
offsets = st.sampled_from(["", "Z", "+00:00", "+02", "-1130", "+23:59", "-24:00", "+2"])
seconds = st.one_of(
    st.tuples(st.datetimes().map(str), offsets).map("".join),
    st.tuples(st.datetimes(*AROUND_1970).map(str), offsets).map("".join),
    st.sampled_from([*known_seconds, *no_seconds]),
    dates,
)


def cells_for(name: str) -> st.SearchStrategy[str]:
    """Messy text for a column: mostly of its kind, sometimes of any."""
    kinds = {
        Kind.TEXT: texts,
        Kind.BOOLEAN: truths,
        Kind.DATE: dates,
        Kind.TIMESTAMP: seconds,
        Kind.INTEGER: numbers,
        Kind.DECIMAL: numbers,
    }
    return st.one_of(kinds[COLUMNS[name].type], st.one_of(*kinds.values()))


rows_of_text = st.fixed_dictionaries({"id": identifiers, **{name: cells_for(name) for name in COLUMNS}})


def by_person(admitted: Admitted) -> dict[str, list[Row]]:
    """Return each person's rows, as the reference does, each person's sorted."""
    persons = admitted.persons.to_pylist()
    found: dict[str, list[Row]] = {person: [] for person in persons}
    for row in admitted.rows.to_pylist():
        found[persons[row.pop("person")]].append(tuple(row[name] for name in sorted(COLUMNS)))
    return {person: ordered(rows) for person, rows in found.items()}


def ordered(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=repr)


def expected(section: PrivateDataset, rows: Sequence[dict[str, Any]]) -> dict[str, list[Row]]:
    return {person: ordered(own) for person, own in admit_rows(section, rows, SALT).items()}


def admit_csv(section: PrivateDataset, rows: Sequence[dict[str, str]]) -> Admitted:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["id", "undeclared", *COLUMNS], lineterminator="\n", quoting=csv.QUOTE_ALL, restval="x")
            writer.writeheader()
            writer.writerows(rows)
        return admit_file(path, section, SALT)


def admit_parquet(section: PrivateDataset, table: pa.Table) -> Admitted:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        pq.write_table(table, path)
        return admit_file(path, section, SALT)


KNOWN = [
    *known_identifiers,
    *known_numbers,
    *wild_numbers,
    *no_numbers,
    *known_dates,
    *no_dates,
    *known_seconds,
    *no_seconds,
    "2024-02-29T03:15-0500",
    "true",
    "FALSE",
    "ye\u017f",
    "it's",
    "north",
]


def test_known_cells_are_admitted_by_the_rules() -> None:
    """Every known value stands in every column once."""
    rows = [{"id": f"p{n}", **dict.fromkeys(COLUMNS, value), "items": "1"} for n, value in enumerate(KNOWN)]
    rows += [{**rows[0], "id": f"q{n}", "items": value} for n, value in enumerate(KNOWN)]
    assert by_person(admit_csv(dataset(()), rows)) == expected(dataset(()), rows)


RULE_SETS = [(), (TRIM,), (NFKC, FOLD), (ZEROS,), (ZEROS, TRIM), (ALNUM,), (FOLD, ALNUM, ZEROS), (TRIM, ALNUM), tuple(CanonicalRule)]


@pytest.mark.parametrize("rules", RULE_SETS)
def test_known_identifiers_are_admitted_by_the_rules(rules: tuple[CanonicalRule, ...]) -> None:
    person = Person(column="id", canonical=rules, placeholders=("na", "1"))
    section = PrivateDataset(owner="owner", person=person, rows_per_person=99, columns={"n": Column(type=Kind.INTEGER)})
    rows = [{"id": value, "n": str(n)} for n, value in enumerate([*KNOWN, *(f"{space}{value}" for space in " 0\u2003" for value in KNOWN)])]
    admitted = admit_parquet(section, pa.Table.from_pylist(rows))
    persons = admitted.persons.to_pylist()
    found = [(persons[row["person"]], row["n"]) for row in admitted.rows.to_pylist()]
    assert found == [
        (person, n) for person, own in admit_rows(section, rows, SALT).items() for (n,) in sorted(own, key=lambda row: int(row[0] or 0))
    ]


TWINS = ("person-a02004A0A", "054000-ap9s4zdBu")
"""Identifiers of one hash: DuckDB's hash is public, and multiplies eight bytes at a time."""


@pytest.mark.parametrize("placeholders", [(), TWINS[:1], TWINS[1:]])
def test_identifiers_of_one_hash_stay_apart(placeholders: tuple[str, ...]) -> None:
    with duckdb.connect() as connection:
        assert connection.execute("SELECT hash($1) = hash($2)", TWINS).fetchall() == [(True,)]
    person = Person(column="id", placeholders=placeholders)
    section = PrivateDataset(owner="owner", person=person, rows_per_person=9, columns=COLUMNS)
    empty: dict[str, str] = dict.fromkeys(COLUMNS, "")
    rows = [{**empty, "id": name, "items": str(n)} for n, name in enumerate([*TWINS, "another", *TWINS, *TWINS])]
    assert by_person(admit_csv(section, rows)) == expected(section, rows)


@settings(max_examples=15)
@given(rules=rules, rows=st.lists(rows_of_text, min_size=1, max_size=25), limit=st.integers(1, 3))
def test_csv_is_admitted_by_the_rules(rules: tuple[CanonicalRule, ...], rows: list[dict[str, str]], limit: int) -> None:
    section = dataset(rules, limit)
    assert by_person(admit_csv(section, rows)) == expected(section, rows)


@settings(max_examples=6)
@given(rows=st.lists(rows_of_text, min_size=1, max_size=25))
def test_parquet_of_text_is_admitted_as_csv_is(rows: list[dict[str, str]]) -> None:
    section = dataset(ALL_RULES)
    table = pa.Table.from_pylist([{**row, "note": row["note"] or None} for row in rows])
    assert admit_parquet(section, table).rows.equals(admit_csv(section, rows).rows)


def test_a_parquet_column_without_a_type_holds_nothing_of_any_type() -> None:
    """Who writes a table from Python whose column has no value at all gets a column of the type null."""
    section = dataset(ALL_RULES)
    rows = [{"id": "1", **dict.fromkeys(COLUMNS, "")}]
    table = pa.Table.from_pylist([{name: value or None for name, value in rows[0].items()}])
    assert pa.types.is_null(table.schema.field("note").type)
    assert admit_parquet(section, table).rows.equals(admit_csv(section, rows).rows)


typed_rows = st.fixed_dictionaries(
    {
        "id": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5)),
        "amount": st.one_of(st.none(), st.floats(), st.floats(-1100, 1100), st.integers(-5000, 5000).map(lambda n: n / 8)),
        "cents": st.one_of(st.none(), st.decimals(-(10**9), 10**9, places=4, allow_nan=False)),
        "coarse": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-200, 200)),
        "tiny": st.one_of(st.none(), st.floats(0, 1)),
        "items": st.one_of(st.none(), st.integers(-2, 9)),
        "code": st.one_of(st.none(), st.integers(0, 10)),
        "grade": st.one_of(st.none(), texts),
        "region": st.one_of(st.none(), texts),
        "note": st.one_of(st.none(), st.integers(-100, 100_000)),
        "flag": st.one_of(st.none(), st.booleans()),
        "yes": st.one_of(st.none(), st.integers(-1, 2)),
        "day": st.one_of(st.none(), st.dates()),
        "any_day": st.one_of(st.none(), st.datetimes()),
        "second": st.one_of(
            st.none(), st.datetimes(timezones=st.just(datetime.UTC)), st.datetimes(*AROUND_1970, timezones=st.just(datetime.UTC))
        ),
        "any_second": st.one_of(st.none(), st.datetimes(*NANOSECONDS), st.datetimes(*AROUND_1970)),
    },
)

ARROW_TYPES = {
    "id": pa.int64(),
    "amount": pa.float64(),
    "cents": pa.decimal128(20, 4),
    "coarse": pa.int64(),
    "tiny": pa.float64(),
    "items": pa.int8(),
    "code": pa.uint16(),
    "grade": pa.dictionary(pa.int32(), pa.string()),
    "region": pa.large_string(),
    "note": pa.int32(),
    "flag": pa.bool_(),
    "yes": pa.int64(),
    "day": pa.date32(),
    "any_day": pa.timestamp("us"),
    "second": pa.timestamp("us", "UTC"),
    "any_second": pa.timestamp("ns"),
}


@settings(max_examples=15)
@given(rows=st.lists(typed_rows, min_size=1, max_size=25))
def test_typed_parquet_is_admitted_by_the_rules(rows: list[dict[str, Any]]) -> None:
    section = dataset(ALL_RULES)
    table = pa.Table.from_pylist(rows, pa.schema(ARROW_TYPES))
    assert by_person(admit_parquet(section, table)) == expected(section, table.to_pylist())


def test_nanoseconds_are_cut_off_and_not_rounded() -> None:
    """The last of a day is of that day, and the last before 1970 is before."""
    last, before = 1_704_153_599_999_999_999, -1
    section = PrivateDataset(
        owner="owner",
        person=Person(column="id"),
        rows_per_person=1,
        columns={"at": Column(type=Kind.TIMESTAMP), "day": Column(type=Kind.DATE)},
    )
    moments = pa.array([last, before, None], pa.timestamp("ns"))
    rows = admit_parquet(section, pa.table({"id": ["a", "b", "c"], "at": moments, "day": moments})).rows.to_pylist()
    assert [(row["at"], row["day"]) for row in rows] == [(1_704_153_599, 19_723), (-1, -1), (None, None)]


@settings(max_examples=10)
@given(rows=st.lists(typed_rows, min_size=1, max_size=25), files=st.integers(1, 3))
def test_a_run_admits_attached_parquet_by_the_rules(rows: list[dict[str, Any]], files: int) -> None:
    section = dataset(ALL_RULES)
    table = pa.Table.from_pylist(rows, pa.schema(ARROW_TYPES))
    with tempfile.TemporaryDirectory() as folder:
        for n in range(files):
            pq.write_table(table.take(pa.array(range(n, table.num_rows, files), pa.int64())), Path(folder) / f"{n}.parquet")
        attached = admit(place_of(folder), section, SALT, attached=True, at_run=True)
    assert by_person(attached) == expected(section, table.to_pylist())
    assert attached.rows.equals(admit_parquet(section, table).rows)


@pytest.mark.parametrize(
    "value", [0.125, -0.125, 2.675, 1.005, -1.115, 0.1 + 0.2, 0.285, 1e-320, 1e300, 4_999_999.995, math.nextafter(0.005, 0)]
)
@pytest.mark.parametrize("step", [0.01, 0.25, 3])
def test_doubles_near_a_half_round_as_their_shortest_decimal(value: float, step: float) -> None:
    price = Column(type=Kind.DECIMAL, step=step)
    section = PrivateDataset(owner="owner", person=Person(column="id"), rows_per_person=1, columns={"price": price})
    admitted = admit_parquet(section, pa.table({"id": [1], "price": [value]}))
    assert admitted.rows.column("price").to_pylist() == [cells.admit(value, price)[0]]


@settings(max_examples=5)
@given(rows=st.lists(rows_of_text, min_size=1, max_size=20), data=st.data())
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, str]], data: st.DataObject) -> None:
    section = dataset(ALL_RULES)
    shuffled = data.draw(st.permutations(rows))
    before, after = admit_csv(section, rows), admit_csv(section, shuffled)
    assert after.rows.equals(before.rows)
    assert after.persons.equals(before.persons)
    assert after.report == before.report


@settings(max_examples=5)
@given(rows=st.lists(rows_of_text, min_size=1, max_size=20), others=st.lists(rows_of_text, min_size=1, max_size=5))
def test_other_persons_change_nothing(rows: list[dict[str, str]], others: list[dict[str, str]]) -> None:
    section = dataset(ALL_RULES)
    added = [{**row, "id": f"other {i % 2}"} for i, row in enumerate(others)]
    before, after = by_person(admit_csv(section, rows)), by_person(admit_csv(section, added + rows))
    assert {person: own for person, own in after.items() if not person.startswith("other")} == {
        person: own for person, own in before.items() if not person.startswith("other")
    }


@settings(max_examples=500)
@given(rules=rules, identifier=st.one_of(identifiers, st.text(st.characters(codec="utf-8"), max_size=12)))
@example(rules=(CanonicalRule.STRIP_ZEROS, CanonicalRule.TRIM), identifier=" 0 07")
@example(rules=(CanonicalRule.CASEFOLD, CanonicalRule.NFKC), identifier="\u0345")
@example(rules=(CanonicalRule.NFKC,), identifier="ﷺ" * 999)
def test_a_canonical_identifier_is_its_own_canonical_spelling(rules: tuple[CanonicalRule, ...], identifier: str) -> None:
    person = Person(column="id", canonical=rules, placeholders=("na",))
    once = canonical(identifier, person)
    assert once is None or canonical(once, person) == once


@given(name=st.sampled_from(sorted(COLUMNS)), data=st.data())
def test_what_is_admitted_is_what_the_contract_says(name: str, data: st.DataObject) -> None:
    from stillroom.model.schema import column_type

    value, _ = cells.admit(data.draw(cells_for(name)), COLUMNS[name])
    type_ = column_type(COLUMNS[name])
    assert value is not None or type_.nullable or COLUMNS[name].required
    if value is not None:
        assert type_.values is None or value in type_.values
        if type_.kind not in {Kind.TEXT, Kind.BOOLEAN} and type_.values is None:
            assert isinstance(value, int)
            assert value % type_.step == 0
            assert type_.low is None or type_.low <= value
            assert type_.high is None or value <= type_.high
