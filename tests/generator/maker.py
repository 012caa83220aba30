"""What every part of the generator makes names and constants with, and what they know of columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from stillroom.model.schema import Kind, Use

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.contract import Contract
    from stillroom.model.question import Parameter
    from tests.generator.tape import Tape

T = TypeVar("T")

EVERY_USE = frozenset(Use)

CONSTANTS: dict[Kind, tuple[bool | float | str, ...]] = {
    Kind.INTEGER: (0, 1, 2, 3, -1, 10, -1_000_000_000),
    Kind.DECIMAL: (0.5, 1.25, -2.5, 0.01, 99.95),
    Kind.TEXT: ("x", "y", "", "a%b", "é", "O'B", "10", " x ", "Yes", "2024-02-29"),
    Kind.BOOLEAN: (True, False),
}
"""Constants as a parameter or a question has them; dates are written otherwise."""

TIMES = ("00:00:00", "23:59:59", "12:30:15")
DATES = ("2024-02-29", "0001-01-01", "9999-12-31", "2024-03-31", "1970-01-01")


@dataclass(frozen=True)
class Field:
    """A column that an expression can read.

    Attributes:
        sql: How it is written.
        kind: What it holds.
        uses: What the contract allows to do with all that it is made of.
        small: Whether it has a few values that are known beforehand.
        bounded: Whether a number has bounds.
        rank: Whether it numbers a person's rows.
    """

    sql: str
    kind: Kind
    uses: frozenset[Use] = EVERY_USE
    small: bool = False
    bounded: bool = True
    rank: bool = False


@dataclass
class Maker:
    """Makes, by what a tape decides, and remembers what a case is made of so far.

    Attributes:
        tape: Decides.
        contract: The contract that is asked under.
        parameters: Those that the question has.
        seen: What kinds of relations, windows, aggregates and functions were made, and how often.
    """

    tape: Tape
    contract: Contract
    parameters: dict[str, Parameter] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    _names: Counter[str] = field(default_factory=Counter)

    def weighted(self, options: Sequence[tuple[int, Callable[[], T]]]) -> T:
        """Return what one of several ways makes."""
        ways = [make for weight, make in options for _ in range(weight)]
        return self.tape.pick(ways)()

    def name(self, prefix: str) -> str:
        """Return a new name."""
        self._names[prefix] += 1
        return f"{prefix}{self._names[prefix]}"

    def constant(self, kind: Kind) -> str:
        """Return a constant, some of them by parameter."""
        if kind is Kind.DATE:
            return f"DATE '{self.tape.pick(DATES)}'"
        if kind is Kind.TIMESTAMP:
            return f"TIMESTAMP '{self.tape.pick(DATES)} {self.tape.pick(TIMES)}'"
        value = self.tape.pick(CONSTANTS[kind])
        if not self.tape.chance(8):
            return written(value)
        name = self.name("par")
        self.parameters[name] = value
        self.seen["parameter"] += 1
        return f"{self.tape.pick(':$')}{name}"


def written(value: bool | float | str) -> str:  # noqa: FBT001 - a value of any kind
    """Return a constant as SQL."""
    if isinstance(value, bool):
        return str(value).upper()
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else f"({value})" if value < 0 else str(value)
