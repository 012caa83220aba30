"""What goes before every page: hosts, origins, sizes and headers; and what no page may have in it."""

from __future__ import annotations

import re
import shutil
import ssl
from contextlib import closing
from http.client import HTTPConnection
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest

from stillroom import bootstrap
from stillroom.adapters.home.identity_provider import IdentityProvider, forget_provider, keep_provider
from stillroom.adapters.home.people import Role
from stillroom.client.session import make_room
from stillroom.errors import Code, InvalidInput
from stillroom.pages.guard import BODY_LIMIT
from stillroom.pages.login import FIELD
from stillroom.pages.main import address_of, heard, paged, people_of
from tests.housed import token_of
from tests.identity import CLIENT, SECRET

if TYPE_CHECKING:
    from tests.housed import Housed
    from tests.identity import Idp

PAGES = ["/", "/contract", "/ask", "/questions", "/releases", "/budget", "/log", "/log/0", "/journal", "/nowhere"]
STATIC = Path(str(files("stillroom.pages"))) / "static"
TEMPLATES = sorted((STATIC.parent / "templates").glob("*.html"))
INLINE = re.compile(r"<script(?![^>]*\ssrc=\"/static/)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
ELSEWHERE = re.compile(r"(?:src|href|action|hx-\w+)=[\"'](?:\w+:)?//", re.IGNORECASE)


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "127.0.0.1:1", "localhost.example.org", "", "evil@127.0.0.1"])
def test_another_host_is_not_served(house: Housed, host: str) -> None:
    with house.client("insurer") as client:
        answer = client.get("/static/style.css", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.text.startswith(Code.REQUEST_INVALID)


def test_this_machine_has_several_names(house: Housed) -> None:
    port = house.urls["insurer"].rpartition(":")[2]
    with house.client("insurer") as client:
        for host in (f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}"):
            assert client.get("/static/style.css", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1"},
    ],
)
def test_a_form_from_elsewhere_is_not_taken(house: Housed, headers: dict[str, str]) -> None:
    with house.entered("insurer", "Ada", "officer") as client:
        token = token_of(client)
        answer = client.post("/leave", data={FIELD: token}, headers=headers)
        assert answer.status_code == 400
        assert client.get("/").status_code == 200


def test_a_form_of_these_pages_is_taken_also_where_the_browser_hides_its_origin(house: Housed) -> None:
    with house.entered("insurer", "Ada", "officer") as client:
        token = token_of(client)
        headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
        assert client.post("/leave", data={FIELD: token}, headers=headers).status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_its_token_is_not_taken(house: Housed, token: str) -> None:
    with house.entered("insurer", "Ada", "officer") as client:
        answer = client.post("/leave", data={FIELD: token})
        assert answer.status_code == 422
        assert Code.REQUEST_INVALID in answer.text


def test_large_and_endless_requests_are_not_read(house: Housed) -> None:
    url = house.urls["insurer"]
    for announced, status in (({"Content-Length": str(BODY_LIMIT + 1)}, 413), ({"Transfer-Encoding": "chunked"}, 400), ({}, 400)):
        with closing(HTTPConnection(url.removeprefix("http://"), timeout=30)) as connection:
            connection.putrequest("POST", "/leave")
            for name, value in {"Origin": url, **announced}.items():
                connection.putheader(name, value)
            connection.endheaders()
            assert connection.getresponse().status == status


@pytest.mark.parametrize("path", [*PAGES, "/static/style.css", "/static/none", "/bye"])
def test_every_answer_has_the_headers(house: Housed, path: str) -> None:
    with house.entered("insurer", "Ada", "officer") as client:
        answer = client.get(path)
    headers = answer.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == ("public, max-age=300" if path == "/static/style.css" else "no-store")
    assert "Server" not in headers


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_anything_inline_or_from_elsewhere(house: Housed, path: str) -> None:
    with house.entered("insurer", "Ada", "officer") as client:
        text = marks(client.get(path).text)
    assert INLINE.findall(text) == []
    assert ELSEWHERE.findall(text) == []


def marks(html: str) -> str:
    """Return the tags of a page, and what stands in scripts, without its text: a question may speak of what would be a script in a tag."""
    return "".join(re.findall(r"<script.*?</script>|<[^>]*>", html, re.DOTALL | re.IGNORECASE))


def test_what_would_be_inline_is_found_in_tags_and_not_in_text() -> None:
    for inline in ('<p onclick="x">', "<script>x</script>", "<b style='a'>", '<a href="javascript:x">', "<style>", "<img src=x onerror=x>"):
        assert INLINE.findall(marks(f"<p>one</p>{inline}two"))
    assert ELSEWHERE.findall(marks('<p><img src="https://example.org/x">'))
    assert INLINE.findall(marks("<p>&lt;img src=x onerror=alert(1)&gt; javascript: </p>")) == []


