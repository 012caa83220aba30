"""What measures: engines, tables, noise, and the protection that joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from stillroom.model.charge import Charge
    from stillroom.model.mechanism import Guarantee, Mechanism
    from stillroom.model.plan import Plan
    from stillroom.model.reading import Reading
    from stillroom.model.selection import Measurement, Occupation


class Noise(Protocol):
    """A source of noise: integers that are drawn without sight of data, and noise on scores, of which nothing but one place comes out."""

    genuine: bool
    """True only for noise that protects; any other yields an unsigned rehearsal."""
    name: str
    """Name and version of the sampler, printed in each release."""

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> Sequence[int]:
        """Return `count` independent draws, one for each cell of a measure.

        Raises:
            Failed: The sampler's own account of the mechanism is not within the guarantee, or it cannot sample at this scale.
        """

    def choose(self, mechanism: Mechanism, scores: Sequence[Sequence[int]], guarantee: Guarantee) -> Sequence[int]:
        """Return the place of the least score of each group, once each score has got noise of its own: Gumbel or exponential noise.

        Raises:
            Failed: As with `draw`; or a score is too large for the sampler.
        """


class AdmittedTable(Protocol):
    """One admitted version of a dataset, as an engine reads it.

    A private table is sorted by person. Rows carry a dense code of the person, without meaning elsewhere: a place among `persons()`.
    """

    @property
    def salt(self) -> bytes:
        """The random key of the dataset's keyed hashes; empty for a public table."""

    def extent(self) -> tuple[int, int]:
        """Return the number of rows and of persons."""

    def rows(self, columns: Sequence[str], within: slice = ...) -> pa.Table:
        """Return all rows, or a range: `person` (int32; private tables only) and columns, as whole numbers, truth values and text."""

    def persons(self, within: slice = ...) -> pa.Array:
        """Return the canonical identifiers, or those of a range of codes; item i of all belongs to code i."""


class Tables(Protocol):
    """Where a protection finds the data of the versions that a run reads."""

    def opened(self, plan: Plan, reading: Reading) -> AbstractContextManager[Mapping[str, AdmittedTable]]:
        """Open every dataset that a plan reads, by name. What was brought here for the run is gone once the context ends.

        Raises:
            Refusal: A version was withdrawn or is not there.
            Failed: Its owner cannot be reached.
        """
        ...


class Engine(Protocol):
    """Runs plans on tables, exactly. Only a protection calls it."""

    name: str

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return, by name and sorted, what a plan asks for that this engine does not compute exactly. No data has a say in it."""

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Sequence[Sequence[int]]:
        """Return, for each measure of a plan without selected keys, its exact leaf cells in canonical order.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """

    def measure_occupied(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Occupation:
        """Return the combinations of the selected keys of a plan that somebody is in, in any order, and totals. It fails likewise."""


class Protection(Protocol):
    """Measures a plan so that exact cells never leave it."""

    name: str
    genuine: bool
    """Whether its noise protects; otherwise what it makes is a rehearsal."""
    sampler: str
    """Name and version of the noise sampler."""

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return what the engine lacks for a plan."""

    def measure(self, plan: Plan, charge: Charge, reading: Reading) -> Measurement:
        """Measure within the charge.

        Raises:
            Failed: The run did not finish. What was committed stays charged.
        """
