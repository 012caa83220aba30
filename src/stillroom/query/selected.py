"""Keys without a declared domain: whether the contract lets them be selected, and by which rule."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.charge import DELTA_UNIT
from stillroom.model.expression import Over, walk
from stillroom.model.schema import CALENDAR, Scalar
from stillroom.model.selection import Selection
from stillroom.privacy.rounding import units_down
from stillroom.privacy.selection import threshold_for
from stillroom.query.domains import key_domain
from stillroom.query.kept import conditions
from stillroom.query.sets import renumbered
from stillroom.query.typed import CONSTANT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.contract import Contract
    from stillroom.model.mechanism import Mechanism
    from stillroom.model.plan import Bounds, Finish
    from stillroom.model.question import Terms
    from stillroom.query.frame import Frame
    from stillroom.query.sets import Sets
    from stillroom.query.typed import Typed

Domain: TypeAlias = tuple[Scalar, ...] | None
"""The values of a key in display order; None for a key to be selected."""

TEXT_LIMIT = 100_000_000
"""The most characters of all combinations of selected keys together."""


def selected_first(typed: list[Typed], sets: Sets, frame: Frame, contract: Contract) -> tuple[list[Typed], list[Domain], Sets]:
    """Find the domains of keys, none for those to be selected, and put these first.

    Raises:
        Refusal: A key has no declared domain and may not be selected.
    """
    domains = [_domain(one, frame, contract) for one in typed]
    order = sorted(range(len(typed)), key=lambda position: domains[position] is not None)
    return [typed[position] for position in order], [domains[position] for position in order], renumbered(sets, order)


def _domain(key: Typed, frame: Frame, contract: Contract) -> Domain:
    """Return the domain of a key; None where it has none and may be selected."""
    try:
        return key_domain(key, frame.facts, contract.limits.cells, conditions(frame.relation))
    except Refusal as refusal:
        if refusal.code is Code.KEY_WITHOUT_DOMAIN and _may_select(key, contract):
            return None
        raise


def _may_select(key: Typed, contract: Contract) -> bool:
    """Tell whether the values of a key may be selected: the contract has δ for it, and a release can name the values.

    Numbers without bounds are those of a column, which admission keeps below 2**53.
    """
    ends = [abs(end) for end in (key.type.low, key.type.high) if end is not None]
    return contract.caps.release_selection_delta > 0 and (key.type.kind in CALENDAR or max(ends, default=0) < CONSTANT_LIMIT)


def check_selected(selected: int, finish: Finish, terms: Terms) -> None:
    """Refuse what selected keys, the first ones, do not go together with.

    Raises:
        InvalidInput: Pure differential privacy is asked for.
        Refusal: A grouping set keeps some selected keys and not others.
    """
    if selected and terms.pure:
        raise InvalidInput(
            Code.PRICE_INVALID,
            "Keys without a declared domain cost δ, and pure differential privacy has none.",
            "Leave out --pure, or group by columns with declared domains.",
        )
    windows = any(isinstance(node, Over) for expression in finish.expressions for node in walk(expression))
    if terms.nonnegative and windows:
        raise Refusal(
            Code.EXPRESSION_NOT_ALLOWED,
            "Counts are not kept from being negative where a window looks at other rows.",
            "Leave out --nonnegative, or the window.",
        )
    if any(len([key for key in kept if key < selected]) not in {0, selected} for kept in finish.sets):
        raise Refusal(
            Code.KEY_WITHOUT_DOMAIN,
            "A grouping set keeps some keys without a declared domain, and not others; each choice of them would be selected by itself.",
            "Keep all such keys or none in each grouping set; ask for fewer of them in a question of its own.",
        )


def most_shown(keys: Sequence[Typed], cells: int, sizes: Sequence[tuple[int, int]]) -> int:
    """Return the most combinations that a table can show, from the contract and the question alone.

    Args:
        keys: The selected keys.
        cells: The most cells of a table.
        sizes: Pairs of a limit and what one combination takes of it.
    """
    longest = sum(key.type.longest or 1 for key in keys)
    return max(1, min(limit // max(1, size) for limit, size in (*sizes, (TEXT_LIMIT, longest), (cells, 1))))


def selection_for(contract: Contract, bounds: Bounds, mechanism: Mechanism, most: int) -> Selection:
    """Return the rule of selection: the least threshold that costs no more than the contract's δ for one release."""
    delta = units_down(Fraction(str(contract.caps.release_selection_delta)), DELTA_UNIT)
    threshold = threshold_for(mechanism.scale, delta * DELTA_UNIT, groups=bounds.groups, identifiers=bounds.identifiers)
    return Selection(mechanism=mechanism, threshold=threshold, delta=delta, most=most)
