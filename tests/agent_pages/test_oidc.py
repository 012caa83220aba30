"""Signing in by an identity provider: it says who, the home says whether; everything else is refused, in the same words."""

from __future__ import annotations

import base64
import dataclasses
import hmac
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home.admittance import admit
from stillroom.adapters.home.identity import Identity, Mark
from stillroom.adapters.home.identity_provider import FILE, IdentityProvider, forget_provider, keep_provider
from stillroom.adapters.home.people import Person, Role
from stillroom.adapters.identity.fetching import ANSWER_LIMIT, WHOLE_SECONDS, Fetcher, is_safe
from stillroom.adapters.identity.provider import Provider
from stillroom.errors import Code, InvalidInput, Refusal, StillroomError
from stillroom.pages.oidc import AT_ONCE, PENDING_SECONDS, RETURNED, Reception
from tests.identity import CLIENT, SECRET, sign
from tests.rooms import SetClock
from tests.strange_servers import answering

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillroom.adapters.home.people import PeopleBook
    from tests.identity import Idp
    from tests.rooms import FakeClock

BACK = "http://127.0.0.1:8462/oidc/callback"
ADA = Person(name="Ada", role=Role.ANALYST)


@dataclasses.dataclass
class Desk:
    """The pages' side, with Ada admitted by her subject, and what it has told the agent."""

    reception: Reception
    people: PeopleBook
    idp: Idp
    notes: list[str]

    def arrive(self, **brought: str) -> tuple[str, Person, str]:
        """Go the whole way."""
        door, kept = self.reception.begin(BACK)
        return self.reception.finish(BACK, kept, {**self.idp.brought(door), **brought})

    def refused(self, step: Callable[[], object] | None = None) -> str:
        """Be refused, and return what the agent was told; the browser is told what everybody is told."""
        before = len(self.people.all().visits)
        with pytest.raises(Refusal) as caught:
            (step or self.arrive)()
        assert str(caught.value).startswith("LOGIN_INVALID: You are not signed in, or this link is not good any more.")
        assert len(self.people.all().visits) == before
        (said,) = self.notes
        self.notes.clear()
        return said.removeprefix("pages: a sign-in has failed. ")


@pytest.fixture
def desk(tmp_path: Path, book: PeopleBook, clock: FakeClock, idp: Idp) -> Desk:
    idp.clock = clock
    keep_provider(tmp_path, IdentityProvider(issuer=idp.url, client_id=CLIENT, client_secret=SECRET))
    admit(book, "Ada", Role.ANALYST, Mark.of_subject(idp.url, idp.sub))
    notes: list[str] = []
    return Desk(Reception(tmp_path, book, clock, SystemEntropy(), notes.append), book, idp, notes)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256", "PS256"])
def test_whom_the_provider_knows_by_an_admitted_subject_comes_in(desk: Desk, algorithm: str) -> None:
    desk.idp.algorithm = algorithm
    session, person, host = desk.arrive()
    assert person == ADA == desk.people.person(session)
    assert host == desk.idp.url.removeprefix("http://")
    assert desk.notes == []


def test_whoever_has_an_admitted_address_comes_in_in_whatever_letters(desk: Desk) -> None:
    admit(desk.people, "Bo", Role.OFFICER, Mark.of_email(desk.idp.url, "Bo@Example.org"))
    desk.idp.sub, desk.idp.claims = "bo", {"email": "bo@EXAMPLE.org", "email_verified": True}
    assert desk.arrive()[1] == Person(name="Bo", role=Role.OFFICER)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "bo@example.org"},
        {"email": "bo@example.org", "email_verified": False},
        {"email": "bo@example.org", "email_verified": "true"},
        {"email": "bo@example.org", "email_verified": 1},
        {"email": "other@example.org", "email_verified": True},
        {"email": "bo@example.org.uk", "email_verified": True},
        {"email": "bo@e\N{KELVIN SIGN}.org", "email_verified": True},
        {"email": ["bo@example.org"], "email_verified": True},
        {"email_verified": True},
    ],
)
def test_an_address_that_is_not_verified_or_another_lets_nobody_in(desk: Desk, claims: dict[str, Any]) -> None:
    for address in ("bo@example.org", "bo@ek.org"):
        admit(desk.people, "Bo", Role.OFFICER, Mark.of_email(desk.idp.url, address))
    desk.idp.sub, desk.idp.claims = "bo", claims
    assert desk.refused() == "Nobody is admitted by what it says."


