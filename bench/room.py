"""Stillroom: a room with two owners, their files admitted, and questions asked by the whole path."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from bench.data import DAYS, DELTA, EPSILON, GENDERS, LARGEST_COST, LARGEST_TOTAL, ROWS_PER_PERSON, WARDS, Files
from bench.probe import best_of, cost_of, report
from bench.questions import BY_MEMBER, BY_VISIT, COUNTS, CUBE, CUBE_ROWS, QUANTILES, SMALL, WARM_UP
from stillroom.client.session import make_home, make_room, open_room

if TYPE_CHECKING:
    from stillroom.client.session import Session

OWNERS = {"members": "insurer", "visits": "hospital"}
CONTRACT = """
schema: stillroom/contract/v1
name: bench
version: 1
purpose: Measure speed and memory on synthetic data.
jurisdiction: None, as no person is in the data.
retention_days: 1
expires: "2099-12-31"
quantum_seconds: {quantum}
parties:
  - {{name: insurer, roles: [owner, analyst, receiver], key: "{insurer}"}}
  - {{name: hospital, roles: [owner, receiver], key: "{hospital}"}}
ask: [insurer]
receive: [insurer, hospital]
protections: [server]
approval: {{rule: automatic, release_epsilon: 2, analyst_epsilon: 50}}
caps: {{epsilon: 50, delta: {delta}, release_epsilon: 2}}
datasets:
  members:
    kind: private
    owner: insurer
    person: {{column: id}}
    rows_per_person: 1
    columns:
      age: {{type: integer, uses: [filter, group], bounds: [18, 87], required: true}}
      gender: {{type: text, uses: [group], values: [{genders}], required: true}}
      region: {{type: text, uses: [group], values: [{wards}], required: true}}
      birth_day: {{type: integer, uses: [group], bounds: [1, {days}], required: true}}
  visits:
    kind: private
    owner: hospital
    person: {{column: pid}}
    rows_per_person: {rows}
    columns:
      cost: {{type: decimal, step: 0.01, uses: [measure], bounds: [0, {cost}], total: [0, {total}], required: true}}
      ward: {{type: text, uses: [group], values: [{wards}], required: true}}
"""


def agree(folder: Path, quantum: float = 0.25) -> dict[str, Session]:
    """Make the room and sign the contract; return the session of each dataset's owner."""
    make_room(folder / "room", "bench")
    keys = {owner: make_home(folder / owner, owner, room=folder / "room", epsilon=50.0, delta=DELTA) for owner in OWNERS.values()}
    contract = folder / "contract.yaml"
    contract.write_text(
        CONTRACT.format(
            **keys,
            quantum=quantum,
            delta=f"{DELTA:.1e}",
            genders=", ".join(GENDERS),
            wards=", ".join(WARDS),
            days=DAYS,
            rows=ROWS_PER_PERSON,
            cost=LARGEST_COST,
            total=LARGEST_TOTAL,
        ),
        encoding="utf-8",
    )
    sessions = {name: open_room(folder / owner) for name, owner in OWNERS.items()}
    for session in sessions.values():
        session.sign(contract)
    return sessions


def add(folder: Path, quantum: float = 0.25) -> None:
    """Make the room, sign the contract, and admit both files, in one process."""
    sessions = agree(folder, quantum)
    files = Files.in_folder(folder)
    paths = {"members": files.members, "visits": files.visits}
    report(**{name: cost_of(partial(session.add_data, name, paths[name])) for name, session in sessions.items()})


def ask(folder: Path) -> None:
    """Ask another question, then those that are compared; each time with another ε, since the same question twice is free."""
    rows = pq.read_metadata(Files.in_folder(folder).visits).num_rows
    session = open_room(folder / OWNERS["members"])
    first = cost_of(lambda: session.ask(WARM_UP, epsilon=EPSILON))
    by_member = best_of(lambda turn: _ask(session, BY_MEMBER, turn, rows))
    by_visit = best_of(lambda turn: _ask(session, BY_VISIT, turn, rows))
    counts = best_of(lambda turn: _ask(session, COUNTS, turn, rows))
    quantiles = best_of(lambda turn: _quantiles(session, turn))
    cube = best_of(lambda turn: _cube(session, turn))
    price = best_of(lambda turn: session.price(SMALL.format(age=30 + turn), epsilon=EPSILON))
    report(first=first, by_member=by_member, by_visit=by_visit, counts=counts, quantiles=quantiles, cube=cube, price=price)


def _ask(session: Session, sql: str, turn: int, rows: int) -> None:
    release = session.ask(sql, epsilon=EPSILON + turn / 100)
    found = release.table.column("n").to_pylist()
    assert release.charged
    assert len(found) == len(GENDERS) * len(WARDS)
    assert abs(sum(found) - rows) < rows / 50


def _quantiles(session: Session, turn: int) -> None:
    release = session.ask(QUANTILES, epsilon=EPSILON + turn / 100)
    assert release.charged
    assert all(abs(value - LARGEST_COST / 2) < LARGEST_COST / 10 for value in release.to_pandas()["half"])


def _cube(session: Session, turn: int) -> None:
    release = session.ask(CUBE, epsilon=EPSILON + turn / 100)
    assert release.charged
    assert release.table.num_rows == CUBE_ROWS


if __name__ == "__main__":
    {"add": add, "ask": ask}[sys.argv[2]](Path(sys.argv[1]))
