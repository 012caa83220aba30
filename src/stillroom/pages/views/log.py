"""The room's log: what stands in it, and the proof of each entry."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Request, Response

from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, house_of
from stillroom.pages.render import page
from stillroom.pages.watched import logbook_of

router = APIRouter()

LINES_SHOWN = 100
"""The most entries on a page."""


@router.get("/log")
def show(request: Request, visitor: Annotated[Visitor, by(Action.SEE_LOG)], words: str = "", kind: str = "", after: int = 0) -> Response:
    """List the entries, the latest first; those in which some words stand, if asked for."""
    del visitor
    book = logbook_of(house_of(request))
    found, start = book.found(words, kind), max(0, after)
    lines = found[start : start + LINES_SHOWN]
    following = start + LINES_SHOWN if start + LINES_SHOWN < len(found) else None
    return page(
        request, "log.html", book=book, lines=lines, count=len(found), words=words, kind=kind, kinds=book.kinds(), following=following
    )


@router.get("/log/{index}")
def line(request: Request, index: int, visitor: Annotated[Visitor, by(Action.SEE_LOG)]) -> Response:
    """Show an entry, and the proof that it is in the log."""
    del visitor
    book = logbook_of(house_of(request))
    found = book.line(index)
    text = json.dumps(found.entry, indent=2, ensure_ascii=False)
    return page(request, "log_entry.html", book=book, line=found, text=text, proof=book.proof(index), note=book.notes[0].decode())
