"""Markdown, plain and stable, in which nothing that a party wrote can mean anything but itself."""

from __future__ import annotations

import datetime
import re
from decimal import ROUND_CEILING, Context, Decimal
from typing import TYPE_CHECKING

from stillroom.model.charge import DELTA_UNIT, RHO_UNIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

_DIGITS = 6
_LAST_BITS = Decimal("1e-14")
_TICKS = re.compile("`+")


def quoted(text: str) -> str:
    """Return text as a code span, where neither HTML nor links nor emphasis mean anything; what does not print is shown by its code point.

    The span is fenced by more backticks than the text has in a row (CommonMark 0.31, section 6.1), so nothing in it ends it. A line break
    does not print, so the span is one line.
    """
    shown = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    space = " " if not shown.strip() or shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{space}{shown}{space}{fence}"


def listed(names: Iterable[str]) -> str:
    """Return names as code spans with commas."""
    return ", ".join(map(quoted, names)) or "none"


def bullets(lines: Iterable[str]) -> str:
    """Return a list."""
    return "".join(f"- {line}\n" for line in lines)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Cells hold names, digests and numbers, never free text: a bar in a code span would end a cell."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def section(title: str, *blocks: str) -> str:
    """Return a section: a heading, and blocks with an empty line between them."""
    return "\n".join([f"## {title}\n", *(block if block.endswith("\n") else f"{block}\n" for block in blocks if block)])


def left_open(question: str) -> str:
    """Return a field that a person has to fill in."""
    return f"> **OPEN: {question}**\n>\n> To be assessed by (name, role, date): ……………………\n>\n> Assessment: ……………………\n"


def rho_text(units: int) -> str:
    """Return units of ρ as exact decimal text."""
    return f"{units * Decimal(RHO_UNIT.numerator) / RHO_UNIT.denominator:.12f}"


def delta_text(units: int) -> str:
    """Return units of δ as exact decimal text."""
    return f"{units * Decimal(DELTA_UNIT.numerator) / DELTA_UNIT.denominator:.18f}"


def bound_text(number: float) -> str:
    """Return an ε or a δ with six digits, rounded up, but for the last bits of a double: 0.3 is as near to 0.3 as doubles come."""
    rounded = Context(prec=_DIGITS, rounding=ROUND_CEILING).plus(Decimal(repr(number)) * (1 - _LAST_BITS))
    return f"{float(rounded):g}"


def share_text(share: Fraction) -> str:
    """Return a share in per cent, rounded up to a tenth."""
    tenths = -(-share.numerator * 1000 // share.denominator)
    return f"{tenths // 10}.{tenths % 10} %"


def time_text(moment: int) -> str:
    """Return a time of the log, in UTC. One beyond the calendar is shown as it is: a log may have it."""
    try:
        return f"{datetime.datetime.fromtimestamp(moment, datetime.UTC):%Y-%m-%d %H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return f"{moment} s"
