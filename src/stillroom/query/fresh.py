"""Another reading of rows that were compiled before, with names of its own for all that it reads and makes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stillroom.model.expression import renamed
from stillroom.model.relation import Enrich, Scan, expressions, made, sources, steps, with_expressions, with_made, with_sources
from stillroom.query.frame import PersonColumn, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.model.relation import Relation
    from stillroom.query.frame import Binding, Frame
    from stillroom.query.names import Names
    from stillroom.query.typed import Typed


def fresh(frame: Frame, alias: str, names: Names) -> Frame:
    """Return the rows of a common table expression where it is named.

    A column's name begins with that of a reading of a dataset, so that new names of readings make new names of columns.

    Raises:
        InvalidInput: The question reads datasets too often.
    """
    tables = [step for step in steps(frame.relation) if isinstance(step, Scan | Enrich)]
    readings = {table.name: names.reading(table.dataset) for table in sorted(tables, key=lambda table: table.name)}

    def rename(name: str) -> str:
        reading, dot, column = name.partition(".")
        return f"{readings[reading]}{dot}{column}"

    names.take(rename(name) for step in steps(frame.relation) for name in made(step))
    columns = {name: _binding(one, rename) for name, one in frame.sources[0].columns.items()}
    facts = tuple(fact.model_copy(update={"name": rename(fact.name)}) for fact in frame.facts)
    sources, ranks = (Source(alias, columns),), {rename(name): most for name, most in frame.ranks.items()}
    told = None if frame.told is None else {rename(name): values for name, values in frame.told.items()}
    renewed = replace(frame, relation=_relation(frame.relation, rename), facts=facts, sources=sources, merged={}, ranks=ranks)
    return replace(renewed, told=told, added={rename(name): one for name, one in frame.added.items()})


def _binding(binding: Binding, rename: Callable[[str], str]) -> Binding:
    if isinstance(binding, PersonColumn):
        return PersonColumn(None if binding.present is None else _typed(binding.present, rename))
    return _typed(binding, rename)


def _typed(typed: Typed, rename: Callable[[str], str]) -> Typed:
    return replace(typed, expression=renamed(typed.expression, rename))


def _relation(relation: Relation, rename: Callable[[str], str]) -> Relation:
    relation = with_sources(relation, [_relation(source, rename) for source in sources(relation)])
    relation = with_expressions(relation, [renamed(expression, rename) for expression in expressions(relation)])
    relation = with_made(relation, [rename(name) for name in made(relation)])
    return relation.model_copy(update={"name": rename(relation.name)}) if isinstance(relation, Scan | Enrich) else relation
