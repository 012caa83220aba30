"""Which event to test: chosen by trying many on trials of their own.

The trials of each input are in three parts. On the first, scores are learned: numbers that tend to be larger on one input than on the
other. On the second, the event "this score is at least so much" is chosen that would show the most. The third alone says how often it
happens, so that nothing is claimed for having been looked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from stillroom.audit.evidence import at_least, at_most, epsilon_bound
from stillroom.audit.outputs import Lens, Seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from stillroom.audit.evidence import Claim

    Floats: TypeAlias = NDArray[np.float64]

CLEAR = 3.0
"""Columns enter a score together if their means differ by so many standard errors."""

MOST_COLUMNS = 50
"""So many columns enter it at most, the clearest."""

ALONE = 4
"""So many columns, the clearest, are also tried alone."""

THRESHOLDS = 400
"""So many thresholds of each score are tried at most."""

TINY = 1e-12
"""Added to what is divided by."""

RIDGE = 1e-6
"""Added to the variances of a covariance matrix, so that it can be inverted."""

LEVEL = 1e-5
"""The level at which events are compared while choosing; it decides nothing."""


class Score(Protocol):
    """A number for each output: large where it looks like one of the first input's."""

    @property
    def name(self) -> str:
        """What it is, in words."""

    def of(self, outputs: Sequence[Seen], columns: Floats) -> Floats:
        """Return the scores of outputs."""
        ...


@dataclass(frozen=True, slots=True)
class Alone:
    """One column, with a sign."""

    name: str
    column: int
    sign: float

    def of(self, outputs: Sequence[Seen], columns: Floats) -> Floats:
        """Return the column."""
        del outputs
        return self.sign * columns[:, self.column]


@dataclass(frozen=True, slots=True)
class Together:
    """The log-likelihood ratio of several columns, as if they were independent, and Gaussian or else Laplace around two centres."""

    name: str
    chosen: NDArray[np.intp]
    centres: tuple[Floats, Floats]
    spread: Floats
    gaussian: bool

    def of(self, outputs: Sequence[Seen], columns: Floats) -> Floats:
        """Return the ratios."""
        import numpy as np

        del outputs
        near, far = (np.abs(columns[:, self.chosen] - centre) / self.spread for centre in self.centres)
        return np.asarray((far**2 - near**2 if self.gaussian else far - near).sum(axis=1))


@dataclass(frozen=True, slots=True)
class Linear:
    """Fisher's linear discriminant of several columns, which also finds what only their differences show."""

    name: str
    chosen: NDArray[np.intp]
    weights: Floats

    @classmethod
    def learned(cls, chosen: NDArray[np.intp], one: Floats, other: Floats) -> Linear:
        """Learn the weights from columns of both inputs: (pooled covariance)⁻¹ · (difference of the means), each column in its unit."""
        import numpy as np

        unit = np.sqrt((one.var(axis=0) + other.var(axis=0)) / 2) + TINY
        one, other = one / unit, other / unit
        pooled = (np.cov(one, rowvar=False) + np.cov(other, rowvar=False)) / 2 + RIDGE * np.eye(len(chosen))
        weights = np.linalg.solve(pooled, one.mean(axis=0) - other.mean(axis=0)) / unit
        return cls("the linear discriminant of the numbers", chosen, weights)

    def of(self, outputs: Sequence[Seen], columns: Floats) -> Floats:
        """Return the weighted sums."""
        import numpy as np

        del outputs
        return np.asarray(columns[:, self.chosen] @ self.weights)


@dataclass(frozen=True, slots=True)
class Words:
    """How much more often the words of an output were seen on the one input."""

    name: str
    counts: tuple[Counter[str], Counter[str]]

    def of(self, outputs: Sequence[Seen], columns: Floats) -> Floats:
        """Return the ratios, on a log scale; 0 for words never seen."""
        import numpy as np

        del columns
        one, other = self.counts
        return np.array([np.log((one[seen.words] + 0.5) / (other[seen.words] + 0.5)) for seen in outputs])


@dataclass(frozen=True, slots=True)
class Event:
    """A score is at least a threshold.

    Attributes:
        score: The score.
        threshold: The least score.
        lens: What it looks through.
        claim: The claim that it may refute.
    """

    score: Score
    threshold: float
    lens: Lens
    claim: Claim

    def happens(self, outputs: Sequence[Seen]) -> int:
        """Return in how many outputs it happens."""
        return int((self.score.of(outputs, self.lens.columns(outputs)) >= self.threshold).sum())

    def __str__(self) -> str:
        match self.score:
            case Alone(name, column, sign):
                return f"{name} {'≥' if sign > 0 else '≤'} {self.lens.shown(column, sign * self.threshold)}"
            case _:
                return f"{self.score.name} ≥ {self.threshold:.6g}"


