"""Releases: the list, each with table, chart, guarantee and proof, and as a file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request, Response

from stillroom.adapters.home.membership import membership_of
from stillroom.client.picture import remarks
from stillroom.crypto.canonical import digest as digest_of_bytes
from stillroom.errors import StillroomError
from stillroom.pages.access import Action, not_allowed
from stillroom.pages.chart import charts_of
from stillroom.pages.login import Visitor, by, house_of, note
from stillroom.pages.render import page
from stillroom.pages.watched import logbook_of, watch_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from stillroom.client.result import Release
    from stillroom.client.verification import Report
    from stillroom.pages.house import House
    from stillroom.pages.logbook import Logbook

router = APIRouter()

ROWS_SHOWN = 1_000
"""The most rows of a table on a page; files have all."""


@router.get("/releases")
def show(request: Request, visitor: Annotated[Visitor, by(Action.SEE_RELEASES)]) -> Response:
    """List the releases that this party may have, the latest first."""
    del visitor
    return page(request, "releases.html", releases=[one.statement for one in reversed(house_of(request).session().releases())])


@router.get("/releases/{which}")
def release(request: Request, which: str, visitor: Annotated[Visitor, by(Action.SEE_RELEASES)]) -> Response:
    """Show a release."""
    del visitor
    return _shown(request, house_of(request).session().release(which), None)


@router.post("/releases/{which}/verify")
def verify(request: Request, which: str, visitor: Annotated[Visitor, by(Action.SEE_RELEASES)]) -> Response:
    """Check a release as anybody could who trusts nobody, and show each step."""
    house = house_of(request)
    found = house.session().release(which)
    note(house, visitor, "verified a release", digest_of_bytes(found.envelope))
    return _shown(request, found, _report(house, found))


@router.get("/releases/{which}/proof")
def proof(request: Request, which: str, visitor: Annotated[Visitor, by(Action.SEE_RELEASES)]) -> Response:
    """Return proofs that a release is in the log, as a file."""
    house = house_of(request)
    session = house.session()
    found = session.release(which)
    content = session.proof(which)
    note(house, visitor, "downloaded proof", digest_of_bytes(found.envelope))
    return _attached(content, "application/x-ndjson", f"release-{found.statement.commit_index}.proof")


@router.get("/releases/{which}/files/{kind}")
def file(request: Request, which: str, kind: str, visitor: Annotated[Visitor, by(Action.SEE_RELEASES)]) -> Response:
    """Return a release as a file."""
    house = house_of(request)
    if kind not in FILES:
        raise not_allowed()
    found = house.session().release(which)
    note(house, visitor, f"downloaded {kind}", digest_of_bytes(found.envelope))
    media, write = FILES[kind]
    return _attached(write(found), media, f"release-{found.statement.commit_index}.{kind}")


def _attached(content: bytes, media: str, name: str) -> Response:
    """Return what a browser saves under a name."""
    return Response(content, headers={"Content-Type": media, "Content-Disposition": f'attachment; filename="{name}"'})


def _shown(request: Request, found: Release, report: Report | None) -> Response:
    statement = found.statement
    table = statement.table
    return page(
        request,
        "release.html",
        release=statement,
        rows=table.rows[:ROWS_SHOWN],
        more=max(0, len(table.rows) - ROWS_SHOWN),
        charts=charts_of(table),
        remarks=remarks(statement),
        report=report,
    )


def _report(house: House, found: Release) -> Report:
    """Verify a release against the log, which has to go on from what was seen, the contract of the time, and the room's key as compared."""
    from stillroom.client.verification import verify as check

    session, room = house.session(), membership_of(house.path)
    head = watch_of(house.path).head()
    seen = () if head is None else (head,)
    book = _book(house)
    log = _copied(book, found) or session.export_log()
    contract = _contract_then(book, found.statement.contract_digest) or session.contract_envelope
    return check(found.envelope, contract=contract, log=log, room_key=room.key, seen=seen)


def _book(house: House) -> Logbook | None:
    """Return the home's copy of the log; nothing if the room's log is not what it should be, which the steps tell."""
    try:
        return logbook_of(house)
    except StillroomError:
        return None


def _copied(book: Logbook | None, found: Release) -> bytes | None:
    """Return the log with what was signed about a release, if the copy has all of it."""
    try:
        return None if book is None else book.export(found.statement.reservation, found.statement.plan_digest)
    except StillroomError:
        return None


def _contract_then(book: Logbook | None, digest: str) -> bytes | None:
    """Return the signed contract of a digest, if the log names it."""
    lines = () if book is None else book.contracts()
    return next((book.envelope(line) for line in lines if book and line.entry.get("contract") == digest), None)


def _csv(found: Release) -> bytes:
    from pyarrow import csv

    sink = io.BytesIO()
    csv.write_csv(_texts(found.table), sink)
    return sink.getvalue()


def _arrow(found: Release) -> bytes:
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_file(sink, found.table.schema) as writer:
        writer.write_table(found.table)
    return sink.getvalue()


def _parquet(found: Release) -> bytes:
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(found.table, sink)
    return sink.getvalue()


def _json(found: Release) -> bytes:
    return found.envelope


def _texts(table: pa.Table) -> pa.Table:
    """Return a table whose decimals are texts, which is how CSV writes them whatever their precision."""
    import pyarrow as pa

    for position, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(position, field.name, table.column(position).cast(pa.string()))
    return table


FILES: dict[str, tuple[str, Callable[[Release], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "arrow": ("application/vnd.apache.arrow.file", _arrow),
    "parquet": ("application/vnd.apache.parquet", _parquet),
    "json": ("application/json", _json),
}
"""The kinds of files, each with its media type and what writes it. The JSON is the signed release, byte for byte."""
