"""Passkeys: registered in person, good for these pages alone, each signature once, and one answer to everything that is not good."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home.journal import Journal
from stillroom.adapters.home.passkeys import PASSKEYS, PasskeyBook
from stillroom.adapters.home.people import IDLE_SECONDS, PeopleBook, Person, Role
from stillroom.adapters.home.tokens import TokenBook
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.pages.access import scopes_of
from stillroom.pages.challenges import CHALLENGE_SECONDS, SPENT, Challenges
from stillroom.pages.house import House, Notes
from stillroom.pages.oidc import Reception
from stillroom.pages.passkeys import ANSWER_LIMIT
from stillroom.pages.runs import Runs
from tests.authenticators import NAMED, NUMBERED, PRESENT, VERIFIED, Browser, Device, bytes_of, text_of
from tests.housed import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from stillroom.adapters.home.people import People
    from tests.rooms import FakeClock

ADA = Person(name="Ada", role=Role.OFFICER)


@pytest.fixture
def pages(tmp_path: Path, clock: FakeClock, book: PeopleBook) -> House:
    """The pages of a home, without a room: passkeys need none."""
    notes = Notes(clock, print)
    return House(
        path=tmp_path,
        party="clinic",
        key="ed25519:" + "0" * 64,
        people=book,
        tokens=TokenBook(book, clock, SystemEntropy()),
        journal=Journal(tmp_path, clock),
        clock=clock,
        challenges=Challenges(clock, SystemEntropy()),
        runs=Runs(SystemEntropy()),
        notes=notes,
        reception=Reception(tmp_path, book, clock, SystemEntropy(), notes),
        authorities=frozenset({"localhost:8462", "127.0.0.1:8462", "[::1]:8462"}),
    )


def invited(pages: House, name: str = "Ada", role: Role = Role.OFFICER, at: str = NAMED) -> Browser:
    """Return a browser in which somebody has come in by a link."""
    browser = Browser(pages, at)
    assert browser.post(f"/enter/{pages.people.invite(name, role)}").status_code == 303
    return browser


@pytest.fixture
def ada(pages: House) -> Browser:
    return invited(pages)


@pytest.fixture
def device(ada: Browser) -> Device:
    """Ada's device, with a passkey that she has registered."""
    made = Device()
    assert ada.register(made).status_code == 303
    made.count += 1
    return made


def deeds(pages: House) -> list[str]:
    return [deed.what for deed in pages.journal.deeds()]


def outside(answer: httpx.Response) -> str:
    """See that somebody is not let in, and return what is said."""
    assert answer.status_code == 401
    assert Code.LOGIN_INVALID in answer.text
    assert "Set-Cookie" not in answer.headers
    return plain(answer.text)


def unfit(answer: httpx.Response) -> str:
    """See that a passkey is not registered, and return what is said."""
    assert answer.status_code == 422
    assert Code.REQUEST_INVALID in answer.text
    return plain(answer.text).split("REQUEST_INVALID")[-1]


def test_somebody_registers_a_passkey_and_comes_in_by_it(pages: House, ada: Browser) -> None:
    device, elsewhere = Device(), Browser(pages)
    options = ada.get("/passkeys/new", label="laptop")
    assert options.headers["Cache-Control"] == "no-store"
    asked = options.json()
    assert asked["rp"]["id"] == "localhost"
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"]["residentKey"] == asked["authenticatorSelection"]["userVerification"] == "required"
    assert ada.register(device).headers["Location"] == "/passkeys"
    assert "laptop" in ada.get("/passkeys").text
    device.count += 1
    assert elsewhere.challenge()["challenge"] != elsewhere.challenge()["challenge"]
    assert (elsewhere.challenge()["allowCredentials"], elsewhere.challenge()["userVerification"]) == ([], "required")
    answer = elsewhere.sign_in(device)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert all(word in answer.headers["Set-Cookie"].lower() for word in ("httponly", "samesite=strict", "path=/"))
    assert "Ada" in elsewhere.get("/tokens").text
    assert deeds(pages) == ["signed in by passkey laptop", "registered the passkey laptop", "signed in"]
    assert pages.people.all().passkeys[0].count == device.count
    assert ada.send("/passkeys/remove", label="laptop").headers["Location"] == "/passkeys"
    assert deeds(pages)[0] == "removed the passkey laptop"


