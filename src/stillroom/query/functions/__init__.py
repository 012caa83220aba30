"""Functions of row expressions: how each that may be called becomes an expression of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.query.functions.casts import CASTS
from stillroom.query.functions.choices import CHOICES
from stillroom.query.functions.curves import CURVES
from stillroom.query.functions.dates import DATES
from stillroom.query.functions.numbers import NUMBERS
from stillroom.query.functions.roots import ROOTS
from stillroom.query.functions.text import TEXTS

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.functions.call import Meaning

MEANINGS: dict[str, Meaning] = {**CASTS, **CHOICES, **CURVES, **DATES, **NUMBERS, **ROOTS, **TEXTS}
"""What may be called, by the parser's names."""


def function(node: exp.Expr) -> Meaning | None:
    """Return how a call is compiled, given what compiles its operands; None for what is no function of ours.

    Functions go by the parser's name of them; those that it does not know, which it makes of a text, by their own.
    """
    return MEANINGS.get(node.this.upper() if isinstance(node.this, str) else type(node).__name__)
