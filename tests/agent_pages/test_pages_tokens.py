"""API tokens: made in person, shown once, good for some days, and for what their scopes say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home.people import Person, Role, Scope
from stillroom.adapters.home.tokens import API_DAYS, API_TOKENS, DAY_SECONDS, Script, TokenBook
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.pages.access import Action, scope_allows
from tests.agent_pages.conftest import WAITING
from tests.housed import made_token, offered, scripted, sent, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillroom.adapters.home.people import PeopleBook
    from tests.housed import Housed
    from tests.rooms import FakeClock

ADA, BO = Person(name="Ada", role=Role.OFFICER), Person(name="Bo", role=Role.ANALYST)


BOTH_SCOPES = (Scope.READ, Scope.PRICE)


@pytest.fixture
def tokens(book: PeopleBook, clock: FakeClock) -> TokenBook:
    return TokenBook(book, clock, SystemEntropy())


def came(person: Person, label: str) -> Script:
    return Script(person, label, frozenset(BOTH_SCOPES))


def refused(tokens: TokenBook, token: str) -> str:
    with pytest.raises(Refusal) as caught:
        tokens.script(token)
    assert caught.value.code is Code.LOGIN_INVALID
    return str(caught.value)


def test_a_token_is_its_persons_until_its_day_has_come(tokens: TokenBook, clock: FakeClock) -> None:
    short, long = tokens.make(ADA, "short", 1, BOTH_SCOPES), tokens.make(ADA, "long", API_DAYS, BOTH_SCOPES)
    assert tokens.script(short) == came(ADA, "short")
    clock.moment += DAY_SECONDS - 1
    assert tokens.script(short) == came(ADA, "short")
    clock.moment += 1
    refused(tokens, short)
    assert tokens.script(long) == came(ADA, "long")
    assert [one.label for one in tokens.of(ADA)] == ["long"]
    clock.moment += (API_DAYS - 1) * DAY_SECONDS
    assert refused(tokens, long) == refused(tokens, "") == refused(tokens, "0" * 64) == refused(tokens, "é")


def test_a_token_that_was_revoked_is_none_and_others_stay(book: PeopleBook, tokens: TokenBook) -> None:
    one, other, theirs = (tokens.make(who, label, 1, BOTH_SCOPES) for who, label in ((ADA, "one"), (ADA, "other"), (BO, "one")))
    tokens.revoke(ADA, "one")
    refused(tokens, one)
    assert tokens.script(other) == came(ADA, "other")
    assert tokens.script(theirs) == came(BO, "one")
    with pytest.raises(InvalidInput):
        tokens.revoke(ADA, "one")
    assert book.revoke("Ada") == 1
    refused(tokens, other)
    assert [one.name for one in book.all().tokens] == ["Bo"]


def test_a_token_is_no_session_and_no_link_and_they_are_no_tokens(book: PeopleBook, tokens: TokenBook) -> None:
    token, link = tokens.make(ADA, "one", 1, BOTH_SCOPES), book.invite("Bo", Role.VIEWER)
    session, _ = book.enter(book.invite("Bo", Role.VIEWER))
    for given in (link, session):
        refused(tokens, given)
    for use in (book.person, book.enter, book.invited):
        with pytest.raises(Refusal):
            use(token)


@pytest.mark.parametrize(
    ("label", "days"),
    [("one", 0), ("one", -1), ("one", API_DAYS + 1), ("", 1), (" ", 1), ("a" * 41, 1), ("a\nb", 1), ("<b>", 1), ("there", 1)],
)
def test_tokens_have_names_of_their_own_and_an_end(tokens: TokenBook, label: str, days: int) -> None:
    tokens.make(ADA, "there", 1, BOTH_SCOPES)
    with pytest.raises(InvalidInput) as caught:
        tokens.make(ADA, label, days, BOTH_SCOPES)
    assert caught.value.code is Code.USAGE
    assert [one.label for one in tokens.of(ADA)] == ["there"]


def test_nobody_has_very_many(tokens: TokenBook) -> None:
    for number in range(API_TOKENS):
        tokens.make(ADA, str(number), 1, BOTH_SCOPES)
    with pytest.raises(InvalidInput):
        tokens.make(ADA, "more", 1, BOTH_SCOPES)
    tokens.make(BO, "more", 1, BOTH_SCOPES)


def test_the_home_keeps_no_token_and_a_person_with_one_keeps_the_role(book: PeopleBook, tokens: TokenBook, tmp_path: Path) -> None:
    token = tokens.make(ADA, "one", 1, BOTH_SCOPES)
    content = (tmp_path / "people.json").read_text(encoding="utf-8")
    assert not any(token[start : start + 16] in content for start in range(10, len(token), 16))
    with pytest.raises(InvalidInput, match="has an API token, as officer"):
        book.invite("Ada", Role.ANALYST)


@pytest.fixture(scope="module")
def analyst(house: Housed) -> Iterator[httpx.Client]:
    with house.entered("insurer", "Tom", "analyst") as client:
        yield client


def test_a_token_is_shown_once_listed_revoked_and_all_of_it_is_in_the_journal(house: Housed, analyst: httpx.Client) -> None:
    token = made_token(analyst, "nightly", "90")
    listed = analyst.get("/tokens").text
    assert "nightly" in listed
    assert token not in listed
    header = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{house.urls['insurer']}/releases", headers=header).status_code == 200
    assert sent(analyst, "/tokens/revoke", label="nightly").headers["Location"] == "/tokens"
    assert "nightly" not in analyst.get("/tokens").text
    assert httpx.get(f"{house.urls['insurer']}/releases", headers=header).status_code == 401
    assert sent(analyst, "/tokens/revoke", label="nightly").status_code == 422
    for days in ("91", "0", "", "-1", "x", "9" * 30, "²"):
        assert sent(analyst, "/tokens", label="more", days=days, scope="read").status_code == 422
    with house.entered("insurer", "Ada", "officer") as officer:
        journal = officer.get("/journal").text
    assert "made the API token nightly for 90 days, with the scopes read, price, ask" in journal
    assert "revoked the API token nightly" in journal


def test_a_script_asks_for_a_price_and_asks_without_a_form_of_the_pages(house: Housed, analyst: httpx.Client) -> None:
    form = {"sql": WAITING, "by": "epsilon", "amount": "1", "dialect": "duckdb"}
    with scripted(analyst, "asks") as script:
        assert "ε = 1" in script.post("/ask/price", data=form, headers={"HX-Request": "true"}).text
        run = script.post("/ask", data=form).headers["Location"]
        assert script.get(run).status_code == 200
        assert analyst.get(run).status_code == 200
        assert "Set-Cookie" not in script.get("/").headers
    with house.entered("insurer", "Ada", "officer") as officer:
        assert "asked, by the API token asks" in officer.get("/journal").text


def test_a_request_from_a_page_is_none_of_a_script(house: Housed, analyst: httpx.Client) -> None:
    with scripted(analyst, "browsed") as script:
        for origin in ("https://example.org", "null"):
            assert script.post("/ask/price", headers={"Origin": origin}).status_code == 400
        assert script.get("/releases", headers={"Host": "example.org"}).status_code == 400
        twice = [("Authorization", script.headers["Authorization"])] * 2
        assert httpx.post(f"{house.urls['insurer']}/ask/price", headers=twice).status_code == 400


def test_a_token_that_is_none_is_not_helped_by_a_session_nor_a_session_by_it(analyst: httpx.Client) -> None:
    form = {"form_token": token_of(analyst), "label": "more", "days": "1", "scope": "read"}
    for given in ("Bearer", "Bearer 0", "bearer x y"):
        assert analyst.get("/releases", headers={"Authorization": given}).status_code == 401
        assert analyst.post("/tokens", data=form, headers={"Authorization": given}).status_code == 401
    for given in ("Basic eA==", ""):
        assert analyst.get("/releases", headers={"Authorization": given}).status_code == 200
        assert analyst.post("/leave", headers={"Authorization": given}).status_code == 422


def test_a_token_makes_no_token(analyst: httpx.Client) -> None:
    with scripted(analyst, "mother") as script:
        answer = script.post("/tokens", data={"label": "daughter", "days": "1", "scope": "read"})
    assert answer.status_code == 403
    assert Code.NOT_ALLOWED in answer.text
    assert "daughter" not in analyst.get("/tokens").text


def test_what_a_token_is_good_for_is_kept_with_it_in_the_order_of_the_list(tokens: TokenBook) -> None:
    token = tokens.make(ADA, "one", 1, [Scope.DECIDE, Scope.READ])
    assert tokens.script(token).scopes == {Scope.READ, Scope.DECIDE}
    assert [one.scopes for one in tokens.of(ADA)] == [(Scope.READ, Scope.DECIDE)]


def test_a_token_without_a_scope_is_not_made(tokens: TokenBook) -> None:
    with pytest.raises(InvalidInput, match="without a scope"):
        tokens.make(ADA, "one", 1, ())
    assert tokens.of(ADA) == ()


def test_a_token_from_before_there_were_scopes_comes_in_for_nothing(tokens: TokenBook, tmp_path: Path) -> None:
    token, file = tokens.make(ADA, "old", 1, BOTH_SCOPES), tmp_path / "people.json"
    kept = json.loads(file.read_bytes())
    del kept["tokens"][0]["scopes"]
    file.write_text(json.dumps(kept), encoding="utf-8")
    assert tokens.script(token) == Script(ADA, "old", frozenset())
    assert not [action for action in Action if scope_allows(tokens.script(token).scopes, action)]


def test_a_home_that_names_a_scope_that_is_none_lets_nobody_in(tokens: TokenBook, tmp_path: Path) -> None:
    token, file = tokens.make(ADA, "one", 1, BOTH_SCOPES), tmp_path / "people.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"price"', '"everything"'), encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        tokens.script(token)
    assert caught.value.code is Code.HOME_INVALID


@pytest.mark.parametrize("chosen", [[], [""], ["everything"], ["read", "everything"], ["READ"], ["read "], ["read", "decide"], ["journal"]])
def test_a_token_has_no_scope_that_is_none_or_that_its_persons_role_cannot_use(analyst: httpx.Client, chosen: list[str]) -> None:
    form = {"form_token": token_of(analyst), "label": "wide", "days": "1", "scope": chosen}
    answer = analyst.post("/tokens", data=form)
    assert answer.status_code == 422
    assert Code.USAGE in answer.text
    assert "wide" not in analyst.get("/tokens").text


def test_each_role_is_offered_the_scopes_that_it_can_use_and_none_is_chosen_already(house: Housed) -> None:
    for role, scopes in {
        "officer": ["read", "price", "decide", "pause", "journal"],
        "analyst": ["read", "price", "ask"],
        "viewer": ["read"],
    }.items():
        with house.entered("insurer", f"Chooser {role}", role) as client:
            assert offered(client) == scopes
            assert " checked>" not in client.get("/tokens").text


def test_a_script_widens_no_scope_by_anything_that_it_sends(analyst: httpx.Client) -> None:
    form = {"sql": WAITING, "by": "epsilon", "amount": "1", "dialect": "duckdb", "scope": "ask", "scopes": "ask"}
    with scripted(analyst, "narrow", ["read"]) as script:
        for method, path in (("POST", "/ask"), ("POST", "/ask/price"), ("GET", "/ask")):
            answer = script.request(method, f"{path}?scope=ask&scopes=ask", data=form, headers={"Scope": "ask", "X-Scopes": "ask"})
            assert (answer.status_code, Code.NOT_ALLOWED in answer.text) == (403, True)
        assert script.get("/releases").status_code == 200


def test_a_scripts_page_leaves_out_what_its_token_is_not_for(analyst: httpx.Client) -> None:
    with scripted(analyst, "looks", ["read"]) as narrow, scripted(analyst, "asks too", ["read", "ask"]) as wide:
        assert 'href="/ask"' not in narrow.get("/").text
        assert 'href="/ask"' in wide.get("/").text


def test_scopes_stand_on_the_page_and_in_the_journal(house: Housed, analyst: httpx.Client) -> None:
    made_token(analyst, "stands", scopes=["read", "price"])
    assert "to read, price" in analyst.get("/tokens").text
    with house.entered("insurer", "Ada", "officer") as officer:
        assert "API token stands, to read, price" in officer.get("/journal").text
