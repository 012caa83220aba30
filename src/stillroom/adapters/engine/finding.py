"""What engines have in common that find the rows of a whole plan at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from stillroom.adapters.engine.cells import exact_cells, occupation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillroom.adapters.engine.cells import Asked
    from stillroom.model.plan import Plan
    from stillroom.model.selection import Occupation
    from stillroom.ports import AdmittedTable


class FindingEngine(ABC):
    """Makes cells of what an engine finds."""

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> tuple[tuple[int, ...], ...]:
        """Return, for each measure of a plan without selected keys, its exact leaf cells in canonical order.

        The result is the same for any number of threads or workers and any order of rows: all arithmetic is on whole numbers, and no step
        depends on an order.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """
        return exact_cells(plan, self._found(plan, tables))

    def measure_occupied(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Occupation:
        """Return what there is of a plan with selected keys; otherwise as `measure_exactly`.

        Raises:
            Failed: The engine could not finish; nothing about the data is in the message.
        """
        return occupation(plan, self._found(plan, tables))

    @abstractmethod
    def _found(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Iterable[tuple[Asked, Iterable[Sequence[Any]]]]:
        """Run a plan, and return the rows of each of its statements."""
