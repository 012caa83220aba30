"""What each rule of admission makes of a single value."""

from __future__ import annotations

import datetime
import hashlib
from decimal import Decimal

import pytest

from stillroom.admission.cells import Mark, Raw, admit
from stillroom.admission.dates import day
from stillroom.admission.identifiers import IDENTIFIER_LIMIT, canonical
from stillroom.admission.numbers import FARTHEST, units
from stillroom.admission.rows import admit_rows, field, keep, rank
from stillroom.model.contract import CanonicalRule, Person, PrivateDataset
from stillroom.model.schema import Column, Kind, Scalar

TRIM, NFKC, FOLD = CanonicalRule.TRIM, CanonicalRule.NFKC, CanonicalRule.CASEFOLD
ALNUM, ZEROS = CanonicalRule.ALPHANUMERIC, CanonicalRule.STRIP_ZEROS


@pytest.mark.parametrize(
    ("rules", "identifier", "expected"),
    [
        ((), " A ", " A "),
        ((TRIM,), "\u00a0 A\t", "A"),
        ((TRIM,), " \n", None),
        ((NFKC,), "\uff21\ufb01", "Afi"),
        ((NFKC,), "e\u0301", "\u00e9"),
        ((FOLD,), "STRASSE", "strasse"),
        ((FOLD,), "Stra\u00dfe", "strasse"),
        ((ALNUM,), "AB-12/3 \u00e9_\u0663\u00bd", "AB123\u00e9\u0663"),
        ((ZEROS,), "00120", "120"),
        ((ZEROS,), "000", None),
        ((ZEROS, TRIM), " 0 07", "7"),
        ((TRIM, FOLD), " NA ", None),
        ((TRIM,), "NA", "NA"),
        ((), "", None),
        ((TRIM,), "p\udcff", None),
        ((), "x" * IDENTIFIER_LIMIT, "x" * IDENTIFIER_LIMIT),
        ((), "x" * (IDENTIFIER_LIMIT + 1), None),
        ((NFKC,), "\ufdfa" * IDENTIFIER_LIMIT, None),
    ],
)
def test_identifiers_become_canonical(rules: tuple[CanonicalRule, ...], identifier: str, expected: str | None) -> None:
    assert canonical(identifier, Person(column="id", canonical=rules, placeholders=("na",))) == expected


def test_null_names_nobody() -> None:
    assert canonical(None, Person(column="id")) is None


