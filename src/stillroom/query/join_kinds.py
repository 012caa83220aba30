"""The kinds of joins: which sides keep their rows without a match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.query.text.parse import only

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True)
class Kept:
    """Which sides of a join keep their rows without a match."""

    left: bool
    right: bool


def kept(join: exp.Join) -> Kept:
    """Return which sides a join keeps.

    Raises:
        Refusal: It is none of INNER, LEFT, RIGHT and FULL.
    """
    only(join, {"this", "on", "using", "side", "kind", "method"})
    if join.args.get("method"):
        raise Refusal(Code.JOIN_NOT_ALLOWED, f"{join.method} JOIN is not supported.", "Write JOIN … ON, or USING (person).")
    side, words = str(join.args.get("side") or "").upper(), str(join.args.get("kind") or "").upper()
    if side == "" and words in {"", "INNER"}:
        return Kept(left=False, right=False)
    if side in {"LEFT", "RIGHT", "FULL"} and words in {"", "OUTER"}:
        return Kept(left=side != "RIGHT", right=side != "LEFT")
    name, fix = f"{side} {words}".strip(), "Use INNER, LEFT, RIGHT or FULL JOIN."
    if words in {"SEMI", "ANTI"}:
        fix = f"Write WHERE person {'IN' if words == 'SEMI' else 'NOT IN'} (SELECT person …)."
    raise Refusal(Code.JOIN_NOT_ALLOWED, f"{name} JOIN is not supported.", fix)