def test_nobody_comes_in_who_was_not_admitted_or_is_revoked(desk: Desk) -> None:
    session, _, _ = desk.arrive()
    assert desk.people.revoke("Ada") == 2
    with pytest.raises(Refusal):
        desk.people.person(session)
    assert desk.refused() == "Nobody is admitted by what it says."
    admit(desk.people, "Ada", Role.OFFICER, Mark.of_subject("https://other.example", desk.idp.sub))
    assert desk.refused() == "Nobody is admitted by what it says."


def test_who_would_be_two_people_is_neither(desk: Desk) -> None:
    admit(desk.people, "Bo", Role.OFFICER, Mark.of_email(desk.idp.url, "ada@example.org"))
    desk.idp.claims = {"email": "ada@example.org", "email_verified": True}
    assert desk.refused() == "Several people are admitted by what it says."


def test_one_person_has_one_role_and_one_mark_is_one_persons(desk: Desk) -> None:
    mark = Mark.of_subject(desk.idp.url, desk.idp.sub)
    with pytest.raises(InvalidInput, match="USAGE: Somebody is admitted"):
        admit(desk.people, "Bo", Role.OFFICER, mark)
    for name, role in (("Ada", Role.OFFICER), ("ADA", Role.ANALYST)):
        with pytest.raises(InvalidInput, match="USAGE: Ada is invited, admitted or"):
            admit(desk.people, name, role, Mark.of_subject(desk.idp.url, "another"))
    with pytest.raises(InvalidInput, match="as analyst"):
        desk.people.invite("Ada", Role.OFFICER)
    with pytest.raises(InvalidInput, match="USAGE: That is no name"):
        admit(desk.people, "<b>", Role.VIEWER, Mark.of_subject(desk.idp.url, "b"))
    admit(desk.people, "Ada", Role.ANALYST, mark)
    assert len(desk.people.all().admitted) == 1


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _parts(*parts: dict[str, Any]) -> str:
    return ".".join(_encoded(json.dumps(part).encode()) for part in parts)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"iss": "https://other.example"}, "InvalidClaimError (iss)"),
        ({"iss": None}, "MissingClaimError"),
        ({"aud": "another client"}, "InvalidClaimError (aud)"),
        ({"aud": None}, "MissingClaimError"),
        ({"aud": [CLIENT, "another client"]}, "MissingClaimError"),
        ({"aud": [CLIENT, "another client"], "azp": "another client"}, "InvalidClaimError (azp)"),
        ({"azp": "another client"}, "InvalidClaimError (azp)"),
        ({"nonce": "another"}, "InvalidClaimError (nonce)"),
        ({"nonce": None}, "MissingClaimError"),
        ({"exp": 1_000_000}, "ExpiredTokenError"),
        ({"exp": None}, "MissingClaimError"),
        ({"exp": "tomorrow"}, "InvalidClaimError (exp)"),
        ({"iat": 1_000_000}, "InvalidClaimError (iat)"),
        ({"iat": 10**11}, "InvalidClaimError (iat)"),
        ({"iat": None}, "MissingClaimError"),
        ({"nbf": 10**11}, "InvalidClaimError (nbf)"),
        ({"sub": ""}, "InvalidClaimError (sub)"),
        ({"sub": None}, "MissingClaimError"),
        ({"sub": 7}, "InvalidClaimError (sub)"),
        ({"sub": "a" * 256}, "InvalidClaimError (sub)"),
    ],
)
def test_a_token_that_says_otherwise_is_refused(desk: Desk, claims: dict[str, Any], said: str) -> None:
    desk.idp.claims = claims
    assert desk.refused() == f"The identity provider's token is not good: {said}."


def test_a_token_for_several_is_taken_if_it_was_made_for_these_pages(desk: Desk) -> None:
    desk.idp.claims = {"aud": ["another", CLIENT], "azp": CLIENT}
    assert desk.arrive()[1] == ADA


