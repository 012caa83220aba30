"""Which columns an expression may depend on, by where its value goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.contract import PrivateDataset
from stillroom.model.schema import Use

if TYPE_CHECKING:
    from stillroom.model.contract import Contract
    from stillroom.query.typed import Typed

FILTERS = frozenset({Use.FILTER})
MATCHES = frozenset({Use.FILTER, Use.JOIN})
GROUPS = frozenset({Use.GROUP})
MEASURES = frozenset({Use.MEASURE})
COUNTED = frozenset({Use.GROUP, Use.MEASURE})
TESTED = frozenset({Use.MEASURE, Use.FILTER})
ALL = frozenset(Use)


def allow(contract: Contract, operand: Typed, reads: frozenset[Use], tests: frozenset[Use] | None = None) -> None:
    """Check that every column an expression depends on has a use that its place needs.

    Args:
        contract: The contract.
        operand: The expression.
        reads: Uses of which a column needs one when its value becomes part of the value.
        tests: The same for columns that only conditions read; the same as `reads` by default.

    Raises:
        Refusal: A column lacks the use.
    """
    for column in sorted(operand.mentions):
        needed = reads if column in operand.reads or tests is None else tests
        if not needed & _uses(contract, column):
            words = " or ".join(sorted(needed))
            raise Refusal(
                Code.COLUMN_USE_NOT_ALLOWED,
                f"The contract does not allow to {words} by {column}.",
                f"Leave the column out, or ask its owner to add the use {words!r} in an amendment.",
            )


def allowed(contract: Contract, operand: Typed, needed: frozenset[Use]) -> bool:
    """Tell whether every column that an expression depends on has one of these uses."""
    return all(needed & _uses(contract, column) for column in operand.mentions)


def withheld(contract: Contract, operand: Typed) -> frozenset[str]:
    """Return the columns an expression depends on that lack the use `join`.

    What a public table says about their values is still about them: its columns need the same uses as they do.
    """
    return frozenset(column for column in operand.mentions if Use.JOIN not in _uses(contract, column))


def _uses(contract: Contract, column: str) -> frozenset[Use]:
    """Return the uses of a column; columns of public tables have all."""
    dataset, _, name = column.partition(".")
    declared = contract.datasets[dataset]
    return frozenset(declared.columns[name].uses) if isinstance(declared, PrivateDataset) else ALL
