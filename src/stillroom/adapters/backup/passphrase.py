"""Passphrases that backups are sealed with."""

from __future__ import annotations

from stillroom.errors import Code, InvalidInput

LEAST, LEAST_DIFFERENT = 15, 8
"""The fewest characters, and the fewest different ones. The length is what NIST SP 800-63B asks of a password that stands alone."""


def check_passphrase(passphrase: str) -> None:
    """Refuse what is too easily guessed.

    Raises:
        InvalidInput: `PASSPHRASE_INVALID`.
    """
    if len(passphrase) < LEAST or len(set(passphrase.lower())) < LEAST_DIFFERENT:
        raise InvalidInput(
            Code.PASSPHRASE_INVALID,
            "The passphrase is too weak for a file that holds the room's key.",
            f"Take at least {LEAST} characters, {LEAST_DIFFERENT} of them different: six words drawn at random are good.",
        )
