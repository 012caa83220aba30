"""Every route × everybody who may come, from the running application: whoever is not named here is kept out."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.home.admittance import admit
from stillroom.adapters.home.identity import Mark
from stillroom.adapters.home.identity_provider import IdentityProvider, forget_provider, keep_provider
from stillroom.adapters.home.people import Role, Scope
from stillroom.errors import Code
from stillroom.pages.access import ALLOWED, PUBLIC, Action, may, not_allowed, permit, scope_allows
from stillroom.pages.app import actions, make_app
from stillroom.pages.login import FIELD
from stillroom.pages.main import people_of
from tests.agent_pages.conftest import WAITING
from tests.housed import HELD, offered, scripted, token_of
from tests.identity import CLIENT, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import httpx

    from tests.housed import Housed
    from tests.identity import Idp

EVERYBODY = {"nobody", "officer", "analyst", "viewer"}
PEOPLE = EVERYBODY - {"nobody"}

EXPECTED: dict[tuple[str, str], set[str]] = {
    ("GET", "/static/{name}"): EVERYBODY,
    ("GET", "/enter/{token}"): EVERYBODY,
    ("POST", "/enter/{token}"): EVERYBODY,
    ("GET", "/bye"): EVERYBODY,
    ("GET", "/oidc"): EVERYBODY,
    ("GET", "/oidc/callback"): EVERYBODY,
    ("POST", "/leave"): PEOPLE,
    ("GET", "/"): PEOPLE,
    ("GET", "/contract"): PEOPLE,
    ("POST", "/contract/review"): {"officer"},
    ("POST", "/contract/sign"): {"officer"},
    ("GET", "/ask"): {"officer", "analyst"},
    ("POST", "/ask/price"): {"officer", "analyst"},
    ("POST", "/ask/names"): {"officer", "analyst"},
    ("POST", "/ask"): {"analyst"},
    ("GET", "/runs/{name}"): {"analyst"},
    ("GET", "/runs/{name}/events"): {"analyst"},
    ("GET", "/questions"): PEOPLE,
    ("GET", "/questions/{digest}"): PEOPLE,
    ("POST", "/questions/{digest}"): {"officer"},
    ("GET", "/releases"): PEOPLE,
    ("GET", "/releases/{which}"): PEOPLE,
    ("POST", "/releases/{which}/verify"): PEOPLE,
    ("GET", "/releases/{which}/files/{kind}"): PEOPLE,
    ("GET", "/releases/{which}/proof"): PEOPLE,
    ("GET", "/budget"): PEOPLE,
    ("GET", "/log"): PEOPLE,
    ("GET", "/log/{index}"): PEOPLE,
    ("GET", "/journal"): {"officer"},
    ("GET", "/tokens"): PEOPLE,
    ("POST", "/tokens"): PEOPLE,
    ("POST", "/tokens/revoke"): PEOPLE,
    ("GET", "/passkeys"): PEOPLE,
    ("GET", "/passkeys/new"): PEOPLE,
    ("POST", "/passkeys"): PEOPLE,
    ("POST", "/passkeys/remove"): PEOPLE,
    ("GET", "/passkeys/sign-in"): EVERYBODY,
    ("POST", "/passkeys/sign-in"): EVERYBODY,
    ("POST", "/pause"): {"officer"},
}
"""Each route, and who gets past the door."""

NO_SCRIPT = {
    ("POST", "/leave"),
    ("POST", "/contract/review"),
    ("POST", "/contract/sign"),
    ("GET", "/tokens"),
    ("POST", "/tokens"),
    ("POST", "/tokens/revoke"),
    ("GET", "/passkeys"),
    ("GET", "/passkeys/new"),
    ("POST", "/passkeys"),
    ("POST", "/passkeys/remove"),
}
"""Routes that nobody gets past by an API token."""

SCOPED: dict[tuple[str, str], set[str]] = {
    ("GET", "/"): {"read"},
    ("GET", "/contract"): {"read"},
    ("GET", "/ask"): {"price", "ask"},
    ("POST", "/ask/price"): {"price", "ask"},
    ("POST", "/ask/names"): {"price", "ask"},
    ("POST", "/ask"): {"ask"},
    ("GET", "/runs/{name}"): {"ask"},
    ("GET", "/runs/{name}/events"): {"ask"},
    ("GET", "/questions"): {"read", "decide"},
    ("GET", "/questions/{digest}"): {"read", "decide"},
    ("POST", "/questions/{digest}"): {"decide"},
    ("GET", "/releases"): {"read"},
    ("GET", "/releases/{which}"): {"read"},
    ("POST", "/releases/{which}/verify"): {"read"},
    ("GET", "/releases/{which}/files/{kind}"): {"read"},
    ("GET", "/releases/{which}/proof"): {"read"},
    ("GET", "/budget"): {"read"},
    ("GET", "/log"): {"read"},
    ("GET", "/log/{index}"): {"read"},
    ("GET", "/journal"): {"journal"},
    ("POST", "/pause"): {"pause"},
}
"""Each route that a script may come to, and the scopes one of which its token has to have."""

CHANGING = {"/leave", "/enter/{token}", "/oidc/callback"}
"""Routes after which somebody is another person, or nobody."""


@pytest.fixture(scope="module")
def places(house: Housed) -> dict[str, str]:
    """What stands for the parts of paths that vary: things that are there."""
    with house.entered("insurer", "Matrix analyst", "analyst") as client:
        form = {FIELD: token_of(client), "sql": "SELECT COUNT(*) FROM visits", "by": "epsilon", "amount": "0.01"}
        run = client.post("/ask", data={**form, "dialect": "duckdb"}).headers["Location"].removeprefix("/runs/")
    asker = house.room.session("insurer")
    digest = asker.price(WAITING, epsilon=1.0).plan_digest.removeprefix("sha256:")
    which = str(asker.releases()[0].statement.commit_index)
    return {"{name}/events": f"{run}/events", "{name}": run, "{digest}": digest, "{which}": which, "{kind}": "csv", "{index}": "0"}


@pytest.fixture(scope="module")
def provider(house: Housed, running_idp: Idp) -> Iterator[Idp]:
    """The identity provider of the insurer, by which a guest may come in."""
    home, idp = house.room.folder / "insurer", running_idp.renewed()
    keep_provider(home, IdentityProvider(issuer=idp.url, client_id=CLIENT, client_secret=SECRET))
    admit(people_of(home), "Guest of the provider", Role.VIEWER, Mark.of_subject(idp.url, idp.sub))
    yield idp
    people_of(home).revoke("Guest of the provider")
    forget_provider(home)


@pytest.fixture(scope="module")
def callers(house: Housed) -> Iterator[dict[str, httpx.Client]]:
    """Everybody, signed in; the analyst is the one who has asked."""
    with ExitStack() as stack:
        found = {role: stack.enter_context(house.entered("insurer", f"Matrix {role}", role)) for role in PEOPLE}
        yield {**found, "nobody": stack.enter_context(house.client("insurer"))}


@pytest.fixture(scope="module")
def scripts(callers: dict[str, httpx.Client]) -> Iterator[dict[str, httpx.Client]]:
    """A script of each of them, with an API token and nothing else."""
    with ExitStack() as stack:
        yield {role: stack.enter_context(scripted(callers[role])) for role in PEOPLE}


def test_the_table_of_this_test_is_about_every_route_that_there_is(house: Housed) -> None:
    del house
    app = make_app(None)  # type: ignore[arg-type]  # its routes, without anything to serve
    assert set(actions(app)) == set(EXPECTED)


def test_the_table_of_the_pages_is_the_one_of_this_test() -> None:
    """A run is its asker's own besides: here it is seen that nobody else's role gets that far."""
    found = actions(make_app(None))  # type: ignore[arg-type]  # likewise
    for route, allowed in EXPECTED.items():
        assert {role for role in Role if may(role, found[route])} == allowed - {"nobody"}, route
        assert (found[route] in PUBLIC) == ("nobody" in allowed), route


@pytest.mark.parametrize("who", sorted(EVERYBODY))
@pytest.mark.parametrize("route", sorted(EXPECTED), ids=" ".join)
def test_only_who_is_named_gets_past_the_door(
    house: Housed, callers: dict[str, httpx.Client], places: dict[str, str], provider: Idp, route: tuple[str, str], who: str
) -> None:
    method, path = route
    with ExitStack() as stack:
        client = stack.enter_context(_fresh(house, who)) if path in CHANGING else callers[who]
        form = _form(client, method, who)
        where = provider.callback(client) if path == "/oidc/callback" else _filled(path, places, house)
        answer = client.request(method, where, data=form)
    allowed = who in EXPECTED[route]
    assert outside(answer) == (who == "nobody" and not allowed)
    assert kept_out(answer) == (who != "nobody" and not allowed)
    assert answer.status_code < 500


@pytest.mark.parametrize("route", sorted(EXPECTED), ids=" ".join)
def test_a_script_gets_as_far_as_its_person_but_not_where_somebody_has_to_be_there(
    house: Housed, scripts: dict[str, httpx.Client], places: dict[str, str], provider: Idp, route: tuple[str, str]
) -> None:
    method, path = route
    for who, client in scripts.items():
        where = provider.callback(client) if path == "/oidc/callback" else _filled(path, places, house)
        answer = client.request(method, where, data={} if method == "GET" else {"label": "another", "days": "1"})
        assert not outside(answer), who
        assert kept_out(answer) == (who not in EXPECTED[route] or route in NO_SCRIPT), who
        assert answer.status_code < 500, who


@pytest.fixture(scope="module")
def narrow(callers: dict[str, httpx.Client]) -> Iterator[dict[tuple[str, str], httpx.Client]]:
    """A script of each of them for each scope that there is for them, with a token of that scope alone."""
    with ExitStack() as stack:
        yield {
            (role, scope): stack.enter_context(scripted(callers[role], f"only {scope}", [scope]))
            for role in sorted(PEOPLE)
            for scope in offered(callers[role])
        }


def test_every_route_is_public_or_of_some_scopes_or_for_people_alone() -> None:
    public = {route for route, allowed in EXPECTED.items() if "nobody" in allowed}
    parts = (public, set(SCOPED), NO_SCRIPT)
    assert set().union(*parts) == set(EXPECTED)
    assert sum(map(len, parts)) == len(EXPECTED)


def test_the_table_of_scopes_is_the_one_of_this_test_and_no_scope_is_left_out() -> None:
    found = actions(make_app(None))  # type: ignore[arg-type]  # its routes, without anything to serve
    for route in EXPECTED:
        assert {str(scope) for scope in Scope if scope_allows([scope], found[route])} == SCOPED.get(route, set()), route
    assert set().union(*SCOPED.values()) == set(map(str, Scope))
    assert not [scope for scope in Scope if scope_allows([scope], "anything else")]  # type: ignore[arg-type]


@pytest.mark.parametrize("route", sorted(EXPECTED), ids=" ".join)
def test_a_script_gets_as_far_as_its_person_and_its_tokens_scope(
    house: Housed, narrow: dict[tuple[str, str], httpx.Client], places: dict[str, str], provider: Idp, route: tuple[str, str]
) -> None:
    method, path = route
    for (who, scope), client in narrow.items():
        where = provider.callback(client) if path == "/oidc/callback" else _filled(path, places, house)
        answer = client.request(method, where, data={} if method == "GET" else {"label": "another", "days": "1", "scope": "read"})
        allowed = "nobody" in EXPECTED[route] or (who in EXPECTED[route] and scope in SCOPED.get(route, set()))
        assert not outside(answer), (who, scope)
        assert kept_out(answer) == (not allowed), (who, scope)
        assert answer.status_code < 500, (who, scope)


def outside(answer: httpx.Response) -> bool:
    return answer.status_code == 401 and Code.LOGIN_INVALID in answer.text


def kept_out(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and Code.NOT_ALLOWED in answer.text


def _fresh(house: Housed, who: str) -> AbstractContextManager[httpx.Client]:
    """Return somebody with a session that nobody else has."""
    return house.client("insurer") if who == "nobody" else house.entered("insurer", f"Matrix {who}", who)


def _filled(path: str, places: dict[str, str], house: Housed) -> str:
    """Return a path with things that are there in it."""
    path = path.replace("/static/{name}", "/static/style.css").replace("{token}", house.link("insurer", "Guest", "viewer")[-64:])
    for part, found in places.items():
        path = path.replace(part, found)
    return path


def _form(client: httpx.Client, method: str, who: str) -> dict[str, str]:
    """Return the least that a form of a session has."""
    return {} if method == "GET" else {FIELD: "0" * 64 if who == "nobody" else token_of(client)}


def test_what_is_not_there_is_answered_like_what_is_not_allowed(callers: dict[str, httpx.Client]) -> None:
    viewer = callers["viewer"]
    said = {HELD.sub("", viewer.get(path).text) for path in ("/nowhere", "/runs", "/journal", "/runs/" + "0" * 32)}
    assert len({text.split("<main")[1] for text in said}) == 1


def test_a_run_is_its_askers_own(house: Housed, places: dict[str, str]) -> None:
    with house.entered("insurer", "Somebody else", "analyst") as other:
        assert other.get(f"/runs/{places['{name}']}").status_code == 403
        assert other.get(f"/runs/{places['{name}']}/events").status_code == 403


def test_every_action_stands_in_the_table_and_what_does_not_is_denied() -> None:
    assert set(ALLOWED) == set(Action)
    assert {Action.SEE_LOOKS, Action.SIGN_IN} == PUBLIC
    assert not may(Role.OFFICER, "anything else")  # type: ignore[arg-type]
    with pytest.raises(type(not_allowed()), match=Code.NOT_ALLOWED):
        permit(Role.VIEWER, Action.DECIDE)
