"""The empirical audit of caps that are chosen: a person whose vote tips the choice, and whose total is then cut or not.

Neighbours are a small group with and without somebody with as many rows as one may have. 2,000 releases of each side, with votes, caps,
noise and intervals in sight, are tested against the promise, in both directions; the probability that this fails though everything holds
is at most 1e-6. Power: each of the two mistakes below is caught. With hardly any noise the vote of that person is seen in every release,
and so is the total where the cap is 4, which it is in a tenth at least: 400 releases a side miss that with probability below 1e-9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.audit.empirical import Claim, Verdict, collect, judge
from stillroom.protections.server import ServerProtection
from stillroom.query.advised import advised, votes_plan, with_caps
from stillroom.query.price import promises
from stillroom.query.protected import drawn, plan_charge, protected
from stillroom.query.table.finish import finish
from tests.auditing import InStock, shown
from tests.fakes import Listing, ListTables, reading_of
from tests.property.test_advice import ADVISED
from tests.world import contract, world

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stillroom.model.mechanism import Guarantee, Mechanism
    from stillroom.model.plan import Plan
    from stillroom.ports import AdmittedTable, Noise

SHARE = 1e-6
"""The false alarm of one audit."""

ASKED = next(one for one in ADVISED if one.name == "one number").compiled
PLAN = ASKED.plan
ROWS = [1, 2, *[3] * 30, *[4] * 9]
"""How many rows others have: so many that caps of 3 and of 4 are chosen, each of them often."""
SOMEBODY = 4


class Crowd(Listing):
    """An engine that knows how many rows each person has, and answers the plan of the question and that of its votes."""

    name = "crowd"

    def __init__(self, rows: Sequence[int]) -> None:
        """Take the numbers."""
        self.rows = rows

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Sequence[Sequence[int]]:
        """Return the votes, or the sum of cut numbers."""
        del tables
        if plan == votes_plan(PLAN):
            return [[sum(rows == cap for rows in self.rows)] for cap in PLAN.advice[0].caps]
        return [[sum(min(rows, plan.measures[0].high) for rows in self.rows)]]


class Softened(InStock):
    """Draws hardly any noise for some mechanisms."""

    def __init__(self, weak: Callable[[Mechanism], bool]) -> None:
        """Name the mechanisms."""
        super().__init__()
        self._weak = weak

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return noise, a hundredth of it where it is weak."""
        found = super().draw(mechanism, count, guarantee)
        return [round(one / 100) for one in found] if self._weak(mechanism) else found


def releasing(rows: Sequence[int], noise: Noise) -> Callable[[], object]:
    """Return what releases a table about a crowd."""
    protection = ServerProtection(Crowd(rows), noise, ListTables({name: table.stored for name, table in world().items()}))

    def run() -> object:
        found = protection.measure(PLAN, plan_charge(PLAN), reading_of(dict.fromkeys(world(), 1)))
        chosen = advised(PLAN, found.votes)
        table = finish(with_caps(PLAN, [one.cap for one in chosen]), ASKED.headings, found.cells)
        return [shown(table), {"cap": chosen[0].cap}, list(chosen[0].votes)]

    return run


def verdict(noise: Noise, trials: int) -> Verdict:
    """Audit releases with and without somebody against the promise."""
    promise, _ = promises(contract(), PLAN)
    one, other = (releasing(rows, noise) for rows in ([*ROWS, SOMEBODY], ROWS))
    return judge(collect(one, other, [Claim(promise.epsilon, promise.delta)], trials=trials), false_alarm=SHARE).verdict


def test_chosen_caps_keep_their_promise() -> None:
    assert len(drawn(PLAN)) == len(protected(PLAN)) + 1
    assert verdict(InStock(), 2_000) is Verdict.CONSISTENT


def test_exact_votes_are_caught() -> None:
    assert verdict(Softened(lambda one: one == PLAN.advice[0].mechanism), 400) is Verdict.VIOLATED


def test_less_noise_after_the_choice_is_caught() -> None:
    assert verdict(Softened(lambda one: one != PLAN.advice[0].mechanism), 400) is Verdict.VIOLATED
