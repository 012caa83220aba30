"""What a plan measures with noise: each marginal of each measure, and how far one person can move it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from stillroom.model.charge import Charge
from stillroom.model.marginal import Marginal
from stillroom.model.measure import PERSONS, Aggregate
from stillroom.model.plan import Bounds, reach
from stillroom.privacy.accountant import compose
from stillroom.privacy.exponential import choice_sensitivities
from stillroom.privacy.marginals import cells
from stillroom.privacy.mechanisms import charge_of
from stillroom.privacy.sensitivity import Sensitivity, sensitivities
from stillroom.query.estimation import moving_sizes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.measure import Measure
    from stillroom.model.plan import Plan
    from stillroom.privacy.marginals import Kept


class Protected(NamedTuple):
    """A marginal of a measure, and how far one person can move it.

    Attributes:
        measure: The number of the measure.
        marginal: What is measured of it, with which noise.
        add_remove: Sensitivity when one person's rows appear or vanish.
        change: Sensitivity when one person's rows are altered.
    """

    measure: int
    marginal: Marginal
    add_remove: Sensitivity
    change: Sensitivity


def protected(plan: Plan) -> list[Protected]:
    """Return all that a plan measures, in order; where caps are to be chosen, at the highest ones."""
    found = [
        Protected(number, marginal, *sensitivities_of(measure, plan.bounds, moving_sizes_of(plan, measure), marginal))
        for number, (measure, strategy) in enumerate(zip(plan.measures, plan.strategies, strict=True))
        for marginal in strategy
    ]
    return [one._replace(change=_any_change(one, plan.measures[one.measure])) for one in found] if plan.advice else found


def sensitivities_of(measure: Measure, bounds: Bounds, sizes: Sequence[int], marginal: Marginal) -> tuple[Sensitivity, Sensitivity]:
    """Return the (add/remove, change) sensitivities of what noise is added to in a marginal: its totals, or what is chosen by.

    What is chosen depends on a person by how many of the person's rows are in each group: a count of rows, without its grid.
    """
    if marginal.part is None:
        return marginal_sensitivities(measure, bounds, sizes, marginal.kept)
    grouped = tuple(key for key in marginal.kept if key not in measure.grid)
    own = [1 if key in measure.grid else size for key, size in enumerate(sizes)]
    return choice_sensitivities(marginal_sensitivities(measure.model_copy(update={"grid": ()}), bounds, own, grouped)[0], marginal.part)


def _any_change(one: Protected, measure: Measure) -> Sensitivity:
    """Return the change sensitivity that goes with an add/remove sensitivity whatever the bounds are.

    With lower caps a measure's add/remove sensitivity is what it is with the highest ones, after scaling to the noise that is drawn then.
    Its change sensitivity may be more in proportion, but at most twice in L1, and in squared L2 twice, or four times where entries have
    both signs (`privacy.sensitivity`). Of what is chosen, a change is always twice as much.
    """
    add_remove, opposed = one.add_remove, one.marginal.part is not None or measure.low < 0 < measure.high
    return Sensitivity(
        l0=2 * add_remove.l0, l1=2 * add_remove.l1, l2_squared=(4 if opposed else 2) * add_remove.l2_squared, linf=2 * add_remove.linf
    )


def drawn(plan: Plan) -> list[Protected]:
    """Return all that noise is added to: what a plan measures; then, as further measures, votes for caps and persons of selected keys.

    A person has one vote, for each identifier, about each cap that is to be chosen; and counts once, for each identifier, in each
    combination of selected keys.
    """
    measures = [*protected(plan), *votes(plan)]
    if plan.selection is None:
        return measures
    counted = Marginal(kept=tuple(range(plan.selected)), mechanism=plan.selection.mechanism)
    return [*measures, Protected(len(plan.measures), counted, *marginal_sensitivities(PERSONS, plan.bounds, (reach(plan.bounds),), (0,)))]


def votes(plan: Plan) -> list[Protected]:
    """Return the histograms of votes for caps."""
    bounds = Bounds(rows=1, groups=1, keep_groups=False, identifiers=plan.bounds.identifiers)
    return [
        Protected(
            len(plan.measures) + place,
            Marginal(kept=(0,), mechanism=one.mechanism),
            *marginal_sensitivities(PERSONS, bounds, (len(one.caps),), (0,)),
        )
        for place, one in enumerate(plan.advice)
    ]


def plan_charge(plan: Plan) -> Charge:
    """Return what a plan costs: the composition of its mechanisms at the add/remove sensitivities, and the δ of selecting keys."""
    charge = charge_of((one.marginal.mechanism, one.add_remove) for one in drawn(plan))
    return charge if plan.selection is None else compose((charge, Charge(rho=0, delta=plan.selection.delta)))


def marginal_sensitivities(measure: Measure, bounds: Bounds, sizes: Sequence[int], kept: Kept) -> tuple[Sensitivity, Sensitivity]:
    """Return the (add/remove, change) sensitivities of a marginal of a measure.

    One identifier's entry in a leaf cell is its clamped total there; the absolute entries add up to at most what the absolute values of
    its rows do, since clamping towards a range that contains 0 never lengthens an entry: the number of rows times the largest absolute
    value of a row, or less where the contract proves it (`query.added`). At most `groups` entries are not 0, so that a total of c leaf
    cells is the sum of at most min(groups, c) of them. Adding up makes neither the number of entries that are not 0 larger, nor the sum
    of their absolute values.

    A union adds between 0 and `high` distinct values to a cell, and to all cells no more than there are rows (`query.measures`). A limit
    of groups counts cells of the table. Each may be several cells of a measure with a grid; but every row is in one cell at most, so that
    a person is in no more of these than the person has rows.
    """
    if measure.aggregate is Aggregate.REMOVED:
        return _removed(measure, bounds)
    rows_total = bounds.rows * max(-measure.row_low, measure.row_high) if measure.total is None else measure.total
    groups = bounds.rows if measure.grid else bounds.groups
    together = min(groups, prod(sizes) // cells(sizes, kept))
    return sensitivities(
        lo=max(measure.low * together, -rows_total) if together > 1 else measure.low,
        hi=min(measure.high * together, rows_total) if together > 1 else measure.high,
        rows_total=rows_total,
        groups=groups,
        cells=cells(sizes, kept),
        identifiers=bounds.identifiers,
    )


def _removed(measure: Measure, bounds: Bounds) -> tuple[Sensitivity, Sensitivity]:
    """Return the (add/remove, change) sensitivities of what clamping removes.

    One identifier adds Σ (t - clamp(t)) over totals t of its cells. Take those above `high`, k ≥ 1 in number. They add up to at most the
    number of rows times the greatest value of a row, since every row is in one cell at most and 0 lies within the bounds; nor to more
    than all absolute values do. `high` is taken away k times, and is not negative: so at most rows · row_high - high is removed, or the
    total of absolute values less `high`. Of totals below `low` it is at least rows · row_low - low, likewise. Both can occur at once and
    have opposite signs, so that their sum lies between these two ends. How many cells a person is in, and which are kept, does not
    matter. So it is one number within an interval around 0: a vector of one entry.
    """
    least, most = bounds.rows * measure.row_low, bounds.rows * measure.row_high
    if measure.total is not None:
        least, most = max(least, -measure.total), min(most, measure.total)
    low, high = min(0, least - measure.low), max(0, most - measure.high)
    return sensitivities(lo=low, hi=high, rows_total=max(-low, high), groups=1, cells=1, identifiers=bounds.identifiers)
