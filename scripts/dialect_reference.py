"""The tables of the reference of dialects: which functions and signs mean the same in each, from the compiler's lists."""  # noqa: INP001  scripts are run, not imported

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.pages import ROOT, code, table, with_block
from stillroom.model.question import Dialect
from stillroom.query.text.dialects import SPOKEN
from stillroom.query.text.tokens import CALLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.query.text.dialects import Spoken

PAGE = ROOT / "docs" / "reference" / "dialects.md"
OTHERS = tuple(dialect for dialect in Dialect if dialect is not Dialect.DUCKDB)
YES, REFUSED = "yes", "refused"
NULLS = {"nulls_are_small": "as the least", "nulls_are_large": "as the greatest", "nulls_are_last": "last"}
LIKE = {True: YES, False: "as `ILIKE`", None: REFUSED}

SIGNS: dict[str, Callable[[Spoken], str]] = {
    "`NULL` in an order": lambda spoken: NULLS[spoken.nulls],
    "`/` of whole numbers": lambda spoken: REFUSED if spoken.whole else YES,
    "`d + 7`, `d - e`": lambda spoken: YES if spoken.days else REFUSED,
    "`LIKE`": lambda spoken: LIKE[spoken.like],
    code("||"): lambda spoken: YES if spoken.pipes else REFUSED,
    "`%`": lambda spoken: YES if spoken.modulo else REFUSED,
    "`AVG` of whole numbers": lambda spoken: YES if spoken.averages else REFUSED,
    "empty text": lambda spoken: YES if spoken.empty else REFUSED,
    "weeks": lambda spoken: YES if spoken.weeks else REFUSED,
    "double quotes": lambda spoken: YES if spoken.quotes else REFUSED,
    "casts to": lambda spoken: ", ".join(code(kind.removesuffix("NTZ")) for kind in spoken.types.split()) or "none",
}
"""What a sign or word means in a dialect, by heading."""


def functions() -> str:
    """Return a table of the functions that another dialect has, and what they are called there."""
    rows = [(name, [_called(name, SPOKEN[dialect]) for dialect in OTHERS]) for name in CALLS.split()]
    return table(["function", *OTHERS], ([code(name), *cells] for name, cells in rows if any(cells)))


def _called(name: str, spoken: Spoken) -> str:
    """Return what a function is called in a dialect; nothing where it is not there."""
    return ", ".join([*([YES] if name in spoken.calls else []), *(code(other) for other, same in spoken.renamed.items() if same == name)])


def alone() -> str:
    """Return the functions that no other dialect has."""
    there = frozenset[str]().union(*({*SPOKEN[dialect].calls, *SPOKEN[dialect].renamed.values()} for dialect in OTHERS))
    return f"In DuckDB's dialect only: {', '.join(code(name) for name in CALLS.split() if name not in there)}.\n"


def signs() -> str:
    """Return a table of what else is told apart."""
    return table(["dialect", *SIGNS], ([dialect, *(says(SPOKEN[dialect]) for says in SIGNS.values())] for dialect in OTHERS))


def page(text: str) -> str:
    """Return the page with all of its parts made anew.

    Raises:
        ValueError: A part is not there.
    """
    for name, made in (("functions", functions), ("alone", alone), ("signs", signs)):
        text = with_block(text, name, f"\n{made()}\n")
    return text
