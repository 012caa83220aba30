"""How large a question may be: what is too large is refused before it takes long to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stillroom.errors import Code, InvalidInput
from stillroom.model.after import ScalarFunction
from stillroom.model.question import Dialect
from stillroom.query.size import SLOW, nodes_for_each_row
from stillroom.query.text.grouping_sets import with_conditions_apart
from stillroom.query.text.parse import NODE_LIMIT, parse
from stillroom.query.text.spoken import tokens_of
from tests.questions import compiled

if TYPE_CHECKING:
    from sqlglot import Token


def words(number: int) -> str:
    """Return a question with so many names and constants."""
    return f"SELECT n FROM visits WHERE n IN ({', '.join(['1'] * (number - 3))})"


def test_as_many_names_and_constants_as_there_may_be_nodes_are_parsed() -> None:
    """They are nodes each, so that what has more of them would be refused anyway: the limit on them refuses nothing else."""
    with pytest.raises(InvalidInput) as refused:
        parse(words(NODE_LIMIT), {})
    assert refused.value.code is Code.SQL_TOO_LARGE
    assert parse(words(NODE_LIMIT - 1_000), {}).expressions


def test_what_has_more_is_refused_unparsed() -> None:
    """Closed by nothing, it is no SQL; the parser, which would say so, never sees it."""
    unclosed = words(NODE_LIMIT + 1).removesuffix(")")
    assert tokens_of(unclosed, Dialect.DUCKDB)
    with pytest.raises(InvalidInput) as refused:
        parse(unclosed, {})
    assert refused.value.code is Code.SQL_TOO_LARGE
    with pytest.raises(InvalidInput) as invalid:
        parse(words(NODE_LIMIT - 1).removesuffix(")"), {})
    assert invalid.value.code is Code.SQL_INVALID


class Looked:
    """A token that counts, with all others, how often it is looked at."""

    looks = 0

    def __init__(self, token: Token) -> None:
        """Stand for a token."""
        self.token = token

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the token has
        Looked.looks += 1
        return getattr(self.token, name)


@pytest.mark.parametrize("closed", [False, True])
def test_sets_of_keys_are_read_in_one_pass_however_deep_they_are_nested(closed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Each set read to its own end would be as many passes as there are sets: twenty seconds for a question of the largest size."""
    text = "SELECT COUNT(*) FROM visits GROUP BY " + "ROLLUP(" * 1_000 + ("n > 1" + ")" * 1_000 if closed else "")
    tokens = [Looked(token) for token in tokens_of(text, Dialect.DUCKDB)]
    Looked.looks = 0
    found = with_conditions_apart(tokens)  # type: ignore[arg-type]  # they have all that a token has
    assert 0 < Looked.looks <= 2 * len(tokens)
    assert len(found) == len(tokens) + (2 if closed else 0)


def test_curves_are_counted_before_they_are_computed() -> None:
    for many in (", ".join(["LN(age)"] * 101), " + ".join(f"POWER(age, 0.{number})" for number in range(100, 201))):
        with pytest.raises(InvalidInput, match="more than 100 logarithms"):
            compiled(f"SELECT SUM(age) FROM (SELECT id, age, {many} FROM members)")
    every = ", ".join(f"LN(COUNT(*)) AS x{number}" for number in range(100))
    assert compiled(f"SELECT {every} FROM members").plan.measures


def test_measures_that_are_far_too_large_are_not_compared() -> None:
    """To compare each with all others would take minutes."""
    sums = ", ".join(f"SUM(a * {number})" for number in range(1, 200))
    with pytest.raises(InvalidInput, match="The question is too large"):
        compiled(f"WITH t AS (SELECT id, LN(age) AS a FROM members) SELECT {sums} FROM t")


def test_what_takes_long_for_each_row_counts_for_more() -> None:
    """A logarithm with its interval takes as long as sixty comparisons: a million of them would hold a worker for minutes, unasked."""
    plain, slow = (compiled(f"SELECT {value} AS n FROM visits").plan.finish for value in ("COUNT(*) + 1", "LN(COUNT(*) + 1)"))
    assert nodes_for_each_row(slow) - nodes_for_each_row(plain) == SLOW[ScalarFunction.LN]
    assert nodes_for_each_row(compiled("SELECT POWER(COUNT(*), 3) AS n FROM visits").plan.finish) > SLOW[ScalarFunction.POWER]
