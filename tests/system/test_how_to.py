"""The how-to pages work, word for word, in the room that the tutorial makes."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import socket
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillroom.cli.stories.processes import processes
from tests.pages import DOCS, TUTORIAL, act_out, commands
from tests.parties import PARTIES, document
from tests.servers import postgresql, s3

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted((DOCS / "how-to").glob("*.md"))
FROM_SCRATCH = {"set-up-a-room"}
NOT_HERE = {"install", "audit-empirically", "data-sources", "run-a-server", "use-the-pages"}
"""The first page changes the machine; the examples of the second are Python, and run with the documentation; the others need servers."""


@pytest.fixture(scope="module")
def first_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Act the tutorial out, up to its first release."""
    folder = tmp_path_factory.mktemp("tutorial")
    before, _ = TUTORIAL.read_text(encoding="utf-8").split("## Afterwards")
    act_out(before, folder)
    return folder


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem not in NOT_HERE], ids=lambda page: page.stem)
def test_every_command_of_the_page_ends_as_it_says(page: Path, first_room: Path, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    if page.stem in FROM_SCRATCH:
        folder.mkdir()
    else:
        shutil.copytree(first_room, folder)
    text = page.read_text(encoding="utf-8")
    assert len(commands(text)) > 4
    act_out(text, folder)


def test_every_command_about_sources_ends_as_it_says(first_room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of the page's servers and bucket stand for servers of the tests; what it says in SQL is said to the one."""
    folder = shutil.copytree(first_room, tmp_path / "here")
    text = (DOCS / "how-to" / "data-sources.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"^```sql\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    with postgresql() as server, s3() as bucket:
        server.execute("CREATE SCHEMA care", "CREATE TABLE care.visits (patient_id text, minutes int, name text)")
        server.execute("INSERT INTO care.visits VALUES ('a1', 20, 'Ann'), ('a3', 500, 'Bob')", *said.split(";")[:-1])
        bucket.objects["visits/x.parquet"] = exported(tmp_path / "x.parquet")
        for name, value in {**bucket.environment(), "PGPASSWORD": "of your choice"}.items():
            monkeypatch.setenv(name, value)
        there = {"db.clinic.example/clinic": f"127.0.0.1:{server.port}/postgres", "s3://clinic-exports/": f"s3://{bucket.name}/"}
        there["region=eu-north-1"] = f"region=eu-north-1&endpoint_override=127.0.0.1%3A{bucket.port}&scheme=http"
        for name, place in there.items():
            assert name in text
            text = text.replace(name, place)
        act_out(text, folder)


def test_every_command_about_servers_ends_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on until Ctrl-C is a process beside the others; `ed25519:…` is what the other side reads out."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study").mkdir()
    (tmp_path / "visits.csv").write_text("pid,cost\n" + "".join(f"p{number},{number}\n" for number in range(40)), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with processes() as started:
        for command in commands((DOCS / "how-to" / "run-a-server.md").read_text(encoding="utf-8")):
            line = command.replace("8461", port)
            if line.endswith("# until Ctrl-C"):
                started.start(*shlex.split(line, comments=True)[1:])
                continue
            if "ed25519:…" in line:
                key = "study/clinic/public.key" if "confirm" in line else "study/room/room.json"
                line = line.replace("ed25519:…", _key(tmp_path / key))
            if "contract sign" in line:
                _contract(tmp_path)
            act_out(f"```console\n$ {line}\n```\n", tmp_path)


def _key(file: Path) -> str:
    """Return the public key in a file."""
    text = file.read_text(encoding="utf-8")
    return json.loads(text)["key"] if file.suffix == ".json" else text.strip()


def _contract(folder: Path) -> None:
    """Write a contract of the clinic alone."""
    contract = document({name: _key(folder / "study/clinic/public.key") for name in PARTIES})
    visits = contract["datasets"]["visits"]
    del visits["columns"]["ward"]
    changes = {"ask": ["clinic"], "receive": ["clinic"], "parties": contract["parties"][:1], "datasets": {"visits": visits}}
    (folder / "contract.yaml").write_text(json.dumps({**contract, **changes}), encoding="utf-8")


def exported(path: Path) -> bytes:
    """Return a Parquet file of visits."""
    pq.write_table(pa.table({"patient_id": ["a1", "a3"], "minutes": [20, 500]}), path)
    return path.read_bytes()


def test_a_command_that_ends_otherwise_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended with 2"):
        act_out("```console\n$ stillroom budget --home nowhere\n```\n", tmp_path)
    with pytest.raises(AssertionError, match="ended with 2"):
        act_out("```console\n$ stillroom budget --home nowhere # exit status 3\n```\n", tmp_path)
    act_out("```console\n$ stillroom budget --home nowhere # exit status 2: HOME_INVALID\n```\n", tmp_path)
