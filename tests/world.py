"""The small world of the corpus: its contract, its owners' files, its questions, and what becomes of them."""

from __future__ import annotations

import copy
import csv
import json
import random
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.admission.cells import admit
from stillroom.admission.identifiers import canonical
from stillroom.admission.rows import admit_rows
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract, PrivateDataset, PublicDataset
from stillroom.model.question import Question, Terms
from stillroom.model.schema import Use, column_type
from stillroom.query.compile import compile_question
from tests import reference
from tests.fakes import ListTable
from tests.reference import ReferenceTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.contract import Dataset
    from stillroom.model.plan import Plan
    from stillroom.model.price import Compiled
    from stillroom.model.schema import Scalar
    from stillroom.model.selection import Occupation, Occupied

FOLDER = Path(__file__).parent / "corpus"

Raw: TypeAlias = "list[dict[str, str | None]]"
"""The rows of an owner's file."""

Parts: TypeAlias = "tuple[reference.Part, ...]"
"""What somebody has in the cells of each measure."""


@cache
def contract(variant: str = "plain") -> Contract:
    """Return the contract, or a variant of it.

    `twins` have two identifiers each, `tight` lets a person influence two groups, `narrow` lets a person have ten rows, `loose` declares no
    total of a person's costs, and `unbounded` no bounds of ages. `selecting` lets keys be selected: names, codes, notes and amounts; so do
    `selecting twins` and `selecting tight`.
    """
    plain = Contract.model_validate_json(json.dumps(yaml.safe_load((FOLDER / "contract.yaml").read_text("utf-8"))))
    if variant.startswith("selecting"):
        return _selecting(contract(variant.removeprefix("selecting").strip() or "plain"))
    updates: dict[str, dict[str, Any]] = {
        "plain": {},
        "twins": {"identifiers_per_person": 2},
        "tight": {"limits": plain.limits.model_copy(update={"groups_per_person": 2})},
        "narrow": {"limits": plain.limits.model_copy(update={"rows_per_person": 10})},
        "loose": {"datasets": {**plain.datasets, "visits": _changed(plain.datasets["visits"], "cost", total=None)}},
        "unbounded": {"datasets": {**plain.datasets, "members": _changed(plain.datasets["members"], "age", bounds=None)}},
    }
    return plain.model_copy(update=updates[variant])


def _selecting(plain: Contract) -> Contract:
    """Return a contract under which free text and large numbers may be grouped by."""
    datasets = dict(plain.datasets)
    for dataset, name in (("members", "name"), ("visits", "code"), ("visits", "note"), ("linked", "amount")):
        uses = (*datasets[dataset].columns[name].uses, Use.GROUP)
        datasets[dataset] = _changed(datasets[dataset], name, uses=uses)
    caps = plain.caps.model_copy(update={"selection_delta": 1e-3, "release_selection_delta": 1e-6})
    return plain.model_copy(update={"datasets": datasets, "caps": caps})


def _changed(dataset: Dataset, name: str, **declared: object) -> Dataset:
    column = dataset.columns[name].model_copy(update=declared)
    return dataset.model_copy(update={"columns": {**dataset.columns, name: column}})


@cache
def private() -> dict[str, PrivateDataset]:
    """Return the private datasets by name."""
    return {name: dataset for name, dataset in contract().datasets.items() if isinstance(dataset, PrivateDataset)}


# ------------------------------------------------------------------------------------------------------------ questions


@dataclass(frozen=True)
class Entry:
    """A question of the corpus, with what stands in its comments.

    Attributes:
        name: Its name.
        sql: Its text.
        terms: Price or precision.
        variant: The contract that it is asked under.
        code: The code with which it is refused; nothing where it is not.
    """

    name: str
    sql: str
    terms: Terms = field(hash=False)
    variant: str = "plain"
    code: str = ""

    def compile(self) -> Compiled:
        """Compile it.

        Raises:
            StillroomError: It is refused.
        """
        asked_under = contract(self.variant)
        question = Question(contract=digest_of(asked_under), sql=self.sql, terms=self.terms, asked_by="insurer")
        return compile_question(asked_under, question)

    @cached_property
    def compiled(self) -> Compiled:
        """What it compiles to."""
        return self.compile()


def corpus(name: str) -> list[Entry]:
    """Return the questions of a file: blocks apart by blank lines, each under comments of the form `-- word: value`."""
    return [_entry(block) for block in (FOLDER / name).read_text("utf-8").strip().split("\n\n")]


def _entry(block: str) -> Entry:
    notes, lines = {}, block.split("\n")
    while lines and lines[0].startswith(("-- name: ", "-- terms: ", "-- contract: ", "-- code: ")):
        word, _, value = lines.pop(0).removeprefix("-- ").partition(": ")
        notes[word] = value
    terms = Terms(**json.loads(notes.get("terms", '{"epsilon": 1.0}')))
    return Entry(notes["name"], "\n".join(lines), terms, notes.get("contract", "plain"), notes.get("code", ""))


ACCEPTED = corpus("accepted.sql")
"""Questions that compile."""


# ----------------------------------------------------------------------------------------------------------------- data


@cache
def files() -> dict[str, Raw]:
    """Return the owners' files; an empty field is NULL."""
    return {name: _file(FOLDER / f"{name}.csv") for name in contract().datasets}


