"""Synthetic data of two agencies: a register of residents, and an employment agency's records of most of them. No such people exist."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Final

from stillroom.demo_data.synthetic import identifier, one_of, read, uniform, whole, write

CONTRACT: Final = Path(__file__).with_name("agencies.yaml")
"""The contract of the two, with `{registry}` and `{labour}` in the place of their keys."""

DISTRICTS: Final = (
    *("Ashford", "Birchley", "Castleton", "Dunmore", "Eastwick", "Fernhill"),
    *("Glenbrook", "Harrow", "Inverley", "Juniper", "Kingsmead", "Larkfield"),
)
"""From the largest to the smallest: the n-th has 1/n of the people of the first."""

BANDS: Final = {"under 25": 25, "25-34": 35, "35-44": 45, "45-54": 55, "55-64": 65, "65 and over": 200}
"""The age bands of the joint statistics, each with the age that it ends below."""

STATUSES: Final = ("employed", "unemployed", "training", "not working")

WEIGHTS: Final = {
    25: (40, 8, 45, 7),
    35: (80, 7, 6, 7),
    45: (85, 5, 2, 8),
    55: (83, 5, 1, 11),
    65: (62, 6, 0.5, 31.5),
    200: (8, 0.5, 0.1, 91.4),
}
"""How often each status is, below each age."""

RECORDED: Final = 0.9
"""The share of residents whom the employment agency knows; it knows as many others, one for each 20 residents."""


def make(folder: Path, people: int) -> dict[str, Path]:
    """Write both files, of so many residents; the same number always gives the same people.

    Returns:
        The file of each dataset of the contract.
    """
    folder.mkdir(parents=True, exist_ok=True)
    districts = {district: 1 / (place + 1) for place, district in enumerate(DISTRICTS)}
    age = whole("i", "age", 16, 89)
    residents = f"SELECT {identifier('i')} AS resident_id, {age} AS age, {one_of('i', 'district', districts)} AS district"
    status = " ".join(f"WHEN {age} < {end} THEN {_status(weights)}" for end, weights in WEIGHTS.items())
    known = f"{uniform('i', 'recorded')} < {RECORDED} OR i >= {people}"
    records = f"SELECT {identifier('i')} AS person_id, CASE {status} END AS status"
    return {
        "residents": write(folder / "residents.parquet", f"{residents} FROM range({people}) AS t(i) ORDER BY hash(i, 'register')"),
        "records": write(
            folder / "records.parquet", f"{records} FROM range({people + people // 20}) AS t(i) WHERE {known} ORDER BY hash(i, 'records')"
        ),
    }


def _status(weights: tuple[float, ...]) -> str:
    """Return the expression of a status."""
    return one_of("i", "status", dict(zip(STATUSES, weights, strict=True)))


def truth(files: dict[str, Path]) -> dict[tuple[str, ...], int]:
    """Return how many people of both files truly are in each district, age band and status; empty combinations too."""
    counts: dict[tuple[str, ...], int] = dict.fromkeys(product(DISTRICTS, BANDS, STATUSES), 0)
    band = " ".join(f"WHEN age < {end} THEN '{band}'" for band, end in BANDS.items())
    joined = "residents JOIN records ON resident_id = person_id"
    found = read(f"SELECT district, CASE {band} END, status, CAST(count(*) AS BIGINT) FROM {joined} GROUP BY ALL", **files)
    return counts | {(str(district), str(age), str(status)): int(people) for district, age, status, people in found}