@pytest.mark.parametrize(
    ("forged", "said"),
    [
        ("unsigned", "UnsupportedAlgorithmError"),
        ("signed by the public key as a secret", "UnsupportedAlgorithmError"),
        ("of an algorithm that is not listed", "UnsupportedAlgorithmError"),
        ("signed by another key of that name", "BadSignatureError"),
        ("changed", "BadSignatureError"),
        ("no token", "DecodeError"),
        ("deep", "DecodeError"),
    ],
)
def test_a_token_that_the_provider_has_not_signed_so_is_refused(desk: Desk, forged: str, said: str) -> None:
    idp, names = desk.idp, {"kid": "RS256"}

    def made(claims: dict[str, Any]) -> str:
        match forged:
            case "unsigned":
                return f"{_parts({'alg': 'none', 'typ': 'JWT'}, claims)}."
            case "signed by the public key as a secret":
                shown = _parts({"alg": "HS256", **names}, claims)
                return f"{shown}.{_encoded(hmac.digest(idp.keys['RS256'].as_pem(private=False), shown.encode(), 'sha256'))}"  # type: ignore[union-attr]
            case "of an algorithm that is not listed":
                return sign({"alg": "RS512", **names}, claims, idp.keys["RS256"])
            case "signed by another key of that name":
                return sign({"alg": "ES256", "kid": "ES256"}, claims, ECKey.generate_key("P-256"))
            case "changed":
                head, _, signature = sign({"alg": "ES256", "kid": "ES256"}, claims, idp.keys["ES256"]).split(".")
                return f"{head}.{_parts({**claims, 'sub': 'bo'})}.{signature}"
            case "deep":
                return f"{_encoded(b'[' * 300)}.e30.e30"
        return "no token"

    idp.forge = made
    assert desk.refused() == f"The identity provider's token is not good: {said}."


def test_a_key_that_is_not_known_is_asked_for_once(desk: Desk) -> None:
    desk.arrive()
    desk.arrive()
    assert desk.idp.asked.count("/jwks") == 1
    desk.idp.algorithm = "EdDSA"
    desk.idp.published = ("EdDSA",)
    desk.idp.keys = {**desk.idp.keys, "EdDSA": desk.idp.keys["EdDSA"]}
    desk.arrive()
    assert desk.idp.asked.count("/jwks") == 1
    desk.idp.published = ("RS256",)
    desk.idp.forge = lambda claims: sign({"alg": "ES256", "kid": "new"}, claims, desk.idp.keys["ES256"])
    assert desk.refused() == "The token is signed by a key that is none of the identity provider's."
    assert desk.idp.asked.count("/jwks") == 2
    desk.idp.published = ("ES256",)
    desk.idp.forge = None
    desk.idp.algorithm = "ES256"
    assert desk.arrive()[1] == ADA
    assert desk.idp.asked.count("/jwks") == 3


def test_a_short_key_is_none(desk: Desk) -> None:
    with pytest.warns(match="2048"):
        short = RSAKey.generate_key(1024)
    desk.idp.keys = {**desk.idp.keys, "RS256": short}
    desk.idp.algorithm = "RS256"
    assert desk.refused() == "The token is signed by a key that is none of the identity provider's."


def test_a_token_that_names_no_key_is_of_the_only_one_that_fits(desk: Desk) -> None:
    desk.idp.forge = lambda claims: sign({"alg": "ES256"}, claims, desk.idp.keys["ES256"])
    assert desk.arrive()[1] == ADA


def test_what_was_begun_in_another_browser_is_not_finished_in_this_one(desk: Desk) -> None:
    door, kept = desk.reception.begin(BACK)
    other, others = desk.reception.begin(BACK)
    brought = desk.idp.brought(door)
    for kept_elsewhere, answer, said in (
        (others, brought, "It was begun in another browser."),
        (kept, {**brought, "state": ""}, "It was begun in another browser."),
        (kept, {"code": brought["code"]}, "It was begun in another browser."),
        (kept, {**brought, "state": "é"}, "It was begun in another browser."),
        ("", brought, "It was not begun in this browser."),
        (kept[:-8] + "AAAAAAA=", brought, "It was not begun in this browser."),
        ("é", brought, "It was not begun in this browser."),
    ):
        assert desk.refused(lambda kept=kept_elsewhere, answer=answer: desk.reception.finish(BACK, kept, answer)) == said  # type: ignore[misc]
    elsewhere = BACK.replace("127.0.0.1", "localhost")
    assert desk.refused(lambda: desk.reception.finish(elsewhere, kept, brought)) == "It was begun in another browser."
    assert desk.idp.asked.count("/token") == 0
    assert desk.reception.finish(BACK, kept, brought)[1] == ADA
    assert desk.reception.finish(BACK, others, desk.idp.brought(other))[1] == ADA


