"""The certificate that a home makes for its party: an operator lists it, a server lets in nobody else, and signatures decide who it is."""

from __future__ import annotations

import socket
import ssl
import stat
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from stillroom import bootstrap
from stillroom.adapters.clock import SystemClock
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.home.client_certificate import NEXT, NOTICE_DAYS, PUBLIC, SHOWN, client_certificate
from stillroom.adapters.http.certificate import DAYS, RENEWAL_DAYS, as_browsers_show, certificates_in, make_client_certificate
from stillroom.adapters.http.channel import Channel
from stillroom.cli.main import _code
from stillroom.client.members import Found, join_server, look_at, make_home
from stillroom.errors import Code, Failed, InvalidInput, StillroomError, Unverified
from stillroom.model.codec import digest_of
from stillroom.model.question import Question, Terms
from stillroom.room.signed import sign
from stillroom.room.statement import QUESTION_TYPE
from stillroom.server.administration import confirm
from stillroom.server.settings import Settings
from tests.certificates import Authority
from tests.parties import MEMBERS, PARTIES, QUESTION, VISITS, document
from tests.services import Served, serving, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = 86_400.0
VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


def near_its_end(home: Path, days: float) -> None:
    """Let the certificate that a home made end in so many days."""
    secret, certificate = make_client_certificate("clinic", SystemClock().now() - (DAYS - days) * DAY)
    (home / SHOWN).write_bytes(certificate + secret)
    (home / PUBLIC).write_bytes(certificate)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A room whose server lets in who has a certificate of one of the homes, and of nobody else. The clinic's is near its end."""
    folder = tmp_path_factory.mktemp("room")
    for party in PARTIES:
        make_home(folder / party, party, epsilon=20, delta=1e-9)
    near_its_end(folder / "clinic", 50)
    bootstrap.client_certificate(Home.open(folder / "clinic"))
    listed = folder / "clients.pem"
    listed.write_bytes(b"".join((folder / party / PUBLIC).read_bytes() for party in PARTIES))
    with serving(folder, settings=Settings(client_ca=listed)) as served:
        keys = {}
        for party in PARTIES:
            found = look_at(served.url, folder / party)
            keys[party] = join_server(folder / party, served.url, found, found.key).key
            confirm(folder / "room", party, keys[party])
        served.sign(document(keys), *PARTIES)
        served.add("members", MEMBERS)
        served.add("visits", VISITS)
        yield served


def is_let_in(room: Served, shown: Path | None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bool:
    """Tell whether the server lets in somebody with a certificate: at the end of the handshake, or in 1.3 by answering."""
    parts = urlsplit(room.url)
    context = ssl.create_default_context(cafile=room.folder / "room" / "tls.pem")
    context.maximum_version = version
    if shown is not None:
        context.load_cert_chain(shown)
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=60) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=parts.hostname) as secure:
                if version is ssl.TLSVersion.TLSv1_2:
                    return True
                secure.sendall(f"GET /v1/room HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
                return secure.recv(12) == b"HTTP/1.1 200"
        except (ssl.SSLError, ConnectionError):
            return False


def issued_by(home: Path, file: Path) -> Path:
    """Have the key of a home's certificate sign a certificate for another key, as an authority would."""
    pem = (home / SHOWN).read_bytes()
    issuer, (other, _) = x509.load_pem_x509_certificate(pem), make_client_certificate("insurer", SystemClock().now())
    key = serialization.load_pem_private_key(pem[pem.index(b"-----BEGIN PRIVATE") :], None)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "insurer")]))
        .issuer_name(issuer.subject)
        .public_key(serialization.load_pem_private_key(other, None).public_key())  # type: ignore[arg-type]  # of a curve
        .serial_number(7)
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + other)
    return file


# ------------------------------------------------------------------------------------------------------------- servers


def test_rooms_whose_server_lists_what_homes_have_made_work_as_others_do(room: Served) -> None:
    with room.agents(*PARTIES):
        assert room.session("insurer").ask(QUESTION, epsilon=1.0).charged


@pytest.mark.parametrize(("party", "file"), [("insurer", SHOWN), ("clinic", SHOWN), ("clinic", NEXT)])
@VERSIONS
def test_what_is_listed_is_let_in(room: Served, party: str, file: str, version: ssl.TLSVersion) -> None:
    assert is_let_in(room, room.folder / party / file, version)


@VERSIONS
def test_nobody_else_gets_through_the_handshake(room: Served, tmp_path: Path, version: ssl.TLSVersion) -> None:
    secret, certificate = make_client_certificate("insurer", SystemClock().now())
    (tmp_path / "another.pem").write_bytes(certificate + secret)
    for shown in (None, tmp_path / "another.pem", issued_by(room.folder / "insurer", tmp_path / "issued.pem")):
        assert not is_let_in(room, shown, version)
    with pytest.raises(Failed) as caught:
        look_at(room.url)
    assert caught.value.code is Code.SERVER_UNAVAILABLE


def channel(room: Served, home: Path, shown: Path) -> Channel:
    """Return a channel with one home's key and another one's certificate."""
    found: Found = look_at(room.url, room.folder / "insurer")
    pinned = None if found.certificate is None else found.certificate.encode()
    return Channel(room.url, Home.open(home).signing_key, found.key, SystemClock(), SystemEntropy(), pinned, shown=shown)


