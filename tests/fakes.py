"""Real implementations of ports, for tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.adapters.admitted import WHOLE
from stillroom.errors import Code, Refusal
from stillroom.model.grounds import Grounds
from stillroom.model.reading import Reading
from stillroom.model.schema import Kind
from stillroom.model.selection import Occupation
from stillroom.room.data import datasets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from stillroom.model.mechanism import Guarantee, Mechanism
    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar
    from stillroom.ports import AdmittedTable


def reading_of(versions: Mapping[str, int]) -> Reading:
    """Return what some run reads."""
    return Reading("run", 0, Grounds(b"", b"", (), versions))


class OneByOne(ABC):
    """Tables that are opened one by one."""

    @contextmanager
    def opened(self, plan: Plan, reading: Reading) -> Iterator[Mapping[str, AdmittedTable]]:
        """Open what a plan reads."""
        yield {dataset: self.open(dataset, reading.versions[dataset]) for dataset in datasets_of(plan)}

    @abstractmethod
    def open(self, dataset: str, version: int) -> AdmittedTable:
        """Return a table."""


class ZeroNoise:
    """A Noise that adds nothing, so that exact answers show. It does not protect: what is made with it is a rehearsal."""

    genuine = False
    name = "zero noise, for tests"

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return zeros, whatever the mechanism and its guarantee."""
        del mechanism, guarantee
        return [0] * count

    def choose(self, mechanism: Mechanism, scores: Sequence[Sequence[int]], guarantee: Guarantee) -> list[int]:
        """Return where the least scores are, the first of equal ones."""
        del mechanism, guarantee
        return [min(range(len(group)), key=group.__getitem__) for group in scores]


class Listing:
    """What engines have in common that only know plans whose keys have domains."""

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return nothing."""
        del plan
        return ()

    def measure_occupied(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Occupation:
        """Return that nobody is anywhere."""
        del plan, tables
        return Occupation((), ())


class ListTable:
    """An admitted table made from a list of rows; in a private table each row names its person in full under `person`."""

    def __init__(
        self,
        rows: Sequence[Mapping[str, Scalar]],
        kinds: Mapping[str, Kind],
        *,
        salt: bytes = b"",
        private: bool = True,
        batch: int | None = None,
        compact: bool = False,
    ) -> None:
        """Store rows in the order given, and code persons by the order of their identifiers.

        Args:
            rows: The rows; a missing value is None.
            kinds: What each column holds.
            salt: The key of keyed hashes.
            private: Whether rows belong to persons.
            batch: The most rows of one Arrow batch; by default all are in one.
            compact: Store numbers in 32 bits and text by dictionary, as admission may.
        """
        import pyarrow as pa

        text = pa.dictionary(pa.int32(), pa.string()) if compact else pa.string()
        types = {Kind.TEXT: text, Kind.BOOLEAN: pa.bool_()}
        self.salt = salt
        self._names = sorted({str(row["person"]) for row in rows}, key=str.encode) if private else []
        codes = {name: code for code, name in enumerate(self._names)}
        columns = {
            name: pa.array([row[name] for row in rows], types.get(kind, pa.int32() if compact else pa.int64()))
            for name, kind in kinds.items()
        }
        self._persons = {"person": pa.array([codes[str(row["person"])] for row in rows], pa.int32())} if private else {}
        whole = pa.table({**self._persons, **columns})
        self._rows = pa.Table.from_batches(whole.to_batches(max_chunksize=batch), whole.schema) if batch else whole

    def extent(self) -> tuple[int, int]:
        """Return the number of rows and of persons."""
        return self._rows.num_rows, len(self._names)

    def rows(self, columns: Sequence[str], within: slice = WHOLE) -> pa.Table:
        """Return the rows in a range."""
        return self._rows.select([*self._persons, *columns])[within]

    def persons(self, within: slice = WHOLE) -> pa.Array:
        """Return the identifiers, ascending."""
        import pyarrow as pa

        return pa.array(self._names[within], pa.string())


class Damaged(ListTable):
    """A table that has lost the names of its persons."""

    def persons(self, within: slice = WHOLE) -> pa.Array:
        """Return nobody."""
        return super().persons(within)[:0]


class ListTables(OneByOne):
    """Tables by name, each in one version. It remembers what was opened."""

    def __init__(self, tables: Mapping[str, AdmittedTable], version: int = 1) -> None:
        """Hold tables, all in the same version."""
        self.read: list[str] = []
        self._tables = dict(tables)
        self._version = version

    def open(self, dataset: str, version: int) -> AdmittedTable:
        """Return a table.

        Raises:
            Refusal: There is no such version.
        """
        self.read.append(dataset)
        if version != self._version:
            raise Refusal(Code.DATA_UNKNOWN, "There is no such version.", "Name another.")
        return self._tables[dataset]
