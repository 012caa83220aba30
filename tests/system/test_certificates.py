"""The certificate that a room makes for its server: for the names that parties reach it by, and made anew without anybody joining again."""

from __future__ import annotations

import gc
import ssl
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
import pytest

from stillroom.adapters.clock import SystemClock
from stillroom.adapters.home.membership import Membership
from stillroom.adapters.http.certificate import DAYS, RENEWAL_DAYS, make_certificate, will_do
from stillroom.bootstrap import certificate
from stillroom.client.members import join_server, look_at, make_home
from stillroom.errors import Code, Failed, InvalidInput
from stillroom.server.settings import Settings
from tests.services import serving

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400.0
KNOWN = ["localhost", "127.0.0.1", "::1"]


def named(*names: str) -> Settings:
    return Settings.model_validate({"host": "0.0.0.0", "names": names})  # noqa: S104 - as in a container


def certificate_of(home: Path) -> str:
    found = Membership.load(home)
    assert found is not None
    assert found.certificate is not None
    return found.certificate


def test_a_room_that_listens_everywhere_is_joined_by_its_names(tmp_path: Path) -> None:
    with serving(tmp_path, settings=named("127.0.0.2", "room")) as room:
        url = room.url.replace("127.0.0.1", "127.0.0.2")
        make_home(tmp_path / "clinic", "clinic", epsilon=1, delta=1e-9)
        found = look_at(url, tmp_path / "clinic")
        assert not join_server(tmp_path / "clinic", url, found, found.key).confirmed
        with pytest.raises(Failed) as caught:
            look_at(room.url.replace("127.0.0.1", "127.0.0.3"))
        assert caught.value.code is Code.SERVER_UNAVAILABLE


def test_who_has_joined_goes_on_when_the_certificate_is_made_anew(tmp_path: Path) -> None:
    with serving(tmp_path, tls=True) as room:
        room.join("clinic")
        began = certificate_of(tmp_path / "clinic")
    with serving(tmp_path, settings=named("room")) as room:
        renewed = (tmp_path / "room" / "tls.pem").read_text()
        assert renewed != began
        with room.agents("clinic"):
            assert room.service.mailbox.present("clinic")
        assert certificate_of(tmp_path / "clinic") == renewed


def test_a_connection_that_is_kept_for_later_ends_with_its_server(tmp_path: Path) -> None:
    """A server that waits for the other side's good-bye leaves the socket open; to collect that is a warning, which is an error here."""
    with ExitStack() as kept:
        with serving(tmp_path, tls=True) as room:
            context = ssl.create_default_context(cafile=tmp_path / "room" / "tls.pem")
            client = kept.enter_context(httpx.Client(verify=context, trust_env=False))
            assert client.get(f"{room.url}/v1/health").status_code == HTTPStatus.OK
        gc.collect()


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    secret, _ = certificate(tmp_path, KNOWN)
    secret.chmod(0o644)
    with pytest.raises(InvalidInput) as caught:
        certificate(tmp_path, KNOWN)
    assert caught.value.code is Code.ROOM_INVALID


def test_a_certificate_is_made_anew_for_another_name_or_near_its_end() -> None:
    now = SystemClock().now()
    _, made = make_certificate([*KNOWN, "room"], now)
    assert will_do(made, [*KNOWN, "room"], now)
    assert will_do(made, KNOWN, now + (DAYS - RENEWAL_DAYS - 1) * DAY)
    assert not will_do(made, KNOWN, now + (DAYS - RENEWAL_DAYS + 1) * DAY)
    assert not will_do(made, ["room", "room.example.org"], now)
    assert not will_do(b"none", KNOWN, now)
