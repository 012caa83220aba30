"""What a promise means to an attacker, in the two sentences of a release."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.client.verification.conversion import guess
from stillroom.client.verification.outcome import Broken, expect, require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.release import Promise

_SUBJECTS = ("Is this person in the data?", "A yes/no fact about a person known to be in the data?")
_PERCENT = r"(\d{1,3}(?:\.\d{1,4})?) %"
_SENTENCE = re.compile(
    r"(.+\?) An attacker who starts at 50:50 guesses right at most " + _PERCENT + r" of the time from this release, "
    r"and at most " + _PERCENT + r" from everything the contract ever allows\."
)


def check_sentences(sentences: Sequence[str], release: Promise, cap: Promise) -> None:
    """Compute the probabilities in the sentences from the promises; they may be larger by rounding only.

    Raises:
        Broken: A sentence says less, or something else.
    """
    expect("the number of sentences", len(sentences), len(_SUBJECTS))
    pairs = ((release.epsilon, cap.epsilon), (release.change_epsilon, cap.change_epsilon))
    for sentence, subject, (here, ever) in zip(sentences, _SUBJECTS, pairs, strict=True):
        match = _SENTENCE.fullmatch(sentence)
        if match is None or match[1] != subject:
            raise Broken(f"a sentence of the release does not read as it should: {sentence[:300]}")
        _rounded_up(match[2], guess(here, release.delta))
        _rounded_up(match[3], guess(ever, cap.delta))


def _rounded_up(percent: str, probability: Fraction) -> None:
    """Accept a percentage that is the probability, rounded up in its last place (and a little, for doubles)."""
    last = Fraction(1, 10 ** len(percent.partition(".")[2]))
    above = Fraction(percent) - probability * 100
    tiny = Fraction(1, 10**9)
    require(-tiny <= above <= last + tiny, f"a sentence says {percent} %, expected {float(probability * 100):.6f} %, rounded up")
