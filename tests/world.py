"""The small world of the corpus: its contract, its owners' raw files, and its questions."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import yaml

from stillroom.admission.cells import admit
from stillroom.admission.rows import admit_rows
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract, PrivateDataset
from stillroom.model.question import Question, Terms
from stillroom.query.compile import compile_question
from tests.fakes import ListTable
from tests.reference import ReferenceTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.price import Compiled
    from stillroom.model.schema import Scalar

FOLDER = Path(__file__).parent / "corpus"

Raw: TypeAlias = "list[dict[str, str | None]]"
"""The rows of an owner's file."""


@cache
def contract(variant: str = "plain") -> Contract:
    """Return the contract, or a variant of it."""
    plain = Contract.model_validate_json(json.dumps(yaml.safe_load((FOLDER / "contract.yaml").read_text("utf-8"))))
    variants = {
        "plain": {},
        "twins": {"identifiers_per_person": 2},
        "tight": {"limits": plain.limits.model_copy(update={"groups_per_person": 2})},
    }
    return plain.model_copy(update=variants[variant])


@dataclass(frozen=True)
class Entry:
    """A question of the corpus, with what stands in its comments.

    Attributes:
        name: Its name.
        sql: Its text.
        terms: Price or precision.
        variant: The contract that it is asked under.
        codes: The codes with which it may be refused.
    """

    name: str
    sql: str
    terms: Terms
    variant: str = "plain"
    codes: tuple[str, ...] = ()

    def question(self) -> Question:
        """Return the question."""
        return Question(contract=digest_of(contract(self.variant)), sql=self.sql, terms=self.terms, asked_by="insurer")

    def compile(self) -> Compiled:
        """Compile it."""
        return compile_question(contract(self.variant), self.question())


def corpus(name: str) -> list[Entry]:
    """Return the questions of a file: blocks apart by blank lines, each under comments `-- word: value`."""
    blocks = (FOLDER / name).read_text("utf-8").strip().split("\n\n")
    return [_entry(block) for block in blocks]


def _entry(block: str) -> Entry:
    lines = block.split("\n")
    notes = dict(line.removeprefix("-- ").split(": ", 1) for line in lines if line.startswith("-- "))
    sql = "\n".join(line for line in lines if not line.startswith("-- "))
    terms = json.loads(notes.get("terms", '{"epsilon": 1.0}'))
    return Entry(notes["name"], sql, Terms(**terms), notes.get("contract", "plain"), tuple(notes.get("code", "").split()))
