"""How the spellings of one identifier become equal."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from stillroom.model.contract import CanonicalRule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stillroom.model.contract import Person

IDENTIFIER_LIMIT = 1000
"""The longest identifier, in characters; a longer one counts as NULL."""

_PASSES = 8

_SURROGATES = re.compile("[\ud800-\udfff]")
"""What stands for bytes of a command line that are not UTF-8. No file has them."""


def canonical(identifier: str | None, person: Person) -> str | None:
    """Return the one spelling of an identifier, or None where it names nobody.

    The rules are applied in their order, again and again until they change nothing: the result is its own canonical spelling.

    Privacy: who a row belongs to is a function of that row's identifier alone.

    Args:
        identifier: As it stands in the data.
        person: Which rules apply, and which canonical spellings are placeholders.

    Returns:
        None for NULL, the empty text, placeholders, what is no Unicode text, and anything longer than `IDENTIFIER_LIMIT`.
    """
    settled = _settled(identifier, person.canonical)
    return None if not settled or settled in person.placeholders or _SURROGATES.search(settled) else settled


def _settled(identifier: str | None, rules: Sequence[CanonicalRule]) -> str | None:
    """Apply the rules until nothing changes; None when the text is too long or does not come to rest."""
    text = identifier
    for _ in range(_PASSES):
        if text is None or len(text) > IDENTIFIER_LIMIT:
            return None
        before = text
        for rule in rules:
            text = _RULES[rule](text)
        if text == before:
            return text
    return None


def _alphanumeric(text: str) -> str:
    """Keep characters of the Unicode categories L (letters) and Nd (decimal digits)."""
    return "".join(c for c in text if unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "Nd")


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _strip_zeros(text: str) -> str:
    return text.lstrip("0")


_RULES: Mapping[CanonicalRule, Callable[[str], str]] = {
    CanonicalRule.TRIM: str.strip,
    CanonicalRule.NFKC: _nfkc,
    CanonicalRule.CASEFOLD: str.casefold,
    CanonicalRule.ALPHANUMERIC: _alphanumeric,
    CanonicalRule.STRIP_ZEROS: _strip_zeros,
}
