"""The room's log: what stands in it, and the proof of each entry."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from stillroom.crypto.note import SIZE_LIMIT
from stillroom.pages.access import Action
from stillroom.pages.login import Visitor, by, house_of
from stillroom.pages.render import page
from stillroom.pages.watched import logbook_of

router = APIRouter()


@router.get("/log")
def show(  # noqa: PLR0913, PLR0917 - who asks, and what for
    request: Request,
    visitor: Annotated[Visitor, by(Action.SEE_LOG)],
    words: str = "",
    kind: str = "",
    before: Annotated[int | None, Query(ge=0, le=SIZE_LIMIT)] = None,
    after: Annotated[int | None, Query(ge=0, le=SIZE_LIMIT)] = None,
) -> Response:
    """List a page of entries, the latest first; of those in which some words stand, if asked for."""
    del visitor
    book = logbook_of(house_of(request))
    found = book.page(words, kind, before, after)
    return page(request, "log.html", book=book, found=found, words=words, kind=kind, kinds=book.stored.kinds())


@router.get("/log/{index}")
def line(request: Request, index: int, visitor: Annotated[Visitor, by(Action.SEE_LOG)]) -> Response:
    """Show an entry, and the proof that it is in the log."""
    del visitor
    book = logbook_of(house_of(request))
    found = book.line(index)
    text = json.dumps(found.entry, indent=2, ensure_ascii=False)
    return page(request, "log_entry.html", book=book, line=found, text=text, proof=book.proof(index), note=book.note.decode())
