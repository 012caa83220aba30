"""Parameters are constants: the plan is that of the question with its constants written, and no value of theirs is read as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from stillroom.cli.options import values_of
from stillroom.errors import Code, StillroomError
from stillroom.model.codec import digest_of, encode
from stillroom.model.question import SQL_LIMIT, Question, Terms
from stillroom.query.compile import compile_question
from tests.questions import CONTRACT, compiled

if TYPE_CHECKING:
    from stillroom.model.question import Parameter

SAME: list[tuple[str, dict[str, Parameter], str]] = [
    ("COUNT(*) FROM members WHERE age > :least", {"least": 30}, "COUNT(*) FROM members WHERE age > 30"),
    (
        "COUNT(*) FROM members WHERE age > $least AND age < :MOST",
        {"least": -3, "most": 40},
        "COUNT(*) FROM members WHERE age > -3 AND age < 40",
    ),
    ("COUNT(*) FROM members WHERE age > 5 - :x AND age < - :x", {"x": -3}, "COUNT(*) FROM members WHERE age > 5 - -3 AND age < 3"),
    ("COUNT(*) FROM visits WHERE ward = :w", {"w": "x"}, "COUNT(*) FROM visits WHERE ward = 'x'"),
    ("COUNT(*) FROM visits WHERE ward IN (:w, :v, 'z')", {"w": "x", "v": "y"}, "COUNT(*) FROM visits WHERE ward IN ('x', 'y', 'z')"),
    ("COUNT(*) FROM visits WHERE ward LIKE :w", {"w": "x%"}, "COUNT(*) FROM visits WHERE ward LIKE 'x%'"),
    ("COUNT(*) FROM visits WHERE ward LIKE '%' || :w || '%'", {"w": "x"}, "COUNT(*) FROM visits WHERE ward LIKE '%x%'"),
    ("SUM(cost * :f) FROM visits", {"f": 1.5}, "SUM(cost * 1.5) FROM visits"),
    ("SUM(cost * :f) FROM visits", {"f": 2.0}, "SUM(cost * 2) FROM visits"),
    ("SUM(cost * :f) FROM visits", {"f": 1e-7}, "SUM(cost * 0.0000001) FROM visits"),
    ("COUNT(*) FROM visits WHERE day > :d", {"d": "2024-02-29"}, "COUNT(*) FROM visits WHERE day > DATE '2024-02-29'"),
    ("COUNT(*) FROM visits WHERE day > DATE :d", {"d": "2024-02-29"}, "COUNT(*) FROM visits WHERE day > DATE '2024-02-29'"),
    ("COUNT(*) FROM visits WHERE day > :d::DATE", {"d": "2024-02-29"}, "COUNT(*) FROM visits WHERE day > DATE '2024-02-29'"),
    (
        "COUNT(*) FROM visits WHERE day + INTERVAL :n MONTH > :date",
        {"n": 3, "date": "2024-02-29"},
        "COUNT(*) FROM visits WHERE day + INTERVAL 3 MONTH > '2024-02-29'",
    ),
    ("COUNT(*) FROM visits WHERE (ward = 'x') = :yes", {"yes": True}, "COUNT(*) FROM visits WHERE (ward = 'x') = TRUE"),
    ("SUM(ROUND(cost, :n)) FROM visits", {"n": -1}, "SUM(ROUND(cost, -1)) FROM visits"),
    ("SUM(cost) FROM visits WHERE LEFT(ward, :n) = :w", {"n": 1, "w": "x"}, "SUM(cost) FROM visits WHERE LEFT(ward, 1) = 'x'"),
    ("ward, COUNT(*) AS n FROM visits GROUP BY 1 LIMIT :n", {"n": 2}, "ward, COUNT(*) AS n FROM visits GROUP BY ward LIMIT 2"),
    ("COUNT(*) FROM visits HAVING COUNT(*) > :n", {"n": 100}, "COUNT(*) FROM visits HAVING COUNT(*) > 100"),
    ("COUNT(*) FROM visits WHERE EXTRACT(:p FROM day) = 2", {"p": "month"}, "COUNT(*) FROM visits WHERE MONTH(day) = 2"),
    ("COUNT(*) FROM visits WHERE ward = :from", {"from": "x"}, "COUNT(*) FROM visits WHERE ward = 'x'"),
]

HOSTILE = ("'", "''", "' OR '1'='1", "x'; DROP TABLE visits; --", '"', "\\", "/* */", "$w", ":w", "{w}", "%", "\n", "é", "😀", "SELECT", "")


def question(sql: str, parameters: dict[str, Parameter]) -> Question:
    return Question(contract=digest_of(CONTRACT), sql=sql, parameters=parameters, terms=Terms(epsilon=1.0), asked_by="a")


def refusal(sql: str, parameters: dict[str, Parameter]) -> str:
    with pytest.raises(StillroomError) as refused:
        compile_question(CONTRACT, question(sql, parameters))
    return refused.value.code


@pytest.mark.parametrize(("sql", "parameters", "written"), SAME)
def test_the_plan_is_that_of_the_constant(sql: str, parameters: dict[str, Parameter], written: str) -> None:
    asked = question(f"SELECT {sql}", parameters)
    assert compile_question(CONTRACT, asked).plan == compiled(f"SELECT {written}").plan
    assert compile_question(CONTRACT, Question.model_validate_json(encode(asked))).plan == compiled(f"SELECT {written}").plan


def test_other_values_are_other_plans() -> None:
    plans = [digest_of(compile_question(CONTRACT, question("SELECT COUNT(*) FROM visits WHERE ward = :w", {"w": w})).plan) for w in HOSTILE]
    assert len(set(plans)) == len(HOSTILE)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_never_sql(text: str) -> None:
    """It means what the same text means as a constant, with its quotes doubled."""
    quoted = text.replace("'", "''")
    found = compile_question(CONTRACT, question("SELECT COUNT(*) FROM visits WHERE ward = :w OR ward LIKE :w", {"w": text}))
    assert found.plan == compiled(f"SELECT COUNT(*) FROM visits WHERE ward = '{quoted}' OR ward LIKE '{quoted}'").plan


@pytest.mark.parametrize(
    ("sql", "parameters", "code"),
    [
        ("SELECT COUNT(*) FROM visits WHERE ward = :w", {}, Code.SQL_INVALID),
        ("SELECT COUNT(*) FROM visits", {"w": 1}, Code.SQL_INVALID),
        ("SELECT COUNT(*) FROM visits WHERE ward = ':w'", {"w": "x"}, Code.SQL_INVALID),
        ("SELECT COUNT(*) FROM visits WHERE ward = :w", {"w": 1}, Code.TYPE_MISMATCH),
        ("SELECT COUNT(*) FROM :w", {"w": "visits"}, Code.SQL_INVALID),
        ("SELECT COUNT(*) AS :w FROM visits", {"w": "visits"}, Code.SQL_INVALID),
        ("SELECT COUNT(*) :w FROM visits", {"w": "visits"}, Code.SQL_INVALID),
        ("SELECT COUNT(*) FROM visits AS :w", {"w": "visits"}, Code.SQL_INVALID),
        ("SELECT COUNT(*) FROM visits WHERE date_trunc(:w, day) > '2024-01-01'", {"w": "month"}, Code.SQL_INVALID),
        ("SELECT COUNT(*) FROM visits WHERE day + INTERVAL :w > day", {"w": "1 month"}, Code.EXPRESSION_NOT_ALLOWED),
        ("SELECT COUNT(*) FROM visits WHERE CAST(ward AS :w) = 1", {"w": "INTEGER"}, Code.EXPRESSION_NOT_ALLOWED),
        ("SELECT COUNT(*) FROM visits WHERE cost > :w", {"w": 2**53}, Code.NUMBER_TOO_LARGE),
        ("SELECT COUNT(*) FROM visits WHERE :w", {"w": "ward = 'x'"}, Code.TYPE_MISMATCH),
        ("SELECT COUNT(*) FROM visits WHERE :w > 1", {"w": "cost"}, Code.TYPE_MISMATCH),
        ("SELECT COUNT(*) FROM visits WHERE cost > 2 :w", {"w": -3}, Code.SQL_INVALID),
        ("SELECT ABS :w FROM visits", {"w": -3}, Code.SQL_INVALID),
        ("SELECT COUNT(*) FROM visits WHERE ward = : w", {"w": "x"}, Code.SQL_INVALID),
        ("SELECT COUNT(*) FROM visits WHERE ward = :'w'", {"w": "x"}, Code.SQL_INVALID),
        ("SELECT COUNT(*) FROM visits WHERE ward = ?", {}, Code.EXPRESSION_NOT_ALLOWED),
        ("SELECT COUNT(*) FROM visits WHERE ward = :1", {}, Code.EXPRESSION_NOT_ALLOWED),
        ("SELECT COUNT(*) FROM visits WHERE cost > :w", {"w": 1e300}, Code.NUMBER_TOO_LARGE),
        ("SELECT COUNT(*) FROM visits WHERE cost > :w", {"w": 1e-300}, Code.NUMBER_TOO_LARGE),
        ("SELECT COUNT(*) FROM visits WHERE ward = :w", {"w": "\0"}, Code.SQL_INVALID),
        (f"SELECT COUNT(*) FROM visits WHERE ward IN ({', '.join([':w'] * 100)})", {"w": "x" * 1_001}, Code.SQL_TOO_LARGE),
        ("SELECT ward, COUNT(*) FROM visits GROUP BY :w", {"w": "ward"}, Code.EXPRESSION_NOT_ALLOWED),
    ],
)
def test_what_is_refused(sql: str, parameters: dict[str, Parameter], code: Code) -> None:
    assert refusal(sql, parameters) == code


@pytest.mark.parametrize("parameters", [{"X": 1}, {"x": float("nan")}, {"x": None}, {"x": [1]}, {"x": "x" * (SQL_LIMIT + 1)}])
def test_what_is_no_parameter(parameters: dict[str, Parameter]) -> None:
    with pytest.raises(ValidationError):
        question("SELECT COUNT(*) FROM visits", parameters)


def test_values_are_typed_as_they_are_written() -> None:
    written = ["a=1", "b=-1.5", "c=true", "d=x", "e=007", 'f="7"', "g=", "h=a=b", "i=NaN", "j=null", "k=[1]", "l=1e3", "m=2024-02-29"]
    found = values_of(written)
    assert found == {
        "a": 1,
        "b": -1.5,
        "c": True,
        "d": "x",
        "e": "007",
        "f": "7",
        "g": "",
        "h": "a=b",
        "i": "NaN",
        "j": "null",
        "k": "[1]",
        "l": 1000.0,
        "m": "2024-02-29",
    }
    assert [type(value) for value in list(found.values())[:4]] == [int, float, bool, str]
    assert values_of(None) == {}