def test_a_session_by_a_passkey_is_like_any_other(pages: House, device: Device, clock: FakeClock) -> None:
    browser = Browser(pages)
    browser.sign_in(device)
    visit = pages.people.all().visits[-1]
    assert (visit.name, visit.role, visit.began) == ("Ada", Role.OFFICER, clock.moment)
    assert browser.send("/leave").headers["Location"] == "/bye"
    outside(browser.get("/tokens"))
    device.count += 1
    browser.sign_in(device)
    clock.moment += IDLE_SECONDS
    outside(browser.get("/tokens"))


def altered(answer: dict[str, Any], part: str, change: Callable[[bytes], bytes]) -> dict[str, Any]:
    """Return an answer of which one part is another."""
    return {**answer, "response": {**answer["response"], part: text_of(change(bytes_of(answer["response"][part])))}}


def without(answer: dict[str, Any], part: str) -> dict[str, Any]:
    return {**answer, "response": {name: said for name, said in answer["response"].items() if name != part}}


OTHERWISE: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "http://localhost:9999"},
    "another scheme": {"origin": "https://localhost:8462"},
    "another of this machine's names": {"origin": NUMBERED},
    "another site": {"site": "example.org"},
    "a number for a site": {"site": "127.0.0.1"},
    "nobody verified": {"flags": PRESENT},
    "nobody there": {"flags": VERIFIED},
    "a frame of another site": {"crossed": True},
}
"""What a device or a browser says that is not so here."""

SIGNED_WRONG: dict[str, dict[str, Any]] = {
    **OTHERWISE,
    "another key": {"key": Device().key},
    "another credential": {"name": b"another"},
    "another handle": {"handle": text_of(b"0" * 32)},
    "no handle": {"handle": ""},
}


def test_what_a_device_signs_otherwise_lets_nobody_in(pages: House, device: Device) -> None:
    browser = Browser(pages)
    said = outside(browser.post("/passkeys/sign-in"))
    for wrong, how in SIGNED_WRONG.items():
        assert outside(browser.sign_in(replace(device, **how))) == said, wrong
    assert browser.sign_in(device).status_code == 303


def test_what_was_altered_after_signing_lets_nobody_in(pages: House, device: Device) -> None:
    browser = Browser(pages)
    answer = device.sign(browser.challenge())
    spoilt = [without(answer, "userHandle"), {**answer, "type": "password"}, {**answer, "id": "x"}]
    for part in ("signature", "authenticatorData", "clientDataJSON"):
        spoilt += [altered(answer, part, change) for change in (lambda data: data[:-1] + bytes([data[-1] ^ 1]), lambda data: data[:8])]
        spoilt.append(without(answer, part))
    for one in spoilt:
        outside(browser.post("/passkeys/sign-in", answer=json.dumps(one)))
    assert browser.post("/passkeys/sign-in", answer=json.dumps(answer)).status_code == 303


def test_what_no_device_says_lets_nobody_in(pages: House) -> None:
    browser = Browser(pages)
    for answer in ("", "{", "[]", "null", "é", "[" * ANSWER_LIMIT, '{"id": 1}', "x" * (ANSWER_LIMIT + 1)):
        outside(browser.post("/passkeys/sign-in", answer=answer))


