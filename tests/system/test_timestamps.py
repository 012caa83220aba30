"""Timestamps, from the command line and in Python: data, questions by the hour, releases, and verification."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from stillroom.client.expressions import count
from stillroom.client.session import open_room
from stillroom.errors import Code
from tests.taps import document, made, runner, verified

if TYPE_CHECKING:
    from pathlib import Path

    from tests.taps import Run

TERMS = """
approval: {rule: automatic, release_epsilon: 8, analyst_epsilon: 20}
caps: {epsilon: 20, delta: 1e-9, release_epsilon: 8}
datasets:
  taps:
    kind: private
    owner: transit
    person: {column: card}
    rows_per_person: 2
    columns:
      tapped: {type: timestamp, bounds: ["2026-03-01 00:00:00", "2026-03-02 23:59:59"], uses: [group, filter, measure]}
"""
START = datetime.datetime(2026, 3, 1)  # noqa: DTZ001  timestamps have no time zone
HOURS = 48


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a room, a home, a contract in force and data: 200 cards at 8 o'clock on both days, and 400 late on the first."""
    rows = [(START + datetime.timedelta(days=day, hours=8, seconds=card), f"card{card}") for card in range(200) for day in range(2)]
    late = [(f"2026-03-02T00:10:00.{card:03}+01:00", f"late{card}") for card in range(400)]
    return made(tmp_path_factory.mktemp("hours"), TERMS, ("tapped", "card"), [*rows, *late, ("8 o'clock", "odd"), ("", "none")])


@pytest.fixture
def run(base: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs a command of the party and returns its code and output."""
    return runner(base, capsys)


def test_hours_are_grouped_by_and_verified(base: Path, run: Run) -> None:
    sql = "SELECT DATE_TRUNC('hour', tapped) AS hour, COUNT(*) AS n, COUNT(DISTINCT card) AS cards FROM taps GROUP BY hour"
    code, text = run("ask", sql, "--epsilon", "8", "--out", str(base / "release.json"))
    assert (code, verified(base)) == (0, 0)
    assert "2026-03-01 08:00:00" in text
    table = open_room(base / "transit").releases()[0].table
    assert table.schema.field("hour").type == pa.timestamp("s")
    rows = {row["hour"]: row["n"] for row in table.to_pylist()}
    assert list(rows)[:-1] == [START + datetime.timedelta(hours=hour) for hour in range(HOURS)]
    assert list(rows)[-1] is None
    for day, hour, expected in ((0, 8, 200), (1, 8, 200), (0, 23, 400), (1, 0, 0)):
        assert rows[START + datetime.timedelta(days=day, hours=hour)] == pytest.approx(expected, abs=30)


def test_a_question_in_python_takes_moments(base: Path) -> None:
    """Noise moves the count by 4 or so and the median by a dozen rows at most: by 30 and by 200 in fewer than one of 10^12 releases."""
    session = open_room(base / "transit")
    taps = session.table("taps")
    late = taps.filter(taps.tapped >= START + datetime.timedelta(hours=20)).filter(taps.tapped < START + datetime.timedelta(days=1))
    release = late.agg(n=count(), middle=taps.tapped.median()).ask(epsilon=8)
    (row,) = release.table.to_pylist()
    assert row["n"] == pytest.approx(400, abs=30)
    assert START + datetime.timedelta(hours=22) <= row["middle"] < START + datetime.timedelta(days=1)


def test_parameters_and_refusals(run: Run) -> None:
    sql = "SELECT COUNT(*) AS n FROM taps WHERE tapped BETWEEN :since AND TIMESTAMP :until"
    terms = ("--epsilon", "1", "--param", "since=2026-03-01 08:00:00", "--param", "until=2026-03-01 09:00:00")
    assert run("price", sql, *terms)[0] == 0
    for wrong, code in (("tapped - tapped > 5", Code.TYPE_MISMATCH), ("tapped > '2026-03-01 25:00:00'", Code.SQL_INVALID)):
        refused = document(run("price", f"SELECT COUNT(*) AS n FROM taps WHERE {wrong}", "--epsilon", "1", "--json"))
        assert refused["error"]["code"] == code
    assert document(run("price", "SELECT tapped, COUNT(*) FROM taps GROUP BY tapped", "--epsilon", "1", "--json"))["error"]["code"] in {
        Code.KEY_WITHOUT_DOMAIN,
        Code.TOO_MANY_CELLS,
    }
