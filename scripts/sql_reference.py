"""The tables of the references of SQL and of dialects, made of entries, of the compiler's lists and of its refusals.

python -m scripts.sql_reference             (in the repository's folder: writes the pages anew)
python -m scripts.sql_reference --check     (fails where one is not what it would write)
"""  # noqa: INP001  scripts are run, not imported

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from scripts import dialect_reference
from scripts.pages import ROOT, code, escaped, table, with_block
from scripts.refresh_docs import LACKING
from scripts.sql_entries.aggregates import AGGREGATES, PER_PERSON
from scripts.sql_entries.clauses import CLAUSES, JOINS, PLACES, REFUSED
from scripts.sql_entries.results import RESULTS
from scripts.sql_entries.rows import CASTS, CHOICES, DATES, NUMBERS, OPERATORS, TEXTS
from scripts.sql_entries.units import UNITS
from scripts.sql_entries.windows import PERSON_WINDOWS, TABLE_WINDOWS
from stillroom.adapters.engine.features import features_of
from stillroom.errors import StillroomError
from stillroom.query.text.instead import WORDS, instead

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from scripts.sql_entries.entry import Entry, Listing
    from stillroom.model.price import Compiled

PAGE = ROOT / "docs" / "reference" / "sql.md"
IN_ROWS = (OPERATORS, CHOICES, NUMBERS, DATES, UNITS, TEXTS, CASTS)
"""What stands in expressions over one row."""

LISTINGS = (*IN_ROWS, AGGREGATES, PER_PERSON, PERSON_WINDOWS, RESULTS, TABLE_WINDOWS, JOINS)
"""Every table whose lines have examples."""


def compiled(sql: str) -> Compiled:
    """Compile a question under the contract of the page.

    Raises:
        StillroomError: It is refused.
    """
    from tests.questions import compiled

    return compiled(sql)


def listed(listing: Listing, lacking: Mapping[str, frozenset[str]] = LACKING) -> str:
    """Return a table of entries, and of the engines that refuse them by name, if one does."""
    rows = []
    for entry in listing.entries:
        meaning = "; ".join([entry.meaning, *_refusing(listing, entry, lacking)])
        rows.append([escaped(entry.forms), meaning, *entry.further, ", ".join(map(code, entry.examples))])
    return table([*listing.headings, "for example"], rows)


def _refusing(listing: Listing, entry: Entry, lacking: Mapping[str, frozenset[str]]) -> list[str]:
    """Return that engines refuse an entry, those that lack something that its examples ask for."""
    asked = frozenset[str]().union(*(features_of(compiled(listing.asked(example)).plan) for example in entry.examples))
    names = [f"`{engine}`" for engine, lacks in lacking.items() if asked & lacks]
    return [f"refused by {' and '.join(names)}"] if names else []


def clauses() -> str:
    """Return a table of clauses: where they may stand, and how they are refused elsewhere."""
    rows = []
    for one in CLAUSES:
        codes = [refusal(sql) for sql in one.places]
        refused = ", ".join(code(found) for found in dict.fromkeys(codes) if found)
        rows.append([one.forms, one.meaning, *("no" if found else "yes" for found in codes), refused])
    return table(["clause", "what it does", *PLACES, "refused as"], rows)


def refusal(sql: str) -> str:
    """Return the code with which a question is refused; nothing where it is not."""
    try:
        compiled(sql)
    except StillroomError as error:
        return str(error.code)
    return ""


def refused() -> str:
    """Return a table of what is refused, with what the compiler says of it.

    Raises:
        ValueError: Something is not refused.
    """
    rows = []
    for what, sql in REFUSED:
        try:
            compiled(sql)
        except StillroomError as error:
            rows.append([what, code(str(error.code)), escaped(f"{error.reason} {error.fix}")])
        else:
            raise ValueError(f"{sql} is not refused.")
    return table(["what", "refused as", "because, and what to write"], rows)


def replaced() -> str:
    """Return a table of words, signs and functions that are written in other ways here."""
    words = defaultdict(list)
    for word in sorted(WORDS):
        words[instead(word)].append(word)
    return table(["in the place of", "what to do"], ([", ".join(map(code, some)), escaped(fix)] for fix, some in words.items()))


def lacking_engines(lacking: Mapping[str, frozenset[str]] = LACKING) -> str:
    """Return a sentence on engines that refuse functions by name."""
    names = [f"`{engine}` {', '.join(f'`{name}`' for name in sorted(lacks))}" for engine, lacks in lacking.items() if lacks]
    if not names:
        return f"No function is refused by an engine: {', '.join(f'`{engine}`' for engine in lacking)} have all of them.\n"
    return f"By their names in plans, engines refuse: {'; '.join(names)}.\n"


PARTS: dict[str, Callable[[], str]] = {
    "clauses": clauses,
    "refused": refused,
    "replaced": replaced,
    "lacking-engines": lacking_engines,
}
"""The parts of the page that are no listings."""


def page(text: str) -> str:
    """Return the page with all of its parts made anew.

    Raises:
        ValueError: A part is not there, or something on a list of refusals is not refused.
    """
    for listing in LISTINGS:
        text = with_block(text, listing.name, f"\n{listed(listing)}\n")
    for name, made in PARTS.items():
        text = with_block(text, name, f"\n{made()}\n")
    return text


def pages() -> dict[Path, str]:
    """Return the text of each page as it should be."""
    made = {PAGE: page, dialect_reference.PAGE: dialect_reference.page}
    return {path: make(path.read_text("utf-8")) for path, make in made.items()}


def main() -> None:
    """Write the pages, or check that they are written."""
    for path, wanted in pages().items():
        if "--check" not in sys.argv:
            path.write_text(wanted, "utf-8")
        elif path.read_text("utf-8") != wanted:
            sys.exit(f"{path.relative_to(ROOT)} is not what the compiler says: run `python -m scripts.sql_reference`.")


if __name__ == "__main__":
    main()
