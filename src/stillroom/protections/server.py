"""The server protection: one trusted process computes exact cells and adds noise before anything leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed
from stillroom.model.charge import Charge
from stillroom.privacy.accountant import compose
from stillroom.privacy.mechanisms import guarantee_of
from stillroom.query.scales import measure_sensitivities
from stillroom.room.data import datasets_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.mechanism import Guarantee
    from stillroom.model.plan import NoisyCells, Plan
    from stillroom.ports import Engine, Noise, Tables


class ServerProtection:
    """Runs a plan in this process.

    Who operates it is trusted with the rows that it reads. Exact cells are local variables of one method; what it returns is noisy.

    Attributes:
        name: Always `server`.
        genuine: Whether the noise protects.
        sampler: Name and version of the noise sampler.
    """

    name = "server"

    def __init__(self, engine: Engine, noise: Noise, tables: Tables) -> None:
        """Put together what computes, what protects and what is read."""
        self.genuine = noise.genuine
        self.sampler = noise.name
        self._engine = engine
        self._noise = noise
        self._tables = tables

    def measure(self, plan: Plan, charge: Charge, versions: Mapping[str, int]) -> NoisyCells:
        """Measure a plan within its charge.

        Each measure is a vector of sums that one person moves by at most its sensitivity, and gets independent noise in each cell;
        the noise is whole numbers drawn without sight of the data, so adding it is the mechanism of Canonne, Kamath and Steinke
        (2020, arXiv:2004.00010) or its Laplace counterpart. All measures together compose to the sum of their guarantees, which must
        be within the charge. That is checked, and the sampler confirms each guarantee and draws, before a table is opened.

        Args:
            plan: What to measure.
            charge: What was committed for it.
            versions: The version of each dataset that the plan reads.

        Raises:
            Failed: The plan's noise is not within the charge, or the run did not finish. What was committed stays charged.
            Refusal: A version was withdrawn or is not there.
        """
        guarantees = _guarantees(plan)
        if not compose(Charge(rho=guarantee.rho) for guarantee in guarantees).fits(charge):
            raise _failed("The noise of the plan costs more than was committed for it.")
        datasets = datasets_of(plan)
        if not versions.keys() >= set(datasets):
            raise _failed("The run names no version of a dataset that the plan reads.")
        measured = zip(plan.mechanisms, plan.measures, guarantees, strict=True)
        drawn = [self._noise.draw(mechanism, plan.cells_of(measure), guarantee) for mechanism, measure, guarantee in measured]
        tables = {dataset: self._tables.open(dataset, versions[dataset]) for dataset in datasets}
        return _sums(plan, self._engine.measure_exactly(plan, tables), drawn)


def _guarantees(plan: Plan) -> list[Guarantee]:
    """Return what each measure's noise must be within, from the plan's own bounds."""
    pairs = zip(plan.mechanisms, plan.measures, strict=True)
    return [guarantee_of(mechanism, measure_sensitivities(measure, plan.bounds, plan.cells_of(measure))[0]) for mechanism, measure in pairs]


def _sums(plan: Plan, exact: Sequence[Sequence[int]], drawn: Sequence[Sequence[int]]) -> NoisyCells:
    """Add the noise, cell by cell.

    Raises:
        Failed: There are not as many numbers as the plan has cells; no cell may go without noise.
    """
    shape = [plan.cells_of(measure) for measure in plan.measures]
    if [len(cells) for cells in exact] != shape or [len(noise) for noise in drawn] != shape:
        raise _failed("The engine or the sampler did not return one number for each cell.")
    return tuple(tuple(cell + noise for cell, noise in zip(cells, noises, strict=True)) for cells, noises in zip(exact, drawn, strict=True))


def _failed(reason: str) -> Failed:
    return Failed(Code.RUN_FAILED, reason, "What was committed stays charged. Report this to the room's operator.")
