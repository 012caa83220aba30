"""Keys read as positions: a column of listed texts that is a key and nothing else is read as the places of its values in the key's domain.

Tables hold such a column as numbers into a list of texts, which are few. So its texts are looked up in the domain, once for each of the
list, and an engine gets small numbers to group by, with no text in any row and nothing left to look up: a text becomes its position, one
outside of the domain a number below 0, and NULL stays NULL, as an outer join may make one anywhere.

It is so only where nothing else sees the column. Rows that a window orders are told apart by all their columns, and texts outside of the
domain, which are one number now, would be told apart no more.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from stillroom.adapters.engine.features import values_of
from stillroom.model.expression import Column, walk
from stillroom.model.relation import Scan, Window, steps
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from stillroom.model.plan import Key, Plan
    from stillroom.model.schema import Scalar

OUTSIDE = -1
"""Where a text stands that is not in the domain."""


def read_as_positions(plan: Plan) -> Mapping[str, Key]:
    """Return the columns of private tables that are read as positions, by name, each with its key."""
    if any(isinstance(step, Window) for step in steps(plan.whole)):
        return {}
    read = frozenset(chain.from_iterable(_columns(step) for step in steps(plan.whole) if isinstance(step, Scan)))
    seen = Counter(node.name for root in values_of(plan) for node in walk(root) if isinstance(node, Column))
    keys = {key.value.name: key for key in plan.keys if isinstance(key.value, Column) and key.kind is Kind.TEXT and key.domain is not None}
    return {name: key for name, key in keys.items() if name in read and seen[name] == 1}


def _columns(scan: Scan) -> list[str]:
    return [f"{scan.name}.{column}" for column in scan.columns]


def positions_of(texts: pa.ChunkedArray, domain: tuple[Scalar, ...]) -> pa.ChunkedArray:
    """Return the position in a domain of each text of a column, whether or not it is a dictionary; `OUTSIDE` where it has none."""
    import pyarrow as pa

    encoded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    listed = pa.array(domain, pa.string())
    return pa.chunked_array([_positions(chunk, listed) for chunk in encoded.chunks], pa.int32())


def _positions(chunk: pa.DictionaryArray, listed: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    texts = chunk.dictionary.cast(listed.type)
    places = pc.fill_null(pc.index_in(texts, value_set=listed, skip_nulls=True), OUTSIDE)
    return pc.if_else(texts.is_valid(), places, None).take(chunk.indices)
