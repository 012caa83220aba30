"""Keys without a declared domain, from the command line: contract, accounts, price, release and verification."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stillroom.cli.main import _code
from stillroom.client.session import open_room
from stillroom.errors import Code
from tests.taps import document, made, runner, verified

if TYPE_CHECKING:
    from pathlib import Path

    from tests.taps import Run

QUESTION = "SELECT town, COUNT(*) AS n FROM taps GROUP BY town"
TOWNS = {"[bold]York[/]": 300, "Zug\x1b[2J": 300, "Graz": 40, "Ulm": 1}
"""How many persons are in each; some have names that a terminal might take for commands."""

TERMS = """
approval: {rule: automatic, release_epsilon: 2, analyst_epsilon: 8}
caps: {epsilon: 8, delta: 1e-9, release_epsilon: 2, selection_delta: 2e-9, release_selection_delta: 1e-9}
datasets:
  taps:
    kind: private
    owner: transit
    person: {column: card}
    rows_per_person: 3
    columns:
      town: {type: text, max_length: 20, uses: [group]}
      fare: {type: integer, bounds: [0, 9], uses: [measure]}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a room, a home, a contract in force and data; the account has no δ for selecting keys yet."""
    rows = [(town, f"{town}{number}", number % 10) for town, size in TOWNS.items() for number in range(size)]
    return made(tmp_path_factory.mktemp("towns"), TERMS, ("town", "card", "fare"), [*rows, *rows])


@pytest.fixture
def run(base: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs a command and returns its code and output."""
    return runner(base, capsys)


def test_the_contract_says_what_selecting_keys_costs(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(["contract", "explain", str(base / "contract.yaml")]) == 0
    text = capsys.readouterr().out
    assert "A column without a declared domain may be grouped by" in text
    assert "costs δ = 1e-09 more, and all together at most 2e-09 more" in text


def test_a_price_says_which_groups_are_shown(run: Run) -> None:
    code, text = run("price", QUESTION, "--epsilon", "1")
    price = document(run("price", QUESTION, "--epsilon", "1", "--json"))
    rule = price["selection"]
    assert code == 0
    assert f"groups of fewer than about {rule['threshold']} persons are usually not shown" in text
    assert "Selecting them costs δ = 1e-09 of the δ in all." in text
    assert "Chance that a group is shown, by persons in it: " in text
    assert price["promise"]["delta"] == pytest.approx(2e-9)
    assert price["charge"]["delta"] == 10**9
    chances = list(rule["chances"].values())
    assert chances == sorted(chances)
    assert chances[0] < price["promise"]["delta"]
    assert chances[-1] > 0.999
    assert document(run("price", "SELECT COUNT(*) FROM taps", "--epsilon", "1", "--json"))["selection"] is None


def test_a_release_is_made_and_holds(run: Run, base: Path) -> None:
    """The owner's account needs δ of its own; then large towns are shown, a person who is alone is not, and all steps pass."""
    code, refusal = run("ask", QUESTION, "--epsilon", "2", "--json")
    assert (code, json.loads(refusal)["error"]["code"]) == (3, Code.ACCOUNT_NOT_ENOUGH)
    code, text = run("budget", "--raise", "people", "--epsilon", "20", "--selection-delta", "1e-9")
    assert (code, "left δ" in text, "1e-09" in text) == (0, True, True)
    code, text = run("ask", QUESTION, "--epsilon", "2", "--out", str(base / "release.json"))
    assert code == 0
    assert "\x1b[2J" not in text
    assert "[bold]York[/]" in text
    assert "are usually not shown" in text
    assert "δ 2e-09 → 1e-09" in text
    assert verified(base) == 0
    release = open_room(base / "transit").releases()[0]
    assert set(release.table.column("town").to_pylist()) >= {"[bold]York[/]", "Zug\x1b[2J"}
    assert "Ulm" not in release.table.column("town").to_pylist()
    assert "are usually not shown" in release._repr_html_()
    assert [line["spent"]["delta"] for line in document(run("budget", "--json"))] == [10**9, 10**9]
    code, refusal = run("ask", f"{QUESTION} ORDER BY n", "--epsilon", "2", "--json")
    assert (code, json.loads(refusal)["error"]["code"]) == (3, Code.ACCOUNT_NOT_ENOUGH)


def test_a_raise_without_delta_leaves_delta_as_it_is(run: Run) -> None:
    assert run("budget", "--raise", "people", "--epsilon", "21")[0] == 0
    assert document(run("budget", "--json"))[1]["cap"]["delta"] == 10**9
    assert run("budget", "--raise", "people", "--epsilon", "22", "--selection-delta", "0")[0] == 3


def test_windows_see_the_rows_that_are_shown(base: Path, run: Run) -> None:
    """A share is one of what is shown, ranks are among these, and whoever verifies computes both again."""
    sql = (
        "SELECT town, COUNT(*) AS n, RANK() OVER (ORDER BY COUNT(*) DESC) AS place, SUM(COUNT(*)) OVER () AS whole, "
        "FIRST_VALUE(town) OVER (ORDER BY COUNT(*) DESC) AS top, COUNT(*) * 100 / SUM(COUNT(*)) OVER () AS share FROM taps GROUP BY town"
    )
    assert run("budget", "--raise", "people", "--epsilon", "30", "--selection-delta", "2e-9")[0] == 0
    code, _ = run("ask", sql, "--epsilon", "2", "--out", str(base / "release.json"))
    assert (code, verified(base)) == (0, 0)
    rows = next(one for one in open_room(base / "transit").releases() if "place" in one.table.column_names).table.to_pylist()
    assert 2 <= len(rows) < len(TOWNS)
    assert {row["whole"] for row in rows} == {sum(row["n"] for row in rows)}
    assert all(row["place"] == 1 + sum(other["n"] > row["n"] for other in rows) for row in rows)
    assert float(sum(row["share"] for row in rows)) == pytest.approx(100, abs=1e-3)