@pytest.mark.parametrize(
    ("value", "digits", "step", "expected"),
    [
        ("12", 0, 1, 12),
        (" +12.50 ", 2, 1, 1250),
        ("-.5", 0, 1, -1),
        ("0.5", 0, 1, 1),
        ("0.4999999999999999999999999999999999", 0, 1, 0),
        ("2.675", 2, 1, 268),
        (1.005, 2, 1, 101),
        (0.1 + 0.2, 1, 1, 3),
        (Decimal("-1.005"), 2, 1, -101),
        (125, 0, 50, 150),
        (-125, 0, 50, -150),
        ("124.999", 0, 50, 100),
        ("0.3", 2, 25, 25),
        ("1e3", 0, 1, 1000),
        ("1E-3", 0, 1, 0),
        ("1e999999999", 0, 1, FARTHEST),
        ("-1e999999999", 0, 1, -FARTHEST),
        ("1e-999999999", 0, 1, 0),
        ("0e999999999", 0, 1, 0),
        ("9" * 300, 0, 1, FARTHEST),
        (2**63, 0, 1, FARTHEST),
        (1e308, 0, 1, FARTHEST),
        (5e-324, 2, 1, 0),
        (0.0, 2, 1, 0),
        (None, 0, 1, None),
        ("", 0, 1, None),
        ("NaN", 0, 1, None),
        (float("nan"), 0, 1, None),
        (float("inf"), 0, 1, None),
        ("-inf", 0, 1, None),
        ("1e9999999999", 0, 1, None),
        ("9" * 500, 0, 1, None),
        ("1,5", 0, 1, None),
        ("1_000", 0, 1, None),
        ("0x1f", 0, 1, None),
        ("\u0661", 0, 1, None),
        ("1 2", 0, 1, None),
        ("--1", 0, 1, None),
        (".", 0, 1, None),
    ],
)
def test_numbers_are_rounded_once_half_away_from_zero(value: str | float | None, digits: int, step: int, expected: int | None) -> None:
    assert units(value, digits, step) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01", 0),
        (" 1969-12-31 ", -1),
        ("2024-02-29T23:59:59+14:00", 19782),
        ("2024-02-29 01:00:00.5Z", 19782),
        (datetime.date(2024, 2, 29), 19782),
        (datetime.datetime(2024, 2, 29, 23, 59), 19782),  # noqa: DTZ001  as files without time zones hold it
        (datetime.datetime(2024, 2, 29, 23, 59, tzinfo=datetime.timezone(datetime.timedelta(hours=-2))), 19783),
        ("2023-02-29", None),
        ("0000-01-01", None),
        ("20240229", None),
        ("2024-2-9", None),
        ("2024-W09-4", None),
        ("2024-02-29x", None),
        ("29.02.2024", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_days(value: str | datetime.date | None, expected: int | None) -> None:
    assert day(value) == expected


AGE = Column(type=Kind.INTEGER, bounds=(18, 99))
PRICE = Column(type=Kind.DECIMAL, step=0.5, bounds=(0, 10))
CODE = Column(type=Kind.INTEGER, values=(1, 2, 9), other=9)
SEX = Column(type=Kind.TEXT, values=("f", "m"))
REGION = Column(type=Kind.TEXT, values=("north", "other"), other="other")
NOTE = Column(type=Kind.TEXT, max_length=3)
FLAG = Column(type=Kind.BOOLEAN)
ONLY = Column(type=Kind.BOOLEAN, values=(True,))
BORN = Column(type=Kind.DATE, bounds=("1900-01-01", "2020-12-31"))
SEEN = Column(type=Kind.TIMESTAMP, bounds=("2024-01-01", "2024-12-31 23:59:59"))


@pytest.mark.parametrize(
    ("column", "raw", "value", "mark"),
    [
        (AGE, "40", 40, Mark.NOTHING),
        (AGE, "17", 18, Mark.CLAMPED),
        (AGE, "1e99", 99, Mark.CLAMPED),
        (AGE, "forty", None, Mark.UNUSABLE),
        (AGE, "", None, Mark.NOTHING),
        (AGE, None, None, Mark.NOTHING),
        (PRICE, 9.75, 100, Mark.NOTHING),
        (PRICE, "-0.2", 0, Mark.NOTHING),
        (PRICE, "-0.25", 0, Mark.CLAMPED),
        (Column(type=Kind.DECIMAL, step=0.01), "1e30", 2**53 - 1, Mark.CLAMPED),
        (Column(type=Kind.INTEGER, step=10), "-1e30", -(2**53 - 1) // 10 * 10 + 10, Mark.CLAMPED),
        (CODE, "2", 2, Mark.NOTHING),
        (CODE, "3", 9, Mark.UNUSABLE),
        (CODE, None, 9, Mark.NOTHING),
        (SEX, "f", "f", Mark.NOTHING),
        (SEX, "F", None, Mark.UNUSABLE),
        (REGION, "south", "other", Mark.UNUSABLE),
        (REGION, "", "other", Mark.NOTHING),
        (NOTE, "\U0001f926\U0001f3fca", "\U0001f926\U0001f3fca", Mark.NOTHING),
        (NOTE, "abcd", None, Mark.UNUSABLE),
        (NOTE, 123, "123", Mark.NOTHING),
        (FLAG, " YES", True, Mark.NOTHING),
        (FLAG, "f", False, Mark.NOTHING),
        (FLAG, 0, False, Mark.NOTHING),
        (FLAG, 2, None, Mark.UNUSABLE),
        (FLAG, "ye\u017f", None, Mark.UNUSABLE),
        (ONLY, "no", None, Mark.UNUSABLE),
        (BORN, "1899-12-31", -25567, Mark.CLAMPED),
        (BORN, "2020-12-31", 18627, Mark.NOTHING),
        (Column(type=Kind.DATE), "9999-12-31", 2932896, Mark.NOTHING),
        (SEEN, "2024-02-29 08:15:00", 1709194500, Mark.NOTHING),
        (SEEN, " 2024-02-29T09:15:00.999999+01:00 ", 1709194500, Mark.NOTHING),
        (SEEN, "2024-02-29T03:15-0500", 1709194500, Mark.NOTHING),
        (SEEN, "2024-02-29", 1709164800, Mark.NOTHING),
        (SEEN, "2023-12-31 23:59:59", 1704067200, Mark.CLAMPED),
        (SEEN, "2025-01-01 00:00", 1735689599, Mark.CLAMPED),
        (SEEN, "2024-02-30 08:15:00", None, Mark.UNUSABLE),
        (SEEN, "2024-02-29 24:00:00", None, Mark.UNUSABLE),
        (SEEN, "2024-02-29 08:15:60", None, Mark.UNUSABLE),
        (SEEN, "2024-02-29 8:15", None, Mark.UNUSABLE),
        (SEEN, "08:15:00", None, Mark.UNUSABLE),
        (SEEN, "", None, Mark.NOTHING),
        (SEEN, datetime.date(2024, 2, 29), 1709164800, Mark.NOTHING),
        (SEEN, datetime.datetime(2024, 2, 29, 8, 15, 0, 999_999), 1709194500, Mark.NOTHING),  # noqa: DTZ001 - as files have it
        (SEEN, datetime.datetime(2024, 2, 29, 8, 15, tzinfo=datetime.timezone(datetime.timedelta(hours=-1))), 1709198100, Mark.NOTHING),
        (Column(type=Kind.TIMESTAMP), datetime.datetime(1969, 12, 31, 23, 59, 59, 1), -1, Mark.NOTHING),  # noqa: DTZ001 - as above
        (Column(type=Kind.TIMESTAMP), "0001-01-01T00:30:00+01:00", None, Mark.UNUSABLE),
        (Column(type=Kind.TIMESTAMP), "9999-12-31 23:59:59.9", 253402300799, Mark.NOTHING),
    ],
)
def test_a_cell_becomes_what_its_column_says(column: Column, raw: Raw, value: Scalar, mark: Mark) -> None:
    found = admit(raw, column)
    assert found == (value, mark)
    assert type(found[0]) is type(value)


SALT = b"\x01" * 32


def test_the_keyed_hash_is_what_its_definition_says() -> None:
    text = "stillroom/row/v1:" + "01" * 32 + "3:\u00e91" + "-" + "4:true" + "2:-7" + "1:a" + "1:2"
    assert rank("\u00e91", (None, True, -7, "a"), 2, SALT) == hashlib.sha256(text.encode()).hexdigest()


def test_no_two_rows_are_written_alike() -> None:
    assert field("") + field("a") != field("a") + field("")
    assert len({field(None), field("-"), field(""), field("1:-")}) == 4


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7])
def test_a_person_keeps_exactly_as_many_rows_as_the_limit_says(limit: int) -> None:
    rows: list[tuple[Scalar, ...]] = [(1, "a")] * 3 + [(2, "b"), (3, None), (4, "d")]
    assert len(keep("p", rows, limit, SALT)) == min(limit, 6)
    assert set(keep("p", rows, limit, SALT)) >= set(keep("p", rows, limit - 1, SALT) if limit > 1 else [])


