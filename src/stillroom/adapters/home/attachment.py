"""Versions whose rows are not in the home: where they lie, and who is left out of them."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom.adapters.admitted import Contents

_MARK = b"stillroom/forgotten/v1:"


@dataclass(frozen=True, slots=True)
class Attachment:
    """Where the rows of a version lie.

    Attributes:
        source: The place, as `adapters.sources.place_of` reads it.
        salt: The secret key of the dataset's keyed hashes.
        forgotten: The marks of persons that are left out.
    """

    source: str = field(repr=False)
    salt: bytes = field(repr=False)
    forgotten: frozenset[str] = frozenset()

    def without_forgotten(self, contents: Contents) -> Contents:
        """Return admitted rows without those of forgotten persons.

        Privacy: whether a person's rows stay depends on that person's identifier alone.
        """
        if not self.forgotten:
            return contents
        codes = [code for code, person in enumerate(contents.persons) if mark_of(self.salt, person.as_py()) in self.forgotten]
        return contents.without(codes)


def mark_of(salt: bytes, person: str) -> str:
    """Return what stands for a forgotten person in the list of versions: an HMAC of the canonical identifier, so that it holds no names."""
    return hmac.digest(salt, _MARK + person.encode(), "sha256").hex()
