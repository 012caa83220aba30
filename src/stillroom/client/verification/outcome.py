"""How a step of a verification can end other than well."""

from __future__ import annotations


class Broken(Exception):
    """Something does not hold. The text says what was found and what was expected."""


class NotChecked(Exception):
    """A step cannot be taken. The text says what it would need."""


def expect(what: str, got: object, expected: object) -> None:
    """Compare two values.

    Raises:
        Broken: They differ.
    """
    if got != expected:
        raise Broken(f"{what}: got {got}, expected {expected}")


def require(holds: bool, broken: str) -> None:  # noqa: FBT001 - reads as a sentence: require(this, "what it means if it is not so")
    """Raise if something does not hold.

    Raises:
        Broken: It does not.
    """
    if not holds:
        raise Broken(broken)
