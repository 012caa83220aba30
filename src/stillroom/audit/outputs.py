"""What can be seen of an output: its numbers, each under the path to it, and in words everything else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

DISTINCT = "how many numbers differ"


@dataclass(frozen=True, slots=True)
class Seen:
    """What can be seen of one output.

    Attributes:
        numbers: Every finite number by its path; also the place of every key of a mapping, how long every part is, and how many
            numbers differ from each other.
        words: Keys in their order, and everything that is no number.
    """

    numbers: dict[str, Fraction | float | int]
    words: str


def see(output: object) -> Seen:
    """Look at an output: a number, text, None, or sequences and mappings of such, as deep as they go."""
    numbers: dict[str, Fraction | float | int] = {}
    words: list[str] = []
    _look(output, "output", numbers, words)
    values = {number for path, number in numbers.items() if not path.startswith(("place of ", "length of "))}
    return Seen({**numbers, DISTINCT: len(values)}, "\n".join(words))


def _look(part: Any, path: str, numbers: dict[str, Fraction | float | int], words: list[str]) -> None:  # noqa: ANN401  an output of any kind
    part = part.tolist() if hasattr(part, "tolist") else part
    if isinstance(part, Mapping):
        numbers[f"length of {path}"] = len(part)
        for place, (key, inner) in enumerate(part.items()):
            numbers[f"place of {path}[{key!r}]"] = place
            words.append(f"{path}[{key!r}]")
            _look(inner, f"{path}[{key!r}]", numbers, words)
    elif isinstance(part, Sequence) and not isinstance(part, str | bytes):
        numbers[f"length of {path}"] = len(part)
        for place, inner in enumerate(part):
            _look(inner, f"{path}[{place}]", numbers, words)
    elif _is_number(part):
        numbers[path] = Fraction(part) if isinstance(part, Decimal) else part
    else:
        words.append(f"{path} = {part!r}")


def _is_number(part: Any) -> bool:  # noqa: ANN401  an output of any kind
    return not isinstance(part, bool) and isinstance(part, Real | Decimal) and math.isfinite(part)


class Lens:
    """Turns what is seen of outputs into columns of doubles. It is fixed by the outputs that it is made from.

    A number has three columns: its distance from the middle, that distance without its sign, and whether it is there at all. What is
    not there lies in the middle. Distances are taken exactly before they are rounded, so that large numbers keep their last digits.
    """

    def __init__(self, outputs: Sequence[Seen]) -> None:
        """Find all paths, and the middle of what stands at each."""
        found: dict[str, list[Fraction | float | int]] = {}
        for one in outputs:
            for path, number in one.numbers.items():
                found.setdefault(path, []).append(number)
        self._middle = {path: sorted(numbers)[len(numbers) // 2] for path, numbers in sorted(found.items())}
        self.names = tuple(
            name for path in self._middle for name in (path, f"distance of {path} from {self._middle[path]}", f"there is {path}")
        )

    def columns(self, outputs: Sequence[Seen]) -> Floats:
        """Return a row for each output."""
        import numpy as np

        table = np.zeros((len(outputs), len(self._middle), 3))
        for place, (path, middle) in enumerate(self._middle.items()):
            for row, one in enumerate(outputs):
                number = one.numbers.get(path)
                if number is not None:
                    distance = float(number - middle)
                    table[row, place] = distance, abs(distance), 1.0
        return table.reshape(len(outputs), -1)

    def shown(self, column: int, value: float) -> str:
        """Return a value of a column as it stands in outputs."""
        path, kind = list(self._middle)[column // 3], column % 3
        return f"{float(self._middle[path]) + value:.6g}" if kind == 0 else f"{value:.6g}"
