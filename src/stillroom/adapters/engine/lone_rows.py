"""Relations in which nobody has more than one row, by the contract: what rows there are has no say in how a plan is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.relation import Filter, Join, JoinKind, Scan, sources

if TYPE_CHECKING:
    from collections.abc import Container

    from stillroom.model.relation import Relation


def has_lone_rows(relation: Relation, lone: Container[str]) -> bool:
    """Tell whether nobody has more than one row of a relation, given the datasets of which nobody has (`Plan.lone`).

    A public table may have several rows for each of a person's.
    """
    match relation:
        case Scan():
            return relation.dataset in lone
        case Join(kind=JoinKind.INNER | JoinKind.LEFT) | Filter():
            return all(has_lone_rows(source, lone) for source in sources(relation))
        case _:
            return False
