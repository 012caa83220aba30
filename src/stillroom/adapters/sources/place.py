"""Where an owner's data lie: a path, or a URL of a bucket, of a DuckDB file's table, or of a PostgreSQL table.

What is stored of a place never has a password in it, and no message ever shows a URL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_NAME = r'(?:"(?:[^"]|"")+"|[^".]+)'
_TABLE = re.compile(rf"(?:({_NAME})\.)?({_NAME})")
_BUCKET_OPTIONS = frozenset({"endpoint_override", "region", "scheme"})
_SERVER_OPTIONS = frozenset(
    {
        "application_name",
        "channel_binding",
        "connect_timeout",
        "dbname",
        "gssencmode",
        "host",
        "krbsrvname",
        "passfile",
        "password",
        "port",
        "sslcert",
        "sslkey",
        "sslmode",
        "sslrootcert",
        "user",
    }
)
"""Of what libpq lets a URL say. The rest changes what a session means, or is another secret."""

_PORT = "5432"


@dataclass(frozen=True, slots=True)
class Table:
    """The name of a table of a database.

    Attributes:
        schema: The schema that it is in, or None for the one that tables are in by default.
        name: Its name there.
    """

    schema: str | None
    name: str

    @property
    def text(self) -> str:
        """The name in quotes, as `table=` of a URL has it, and SQL."""
        return ".".join(quoted(part) for part in (self.schema, self.name) if part is not None)


@dataclass(frozen=True, slots=True)
class PathPlace:
    """A CSV or Parquet file, or a folder of Parquet files.

    Attributes:
        path: Where.
    """

    path: Path

    @property
    def text(self) -> str:
        """What `place_of` reads as this place, wherever it is read."""
        return str(self.path.absolute())


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """A Parquet file, or all under a prefix, in a bucket.

    Attributes:
        path: The bucket's name, and what comes after it.
        options: `region`, `endpoint_override` and `scheme`, as far as they are given.
    """

    path: str
    options: Mapping[str, str]

    @property
    def text(self) -> str:
        """What `place_of` reads as this place."""
        return f"s3://{quote(self.path)}{_query(self.options)}"


@dataclass(frozen=True, slots=True)
class DuckdbPlace:
    """A table in a DuckDB file.

    Attributes:
        path: The file.
        table: The table.
    """

    path: Path
    table: Table

    @property
    def text(self) -> str:
        """What `place_of` reads as this place, wherever it is read."""
        return f"duckdb://{quote(str(self.path.absolute()))}{_query({'table': self.table.text})}"


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """A table of a PostgreSQL server.

    Attributes:
        settings: How the server is reached, in libpq's words.
        table: The table.
        password: The password, if the URL had one.
    """

    settings: Mapping[str, str]
    table: Table
    password: str | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """What `place_of` reads as this place, without the password."""
        return f"postgresql://{_query({**self.settings, 'table': self.table.text})}"


Place: TypeAlias = PathPlace | BucketPlace | DuckdbPlace | ServerPlace
"""Where data lie."""


def place_of(text: str) -> Place:
    """Read where data lie.

    Args:
        text: A path, or a URL with one of the schemes `s3`, `duckdb` and `postgresql`.

    Raises:
        InvalidInput: `SOURCE_INVALID` if it is no such thing.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        return PathPlace(Path(text))
    readers: dict[str, Callable[[SplitResult], Place]] = {"s3": _bucket, "duckdb": _duckdb, "postgresql": _server, "postgres": _server}
    reader = readers.get(scheme[1].lower())
    if reader is None or "\0" in unquote(text):
        raise unusable("The source is none that can be read.", "Name a file, a folder, or a URL with s3://, duckdb:// or postgresql://.")
    try:
        return reader(urlsplit(text))
    except ValueError:
        raise unusable("The source's URL is malformed.", "Write special letters in it as %XX (RFC 3986).") from None


