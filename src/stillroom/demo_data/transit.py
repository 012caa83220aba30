"""Synthetic data of a transit agency and a payments provider: taps at stations, and payments near them. No such people exist."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stillroom.demo_data.synthetic import heavy_tailed, identifier, one_of, uniform, whole, write

CONTRACT: Final = Path(__file__).with_name("transit.yaml")
"""The contract of the two, with `{transit}` and `{payments}` in the place of their keys."""

STATIONS: Final = Path(__file__).with_name("stations.csv")
"""The public table of stations, made up too."""

WEIGHTS: Final = {
    "Quayside": 6,
    "Mill Lane": 6,
    "Market": 12,
    "Hospital": 10,
    "Central": 20,
    "North Gate": 10,
    "College": 8,
    "Museum": 4,
    "Harbour": 6,
    "Stadium": 4,
    "Gardens": 5,
    "Airport": 9,
}
"""How often each station is, for taps and for payments."""

RIDERS: Final = 0.7
PAYERS: Final = 0.6
"""The shares of people who ride, and who pay by card; whether somebody does the one has nothing to do with the other."""

GAIN: Final = 1.15
"""By how much each payment near a new station is larger, once there is the line."""


def make(folder: Path, people: int) -> dict[str, Path]:
    """Write the files of so many people; the same number always gives the same people.

    Returns:
        The file of each dataset of the contract.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "stations": STATIONS,
        "taps": write(folder / "taps.parquet", _taps(people)),
        "spending": write(folder / "spending.parquet", _spending(people)),
    }


def _taps(people: int) -> str:
    """Return the SELECT of the taps: most riders rarely ride, some very often; before a station opens, they are at Central."""
    row = "64 * i + k"
    drawn = f"{_events(people, 'taps', RIDERS, 40)} JOIN '{STATIONS}' ON station = place"
    taps = f"CAST(floor({heavy_tailed(row, 'taps', least=1, exponent=1.5, most=20)}) AS INTEGER)"
    stop = "CASE WHEN line = 'new' AND day < since THEN 'Central' ELSE place END"
    return f"SELECT {identifier('i')} AS rider, day, {stop} AS stop, {taps} AS taps FROM {drawn} ORDER BY hash({row}, 'taps')"


def _spending(people: int) -> str:
    """Return the SELECT of the payments."""
    row = "64 * i + k"
    drawn = f"{_events(people, 'spending', PAYERS, 30)} JOIN '{STATIONS}' ON station = place"
    amount = (
        f"{heavy_tailed(row, 'amount', least=4, exponent=1.5, most=130)} * CASE WHEN line = 'new' AND day >= since THEN {GAIN} ELSE 1 END"
    )
    paid = f"CAST({amount} AS DECIMAL(9, 2)) AS amount"
    return f"SELECT {identifier('i')} AS payer, day, place AS near, {paid} FROM {drawn} ORDER BY hash({row}, 'spending')"


def _events(people: int, label: str, share: float, most: int) -> str:
    """Return a relation of events: a person `i`, the number `k` of the person's event, a `day` and a `place`."""
    times = f"CAST(floor({heavy_tailed('i', f'{label} times', least=1, exponent=1, most=most)}) AS BIGINT)"
    persons = f"SELECT i, unnest(range({times})) AS k FROM range({people}) AS t(i) WHERE {uniform('i', label)} < {share}"
    day, place = whole("64 * i + k", f"{label} day", 0, 62), one_of("64 * i + k", f"{label} place", WEIGHTS)
    return f"(SELECT i, k, DATE '2026-02-16' + {day} AS day, {place} AS place FROM ({persons}))"
