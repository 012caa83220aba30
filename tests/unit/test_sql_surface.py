"""The tables of the reference of SQL and the compiler's lists have the same entries: none is missing on either side, in any place."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from sqlglot import Dialect, exp
from sqlglot.dialects.duckdb import DuckDB

from scripts.refresh_docs import LACKING
from scripts.sql_entries.aggregates import AGGREGATES, PER_PERSON
from scripts.sql_entries.clauses import CLAUSES, JOINS, REFUSED
from scripts.sql_entries.results import RESULTS
from scripts.sql_entries.rows import CASTS
from scripts.sql_entries.windows import PERSON_WINDOWS, TABLE_WINDOWS
from scripts.sql_reference import IN_ROWS, LISTINGS, lacking_engines, listed, pages
from stillroom.adapters.datafusion.engine import DatafusionEngine
from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.adapters.engine.features import features_of
from stillroom.adapters.polars.engine import PolarsEngine
from stillroom.adapters.spark.engine import SparkEngine
from stillroom.errors import StillroomError
from stillroom.model.function import Function
from stillroom.model.question import Dialect as Spoken
from stillroom.query import after, expressions, over
from stillroom.query.functions import MEANINGS
from stillroom.query.functions.casts import KINDS
from stillroom.query.text.parse import parse
from stillroom.query.text.tokens import CALLS, SIGNS, TYPES, WORDS
from tests.questions import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlglot import Token

    from scripts.sql_entries.entry import Listing
    from stillroom.model.plan import Plan
    from stillroom.ports import Engine

CALLED = frozenset(CALLS.split())
SPOKEN_HERE = frozenset(kind.name for kind in DuckDB.Tokenizer.KEYWORDS.values()) | {"VAR", "IDENTIFIER", "STRING", "NUMBER"}
"""The kinds of words that DuckDB's dialect has. Lists have more, for the others."""

OTHER_NAMES = {"First", "Last"}
"""Nodes of functions that are not called by any name on the list."""


def tokens(sql: str) -> list[Token]:
    return list(Dialect.get_or_raise("duckdb").tokenize(sql))


def kinds(sqls: Iterable[str]) -> set[str]:
    """Return the kinds of words and signs in questions."""
    return {token.token_type.name for sql in sqls for token in tokens(sql)}


def calls(sqls: Iterable[str]) -> set[str]:
    """Return the functions that are called in questions."""
    pairs = [pair for sql in sqls for pair in zip(tokens(sql), tokens(sql)[1:], strict=False)]
    return {one.text.upper() for one, following in pairs if following.text == "("} & CALLED


def types(sqls: Iterable[str]) -> set[str]:
    """Return the types that values are cast to."""
    return {cast.to.this.value for sql in sqls for cast in parse(sql, {}, Spoken.DUCKDB).find_all(exp.Cast)}


def nodes(listings: Iterable[Listing]) -> set[str]:
    """Return what the parser makes of examples; functions that it does not know have their own names."""
    trees = [parse(listing.asked(example), {}, Spoken.DUCKDB) for listing in listings for example in listing.examples]
    found = [node for tree in trees for node in tree.walk()]
    return {node.this.upper() if isinstance(node, exp.Anonymous) else type(node).__name__ for node in found}


EXAMPLES = [example for listing in LISTINGS for example in listing.examples] + [sql for one in CLAUSES for sql in one.places]


def test_every_function_that_may_be_called_is_called_in_an_example() -> None:
    assert calls(EXAMPLES) == CALLED


def test_every_word_and_sign_that_a_question_may_have_is_in_an_example_or_refused() -> None:
    wanted = {*WORDS.split(), *SIGNS.split()}
    assert (wanted & SPOKEN_HERE) | set(SIGNS.split()) <= kinds([*EXAMPLES, *(sql for _, sql in REFUSED)])


def test_every_type_that_values_are_cast_to_is_in_an_example() -> None:
    everywhere = types(listing.asked(example) for listing in (*IN_ROWS, RESULTS) for example in listing.examples)
    assert everywhere & set(TYPES.split()) == set(TYPES.split()) & SPOKEN_HERE
    assert types(CASTS.asked(example) for example in CASTS.examples) == set(KINDS) & SPOKEN_HERE
    assert {kind.value for kind in after.numbers()} <= types(RESULTS.asked(example) for example in RESULTS.examples)