def test_no_template_marks_anything_as_safe() -> None:
    sources = [*TEMPLATES, *STATIC.parent.rglob("*.py")]
    assert len(TEMPLATES) > 10
    for source in sources:
        text = source.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape false|Markup\(|markupsafe|\|\s*tojson|innerHTML", text), source.name


def test_scripts_and_style_sheet_are_small() -> None:
    assert sum(file.stat().st_size for file in STATIC.glob("*.js")) <= 60_000
    assert (STATIC / "style.css").stat().st_size <= 20_000
    assert (STATIC / "htmx.LICENSE").is_file()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:x", ":80", "127.0.0.1:70000", "0.0.0.0:0", "192.0.2.1:80"])
def test_pages_without_tls_are_for_this_machine(house: Housed, address: str) -> None:
    with pytest.raises(InvalidInput) as caught, paged(house.room.folder / "insurer", address, heard(print)):
        pass
    assert caught.value.code is Code.USAGE


def test_links_need_pages_that_were_served(tmp_path: Path, house: Housed) -> None:
    assert address_of(house.room.folder / "insurer") == house.urls["insurer"]
    with pytest.raises(InvalidInput) as caught:
        address_of(tmp_path)
    assert caught.value.code is Code.HOME_INVALID


@pytest.mark.parametrize("spoilt", ["none", "empty", "another's"])
@pytest.mark.parametrize("which", [0, 1])
def test_files_for_tls_are_looked_at_before_anything_is_served(house: Housed, tmp_path: Path, spoilt: str, which: int) -> None:
    own, other = (tmp_path / name for name in ("room", "other"))
    for folder in (own, other):
        make_room(folder, "example.org/other")
    key, certificate = bootstrap.certificate(own, ["127.0.0.1"])
    bad = tmp_path / "bad.pem"
    if spoilt == "another's":
        bad = bootstrap.certificate(other, ["127.0.0.1"])[1 - which]
    elif spoilt == "empty":
        bad.touch()
    files = (bad, key) if which == 0 else (certificate, bad)
    home = house.room.folder / "clinic"
    with pytest.raises(InvalidInput) as caught, paged(home, "127.0.0.1:0", heard(print), files):
        pass
    assert caught.value.code is Code.CONFIGURATION_INVALID
    assert address_of(home) == house.urls["clinic"]


def test_the_address_is_there_while_pages_are_served(house: Housed, tmp_path: Path) -> None:
    home = tmp_path / "clinic"
    shutil.copytree(house.room.folder / "clinic", home, ignore=shutil.ignore_patterns("pages.url", "*.lock"))
    with paged(home, "127.0.0.1:0", heard(print)) as first:
        assert address_of(home) == first
        with paged(home, "127.0.0.1:0", heard(print)) as second:
            assert address_of(home) == second
        with pytest.raises(InvalidInput, match="not served"):
            address_of(home)
    with paged(home, "127.0.0.1:0", heard(print)):
        (home / "pages.url").write_text("http://127.0.0.1:1", encoding="utf-8")
    assert address_of(home) == "http://127.0.0.1:1"


def test_over_tls_the_cookies_are_for_tls_alone(house: Housed, idp: Idp) -> None:
    folder = house.room.folder
    key, certificate = bootstrap.certificate(folder / "room", ["127.0.0.1"])
    token = people_of(folder / "insurer").invite("Tess", Role.VIEWER)
    trusted = ssl.create_default_context(cadata=certificate.read_text(encoding="ascii"))
    with paged(folder / "insurer", "127.0.0.1:0", heard(print), (certificate, key)) as url:
        assert url.startswith("https://")
        with httpx.Client(base_url=url, headers={"Origin": url}, verify=trusted, timeout=60) as client:
            cookie = client.post(f"/enter/{token}").headers["Set-Cookie"]
            assert cookie.startswith("__Host-stillroom-")
            assert "; Secure" in cookie
            keep_provider(folder / "insurer", IdentityProvider(issuer=idp.url, client_id=CLIENT, client_secret=SECRET))
            sent = client.get("/oidc")
            forget_provider(folder / "insurer")
            assert sent.headers["Set-Cookie"].startswith("__Secure-stillroom-")
            assert "; Secure" in sent.headers["Set-Cookie"]
            assert f"redirect_uri={quote(url, safe='')}%2Foidc%2Fcallback" in sent.headers["Location"]
            assert client.get("/releases").status_code == 200
            assert client.post("/leave", headers={"Origin": url.replace("https", "http")}).status_code == 400
