"""Which persons two tables have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from stillroom.model.relation import Enrich, Filter, Join, JoinKind, Mark, PartRows, PerPerson, Scan, Union, Window

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    import pyarrow as pa

    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation


class People(Protocol):
    """Persons by code."""

    def persons(self) -> pa.Array:
        """Return the canonical identifiers; item i belongs to code i."""
        ...


class Everybody:
    """The persons of several tables, each once."""

    def __init__(self, tables: Sequence[People]) -> None:
        """Give everybody a code."""
        import pyarrow as pa
        import pyarrow.compute as pc

        identifiers = [table.persons().cast(pa.large_string()) for table in tables]
        self._persons = pc.unique(pa.chunked_array(identifiers, pa.large_string()))

    def persons(self) -> pa.Array:
        """Return the canonical identifiers; item i belongs to code i."""
        return self._persons


def base_of(relation: Relation, lone: Container[str] = ()) -> str | None:
    """Return a private dataset in which everybody has rows who has rows in the relation; None if there is none.

    Its codes of persons are enough to tell everybody apart who counts, and its own rows are read as they are: so it is, by the contract,
    one of those with several rows for each person if there is such a one; of these, the first by name.

    Args:
        relation: The relation.
        lone: The datasets of which nobody has more than one row (`Plan.lone`).
    """
    return min(_needed(relation), key=lambda dataset: (dataset in lone, dataset), default=None)


def _needed(relation: Relation) -> frozenset[str]:
    """Return the private datasets without rows in which a person has no row of a relation."""
    match relation:
        case Scan():
            return frozenset({relation.dataset})
        case PartRows():
            return frozenset()
        case Join(kind=JoinKind.INNER):
            return _needed(relation.left) | _needed(relation.right)
        case Join(kind=JoinKind.LEFT):
            return _needed(relation.left)
        case Join():
            return _needed(relation.left) & _needed(relation.right)
        case Union():
            return frozenset.intersection(*(_needed(arm.relation) for arm in relation.arms))
        case Filter() | Mark() | Enrich() | PerPerson() | Window():
            return _needed(relation.source)


def people_of(plan: Plan, tables: Mapping[str, People]) -> People:
    """Return whose codes tell everybody apart who counts in a plan: those of one of its tables if that is enough, else of all."""
    base = base_of(plan.whole, plan.lone)
    return tables[base] if base is not None else Everybody([tables[dataset] for dataset in plan.datasets])


class PersonLinks:
    """Translates persons' codes from one table to another, and remembers how for as long as both tables live.

    Persons are the same when their canonical identifiers are the same text. Tables are told apart by identity: a table object
    stands for one admitted version, which never changes.
    """

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._known: WeakKeyDictionary[People, WeakKeyDictionary[People, pa.Array]] = WeakKeyDictionary()

    def codes(self, source: People, target: People) -> pa.Array:
        """Return, for each code of `source`, the code of the same person in `target`, or NULL."""
        known = self._known.setdefault(source, WeakKeyDictionary())
        if target not in known:
            known[target] = _matched(source.persons(), target.persons())
        return known[target]


def _matched(source: pa.Array, target: pa.Array) -> pa.Array:
    """Return where each item of `source` stands in `target`; the hash table is made of the shorter one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    source, target = source.cast(pa.large_string()), target.cast(pa.large_string())
    if len(source) == 0 or len(target) <= len(source):
        return pc.index_in(source, value_set=target)
    places = pc.index_in(target, value_set=source)
    return pc.inverse_permutation(places, max_index=len(source) - 1)
