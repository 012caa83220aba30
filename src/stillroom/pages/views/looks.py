"""Style sheet, scripts and icon: files of ours, and no others."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Response

from stillroom.pages.access import Action, not_allowed
from stillroom.pages.login import Visitor, by

router = APIRouter()

KINDS = {
    "style.css": "text/css; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "proof.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""The files that are handed out."""


@router.get("/static/{name}")
def look(name: str, visitor: Annotated[Visitor | None, by(Action.SEE_LOOKS)]) -> Response:
    """Return one of the files."""
    del visitor
    if name not in KINDS:
        raise not_allowed()
    return Response(_content(name), headers={"Content-Type": KINDS[name], "Cache-Control": "public, max-age=300"})


@cache
def _content(name: str) -> bytes:
    return files("stillroom.pages").joinpath("static", name).read_bytes()