def _file(path: Path) -> Raw:
    with path.open(encoding="utf-8", newline="") as lines:
        return [{name: text or None for name, text in row.items()} for row in csv.DictReader(lines)]


def person_of(dataset: PrivateDataset, row: Mapping[str, str | None]) -> str | None:
    """Return to whom a row of a file belongs."""
    return canonical(row[dataset.person.column], dataset.person)


@cache
def persons() -> tuple[str, ...]:
    """Return everybody, of any dataset."""
    found = {person_of(dataset, row) for name, dataset in private().items() for row in files()[name]}
    return tuple(sorted(person for person in found if person is not None))


class Table:
    """An admitted table, as engines read it and as the reference does."""

    def __init__(self, name: str, rows: Raw, declared: Dataset | None = None) -> None:
        """Admit the rows of a file, of the corpus unless another dataset is declared."""
        dataset = declared or contract().datasets[name]
        self.salt = f"the salt of {name}".encode() if isinstance(dataset, PrivateDataset) else b""
        self.rows = _public(dataset, rows) if isinstance(dataset, PublicDataset) else _private(dataset, rows, self.salt)
        self._kinds = {column: column_type(one).kind for column, one in dataset.columns.items()}

    def shuffled(self, seed: int) -> Table:
        """Return the same rows in another order."""
        other = copy.copy(self)
        other.__dict__.pop("stored", None)
        other.__dict__.pop("listed", None)
        other.rows = random.Random(seed).sample(self.rows, len(self.rows))
        return other

    def sorted(self) -> Table:
        """Return the same rows by person, as admission stores them."""
        other = self.shuffled(0)
        other.rows = sorted(self.rows, key=lambda row: str(row.get("person")).encode())
        return other

    @cached_property
    def stored(self) -> ListTable:
        """For engines."""
        return ListTable(self.rows, self._kinds, salt=self.salt, private=bool(self.salt))

    @cached_property
    def listed(self) -> ReferenceTable:
        """For the reference."""
        return ReferenceTable(self.rows, self.salt)


def _private(dataset: PrivateDataset, rows: Raw, salt: bytes) -> list[dict[str, Scalar]]:
    admitted = admit_rows(dataset, rows, salt)
    names = sorted(dataset.columns)
    return [{"person": person, **dict(zip(names, row, strict=True))} for person, own in admitted.items() for row in own]


def _public(dataset: PublicDataset, rows: Raw) -> list[dict[str, Scalar]]:
    return [{name: admit(row[name], column)[0] for name, column in dataset.columns.items()} for row in rows]


class _Blank(Table):
    """An admitted table in which columns without any use are NULL."""

    def __init__(self, name: str, rows: Raw) -> None:
        """Admit the rows of a file, then forget."""
        super().__init__(name, rows)
        unused = {column for column, declared in contract().datasets[name].columns.items() if not declared.uses}
        self.rows = [{column: None if column in unused else value for column, value in row.items()} for row in self.rows]


World: TypeAlias = "dict[str, Table]"
"""Admitted tables by name."""


@cache
def world() -> World:
    """Return the files as they are, admitted."""
    return {name: Table(name, rows) for name, rows in files().items()}


@cache
def world_without_unused() -> World:
    """Return the same rows, in which private columns without any use are NULL."""
    return {**world(), **{name: _Blank(name, files()[name]) for name in private()}}


# --------------------------------------------------------------------------------------------------------- measurements

ENGINE = DuckdbEngine(threads=1)


def measured(plan: Plan, tables: World) -> tuple[tuple[int, ...], ...]:
    """Return the exact cells, by the engine."""
    return ENGINE.measure_exactly(plan, {name: table.stored for name, table in tables.items()})


def occupied(plan: Plan, tables: World) -> dict[tuple[Scalar, ...], Occupied]:
    """Return the combinations of selected keys that somebody is in, by the engine."""
    return by_keys(occupation(plan, tables))


def occupation(plan: Plan, tables: World) -> Occupation:
    """Return what there is of a plan with selected keys, by the engine."""
    return ENGINE.measure_occupied(plan, {name: table.stored for name, table in tables.items()})


def by_keys(found: Occupation) -> dict[tuple[Scalar, ...], Occupied]:
    """Return combinations by their keys, each of which is there once."""
    assert len({one.keys for one in found.combinations}) == len(found.combinations)
    return {one.keys: one for one in found.combinations}


@cache
def as_it_is(entry: Entry) -> tuple[tuple[int, ...], ...]:
    """Return the exact cells of a question in the world as it is, by the engine."""
    return measured(entry.compiled.plan, world())


def referred(plan: Plan, tables: World) -> tuple[tuple[int, ...], ...]:
    """Return the exact cells, by the reference."""
    return reference.measure(plan, {name: table.listed for name, table in tables.items()})


def contributions(plan: Plan, tables: World) -> dict[str, Parts]:
    """Return what everybody contributes, by the reference."""
    found = reference.contributions(plan, {name: table.listed for name, table in tables.items()})
    nothing: Parts = tuple({} for _ in range(len(plan.measures) + (plan.selection is not None)))
    return {person: found.get(person, nothing) for person in persons()}
