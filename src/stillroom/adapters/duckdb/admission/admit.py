"""What lies somewhere becomes a table of the contract."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.adapters.admitted import Admitted, arrow_schema
from stillroom.adapters.duckdb.admission.persons import choose_rows, identifiers, number_persons
from stillroom.adapters.duckdb.admission.source import open_file
from stillroom.adapters.duckdb.admission.stream import open_stream
from stillroom.adapters.duckdb.admission.table import CellTable
from stillroom.adapters.sources import open_rows
from stillroom.adapters.sources.place import PathPlace, unusable
from stillroom.adapters.sources.rows import invalid
from stillroom.admission.report import AdmissionReport
from stillroom.model.contract import PrivateDataset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from stillroom.adapters.duckdb.admission.source import Source
    from stillroom.adapters.sources import Place
    from stillroom.model.contract import Dataset, PublicDataset


def admit(place: Place, dataset: Dataset, salt: bytes, *, attached: bool = False, at_run: bool = False) -> Admitted:
    """Admit what lies somewhere by the rules of `stillroom.admission`; `admission.rows.admit_rows` states them in one place.

    The rules are the same for every place and at every time. In a run, nothing that a row holds may be an error, nor may the lack of rows:
    others would see that the run failed. So a text that is no Unicode is NULL then, and data without rows are a table without rows.

    Args:
        place: Where the data lie.
        dataset: The contract's section.
        salt: The dataset's secret key; a public table has none.
        attached: Whether the data stay where they lie.
        at_run: Whether they are admitted for a run, and not for their owner to see.

    Raises:
        InvalidInput: `DATA_INVALID` if the data are not what the contract says; the message names columns, never a value.
            `SOURCE_INVALID` if data of this kind cannot be read there.
        Failed: `RUN_FAILED` if the machine's memory is too small; `SOURCE_UNAVAILABLE` if the place cannot be reached.
    """
    if isinstance(dataset, PrivateDataset):
        columns = [dataset.person.column, *sorted(dataset.columns)]
        with _opened(place, columns, attached=attached, at_run=at_run) as source:
            return _admit_private(source, dataset, salt, at_run=at_run)
    if not isinstance(place, PathPlace) or place.path.is_dir() or attached:
        raise unusable("A public table is one file, whose digest is in the contract.", "Add it with `stillroom data add`, as that file.")
    with open_file(place.path, sorted(dataset.columns), dataset.digest) as source:
        return _admit_public(source, dataset)


@contextmanager
def _opened(place: Place, columns: Sequence[str], *, attached: bool, at_run: bool) -> Iterator[Source]:
    """Open a place: a file that is copied is read by DuckDB itself, which also reads CSV; all else comes as a stream."""
    if isinstance(place, PathPlace) and not attached and not place.path.is_dir():
        with open_file(place.path, columns) as source:
            yield source
    else:
        with open_rows(place, columns, at_run=at_run) as rows, open_stream(rows) as source:
            yield source


def admit_file(path: Path, dataset: Dataset, salt: bytes) -> Admitted:
    """Admit a CSV or Parquet file, as `admit` does."""
    return admit(PathPlace(path), dataset, salt)


def _admit_private(source: Source, dataset: PrivateDataset, salt: bytes, *, at_run: bool) -> Admitted:
    cells = CellTable(source, dataset.columns, dataset.person.column)
    counts = number_persons(source.connection, dataset)
    if not at_run:
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
        raise invalid("The source has no rows.", "Name a file with a header and rows, or a table with rows.")
