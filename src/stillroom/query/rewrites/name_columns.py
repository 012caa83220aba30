"""Columns that a question makes are named by what they are, so that equal questions have equal plans.

The compiler names them in the order in which a subquery mentions them. Neither that order nor what else the subquery selects matters.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from stillroom.crypto.canonical import Json, canonical
from stillroom.model.expression import renamed
from stillroom.model.relation import (
    Named,
    PerPerson,
    Total,
    Union,
    expressions,
    first_reading,
    made,
    sources,
    with_expressions,
    with_made,
    with_sources,
)
from stillroom.query.rewrites.order_operands import ordered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.measure import Measure
    from stillroom.model.plan import Key
    from stillroom.model.relation import Relation
    from stillroom.model.schema import ColumnType
    from stillroom.query.draft import Draft

_Valued = TypeVar("_Valued", "Key", "Measure")
_Column = TypeVar("_Column", Named, Total)


def name_columns(draft: Draft) -> Draft:
    """Give each column that a step makes a name by its place among all of that step, ordered by what they compute.

    Names stand for the same columns before and after; equal keys become one, which groups the same.
    """
    namer = _Namer({fact.name: fact.type for fact in draft.facts})
    relation = namer.relation(draft.relation)
    facts = {namer.new(fact.name): fact for fact in draft.facts}
    return replace(
        draft,
        relation=relation,
        facts=tuple(facts[name].model_copy(update={"name": name}) for name in sorted(facts)),
        keys=tuple(map(namer.valued, draft.keys)),
        measures=tuple(map(namer.valued, draft.measures)),
    )


class _Namer:
    """Names columns from the bottom of a relation to its top."""

    def __init__(self, types: Mapping[str, ColumnType]) -> None:
        """Start with the types of all columns, by their old names."""
        self.types = types
        self.names: dict[str, str] = {}
        self.made: Counter[str] = Counter()

    def new(self, name: str) -> str:
        """Return the new name of a column; columns of datasets keep theirs."""
        return self.names.get(name, name)

    def valued(self, one: _Valued) -> _Valued:
        """Return a key or measure over columns of new names."""
        return one.model_copy(update={"value": renamed(one.value, self.new)})

    def relation(self, relation: Relation) -> Relation:
        """Return a relation in which all columns have their new names."""
        relation = with_sources(relation, [self.relation(source) for source in sources(relation)])
        relation = with_expressions(relation, [ordered(renamed(one, self.new)) for one in expressions(relation)])
        twins: dict[str, str] = {}
        match relation:
            case PerPerson():
                keys, totals = self._sorted(relation.keys, twins), self._sorted(relation.totals, twins)
                relation = PerPerson(source=relation.source, keys=keys, totals=totals)
            case Union():
                relation = self._united(relation)
            case _:
                pass
        old, reading = made(relation), first_reading(relation)
        start = self.made[reading] + 1
        self.made[reading] += len(old)
        new = {name: f"{reading}.#{start + place}" for place, name in enumerate(old)}
        self.names |= new | {name: new[kept] for name, kept in twins.items()}
        return with_made(relation, list(new.values()))

    def _sorted(self, columns: tuple[_Column, ...], twins: dict[str, str]) -> tuple[_Column, ...]:
        """Order columns by what they compute; one stands for all that compute the same, which are its twins."""
        found: dict[bytes, _Column] = {}
        for one in columns:
            kept = found.setdefault(self._text(one.model_copy(update={"name": ""}).to_json(), one.name), one)
            if kept is not one:
                twins[one.name] = kept.name
        return tuple(found[text] for text in sorted(found))

    def _united(self, union: Union) -> Union:
        """Order the columns of a union by what they are made of."""
        made_of = {name: [arm.values[place].to_json() for arm in union.arms] for place, name in enumerate(union.columns)}
        places = sorted(range(len(union.columns)), key=lambda place: self._text(made_of[union.columns[place]], union.columns[place]))
        arms = tuple(arm.model_copy(update={"values": tuple(arm.values[place] for place in places)}) for arm in union.arms)
        return Union(columns=tuple(union.columns[place] for place in places), arms=arms)

    def _text(self, made_of: Json, name: str) -> bytes:
        """Return what a column is, with the type that its numbers are in, as bytes that sort."""
        return canonical([made_of, self.types[name].to_json()])
