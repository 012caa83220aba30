"""Step 5: the plan is the one that the release names, and its parts fit together."""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING

from stillroom.client.verification.canonical import digest, encode
from stillroom.client.verification.caps import with_caps
from stillroom.client.verification.chosen import check_choices, chooses
from stillroom.client.verification.outcome import Broken, expect, require
from stillroom.client.verification.rows import row_count
from stillroom.client.verification.sizes import keeps_selected, like, over_everybody
from stillroom.model.expression import Average, Column, Constant, Covariance, Quantile, columns_of, walk
from stillroom.model.measure import Aggregate
from stillroom.model.mechanism import CHOOSING, NoiseKind
from stillroom.model.question import Quantiles
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Collection

    from stillroom.client.verification.evidence import Evidence
    from stillroom.model.expression import Expression
    from stillroom.model.marginal import Strategy
    from stillroom.model.plan import Key, Plan
    from stillroom.model.release import Release

TITLE = "The plan is the one that it names"

SCALES = (2.0**-6, 2.0**53)
"""The smallest and the largest scale at which noise is drawn."""

LARGEST = 2**128
"""No value or total of one person is larger."""

MOST_ROWS = 10_000_000
MOST_MARGINALS = 64
MOST_DIGITS = 300
_ALLOWED = re.compile(r"([kgm])(0|[1-9][0-9]{0,5})")


def check(evidence: Evidence) -> str:
    """Compute the plan's digest, and see that nothing in the plan refers to what is not there.

    Raises:
        Broken: It is another plan, of another contract, or does not make sense.
    """
    release = evidence.release
    expect("the plan's digest", digest(encode(release.plan.to_json())), release.plan_digest)
    expect("the contract of the plan", release.plan.contract, release.contract_digest)
    expect("the contract of the question", release.question.contract, release.contract_digest)
    expect("the number of strategies", len(release.plan.strategies), len(release.plan.measures))
    _sound(release.plan)
    capped = with_caps(release.plan, release.table.advised, release.noise, release.table.selection)
    _fits(release, capped)
    _sound(capped)
    _sized(release.plan, len(release.table.shown))
    evidence.plan_sound, evidence.capped = True, capped
    return release.plan_digest


def _fits(release: Release, plan: Plan) -> None:
    """See that each measure has its noise and each output its heading."""
    planned = [(number, one.kept, one.mechanism, one.part) for number, strategy in enumerate(plan.strategies) for one in strategy]
    expect("what was measured", [(noise.measure, noise.kept, noise.mechanism, noise.part) for noise in release.noise], planned)
    ways = {chooses(strategy) for measure, strategy in zip(plan.measures, plan.strategies, strict=True) if measure.grid}
    expect("whether quantiles are chosen", ways, ways and {release.question.terms.quantiles is Quantiles.EXPONENTIAL})
    expect("whether counts are kept from being negative", plan.finish.nonnegative, release.question.terms.nonnegative)
    expect("whether caps are chosen", bool(release.plan.advice), release.question.terms.advise is not None)
    asked = release.question.terms.clamped or not any(one.aggregate is Aggregate.REMOVED for one in plan.measures)
    require(asked, "what clamping removes is measured, and nobody asked for it")
    digits = [plan.measures[number].digits for number, *_ in planned]
    expect("the decimal places of the measures", [noise.digits for noise in release.noise], digits)
    expect("the number of headings", len(release.table.headings), len(plan.finish.outputs))
    for heading, output in zip(release.table.headings, plan.finish.outputs, strict=True):
        expect(f"what column {heading.name} holds", (heading.kind, heading.noisy), (output.kind, output.noisy))


