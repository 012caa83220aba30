"""The way to an identity provider and back, over the pages: cookies, what other sites can do, and the commands that name a provider."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from stillroom.adapters.home.admittance import admit
from stillroom.adapters.home.identity import Mark
from stillroom.adapters.home.identity_provider import IdentityProvider, forget_provider, keep_provider, provider_of
from stillroom.adapters.home.journal import Journal
from stillroom.adapters.home.people import FILE, Role
from stillroom.cli.main import _code
from stillroom.client.members import make_home
from stillroom.errors import Code
from stillroom.pages.main import heard, paged, people_of
from tests.housed import plain
from tests.identity import CLIENT, NOBODY, SECRET
from tests.rooms import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.identity import Idp

Told = tuple[int, Any]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oidc") / "clinic"
    make_home(folder, "clinic", epsilon=1, delta=1e-9)
    return folder


@pytest.fixture(scope="module")
def notes() -> list[str]:
    return []


@pytest.fixture(scope="module")
def url(home: Path, notes: list[str]) -> Iterator[str]:
    with paged(home, "127.0.0.1:0", heard(notes.append)) as found:
        yield found


@pytest.fixture
def browser(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, verify=NOBODY, timeout=60) as found:
        yield found


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Runs a command of the agent; returns its exit status, and the JSON that it prints."""

    def told(*arguments: str) -> Told:
        capsys.readouterr()
        code = _code(["agent", *arguments, "--home", str(home), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return told


@pytest.fixture
def named(idp: Idp, home: Path) -> Iterator[Idp]:
    """The home has named its provider, and admitted Ada."""
    keep_provider(home, IdentityProvider(issuer=idp.url, client_id=CLIENT, client_secret=SECRET))
    admit(people_of(home), "Ada", Role.VIEWER, Mark.of_subject(idp.url, idp.sub))
    yield idp
    forget_provider(home)
    (home / FILE).unlink()


def test_the_whole_way(named: Idp, browser: httpx.Client, home: Path) -> None:
    refused = browser.get("/tokens")
    assert refused.status_code == 401
    assert f'<a href="/oidc">sign in by {named.url.removeprefix("http://")}</a>' in refused.text
    sent = browser.get("/oidc")
    assert sent.status_code == 303
    asked = dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
    assert asked.keys() == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method"
    }  # fmt: skip
    assert asked["redirect_uri"] == f"{str(browser.base_url).rstrip('/')}/oidc/callback"
    cookie = sent.headers["Set-Cookie"]
    assert all(word in cookie for word in ("; HttpOnly", "; Max-Age=600", "; Path=/oidc/callback", "; SameSite=lax"))
    assert "Domain" not in cookie
    assert not any(asked[name] in cookie for name in ("state", "nonce"))
    back = browser.get("/oidc/callback", params=named.brought(sent.headers["Location"]))
    assert back.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/">' in back.text
    session, gone = back.headers.get_list("Set-Cookie")
    assert all(word in session for word in ("; HttpOnly", "; Path=/;", "; SameSite=strict"))
    assert all(word in gone for word in ("Max-Age=0", "Path=/oidc/callback"))
    assert "Ada viewer" in plain(browser.get("/tokens").text)
    (deed,) = Journal(home, FakeClock()).deeds()[:1]
    assert (deed.name, deed.what) == ("Ada", f"signed in by {named.url.removeprefix('http://')}")


def test_what_comes_back_is_good_in_its_browser_and_once(named: Idp, browser: httpx.Client, url: str, notes: list[str]) -> None:
    notes.clear()
    path = named.callback(browser)
    with httpx.Client(base_url=url, verify=NOBODY, timeout=60) as other:
        assert Code.LOGIN_INVALID in other.get(path).text
        named.callback(other)
        assert Code.LOGIN_INVALID in other.get(path).text
        assert other.get("/tokens").status_code == 401
    kept = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    assert browser.get(path).status_code == 200
    answers = [browser.get(path), browser.get(path, headers=kept), browser.get("/oidc/callback", params={"error": "access_denied"})]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert len({answer.text for answer in answers}) == 1
    assert [note.rpartition("failed. ")[2] for note in notes] == [
        "It was not begun in this browser.",
        "It was begun in another browser.",
        "It was not begun in this browser.",
        "It has come back before, or too many have.",
        "It was not begun in this browser.",
    ]


def test_what_stands_twice_is_nothing(named: Idp, browser: httpx.Client) -> None:
    path = named.callback(browser)
    for name in ("state", "code"):
        twice = dict(parse_qsl(urlsplit(path).query))[name]
        assert browser.get(f"{path}&{name}={twice}").status_code == 401


def test_it_leads_to_the_first_page_whatever_is_asked_for(named: Idp, browser: httpx.Client) -> None:
    sent = browser.get("/oidc", params={"next": "https://evil.example", "redirect_uri": "https://evil.example"})
    assert "evil" not in sent.headers["Location"]
    brought = {**named.brought(sent.headers["Location"]), "next": "https://evil.example"}
    back = browser.get("/oidc/callback", params=brought)
    assert back.status_code == 200
    assert "evil" not in back.text
    assert "Location" not in back.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something"])
def test_another_site_begins_nothing(named: Idp, browser: httpx.Client, site: str) -> None:
    del named
    answer = browser.get("/oidc", headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert browser.get("/oidc", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "evil@127.0.0.1"])
def test_the_provider_sends_nobody_to_another_host(named: Idp, browser: httpx.Client, host: str) -> None:
    del named
    assert browser.get("/oidc", headers={"Host": host}).status_code == 400


def test_without_a_provider_there_is_no_such_way(browser: httpx.Client) -> None:
    for path in ("/oidc", "/oidc/callback", "/tokens"):
        answer = browser.get(path)
        assert answer.status_code == 401
        assert "sign in by" not in answer.text


def test_who_is_admitted_is_listed_and_revoked_with_all_sessions(named: Idp, browser: httpx.Client, run: Callable[..., Told]) -> None:
    assert browser.get(named.callback(browser)).status_code == 200
    admitted = {"name": "Ada", "role": "viewer", "state": f"admitted by subject {named.sub} of {named.url}"}
    assert run("people")[1] == [{"name": "Ada", "role": "viewer", "state": "signed in"}, admitted]
    assert run("invite", "Ada", "--role", "officer")[0] == 2
    assert run("people", "--revoke", "Ada")[1] == {"name": "Ada", "ended": 2}
    assert browser.get("/tokens").status_code == 401
    assert browser.get(named.callback(browser)).status_code == 401


def test_the_commands_show_no_secret_and_end_what_they_began(
    idp: Idp, home: Path, url: str, run: Callable[..., Told], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shown, secret = {"issuer": idp.url, "client_id": CLIENT, "secret": True}, tmp_path / "secret"
    secret.write_text(f"{SECRET}\n", encoding="ascii")
    named = ("--issuer", idp.url, "--client-id", CLIENT, "--credentials", str(secret))
    assert run("oidc", "set", *named) == run("oidc", "show") == (0, shown)
    assert _code(["agent", "oidc", "show", "--home", str(home)]) == 0
    said = capsys.readouterr().out
    assert f"{url}/oidc/callback" in said
    assert SECRET not in said
    assert run("oidc", "remove")[1] == {"removed": True}
    assert run("oidc", "remove")[1] == {"removed": False}
    assert run("oidc", "show") == (0, None)
    assert SECRET not in "".join(file.read_text(encoding="utf-8") for file in home.glob("*.json*"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["admit", "Bo", "--role", "viewer"], 2, "USAGE"),
        (["admit", "Bo", "--role", "viewer", "--subject", "b", "--email", "b@example.org"], 2, "USAGE"),
        (["admit", "Bo", "--role", "viewer", "--email", "no address"], 2, "USAGE"),
        (["oidc", "set", "--issuer", "http://idp.example", "--client-id", "pages"], 2, "CONFIGURATION_INVALID"),
        (["oidc", "set", "--issuer", "a b", "--client-id", "pages"], 2, "USAGE"),
        (["oidc", "set", "--issuer", "http://localhost:1", "--client-id", "pages"], 5, "SERVER_UNAVAILABLE"),
        (["oidc", "set", "--issuer", "http://localhost:1", "--client-id", "pages", "--credentials", "none"], 2, "FILE_INVALID"),
    ],
)
def test_what_cannot_be_is_told(named: Idp, home: Path, run: Callable[..., Told], arguments: list[str], code: int, said: str) -> None:
    ended, wrong = run(*arguments)
    assert (ended, wrong["error"]["code"]) == (code, said)
    assert provider_of(home) == IdentityProvider(issuer=named.url, client_id=CLIENT, client_secret=SECRET)


def test_nobody_is_admitted_by_a_provider_that_there_is_not(home: Path, run: Callable[..., Told]) -> None:
    code, wrong = run("admit", "Bo", "--role", "viewer", "--subject", "b")
    assert (code, wrong["error"]["reason"]) == (2, "This home has no identity provider.")
    assert [one.name for one in people_of(home).all().admitted] == []


def test_an_address_is_admitted_in_small_letters(named: Idp, browser: httpx.Client, home: Path, run: Callable[..., Told]) -> None:
    assert run("admit", "Bo", "--role", "officer", "--email", "Bo@Example.org")[1] == {
        "name": "Bo", "role": "officer", "email": "bo@example.org"
    }  # fmt: skip
    named.sub, named.claims = "bo", {"email": "bo@example.org", "email_verified": True}
    assert "Welcome, Bo" in browser.get(named.callback(browser)).text
    assert people_of(home).all().visits[-1].role is Role.OFFICER
