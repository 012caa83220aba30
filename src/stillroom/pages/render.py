"""Templates: text is escaped, and nothing is ever marked as safe."""

from __future__ import annotations

import datetime
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from stillroom.model.charge import DELTA_UNIT, RHO_UNIT
from stillroom.pages.access import Action
from stillroom.pages.login import FIELD, house_of
from stillroom.pages.passkeys import site_of
from stillroom.privacy.accountant import epsilon_from
from stillroom.privacy.words import chance_words, percent

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from stillroom.model.release import Table
    from stillroom.pages.login import Visitor

MENU = (
    ("/", "Room", Action.SEE_ROOM),
    ("/contract", "Contract", Action.SEE_CONTRACT),
    ("/ask", "Ask", Action.PRICE),
    ("/questions", "Questions", Action.SEE_QUESTIONS),
    ("/releases", "Releases", Action.SEE_RELEASES),
    ("/budget", "Budget", Action.SEE_BUDGET),
    ("/log", "Log", Action.SEE_LOG),
    ("/journal", "Journal", Action.SEE_JOURNAL),
    ("/tokens", "Tokens", Action.KEEP_TOKENS),
    ("/passkeys", "Passkeys", Action.KEEP_PASSKEYS),
)
"""What stands at the top of every page, for those who may see it."""


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - what a template takes
    """Return a page, or a part of one."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    path = request.url.path
    menu = [] if visitor is None else [(where, name, _inside(path, where)) for where, name, act in MENU if visitor.may(act)]
    house = house_of(request)
    known = {
        "party": house.party,
        "site": site_of(house, request),
        "path": path,
        "visitor": visitor,
        "menu": menu,
        "form_field": FIELD,
        "provider": None if visitor else house_of(request).reception.host(),
        "allowed": [] if visitor is None else [action.name for action in Action if visitor.may(action)],
    }
    return HTMLResponse(environment().get_template(template).render({**known, **values}), status_code=status)


def _inside(path: str, where: str) -> bool:
    return path == where or (where != "/" and path.startswith(f"{where}/")) or (where == "/ask" and path.startswith("/runs/"))


@cache
def environment() -> Environment:
    """Return what renders templates: an undefined name is an error, and everything is escaped."""
    made = Environment(
        loader=PackageLoader("stillroom.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        moment=moment,
        short=short,
        rho=rho,
        delta=delta,
        epsilon=epsilon,
        epsilon_at=epsilon_at,
        guess=percent,
        chance=chance_words,
        grouped=grouped,
        power=power,
        title=title,
    )
    return made


_GAP = "\N{NARROW NO-BREAK SPACE}"
"""What stands between thousands."""

_SPACES = frozenset(f"\t\n{_GAP}")


def _plain(value: object) -> object:
    """Show by its code point what does not print: nothing that another party wrote may hide or move what stands beside it."""
    if type(value) is not str:
        return value
    return "".join(one if one.isprintable() or one in _SPACES else f"\\u{ord(one):04x}" for one in value)


def moment(seconds: float) -> str:
    """Return a time, in UTC."""
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"


def short(digest: str) -> str:
    """Return the beginning of a digest or key, which is enough to tell it from others by eye."""
    return digest.removeprefix("sha256:").removeprefix("ed25519:")[:12]


def power(number: float) -> str:
    """Return a small number as people write it: 10⁻⁹, 2.5 × 10⁻⁷."""
    digits, e, exponent = f"{number:g}".partition("e")
    if not e:
        return digits
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if digits == "1" else f"{digits} \N{MULTIPLICATION SIGN} 10{raised}"


def title(table: Table) -> str:
    """Return what a table is about: its numbers, by its keys."""
    noisy = [heading.name for heading in table.headings if heading.noisy]
    keys = [heading.name for heading in table.headings if not heading.noisy]
    return " by ".join(", ".join(names) for names in (noisy, keys) if names)


def rho(units: int) -> str:
    """Return units of ρ as a short decimal."""
    return f"{units / 1e12:.5f}"


def delta(units: int) -> str:
    """Return units of δ as a short decimal."""
    return f"{units / 1e18:.3g}"


def epsilon(number: float) -> str:
    """Return an ε as a short decimal."""
    return f"{number:.4g}"


def epsilon_at(units: int, at: float) -> float:
    """Return the ε, at a δ, of units of ρ."""
    return epsilon_from(units * RHO_UNIT, Fraction(at) or DELTA_UNIT)


def grouped(number: str) -> str:
    """Return a decimal number with its thousands apart, for people; texts that are no numbers stay."""
    whole, dot, places = number.partition(".")
    sign, digits = ("-" if whole.startswith("-") else ""), whole.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        return number
    return f"{sign}{int(digits):,}{dot}{places}".replace(",", _GAP).replace("-", "\N{MINUS SIGN}")