def test_another_process_takes_none_of_it(desk: Desk, tmp_path: Path, book: PeopleBook, clock: FakeClock) -> None:
    door, kept = desk.reception.begin(BACK)
    restarted = Reception(tmp_path, book, clock, SystemEntropy(), desk.notes.append)
    brought = desk.idp.brought(door)
    assert desk.refused(lambda: restarted.finish(BACK, kept, brought)) == "It was not begun in this browser."


def test_a_sign_in_comes_back_once_and_in_time(desk: Desk, clock: FakeClock) -> None:
    door, kept = desk.reception.begin(BACK)
    brought = desk.idp.brought(door)
    desk.reception.finish(BACK, kept, brought)
    assert desk.refused(lambda: desk.reception.finish(BACK, kept, brought)) == "It has come back before, or too many have."
    assert desk.idp.asked.count("/token") == 1
    door, kept = desk.reception.begin(BACK)
    brought = desk.idp.brought(door)
    clock.moment += PENDING_SECONDS
    assert desk.refused(lambda: desk.reception.finish(BACK, kept, brought)) == "It was begun too long ago."


@pytest.mark.parametrize("set_by", [-1e6, 1e6])
def test_a_clock_that_is_set_ends_no_sign_in_and_keeps_none_open(tmp_path: Path, book: PeopleBook, idp: Idp, set_by: float) -> None:
    clock, notes = SetClock(), list[str]()
    keep_provider(tmp_path, IdentityProvider(issuer=idp.url, client_id=CLIENT, client_secret=SECRET))
    reception = Reception(tmp_path, book, clock, SystemEntropy(), notes.append)
    _, kept = reception.begin(BACK)
    clock.moment += set_by
    assert reception._opened(kept).begun == 0
    clock.passed += PENDING_SECONDS
    with pytest.raises(StillroomError):
        reception._opened(kept)


def test_what_came_back_is_remembered_as_long_as_it_could_come_again_and_within_bounds(desk: Desk, clock: FakeClock) -> None:
    desk.reception._returned = {str(number): clock.moment for number in range(RETURNED)}
    assert desk.refused() == "It has come back before, or too many have."
    clock.moment += PENDING_SECONDS
    assert desk.arrive()[1] == ADA
    assert len(desk.reception._returned) == 1


def test_an_answer_of_another_provider_is_refused(desk: Desk) -> None:
    desk.idp.answered = {"iss": desk.idp.url}
    assert desk.arrive()[1] == ADA
    for issuer in ("https://other.example", "", desk.idp.url + "/"):
        desk.idp.answered = {"iss": issuer or " "}
        assert desk.refused() == "The answer is another identity provider's."
    desk.idp.asked.clear()
    assert desk.refused(lambda: desk.arrive(iss="https://other.example")) == "The answer is another identity provider's."
    assert "/token" not in desk.idp.asked


def test_a_provider_that_says_that_it_names_itself_has_to(desk: Desk) -> None:
    desk.idp.described = {"authorization_response_iss_parameter_supported": True}
    assert desk.refused() == "The answer is another identity provider's."
    desk.idp.answered = {"iss": desk.idp.url}
    assert desk.arrive()[1] == ADA


def test_another_provider_of_the_home_finishes_nothing_that_was_begun_with_the_first(desk: Desk, tmp_path: Path) -> None:
    door, kept = desk.reception.begin(BACK)
    brought = desk.idp.brought(door)
    keep_provider(tmp_path, IdentityProvider(issuer=desk.idp.url, client_id="another", client_secret=SECRET))
    assert desk.refused(lambda: desk.reception.finish(BACK, kept, brought)) == "The home has another identity provider since it was begun."
    assert desk.reception.host() == desk.idp.url.removeprefix("http://")
    assert forget_provider(tmp_path)
    assert not forget_provider(tmp_path)
    assert desk.refused() == "The home has no identity provider."
    assert desk.reception.host() is None
    (tmp_path / FILE).write_text("{", encoding="utf-8")
    assert desk.refused() == "The identity provider of this home cannot be read."
    assert desk.reception.host() is None