def to_be_kept(place: Place) -> str:
    """Return what is kept of a place from which data are read again and again.

    Raises:
        InvalidInput: `SOURCE_INVALID` if the place has a password in it, which is never stored, or leaves it to the environment of whoever
            asks which table it is.
    """
    if not isinstance(place, ServerPlace):
        return place.text
    if place.password is not None:
        raise unusable(
            "The source's URL has a password in it, and a password is never stored.",
            "Leave it out, and give it by PGPASSWORD or in a .pgpass file, also whenever a question is asked.",
        )
    if missing := [name for name in ("host", "user", "dbname") if name not in place.settings]:
        raise unusable(
            f"The source's URL does not say {', '.join(missing)}, so that whoever asks could read another table.",
            "Write postgresql://user@host/database?table=schema.table.",
        )
    return replace(place, settings=MappingProxyType({"port": _PORT, **place.settings})).text


def unusable(reason: str, fix: str) -> InvalidInput:
    """Return the error for a source that is not one."""
    return InvalidInput(Code.SOURCE_INVALID, reason, fix)


def quoted(name: str) -> str:
    """Return a name as SQL writes it when it may have any letters."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _bucket(url: SplitResult) -> BucketPlace:
    if "@" in url.netloc:
        raise unusable(
            "The source's URL has credentials in it.", "Give them by AWS_ACCESS_KEY_ID and its kin, or in the AWS configuration."
        )
    path = unquote(url.netloc + url.path).strip("/")
    options = _options(url, _BUCKET_OPTIONS)
    if not url.netloc or options.get("scheme", "https") not in {"http", "https"}:
        raise unusable("The source's URL names no bucket, or a scheme that is not known.", "Write s3://bucket/prefix.")
    return BucketPlace(path, MappingProxyType(options))


def _duckdb(url: SplitResult) -> DuckdbPlace:
    options = _options(url, frozenset({"table"}))
    path = unquote(url.netloc + url.path)
    if not path:
        raise unusable("The source's URL names no DuckDB file.", "Write duckdb:///path/to/file.duckdb?table=schema.table.")
    return DuckdbPlace(Path(path), _table(options))


def _server(url: SplitResult) -> ServerPlace:
    """Read the URL of a table as libpq reads it, and one parameter more."""
    options = _options(url, _SERVER_OPTIONS | {"table"})
    table = _table(options)
    parts = {"user": url.username, "password": url.password, "dbname": url.path.removeprefix("/")}
    place = {"host": url.hostname, "port": None if url.port is None else str(url.port)}
    given = {name: unquote(value) for name, value in {**parts, **place}.items() if value}
    del options["table"]
    if twice := given.keys() & options.keys():
        raise unusable(f"The source's URL says {', '.join(sorted(twice))} twice.", "Say it once.")
    settings = {**given, **options}
    password = settings.pop("password", None)
    return ServerPlace(MappingProxyType(settings), table, password)


def _options(url: SplitResult, known: frozenset[str]) -> dict[str, str]:
    """Return what stands behind the question mark.

    Raises:
        InvalidInput: `SOURCE_INVALID` if something is not known or said twice. Only what is allowed is named.
        ValueError: It is malformed.
    """
    pairs = parse_qsl(url.query, keep_blank_values=True, strict_parsing=True) if url.query else []
    options = dict(pairs)
    if url.fragment or len(options) < len(pairs) or not options.keys() <= known:
        raise unusable("The source's URL has a parameter that is not known, or one twice.", f"It may have {', '.join(sorted(known))}.")
    return options


def _table(options: Mapping[str, str]) -> Table:
    found = _TABLE.fullmatch(options.get("table", ""))
    if found is None:
        raise unusable("The source's URL names no table.", "Add ?table=schema.table, a name with a dot in it in double quotes.")
    schema, name = (None if part is None else _unquoted(part) for part in found.groups())
    return Table(schema, name or "")


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _query(options: Mapping[str, str]) -> str:
    return f"?{urlencode(options, quote_via=quote)}" if options else ""
