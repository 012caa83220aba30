"""Random cases: a contract, files that fit it, and a question."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from stillroom.errors import StillroomError
from stillroom.model.codec import digest_of
from stillroom.model.contract import PrivateDataset
from stillroom.model.question import Question
from stillroom.query.compile import compile_question
from tests.alterations import ALTERATIONS, Rows
from tests.generator.contracts import contract_of
from tests.generator.maker import Maker
from tests.generator.questions import Questions
from tests.generator.rows import files_for
from tests.generator.tape import tapes
from tests.world import Table, person_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis import strategies as st

    from stillroom.model.contract import Contract
    from stillroom.model.price import Compiled
    from stillroom.model.question import Parameter, Terms
    from tests.generator.questions import Asked
    from tests.generator.rows import Files
    from tests.generator.tape import Tape
    from tests.world import World

_WORD = re.compile(r"'(?:[^']|'')*'|[A-Za-z_]\w*|\d+\.?\d*|\S")
_MADE = re.compile(r"\b(a|q|x|u|c|w|g|cte)(\d+)\b")


@dataclass(frozen=True)
class Case:
    """A case.

    Attributes:
        contract: The contract.
        files: The owners' files.
        asked: The question.
        parameters: Its parameters.
        broken: The words of the question in a wrong order, where it is meant to be refused.
        seen: What it is made of.
    """

    contract: Contract
    files: Files
    asked: Asked
    parameters: Mapping[str, Parameter]
    broken: str | None = None
    seen: Counter[str] = field(default_factory=Counter, compare=False, repr=False)

    @property
    def sql(self) -> str:
        """The question."""
        return self.broken or self.asked.sql

    @cached_property
    def refusal(self) -> StillroomError | None:
        """Why it is refused; anything but a refusal passes through."""
        try:
            self.compiled  # noqa: B018 - it is compiled here, once
        except StillroomError as error:
            return error
        return None

    @cached_property
    def compiled(self) -> Compiled:
        """What it compiles to."""
        return self.compile(self.sql)

    def compile(self, sql: str, terms: Terms | None = None) -> Compiled:
        """Compile a question under the contract."""
        question = Question(
            contract=digest_of(self.contract), sql=sql, parameters=dict(self.parameters), terms=terms or self.asked.terms, asked_by="a"
        )
        return compile_question(self.contract, question)

    @property
    def spellings(self) -> list[str]:
        """The question with other spaces and letters, with other names, with conditions and keys in another order, and with all of that."""
        sql = self.asked.sql
        return [_spaced(sql), _renamed(sql), self.asked.turned, _spaced(_renamed(self.asked.turned))]

    @cached_property
    def private(self) -> dict[str, PrivateDataset]:
        """The private datasets that the question reads."""
        read = self.compiled.plan.datasets
        return {name: one for name, one in self.contract.datasets.items() if isinstance(one, PrivateDataset) and name in read}

    @cached_property
    def world(self) -> World:
        """The files, admitted."""
        return {name: Table(name, rows, self.contract.datasets[name]) for name, rows in self.files.items()}

    @cached_property
    def persons(self) -> tuple[str, ...]:
        """Everybody who is in a dataset that the question reads."""
        found = {str(row["person"]) for name in self.private for row in self.world[name].rows}
        return tuple(sorted(found))

    def altered(self, name: str, alteration: str, *people: str) -> Table:
        """Return a dataset in which the rows of some persons are altered, each apart."""
        rows = [row for row in self.files[name] if person_of(self.private[name], row) not in people]
        for person in people:
            other = self.persons[(self.persons.index(person) + 1) % len(self.persons)]
            one = Rows(self.private[name], name, person, self._own(name, person), self._own(name, other))
            rows = rows + ALTERATIONS[alteration](one)
        return Table(name, rows, self.private[name])

    def _own(self, name: str, person: str) -> list[dict[str, str | None]]:
        return [row for row in self.files[name] if person_of(self.private[name], row) == person]


def _spaced(sql: str) -> str:
    """Return a question in other letters, with a comment in it."""
    other = _WORD.sub(lambda word: word[0] if word[0][0] in "'$" else word[0].swapcase(), sql)
    return other.replace(" from ", "\n  -- so\n\tfrom ")


def _renamed(sql: str) -> str:
    """Return a question with other names for all that it names itself."""
    return _MADE.sub(r"z\2_\1", sql)


def cases() -> st.SearchStrategy[Case]:
    """Draw a case."""
    return tapes().map(case_of)


def case_of(tape: Tape) -> Case:
    """Return the case that a tape decides on."""
    contract = contract_of(tape)
    maker = Maker(tape, contract)
    asked = Questions(maker).asked()
    parameters = {name: value for name, value in maker.parameters.items() if re.search(rf"[:$]{name}\b", asked.sql)}
    broken = _broken(tape, asked.sql) if tape.chance(2) else None
    return Case(contract, files_for(contract, tape), asked, parameters, broken, seen=maker.seen)


def _broken(tape: Tape, sql: str) -> str:
    """Return a question of which a word is left out, repeated or put elsewhere."""
    words = _WORD.findall(sql)
    at, to = tape.upto(len(words) - 1), tape.upto(len(words) - 1)
    word = words.pop(at) if tape.chance(70) else words[at]
    if tape.chance(70):
        words.insert(to, word)
    return " ".join(words)