@pytest.mark.parametrize(
    ("brought", "said"),
    [
        ({"error": "access_denied"}, "The identity provider has let nobody in: access_denied."),
        ({"error": "<b>a word of somebody"}, "The identity provider has let nobody in."),
        ({"code": ""}, "The identity provider has let nobody in."),
        ({"code": "made up \0é&code="}, "The identity provider gives no token for its code: invalid_grant."),
    ],
)
def test_a_provider_that_refuses_is_repeated_in_words_of_the_standard_alone(desk: Desk, brought: dict[str, str], said: str) -> None:
    assert desk.refused(lambda: desk.arrive(**brought)) == said


def test_a_code_that_somebody_else_has_begun_gets_no_token(desk: Desk) -> None:
    """PKCE: a code that was stolen on its way is worth nothing without the verifier of the browser that began."""
    stolen = desk.idp.brought(desk.reception.begin(BACK)[0])["code"]
    assert desk.refused(lambda: desk.arrive(code=stolen)) == "The identity provider gives no token for its code: invalid_grant."


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b" " * (ANSWER_LIMIT + 1), f"its answer is larger than {ANSWER_LIMIT} bytes"),
        (b"[" * 100_000, "its answer is no JSON object"),
        (b"[]", "its answer is no JSON object"),
        (b"<html>", "its answer is no JSON object"),
    ],
)
def test_an_answer_that_is_too_large_or_none_is_not_read(desk: Desk, path: str, reply: bytes, said: str) -> None:
    desk.idp.replies[path] = reply
    host = desk.idp.url.removeprefix("http://")
    assert desk.refused() == f"The identity provider at {host} does not answer as it should: {said}."


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
def test_no_redirect_is_followed(desk: Desk, path: str) -> None:
    desk.idp.moved[path] = f"{desk.idp.url}/elsewhere"
    desk.idp.replies["/elsewhere"] = b"{}"
    assert "does not answer as it should" in desk.refused()
    assert "/elsewhere" not in desk.idp.asked


def test_a_compressed_answer_is_not_read(clock: FakeClock) -> None:
    with answering(b"", "Content-Encoding: gzip") as url, pytest.raises(StillroomError, match="compressed"):
        Fetcher(clock).get(url)


def test_no_proxy_of_the_environment_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert desk.arrive()[1] == ADA


def test_a_provider_that_is_away_is_told_to_the_agent(desk: Desk, tmp_path: Path) -> None:
    with_path = IdentityProvider(issuer=f"{desk.idp.url}/tenant", client_id="pages", client_secret=SECRET)
    keep_provider(tmp_path, with_path)
    assert desk.refused().endswith("it answers with status 404.")
    keep_provider(tmp_path, with_path.model_copy(update={"issuer": "http://127.0.0.1:1"}))
    assert desk.refused().endswith("ConnectError.")


class Ticking:
    """A clock that goes on whenever somebody looks at it."""

    moment = 0.0

    def now(self) -> float:
        """Return a later moment each time."""
        return self.steady()

    def steady(self) -> float:
        """Return a later moment each time."""
        self.moment += WHOLE_SECONDS / 2
        return self.moment

    def sleep_until(self, moment: float) -> None:
        """Be there."""
        self.moment = moment


def test_an_answer_that_takes_too_long_is_not_waited_for(idp: Idp) -> None:
    idp.replies["/jwks"] = b" " * ANSWER_LIMIT
    with pytest.raises(StillroomError, match="takes longer than 15 seconds"):
        Fetcher(Ticking()).get(f"{idp.url}/jwks")


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ({"issuer": "https://other.example"}, "calls itself another issuer"),
        ({"issuer": None}, "calls itself another issuer"),
        ({"token_endpoint": "http://192.0.2.1/token"}, "names no https address where one is needed"),
        ({"jwks_uri": None}, "names no https address where one is needed"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "names no https address where one is needed"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "takes no client secret"),
    ],
)
def test_a_provider_that_describes_itself_otherwise_is_not_gone_to(desk: Desk, described: dict[str, Any], said: str) -> None:
    desk.idp.described = described
    assert said in desk.refused()


