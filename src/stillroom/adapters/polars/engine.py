"""The engine: runs plans exactly with Polars, in memory, on tables that are handed to it."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from stillroom.adapters.engine.cells import failed
from stillroom.adapters.engine.finding import FindingEngine
from stillroom.adapters.engine.links import PersonLinks, people_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from stillroom.adapters.polars.cells import Cells
    from stillroom.model.plan import Plan
    from stillroom.ports import AdmittedTable


_NO_SPILL = {"POLARS_OOC_DISK_BUDGET_MB": "0"}
"""Nothing is written to disk: intermediate results are rows in the clear. Polars knows settings of the whole process only."""


class PolarsEngine(FindingEngine):
    """Runs plans with Polars.

    It works with as many threads as Polars was given when the process began (`POLARS_MAX_THREADS`).

    Attributes:
        name: Name and version, for people.
    """

    def __init__(self, *, memory_mb: int = 8192) -> None:
        """Set the memory for intermediate results, in MB, as far as Polars counts it. A run that needs more fails."""
        self.name = f"polars {version('polars')}"
        self._memory_mb = memory_mb
        self._links = PersonLinks()

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return nothing: what a plan can say, Polars computes exactly."""
        del plan
        return ()

    def _found(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> list[tuple[Cells, list[tuple[Any, ...]]]]:
        """Run what a plan measures, and return the rows of each frame."""
        import polars as pl
        import pyarrow as pa

        from stillroom.adapters.polars.cells import cells_of
        from stillroom.adapters.polars.keeping import Choice

        try:
            pl.Config.load(json.dumps({"environment": {"POLARS_OOC_MEMORY_BUDGET_MB": str(self._memory_mb), **_NO_SPILL}}))
            reader = _Reader(plan, tables, self._links)
            found = cells_of(plan, reader, Choice(tables[plan.datasets[0]].salt, reader.persons()))
            frames = pl.collect_all([cells.frame for cells in found], engine="in-memory")
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, RecursionError):
            raise failed() from None
        return [(cells, frame.rows()) for cells, frame in zip(found, frames, strict=True)]


class _Reader:
    """Finds the rows of one run, under codes that all its private tables share."""

    def __init__(self, plan: Plan, tables: Mapping[str, AdmittedTable], links: PersonLinks) -> None:
        self._tables, self._links, self._people = tables, links, people_of(plan, tables)

    def private(self, dataset: str, names: Mapping[str, str]) -> pl.LazyFrame:
        """Return some columns, by other names, and the shared codes of persons.

        Persons who can have no row in the end have no code, see `base_of`. Their rows are left out at once: added up as one person, they
        would break the bounds of every number.
        """
        table = self._tables[dataset]
        rows = table.rows([*names])
        codes = rows.column("person")
        if table is not self._people:
            codes = self._links.codes(table, self._people).take(codes)
        return _frame({"person": codes, **{name: rows.column(column) for column, name in names.items()}}).drop_nulls("person")

    def public(self, dataset: str, names: Mapping[str, str]) -> pl.LazyFrame:
        """Return some columns of a public table, by other names."""
        rows = self._tables[dataset].rows([*names])
        return _frame({name: rows.column(column) for column, name in names.items()})

    def persons(self) -> pl.LazyFrame:
        """Return the identifier of each code."""
        import numpy as np
        import polars as pl

        identifiers = self._people.persons()
        return _frame({"person": np.arange(len(identifiers), dtype=np.int32), "identifier": identifiers}).cast({"identifier": pl.String})


def _frame(columns: Mapping[str, object]) -> pl.LazyFrame:
    """Hand columns to Polars."""
    import polars as pl
    import pyarrow as pa

    return pl.DataFrame(pa.table(dict(columns))).lazy()