def _sound(plan: Plan) -> None:
    """See that bounds contain 0, scales can be sampled, and the finish reads keys and measures that are there."""
    for number, measure in enumerate(plan.measures):
        for low, high in ((measure.low, measure.high), (measure.row_low, measure.row_high)):
            require(-LARGEST <= low <= 0 <= high <= LARGEST, f"the bounds of measure {number} leave out 0, or are too large")
    for advice in plan.advice:
        require(advice.mechanism.noise not in CHOOSING, "votes for caps are not counted with noise")
        require(SCALES[0] <= advice.mechanism.scale <= SCALES[1], f"no noise is drawn at the scale {advice.mechanism.scale}")
    if plan.selection is not None:
        scale = plan.selection.mechanism.scale
        require(SCALES[0] <= scale <= SCALES[1], f"no noise is drawn at the scale {scale}")
    for wanted in plan.finish.sets:
        require(_is_set(range(len(plan.grouping)), wanted), f"{wanted} is not a grouping set")
    require(len(set(plan.finish.sets)) == len(plan.finish.sets), "a grouping set is there twice")
    for number, strategy in enumerate(plan.strategies):
        _sound_strategy(plan, number, strategy)
    for output in plan.finish.outputs:
        require(_noisy(output.value, plan) == output.noisy, "a column that depends on measures is said not to be noisy, or the reverse")
    for expression in plan.finish.expressions:
        _noisy(expression, plan)


def _sound_strategy(plan: Plan, number: int, strategy: Strategy) -> None:
    """See that the marginals of a measure can be drawn, are different, and tell about every grouping set."""
    kept = [one.kept for one in strategy]
    if plan.measures[number].aggregate is Aggregate.REMOVED:
        _sound_removed(plan, number, strategy)
        return
    own = plan.measures[number]
    if own.aggregate is Aggregate.PERSONS or (own.kept is not None and own.aggregate is Aggregate.UNION):
        _sound_apart(plan, number, strategy)
        return
    sets = _told(plan, number)
    keys = tuple(sorted({key for wanted in sets for key in wanted}))
    for one in strategy:
        require(SCALES[0] <= one.mechanism.scale <= SCALES[1], f"no noise is drawn at the scale {one.mechanism.scale}")
        require(_is_set([*keys, *plan.measures[number].grid], one.kept), f"{one.kept} is not a marginal")
        whole = over_everybody(plan.measures[number]) or one.kept[: plan.selected] == tuple(range(plan.selected))
        require(whole, f"the marginal {one.kept} adds up over selected keys")
    if chooses(strategy):
        check_choices(plan, number, sets)
        return
    require(len(set(kept)) == len(kept), f"a marginal of measure {number} is there twice")
    gaussian = all(one.mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN for one in strategy) or bool(plan.measures[number].grid)
    few = len(strategy) <= MOST_MARGINALS
    require(len(strategy) == 1 or (gaussian and few), f"measure {number} has more than {MOST_MARGINALS} marginals, or noise of two kinds")
    for wanted in sets:
        require(any(set(wanted) <= set(one) for one in kept), f"no marginal of measure {number} tells about the grouping set {wanted}")


def _told(plan: Plan, number: int) -> list[tuple[int, ...]]:
    """Return the grouping sets that a sum tells about: those that keep selected keys, or, of everybody, the others.

    Raises:
        Broken: It is of other keys than these sets have, or there is not one of each kind that the table needs.
    """
    own, everybody = plan.measures[number], over_everybody(plan.measures[number])
    sets = [kept for kept in plan.finish.sets if keeps_selected(plan, kept) != everybody]
    keys = tuple(sorted({key for kept in sets for key in kept}))
    require(not everybody or (bool(sets) and own.kept == keys), f"measure {number} is of keys that no grouping set has by itself")
    kinds = [over_everybody(plan.measures[one]) for one in like(plan, number)]
    wanted = [False, True] if any(not keeps_selected(plan, kept) for kept in plan.finish.sets) else [False]
    require(own.aggregate is not Aggregate.SUM or sorted(kinds) == wanted, f"measure {number} is not measured once for its grouping sets")
    return sets


def _sound_removed(plan: Plan, number: int, strategy: Strategy) -> None:
    """See that what clamping removes is one number that can be drawn, of a sum that is measured, once for each."""
    require([one.kept for one in strategy] == [()], f"measure {number}, which clamping removes, is not one number for the whole table")
    scale = strategy[0].mechanism.scale
    require(SCALES[0] <= scale <= SCALES[1], f"no noise is drawn at the scale {scale}")
    sums = [one.model_copy(update={"aggregate": Aggregate.REMOVED}) for one in plan.measures if one.aggregate is Aggregate.SUM]
    once = plan.measures.count(plan.measures[number]) == 1
    require(plan.measures[number] in sums and once, f"measure {number} is not what clamping removes from a sum of the plan")
    require(not plan.measures[number].grid, f"measure {number}, which clamping removes, has a grid")


