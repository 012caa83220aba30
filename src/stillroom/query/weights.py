"""How columns of a table share the charge, where the analyst weighs them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput
from stillroom.model.expression import columns_of
from stillroom.model.measure import alike

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.measure import Measure
    from stillroom.model.plan import Finish
    from stillroom.model.question import Terms


def measure_weights(finish: Finish, headings: Sequence[str], measures: Sequence[Measure], terms: Terms) -> tuple[Fraction, ...]:
    """Return the weight of each measure: the largest of those of the columns that are made of it.

    So no column is less precise than its own weight asks for. A column that the terms do not name has a weight of 1, and so does a measure
    that no column shows, but HAVING or ORDER BY reads.

    Weights depend on the question alone, and bear on how a charge is divided, never on how much it is: with them as without, the scales of
    all measures are those that the charge pays for at the sensitivities of the plan.

    Args:
        finish: What is computed from noisy cells.
        headings: The names of its columns.
        measures: The measures; those alike, of which grouping sets have their own, have one weight.
        terms: What the analyst is ready to spend, and on what.

    Raises:
        InvalidInput: A weight is of no column with noise, or stands beside an error, which divides no price.
    """
    if terms.weights and terms.error is not None:
        raise InvalidInput(
            Code.PRICE_INVALID,
            "Weights divide a price; with an error, every column is as precise as asked for.",
            "Use --epsilon with --weight, or leave the weights out.",
        )
    noisy = [heading for heading, output in zip(headings, finish.outputs, strict=True) if output.noisy]
    for name in terms.weights:
        if name not in noisy:
            raise InvalidInput(
                Code.PRICE_INVALID,
                f"A weight is given to {name!r}, which is no column with noise in the table.",
                f"Weigh columns by their headings: {', '.join(noisy)}.",
            )
    found: dict[str, Fraction] = {}
    for heading, output in zip(headings, finish.outputs, strict=True):
        weight = Fraction(str(terms.weights.get(heading, 1)))
        for name in columns_of(output.value):
            found[name] = max(weight, found.get(name, weight))
    return tuple(found.get(f"m{alike(measures, number)[0]}", Fraction(1)) for number in range(len(measures)))
