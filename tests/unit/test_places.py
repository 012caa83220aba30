"""Where data lie is written as a path or a URL; what is kept of it reads as the same place and has no password in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillroom.adapters.sources.place import BucketPlace, DuckdbPlace, PathPlace, Place, ServerPlace, Table, place_of, to_be_kept
from stillroom.errors import Code, InvalidInput

SECRET = "s3cr3t"  # noqa: S105 - of nobody

PLACES: dict[str, Place] = {
    "visits.csv": PathPlace(Path("visits.csv")),
    "/data/a?b#c%20 d": PathPlace(Path("/data/a?b#c%20 d")),
    "s3:/bucket": PathPlace(Path("s3:/bucket")),
    "s3://bucket": BucketPlace("bucket", {}),
    "S3://bucket/a%20b/c=d/": BucketPlace("bucket/a b/c=d", {}),
    "s3://bucket/x?region=eu-north-1&endpoint_override=127.0.0.1%3A9000&scheme=http": BucketPlace(
        "bucket/x", {"region": "eu-north-1", "endpoint_override": "127.0.0.1:9000", "scheme": "http"}
    ),
    "duckdb:///data/x.duckdb?table=visits": DuckdbPlace(Path("/data/x.duckdb"), Table(None, "visits")),
    "duckdb:///data/100%25/x.duckdb?table=a.b": DuckdbPlace(Path("/data/100%/x.duckdb"), Table("a", "b")),
    "duckdb:///x?table=%22a.b%22.%22c%22%22d%22": DuckdbPlace(Path("/x"), Table("a.b", 'c"d')),
    "postgresql://me@db.example.org/clinic?table=visits": ServerPlace(
        {"user": "me", "dbname": "clinic", "host": "db.example.org"}, Table(None, "visits")
    ),
    "postgres://me@[::1]:6543/clinic?table=care.visits&sslmode=verify-full": ServerPlace(
        {"user": "me", "dbname": "clinic", "host": "::1", "port": "6543", "sslmode": "verify-full"}, Table("care", "visits")
    ),
    "postgresql:///?host=%2Frun%2Fpg&dbname=a%20b&user=me&port=1&table=x": ServerPlace(
        {"host": "/run/pg", "dbname": "a b", "user": "me", "port": "1"}, Table(None, "x")
    ),
}


@pytest.mark.parametrize("text", PLACES)
def test_a_place_is_read_and_what_is_kept_of_it_is_the_same_place(text: str) -> None:
    place = place_of(text)
    assert place == PLACES[text]
    kept = place_of(to_be_kept(place))
    match place:
        case PathPlace():
            assert kept == PathPlace(place.path.absolute())
        case ServerPlace():
            assert kept == ServerPlace({"port": "5432", **place.settings}, place.table)
        case _:
            assert kept == place


@pytest.mark.parametrize("text", ["postgresql://host/d?table=t", "postgresql://me@/d?table=t", "postgresql://me@host?table=t"])
def test_the_environment_of_whoever_asks_does_not_decide_which_table_it_is(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        to_be_kept(place_of(text))
    assert caught.value.code is Code.SOURCE_INVALID


def test_a_place_on_a_disk_is_kept_from_the_root() -> None:
    assert to_be_kept(place_of("visits")) == str(Path.cwd() / "visits")
    assert to_be_kept(place_of("duckdb://x.duckdb?table=t")) == f"duckdb://{Path.cwd()}/x.duckdb?table=%22t%22"


@pytest.mark.parametrize("text", [f"postgresql://me:{SECRET}@host/d?table=t", f"postgresql://host/d?password={SECRET}&user=me&table=t"])
def test_a_password_is_used_and_neither_shown_nor_kept(text: str) -> None:
    place = place_of(text)
    assert isinstance(place, ServerPlace)
    assert place.password == SECRET
    assert SECRET not in f"{place!r} {place} {place.text}"
    with pytest.raises(InvalidInput) as caught:
        to_be_kept(place)
    assert caught.value.code is Code.SOURCE_INVALID
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"ftp://me:{SECRET}@host/x",
        f"file://host/{SECRET}",
        f"s3://{SECRET}:{SECRET}@bucket/x",
        f"s3://bucket/x?secret_key={SECRET}",
        "s3://bucket/x?scheme=ftp",
        "s3:///x",
        "duckdb://?table=x",
        "duckdb:///x",
        "duckdb:///x?table=",
        "duckdb:///x?table=a.b.c",
        'duckdb:///x?table="a',
        "duckdb:///x?table=a&table=b",
        f"duckdb:///x?table=a&key={SECRET}",
        "duckdb:///x?table=a#b",
        "duckdb:///x%00?table=a",
        f"postgresql://me:{SECRET}@host/d",
        f"postgresql://me:{SECRET}@host:port/d?table=t",
        f"postgresql://me:{SECRET}@host:99999999/d?table=t",
        f"postgresql://me:{SECRET}@[host/d?table=t",
        f"postgresql://me:{SECRET}@host/d?table=t&user=you",
        f"postgresql://host/d?table=t&options=-c%20{SECRET}",
        f"postgresql://host/d?table=t&sslpassword={SECRET}",
        f"postgresql://host/d?table=t&{SECRET}",
    ],
)
def test_what_names_no_place_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        place_of(text)
    assert caught.value.code is Code.SOURCE_INVALID
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