def _sound_apart(plan: Plan, number: int, strategy: Strategy) -> None:
    """See that distinct values or persons of one grouping set are drawn for it, and that each set has a measure of its own."""
    own = plan.measures[number]
    require(not own.grid, f"measure {number}, which counts what is distinct in one grouping set, has a grid")
    require([one.kept for one in strategy] == [own.kept], f"measure {number} is not measured for its own grouping set")
    scale = strategy[0].mechanism.scale
    require(SCALES[0] <= scale <= SCALES[1], f"no noise is drawn at the scale {scale}")
    for wanted in plan.finish.sets:
        alike = plan.measures.count(own.model_copy(update={"kept": wanted}))
        require(alike == 1, f"no marginal of measure {number} tells about the grouping set {wanted}, or several do")


def _is_set(positions: Collection[int], kept: tuple[int, ...]) -> bool:
    """Tell whether these are some positions of keys, ascending."""
    return all(position in positions for position in kept) and list(kept) == sorted(set(kept))


def _sized(plan: Plan, selected: int) -> None:
    """See that the table is one that can be gone through."""
    rows = row_count(plan, selected)
    digits = [key.digits for key in plan.keys] + [one.digits for one in plan.measures] + [one.digits for one in plan.finish.outputs]
    cells = max(plan.cells, *(plan.cells_of(measure) for measure in plan.measures))
    require(cells <= MOST_ROWS and rows <= MOST_ROWS, f"the table has {cells} cells and {rows} rows, expected at most {MOST_ROWS}")
    require(all(0 <= one <= MOST_DIGITS for one in digits), f"a number has more than {MOST_DIGITS} decimal places")


def _noisy(expression: Expression, plan: Plan) -> bool:
    """Tell whether a finish expression depends on measures; refuse names that mean nothing, and numbers of endless precision."""
    kinds = set()
    places = [node.digits for node in walk(expression) if isinstance(node, Constant | Covariance | Quantile)]
    require(all(0 <= one <= MOST_DIGITS for one in places), f"a number has more than {MOST_DIGITS} decimal places")
    for name in columns_of(expression):
        match = _ALLOWED.fullmatch(name)
        known = match is not None and int(match[2]) < len(plan.measures if match[1] == "m" else plan.grouping)
        require(known, f"the finish reads {name}, which is not there")
        many = name[0] != "m" or plan.measures[int(name[1:])].aggregate is not Aggregate.REMOVED
        require(many, f"the finish reads {name}, which is one number for the whole table")
        first = name[0] != "m" or not over_everybody(plan.measures[int(name[1:])])
        require(first, f"the finish reads {name}, which is of some grouping sets alone")
        kinds.add(name[0])
    for node in walk(expression):
        if isinstance(node, Quantile):
            _laddered(node, plan)
        elif isinstance(node, Column | Average) and any(plan.measures[int(name[1:])].grid for name in columns_of(node) if name[0] == "m"):
            raise Broken("a measure over a grid is shown as one number")
    return "m" in kinds


def _laddered(node: Quantile, plan: Plan) -> None:
    """See that a quantile is of counts on the levels of one tree, whose leaves hold all values between its ends; or chosen of these."""
    grid = plan.measures[int(node.measure[1:])].grid
    counted = all((plan.keys[key].kind, plan.keys[key].domain) == (Kind.INTEGER, _first(plan.keys[key])) for key in grid)
    for number in like(plan, int(node.measure[1:])):
        grouped = sorted({key for kept in _told(plan, number) for key in kept})
        levels = [(*grouped, *grid[:level]) for level in range(len(grid), 0, -1)]
        kinds = {one.mechanism.noise for one in plan.strategies[number]}
        laddered = [one.kept for one in plan.strategies[number]] == levels and len(kinds) == 1
        chosen = any(one.part == node.part for one in plan.strategies[number])
        require(bool(grid) and counted and (chosen or laddered), "a quantile is not of counts on ever finer grids")
    leaves = prod(len(plan.keys[key].listed) for key in grid)
    require(node.low <= node.high < node.low + leaves * node.width, "a quantile has values outside of its grid")


def _first(key: Key) -> tuple[int, ...]:
    """Return as many whole numbers from 0 on as a key has values."""
    return tuple(range(len(key.listed)))
