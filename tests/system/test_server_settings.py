"""A server does what its settings say: certificates of an authority, certificates of clients, limits; and the commands of its operator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.cli.main import _code
from stillroom.client.members import look_at, make_home
from stillroom.client.session import make_room
from stillroom.errors import Code, Failed, InvalidInput, Refusal, StillroomError
from stillroom.server.main import certificates
from stillroom.server.settings import FILE, Settings
from tests.certificates import Authority
from tests.services import serving, settle, settled_in

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "viewing stunt gloater reborn tapestry unglue"


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this machine trusts."""
    found = Authority("trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(found.write(tmp_path / "authority.pem")))
    return found


def of_operator(authority: Authority, folder: Path, **more: object) -> Settings:
    authority.issue("server", folder / "server.pem", folder / "server.key")
    return Settings.model_validate({"certificate": folder / "server.pem", "private_key": folder / "server.key", **more})


def test_an_operators_own_certificate_is_proved_by_authorities(tmp_path: Path, trusted: Authority) -> None:
    with serving(tmp_path / "here", settings=of_operator(trusted, tmp_path)) as room:
        room.join("clinic")
        found = look_at(room.url)
        assert found.certificate is None
        assert room.service.certificate is None
        room.channel(Home.open(room.folder / "clinic").signing_key).get("/v1/room")


def test_a_certificate_of_an_unknown_authority_is_not_accepted(tmp_path: Path, trusted: Authority) -> None:
    del trusted
    with serving(tmp_path / "here", settings=of_operator(Authority("unknown"), tmp_path)) as room:
        make_home(room.folder / "clinic", "clinic", epsilon=1, delta=1e-9)
        with pytest.raises(Failed) as caught:
            room.channel(Home.open(room.folder / "clinic").signing_key).get("/v1/room")
        assert caught.value.code is Code.SERVER_UNAVAILABLE


def test_clients_show_a_certificate_where_the_server_asks_for_one(tmp_path: Path, trusted: Authority) -> None:
    clients = Authority("clients")
    held = of_operator(trusted, tmp_path, client_ca=clients.write(tmp_path / "clients.pem"))
    with serving(tmp_path / "here", settings=held) as room:
        with pytest.raises(Failed):
            look_at(room.url)
        home = room.folder / "clinic"
        make_home(home, "clinic", epsilon=1, delta=1e-9)
        Authority("another").issue("clinic", home / "client.pem", home / "client.pem")
        with pytest.raises(Failed):
            look_at(room.url, home)
        (home / "client.pem").unlink()
        clients.issue("clinic", home / "client.pem", home / "client.pem")
        assert look_at(room.url, home).name == "example.org/study"
        (home / "client.pem").write_text("none", encoding="utf-8")
        with pytest.raises(InvalidInput) as caught:
            look_at(room.url, home)
        assert caught.value.code is Code.FILE_INVALID


@pytest.mark.parametrize("name", ["certificate", "private_key", "client_ca"])
def test_certificates_that_cannot_be_used_are_refused(tmp_path: Path, name: str) -> None:
    authority = Authority("any")
    held = of_operator(authority, tmp_path, client_ca=authority.write(tmp_path / "ca.pem"))
    make_room(tmp_path / "room", "example.org/study")
    with pytest.raises(InvalidInput) as caught:
        certificates(tmp_path / "room", held.model_copy(update={name: tmp_path / "none.pem"}))
    assert caught.value.code is Code.CONFIGURATION_INVALID


def test_limits_are_those_of_the_settings(tmp_path: Path) -> None:
    held = Settings.model_validate({"tls": False, "burst": 5, "requests_per_second": 0.001, "body_limit": 10_000})
    with serving(tmp_path, settings=held) as room:
        make_home(tmp_path / "clinic", "clinic", epsilon=1, delta=1e-9)
        channel = room.channel(Home.open(tmp_path / "clinic").signing_key)
        with pytest.raises(InvalidInput) as large:
            channel.post("/v1/parties", bytes(10_001))
        assert large.value.code is Code.REQUEST_TOO_LARGE
        codes = []
        for _ in range(7):
            with pytest.raises(StillroomError) as caught:
                channel.post("/v1/parties", b"{}")
            codes.append(caught.value.code)
        channel.close()
        assert codes[-1] is Code.TOO_MANY_REQUESTS
        assert codes[0] is not Code.TOO_MANY_REQUESTS


# ------------------------------------------------------------------------------------------------------------ commands


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return settled_in(tmp_path_factory.mktemp("settled"))


def test_the_configuration_is_shown_with_where_it_comes_from(
    settled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (settled / "room" / FILE).write_text("[serve]\nport = 9000\n", encoding="utf-8")
    monkeypatch.setenv("STILLROOM_SERVE_WORKERS", "4")
    assert _code(["admin", "config", str(settled / "room"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["port"] == {"value": 9000, "from": "stillroom.toml"}
    assert shown["workers"] == {"value": 4, "from": "environment"}
    assert shown["host"]["from"] == "default"
    (settled / "room" / FILE).write_text("[serve]\nprot = 9000\n", encoding="utf-8")
    assert _code(["admin", "config", str(settled / "room")]) == 2
    assert "stillroom.toml, line 2, prot: is not known" in capsys.readouterr().err
    assert _code(["serve", str(settled / "room")]) == 2
    (settled / "room" / FILE).unlink()


def test_backup_restore_and_verify_from_the_command_line(settled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret, room, backup = tmp_path / "secret", str(settled / "room"), str(tmp_path / "backup")
    secret.write_text(f"{WORDS}\n", encoding="utf-8")
    given = ["--passphrase-file", str(secret)]
    assert _code(["admin", "backup", room, backup, *given]) == 0
    assert "its secret key among them" in capsys.readouterr().out
    assert _code(["admin", "restore", backup, str(tmp_path / "again"), *given]) == 0
    assert _code(["admin", "verify", str(tmp_path / "again")]) == 0
    assert _code(["admin", "restore", backup, str(tmp_path / "again"), *given]) == 2
    secret.write_text("another passphrase, as long", encoding="utf-8")
    assert _code(["admin", "restore", backup, str(tmp_path / "other"), *given]) == 4
    secret.write_text("weak", encoding="utf-8")
    assert _code(["admin", "backup", room, f"{backup}2", *given]) == 2
    assert _code(["admin", "backup", room, f"{backup}2", "--passphrase-file", str(tmp_path / "none")]) == 2
    assert _code(["admin", "backup", room, f"{backup}2"]) == 2


def test_verify_ends_with_4_if_anything_does_not_agree(settled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil
    import sqlite3
    from contextlib import closing

    room = shutil.copytree(settled / "room", tmp_path / "room")
    with closing(sqlite3.connect(room / "room.sqlite")) as connection, connection:
        connection.execute("DELETE FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)")
    assert _code(["admin", "verify", str(room)]) == 4
    assert "The head was never signed." in capsys.readouterr().err.replace("the head", "The head")


def test_owners_switch_telemetry_and_the_operator_reads_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path, tls=True) as room:
        settle(room)
        read = ["admin", "metrics", str(tmp_path / "room"), "--url", room.url]
        assert _code(read) == Refusal.exit_code
        for owner in ("clinic", "insurer"):
            assert _code(["telemetry", "on", "--home", str(tmp_path / owner)]) == 0
        assert "Every owner agrees" in capsys.readouterr().out
        assert _code(read) == 0
        assert "stillroom_log_entries" in capsys.readouterr().out
        assert _code(["telemetry", "off", "--home", str(tmp_path / "clinic")]) == 0
        capsys.readouterr()
        assert _code(["telemetry", "show", "--home", str(tmp_path / "insurer"), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"on": False, "owners": {"clinic": False, "insurer": True}}
    assert bootstrap.read_plate(tmp_path / "room").name == "example.org/study"
