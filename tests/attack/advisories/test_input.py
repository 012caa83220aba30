"""Advisories about what is read: paths that lead elsewhere, requests that two readers read differently, words that command a terminal."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from pydantic import ValidationError

import stillroom
from stillroom.adapters.home.stored_table import StoredTable
from stillroom.adapters.remote.seal import RunKey
from stillroom.agent.main import open_agent
from stillroom.cli import agent as agent_commands
from stillroom.cli.main import app
from stillroom.cli.screen import plain
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, Failed, InvalidInput, StillroomError, Unverified
from stillroom.model import errand
from stillroom.room.parties import MOST, join
from stillroom.room.signed import sign
from stillroom.room.statement import JOIN_TYPE, JoinStatement
from stillroom.server.administration import joined, remove
from tests.callers import CLOSE, TICKET, asked, errand_waits, key_of, lines, sent, signed, spoken
from tests.strange_servers import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services import Served

SOURCES = Path(stillroom.__file__).parent
MEGABYTE = 1_000_000

CALLS = re.compile(
    r"^\s*(?:import|from) (?:httpx|urllib|http\.client|requests|socket|ftplib|smtplib|asyncio|anyio(?! import (?:sleep|fail_after)$))\b",
    re.MULTILINE,
)
"""What calls other machines."""

OUTSIDE = [
    "../../room.key",
    "..%2f..%2froom.key",
    "%2e%2e/%2e%2e/room.key",
    "/etc/passwd",
    "..%5c..%5croom.key",
    "rows.parquet%00.txt",
    "%252e%252e",
]
"""Names that lead somewhere else, in all spellings."""


def files(room: Served) -> dict[Path, str]:
    """Return every file of a room and its homes, with a digest of its content; what databases write for themselves is left out."""
    found = [file for file in room.folder.rglob("*") if file.is_file() and "sqlite" not in file.name]
    return {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in found}


def test_cve_2021_43798_a_path_leads_nowhere_else(room: Served) -> None:
    """Grafana, and MLflow (CVE-2023-1177): a path with `..` in it was joined to a folder, and any file could be read.

    Here: such names for tiles, tickets, uploads, runs and releases. No file is read, made or changed.
    """
    secret = (room.folder / "room" / "room.key").read_bytes()
    with errand_waits(room):
        before = files(room)
        for name in OUTSIDE:
            for method, path in (
                ("GET", f"/v1/log/tile/{name}"),
                ("GET", f"/v1/log/tile/0/{name}"),
                ("GET", f"/v1/log/from/{name}"),
                ("GET", f"/v1/runs/{name}"),
                ("GET", f"/v1/releases/{name}"),
                ("PUT", f"/v1/errands/{TICKET}/files/{name}"),
                ("PUT", f"/v1/errands/{name}/files/rows.parquet"),
            ):
                answer = asked(room, method, path, b"x" if method == "PUT" else None, party="clinic")
                assert not answer.is_success, path
                assert secret not in answer.content
        assert files(room) == before


def test_cve_2021_41131_a_server_names_no_file_of_ours(room: Served) -> None:
    """TUF: names from a server's metadata became names of files on the client, so that it could write anywhere.

    Here: errands whose dataset or ticket is a path, and a party's own dataset of such a name.
    """
    grounds = errand.ShownGrounds(contract="", question="", decisions=(), versions={})
    for name in ("../../x", "/tmp/x", "a/b", "..", "x\0", ""):  # noqa: S108 - a name that is refused
        with pytest.raises(ValidationError):
            errand.Bring(reservation="r", dataset=name, columns=(), key="A" * 43 + "=", proof="", grounds=grounds)
        with pytest.raises(ValidationError):
            errand.Errand(ticket=name, room="r", party="clinic", task=errand.Commit(reservation="r", population="people"))
        with pytest.raises(StillroomError):
            room.session("clinic").add_data(name, room.folder / "visits.csv")


def test_cve_2024_23334_an_upload_follows_no_link(room: Served) -> None:
    """aiohttp: with `follow_symlinks`, a link led out of the folder that was served.

    Here: a link lies where an upload is to end. It is replaced; what it pointed to stays as it was.
    """
    target = room.folder / "target"
    target.write_bytes(b"as it was")
    with errand_waits(room) as place:
        (place / "rows.parquet").symlink_to(target)
        (place / "rows.parquet.incoming").symlink_to(target)
        asked(room, "PUT", f"/v1/errands/{TICKET}/files/rows.parquet", b"new", party="clinic")
        assert target.read_bytes() == b"as it was"
        (place / "persons.parquet").symlink_to(target)
        assert asked(room, "PUT", f"/v1/errands/{TICKET}/files/persons.parquet", b"new", party="clinic").is_success
        assert not (place / "persons.parquet").is_symlink()
        assert target.read_bytes() == b"as it was"


def test_nothing_is_left_of_an_upload_that_fails(room: Served) -> None:
    """Uploads that broke off stayed on the disk until it was full (a class that is known from many servers).

    Here: a file that is not the one that was signed, one that is too large, one whose sender goes away,
    and one for which the disk has no space.
    """
    object.__setattr__(room.service, "file_limit", MEGABYTE)
    path = f"/v1/errands/{TICKET}/files/rows.parquet"
    clinic = key_of(room, "clinic")
    with errand_waits(room) as place:
        assert sent(signed(room, "PUT", path, b"one", key=clinic), b"two").status_code == 401
        assert list(place.iterdir()) == []
        large = bytes(MEGABYTE + 1)
        assert sent(signed(room, "PUT", path, large, key=clinic), large).status_code == 413
        assert list(place.iterdir()) == []
        assert spoken(room, lines(signed(room, "PUT", path, large, key=clinic), "Content-Length: 1000", body=bytes(10))) == b""
        for _ in range(1000):
            threading.Event().wait(0.01 if list(place.iterdir()) else 0)
        assert list(place.iterdir()) == []
        object.__setattr__(room.service, "reserve", 2**60)
        full = sent(signed(room, "PUT", path, large[1:], key=clinic), large[1:])
        assert (full.status_code, full.json()["code"]) == (503, Code.STORE_FAILED)
        assert not re.search(r"\d", full.json()["detail"])
        assert list(place.iterdir()) == []
        object.__setattr__(room.service, "reserve", 0)
        assert sent(signed(room, "PUT", path, large[1:], key=clinic), large[1:]).is_success
        assert [file.name for file in place.iterdir()] == ["rows.parquet"]


def test_cve_2024_22193_what_must_be_sealed_is_not_taken_in_the_clear(room: Served, tmp_path: Path) -> None:
    """vantage6: where a collaboration was to be encrypted, input that was not was taken all the same.

    Here: an agent brings a key that is not sealed, or sealed to another run, and a table that is not encrypted.
    """
    del room
    key, about = RunKey(), {"ticket": TICKET}
    for clear in ("", "A" * 64, "not base64", RunKey().public):
        with pytest.raises(Unverified):
            key.open(clear, about)
    place = tmp_path / "visits" / "1"
    place.mkdir(parents=True)
    pq.write_table(pa.table({"cost": [1]}), place / "rows.parquet")
    with pytest.raises(Failed) as caught:
        StoredTable(place, bytes(32), b"").rows()
    assert caught.value.code is Code.STORE_FAILED


def test_cve_2025_43859_one_request_is_one_request(room: Served) -> None:
    """h11, and aiohttp (CVE-2023-47627): bodies whose end two readers see in different places hide a second request from one of them.

    Here: both kinds of length, two lengths, a chunk that ends otherwise, a header that is folded, and spaces where there are none.
    """
    hidden = lines(signed(room, "GET", "/v1/balance"))
    body = b"0\r\n\r\n" + hidden
    for more, content in (
        (["Content-Length: 5", f"Content-Length: {len(body)}"], body),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], body),
        (["Transfer-Encoding: xchunked"], body),
        (["Transfer-Encoding : chunked"], body),
        (["Transfer-Encoding: chunked"], b"3\r\nabcXX0\r\n\r\n" + hidden),
        (["Transfer-Encoding: chunked"], b"-1\r\n" + hidden),
        (["Content-Length: +5"], body),
        (["X: y", " Content-Length: 5"], body),
    ):
        answer = spoken(room, lines(signed(room, "POST", "/v1/contracts", b""), *more, body=content))
        assert answer.startswith(b"HTTP/1.1 4"), (more, answer)
        assert b"HTTP/1.1 2" not in answer, (more, answer)
    assert spoken(room, hidden).startswith(b"HTTP/1.1 200")


def test_a_header_that_stands_twice_is_not_chosen_from(room: Served) -> None:
    """A proxy reads the first of two headers, the server the last (a class that is known from RFC 9110 and from smuggling in general).

    Here: a second host, signature, input of a signature and digest, before and after the good one.
    """
    other = signed(room, "GET", "/v1/balance", key=SigningKey.from_seed(b"x" * 32))
    for name, value in (*other.headers.items(), ("Host", "other.example"), ("signature", "pyhms=:AA==:")):
        answer = spoken(room, lines(signed(room, "GET", "/v1/balance"), CLOSE, f"{name}: {value}"))
        assert answer.startswith(b"HTTP/1.1 4"), (name, answer)


def test_cve_2021_43780_the_server_goes_nowhere(room: Served) -> None:
    """Redash: a source of data was a URL, and the server fetched it from its own network.

    Here: contracts with addresses in them are refused, and what serves a room has no means of calling anybody.
    """
    document = json.loads((room.folder / "contract.json").read_text(encoding="utf-8"))
    for place, name in ((document, "webhook"), (document["datasets"]["visits"], "source"), (document["parties"][0], "url")):
        place[name] = "http://169.254.169.254/latest"
        (room.folder / "contract.json").write_text(json.dumps(document), encoding="utf-8")
        with pytest.raises(InvalidInput):
            room.session("clinic").sign(room.folder / "contract.json")
        del place[name]
    serving = [file for part in ("server", "room", "adapters/remote") for file in (SOURCES / part).rglob("*.py")]
    assert len(serving) > 30
    assert not [file for file in serving if CALLS.search(file.read_text(encoding="utf-8"))]


def test_cve_2020_26275_nothing_is_redirected(room: Served) -> None:
    """Jupyter Server, Superset (CVE-2021-28125), Airflow (CVE-2022-45402): a link to the server led the browser to another one.

    Here: paths that would be cleaned, completed or read as another host.
    """
    for path in ("//other.example", "/v1/room/", "/v1//room", "/%5cother.example", "/v1/room/..", "/?next=//other.example", "/v1"):
        answer = spoken(room, lines(signed(room, "GET", path), CLOSE))
        assert answer.startswith(b"HTTP/1.1 403"), path
        assert b"location:" not in answer.lower()


def test_cve_2021_32677_a_page_in_a_browser_gets_nothing(room: Served) -> None:
    """FastAPI: bodies were read as JSON whatever their type, so that a page elsewhere could send them with the user's cookies.

    Here: there are no cookies, no other site is allowed to read, and who is asked whether it may is told no.
    """
    assert asked(room, "OPTIONS", "/v1/runs").status_code == 403
    for path in ("/v1/room", "/v1/balance", "/v1/nothing"):
        headers = asked(room, "GET", path).headers
        assert not [name for name in headers if name.startswith("access-control") or name == "set-cookie"]


def test_cve_2020_7694_a_terminal_is_not_commanded(room: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """uvicorn, and Superset (CVE-2021-42250): what a request said went to the log as it was, lines and escapes and all.

    Here: an agent notes what a lying server answers, a server is asked for such paths, and a reader is shown such a question.
    """
    evil = "\x1b[2J\x1b]0;x\x07 gone\r\nhold r1: done\u202e\u0085\x9b31m"
    problem = {"type": "t", "title": "t", "status": 403, "detail": evil, "code": "NOT_ALLOWED", "fix": evil, "kind": "refused"}
    with answering(json.dumps(problem).encode(), status="403 Forbidden") as url:
        room.url = url
        room.tell_members()
        open_agent(room.folder / "clinic", agent_commands._say).look()
    said = capsys.readouterr().out
    assert said.startswith("NOT_ALLOWED: ")
    assert said.count("\n") == 1
    assert said.removesuffix("\n").isprintable()
    assert plain(evil).replace("\n", "").isprintable()


def test_a_server_writes_nothing_about_a_request(room: Served, capfd: pytest.CaptureFixture[str]) -> None:
    """uvicorn: a path with line ends in it made lines in the log (CVE-2020-7694), or headers of an answer (CVE-2020-7695).

    Here: such a path. The server writes no line for a request, and nothing of a request into headers.
    """
    answer = spoken(room, lines(signed(room, "GET", "/v1/%1b%5b2J%0d%0aSet-Cookie:%20x"), CLOSE))
    assert b"set-cookie" not in answer.lower()
    assert capfd.readouterr() == ("", "")


def test_cve_2022_24757_a_secret_is_in_no_text_about_it(room: Served) -> None:
    """Jupyter Server: where something failed, the log got all headers, with cookies and tokens.

    Here: a secret key in a representation, an error, a traceback with all local variables, and a pickle; and no command takes a secret.
    """
    seed = (room.folder / "room" / "room.key").read_bytes()
    key = SigningKey.from_seed(seed)
    texts = [repr(key), str(key), f"{key}", repr(key_of(room, "clinic")), repr(room.service), repr(room.session("clinic"))]
    try:
        key.sign("no bytes")  # type: ignore[arg-type]  # what fails
    except TypeError as error:
        del seed
        texts.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    secret = (room.folder / "room" / "room.key").read_bytes()
    assert not [text for text in texts if secret.hex() in text or repr(secret)[2:-1] in text]
    with pytest.raises(TypeError):
        pickle.dumps(key)
    taken = {option for command in commands(typer.main.get_command(app)) for one in command.params for option in one.opts}
    assert not [option for option in taken if any(word in option for word in ("secret", "seed", "password", "token", "private"))]


def commands(command: Any) -> Iterator[Any]:  # noqa: ANN401 - a command of the library that typer is made with
    """Yield all commands below one."""
    yield command
    for one in getattr(command, "commands", {}).values():
        yield from commands(one)


def test_ghsa_jx8f_cpx7_fv47_strangers_cannot_fill_the_room(room: Served) -> None:
    """NVFlare: whoever could reach its admin interface could make it allocate without end.

    Here: more keys ask to join than may wait. No more are kept, who asks afterwards is there, and the operator can forget any of them.
    """
    for number in range(MOST + 5):
        key = SigningKey.from_seed(hashlib.sha256(str(number).encode()).digest())
        wish = JoinStatement(room=room.service.room.identity, party=f"p{number}", key=key.public.text)
        join(room.service.room, sign(wish, JOIN_TYPE, key), key.public.text)
    room.join("newcomer", confirmed=False)
    waiting = [one for one in joined(room.folder / "room") if not one.confirmed]
    assert len(waiting) == MOST
    assert waiting[-1].party == "newcomer"
    remove(room.folder / "room", waiting[0].key)
    remove(room.folder / "room", key_of(room, "clinic").public.text)
    left = joined(room.folder / "room")
    assert len(left) == MOST
    assert {one.party for one in left if one.confirmed} == {"insurer"}
    assert asked(room, "GET", "/v1/log", party="clinic").is_success, "the contract in force names it"
