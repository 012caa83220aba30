"""Patterns of LIKE."""

from __future__ import annotations


def matches(text: str, pattern: str) -> bool:
    """Tell whether text matches a pattern: `%` any characters, `_` exactly one, all else itself.

    Character by character of the pattern, it keeps the lengths of text that match so far: no pattern takes long.
    """
    reached = {0}
    for sign in pattern:
        if sign == "%":
            reached = set(range(min(reached), len(text) + 1)) if reached else reached
        else:
            reached = {length + 1 for length in reached if length < len(text) and sign in {"_", text[length]}}
    return len(text) in reached