def test_a_challenge_is_signed_once_and_in_time(pages: House, device: Device, clock: FakeClock) -> None:
    device.count = 0
    pages.people.change(lambda known: known.model_copy(update={"passkeys": (known.passkeys[0].model_copy(update={"count": 0}),)}))
    browser = Browser(pages)
    answer, kept = json.dumps(device.sign(browser.challenge())), browser.challenge()
    assert browser.post("/passkeys/sign-in", answer=answer).status_code == 303
    outside(Browser(pages).post("/passkeys/sign-in", answer=answer))
    clock.moment += CHALLENGE_SECONDS - 1
    in_time = json.dumps(device.sign(kept))
    assert browser.post("/passkeys/sign-in", answer=in_time).status_code == 303
    late = browser.challenge()
    clock.moment += CHALLENGE_SECONDS
    for options in (kept, late):
        outside(Browser(pages).post("/passkeys/sign-in", answer=json.dumps(device.sign(options))))


def test_a_challenge_is_for_what_it_was_made_for_and_by_whom(pages: House, ada: Browser, device: Device) -> None:
    registering = ada.get("/passkeys/new", label="phone").json()
    foreign = {"challenge": text_of(Challenges(pages.clock, SystemEntropy()).make())}
    made_up = {"challenge": text_of(b"0" * 72)}
    short = {"challenge": text_of(b"0" * 32)}
    for options in (registering, foreign, made_up, short):
        outside(Browser(pages).post("/passkeys/sign-in", answer=json.dumps(device.sign(options))))
    signing = {**registering, **ada.challenge()}
    unfit(ada.send("/passkeys", label="phone", answer=json.dumps(Device().make(signing))))


def test_a_counter_that_goes_back_shows_a_copy(pages: House, device: Device) -> None:
    browser = Browser(pages)
    device.count = 9
    assert browser.sign_in(device).status_code == 303
    for count in (9, 8, 0):
        outside(Browser(pages).sign_in(replace(device, count=count)))
    assert browser.sign_in(replace(device, count=10)).status_code == 303


def test_two_that_sign_at_once_are_one(pages: House, device: Device) -> None:
    book = PasskeyBook(pages.people)
    passkey = book.known(bytes_of(device.handle).hex())
    book.enter(passkey, 2)
    with pytest.raises(Refusal) as caught:
        book.enter(passkey, 2)
    assert caught.value.code is Code.LOGIN_INVALID


def test_who_is_sent_out_while_signing_in_is_not_in(pages: House, device: Device, tmp_path: Path, clock: FakeClock) -> None:
    class Interrupted(PeopleBook):
        """A book in which Ada is sent out as soon as anything was written."""

        def change(self, step: Callable[[People], People]) -> None:
            super().change(step)
            self.revoke("Ada")

    passkey = PasskeyBook(pages.people).known(bytes_of(device.handle).hex())
    with pytest.raises(Refusal) as caught:
        PasskeyBook(Interrupted(tmp_path, clock, SystemEntropy())).enter(passkey, 2)
    assert caught.value.code is Code.LOGIN_INVALID
    assert pages.people.all().held == ()


def test_who_is_sent_out_or_has_removed_it_comes_in_no_more(pages: House, ada: Browser, device: Device) -> None:
    other, browser = Device(), Browser(pages)
    ada.register(other, "phone")
    answer = json.dumps(device.sign(browser.challenge()))
    ada.send("/passkeys/remove", label="laptop")
    outside(browser.post("/passkeys/sign-in", answer=answer))
    other.count += 1
    answer = json.dumps(other.sign(browser.challenge()))
    assert pages.people.revoke("Ada") == 2
    outside(browser.post("/passkeys/sign-in", answer=answer))
    assert pages.people.all().held == ()


def test_a_person_with_a_passkey_keeps_the_role(pages: House, ada: Browser, device: Device) -> None:
    del device
    ada.send("/leave")
    for name in ("Ada", "ADA"):
        with pytest.raises(InvalidInput, match="has a passkey, or has an API token, as officer"):
            pages.people.invite(name, Role.ANALYST)
    pages.people.revoke("Ada")
    pages.people.invite("Ada", Role.ANALYST)


