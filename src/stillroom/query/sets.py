"""GROUP BY, ROLLUP, CUBE and GROUPING SETS: which keys there are, and which sets of them are shown."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, TypeAlias

from stillroom.errors import Code, Refusal
from stillroom.query.text.parse import only, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlglot import exp

KEY_LIMIT = 32
"""The most distinct grouping expressions of a question."""

SET_LIMIT = 256
"""The most grouping sets of a question."""

Sets: TypeAlias = list[tuple[int, ...]]


class Keys:
    """The distinct grouping expressions, in order of first mention."""

    def __init__(self, prepare: Callable[[exp.Expr], exp.Expr], same: Callable[[exp.Expr, exp.Expr], bool]) -> None:
        """Remember how to resolve aliases and positions, and how to compare."""
        self.prepare, self.same = prepare, same
        self.nodes: list[exp.Expr] = []

    def position(self, node: exp.Expr) -> int:
        """Return the position of a grouping expression, adding it when it is new."""
        prepared = self.prepare(node).unnest()
        for position, known in enumerate(self.nodes):
            if self.same(known, prepared):
                return position
        if len(self.nodes) == KEY_LIMIT:
            raise Refusal(Code.TOO_MANY_CELLS, f"The question has more than {KEY_LIMIT} grouping columns.", "Group by fewer columns.")
        self.nodes.append(prepared)
        return len(self.nodes) - 1


def grouping_sets(group: exp.Group | None, keys: Keys) -> Sets:
    """Return the grouping sets of a GROUP BY, each as positions of keys.

    Raises:
        Refusal: A form that is not supported, or too many sets.
    """
    if group is None:
        return [()]
    if group.args.get("all"):
        fix = "Name the keys, or count their places in SELECT, as in GROUP BY 1, 2."
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "GROUP BY ALL is not supported beside *.", fix)
    only(group, {"expressions", "rollup", "cube", "grouping_sets"})
    elements = [*group.expressions, *(part for name in ("grouping_sets", "cube", "rollup") for part in group.args.get(name) or ())]
    return _crossed([_element(node, keys) for node in elements])


def renumbered(sets: Sets, order: Sequence[int]) -> Sets:
    """Return grouping sets for keys in another order, from fine to coarse."""
    moved = {position: rank for rank, position in enumerate(order)}
    return sorted((tuple(sorted(moved[position] for position in one)) for one in sets), key=lambda one: (-len(one), one))


def scatters(sets: Sets, functional: Sequence[bool]) -> bool:
    """Tell whether a person may be in several parts of a total: where a set leaves out a key that is no function of the person."""
    return any(not one for kept in sets for key, one in enumerate(functional) if key not in kept)


def _crossed(elements: Iterable[Sets]) -> Sets:
    """Return the cross product of the elements of a GROUP BY, checked at each step so that it never grows far."""
    sets: Sets = [()]
    for parts in elements:
        sets = list(dict.fromkeys(tuple(sorted({*one, *part})) for one, part in product(sets, parts)))
        if len(sets) > SET_LIMIT:
            raise Refusal(
                Code.TOO_MANY_CELLS, f"The question has more than {SET_LIMIT} grouping sets.", "Name the sets you need in GROUPING SETS."
            )
    return sets


def _element(node: exp.Expr, keys: Keys) -> Sets:
    """Return the sets of one element of a GROUP BY."""
    from sqlglot import exp

    match node:
        case exp.Rollup():
            only(node, {"expressions"})
            columns = [_columns(part, keys) for part in node.expressions]
            return [_flat(columns[:count]) for count in range(len(columns), -1, -1)]
        case exp.Cube():
            only(node, {"expressions"})
            columns = [_columns(part, keys) for part in node.expressions]
            if 2 ** len(columns) > SET_LIMIT:
                raise Refusal(
                    Code.TOO_MANY_CELLS, f"The CUBE has more than {SET_LIMIT} grouping sets.", "Name the sets you need in GROUPING SETS."
                )
            return [_flat(chosen) for count in range(len(columns), -1, -1) for chosen in combinations(columns, count)]
        case exp.GroupingSets():
            only(node, {"expressions"})
            return list(dict.fromkeys(chosen for part in node.expressions for chosen in _element(part, keys)))
        case _:
            return [_columns(node, keys)]


def _columns(node: exp.Expr, keys: Keys) -> tuple[int, ...]:
    """Return the keys of one expression, or of several in parentheses."""
    from sqlglot import exp

    if isinstance(node, exp.Rollup | exp.Cube | exp.GroupingSets):
        raise unsupported(node)
    return tuple(keys.position(part) for part in (node.expressions if isinstance(node, exp.Tuple) else [node]))


def _flat(parts: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Return all positions of several groups of columns."""
    return tuple(position for part in parts for position in part)
