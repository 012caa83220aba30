"""Stillroom's answers to the questions whose errors are compared: a room with one owner, asked by the whole path."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.accuracy import ranks, skewed
from stillroom.client.session import make_home, make_room, open_room
from stillroom.model.question import Terms

if TYPE_CHECKING:
    from stillroom.client.result import Release
    from stillroom.client.session import Session

OWNER = "bureau"
SLICE = 0.1
"""The part of the price that chooses caps, where caps are chosen."""

ADVISES = "advise" in Terms.model_fields
"""Whether this version chooses caps by a first measurement."""

LIFETIME = 100.0
CONTRACT = f"""
schema: stillroom/contract/v1
name: accuracy
version: 1
purpose: Measure errors on synthetic data.
jurisdiction: None, as no person is in the data.
retention_days: 1
expires: "2099-12-31"
quantum_seconds: 0.01
parties: [{{name: {OWNER}, roles: [owner, analyst, receiver], key: "KEY"}}]
ask: [{OWNER}]
receive: [{OWNER}]
approval: {{rule: automatic, release_epsilon: 5, analyst_epsilon: {LIFETIME:g}}}
caps: {{epsilon: {LIFETIME:g}, delta: 1.0e-9, release_epsilon: 5}}
datasets:
  members:
    kind: private
    owner: {OWNER}
    person: {{column: id}}
    rows_per_person: 1
    columns:
      area: {{type: integer, uses: [group], bounds: [1, {skewed.GROUPS}], required: true}}
  few_taps:
    kind: private
    owner: {OWNER}
    person: {{column: pid}}
    rows_per_person: {skewed.CAP}
    columns:
      cost: {{type: decimal, step: 0.01, uses: [measure], bounds: [0, {skewed.LARGEST}], required: true}}
  taps:
    kind: private
    owner: {OWNER}
    person: {{column: pid}}
    rows_per_person: {skewed.MOST_ROWS}
    columns:
      cost: {{type: decimal, step: 0.01, uses: [measure], bounds: [0, {skewed.LARGEST}], required: true}}
  people:
    kind: private
    owner: {OWNER}
    person: {{column: id}}
    rows_per_person: 1
    columns:
      ward: {{type: integer, uses: [group], bounds: [1, {ranks.GROUPS}], required: true}}
      age: {{type: integer, uses: [measure], bounds: [0, {ranks.LARGEST}], required: true}}
"""


def opened(folder: Path, **files: Path) -> Session:
    """Make the room, sign the contract, and admit some of its datasets."""
    make_room(folder / "room", "accuracy")
    key = make_home(folder / OWNER, OWNER, room=folder / "room", epsilon=LIFETIME, delta=1e-9)
    contract = folder / "contract.yaml"
    contract.write_text(CONTRACT.replace("KEY", key), encoding="utf-8")
    session = open_room(folder / OWNER)
    session.sign(contract)
    for name, path in files.items():
        session.add_data(name, path)
    return session


def taps(folder: Path) -> None:
    """Print releases of the skewed join: under the contract's cap, then with caps that are chosen, and which these were.

    The same file is admitted twice: with few rows of each person, and with all.
    """
    files = skewed.Files.in_folder(folder)
    session = opened(folder, members=files.members, few_taps=files.taps, taps=files.taps)
    released = [[_taps(session.ask(_sql("few_taps"), epsilon=_next(turn), pure=True)) for turn in range(skewed.TIMES)]]
    chosen: list[list[float]] = []
    if ADVISES:
        releases = [session.ask(_sql("taps"), epsilon=_next(turn), pure=True, advise=SLICE) for turn in range(skewed.TIMES)]
        released.append([_taps(release) for release in releases])
        chosen = [_caps(release) for release in releases]
    print(json.dumps({"released": released, "caps": chosen}))


def people(folder: Path) -> None:
    """Print releases of the quantiles, by the name of the question."""
    session = opened(folder, people=ranks.file_of(folder))
    print(json.dumps({name: [_ranks(session, parts, turn) for turn in range(ranks.TIMES)] for name, parts in ranks.PARTS.items()}))


def _next(turn: int) -> float:
    """Return an ε of its own for each turn, since the same question twice is free; the greatest is a hundred-thousandth above the least."""
    return skewed.EPSILON + turn / 1e6


def _sql(taps: str) -> str:
    return skewed.SQL.format(taps=taps)


def _taps(release: Release) -> skewed.Released:
    assert release.charged
    return {name: [float(value) for value in release.table.column(name).to_pylist()] for name in ("n", "total")}


def _caps(release: Release) -> list[float]:
    """Return the caps that were chosen for the count and for the total, in its own units."""
    table = release.statement.table
    assert [heading.name for heading in table.headings if heading.noisy] == ["n", "total"]
    count, total = (one.cap for one in table.advised)  # type: ignore[attr-defined]  # only where caps are chosen
    return [count, total / 100]


def _ranks(session: Session, parts: tuple[float, ...], turn: int) -> ranks.Released:
    quantiles = ", ".join(f"QUANTILE_CONT(age, {part}) AS q{place}" for place, part in enumerate(parts))
    release = session.ask(f"SELECT ward, {quantiles} FROM people GROUP BY ward ORDER BY ward", epsilon=_next(turn), pure=True)
    assert release.charged
    columns = [release.table.column(f"q{place}").to_pylist() for place in range(len(parts))]
    return [[float(value) for value in row] for row in zip(*columns, strict=True)]


if __name__ == "__main__":
    {"taps": taps, "people": people}[sys.argv[2]](Path(sys.argv[1]))
