"""Relations in which nobody has more than one row, as far as the sizes of tables tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.relation import Filter, Join, JoinKind, Scan, sources

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation
    from stillroom.ports import AdmittedTable


def lone_datasets(plan: Plan, tables: Mapping[str, AdmittedTable]) -> frozenset[str]:
    """Return the private datasets of a plan in which everybody has one row: there are as many rows as persons, none of them without."""
    sizes = {dataset: tables[dataset].extent() for dataset in plan.datasets}
    return frozenset(dataset for dataset, (rows, persons) in sizes.items() if rows == persons)


def has_lone_rows(relation: Relation, lone: Container[str]) -> bool:
    """Tell whether nobody has more than one row of a relation, given the datasets in which everybody has one.

    A public table may have several rows for each of a person's.
    """
    match relation:
        case Scan():
            return relation.dataset in lone
        case Join(kind=JoinKind.INNER | JoinKind.LEFT) | Filter():
            return all(has_lone_rows(source, lone) for source in sources(relation))
        case _:
            return False