def test_which_rows_are_kept_depends_on_the_key_and_on_the_person() -> None:
    rows: list[tuple[Scalar, ...]] = [(n,) for n in range(100)]
    kept = {tuple(keep(person, rows, 5, salt)) for person in ("p", "q") for salt in (SALT, b"\x02" * 32)}
    assert len(kept) == 4


def test_equal_rows_count_one_by_one() -> None:
    """Were equal rows one, a person would keep fewer of them; had they one rank, all of them or none."""
    common, rare = (1,), (2,)
    kept = [keep("p", [common, rare] * 10, 10, bytes([salt]) * 32) for salt in range(20)]
    assert {len(rows) for rows in kept} == {10}
    assert any(0 < rows.count(rare) < 10 for rows in kept)


def test_rows_without_person_or_required_value_are_dropped() -> None:
    columns = {"age": Column(type=Kind.INTEGER, bounds=(0, 9), required=True), "sex": SEX}
    dataset = PrivateDataset(owner="o", person=Person(column="id"), rows_per_person=5, columns=columns)
    rows: list[dict[str, Raw]] = [
        {"id": " a", "age": "1", "sex": "f"},
        {"id": "a ", "age": "x", "sex": "f"},
        {"id": "", "age": "1", "sex": "f"},
        {"id": "b", "age": "12", "sex": "x"},
        {"id": "c", "age": None, "sex": "m"},
    ]
    assert admit_rows(dataset, rows, SALT) == {"a": [(1, "f")], "b": [(9, None)]}
