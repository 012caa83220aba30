"""Names and texts that are handed to the builder stay what they are, whatever stands in them: the compiler reads what was given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from stillroom.client.expressions import col, count, lit, row_number, when
from stillroom.client.expressions.piece import ROWS
from stillroom.errors import InvalidInput
from stillroom.model.codec import digest_of
from stillroom.query.finishing import NAME_LIMIT
from stillroom.query.text.parse import parse
from tests.built import table
from tests.questions import compiled

SIGNS = st.sampled_from(
    ["'", '"', "''", '""', "\\", ";", "--", "/*", "*/", "$$", "{}", ":x", "$x", "?", ".", " OR 1 = 1", "\n", "\r", "\t", "é", "\u2028"]
)
CHARACTERS = st.characters(min_codepoint=32, exclude_categories=["Cs"])
TEXTS = st.lists(SIGNS | CHARACTERS, max_size=12).map("".join)
NAMES = TEXTS.filter(lambda name: name and name.lower() != "gender")
CONTROL = st.characters(max_codepoint=31, exclude_characters="\t\n\r") | st.characters(categories=["Cs"])
PLAIN = "SELECT gender, COUNT(*) AS x FROM members GROUP BY gender"


def read(sql: str) -> exp.Select:
    """Return a question as the compiler reads it."""
    return parse(sql, {})


@given(NAMES)
def test_a_name_is_read_as_it_is_given(name: str) -> None:
    """And nothing else is read otherwise: with a plain name in its place, it is the question with a plain name."""
    statement, plain = (read(table("members").group_by("gender").agg(**{one: count()}).sql) for one in (name, "x"))
    alias = statement.expressions[1].args["alias"]
    assert alias.this == name
    alias.set("this", "x")
    assert statement.sql("duckdb") == plain.sql("duckdb")


@given(NAMES.filter(lambda name: name.isprintable() and len(name) <= NAME_LIMIT))
def test_a_heading_is_the_name_and_nothing_else_of_the_plan(name: str) -> None:
    made = compiled(table("members").group_by("gender").agg(**{name: count()}).sql)
    assert made.headings == ("gender", name.lower() if name.isascii() else name)
    assert digest_of(made.plan) == digest_of(compiled(PLAIN).plan)


@given(TEXTS)
def test_a_text_is_a_constant_whatever_stands_in_it(text: str) -> None:
    band = when(col("gender") == "F", text).otherwise("other")
    (key,) = compiled(table("members").group_by(band=band).agg(n=count()).sql).plan.keys
    assert key.domain is not None
    assert set(key.domain) == {text, "other"}


@given(TEXTS)
def test_a_window_leaves_texts_beside_it_alone(text: str) -> None:
    rows = table("visits").filter((col("ward") != text) & (row_number().over("ward", order_by="day") <= 2))
    literals = [one.this for one in read(rows.agg(n=count()).sql).find_all(exp.Literal) if one.is_string]
    assert literals == [text]
    table_ = table("visits").group_by("ward").agg(n=count()).with_columns(k=lit(text), place=row_number().over(order_by="n"))
    assert [one.this for one in read(table_.sql).find_all(exp.Literal) if one.is_string] == [text]


@given(TEXTS, CONTROL, TEXTS)
def test_what_controls_something_is_refused(before: str, control: str, after: str) -> None:
    for made in (lit, col, lambda text: table("members").agg(**{text: count()})):
        with pytest.raises(InvalidInput, match="control characters"):
            made(before + control + after)


def test_the_place_of_rows_is_such_a_character() -> None:
    for made in (lit, col):
        with pytest.raises(InvalidInput, match="control characters"):
            made(f"x{ROWS}y")


@given(NAMES.filter(lambda name: "." not in name))
def test_a_column_is_read_as_it_is_named(name: str) -> None:
    column = read(f"SELECT {col(name).sql} FROM members").expressions[0]
    assert isinstance(column, exp.Column)
    assert column.this.this == name
    assert [part for part in column.args if part != "this" and column.args[part]] == []
