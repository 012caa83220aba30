"""Stillroom's answers to the questions whose errors are compared: a room with one owner, asked by the whole path."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.accuracy import ranks, skewed
from stillroom.client.session import make_home, make_room, open_room

if TYPE_CHECKING:
    from stillroom.client.result import Release

OWNER = "bureau"
SLICE = 0.1
"""The part of the price that chooses caps, where caps are chosen."""

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
approval: {{rule: automatic, release_epsilon: 50, analyst_epsilon: {LIFETIME:g}}}
caps: {{epsilon: {LIFETIME:g}, delta: 1.0e-9, release_epsilon: 50}}
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


def made(folder: Path, **files: Path) -> Path:
    """Make a room, sign the contract, and admit some of its datasets; return the folder of all."""
    base = folder / "base"
    make_room(base / "room", "accuracy")
    key = make_home(base / OWNER, OWNER, room=base / "room", epsilon=LIFETIME, delta=1e-9)
    contract = folder / "contract.yaml"
    contract.write_text(CONTRACT.replace("KEY", key), encoding="utf-8")
    session = open_room(base / OWNER)
    session.sign(contract)
    for name, path in files.items():
        session.add_data(name, path)
    return base


def asked(  # noqa: PLR0913 - a question, how often, and two of its terms
    base: Path, sql: str, epsilon: float, *, times: int = skewed.TIMES, advise: float | None = None, quantiles: str | None = None
) -> list[Release]:
    """Ask a question some times, each in a copy of the room: asked twice in one, it is free, and no account holds so many releases."""
    released = []
    for _ in range(times):
        copy = base.with_name("copy")
        shutil.copytree(base, copy)
        released.append(open_room(copy / OWNER).ask(sql, pure=True, epsilon=epsilon, advise=advise, quantiles=quantiles))
        shutil.rmtree(copy)
    return released


def taps(folder: Path) -> None:
    """Print releases of the skewed join for each ε: under the contract's cap, then with caps that are chosen, and which these were.

    The same file is admitted twice: with few rows of each person, and with all.
    """
    files = skewed.Files.in_folder(folder)
    base = made(folder, members=files.members, few_taps=files.taps, taps=files.taps)
    print(json.dumps([_both(base, epsilon) for epsilon in skewed.EPSILONS]))


def _both(base: Path, epsilon: float) -> dict[str, Any]:
    few = asked(base, skewed.SQL.format(taps="few_taps"), epsilon)
    every = asked(base, skewed.SQL.format(taps="taps"), epsilon, advise=SLICE)
    released = [[_taps(release) for release in releases] for releases in (few, every)]
    return {"released": released, "caps": [_caps(release) for release in every]}


def people(folder: Path) -> None:
    """Print releases of the quantiles by counts on a tree, by the name of the question; and those of the median by the other mechanism."""
    base = made(folder, people=ranks.file_of(folder))
    counted = {name: _asked(base, parts, times=ranks.FEW) for name, parts in ranks.PARTS.items()}
    median = _asked(base, ranks.PARTS[ranks.MEDIAN], times=ranks.TIMES[ranks.MEDIAN], quantiles="exponential")
    print(json.dumps({"counted": counted, "chosen": {ranks.MEDIAN: median}}))


def _asked(base: Path, parts: tuple[float, ...], *, times: int, quantiles: str | None = None) -> list[ranks.Released]:
    return [_ranks(release, parts) for release in asked(base, _quantiles(parts), ranks.EPSILON, times=times, quantiles=quantiles)]


def _quantiles(parts: tuple[float, ...]) -> str:
    wanted = ", ".join(f"QUANTILE_CONT(age, {part}) AS q{place}" for place, part in enumerate(parts))
    return f"SELECT ward, {wanted} FROM people GROUP BY ward ORDER BY ward"


def _taps(release: Release) -> skewed.Released:
    return {name: [float(value) for value in release.table.column(name).to_pylist()] for name in ("n", "total")}


def _caps(release: Release) -> list[float]:
    """Return the caps that were chosen for the count and for the total, in its own units."""
    table = release.statement.table
    assert [heading.name for heading in table.headings if heading.noisy] == ["n", "total"]
    count, total = (one.cap for one in table.advised)
    return [count, total / 100]


def _ranks(release: Release, parts: tuple[float, ...]) -> ranks.Released:
    columns = [release.table.column(f"q{place}").to_pylist() for place in range(len(parts))]
    return [[float(value) for value in row] for row in zip(*columns, strict=True)]


if __name__ == "__main__":
    {"taps": taps, "people": people}[sys.argv[2]](Path(sys.argv[1]))
