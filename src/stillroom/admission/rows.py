"""Which rows of a person are kept: the reference for every engine that admits data."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from stillroom.admission.cells import admit
from stillroom.admission.identifiers import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillroom.admission.cells import Raw
    from stillroom.model.contract import PrivateDataset
    from stillroom.model.schema import Scalar

ROW_HASH = "stillroom/row/v1:"
"""What the text begins with that orders a person's rows."""

Row: TypeAlias = "tuple[Scalar, ...]"
"""An admitted row: its values by ascending name of their columns."""


def admit_rows(dataset: PrivateDataset, rows: Iterable[Mapping[str, Raw]], salt: bytes) -> dict[str, list[Row]]:
    """Return the admitted rows of each person.

    Privacy: a person's rows are a function of the rows with that person's identifiers as a multiset, and of nothing else. Each rule
    looks at one row alone, except the limit, which looks at one person's rows alone and gives equal rows equal parts.

    Args:
        dataset: The contract's section.
        rows: The rows of the file, by column name.
        salt: The dataset's secret key.
    """
    persons: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        raw = row[dataset.person.column]
        person = canonical(None if raw is None else str(raw), dataset.person)
        admitted = {name: admit(row[name], column)[0] for name, column in sorted(dataset.columns.items())}
        if person is not None and not any(column.required and admitted[name] is None for name, column in dataset.columns.items()):
            persons[person].append(tuple(admitted.values()))
    return {person: keep(person, own, dataset.rows_per_person, salt) for person, own in sorted(persons.items())}


def keep(person: str, rows: Sequence[Row], limit: int, salt: bytes) -> list[Row]:
    """Return at most `limit` rows of a person: those with the smallest `rank`, where the n-th of equal rows ranks apart from the others."""
    seen: dict[Row, int] = defaultdict(int)
    ranked = []
    for row in rows:
        seen[row] += 1
        ranked.append((rank(person, row, seen[row], salt), row))
    return [row for _, row in sorted(ranked, key=lambda pair: pair[0])[:limit]]


def rank(person: str, row: Row, occurrence: int, salt: bytes) -> str:
    """Return the keyed hash that orders a person's rows.

    It is the hexadecimal SHA-256 of `ROW_HASH`, the salt in hexadecimal, and the fields: the person, each value of the row, and which of
    its equals the row is, counted from 1. Nobody learns a hash, so that a key in front is as good as an HMAC.
    """
    fields = "".join(field(value) for value in (person, *row, occurrence))
    return hashlib.sha256((ROW_HASH + salt.hex() + fields).encode()).hexdigest()


def field(value: Scalar) -> str:
    """Write a value so that no two sequences of values read alike: `-` for NULL, else `length in bytes:text`."""
    if value is None:
        return "-"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{len(text.encode())}:{text}"
