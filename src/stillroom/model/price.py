"""What a question would cost and how precise it would be: known before anything is read."""

from __future__ import annotations

import operator

from pydantic import Field

from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.plan import Plan
from stillroom.model.release import Promise
from stillroom.model.value import Value


class ExpectedError(Value):
    """The 95 % half-width of one output column, as decimal text.

    Attributes:
        name: The column.
        half_width: For the finest rows of counts and sums; None for other expressions.
        total_half_width: For the row that adds up most cells, where the table has finer rows too.
        by_group_size: For averages of the finest rows: half-width for a group of that many counted rows.
        rank_half_width: For quantiles of the finest rows: by how many rows the place in the order may be off. For an extreme, how many
            rows it takes at one end to be seen.
        resolution: For quantiles: how far apart the values are that are told apart, as decimal text.
        chosen: Whether it is a quantile by the exponential mechanism, which has no interval. Left out of the encoding where false.
    """

    name: str
    half_width: str | None = None
    total_half_width: str | None = None
    by_group_size: dict[str, str] = Field(default_factory=dict)
    rank_half_width: str | None = None
    resolution: str | None = None
    chosen: bool = Field(default=False, exclude_if=operator.not_)


class SelectionPrice(Value):
    """What selecting keys costs, and which groups it shows.

    Attributes:
        threshold: A group is shown if its noisy number of persons is at least this.
        delta: What it costs, on top of the contract's δ.
        most: The most groups that are shown.
        chances: How likely a group of so many persons is shown.
    """

    threshold: int
    delta: float
    most: int
    chances: dict[str, float]


class CapsPrice(Value):
    """A cap that a first measurement chooses, and what comes of each.

    Attributes:
        columns: The columns that show what is capped: none where only HAVING or ORDER BY reads it; null where it is the number of cells
            of a person.
        charge: What choosing it costs, within the price.
        half_width: Of the number of votes for each cap, at 95 %.
        caps: The caps to choose from, as decimal text.
        half_widths: The half-width of the finest rows under each cap, as decimal text. For numbers of cells, that of a count of persons.
    """

    columns: tuple[str, ...] | None
    charge: Charge
    half_width: str
    caps: tuple[str, ...]
    half_widths: tuple[str, ...]


class Price(Value):
    """A price. It depends on contract and question only.

    Attributes:
        plan_digest: Names the plan.
        charge: What the ask would cost each account.
        accounts: Owners and populations that are charged, as `owner/population`.
        promise: The guarantee of the release.
        cells: How many leaf cells are measured; where keys are selected, the most that are.
        groups_per_person: The most cells one person influences.
        errors: Expected errors of the outputs.
        clamped: Expected errors of what clamping removes, by the columns that it concerns; none unless asked for.
        selection: How keys without a declared domain are selected; None where every key has one.
        caps: The caps that are to be chosen; `errors` are those under the highest ones.
        sentences: The attacker's sentences for this release.
    """

    plan_digest: Digest
    charge: Charge
    accounts: tuple[str, ...]
    promise: Promise
    cells: int
    groups_per_person: int
    errors: tuple[ExpectedError, ...]
    clamped: tuple[ExpectedError, ...] = Field(default=(), exclude_if=().__eq__)
    selection: SelectionPrice | None = None
    caps: tuple[CapsPrice, ...] = ()
    sentences: tuple[str, ...]


class Compiled(Value):
    """The outcome of compiling a question: what to run and what it costs, as one value.

    Attributes:
        plan: What to measure.
        headings: The names of the table's columns, as asked for.
        charge: What it costs.
        pure_epsilon: The pure ε, as decimal text rounded up, when all noise is Laplace.
        readers: Parties whose data the plan reads, sorted.
    """

    plan: Plan
    headings: tuple[str, ...]
    charge: Charge
    pure_epsilon: str | None
    readers: tuple[Name, ...]
