"""The one source of random bytes."""

from __future__ import annotations

import secrets


class SystemEntropy:
    """The operating system's random bytes (`stillroom.ports.Entropy`)."""

    def token(self, size: int) -> bytes:
        """Return `size` fresh random bytes."""
        return secrets.token_bytes(size)
