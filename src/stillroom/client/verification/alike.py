"""How many rows of one person can be alike: derived once more from what tells them apart."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from stillroom.client.verification.declared import column
from stillroom.client.verification.domains import values_of
from stillroom.model.expression import Column

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from stillroom.client.verification.persons_rows import Rows
    from stillroom.model.contract import Contract
    from stillroom.model.expression import Expression
    from stillroom.model.relation import PerPerson


def alike(rows: Rows, keys: Iterable[Expression]) -> int:
    """Return how many rows of a person have the same values of keys, at most: as many as combinations of what else tells rows apart."""
    told = rows.told
    if told is None:
        return rows.most
    same = {key.name for key in keys if isinstance(key, Column)}
    return _combinations([many for name, many in told.items() if name not in same], rows.most)


def grouped(relation: PerPerson, rows: Rows, contract: Contract) -> tuple[dict[str, int | None], int]:
    """Return what tells rows apart after grouping, with how many values it may have, and how many rows a person has at most.

    A key that is the same in all rows of a person tells none of them apart.
    """
    told = {key.name: _values(key.value, rows, contract) for key in relation.keys if not rows.same(key.value)}
    return told, _combinations(told.values(), rows.most)


def with_null(told: Mapping[str, int | None] | None) -> dict[str, int | None] | None:
    """Return what tells rows apart where they may be absent, so that each column may be NULL besides."""
    return None if told is None else {name: None if many is None else many + 1 for name, many in told.items()}


def _values(key: Expression, rows: Rows, contract: Contract) -> int | None:
    """Return how many values a key has at most, NULL among them unless the contract excludes it; None where there is no end to them."""
    if isinstance(key, Column) and rows.told is not None and key.name in rows.told:
        return rows.told[key.name]
    found = values_of(key, contract)
    if found is None:
        return None
    return len(found) + (key.name in rows.absent or _nullable(key.name, contract) if isinstance(key, Column) else 1)


def _nullable(name: str, contract: Contract) -> bool:
    declared = column(contract, name)
    return not declared.required and declared.other is None


def _combinations(many: Collection[int | None], most: int) -> int:
    known = [one for one in many if one is not None]
    return min(most, prod(known)) if len(known) == len(many) else most