def test_what_a_device_says_otherwise_registers_nothing(pages: House, ada: Browser) -> None:
    said = unfit(ada.send("/passkeys", label="laptop", answer="x" * (ANSWER_LIMIT + 1)))
    for wrong, how in OTHERWISE.items():
        assert unfit(ada.register(replace(Device(), **how))) == said, wrong
    assert pages.people.all().passkeys == ()


def test_a_passkey_is_registered_in_the_session_that_asked_once_and_in_time(pages: House, ada: Browser, clock: FakeClock) -> None:
    options = ada.get("/passkeys/new", label="laptop").json()
    answer = json.dumps(Device().make(options))
    for other in (invited(pages), invited(pages, "Bo", Role.VIEWER)):
        unfit(other.send("/passkeys", label="laptop", answer=answer))
    late = json.dumps(Device().make(ada.get("/passkeys/new", label="laptop").json()))
    assert ada.send("/passkeys", label="laptop", answer=answer).status_code == 303
    unfit(ada.send("/passkeys", label="again", answer=json.dumps(Device().make(options))))
    clock.moment += CHALLENGE_SECONDS
    unfit(ada.send("/passkeys", label="late", answer=late))
    assert [one.label for one in pages.people.all().passkeys] == ["laptop"]


def test_who_is_sent_out_meanwhile_registers_nothing(pages: House, device: Device) -> None:
    book, people = PasskeyBook(pages.people), pages.people
    kept = book.known(bytes_of(device.handle).hex())
    ended, _ = people.enter(people.invite("Ada", Role.OFFICER))
    people.revoke("Ada")
    others, _ = people.enter(people.invite("Bo", Role.OFFICER))
    for session in (ended, others):
        with pytest.raises(Refusal) as caught:
            book.add(session, kept)
        assert caught.value.code is Code.LOGIN_INVALID
    assert people.all().passkeys == ()


def test_passkeys_have_names_of_their_own(ada: Browser) -> None:
    ada.register(Device(), "there")
    for label in ("", " ", "a" * 41, "<b>", "there"):
        answer = ada.get("/passkeys/new", label=label)
        assert answer.status_code == 422, label
        assert Code.USAGE in answer.text
        assert Code.USAGE in ada.send("/passkeys", label=label, answer="").text
    assert ada.send("/passkeys/remove", label="another").status_code == 422


def test_nobody_has_very_many_and_none_twice(pages: House, ada: Browser, device: Device) -> None:
    for number in range(PASSKEYS - 2):
        ada.register(Device(), str(number))
    assert {text_of(device.name)} < {one["id"] for one in ada.get("/passkeys/new", label="x").json()["excludeCredentials"]}
    bo = invited(pages, "Bo", Role.VIEWER)
    for browser in (ada, bo):
        assert "registered already" in browser.register(device, "again").text
    assert ada.register(Device(), "last").status_code == 303
    assert ada.get("/passkeys/new", label="more").status_code == 422
    assert bo.get("/passkeys/new", label="more").status_code == 200
    assert [one.name for one in PasskeyBook(pages.people).of(ADA)] == ["Ada"] * PASSKEYS


def test_an_api_token_registers_no_passkey(pages: House, ada: Browser, device: Device) -> None:
    token = pages.tokens.make(ADA, "script", 1, scopes_of(ADA.role))
    script = Browser(pages, Authorization=f"Bearer {token}")
    answer = json.dumps(Device().make(ada.get("/passkeys/new", label="more").json()))
    refused = [script.get("/passkeys"), script.get("/passkeys/new", label="more"), script.post("/passkeys", label="more", answer=answer)]
    refused.append(script.post("/passkeys/remove", label="laptop"))
    assert [(one.status_code, Code.NOT_ALLOWED in one.text) for one in refused] == [(403, True)] * 4
    assert [one.label for one in pages.people.all().passkeys] == ["laptop"]
    assert Browser(pages).sign_in(device).status_code == 303


