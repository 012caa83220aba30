"""Coming in: links that are good once, sessions that end, and one answer to everything that is not good."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.home.journal import Journal
from stillroom.adapters.home.people import IDLE_SECONDS, INVITATION_SECONDS, SESSION_SECONDS, Person, Role
from stillroom.errors import Code, InvalidInput, Refusal
from tests.housed import sent, token_of

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.home.people import PeopleBook
    from tests.housed import Housed
    from tests.rooms import FakeClock


def refused(book: PeopleBook, token: str) -> str:
    with pytest.raises(Refusal) as caught:
        book.enter(token)
    assert caught.value.code is Code.LOGIN_INVALID
    return str(caught.value)


def test_a_link_lets_its_person_in_once(book: PeopleBook) -> None:
    token = book.invite("Ada", Role.OFFICER)
    assert len(bytes.fromhex(token)) == 32
    assert book.invited(token) == book.invited(token) == Person(name="Ada", role=Role.OFFICER)
    session, person = book.enter(token)
    assert book.person(session) == person == Person(name="Ada", role=Role.OFFICER)
    refused(book, token)


def test_all_that_is_wrong_is_answered_in_the_same_words(book: PeopleBook, clock: FakeClock) -> None:
    used, late = book.invite("Ada", Role.OFFICER), book.invite("Bo", Role.VIEWER)
    session, _ = book.enter(used)
    clock.moment += INVITATION_SECONDS
    said = {refused(book, token) for token in (used, late, session, "0" * 64, "", "é")}
    with pytest.raises(Refusal) as caught:
        book.person("0" * 64)
    assert said == {str(caught.value)}


def test_a_session_ends_after_half_an_hour_of_rest(book: PeopleBook, clock: FakeClock) -> None:
    session, _ = book.enter(book.invite("Ada", Role.ANALYST))
    for _ in range(4):
        clock.moment += IDLE_SECONDS - 1
        book.person(session)
    clock.moment += IDLE_SECONDS
    with pytest.raises(Refusal):
        book.person(session)


def test_a_session_ends_after_twelve_hours_whatever_happens(book: PeopleBook, clock: FakeClock) -> None:
    session, _ = book.enter(book.invite("Ada", Role.ANALYST))
    for _ in range(SESSION_SECONDS // 1000):
        clock.moment += 1000
        book.person(session)
    clock.moment += 1000
    with pytest.raises(Refusal):
        book.person(session)


def test_leaving_ends_one_session_and_revoking_ends_all(book: PeopleBook) -> None:
    first, second = (book.enter(book.invite("Ada", Role.ANALYST))[0] for _ in range(2))
    other, _ = book.enter(book.invite("Bo", Role.VIEWER))
    waiting = book.invite("Ada", Role.ANALYST)
    book.leave(first)
    with pytest.raises(Refusal):
        book.person(first)
    assert book.person(second).name == "Ada"
    assert book.revoke("Ada") == 2
    for ended in (second, waiting):
        with pytest.raises(Refusal):
            book.person(ended)
    refused(book, waiting)
    assert book.person(other).name == "Bo"
    with pytest.raises(InvalidInput) as caught:
        book.revoke("Ada")
    assert caught.value.code is Code.USAGE


def test_one_person_has_one_role_until_it_is_revoked_or_over(book: PeopleBook, clock: FakeClock) -> None:
    book.invite("Ada", Role.ANALYST)
    session, _ = book.enter(book.invite("Ada", Role.ANALYST))
    for name, role in (("Ada", Role.OFFICER), ("Ada", Role.VIEWER), ("ADA", Role.ANALYST)):
        with pytest.raises(InvalidInput, match=r"as analyst") as caught:
            book.invite(name, role)
        assert caught.value.code is Code.USAGE
        assert '--revoke "Ada"' in caught.value.fix
    assert book.person(session).role is Role.ANALYST
    book.invite("Bo", Role.OFFICER)
    book.revoke("Ada")
    officer, person = book.enter(book.invite("Ada", Role.OFFICER))
    assert person.role is Role.OFFICER
    with pytest.raises(InvalidInput):
        book.invite("Ada", Role.ANALYST)
    book.leave(officer)
    book.invite("Ada", Role.ANALYST)
    clock.moment += INVITATION_SECONDS
    assert book.enter(book.invite("Ada", Role.VIEWER))[1].role is Role.VIEWER


def test_the_home_keeps_no_token(book: PeopleBook, tmp_path: Path) -> None:
    link = book.invite("Ada", Role.OFFICER)
    session, _ = book.enter(book.invite("Bo", Role.VIEWER))
    for file in tmp_path.iterdir():
        content = file.read_text(encoding="utf-8")
        assert not any(token[start : start + 16] in content for token in (link, session) for start in range(0, 64, 16))
        assert file.stat().st_mode & 0o077 == 0


def test_a_name_is_a_name_and_a_damaged_file_lets_nobody_in(book: PeopleBook, tmp_path: Path) -> None:
    for name in ("", " ", "a" * 65, "a\nb", "<b>"):
        with pytest.raises(InvalidInput):
            book.invite(name, Role.VIEWER)
    session, _ = book.enter(book.invite("Ada Lovelace", Role.VIEWER))
    (tmp_path / "people.json").write_text("{", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        book.person(session)
    assert caught.value.code is Code.HOME_INVALID


def test_the_journal_only_grows(tmp_path: Path, clock: FakeClock) -> None:
    journal, ada = Journal(tmp_path, clock), Person(name="Ada", role=Role.OFFICER)
    assert journal.deeds() == ()
    for what in ("approved", "rejected"):
        journal.note(ada, what, "sha256:1")
    assert [(deed.name, deed.what, deed.about, deed.at) for deed in journal.deeds()] == [
        ("Ada", what, "sha256:1", clock.moment) for what in ("rejected", "approved")
    ]
    (tmp_path / "journal.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(InvalidInput):
        journal.deeds()


def test_looking_at_a_link_does_not_use_it_up_and_the_cookie_is_for_these_pages_alone(house: Housed) -> None:
    link = house.link("insurer", "Eve", "viewer")
    with house.client("insurer") as client:
        assert "Eve" in client.get(link).text
        assert "Eve" in client.get(link).text
        cookie = client.post(link).headers["Set-Cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
        assert "domain" not in cookie
        assert "expires" not in cookie
        assert client.get("/").status_code == 200
        assert client.post(link).status_code == 401


def test_homes_have_cookies_of_their_own(house: Housed) -> None:
    with house.entered("insurer", "Ada", "viewer") as one, house.entered("clinic", "Ada", "viewer") as other:
        assert set(one.cookies) & set(other.cookies) == set()
        stolen = next(iter(one.cookies.values()))
        with house.client("clinic") as client:
            client.cookies.set(next(iter(other.cookies)), stolen)
            assert client.get("/").status_code == 401


def test_a_session_that_somebody_made_up_is_none(house: Housed) -> None:
    with house.entered("insurer", "Ada", "viewer") as known, house.client("insurer") as client:
        name = next(iter(known.cookies))
        for made_up in ("", "0" * 64, "x" * 5000):
            answer = client.get("/", headers={"Cookie": f"{name}={made_up}"})
            assert answer.status_code == 401
            assert Code.LOGIN_INVALID in answer.text


def test_signing_out_ends_the_session_at_the_agent_too(house: Housed) -> None:
    with house.entered("insurer", "Ada", "viewer") as client:
        kept = dict(client.cookies)
        assert sent(client, "/leave").headers["Location"] == "/bye"
        assert client.get("/").status_code == 401
        for name, value in kept.items():
            assert client.get("/", headers={"Cookie": f"{name}={value}"}).status_code == 401


def test_each_session_has_forms_of_its_own(house: Housed) -> None:
    with house.entered("insurer", "Ada", "officer") as one, house.entered("insurer", "Ada", "officer") as other:
        tokens = [token_of(client, path) for client, path in itertools.product((one, other), ("/", "/contract"))]
        assert len(set(tokens)) == 2
        answer = other.post("/leave", data={"form_token": tokens[0]})
        assert answer.status_code == 422
        assert Code.REQUEST_INVALID in answer.text
        assert other.get("/").status_code == 200
