"""Questions in other dialects: the same plan as in DuckDB's, or refused. Every line of the page is one."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.values import read_value
from stillroom.crypto.canonical import canonical
from stillroom.errors import InvalidInput, StillroomError
from stillroom.model.codec import digest_of
from stillroom.model.question import Dialect, Question, Terms
from stillroom.query.compile import compile_question
from stillroom.query.text.dialects import SPOKEN, dialect_of
from stillroom.query.text.tokens import CALLS
from tests.questions import CONTRACT

if TYPE_CHECKING:
    from stillroom.model.price import Compiled

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "dialects.md"


def examples() -> list[tuple[Dialect, str, str]]:
    """Return each line of the page: the dialect, what is written, and the same in DuckDB's dialect or `refused: CODE`."""
    found = []
    for section in PAGE.read_text("utf-8").split("\n## ")[1:]:
        name, *lines = section.splitlines()
        rows = [re.fullmatch(r"\| (.*?) \| (.*?) \|", line) for line in lines]
        found += [(Dialect(name), text(row[1]), text(row[2])) for row in rows if row and row[1] != "written"]
    return found


def text(cell: str) -> str:
    """Return the text of a cell of a table."""
    cell = html.unescape(cell.removeprefix("<code>").removesuffix("</code>"))
    return cell.removeprefix("``").removesuffix("``").removeprefix("`").removesuffix("`")


EXAMPLES = examples()


def compiled(sql: str, dialect: Dialect = Dialect.DUCKDB, **parameters: str) -> Compiled:
    question = Question(
        contract=digest_of(CONTRACT), sql=sql, dialect=dialect, parameters=dict(parameters), terms=Terms(epsilon=1.0), asked_by="a"
    )
    return compile_question(CONTRACT, question)


def test_every_dialect_has_its_examples() -> None:
    for dialect in set(Dialect) - {Dialect.DUCKDB}:
        mine = [same for spoken, _, same in EXAMPLES if spoken is dialect]
        assert any(same.startswith("SELECT") for same in mine), dialect
        assert any(same.startswith("refused") for same in mine), dialect


@pytest.mark.parametrize(("dialect", "written", "same"), EXAMPLES)
def test_the_page_tells_the_truth(dialect: Dialect, written: str, same: str) -> None:
    if not same.startswith("refused: "):
        assert digest_of(compiled(written, dialect).plan) == digest_of(compiled(same).plan)
        return
    with pytest.raises(StillroomError) as refused:
        compiled(written, dialect)
    assert refused.value.code == same.removeprefix("refused: ")


@pytest.mark.parametrize("dialect", set(Dialect) - {Dialect.DUCKDB})
def test_lists_name_functions_that_are_there(dialect: Dialect) -> None:
    known = frozenset(CALLS.split())
    assert SPOKEN[dialect].calls <= known
    assert set(SPOKEN[dialect].renamed.values()) <= known
    assert not SPOKEN[dialect].renamed.keys() & known


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("call", sorted(CALLS.split()))
def test_a_function_that_is_not_on_the_list_is_refused(dialect: Dialect, call: str) -> None:
    """Whatever stands between its parentheses: before anything is parsed."""
    if call in SPOKEN[dialect].calls:
        return
    with pytest.raises(StillroomError) as refused:
        compiled(f"SELECT COUNT(*) FROM members WHERE {call}(age) = 1", dialect)
    assert refused.value.code in {"FUNCTION_NOT_ALLOWED", "SQL_INVALID"}


def test_the_dialect_is_in_the_question_that_is_signed_but_for_the_usual_one() -> None:
    plain = Question(contract=digest_of(CONTRACT), sql="SELECT 1", terms=Terms(epsilon=1.0), asked_by="a")
    spoken = plain.model_copy(update={"dialect": Dialect.TRINO})
    assert "dialect" not in plain.to_json()
    assert spoken.to_json()["dialect"] == "trino"
    assert Question.model_validate_json(spoken.model_dump_json(by_alias=True)) == spoken
    assert digest_of(plain) != digest_of(spoken)


def test_verify_reads_the_dialect_and_no_second_spelling_of_the_usual_one() -> None:
    plain = Question(contract=digest_of(CONTRACT), sql="SELECT 1", terms=Terms(epsilon=1.0), asked_by="a")
    spoken = plain.model_copy(update={"dialect": Dialect.TRINO})
    for question in (plain, spoken):
        assert read_value(canonical(question.to_json()), Question, "the question") == question
    with pytest.raises(Broken):
        read_value(canonical({**plain.to_json(), "dialect": "duckdb"}), Question, "the question")


def test_dialects_have_names() -> None:
    assert dialect_of(None) is Dialect.DUCKDB
    assert dialect_of("Postgres") is Dialect.POSTGRES
    with pytest.raises(InvalidInput):
        dialect_of("english")


@pytest.mark.parametrize("dialect", Dialect)
def test_parameters_stand_in_every_dialect(dialect: Dialect) -> None:
    """Their text is no SQL of any dialect."""
    sql, text = "SELECT COUNT(*) FROM members WHERE gender = :g", "F\\'"
    assert digest_of(compiled(sql, dialect, g=text).plan) == digest_of(compiled(sql, g=text).plan)
