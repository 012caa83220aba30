"""Passphrases that backups are sealed with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST, LEAST_DIFFERENT = 15, 8
"""The fewest characters, and the fewest different ones. The length is what NIST SP 800-63B asks of a password that stands alone."""

LEAST_GUESSES = 10**12
"""The fewest guesses that it may take.

Each costs a third of a second and 128 MiB (`stillroom.adapters.backup.sealed`), all of them some 10,000 years of one core. zxcvbn calls a
hundredth of it "very unguessable", for passwords under a slow hash. It counts ten guesses for a character that it sees no pattern in, so of
15 random letters and digits, or four random words, hardly any are refused.
"""

LONGEST = 72
"""So many characters are estimated, which is what zxcvbn takes: what comes behind them makes nothing weaker."""

LEAST_WORD = 3
"""The fewest letters of a word in a name that is looked for: shorter ones are in too many other words."""

_PUBLISHED = ("correct", "horse", "battery", "staple", "Tr0ub4dor", "stillroom", "six words drawn at random are good")
"""What whoever guesses would try early: words of passphrases that everybody knows (xkcd 936), and what we have published ourselves."""

_AGAIN = re.compile(r"(.{4,})(.*?)\1", re.IGNORECASE | re.DOTALL)
"""Four characters or more, and later the same once more."""


def check_passphrase(passphrase: str, names: Iterable[str] = ()) -> None:
    """Refuse what is too easily guessed: short, of common passwords, words, names, dates, walks on a keyboard, sequences and repeats.

    It is estimated how many guesses somebody needs who knows how people make passwords: D. Wheeler, "zxcvbn: Low-Budget Password Strength
    Estimation", USENIX Security 2016. NIST SP 800-63B asks for a comparison with what is common, and with words of the context. What
    stands in it twice counts once, in its length too.

    It is an estimate for words that were drawn at random, and says nothing about others: quotations, proverbs and lines of songs are taken
    for so many words, though whoever guesses has lists of them. No list of ours would be long enough; who makes a backup has to draw.

    Args:
        passphrase: What is to open the backup.
        names: What else whoever guesses knows: names of the room and its parties.

    Raises:
        InvalidInput: `PASSPHRASE_INVALID`.
    """
    once = _once(passphrase)
    if len(once) < LEAST or len(set(once.lower())) < LEAST_DIFFERENT or guesses(once, names) < LEAST_GUESSES:
        raise InvalidInput(
            Code.PASSPHRASE_INVALID,
            "The passphrase is too weak for a file that holds the room's key.",
            f"Take at least {LEAST} characters, {LEAST_DIFFERENT} of them different, without common words, names, dates or rows of keys: "
            "draw it at random, such as six words by dice from a list; what is quoted, or printed anywhere, is guessed.",
        )


def guesses(passphrase: str, names: Iterable[str]) -> int:
    """Return how many guesses a passphrase takes, about, for somebody who knows some names.

    Names, and words of three letters or more in them, count for nothing, whatever stands between their words: what is left without them is
    estimated. Disguised, or reversed, they count as the first of a list.
    """
    from zxcvbn import zxcvbn

    words = {word for name in names for word in (name, *re.split(r"[\W_]+", name)) if len(word) >= LEAST_WORD}
    known = sorted({*_PUBLISHED, *words}, key=len, reverse=True)
    left = re.sub("|".join(map(_spaced, known)), "", passphrase, flags=re.IGNORECASE)
    return 1 if not left else int(zxcvbn(left[:LONGEST], user_inputs=known, max_length=LONGEST)["guesses"])


def _spaced(name: str) -> str:
    """Return a pattern of a name, whatever stands between its words."""
    words = [re.escape(word) for word in re.split(r"[\W_]+", name) if word]
    return r"[\W_]*".join(words) or re.escape(name)


def _once(passphrase: str) -> str:
    """Return the beginning of a passphrase, as much as is estimated, without what has stood in it before."""
    left = passphrase[:LONGEST]
    while (shorter := _AGAIN.sub(r"\1\2", left, count=1)) != left:
        left = shorter
    return left
