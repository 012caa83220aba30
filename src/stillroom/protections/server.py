"""The server protection: one trusted process computes exact cells and adds noise before anything leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, Failed
from stillroom.model.charge import Charge
from stillroom.privacy.accountant import compose
from stillroom.privacy.marginals import cells
from stillroom.privacy.mechanisms import guarantee_of
from stillroom.query.estimation import marginal_of, sizes_of
from stillroom.query.protected import protected
from stillroom.room.data import datasets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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

        Each marginal of a measure is a vector of sums that one person moves by at most its sensitivity, and gets independent noise in each;
        the noise is whole numbers drawn without sight of the data, so adding it is the mechanism of Canonne, Kamath and Steinke
        (2020, arXiv:2004.00010) or its Laplace counterpart. All marginals together compose to the sum of their guarantees, which must
        be within the charge. That is checked, and the sampler confirms each guarantee and draws, before a table is opened.

        Args:
            plan: What to measure.
            charge: What was committed for it.
            versions: The version of each dataset that the plan reads.

        Raises:
            Failed: The plan's noise is not within the charge, or the run did not finish. What was committed stays charged.
            Refusal: A version was withdrawn or is not there.
        """
        measured = protected(plan)
        guarantees = [guarantee_of(one.marginal.mechanism, one.add_remove) for one in measured]
        if not compose(Charge(rho=guarantee.rho) for guarantee in guarantees).fits(charge):
            raise _failed("The noise of the plan costs more than was committed for it.")
        datasets = datasets_of(plan)
        if not versions.keys() >= set(datasets):
            raise _failed("The run names no version of a dataset that the plan reads.")
        pairs = zip(measured, guarantees, strict=True)
        sizes = tuple(len(key.domain) for key in plan.keys)
        drawn = [self._noise.draw(one.marginal.mechanism, cells(sizes, one.marginal.kept), guarantee) for one, guarantee in pairs]
        tables = {dataset: self._tables.open(dataset, versions[dataset]) for dataset in datasets}
        return _noisy(plan, self._engine.measure_exactly(plan, tables), iter(drawn))


def _noisy(plan: Plan, exact: Sequence[Sequence[int]], drawn: Iterator[Sequence[int]]) -> NoisyCells:
    """Add up each marginal of each measure, and add its noise.

    Raises:
        Failed: There are not as many numbers as the plan has totals; none may go without noise.
    """
    if [len(leaves) for leaves in exact] != [plan.cells_of(measure) for measure in plan.measures]:
        raise _failed("The engine did not return one number for each cell.")
    return tuple(
        tuple(_sums(marginal_of(leaves, sizes_of(plan, measure), marginal.kept), next(drawn)) for marginal in strategy)
        for leaves, measure, strategy in zip(exact, plan.measures, plan.strategies, strict=True)
    )


def _sums(totals: Sequence[int], noise: Sequence[int]) -> tuple[int, ...]:
    """Add the noise, total by total."""
    if len(totals) != len(noise):
        raise _failed("The sampler did not return one number for each cell.")
    return tuple(total + one for total, one in zip(totals, noise, strict=True))


def _failed(reason: str) -> Failed:
    return Failed(Code.RUN_FAILED, reason, "What was committed stays charged. Report this to the room's operator.")
