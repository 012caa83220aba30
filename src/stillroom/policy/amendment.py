"""Whether one contract may replace another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput
from stillroom.model.codec import digest_of

if TYPE_CHECKING:
    from stillroom.model.contract import Contract


def check_amendment(old: Contract, new: Contract) -> None:
    """Check that a contract continues another: same name, next version, and it names the other's digest.

    Raises:
        InvalidInput: It does not.
    """
    if new.name != old.name:
        raise _invalid("It has another name than the contract in force.", f"Call it {old.name}.")
    if new.version != old.version + 1:
        raise _invalid(f"Its version is {new.version}, after {old.version}.", f"Make it version {old.version + 1}.")
    if new.amends != digest_of(old):
        raise _invalid("It does not name the digest of the contract in force.", f"Write amends: {digest_of(old)}.")


def _invalid(reason: str, fix: str) -> InvalidInput:
    """Return the error for an amendment that does not continue the contract in force."""
    return InvalidInput(Code.AMENDMENT_INVALID, f"This cannot amend the contract. {reason}", fix)