def test_a_certificate_lets_nobody_act_as_the_one_whose_it_is(room: Served, tmp_path: Path) -> None:
    make_home(tmp_path / "stranger", "stranger", epsilon=1, delta=1e-9)
    theirs = room.folder / "insurer" / SHOWN
    assert channel(room, room.folder / "insurer", theirs).get("/v1/contract")
    with pytest.raises(Unverified) as caught:
        channel(room, tmp_path / "stranger", theirs).get("/v1/contract")
    assert caught.value.code is Code.REQUEST_UNSIGNED
    contract = room.session("clinic").contract
    asked = Question(contract=digest_of(contract), sql=QUESTION, terms=Terms(epsilon=1.0), asked_by="insurer")
    pretended = sign(asked, QUESTION_TYPE, Home.open(room.folder / "clinic").signing_key)
    with pytest.raises(StillroomError) as refused:
        channel(room, room.folder / "clinic", theirs).post("/v1/runs", pretended)
    assert refused.value.code is Code.NOT_ALLOWED


# ------------------------------------------------------------------------------------------------------------- renewal


@pytest.fixture
def home(tmp_path: Path) -> Home:
    make_home(tmp_path / "clinic", "clinic", epsilon=1, delta=1e-9)
    return Home.open(tmp_path / "clinic")


def shown(home: Home) -> bytes:
    return certificates_in((home.path / SHOWN).read_bytes())[0]


def listed(home: Home) -> tuple[bytes, ...]:
    return certificates_in((home.path / PUBLIC).read_bytes())


def news(home: Home, days: float) -> str:
    """Return what a party has to know so many days from now."""
    found = client_certificate(home, SystemClock().now() + days * DAY)
    assert found is not None
    assert found.fingerprint == as_browsers_show(listed(home)[-1])
    return found.news


def test_a_home_has_a_certificate_from_the_beginning_whose_key_is_its_own(home: Home) -> None:
    assert listed(home) == (shown(home),)
    assert b"PRIVATE" not in (home.path / PUBLIC).read_bytes()
    assert stat.S_IMODE((home.path / SHOWN).stat().st_mode) == 0o600
    assert news(home, 0) == ""


def test_operators_have_notice_before_another_certificate_is_shown(home: Home) -> None:
    first, begin = shown(home), DAYS - RENEWAL_DAYS
    assert news(home, begin - 1) == ""
    assert not (home.path / NEXT).exists()
    assert "within 60 days" in news(home, begin + 1)
    assert shown(home) == first
    assert listed(home)[0] == first
    following = listed(home)[1]
    assert "within 1 days" in news(home, begin + NOTICE_DAYS)
    assert shown(home) == first
    assert "another certificate" in news(home, begin + NOTICE_DAYS + 2)
    assert shown(home) == following
    assert listed(home) == (following,)
    assert stat.S_IMODE((home.path / SHOWN).stat().st_mode) == 0o600
    assert not (home.path / NEXT).exists()


def test_operators_have_notice_also_after_one_was_made_anew(home: Home) -> None:
    begin = DAYS - RENEWAL_DAYS + 1
    assert "hand that file" in news(home, begin)
    (home.path / SHOWN).unlink()
    assert "Made" in news(home, begin)
    anew = shown(home)
    assert f"within {NOTICE_DAYS} days" in news(home, 2 * begin)
    assert shown(home) == anew
    assert listed(home)[0] == anew


def test_what_has_ended_is_replaced_at_once(home: Home) -> None:
    first = shown(home)
    assert "another certificate" in news(home, DAYS + 1)
    assert shown(home) not in {first, b""}
    assert listed(home) == (shown(home),)


def test_a_certificate_from_elsewhere_is_left_alone(home: Home) -> None:
    file = home.path / SHOWN
    file.unlink()
    Authority("clients").issue("clinic", file, file)
    before = file.read_bytes()
    assert client_certificate(home, SystemClock().now() + 10 * DAYS * DAY) is None
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", [SHOWN, NEXT])
def test_a_key_that_others_can_read_is_not_used(home: Home, name: str) -> None:
    near_its_end(home.path, 50)
    (home.path / SHOWN).chmod(0o600)
    bootstrap.client_certificate(home)
    (home.path / name).chmod(0o640)
    with pytest.raises(InvalidInput, match=name) as caught:
        bootstrap.client_certificate(home)
    assert caught.value.code is Code.HOME_INVALID


# ------------------------------------------------------------------------------------------------------------ commands


def test_homes_from_before_get_one_when_they_join_or_their_agent_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path) as served:
        settle(served)
        for party in PARTIES:
            (tmp_path / party / SHOWN).unlink()
            (tmp_path / party / PUBLIC).unlink()
        assert _code(["agent", "join", served.url, "--room-key", served.key, "--home", str(tmp_path / "clinic")]) == 0
        assert f"Made {PUBLIC}" in capsys.readouterr().out
        assert (tmp_path / "clinic" / PUBLIC).exists()
        with served.agents("insurer"):
            assert any(f"Made {PUBLIC}" in note for note in served.notes["insurer"])
        assert (tmp_path / "insurer" / SHOWN).exists()


def test_the_command_says_what_to_hand_to_the_operator_and_nothing_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "clinic"
    assert _code(["agent", "init", "clinic", str(home)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert as_browsers_show((home / PUBLIC).read_bytes()) in said
    secret = (home / SHOWN).read_text(encoding="ascii").split("-----BEGIN PRIVATE KEY-----")[1].split()
    assert not any(line in said for line in secret)
