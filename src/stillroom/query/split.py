"""What each owner can do alone, cut out of a question's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.contract import PrivateDataset
from stillroom.model.plan import Part
from stillroom.model.relation import PartRows, Scan, sources, steps, with_sources

if TYPE_CHECKING:
    from stillroom.model.contract import Contract
    from stillroom.model.relation import Relation


def split(relation: Relation, contract: Contract) -> tuple[tuple[Part, ...], Relation]:
    """Return the parts of a relation, and the relation over them.

    A part is as much as reads private data of one owner about one population only, together with public tables.
    """
    parts: list[Part] = []

    def cut(step: Relation) -> Relation:
        accounts = _accounts(step, contract)
        if len(accounts) > 1:
            return with_sources(step, [cut(source) for source in sources(step)])
        owner, population = accounts.pop()
        parts.append(Part(owner=owner, population=population, relation=step))
        return PartRows(part=len(parts) - 1)

    rows = cut(relation)
    return tuple(parts), rows


def _accounts(relation: Relation, contract: Contract) -> set[tuple[str, str]]:
    """Return the owners and populations whose data a relation reads."""
    read = [contract.datasets[step.dataset] for step in steps(relation) if isinstance(step, Scan)]
    return {(dataset.owner, dataset.population) for dataset in read if isinstance(dataset, PrivateDataset)}
