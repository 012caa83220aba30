"""The demonstration's two files: what they hold, what they do not, and that the script makes these very bytes."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import runpy
from pathlib import Path

import pytest

from stillroom.demo_data import AGE_BANDS, DOMAINS, HEALTHCO_TRIAL, INSURECO_MEMBERS, joined, members

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_demo_data.py"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def canonical(identifier: str) -> str:
    return identifier.strip().upper()


@pytest.mark.parametrize(
    ("path", "digest"),
    [
        (HEALTHCO_TRIAL, "c6bac1486f9893eddb1f1926629e3911d34ee64a384c8df7a11e86b06c07bf5e"),
        (INSURECO_MEMBERS, "b8a20466118b301f89befba3ce66b6796bb9805f7cc948c78da9de677060869d"),
    ],
)
def test_the_files_are_those_that_were_documented(path: Path, digest: str) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


def test_the_files_are_small_enough_to_ship() -> None:
    assert HEALTHCO_TRIAL.stat().st_size + INSURECO_MEMBERS.stat().st_size < 200_000


def test_healthco_holds_the_outcomes_of_the_trials_patients_and_no_demographics() -> None:
    rows = table(HEALTHCO_TRIAL)
    assert list(rows[0]) == ["person_id", "arm", "cd4_start", "cd4_week20", "cd4_week96", "event", "days"]
    assert len({row["person_id"] for row in rows}) == len(rows) == 2139
    assert {row["arm"] for row in rows} == {"zdv", "zdv+ddi", "zdv+zal", "ddi"}
    assert sum(row["event"] == "yes" for row in rows) == 521
    assert sum(row["cd4_week96"] == "" for row in rows) == 797


def test_insureco_holds_demographics_and_no_outcomes() -> None:
    rows = table(INSURECO_MEMBERS)
    assert list(rows[0]) == ["member_id", "age", "gender", "race", "weight_kg", "hemophilia", "drug_history"]
    assert len({canonical(row["member_id"]) for row in rows}) == len(rows) == 2713
    assert {row["gender"] for row in rows} == set(DOMAINS["gender"])
    assert {row["race"] for row in rows} == set(DOMAINS["race"])
    assert {int(row["age"]) < max(AGE_BANDS.values()) for row in rows} == {True}


def test_identifiers_must_be_canonicalised_to_match() -> None:
    typed = {row["member_id"] for row in table(INSURECO_MEMBERS)}
    patients = {row["person_id"] for row in table(HEALTHCO_TRIAL)}
    assert len(patients & set(map(canonical, typed))) == 1913
    assert len(patients & typed) < 1913
    assert any(identifier != identifier.strip() for identifier in typed)
    assert any(identifier != identifier.upper() for identifier in typed)


def test_synthetic_customers_are_told_by_their_number_and_are_no_patients() -> None:
    patients = {row["person_id"] for row in table(HEALTHCO_TRIAL)}
    synthetic = {person for person in map(canonical, (row["member_id"] for row in table(INSURECO_MEMBERS))) if person.startswith("P-7")}
    assert len(synthetic) == 800
    assert not any(patient.startswith("P-7") for patient in patients)


def test_the_joined_people_are_the_patients_who_are_customers() -> None:
    people = joined()
    assert len(people) == 1913
    assert len(members()) == 2713
    assert all(set(person) == set(DOMAINS) and all(person[name] in DOMAINS[name] for name in DOMAINS) for person in people)


@pytest.mark.skipif(
    importlib.util.find_spec("lifelines") is None, reason="lifelines, from which the script makes the files, is not installed"
)
def test_the_script_makes_these_bytes() -> None:
    script = runpy.run_path(str(SCRIPT))
    made: dict[str, bytes] = script["build"](script["source"]())
    assert made == {path.name: path.read_bytes() for path in (HEALTHCO_TRIAL, INSURECO_MEMBERS)}
