"""How people name what has a digest."""

from __future__ import annotations


def begins(digest: str, beginning: str) -> bool:
    """Tell whether a digest begins like this, with or without its algorithm, which alone names nothing."""
    least, given = 4, beginning.removeprefix("sha256:")
    return len(given) >= least and digest.removeprefix("sha256:").startswith(given)
