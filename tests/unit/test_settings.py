"""How a server is set up: what beats what, and everything that is wrong at once, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.errors import Code, InvalidInput
from stillroom.server.journal import LogFormat
from stillroom.server.settings import FILE, Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path


def problems(room: Path, environment: dict[str, str] | None = None, **given: object) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_settings(room, given, environment or {})
    assert caught.value.code is Code.CONFIGURATION_INVALID
    return caught.value.reason


def write(room: Path, text: str) -> None:
    (room / FILE).write_text(text, encoding="utf-8")


def test_without_anything_there_are_defaults_and_none_is_secret(tmp_path: Path) -> None:
    found = read_settings(tmp_path, {}, {})
    assert found.settings == Settings()
    assert set(found.sources.values()) == {"default"}
    assert (found.settings.host, found.settings.tls) == ("127.0.0.1", True)


def test_command_line_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    write(tmp_path, '[serve]\nhost = "10.0.0.1"\nport = 1\nburst = 7\nlog = "plain"\n')
    environment = {"STILLROOM_SERVE_PORT": "2", "STILLROOM_SERVE_LOG": "off", "STILLROOM_HOME": "elsewhere"}
    found = read_settings(tmp_path, {"log": "json", "host": None}, environment)
    assert (found.settings.host, found.settings.port, found.settings.burst, found.settings.log) == ("10.0.0.1", 2, 7, LogFormat.JSON)
    assert {name: found.sources[name] for name in ("host", "port", "burst", "log", "workers")} == {
        "host": "stillroom.toml",
        "port": "environment",
        "burst": "stillroom.toml",
        "log": "command line",
        "workers": "default",
    }


def test_all_problems_are_told_at_once_each_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, '# a server\n[serve]\nport = 70000\nprot = 1\n"burst" = 0\n')
    said = problems(tmp_path, {"STILLROOM_SERVE_TLS": "perhaps", "STILLROOM_SERVE_PASSWORD": "x"}, log="xml")
    for part in (
        "stillroom.toml, line 3, port: should be less than or equal to 65535",
        "stillroom.toml, line 4, prot: is not known",
        "stillroom.toml, line 5, burst: should be greater than or equal to 1",
        "STILLROOM_SERVE_TLS: should be a valid boolean",
        "STILLROOM_SERVE_PASSWORD: is not known",
        "--log: should be 'json', 'plain' or 'off'",
    ):
        assert part in said
    assert "70000" not in said
    assert "perhaps" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[serve\n", "stillroom.toml: "),
        ("[engine]\nname = 1\n", "stillroom.toml, line 1, engine: only the table [serve] is known"),
        ("serve = 1\n", "stillroom.toml, line 1, serve: only the table [serve] is known"),
        ("port = 1\n", "stillroom.toml, line 1, port: only the table [serve] is known"),
        ('[serve]\ncertificate = "a.pem"\n', "certificate and private_key belong together"),
        ('[serve]\ntls = false\nnames = ["room"]\n', "names are for the certificate that the room makes"),
        ('[serve]\nnames = ["room example"]\n', "line 2, names: "),
        ('[serve]\ntls = false\nclient_ca = "a.pem"\n', "certificates are of no use without tls"),
    ],
)
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, text)
    assert said in problems(tmp_path)


def test_a_file_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    assert "cannot be read" in problems(tmp_path)


def test_names_are_a_list_or_text_with_commas(tmp_path: Path) -> None:
    write(tmp_path, '[serve]\nnames = ["room", "10.0.0.1"]\n')
    assert read_settings(tmp_path, {}, {}).settings.names == ("room", "10.0.0.1")
    assert read_settings(tmp_path, {}, {"STILLROOM_SERVE_NAMES": "room, room.example.org"}).settings.names == ("room", "room.example.org")
    assert read_settings(tmp_path, {"names": "::1"}, {}).settings.names == ("::1",)


def test_paths_of_the_file_are_relative_to_the_room(tmp_path: Path) -> None:
    write(tmp_path, '[serve]\ncertificate = "a.pem"\nprivate_key = "/keys/a.key"\n')
    found = read_settings(tmp_path, {}, {}).settings
    assert (found.certificate, str(found.private_key)) == (tmp_path / "a.pem", "/keys/a.key")
