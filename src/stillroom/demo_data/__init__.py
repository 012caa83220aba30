"""The two files of the demonstration: real patients of a clinical trial, and an insurer's customers. Sources: ATTRIBUTION.md, beside."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

HEALTHCO_TRIAL: Final = Path(__file__).with_name("healthco_trial.csv")
"""HealthCo: arm, CD4 counts and outcome of the 2,139 patients of ACTG 175, all real. `person_id` is unique."""

INSURECO_MEMBERS: Final = Path(__file__).with_name("insureco_members.csv")
"""InsuranceCo: demographics of 2,713 customers, 1,913 of them patients. `member_id` is unique once spaces and case are ignored."""

CONTRACT: Final = Path(__file__).with_name("contract.yaml")
"""The contract of the two, with `{insureco}` and `{healthco}` in the place of their keys."""

AGE_BANDS: Final = {"under 20": 20, "20-29": 30, "30-39": 40, "40-49": 50, "50-59": 60, "60 and over": 200}
"""The six age bands of the thresholded tables, each with the age that it ends below."""

DOMAINS: Final = {
    "age_band": tuple(AGE_BANDS),
    "gender": ("female", "male"),
    "race": ("non-white", "white"),
    "event": ("no", "yes"),
}
"""The attributes of the thresholded tables. `event` is the outcome; the others stand in InsuranceCo's file."""


def members() -> dict[str, dict[str, str]]:
    """Return InsuranceCo's customers by canonical identifier, with the attributes that InsuranceCo knows."""
    return {
        row["member_id"].strip().upper(): {"age_band": _age_band(int(row["age"])), "gender": row["gender"], "race": row["race"]}
        for row in _rows(INSURECO_MEMBERS)
    }


def joined() -> list[dict[str, str]]:
    """Return the people of both files: InsuranceCo's attributes, and the outcome that HealthCo knows."""
    return [row for row, _ in joined_with_age()]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _age_band(age: int) -> str:
    return next(band for band, end in AGE_BANDS.items() if age < end)


def joined_with_age() -> list[tuple[dict[str, str], int]]:
    """Return the people of both files with their age in years."""
    ages = {row["member_id"].strip().upper(): int(row["age"]) for row in _rows(INSURECO_MEMBERS)}
    customers = members()
    return [
        ({**customers[row["person_id"]], "event": row["event"]}, ages[row["person_id"]])
        for row in _rows(HEALTHCO_TRIAL)
        if row["person_id"] in customers
    ]
