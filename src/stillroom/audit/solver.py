"""What a set of published sums says about unknown counts: the smallest and the largest value that each sum can still have.

The unknowns are non-negative integers, the facts are intervals for sums of some of them, and the extremes of any further sum are found
by integer linear programming (SciPy's `milp`, which is HiGHS). Bounds of this kind are how statistical offices audit their own suppressed
tables: Fischetti and Salazar-González, "Solving the cell suppression problem on tabular data with linear constraints", Management Science
47(7), 2001.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillroom.errors import Code, Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPTIMAL = 0
_INFEASIBLE = 2


@dataclass(frozen=True, slots=True)
class Fact:
    """The unknowns at these positions add up to at least `low` and at most `high`."""

    unknowns: tuple[int, ...]
    low: int
    high: int


class System:
    """Everything that is known about a list of non-negative integers.

    Every unknown must occur in a fact, so that it is bounded.
    """

    def __init__(self, unknowns: int, facts: Sequence[Fact]) -> None:
        """Lay the facts out as one sparse matrix, to be solved many times."""
        import numpy as np
        from scipy.sparse import csr_array

        ends = np.cumsum([0, *(len(fact.unknowns) for fact in facts)])
        columns = np.concatenate([fact.unknowns for fact in facts])
        self._size = unknowns
        self._matrix: Any = csr_array((np.ones(len(columns), dtype=np.int64), columns, ends), shape=(len(facts), unknowns))
        self._low = np.array([fact.low for fact in facts])
        self._high = np.array([fact.high for fact in facts])

    def consistent(self) -> bool:
        """Say whether any non-negative integers fit all the facts."""
        return self._least((), 1) is not None

    def extremes(self, unknowns: Sequence[int]) -> tuple[int, int] | None:
        """Return the least and the greatest sum of these unknowns, or nothing if no integers fit the facts.

        Both ends are attained: each comes with integers that were checked against every fact.

        Raises:
            Failed: The solver gave up, or its answer does not check.
        """
        least = self._least(unknowns, 1)
        greatest = self._least(unknowns, -1)
        if least is None or greatest is None:
            return None
        return least, -greatest

    def _least(self, unknowns: Sequence[int], sign: int) -> int | None:
        """Return the least value of `sign` times the sum of the unknowns."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp

        cost = np.zeros(self._size)
        cost[list(unknowns)] = sign
        result = milp(
            cost,
            integrality=np.ones(self._size),
            bounds=Bounds(0, int(self._high.max())),
            constraints=LinearConstraint(self._matrix, self._low, self._high),
            options={"mip_rel_gap": 0},
        )
        if result.status == _INFEASIBLE:
            return None
        return self._checked(result, unknowns, sign)

    def _checked(self, result: Any, unknowns: Sequence[int], sign: int) -> int:  # noqa: ANN401  SciPy's results have no type
        """Return the solver's optimum, proved from below by its dual bound and from above by a witness checked in integers."""
        import numpy as np

        if result.status != _OPTIMAL:
            raise Failed(Code.RUN_FAILED, "The solver of the table audit did not finish.", "Audit fewer or smaller tables at a time.")
        witness = np.rint(result.x).astype(np.int64)
        sums = self._matrix @ witness
        least = sign * int(witness[list(unknowns)].sum())
        fits = (witness >= 0).all() and (self._low <= sums).all() and (sums <= self._high).all()
        if not fits or least - result.mip_dual_bound >= 1 - 1e-3:
            raise Failed(Code.RUN_FAILED, "The solver of the table audit gave a wrong answer.", "Audit fewer or smaller tables at a time.")
        return least