def test_a_form_from_elsewhere_signs_nobody_in(pages: House, device: Device) -> None:
    answer = json.dumps(device.sign(Browser(pages).challenge()))
    for origin in ("https://example.org", "null"):
        assert Browser(pages, Origin=origin).post("/passkeys/sign-in", answer=answer).status_code == 400
    assert Browser(pages, **{"Origin": "null", "Sec-Fetch-Site": "same-origin"}).post("/passkeys/sign-in", answer=answer).status_code == 303


def test_an_address_that_is_a_number_has_no_passkeys_and_says_where_they_are(pages: House, device: Device) -> None:
    browser = invited(pages, at=NUMBERED)
    assert f'href="{NAMED}/passkeys"' in browser.get("/passkeys").text
    link = f"/enter/{pages.people.invite('Bo', Role.VIEWER)}"
    assert f'href="{NAMED}{link}"' in browser.get(link).text
    assert f'href="{NAMED}/"' in browser.get("/bye").text
    refused = [browser.get("/passkeys/new", label="x"), browser.send("/passkeys", label="x", answer="x"), browser.get("/passkeys/sign-in")]
    answer = json.dumps(replace(device, origin=NUMBERED, site="127.0.0.1").sign(Browser(pages).challenge()))
    refused.append(browser.post("/passkeys/sign-in", answer=answer))
    assert [(one.status_code, Code.REQUEST_INVALID in one.text, NAMED in one.text) for one in refused] == [(422, True, True)] * 4
    nameless = Browser(replace(pages, authorities=frozenset({"192.0.2.1"})), "http://192.0.2.1")
    assert "under a name" in nameless.get("/passkeys/sign-in").text


def test_over_tls_the_site_is_the_hosts_name(pages: House) -> None:
    secure = replace(pages, authorities=frozenset({"clinic.example"}), tls=True)
    browser, device = invited(secure, at="https://clinic.example"), Device(origin="https://clinic.example", site="clinic.example")
    assert browser.register(device).status_code == 303
    device.count += 1
    answer = Browser(secure, "https://clinic.example").sign_in(device)
    assert answer.headers["Set-Cookie"].startswith("__Host-stillroom-")
    outside(Browser(secure, "https://clinic.example").sign_in(replace(device, count=9, origin="http://clinic.example")))


def test_strangers_fill_nothing_and_keep_nobody_out(pages: House, device: Device, clock: FakeClock) -> None:
    clock.moment += CHALLENGE_SECONDS
    browser = Browser(pages)
    asked = browser.challenge()
    for _ in range(3 * SPENT):
        pages.challenges.make()
    for _ in range(3):
        outside(browser.post("/passkeys/sign-in", answer=json.dumps(replace(device, key=Device().key).sign(asked))))
    assert len(pages.challenges._spent) == 1
    assert browser.post("/passkeys/sign-in", answer=json.dumps(device.sign(asked))).status_code == 303
    assert [pages.challenges.spend(pages.challenges.make()) for _ in range(SPENT)] == [True] * (SPENT - 1) + [False]
    clock.moment += CHALLENGE_SECONDS
    assert pages.challenges.spend(pages.challenges.make())
    assert len(pages.challenges._spent) == 1


def test_pages_about_passkeys_have_nothing_inline(ada: Browser, device: Device, pages: House) -> None:
    del device
    for text in (ada.get("/passkeys").text, Browser(pages).get("/").text, ada.get("/bye").text):
        assert "data-passkey=" in text
        assert "<script src=" in text
        assert "onclick" not in text
        assert "style=" not in text


def test_the_home_keeps_no_handle(device: Device, tmp_path: Path) -> None:
    content = (tmp_path / "people.json").read_text(encoding="utf-8")
    assert device.handle not in content
    assert bytes_of(device.handle).hex() not in content
    assert text_of(device.name) in content
