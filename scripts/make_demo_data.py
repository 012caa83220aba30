"""Make the two files of `src/stillroom/demo_data` from the ACTG 175 table that the `lifelines` package ships.

    python scripts/make_demo_data.py            (needs `pip install lifelines`, nothing else; writes the two files)

No random numbers: who is insured, who is resampled, how an identifier is spelled and how rows are ordered are decided by SHA-256 of
a label, so that anyone gets the same bytes. What the columns mean, where they come from and what was changed:
`src/stillroom/demo_data/ATTRIBUTION.md`.
"""  # noqa: INP001  scripts are run, not imported

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

SOURCE_SHA256 = "56fba31fa0d7bfbff9667b7149fd96a97c352e72aa582871a62a935e812f0e07"
TARGET = Path(__file__).resolve().parent.parent / "src" / "stillroom" / "demo_data"

INSURED_PER_CENT = 90
RESAMPLED = 800
MESSY_PER_CENT = 3
FIRST_RESAMPLED_NUMBER = 700_000  # the trial's own patient numbers leave 650000 to 899999 free
RESAMPLED_NUMBERS = 100_000

ARMS = {"0": "zdv", "1": "zdv+ddi", "2": "zdv+zal", "3": "ddi"}
GENDERS = {"0": "female", "1": "male"}
RACES = {"0": "white", "1": "non-white"}
YES_NO = {"0": "no", "1": "yes"}
SPELLINGS = ("{}", " {}", "{} ", "  {} ")

Row = Mapping[str, str]


def hashed(label: str, modulus: int) -> int:
    """Return a number below `modulus` that depends on the label only; the bias is below modulus / 2**256."""
    return int.from_bytes(hashlib.sha256(f"stillroom demo data: {label}".encode()).digest()) % modulus


def person_id(number: int) -> str:
    """Write a patient number as both parties write it when they take care."""
    return f"P-{number:06d}"


def spelled(person: str) -> str:
    """Return the identifier as InsuranceCo typed it: now and then in lower case, or with spaces around it."""
    if hashed(f"messy {person}", 100) >= MESSY_PER_CENT:
        return person
    return SPELLINGS[hashed(f"spelling {person}", len(SPELLINGS))].format(person.lower())


def outcome(patient: Row) -> Row:
    """Return what HealthCo knows about a patient."""
    return {
        "person_id": person_id(int(patient["pidnum"])),
        "arm": ARMS[patient["arms"]],
        "cd4_start": patient["cd40"],
        "cd4_week20": patient["cd420"],
        "cd4_week96": "" if patient["cd496"] == "NA" else patient["cd496"],
        "event": YES_NO[patient["cens"]],
        "days": patient["days"],
    }


def customer(person: str, patient: Row) -> Row:
    """Return what InsuranceCo knows about a customer who has this patient's demographics."""
    return {
        "member_id": spelled(person),
        "age": patient["age"],
        "gender": GENDERS[patient["gender"]],
        "race": RACES[patient["race"]],
        "weight_kg": f"{float(patient['wtkg']):.1f}",
        "hemophilia": YES_NO[patient["hemo"]],
        "drug_history": YES_NO[patient["drugs"]],
    }


def insured(patients: Iterable[Row]) -> Iterator[Row]:
    """Yield the customers who are patients: nine in ten, whatever their demographics and outcome."""
    for patient in patients:
        person = person_id(int(patient["pidnum"]))
        if hashed(f"insured {person}", 100) < INSURED_PER_CENT:
            yield customer(person, patient)


def resampled(patients: Sequence[Row]) -> Iterator[Row]:
    """Yield customers who never existed: each takes the demographics of a patient drawn with replacement, and a number of its own."""
    taken: set[int] = set()
    for draw in range(RESAMPLED):
        number = FIRST_RESAMPLED_NUMBER + hashed(f"number {draw}", RESAMPLED_NUMBERS)
        while number in taken:
            number = FIRST_RESAMPLED_NUMBER + (number + 1 - FIRST_RESAMPLED_NUMBER) % RESAMPLED_NUMBERS
        taken.add(number)
        yield customer(person_id(number), patients[hashed(f"draw {draw}", len(patients))])


def as_csv(rows: Iterable[Row], person_column: str) -> bytes:
    """Return the rows as CSV, in an order that tells nothing."""
    ordered = sorted(rows, key=lambda row: hashlib.sha256(f"order {person_column} {row[person_column].strip().upper()}".encode()).digest())
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(ordered[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(ordered)
    return text.getvalue().encode()


def source() -> bytes:
    """Return ACTG 175 as the installed `lifelines` ships it, without importing that package.

    Raises:
        SystemExit: It is not installed, or ships other bytes than those that the committed files were made from.
    """
    found = importlib.util.find_spec("lifelines")
    if found is None or found.origin is None:
        raise SystemExit("lifelines is not installed: pip install lifelines")
    content = Path(found.origin).with_name("datasets").joinpath("ACTG175.csv").read_bytes()
    if hashlib.sha256(content).hexdigest() != SOURCE_SHA256:
        raise SystemExit("This lifelines ships another ACTG175.csv: compare the two, then change SOURCE_SHA256.")
    return content


def build(content: bytes) -> dict[str, bytes]:
    """Return the files by name, made from the bytes of ACTG175.csv."""
    patients = list(csv.DictReader(io.StringIO(content.decode())))
    return {
        "healthco_trial.csv": as_csv(map(outcome, patients), "person_id"),
        "insureco_members.csv": as_csv([*insured(patients), *resampled(patients)], "member_id"),
    }


if __name__ == "__main__":
    for name, made in build(source()).items():
        TARGET.joinpath(name).write_bytes(made)
