"""API tokens: made in person, shown once, good for some days, and for all but what is done in person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from stillroom.adapters.home.people import API_DAYS, API_TOKENS, DAY_SECONDS, Person, Role
from stillroom.errors import Code, InvalidInput, Refusal
from tests.agent_pages.conftest import WAITING
from tests.housed import made_token, scripted, sent, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillroom.adapters.home.people import PeopleBook
    from tests.housed import Housed
    from tests.rooms import FakeClock

ADA, BO = Person(name="Ada", role=Role.OFFICER), Person(name="Bo", role=Role.ANALYST)


def refused(book: PeopleBook, token: str) -> str:
    with pytest.raises(Refusal) as caught:
        book.script(token)
    assert caught.value.code is Code.LOGIN_INVALID
    return str(caught.value)


def test_a_token_is_its_persons_until_its_day_has_come(book: PeopleBook, clock: FakeClock) -> None:
    short, long = book.make_token(ADA, "short", 1), book.make_token(ADA, "long", API_DAYS)
    assert book.script(short) == (ADA, "short")
    clock.moment += DAY_SECONDS - 1
    assert book.script(short) == (ADA, "short")
    clock.moment += 1
    refused(book, short)
    assert book.script(long) == (ADA, "long")
    assert [one.label for one in book.tokens_of(ADA)] == ["long"]
    clock.moment += (API_DAYS - 1) * DAY_SECONDS
    assert refused(book, long) == refused(book, "") == refused(book, "0" * 64) == refused(book, "é")


def test_a_token_that_was_revoked_is_none_and_others_stay(book: PeopleBook) -> None:
    one, other, theirs = book.make_token(ADA, "one", 1), book.make_token(ADA, "other", 1), book.make_token(BO, "one", 1)
    book.revoke_token(ADA, "one")
    refused(book, one)
    assert book.script(other) == (ADA, "other")
    assert book.script(theirs) == (BO, "one")
    with pytest.raises(InvalidInput):
        book.revoke_token(ADA, "one")
    assert book.revoke("Ada") == 1
    refused(book, other)
    assert [one.name for one in book.all().tokens] == ["Bo"]


def test_a_token_is_no_session_and_no_link_and_they_are_no_tokens(book: PeopleBook) -> None:
    token, link = book.make_token(ADA, "one", 1), book.invite("Bo", Role.VIEWER)
    session, _ = book.enter(book.invite("Bo", Role.VIEWER))
    for given in (link, session):
        refused(book, given)
    for use in (book.person, book.enter, book.invited):
        with pytest.raises(Refusal):
            use(token)


@pytest.mark.parametrize(
    ("label", "days"),
    [("one", 0), ("one", -1), ("one", API_DAYS + 1), ("", 1), (" ", 1), ("a" * 41, 1), ("a\nb", 1), ("<b>", 1), ("there", 1)],
)
def test_tokens_have_names_of_their_own_and_an_end(book: PeopleBook, label: str, days: int) -> None:
    book.make_token(ADA, "there", 1)
    with pytest.raises(InvalidInput) as caught:
        book.make_token(ADA, label, days)
    assert caught.value.code is Code.USAGE
    assert [one.label for one in book.tokens_of(ADA)] == ["there"]


def test_nobody_has_very_many(book: PeopleBook) -> None:
    for number in range(API_TOKENS):
        book.make_token(ADA, str(number), 1)
    with pytest.raises(InvalidInput):
        book.make_token(ADA, "more", 1)
    book.make_token(BO, "more", 1)


def test_the_home_keeps_no_token_and_a_person_with_one_keeps_the_role(book: PeopleBook, tmp_path: Path) -> None:
    token = book.make_token(ADA, "one", 1)
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
        assert sent(analyst, "/tokens", label="more", days=days).status_code == 422
    with house.entered("insurer", "Ada", "officer") as officer:
        journal = officer.get("/journal").text
    assert "made the API token nightly for 90 days" in journal
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
    form = {"form_token": token_of(analyst), "label": "more", "days": "1"}
    for given in ("Bearer", "Bearer 0", "bearer x y"):
        assert analyst.get("/releases", headers={"Authorization": given}).status_code == 401
        assert analyst.post("/tokens", data=form, headers={"Authorization": given}).status_code == 401
    for given in ("Basic eA==", ""):
        assert analyst.get("/releases", headers={"Authorization": given}).status_code == 200
        assert analyst.post("/leave", headers={"Authorization": given}).status_code == 422


def test_a_token_makes_no_token(analyst: httpx.Client) -> None:
    with scripted(analyst, "mother") as script:
        answer = script.post("/tokens", data={"label": "daughter", "days": "1"})
    assert answer.status_code == 403
    assert Code.NOT_ALLOWED in answer.text
    assert "daughter" not in analyst.get("/tokens").text
