"""Caps on what one person adds: those that the analyst gives, and those that a first measurement is to choose."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.advice import Advice
from stillroom.model.expression import Average, Covariance, Quantile, children, walk, with_children
from stillroom.model.measure import alike, highest_total
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.schema import to_units
from stillroom.privacy.accountant import rho_from
from stillroom.privacy.advice import candidates
from stillroom.privacy.mechanisms import scale_for_epsilon, scale_for_rho
from stillroom.query.advised import cut
from stillroom.query.typed import CONSTANT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.expression import Expression
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Bounds, Finish
    from stillroom.model.question import Terms


MOST_CHOSEN = 16
"""The most caps that a question chooses. Each is a histogram of votes, which takes time to count, and a share of a small share."""


def pinned(
    finish: Finish, measures: Sequence[Measure], headings: Sequence[str], caps: Mapping[str, float]
) -> tuple[Finish, tuple[Measure, ...]]:
    """Return measures with the caps that the analyst gives, by the headings of counts and sums; and the finish, which knows of them.

    A cap is on the totals of one person in one cell, on either side of 0, in the units that the column shows. It is part of the plan, as
    if the contract had declared it; one that the contract's bound is below of changes nothing.

    Raises:
        InvalidInput: A cap is for no column, or for one that is not a count or sum, or lies between two values that are told apart.
        Refusal: Something else than totals and averages is computed from what is to be capped.
    """
    found = list(measures)
    for name, cap in caps.items():
        number = _shown(finish, headings, name)
        if number not in _cappable(finish, measures):
            raise Refusal(
                Code.AGGREGATE_NOT_ALLOWED,
                f"The column {name} cannot be capped: nobody adds more than 1 to a cell of it, it counts distinct values, an average"
                " divides by it, or a variance is made of it.",
                "Leave out its cap; give one to other counts of rows and sums.",
            )
        found[number] = cut(found[number], _units(name, cap, found[number].digits))
    lower = [number for number, (before, after) in enumerate(zip(measures, found, strict=True)) if before != after]
    return with_average_ends(finish, lower), tuple(found)


def _shown(finish: Finish, headings: Sequence[str], name: str) -> int:
    """Return the measure that a column shows."""
    places = [output.measure for output, heading in zip(finish.outputs, headings, strict=True) if heading == name]
    if not places or places[0] is None:
        reason = f"There is no column {name} to cap." if not places else f"The column {name} is not a count or sum."
        raise InvalidInput(Code.PRICE_INVALID, reason, "Name a column that is COUNT or SUM, by its heading: --cap NAME=NUMBER.")
    return places[0]


def _units(name: str, cap: float, digits: int) -> int:
    """Return a cap in units of a measure."""
    try:
        return to_units(cap, digits)
    except ValueError:
        raise InvalidInput(
            Code.PRICE_INVALID,
            f"The cap of {name} has more than the {digits} decimal places that its values have.",
            "Round the cap.",
        ) from None


def _cappable(finish: Finish, measures: Sequence[Measure]) -> set[int]:
    """Return the measures whose totals may be cut: sums that are shown, computed with, or averaged.

    Whatever is derived from both a sum and a count of the same rows, other than an average, would no longer lie where it is known to; nor
    would an average by a count that is cut.
    """
    from stillroom.model.expression import columns_of

    nodes = [node for expression in finish.expressions for node in walk(expression)]
    counted = {node.count for node in nodes if isinstance(node, Average)}
    others = {name for node in nodes if isinstance(node, Covariance | Quantile) for name in columns_of(node)}
    kept = {int(name[1:]) for name in counted | others if name[0] == "m"}
    first = [number for number in range(len(measures)) if alike(measures, number)[0] == number]
    return {n for n in first if n not in kept and not measures[n].grid and highest_total(measures[n]) > 1}


def check_advice(terms: Terms) -> None:
    """Refuse what caps that are to be chosen do not go together with.

    Raises:
        InvalidInput: An error, or what clamping removes, is asked for, which would depend on the caps.
    """
    if terms.advise is None:
        return
    if terms.epsilon is None:
        raise InvalidInput(
            Code.PRICE_INVALID, "No error can be asked for where caps are still to be chosen.", "Use --epsilon, or leave out --advise."
        )
    if terms.clamped:
        raise InvalidInput(
            Code.PRICE_INVALID,
            "How much clamping may remove from one person is not known while caps are still to be chosen.",
            "Leave out --clamped; or ask with the caps that an earlier release chose, by --cap.",
        )


def advice_for(  # noqa: PLR0913 - what caps are chosen from
    terms: Terms, *, finish: Finish, measures: Sequence[Measure], headings: Sequence[str], bounds: Bounds, delta: Fraction
) -> tuple[Advice, ...]:
    """Return the caps that a first measurement is to choose: of a person's cells, and of totals that the analyst does not pin.

    The share of the price that the terms set aside is divided evenly.

    Raises:
        InvalidInput: There is nothing to choose, or too much.
    """
    if terms.advise is None or terms.epsilon is None:
        return ()
    given = {_shown(finish, headings, name) for name in terms.caps}
    numbers = sorted(n for n in _cappable(finish, measures) - given if highest_total(measures[n]) < CONSTANT_LIMIT)
    moved = any(max(-one.row_low, one.row_high) > 0 and max(-one.low, one.high) > 0 for one in measures)
    of_cells = moved and bounds.groups > 1 and terms.groups_per_person is None
    about: list[int | None] = [*([None] if of_cells else []), *numbers]
    if not about:
        raise InvalidInput(
            Code.PRICE_INVALID, "There is no cap to choose: every bound of the question is 0, 1, or given.", "Leave out --advise."
        )
    if len(about) > MOST_CHOSEN:
        raise InvalidInput(
            Code.PRICE_INVALID,
            f"{len(about)} caps would be chosen; {MOST_CHOSEN} are the most.",
            "Give some by --cap, or ask for fewer sums.",
        )
    share = Fraction(str(terms.advise)) / len(about)
    scale = _scale(Fraction(str(terms.epsilon)), share, delta, bounds.identifiers, pure=terms.pure)
    mechanism = Mechanism(noise=NoiseKind.DISCRETE_LAPLACE if terms.pure else NoiseKind.DISCRETE_GAUSSIAN, scale=scale)
    return tuple(
        Advice(measure=one, caps=candidates(bounds.groups if one is None else highest_total(measures[one])), mechanism=mechanism)
        for one in about
    )


def _scale(epsilon: Fraction, share: Fraction, delta: Fraction, identifiers: int, *, pure: bool) -> float:
    """Return the scale of the noise on votes: a person has one vote for each identifier, and they may be for one cap."""
    if pure:
        return scale_for_epsilon(identifiers, epsilon * share)
    return scale_for_rho(identifiers**2, rho_from(epsilon, delta) * share)


def with_average_ends(finish: Finish, measures: Sequence[int]) -> Finish:
    """Return a finish whose averages of sums that may be cut reach to 0: cutting a sum brings its average closer to it."""
    return finish.with_each(lambda node: _reaching_zero(node, {f"m{number}" for number in measures}))


def _reaching_zero(node: Expression, cut_off: set[str]) -> Expression:
    if isinstance(node, Average) and node.total in cut_off:
        return node.model_copy(update={"low": min(node.low, 0), "high": max(node.high, 0)})
    return with_children(node, [_reaching_zero(child, cut_off) for child in children(node)])
