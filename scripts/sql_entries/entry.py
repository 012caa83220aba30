"""What the reference of SQL says of one thing that a question may use, and of things of one kind."""

from __future__ import annotations

import re
from dataclasses import dataclass

COLUMNS = {
    "members": ("age", "gender", "region"),
    "visits": ("cost", "ward", "day"),
    "trips": ("place", "driver", "mode", "fare", "tapped"),
}
"""The datasets of the page, and their columns besides the person's."""

PERSONS = {"members": "id", "visits": "pid", "trips": "pid"}
"""The column of the person of each."""

KEYS = {"members": "gender", "visits": "ward", "trips": "mode"}
"""A column of each that groups are told apart by."""

WHOLE = "{example}"
"""The question of examples that are whole questions."""

KNOWN = "SELECT SUM(CASE WHEN x IS NULL THEN 0 ELSE 1 END) AS known, COUNT(*) AS n FROM"
"""Begins the question of examples that are a column x of rows, of whatever type: an engine has to compute them all."""


@dataclass(frozen=True)
class Entry:
    """One line of a table.

    Attributes:
        forms: How it is written, as the page shows it.
        meaning: What it says.
        examples: Expressions, or whole questions, in which it stands: one for each of its names at least.
        further: What stands in the table's other columns.
    """

    forms: str
    meaning: str
    examples: tuple[str, ...]
    further: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """One table of the page.

    Attributes:
        name: The name of the part of the page that it stands in.
        headings: Of its columns but the last, which is that of examples.
        question: The question in which an example stands, as `{example}`, over `{dataset}`, in which `{person}` names the person and
            `{key}` is a column to group by.
        entries: Its lines.
    """

    name: str
    headings: tuple[str, ...]
    question: str
    entries: tuple[Entry, ...]

    @property
    def examples(self) -> tuple[str, ...]:
        """The examples of all entries."""
        return tuple(example for entry in self.entries for example in entry.examples)

    def asked(self, example: str) -> str:
        """Return a question in which an example stands."""
        if self.question == WHOLE:
            return example
        dataset = dataset_of(example)
        return self.question.format(example=example, dataset=dataset, person=PERSONS[dataset], key=KEYS[dataset])


def dataset_of(example: str) -> str:
    """Return the dataset whose columns an expression names; that of visits where it names none.

    Raises:
        ValueError: It names columns of several.
    """
    words = set(re.findall(r"\w+", re.sub(r"'[^']*'", "", example)))
    found = [dataset for dataset, columns in COLUMNS.items() if words.intersection(columns)]
    if len(found) > 1:
        raise ValueError(f"{example} names columns of {' and '.join(found)}.")
    return found[0] if found else "visits"
