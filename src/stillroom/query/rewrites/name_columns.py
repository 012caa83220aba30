"""Keys and totals of persons are named by what they are, so that equal questions have equal plans.

The compiler names them in the order in which a subquery mentions them. Neither that order nor what else the subquery selects matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from stillroom.crypto.canonical import canonical
from stillroom.model.expression import (
    All,
    Among,
    Any,
    Arithmetic,
    Average,
    Branch,
    Case,
    Column,
    Compare,
    Constant,
    Divide,
    Expression,
    IsNull,
    Like,
    Not,
)
from stillroom.model.relation import Enrich, Filter, Linked, Named, PerPerson, Relation, Scan, Total
from stillroom.query.rewrites.order_operands import ordered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.plan import Plan
    from stillroom.model.schema import ColumnType

_Valued = TypeVar("_Valued", Named, Total)

LINKED = "#linked"
"""The prefix of names over linked rows; over the rows of a part it is the name of its dataset."""


def name_columns(plan: Plan) -> Plan:
    """Give each key and total of a subquery a name by its place among all of them, ordered by what they compute.

    Names stand for the same columns before and after; equal keys become one, which groups the same.
    """
    namer = _Namer({fact.name: fact.type for fact in plan.facts})
    parts = tuple(part.model_copy(update={"relation": namer.relation(part.relation, part.dataset)}) for part in plan.parts)
    link = plan.link
    if link is not None and link.condition is not None:
        link = link.model_copy(update={"condition": namer.renamed(link.condition)})
    rest = namer.relation(plan.rest, LINKED)
    facts = {namer.names.get(fact.name, fact.name): fact for fact in plan.facts}
    return plan.model_copy(
        update={
            "facts": tuple(facts[name].model_copy(update={"name": name}) for name in sorted(facts)),
            "parts": parts,
            "link": link,
            "rest": rest,
            "keys": tuple(key.model_copy(update={"value": namer.renamed(key.value)}) for key in plan.keys),
            "measures": tuple(measure.model_copy(update={"value": namer.renamed(measure.value)}) for measure in plan.measures),
        }
    )


class _Namer:
    """Names columns from the bottom of a plan to its top."""

    def __init__(self, types: Mapping[str, ColumnType]) -> None:
        """Start with the types of all columns, by their old names."""
        self.types = types
        self.names: dict[str, str] = {}

    def relation(self, relation: Relation, stem: str) -> Relation:
        """Return a relation in which all columns have their new names."""
        match relation:
            case Filter():
                return Filter(source=self.relation(relation.source, stem), condition=self.renamed(relation.condition))
            case Enrich():
                source = self.relation(relation.source, stem)
                on = tuple(item.model_copy(update={"left": self.renamed(item.left)}) for item in relation.on)
                return relation.model_copy(update={"source": source, "on": on})
            case PerPerson():
                return self._per_person(relation, stem)
            case Scan() | Linked():
                return relation

    def _per_person(self, relation: PerPerson, stem: str) -> PerPerson:
        source = self.relation(relation.source, stem)
        keys, new_keys = self._numbered(relation.keys, f"{stem}.#key")
        totals, new_totals = self._numbered(relation.totals, f"{stem}.#total")
        self.names |= new_keys | new_totals
        return PerPerson(source=source, keys=keys, totals=totals)

    def _numbered(self, items: tuple[_Valued, ...], prefix: str) -> tuple[tuple[_Valued, ...], dict[str, str]]:
        """Return columns in the order of what they are, numbered after those named before, and their new names by the old ones."""
        start = len({name for name in self.names.values() if name.startswith(prefix)})
        found: dict[bytes, _Valued] = {}
        texts: dict[str, bytes] = {}
        for one in items:
            blank = one.model_copy(update={"name": "", "value": ordered(self.renamed(one.value))})
            texts[one.name] = canonical([blank.to_json(), self.types[one.name].to_json()])
            found[texts[one.name]] = blank
        names = {text: f"{prefix}{place}" for place, text in enumerate(sorted(found), start)}
        columns = tuple(found[text].model_copy(update={"name": name}) for text, name in names.items())
        return columns, {old: names[text] for old, text in texts.items()}

    def renamed(self, node: Expression) -> Expression:
        """Return an expression in which all columns have their new names."""
        match node:
            case Column():
                return Column(name=self.names.get(node.name, node.name))
            case Among() | Like() | IsNull() | Not():
                return node.model_copy(update={"operand": self.renamed(node.operand)})
            case Compare() | Arithmetic() | Divide():
                return node.model_copy(update={"left": self.renamed(node.left), "right": self.renamed(node.right)})
            case All() | Any():
                return node.model_copy(update={"operands": tuple(map(self.renamed, node.operands))})
            case Case():
                branches = tuple(Branch(when=self.renamed(branch.when), then=self.renamed(branch.then)) for branch in node.branches)
                return node.model_copy(update={"branches": branches, "otherwise": self.renamed(node.otherwise)})
            case Constant() | Average():
                return node
