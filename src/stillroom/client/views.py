"""What a session shows: small values for screens and JSON."""

from __future__ import annotations

from pydantic import Field

from stillroom.admission.report import AdmissionReport, ColumnReport
from stillroom.model.charge import Charge
from stillroom.model.price import Price
from stillroom.model.question import Question
from stillroom.model.value import Value


class JoinedRoom(Value):
    """A room that a party's home has just joined.

    Attributes:
        party: Whose home it is.
        room: The room's name.
        key: The room's public key.
        first: Whether commands go to this room when they name none.
    """

    party: str
    room: str
    key: str
    first: bool


class AddedData(Value):
    """A new version of a dataset, with counts for its owner alone."""

    dataset: str
    version: int
    report: AdmissionReport

    def lines(self) -> list[str]:
        """Return the counts in words."""
        report = self.report
        lines = [f"{report.rows_admitted} of {report.rows_read} rows admitted; persons: {report.persons}. These counts are for you alone."]
        dropped = {
            "no person is named": report.without_person,
            "a required column has no value": report.without_required,
            "their person has more rows than agreed": report.beyond_limit,
        }
        lines += [f"Dropped because {why}: {count}." for why, count in dropped.items() if count]
        return lines + [f"{column.name}: {changed}." for column in report.columns if (changed := _changed(column))]


def _changed(column: ColumnReport) -> str:
    """Return what became of the cells of a column that the contract does not know as they were."""
    changes = {"not a value of the contract (NULL, or its `other`, instead)": column.unusable, "moved to the nearer bound": column.clamped}
    return ", ".join(f"{count} {what}" for what, count in changes.items() if count)


class DataLine(Value):
    """A dataset of the contract and its version number."""

    dataset: str
    owner: str
    version: int | None
    state: str


class WaitingQuestion(Value):
    """A question that was put to owners.

    Attributes:
        question: As it was asked first.
        price: What it would cost.
        readers: The parties whose data it reads.
        rows: Where the rows lie that it reads: a sentence for each private dataset.
        decisions: What each of them has said so far.
        reasons: Why, in the words of those who have given a reason.
    """

    question: Question
    price: Price
    readers: tuple[str, ...]
    rows: tuple[str, ...]
    decisions: dict[str, str]
    reasons: dict[str, str] = Field(default_factory=dict)


class AccountLine(Value):
    """An account: its cap, what is held and what is spent."""

    name: str
    cap: Charge
    held: Charge
    spent: Charge
