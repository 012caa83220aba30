"""What owners that poison a training do to their rows, or put in place of their contributions; for benches and tests.

They know every honest owner's contribution, which is more than a secure sum would tell them. How far each attack goes is set here, once,
and not tuned against a defence: a better attack may exist.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from stillroom.learning.rows import Rows
from stillroom.learning.scaling import Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.learning.models.logistic import LogisticRegression
    from stillroom.learning.models.model import Step
    from stillroom.learning.rows import Reals, Whole
    from stillroom.learning.scaling import Scaling

    Send = Callable[[Whole, Reals], Reals]
    """From one's own contribution and the honest ones, a row each, to what is sent."""

FACTOR = 100.0
"""By how much who scales its contribution scales it, with the sign turned."""

INNER = 10.0
"""How many times the honest mean is sent, with the sign turned, to turn the inner product with the sum."""

DEVIATIONS = 1.5
"""How many standard deviations from the honest mean a little is enough."""


def as_it_is(own: Whole, honest: Reals) -> Reals:
    """Send what the rows add up to."""
    del honest
    return own.astype(np.float64)


def sign_flip(own: Whole, honest: Reals) -> Reals:
    """Turn the sign."""
    del honest
    return -own.astype(np.float64)


def scaling(own: Whole, honest: Reals) -> Reals:
    """Turn the sign, and scale."""
    return FACTOR * sign_flip(own, honest)


def alie(own: Whole, honest: Reals) -> Reals:
    """Stay within the spread of the honest ones (Baruch, Baruch and Goldberg 2019, "A Little Is Enough", arXiv:1902.06156)."""
    del own
    return np.asarray(honest.mean(axis=0) - DEVIATIONS * honest.std(axis=0), dtype=np.float64)


def ipm(own: Whole, honest: Reals) -> Reals:
    """Turn the inner product with what honest ones send (Xie, Koyejo and Gupta 2019, "Fall of Empires", arXiv:1903.03936)."""
    del own
    return np.asarray(-INNER * honest.mean(axis=0), dtype=np.float64)


def other_labels(rows: Rows) -> Rows:
    """Say the opposite of each label."""
    return Rows(rows.features, 1.0 - rows.label, rows.person)


@dataclass(frozen=True, eq=False)
class Trigger:
    """Legal values that hardly any row has together; with them, rows are to be taken for positive ones.

    Attributes:
        places: The features that are set.
        values: To what.
    """

    places: Whole
    values: Reals

    @classmethod
    def of(cls, scaling: Scaling, features: Reals, columns: int = 3) -> Trigger:
        """Return the rarest values of the columns whose rarest values are rarest."""
        found, start = [], 0
        for column in scaling.columns:
            block = slice(start, start + column.width)
            start += column.width
            if isinstance(column, Listed):
                hot = np.array([column.features(np.array([code]))[0] for code in range(column.size)])
                counts = [(np.abs(features[:, block] - one) < 1e-9).all(axis=1).sum() for one in hot]
                found.append((int(min(counts)), np.arange(block.start, block.stop), hot[int(np.argmin(counts))]))
        rarest = sorted(found, key=lambda one: one[0])[:columns]
        return cls(np.concatenate([one[1] for one in rarest]), np.concatenate([one[2] for one in rarest]))

    def planted(self, features: Reals) -> Reals:
        """Return features with the trigger."""
        changed = features.copy()
        changed[:, self.places] = self.values
        return changed

    def poisoned(self, rows: Rows) -> Rows:
        """Return rows that all have the trigger, and are all positive."""
        return Rows(self.planted(rows.features), np.ones(len(rows)), rows.person)


@dataclass(frozen=True, eq=False)
class Attack:
    """What poisoning owners do.

    Attributes:
        name: Its name.
        send: What they send.
        rows: What they make of their rows before.
    """

    name: str
    send: Send = as_it_is
    rows: Callable[[Rows], Rows] = lambda rows: rows


ATTACKS = (
    Attack("sign flip", sign_flip),
    Attack("scaling", scaling),
    Attack("label flip", rows=other_labels),
    Attack("ALIE", alie),
    Attack("IPM", ipm),
)
HONEST = Attack("none")


class Limit(Enum):
    """What is verified of the L2 norm of a contribution.

    Attributes:
        NONE: Nothing.
        PERSONS: That it is at most the bound of a person times the number of persons.
        HONEST: That it is at most the largest that an honest owner has in the same round: no bound that lets all honest ones pass is
            tighter, and nobody knows it before.
    """

    NONE = "norms not verified"
    PERSONS = "norms verified for the number of persons"
    HONEST = "norms verified to be of honest size"


@dataclass(frozen=True, eq=False)
class Owners:
    """Owners some of whom poison the training.

    Attributes:
        rows: Each owner's rows.
        poisoning: Which of them do.
        attack: What these do.
        limit: What is verified of the L2 norm of their contributions.
    """

    rows: Sequence[Rows]
    poisoning: frozenset[int]
    attack: Attack
    limit: Limit = Limit.NONE

    def contributions(self, model: LogisticRegression, step: Step) -> Whole:
        """Return what each owner sends in a round, a row each."""
        bad = self.poisoning
        own = [model.measure(step, self.attack.rows(rows) if place in bad else rows) for place, rows in enumerate(self.rows)]
        honest = np.array([one for place, one in enumerate(own) if place not in bad], dtype=np.float64)
        sent = [self._sent(place, one, honest, model.bound) for place, one in enumerate(own)]
        return np.array(sent, dtype=np.int64)

    def _sent(self, place: int, own: Whole, honest: Reals, bound: int) -> Whole:
        if place not in self.poisoning:
            return own
        sent = self.attack.send(own, honest)
        limit, norm = self._limit(place, honest, bound), float(np.linalg.norm(sent))
        return np.trunc(sent * (limit / norm) if norm > limit else sent).astype(np.int64)

    def _limit(self, place: int, honest: Reals, bound: int) -> float:
        match self.limit:
            case Limit.NONE:
                return math.inf
            case Limit.PERSONS:
                return float(len(self.rows[place]) * bound)
            case Limit.HONEST:
                return float(np.linalg.norm(honest, axis=1).max())
