"""The empirical audit of selected keys: a person who is alone in some groups, and among others in groups of about the threshold.

Neighbours are groups of known sizes with and without that person, who is in as many groups as one may be. 2,000 releases of each side are
tested against the promise, in both directions; the probability that this fails though everything holds is at most 1e-6. Power: each of
the three mistakes below is caught. Two of them show with certainty, so that 400 releases a side are more than enough; the third, a chance
of a fifth against none, is missed with probability below 1e-9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.audit.empirical import Claim, Verdict, collect, judge
from stillroom.protections.server import ServerProtection
from stillroom.query.price import promises
from stillroom.query.protected import plan_charge
from stillroom.query.table.finish import finish
from tests.auditing import InStock, shown
from tests.fakes import ListTables, reading_of
from tests.property.test_selection import Crowds, asked, bent
from tests.world import contract, world

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.mechanism import Guarantee, Mechanism
    from stillroom.model.plan import Plan
    from stillroom.ports import Noise

SHARE = 1e-6
"""The false alarm of one audit."""

ASKED = asked("free text")
ALONE, AMONG = 2, 2
"""In how many groups the person is alone, and among others: four together, which is the bound."""


class Silenced(InStock):
    """Draws no noise for numbers of persons."""

    def __init__(self, plan: Plan) -> None:
        """Remember the noise of these."""
        super().__init__()
        self._silent = plan.selection.mechanism if plan.selection is not None else None

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return zeros for numbers of persons."""
        return [0] * count if mechanism == self._silent else super().draw(mechanism, count, guarantee)


def sides(plan: Plan) -> tuple[list[int], list[int]]:
    """Return the sizes of all groups with the person, and without."""
    rule = ASKED.plan.selection
    assert rule is not None
    assert plan.bounds.groups == ALONE + AMONG
    others = [rule.threshold - 1] * AMONG + [rule.threshold + 10]
    return [size + 1 for size in others[:AMONG]] + others[AMONG:] + [1] * ALONE, others


def releasing(plan: Plan, sizes: Sequence[int], noise: Noise) -> Callable[[], object]:
    """Return what releases a table about groups of these sizes."""
    protection = ServerProtection(Crowds(sizes), noise, ListTables({name: table.stored for name, table in world().items()}))

    def run() -> object:
        measured = protection.measure(plan, plan_charge(plan), reading_of(dict.fromkeys(world(), 1)))
        table = finish(plan, ASKED.headings, measured.cells, measured.shown)
        return [shown(table), {str(one.keys): one.persons for one in measured.shown}]

    return run


def verdict(plan: Plan, noise: Noise, trials: int) -> Verdict:
    """Audit a plan against the promise of the honest one."""
    promise, _ = promises(contract("selecting"), ASKED.plan)
    one, other = (releasing(plan, sizes, noise) for sizes in sides(plan))
    return judge(collect(one, other, [Claim(promise.epsilon, promise.delta)], trials=trials), false_alarm=SHARE).verdict


def test_selected_keys_keep_their_promise() -> None:
    assert verdict(ASKED.plan, InStock(), 2_000) is Verdict.CONSISTENT


def test_keys_without_selection_are_caught() -> None:
    assert verdict(bent(ASKED.plan, threshold=-(10**6)), InStock(), 400) is Verdict.VIOLATED


def test_a_threshold_on_exact_numbers_is_caught() -> None:
    assert verdict(ASKED.plan, Silenced(ASKED.plan), 400) is Verdict.VIOLATED


@pytest.mark.slow
def test_a_quarter_of_the_threshold_is_caught() -> None:
    """Each of the groups in which the person is alone then shows in one of nine releases."""
    assert ASKED.plan.selection is not None
    assert verdict(bent(ASKED.plan, threshold=ASKED.plan.selection.threshold // 4), InStock(), 2_000) is Verdict.VIOLATED