def test_every_operator_and_function_of_rows_is_in_an_example() -> None:
    listed_here = {*MEANINGS, *(node.__name__ for node in expressions.operators())}
    assert listed_here - nodes(IN_ROWS) == set()


def test_every_function_of_results_is_in_an_example() -> None:
    assert {node.__name__ for node in after.functions()} - nodes([RESULTS]) == set()


def test_every_window_function_is_in_an_example() -> None:
    assert {node.__name__ for node in over.functions()} - nodes([TABLE_WINDOWS]) == OTHER_NAMES
    assert not {name.upper() for name in OTHER_NAMES} & CALLED


PLACES = {
    "in a row": (IN_ROWS, ()),
    "of everybody": ([AGGREGATES], ()),
    "per person": ([PER_PERSON], ()),
    "in a window of a person": ([PERSON_WINDOWS], ()),
    "of results": ([RESULTS], (*IN_ROWS, AGGREGATES)),
    "in a window over the table": ([TABLE_WINDOWS], ()),
}
"""Where functions stand: the tables that list them, and others whose functions stand there, too."""


@pytest.mark.parametrize("place", PLACES)
def test_no_other_function_is_accepted_in_a_place(place: str) -> None:
    """Each function that is not on the tables of the place is called as an example of each of their lines is, and refused."""
    listings, beside = PLACES[place]
    others = CALLED - calls(example for listing in (*listings, *beside) for example in listing.examples)
    assert len(others) > 10
    accepted = []
    for listing in listings:
        for example in {entry.examples[0] for entry in listing.entries}:
            name, opened, rest = example.partition("(")
            asked = [listing.asked(f"{other}{opened}{rest}") for other in sorted(others)] if name in CALLED else []
            accepted += [sql for sql in asked if not is_refused(sql)]
    assert accepted == []


def is_refused(sql: str) -> bool:
    try:
        compiled(sql)
    except StillroomError:
        return True
    return False


@cache
def plans() -> list[Plan]:
    """Return the plans of all examples."""
    return [compiled(listing.asked(example)).plan for listing in LISTINGS for example in listing.examples]


def test_every_function_of_plans_is_asked_for_by_an_example() -> None:
    """So what an engine lacks is on the page, beside what asks for it."""
    assert set(Function) <= frozenset[str]().union(*map(features_of, plans()))


ENGINES: dict[str, Engine] = {
    "duckdb": DuckdbEngine(threads=1),
    "polars": PolarsEngine(),
    "datafusion": DatafusionEngine(threads=1),
    "spark": SparkEngine("sc://localhost"),
}


@pytest.mark.parametrize("name", LACKING)
def test_an_engine_refuses_of_the_examples_what_its_list_says(name: str) -> None:
    refused = {lack for plan in plans() for lack in ENGINES[name].lacking(plan)}
    assert refused == LACKING[name] & frozenset[str]().union(*map(features_of, plans()))


def test_engines_that_refuse_a_function_are_named_beside_it() -> None:
    lacking = {"duckdb": frozenset[str](), "polars": frozenset({"week"}), "spark": frozenset({"week", "reverse"})}
    lines = [line for listing in IN_ROWS for line in listed(listing, lacking).splitlines() if "refused by" in line]
    assert [line.partition(" | ")[0] for line in lines] == [
        "| `EXTRACT(part FROM d)`, `DATE_PART('part', d)`, `DATEPART`",
        "| `YEAR(d)`, `QUARTER(d)`, `MONTH(d)`, `WEEK(d)`, `DAY(d)`, `DOY(d)`, `ISODOW(d)`, `DOW(d)`",
        "| `week`",
        "| `REVERSE(t)`",
    ]
    assert "; refused by `polars` and `spark` |" in lines[0]
    assert "; refused by `spark` |" in lines[-1]
    assert lacking_engines(lacking) == "By their names in plans, engines refuse: `polars` `week`; `spark` `reverse`, `week`.\n"


def test_the_pages_are_what_the_lists_say() -> None:
    for path, text in pages().items():
        assert path.read_text("utf-8") == text, "run `python -m scripts.sql_reference`"


def test_joins_are_written_in_every_way() -> None:
    """Each kind of join that keeps rows, with and without the words that change nothing."""
    joins = {
        (str(join.args.get("side") or ""), str(join.args.get("kind") or ""))
        for example in JOINS.examples
        for join in parse(example, {}, Spoken.DUCKDB).find_all(exp.Join)
    }
    assert {side for side, _ in joins} == {"", "LEFT", "RIGHT", "FULL"}
