"""Keys that are selected: nearly a million values of a text column occur, of which a thousand are common enough to be shown."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.probe import cost_of, in_own_process, report, say
from bench.report import Row, seconds

OWNER = "bureau"
COMMON, RARE = 1_000, 999_000
PERSONS = {"common": 1_000_000, "rare": 3_000_000}
"""How many persons are in common places, and how many in rare ones. Each has one row; e^-3 of the rare places are empty."""

OCCUPIED = 950_000
"""No more than so many places are occupied, and nearly as many."""

SMALLER = 20
"""By how much all is smaller in a quick run."""

SQL = "SELECT place, COUNT(*) AS n, SUM(cost) AS total FROM taps GROUP BY place"
CONTRACT = f"""
schema: stillroom/contract/v1
name: selection
version: 1
purpose: Measure speed and memory on synthetic data.
jurisdiction: None, as no person is in the data.
retention_days: 1
expires: "2099-12-31"
quantum_seconds: 0.01
parties: [{{name: {OWNER}, roles: [owner, analyst, receiver], key: "KEY"}}]
ask: [{OWNER}]
receive: [{OWNER}]
approval: {{rule: automatic, release_epsilon: 2, analyst_epsilon: 50}}
caps: {{epsilon: 50, delta: 1.0e-9, release_epsilon: 2, selection_delta: 1.0e-6, release_selection_delta: 1.0e-7}}
datasets:
  taps:
    kind: private
    owner: {OWNER}
    person: {{column: id}}
    rows_per_person: 1
    columns:
      place: {{type: text, max_length: 20, uses: [group], required: true}}
      cost: {{type: integer, uses: [measure], bounds: [0, 100], required: true}}
"""


def selection(*, full: bool) -> list[Row]:
    """Measure the question."""
    smaller = 1 if full else SMALLER
    say("Keys by selection ...")
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder:
        cost = in_own_process("bench.selection", folder, str(smaller))["ask"]
    persons, occupied = sum(PERSONS.values()) / smaller, OCCUPIED / smaller
    workload = f"count and sum by a text without a domain: {persons / 1e6:g} M persons, about {occupied:,.0f} values occur"
    return [Row(workload, "Stillroom", seconds(cost), peak_mb=cost.peak_mb)]


def main(folder: Path, smaller: int) -> None:
    """Make the data in other processes, so that only the question's memory is measured here."""
    in_own_process("bench.selection", str(folder), str(smaller), "add")
    from stillroom.client.session import open_room

    session = open_room(folder / OWNER)
    session.ask("SELECT COUNT(*) FROM taps", epsilon=0.1)
    released: list[int] = []
    cost = cost_of(lambda: released.append(session.ask(SQL, epsilon=1.0).table.num_rows))
    assert abs(released[0] - COMMON // smaller) <= COMMON // 100
    report(ask=cost)


def add(folder: Path, smaller: int) -> None:
    """Make the room, its contract and the data."""
    from stillroom.client.session import make_home, make_room, open_room
    from stillroom.demo_data.synthetic import identifier, whole, write

    make_room(folder / "room", "selection")
    key = make_home(folder / OWNER, OWNER, room=folder / "room", epsilon=50.0, delta=1e-9, selection_delta=1e-6)
    contract = folder / "contract.yaml"
    contract.write_text(CONTRACT.replace("KEY", key), encoding="utf-8")
    session = open_room(folder / OWNER)
    session.sign(contract)
    common, persons = PERSONS["common"] // smaller, sum(PERSONS.values()) // smaller
    shown, hidden = whole("i", "common", 1, COMMON // smaller), whole("i", "rare", 1, RARE // smaller)
    places = f"CASE WHEN i < {common} THEN {shown} ELSE {COMMON} + {hidden} END"
    cost = whole("i", "cost", 0, 100)
    select = f"SELECT {identifier('i')} AS id, 'place ' || {places} AS place, {cost} AS cost FROM range({persons}) AS p(i) ORDER BY hash(i)"
    session.add_data("taps", write(folder / "taps.parquet", select))


if __name__ == "__main__":
    (add if sys.argv[3:] == ["add"] else main)(Path(sys.argv[1]), int(sys.argv[2]))
