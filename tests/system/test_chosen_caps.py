"""Caps that a first measurement chooses, from the command line: price, release, what is printed, and verification."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stillroom.client.session import open_room
from stillroom.errors import Code
from tests.taps import document, made, runner, verified

if TYPE_CHECKING:
    from pathlib import Path

    from tests.taps import Run

QUESTION = "SELECT line, COUNT(*) AS taps, SUM(fare) AS [fares] FROM taps GROUP BY line".replace("[fares]", '"[fares]"')
PEOPLE, MANY = 4_000, 4
"""All have two taps, one in a thousand as many as the contract lets."""

TERMS = """
approval: {rule: automatic, release_epsilon: 2, analyst_epsilon: 8}
caps: {epsilon: 8, delta: 1e-9, release_epsilon: 2}
datasets:
  taps:
    kind: private
    owner: transit
    person: {column: card}
    rows_per_person: 40
    columns:
      line: {type: integer, bounds: [1, 50], required: true, uses: [group]}
      fare: {type: decimal, step: 0.01, bounds: [0, 100], uses: [measure]}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a room, a home, a contract in force and data."""
    rows = ((number % 50 + 1, f"c{number}", "2.50") for number in range(PEOPLE) for _ in range(40 if number < MANY else 2))
    return made(tmp_path_factory.mktemp("taps"), TERMS, ("line", "card", "fare"), rows)


@pytest.fixture
def run(base: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs a command and returns its code and output."""
    return runner(base, capsys)


def test_a_price_shows_the_caps_and_is_what_it_was(run: Run) -> None:
    code, text = run("price", QUESTION, "--epsilon", "1", "--advise", "0.05")
    found = document(run("price", QUESTION, "--epsilon", "1", "--advise", "0.05", "--json"))
    assert code == 0
    spent = f"for {found['caps'][0]['charge']['rho'] / 1e12:.5f} ρ of the charge"
    assert f"The cap of a person's number of cells is chosen first, {spent}" in text
    assert "The cap of a person's total in a cell of taps is chosen first" in text
    assert "the expected error of a count of persons a cell: 1 (± " in text
    assert "The cap of a person's total in a cell of [fares] is chosen first" in text
    assert [one["columns"] for one in found["caps"]] == [None, ["taps"], ["[fares]"]]
    plain = document(run("price", QUESTION, "--epsilon", "1", "--json"))
    assert plain["caps"] == []
    assert plain["promise"] == pytest.approx(found["promise"])
    assert plain["charge"]["rho"] == pytest.approx(found["charge"]["rho"])


def test_a_release_is_made_with_the_caps_and_holds(run: Run, base: Path) -> None:
    """The highest caps, forty rows and 4,000, are for one in a thousand: they are not chosen, and there is far less noise.

    For that to fail, votes would have to be so far off as they are in none of four million drawn ones.
    """
    code, text = run("ask", QUESTION, "--epsilon", "1", "--advise", "0.2", "--out", str(base / "release.json"))
    assert code == 0
    assert "Chosen by a first measurement: one person adds at most " in text
    assert "to a cell of [fares]; what is beyond is cut off." in text
    assert text.count("no interval covers it.") >= 2
    assert verified(base) == 0
    release = open_room(base / "transit").releases()[0]
    cells, taps, fares = release.statement.table.advised
    assert (1 <= cells.cap <= 40, taps.cap < 40, fares.cap < 400_000) == (True, True, True)
    assert "Chosen by a first measurement" in release._repr_html_()
    lows, highs = (release.table.column(f"taps_{end}").to_pylist() for end in ("low", "high"))
    widths = [float(high) - float(low) for low, high in zip(lows, highs, strict=True)]
    price = document(run("price", QUESTION, "--epsilon", "1", "--json"))
    assert max(widths) / 2 < float(price["errors"][0]["half_width"]) / 1.5
    assert document(run("ask", QUESTION, "--epsilon", "1", "--advise", "0.2", "--json"))["table"] == release.statement.table.to_json()


def test_a_cap_of_what_no_column_shows_is_not_taken_for_a_number_of_cells(run: Run) -> None:
    hidden = "SELECT COUNT(DISTINCT card) AS cards FROM taps HAVING SUM(fare) > 0"
    terms = ("--epsilon", "0.2", "--advise", "0.5")
    assert [one["columns"] for one in document(run("price", hidden, *terms, "--json"))["caps"]] == [[]]
    assert "a person's total in a cell of what no column shows" in run("price", hidden, *terms)[1]
    code, text = run("ask", hidden, *terms)
    assert (code, "to a cell of what no column shows; what is beyond is cut off" in text, "cells; of further" in text) == (0, True, False)


def test_caps_are_given_by_headings(run: Run) -> None:
    found = document(run("price", QUESTION, "--epsilon", "1", "--cap", "taps=4", "--cap", "[fares]=12.5", "--json"))
    plain = document(run("price", QUESTION, "--epsilon", "1", "--json"))
    assert [float(one["half_width"]) for one in found["errors"]] < [float(one["half_width"]) / 2 for one in plain["errors"]]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--cap", "taps"], Code.USAGE),
        (["--cap", "=4"], Code.USAGE),
        (["--cap", "taps=four"], Code.USAGE),
        (["--cap", "taps=true"], Code.USAGE),
        (["--cap", "taps=1", "--cap", "taps=2"], Code.USAGE),
        (["--cap", "taps=0"], Code.PRICE_INVALID),
        (["--cap", "taps=1e400"], Code.USAGE),
        (["--cap", f"taps={10**400}"], Code.USAGE),
        (["--cap", "taps=1.5"], Code.PRICE_INVALID),
        (["--cap", "fare=1"], Code.PRICE_INVALID),
        (["--advise", "0"], Code.PRICE_INVALID),
        (["--advise", "0.9"], Code.PRICE_INVALID),
        (["--advise", "nan"], Code.PRICE_INVALID),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, options: list[str], code: Code) -> None:
    found, text = run("price", QUESTION, "--epsilon", "1", *options, "--json")
    assert (found, json.loads(text)["error"]["code"]) == (2, code)
