"""Exact answers and declared sensitivities, for verifying Stillroom itself. Nothing here may ever be released.

Hand in tables and a question; compare the exact cells on neighbouring tables with the sensitivities that noise is calibrated to. No
other module imports this one: import-linter keeps it so.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from stillroom.adapters.duckdb.admission import admit_file
from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.adapters.memory_table import MemoryTable
from stillroom.crypto.canonical import digest
from stillroom.errors import Code, InvalidInput
from stillroom.model.codec import digest_of
from stillroom.model.contract import PrivateDataset
from stillroom.model.measure import Aggregate
from stillroom.model.question import Question, Terms
from stillroom.privacy.exponential import scores
from stillroom.protections.server import selected_cells
from stillroom.query.compile import compile_question
from stillroom.query.estimation import marginal_of, sizes_of
from stillroom.query.protected import protected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    from stillroom.model.contract import Contract
    from stillroom.model.measure import Measure
    from stillroom.model.mechanism import Mechanism
    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar
    from stillroom.privacy.sensitivity import Sensitivity

    RawTable: TypeAlias = "pa.Table | pd.DataFrame | Sequence[Mapping[str, Any]]"

SALT = b"stillroom.testing, not a secret."
"""The key of the keyed hashes, always the same, so that two calls keep the same rows. A real room's is random."""


@dataclass(frozen=True)
class ExactMarginal:
    """Totals of a measure's cells over all keys but some, without noise.

    Attributes:
        totals: The exact totals, in units of 10**-digits, by the values of the keys that are kept; None stands for those that are not.
            Where buckets are chosen, the exact scores, in their own units (`stillroom.privacy.exponential`).
        add_remove: Declared sensitivities when one person's rows appear or vanish everywhere. For scores, an entry of the vector is a
            group: within which range its scores move.
        change: Declared sensitivities when one person's rows are altered in any one dataset.
        mechanism: The noise that a release would add to each total.
    """

    totals: dict[tuple[Scalar, ...], int]
    add_remove: Sensitivity
    change: Sensitivity
    mechanism: Mechanism


@dataclass(frozen=True)
class ExactMeasure:
    """One measure without noise.

    Attributes:
        cells: The exact total of each cell, in units of 10**-digits, by the values of the grouping keys and of the measure's grid.
        digits: Decimal places of the totals.
        marginals: What a release would add noise to.
    """

    cells: dict[tuple[Scalar, ...], int]
    digits: int
    marginals: tuple[ExactMarginal, ...]


@dataclass(frozen=True)
class ExactMeasurement:
    """All measures of a question without noise, and its plan."""

    plan: Plan
    measures: tuple[ExactMeasure, ...]


def measure_exactly(contract: Contract, tables: Mapping[str, RawTable], sql: str, *, terms: Terms | None = None) -> ExactMeasurement:
    """Measure a question without noise, for verification only.

    Args:
        contract: The contract; it need not be signed.
        tables: The owners' raw rows by dataset: Arrow tables, pandas frames, or lists of mappings.
        sql: The question.
        terms: Its price or precision; an ε of 1 when left out.

    Raises:
        InvalidInput: A table does not fit the contract, or the question is malformed.
        Refusal: The question is refused.
    """
    asked_by = contract.ask[0] if contract.ask else contract.parties[0].name
    question = Question(contract=digest_of(contract), sql=sql, terms=terms or Terms(epsilon=1.0), asked_by=asked_by)
    plan = compile_question(contract, question).plan
    admitted = {name: MemoryTable(_admitted(contract, name, table)) for name, table in tables.items()}
    combinations, cells = _measured(plan, admitted)
    measures = [
        ExactMeasure(
            dict(zip(_keys(plan, measure, combinations), leaves, strict=True)),
            measure.digits,
            tuple(_marginals(plan, number, combinations, leaves)),
        )
        for number, (measure, leaves) in enumerate(zip(plan.measures, cells, strict=True))
    ]
    return ExactMeasurement(plan, tuple(measures))


def _measured(plan: Plan, tables: Mapping[str, MemoryTable]) -> tuple[list[tuple[Scalar, ...]], Sequence[Sequence[int]]]:
    """Return the combinations of selected keys that occur, one of nothing where none are selected, and the cells of each measure."""
    if plan.selection is None:
        return [()], DuckdbEngine().measure_exactly(plan, tables)
    found = DuckdbEngine().measure_occupied(plan, tables)
    return [one.keys for one in found.combinations], selected_cells(plan, found.combinations, found.totals)


def _keys(plan: Plan, measure: Measure, combinations: Sequence[tuple[Scalar, ...]]) -> Iterator[tuple[Scalar, ...]]:
    """Yield the values of the keys that tell a measure's cells apart."""
    kept = range(len(plan.grouping)) if measure.kept is None else measure.kept
    grouped = [] if measure.aggregate is Aggregate.REMOVED else [plan.keys[key] for key in kept if key >= plan.selected]
    own = (*grouped, *(plan.keys[key] for key in measure.grid))
    listed: Sequence[tuple[Scalar, ...]] = combinations if plan.tells_selected(measure) else [()]
    return ((*first, *rest) for first in listed for rest in product(*(key.listed for key in own)))


def _marginals(plan: Plan, measure: int, combinations: Sequence[tuple[Scalar, ...]], leaves: Sequence[int]) -> Iterator[ExactMarginal]:
    """Yield what a release would add noise to."""
    for one in protected(plan):
        if one.measure == measure:
            kept = one.marginal.kept
            rest = [key.listed if number in kept else (None,) for number, key in enumerate(plan.keys)][plan.selected :]
            listed = combinations if 0 in kept and plan.selected else [(None,) * plan.selected]
            keys = ((*first, *others) for first in listed for others in product(*rest))
            totals = marginal_of(leaves, sizes_of(plan, plan.measures[measure], len(combinations)), kept)
            if one.marginal.part is not None:
                totals = _scores(totals, prod(len(plan.keys[key].listed) for key in plan.measures[measure].grid), one.marginal.part)
            yield ExactMarginal(dict(zip(keys, totals, strict=True)), one.add_remove, one.change, one.marginal.mechanism)


def _scores(counts: Sequence[int], buckets: int, part: int) -> list[int]:
    """Return the scores of the buckets of each group."""
    groups = (counts[first : first + buckets] for first in range(0, len(counts), buckets))
    return [score for group in groups for score in scores(group, part)]


def _admitted(contract: Contract, name: str, table: RawTable) -> Any:  # noqa: ANN401 - contents for a table in memory
    """Admit a raw table by the real rules, through a temporary Parquet file; a public table passes for the one of the contract."""
    import pyarrow.parquet as pq

    dataset = contract.datasets.get(name)
    if dataset is None:
        raise InvalidInput(Code.DATA_UNKNOWN, f"There is no dataset {name!r} in the contract.", "Name the tables as the contract does.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.parquet"
        pq.write_table(_arrow(table), file)
        if isinstance(dataset, PrivateDataset):
            return admit_file(file, dataset, SALT)
        return admit_file(file, dataset.model_copy(update={"digest": digest(file.read_bytes())}), b"")


def _arrow(table: RawTable) -> pa.Table:
    """Return a raw table as Arrow; a column without any value is text."""
    import pyarrow as pa

    if hasattr(table, "to_dict"):
        table = pa.Table.from_pandas(table, preserve_index=False)
    elif not isinstance(table, pa.Table):
        table = pa.Table.from_pylist([dict(row) for row in table])
    fields = [pa.field(field.name, pa.string()) if pa.types.is_null(field.type) else field for field in table.schema]
    return table.cast(pa.schema(fields))
