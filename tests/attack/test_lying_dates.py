"""Rooms that write something else where a date, a timestamp, a truth value or a text belongs: no released cell can carry a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stillroom.client.verification import verify
from tests.published import Files, files
from tests.rooms import build, contract

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.contract import Contract

COLUMNS = {
    "age": {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [0, 99], "required": True},
    "day": {"type": "date", "uses": ["group", "filter", "measure"], "bounds": ["2020-01-01", "2020-12-31"]},
    "at": {"type": "timestamp", "uses": ["group", "filter", "measure"], "bounds": ["1969-12-31 22:00:00", "1970-01-01 02:00:00"]},
}
SQL = (
    "SELECT HOUR(at) AS hour, MEDIAN(day) AS d, MAX(at) AS t, COUNT(*) > 5 AS many,"
    " CASE WHEN MEDIAN(age) > 50 THEN 'old' ELSE 'young' END AS w,"
    " CASE WHEN COUNT(*) > 5 THEN DATE '2020-05-01' END AS e FROM visits GROUP BY hour"
)
LIES: dict[str, tuple[int, str | None, str]] = {
    "a message for a date": (1, "patient 17", "not a date"),
    "a day beyond the bounds": (1, "2021-01-01", "leaves the range"),
    "a day with a time": (1, "2020-05-01 00:00:00", "not written as it must be"),
    "a day in another form": (1, "20200501", "not written as it must be"),
    "no median": (1, None, "a quantile is NULL"),
    "a message for a timestamp": (2, "x", "not a date"),
    "a second beyond the bounds": (2, "1970-01-01 02:00:01", "leaves the range"),
    "a timestamp with a T": (2, "1970-01-01T00:00:00", "not written as it must be"),
    "a timestamp in a zone": (2, "1970-01-01 00:00:00+00:00", "not written as it must be"),
    "parts of a second": (2, "1970-01-01 00:00:00.500000", "not written as it must be"),
    "a message for a truth value": (3, "perhaps", "neither the question nor a key"),
    "a message for a text": (4, "patient 17", "neither the question nor a key"),
    "a message for a computed date": (5, "patient 17", "not a date"),
}


def dated() -> Contract:
    """Return a contract with dates and timestamps."""
    person = {"members": "id", "visits": "pid"}
    owners = {"members": ("insurer", 1), "visits": ("hospital", 3)}
    datasets = {
        name: {"kind": "private", "owner": owner, "person": {"column": person[name]}, "rows_per_person": rows, "columns": COLUMNS}
        for name, (owner, rows) in owners.items()
    }
    return contract(datasets=datasets)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Files:
    scene = build(tmp_path_factory.mktemp("room"), dated())
    return files(scene, scene.ask(SQL).envelope)


def test_what_the_room_wrote_is_accepted(published: Files) -> None:
    assert verify(published.release, published.contract, published.log).accepted


@pytest.mark.parametrize("lie", LIES)
def test_a_cell_is_a_value_of_its_kind(published: Files, lie: str) -> None:
    column, text, words = LIES[lie]

    def change(value: dict[str, Any]) -> None:
        value["table"]["rows"][3][column].update(value=text, low=None, high=None)

    bent = published.bent(change)
    report = verify(bent.release, bent.contract, bent.log)
    assert not report.accepted
    assert words in " ".join(step.detail or "" for step in report.steps)


DATED = {
    "a median": "MEDIAN(day)",
    "a moment": "MAX(at)",
    "a later day": "MEDIAN(day) + INTERVAL 1 MONTH",
    "one of two": "CASE WHEN COUNT(*) > 5 THEN DATE '2020-05-01' ELSE DATE '2020-06-01' END",
}


@pytest.mark.parametrize("column", DATED.values(), ids=DATED)
def test_intervals_of_dates_are_dates_around_them(tmp_path: Path, column: str) -> None:
    """They are accepted; one that leaves its value out, has one end, or is no date is not."""
    scene = build(tmp_path, dated())
    true = files(scene, scene.ask(f"SELECT HOUR(at) AS hour, COUNT(*) AS n, {column} AS d FROM visits GROUP BY hour").envelope)
    assert verify(true.release, true.contract, true.log).accepted
    cell = true.value["table"]["rows"][3][2]
    assert cell["low"] <= cell["value"] <= cell["high"]
    for change in ({"low": cell["high"], "value": cell["low"], "high": cell["low"]}, {"low": None}, {"high": "soon"}):
        if change.get("low") == cell["low"]:
            change["high"] = "1999-01-01" + cell["low"][10:]
        bent = true.bent(lambda value, change=change: value["table"]["rows"][3][2].update(change))  # type: ignore[misc]
        assert not verify(bent.release, bent.contract, bent.log).accepted


@pytest.mark.parametrize("terms", [{}, {"quantiles": "exponential"}], ids=["measured", "chosen"])
def test_a_release_from_before_dates_had_intervals_is_accepted(tmp_path: Path, terms: dict[str, Any]) -> None:
    scene = build(tmp_path, dated())
    columns = "MEDIAN(day) AS d" if terms else "COUNT(*) AS n, MEDIAN(day) AS d, DATE '2020-01-31' + COUNT(*) % 9 AS e"
    true = files(scene, scene.ask(f"SELECT HOUR(at) AS hour, {columns} FROM visits GROUP BY hour", **terms).envelope)
    assert verify(true.release, true.contract, true.log).accepted

    def without(value: dict[str, Any]) -> None:
        for heading, *cells in zip(value["table"]["headings"], *value["table"]["rows"], strict=True):
            for cell in cells if heading["kind"] == "date" else ():
                cell.update(low=None, high=None)

    old = true.bent(without)
    assert old.value != true.value
    assert verify(old.release, old.contract, old.log).accepted


@pytest.mark.parametrize(
    "bounds",
    [
        ["1969-12-31T22:00:00+00:00", "1970-01-01 02:00:00"],
        ["1969-12-31 22:00:00.5", "1970-01-01 02:00:00"],
        ["1969-W52-3", "1970-01-01 02:00:00"],
        ["x", "y"],
        [0, 7200],
    ],
)
def test_bounds_that_make_no_sense_are_judged(published: Files, bounds: list[Any]) -> None:
    bent = published.agreed(lambda agreed: agreed["datasets"]["visits"]["columns"]["at"].update(bounds=bounds))
    assert not verify(bent.release, bent.contract, bent.log).accepted
