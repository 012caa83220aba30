"""A file becomes a table of the contract."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from stillroom.adapters.admitted import Admitted, arrow_schema
from stillroom.adapters.duckdb.admission.persons import choose_rows, identifiers, number_persons
from stillroom.adapters.duckdb.admission.source import invalid, open_source
from stillroom.adapters.duckdb.admission.table import CellTable
from stillroom.admission.report import AdmissionReport
from stillroom.model.contract import PrivateDataset

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.duckdb.admission.source import Source
    from stillroom.model.contract import Dataset, PublicDataset


def admit_file(path: Path, dataset: Dataset, salt: bytes) -> Admitted:
    """Admit a CSV or Parquet file by the rules of `stillroom.admission`; `admission.rows.admit_rows` states them in one place.

    Args:
        path: The file.
        dataset: The contract's section.
        salt: The dataset's secret key; a public table has none.

    Raises:
        InvalidInput: `DATA_INVALID` if the file is not what the contract says. The message names columns, never a value.
        Failed: `RUN_FAILED` if the machine's memory is too small.
    """
    if isinstance(dataset, PrivateDataset):
        with open_source(path, [dataset.person.column, *sorted(dataset.columns)]) as source:
            return _admit_private(source, dataset, salt)
    with open_source(path, sorted(dataset.columns), dataset.digest) as source:
        return _admit_public(source, dataset)


def _admit_private(source: Source, dataset: PrivateDataset, salt: bytes) -> Admitted:
    cells = CellTable(source, dataset.columns, dataset.person.column)
    counts = number_persons(source.connection, dataset)
    _check_rows(counts.rows_read)
    view = choose_rows(source.connection, dataset.rows_per_person, salt, some_beyond=counts.beyond_limit > 0)
    rows, columns = cells.fetch(source, view, arrow_schema(dataset.columns, private=True))
    persons = identifiers(source.connection)
    report = AdmissionReport(rows_admitted=rows.num_rows, persons=len(persons), columns=columns, **dataclasses.asdict(counts))
    return Admitted(rows, persons, salt, report)


def _admit_public(source: Source, dataset: PublicDataset) -> Admitted:
    """Admit a table about no person: every party can see it, and a join with it must not multiply rows beyond `rows_per_key`.

    A row without a whole key can never be joined, and is dropped.
    """
    import pyarrow as pa

    keys = {name: dataset.columns[name].model_copy(update={"required": True}) for name in dataset.key}
    cells = CellTable(source, {**dataset.columns, **keys})
    (found,) = source.connection.execute("SELECT count(*) FROM cells").fetchall()[0]
    _check_rows(found)
    source.connection.execute("CREATE VIEW admissible AS SELECT * FROM cells WHERE admissible")
    rows, columns = cells.fetch(source, "admissible", arrow_schema(dataset.columns, private=False))
    most = max(rows.group_by(list(dataset.key)).aggregate([([], "count_all")]).column("count_all").to_pylist(), default=0)
    if most > dataset.rows_per_key:
        raise invalid(
            f"Some key ({', '.join(dataset.key)}) stands in {most} rows, and the contract allows {dataset.rows_per_key}.",
            "Amend `key` or `rows_per_key`, or correct the table.",
        )
    report = AdmissionReport(
        rows_read=found,
        rows_admitted=rows.num_rows,
        persons=0,
        without_person=0,
        without_required=found - rows.num_rows,
        beyond_limit=0,
        columns=columns,
    )
    return Admitted(rows, pa.array([], pa.string()), b"", report)


def _check_rows(count: int) -> None:
    if not count:
        raise invalid("The file has no rows.", "Name a file with a header and rows.")