def choose_event(one: Sequence[Seen], other: Sequence[Seen], claims: Sequence[Claim], trials: int) -> Event:
    """Return the event, more likely on the one input, that promises to exceed a claim the furthest.

    Args:
        one: Outputs on the input that should make it more likely.
        other: Outputs on the other.
        claims: What is said of the algorithm; all of them hold if it is right.
        trials: How many trials on each input will test the event.
    """
    half = min(len(one), len(other)) // 2
    lens = Lens([*one[:half], *other[:half]])
    scores = _scores(lens, one[:half], other[:half])
    one, other = one[half:], other[half:]
    columns = lens.columns(one), lens.columns(other)
    found = [_best(score.of(one, columns[0]), score.of(other, columns[1]), claims, trials) for score in scores]
    place = max(range(len(found)), key=lambda at: found[at][0])
    _, threshold, claim = found[place]
    return Event(scores[place], threshold, lens, claims[claim])


def _best(one: Floats, other: Floats, claims: Sequence[Claim], trials: int) -> tuple[float, float, int]:
    """Return how well a score refutes a claim, at which threshold, and which claim.

    Rates are taken a standard error for the worse, so that rare events are not chosen for their luck. Where a claim is refuted, the
    better one is refuted with more to spare; where none is, the better bound is nearer to its claim.
    """
    import numpy as np

    known = np.unique(np.concatenate([one, other]))
    thresholds = known[np.unique(np.linspace(0, len(known) - 1, THRESHOLDS).astype(int))]
    low, high = (_rates(scores, thresholds, sign) * trials for scores, sign in ((one, -1), (other, 1)))
    deltas, epsilons = (np.array([getattr(claim, name) for claim in claims])[:, None] for name in ("delta", "epsilon"))
    bounds = epsilon_bound(low, trials, high, trials, delta=deltas, level=LEVEL)
    spare = at_least(low, trials, LEVEL / 2) - np.exp(epsilons) * at_most(high, trials, LEVEL / 2) - deltas
    merit = np.where(spare > 0, spare, np.where(bounds > 0, -1.0 + (bounds - epsilons) / (1 + epsilons), -2.0 - epsilons))
    claim, place = np.unravel_index(int(merit.argmax()), merit.shape)
    return float(merit[claim, place]), float(thresholds[place]), int(claim)


def _rates(scores: Floats, thresholds: Floats, sign: int) -> Floats:
    """Return how often scores are at least each threshold, a standard error more or less."""
    import numpy as np

    count = len(scores)
    rates = 1 - np.searchsorted(np.sort(scores), thresholds, side="left") / count
    return np.asarray(np.clip(rates + sign * np.sqrt((rates * (1 - rates) + 1 / count) / count), 0, 1))


def _scores(lens: Lens, one: Sequence[Seen], other: Sequence[Seen]) -> list[Score]:
    """Return what may tell the inputs apart, learned from some outputs of each."""
    import numpy as np

    columns = lens.columns(one), lens.columns(other)
    means, variances = [table.mean(axis=0) for table in columns], [table.var(axis=0) for table in columns]
    tiny = TINY * (1 + np.abs(means[0]) + np.abs(means[1]))
    clear = np.abs(means[0] - means[1]) / (np.sqrt((variances[0] + variances[1]) / len(one)) + tiny)
    order = np.argsort(-clear, kind="stable")
    scores: list[Score] = [Alone(lens.names[at], int(at), 1.0 if means[0][at] >= means[1][at] else -1.0) for at in order[:ALONE]]
    first = order[:MOST_COLUMNS]
    scores += _ratios(first[clear[first] >= CLEAR], columns)
    moving = first[(variances[0] + variances[1])[first] > 0]
    if len(moving) > 1:
        scores.append(Linear.learned(moving, columns[0][:, moving], columns[1][:, moving]))
    counts = Counter(seen.words for seen in one), Counter(seen.words for seen in other)
    return [*scores, Words("the log ratio of keys, order and words", counts)]


def _ratios(chosen: NDArray[np.intp], tables: tuple[Floats, Floats]) -> list[Score]:
    """Return likelihood ratios of several columns, each of which differs clearly."""
    import numpy as np

    if len(chosen) < 2:  # noqa: PLR2004  one column stands alone already
        return []
    columns = [table[:, chosen] for table in tables]
    means, medians = [table.mean(axis=0) for table in columns], [np.median(table, axis=0) for table in columns]
    tiny = TINY * (1 + np.abs(means[0]) + np.abs(means[1]))
    deviation = np.sqrt((columns[0].var(axis=0) + columns[1].var(axis=0)) / 2) + tiny
    distance = sum(np.abs(table - centre).mean(axis=0) for table, centre in zip(columns, medians, strict=True)) / 2 + tiny
    return [
        Together("the Gaussian likelihood ratio of the numbers", chosen, (means[0], means[1]), deviation, gaussian=True),
        Together("the Laplace likelihood ratio of the numbers", chosen, (medians[0], medians[1]), distance, gaussian=False),
    ]