@pytest.mark.parametrize(
    "issuer", ["http://idp.example", "http://192.0.2.1", "ftp://localhost", "localhost", "https://", "https://a.example?x=1"]
)
def test_an_issuer_is_https_or_this_machine(issuer: str, clock: FakeClock) -> None:
    with pytest.raises(InvalidInput) as caught:
        Provider(IdentityProvider(issuer=issuer, client_id="pages"), Fetcher(clock))
    assert caught.value.code is Code.CONFIGURATION_INVALID


@pytest.mark.parametrize("host", ["a..b", "xn--", "a" * 70])
def test_a_host_that_cannot_be_one_is_not_looked_for(host: str, clock: FakeClock) -> None:
    with pytest.raises(StillroomError) as caught:
        Provider(IdentityProvider(issuer=f"https://{host}", client_id="pages"), Fetcher(clock))
    assert caught.value.code is Code.SERVER_UNAVAILABLE


def test_https_leads_to_https_alone() -> None:
    assert is_safe("https://idp.example/keys?version=1", loopback=False)
    assert is_safe("http://127.0.0.1:80/keys", loopback=True)
    for url in ("http://127.0.0.1/keys", "https://user@idp.example", "https://idp.example#x", "https://[", "https://idp.example:x"):
        assert not is_safe(url, loopback=False)


def test_a_secret_that_is_posted_or_none_is_for_those_who_want_it_so(desk: Desk, tmp_path: Path) -> None:
    desk.idp.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert desk.arrive()[1] == ADA
    keep_provider(tmp_path, IdentityProvider(issuer=desk.idp.url, client_id=CLIENT))
    assert desk.refused() == "The identity provider gives no token for its code: invalid_client."
    desk.idp.secret = ""
    assert desk.arrive()[1] == ADA


def test_a_provider_that_does_not_answer_holds_a_few_threads_and_no_more(desk: Desk) -> None:
    for _ in range(AT_ONCE):
        desk.reception._asking.acquire()
    assert desk.refused() == f"{AT_ONCE} others are on their way, and the identity provider does not answer."
    for _ in range(AT_ONCE):
        desk.reception._asking.release()
    for _ in range(AT_ONCE + 1):
        desk.arrive()


def test_several_come_back_at_once_with_the_same_and_one_gets_in(desk: Desk) -> None:
    door, kept = desk.reception.begin(BACK)
    brought, came = desk.idp.brought(door), list[str]()

    def come() -> None:
        try:
            came.append(desk.reception.finish(BACK, kept, brought)[0])
        except Refusal:
            came.append("")

    threads = [threading.Thread(target=come) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, came)) == [False, False, True]


def test_the_secret_is_in_a_private_file_and_shown_nowhere(desk: Desk, tmp_path: Path) -> None:
    made = IdentityProvider(issuer=desk.idp.url, client_id="pages", client_secret=SECRET)
    keep_provider(tmp_path, made)
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    assert SECRET not in repr(made)
    assert SECRET not in str(made)


@pytest.mark.parametrize("given", ["", " ", "a b", "é", "a\nb"])
def test_a_mark_is_printed_ascii(given: str) -> None:
    for make in (Mark.of_subject, Mark.of_email):
        with pytest.raises(ValueError, match=r"^"):
            make("https://idp.example", given)
    for address in ("ada", "ada@", "@example.org", "a@b@c", "a" * 250 + "@b.org"):
        with pytest.raises(ValueError, match="a"):
            Mark.of_email("https://idp.example", address)


def test_a_mark_of_one_provider_fits_nobody_of_another() -> None:
    known = Identity(issuer="https://a.example", subject="ada", email="ada@example.org")
    assert Mark.of_subject("https://a.example", "ada").fits(known)
    assert not Mark.of_subject("https://b.example", "ada").fits(known)
    assert not Mark.of_email("https://b.example", "ada@example.org").fits(known)
    assert not Mark.of_subject("https://a.example", "Ada").fits(known)
