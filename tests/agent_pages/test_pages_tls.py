"""Pages over TLS with the certificate that a home makes for its own machine."""

from __future__ import annotations

import re
import ssl
import stat
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from stillroom import bootstrap
from stillroom.adapters.clock import SystemClock
from stillroom.adapters.home import Home
from stillroom.adapters.http.certificate import DAYS, RENEWAL_DAYS, as_browsers_show, certificates_in, make_pages_certificate
from stillroom.cli.main import _code
from stillroom.client.members import make_home
from stillroom.errors import Code, InvalidInput
from stillroom.pages.main import fingerprint_of, heard, own_certificate, paged
from tests.services import serving

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400.0
HERE = ["127.0.0.1", "::1", "localhost"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    make_home(tmp_path / "clinic", "clinic", epsilon=1, delta=1e-9)
    return Home.open(tmp_path / "clinic")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_pages_are_served_with_it_and_known_by_it_at_each_name_of_this_machine(home: Home, host: str) -> None:
    files = own_certificate(home.path, f"{host}:0")
    (public,) = certificates_in(files[0].read_bytes())
    trusted = ssl.create_default_context(cadata=public.decode("ascii"))
    with paged(home.path, f"{host}:0", heard(print), files) as url:
        assert url.startswith(f"https://{host}:")
        for name in ("127.0.0.1", "localhost"):
            assert httpx.get(url.replace(host, name), verify=trusted, timeout=60).status_code in {200, 401}
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(url, timeout=60)


def test_it_is_for_this_machine_and_vouches_for_no_other_certificate(home: Home) -> None:
    file, _ = own_certificate(home.path, "[::1]:0")
    found = x509.load_pem_x509_certificate(file.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(str(name.value) for name in names) == HERE
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not found.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("address", ["0.0.0.0:0", "clinic.example:0", "192.0.2.1:80"])
def test_for_other_names_there_is_none(home: Home, address: str) -> None:
    with pytest.raises(InvalidInput, match="this machine's own names") as caught:
        own_certificate(home.path, address)
    assert caught.value.code is Code.USAGE


@pytest.mark.parametrize(("left", "stays"), [(RENEWAL_DAYS + 1, True), (RENEWAL_DAYS - 1, False), (-1, False)])
def test_it_stays_until_it_is_near_its_end(home: Home, left: float, *, stays: bool) -> None:
    secret, public = make_pages_certificate("clinic", HERE, SystemClock().now() - (DAYS - left) * DAY)
    file = home.path / "pages.pem"
    file.write_bytes(public + secret)
    file.chmod(0o600)
    assert (bootstrap.pages_certificate(home).read_bytes() == public + secret) is stays


def test_a_key_that_others_can_read_is_not_used(home: Home) -> None:
    bootstrap.pages_certificate(home).chmod(0o644)
    with pytest.raises(InvalidInput, match=r"pages\.pem") as caught:
        bootstrap.pages_certificate(home)
    assert caught.value.code is Code.HOME_INVALID


def test_the_fingerprint_is_what_browsers_show(home: Home) -> None:
    file = bootstrap.pages_certificate(home)
    shown = fingerprint_of(file)
    assert re.fullmatch(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", shown)
    (public,) = certificates_in(file.read_bytes())
    assert x509.load_pem_x509_certificate(public).fingerprint(hashes.SHA256()).hex(":").upper() == shown


def test_one_certificate_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path) as room:
        room.join("clinic")
        home = str(tmp_path / "clinic")
        for given in (["--certificate", "cert.pem", "--key", "key.pem"], ["--certificate", "cert.pem"], ["--pages", "0.0.0.0:0"]):
            assert _code(["agent", "--pages-tls", *given, "--home", home]) == 2
            assert "USAGE  " in capsys.readouterr().err


def test_the_agent_says_by_what_its_pages_are_known(tmp_path: Path) -> None:
    with serving(tmp_path) as room:
        room.join("clinic")
        command = [sys.executable, "-W", "error", "-m", "stillroom.cli", "agent", "--pages-tls", "--home", str(tmp_path / "clinic")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as agent:
            assert agent.stdout is not None
            url = urlsplit(agent.stdout.readline().removeprefix("Pages at ").strip())
            said = agent.stdout.readline().removeprefix("SHA-256 of their certificate: ").strip()
            shown = ssl.get_server_certificate((str(url.hostname), url.port or 0), timeout=60)
            agent.terminate()
            rest = agent.communicate(timeout=60)
        assert url.scheme == "https"
        assert said == as_browsers_show(shown.encode())
        secret = (tmp_path / "clinic" / "pages.pem").read_text(encoding="ascii").split("-----BEGIN PRIVATE KEY-----")[1].split()
        assert not any(line in text for line in secret for text in rest)
