"""People of two parties at their pages, in a real browser: what they come for, on a desk and on a phone, fit for everybody."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from stillroom.adapters.home.admittance import admit
from stillroom.adapters.home.identity import Mark
from stillroom.adapters.home.identity_provider import IdentityProvider, forget_provider, keep_provider
from stillroom.adapters.home.people import Role
from stillroom.pages.main import people_of
from stillroom.server.administration import confirm
from tests.agent_pages.conftest import ANSWERED, WAITING
from tests.authenticators import BuiltIn
from tests.housed import at, chromium, housed, seated
from tests.identity import CLIENT, SECRET
from tests.parties import document
from tests.services import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Route

    from tests.housed import Housed, Seat
    from tests.identity import Idp

NEEDED = "Chromium was not found. Install it (Debian: apt-get install chromium), or see docs/how-to/use-the-pages.md."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    assert path is not None, NEEDED
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"] if os.geteuid() == 0 else ["--disable-gpu"]
        )
        yield found
        found.close()


def write(seat: Seat, sql: str, amount: str = "1") -> None:
    """Fill the editor."""
    seat.go("/ask")
    seat.page.fill("#amount", amount)
    seat.page.fill("#sql", sql)


def test_somebody_comes_in_by_a_link_and_sees_the_room(browser: Browser, house: Housed) -> None:
    with seated(browser, house.urls["insurer"]) as seat:
        seat.page.goto(house.link("insurer", "Ada Lovelace", "viewer"))
        seat.check("enter")
        seat.press("Come in")
        expect(seat.page.get_by_role("heading", name="example.org/study")).to_be_visible()
        assert seat.page.get_by_role("link", name="Journal").count() == 0
        seat.check("room")


def test_somebody_comes_in_by_an_identity_provider_on_another_site(browser: Browser, house: Housed, idp: Idp) -> None:
    home = house.room.folder / "insurer"
    keep_provider(home, IdentityProvider(issuer=idp.url, client_id=CLIENT, client_secret=SECRET))
    admit(people_of(home), "Grace Hopper", Role.VIEWER, Mark.of_subject(idp.url, idp.sub))
    with seated(browser, house.urls["insurer"]) as seat:
        seat.go("/")
        seat.complaints.clear()
        seat.check("login-provider")
        seat.page.get_by_role("link", name="sign in by localhost").click()
        seat.press("Sign in at the provider")
        seat.page.wait_for_url(f"{seat.url}/")
        expect(seat.page.locator(".who")).to_contain_text("Grace Hopper viewer")
        expect(seat.page.get_by_role("heading", name="example.org/study")).to_be_visible()
        cookies = {one["name"]: one["sameSite"] for one in seat.page.context.cookies(f"{seat.url}/oidc/callback")}
        assert cookies == {next(iter(cookies)): "Strict"}
        assert [one for one in seat.complaints if idp.url not in one] == []
        assert people_of(home).revoke("Grace Hopper") == 2
    forget_provider(home)


def test_an_analyst_sees_the_price_while_writing(browser: Browser, house: Housed) -> None:
    with at(browser, house, "insurer", "analyst") as seat:
        seat.go("/ask")
        seat.page.locator("#sql").press_sequentially("SELECT sex, war")
        name = seat.page.get_by_role("button", name="ward", exact=True)
        name.focus()
        seat.page.keyboard.press("Enter")
        expect(seat.page.locator("#sql")).to_have_value("SELECT sex, ward")
        expect(seat.page.locator("#sql")).to_be_focused()
        seat.page.fill("#sql", ANSWERED)
        expect(seat.page.locator("#price .big")).to_have_text("ε = 1")
        seat.page.fill("#amount", "9")
        expect(seat.page.locator("#price .warn")).to_contain_text("asking would be refused")
        seat.page.fill("#amount", "1")
        expect(seat.page.locator("#price .warn")).to_have_count(0)
        seat.check("ask")


def test_a_refused_question_says_what_to_do(browser: Browser, house: Housed) -> None:
    with at(browser, house, "insurer", "analyst") as seat:
        write(seat, "SELECT cost FROM visits")
        expect(seat.page.locator("#price .refusal code")).to_have_text("NOT_GROUPED")
        seat.check("ask-refused")
        assert seat.page.locator("#price .fix").inner_text().startswith("What to do.")


def test_a_question_waits_is_approved_and_answered_and_what_comes_out_verifies(browser: Browser, house: Housed, tmp_path: Path) -> None:
    sql = "SELECT sex, AVG(cost) AS mean_cost FROM members JOIN visits ON id = pid GROUP BY sex"
    with at(browser, house, "insurer", "analyst") as asker:
        write(asker, sql)
        asker.press("Ask")
        expect(asker.page.get_by_role("heading", name="It waits for its owners")).to_be_visible()
        asker.check("run-waits")
        for party in ("clinic", "insurer"):
            with at(browser, house, party, "officer") as owner:
                owner.go("/questions")
                owner.page.get_by_role("listitem").filter(has_text="mean_cost").get_by_role("link").click()
                if party == "clinic":
                    owner.check("question")
                owner.press("Approve")
                expect(owner.page.locator(".tag.approved").filter(has_text=party)).to_be_visible()
        write(asker, sql)
        asker.press("Ask")
        asker.page.wait_for_url("**/releases/*")
        expect(asker.page.get_by_role("heading", name="mean_cost by sex")).to_be_visible()
        with asker.page.expect_download() as download:
            asker.page.get_by_role("link", name="CSV").click()
        download.value.save_as(tmp_path / "release.csv")
        assert (tmp_path / "release.csv").read_text(encoding="utf-8").startswith('"sex","mean_cost"')
        asker.press("Verify")
        expect(asker.page.locator(".verdict")).to_contain_text("Accepted. 12 of 12 steps passed.")
        asker.check("release-verified")


def test_an_officer_rejects_and_the_analyst_hears_it(browser: Browser, house: Housed) -> None:
    sql = "SELECT COUNT(*) AS dear FROM visits WHERE cost > 50"
    with at(browser, house, "insurer", "analyst") as asker, at(browser, house, "clinic", "officer") as owner:
        write(asker, sql)
        asker.press("Ask")
        expect(asker.page.get_by_role("heading", name="It waits for its owners")).to_be_visible()
        owner.go("/questions")
        owner.page.get_by_role("listitem").filter(has_text="dear").get_by_role("link").click()
        owner.press("Reject")
        expect(owner.page.locator(".tag.rejected")).to_have_text("clinic: rejected")
        owner.go("/journal")
        expect(owner.page.locator(".entries li").first).to_contain_text("rejected")
        owner.check("journal")
        write(asker, sql)
        asker.press("Ask")
        expect(asker.page.locator(".refusal code")).to_have_text("APPROVAL_REJECTED")
        asker.check("run-rejected")


def test_a_viewer_sees_a_question_and_cannot_decide(browser: Browser, house: Housed) -> None:
    with at(browser, house, "clinic", "viewer") as seat:
        seat.go("/questions")
        seat.check("questions")
        digest = house.room.session("insurer").price(WAITING, epsilon=1.0).plan_digest.removeprefix("sha256:")
        seat.go(f"/questions/{digest}")
        assert seat.page.get_by_role("button", name="Approve").count() == 0
        expect(seat.page.locator("main")).to_contain_text("An officer of clinic decides about this.")


def test_releases_budget_and_log_are_there_to_look_at(browser: Browser, house: Housed) -> None:
    with at(browser, house, "clinic", "viewer") as seat:
        seat.go("/releases")
        seat.check("releases")
        seat.go("/budget")
        expect(seat.page.locator("main")).to_contain_text("clinic/people, for life")
        seat.check("budget")
        seat.go("/log")
        seat.page.fill("#words", "visits")
        seat.page.select_option("#kind", "data_version")
        seat.press("Search")
        expect(seat.page.get_by_role("status")).to_contain_text("2 entries found")
        seat.check("log")
        seat.page.locator(".entries a").first.click()
        expect(seat.page.get_by_role("heading", name="Proof that it is in the log")).to_be_visible()
        seat.check("log-entry")


def test_a_release_can_be_read_in_the_dark_and_on_paper(browser: Browser, house: Housed) -> None:
    which = house.room.session("clinic").releases()[0].statement.commit_index
    with at(browser, house, "clinic", "viewer") as seat:
        seat.page.emulate_media(color_scheme="dark")
        for path in (f"/releases/{which}", "/", "/budget", "/contract"):
            seat.go(path)
            seat.check(f"dark{path.replace('/', '-')}")
        seat.go(f"/releases/{which}")
        seat.page.emulate_media(media="print", color_scheme="light")
        seat.shoot("release-print")
        assert not seat.page.get_by_role("navigation").is_visible()
        assert seat.page.locator("svg.bar").first.is_visible()


def test_the_browser_climbs_from_each_entry_to_the_root_itself(browser: Browser, house: Housed) -> None:
    with at(browser, house, "insurer", "viewer") as seat:
        verdict, size = seat.page.locator("[data-verdict]"), len(house.room.session("insurer").log())
        for index in (0, 1, size // 2, size - 1):
            seat.go(f"/log/{index}")
            expect(verdict).to_contain_text("it is the one that the signed head states")
        seat.check("log-entry")
        alter: dict[str, str] = {}

        def between(route: Route) -> None:
            text = route.fetch().text()
            ((before, after),) = alter.items()
            assert before in text
            route.fulfill(body=text.replace(before, after), content_type="text/html")

        seat.page.route("**/log/1", between)
        for before, after in (("data-leaf>{", "data-leaf>{ "), ('data-index="1"', 'data-index="0"'), ("data-beside>", "data-beside>00")):
            alter = {before: after}
            seat.go("/log/1")
            expect(verdict).to_contain_text("does not come to the root")


def test_it_all_works_without_scripts_and_without_a_mouse(browser: Browser, house: Housed) -> None:
    sql = "SELECT COUNT(*) AS cheap FROM visits WHERE cost < 5"
    with at(browser, house, "insurer", "analyst", scripts=False) as seat:
        seat.page.get_by_role("link", name="Ask").focus()
        seat.page.keyboard.press("Enter")
        seat.page.locator("#sql").focus()
        seat.page.keyboard.type(sql)
        seat.page.get_by_role("button", name="Show the price").focus()
        seat.page.keyboard.press("Enter")
        expect(seat.page.locator("#price .big")).to_have_text("ε = 1")
        seat.page.get_by_role("button", name="Ask", exact=True).focus()
        seat.page.keyboard.press("Enter")
        expect(seat.page.get_by_role("heading", name="It waits for its owners")).to_be_visible()
    with at(browser, house, "clinic", "officer", scripts=False) as owner:
        owner.go("/questions")
        owner.page.get_by_role("listitem").filter(has_text="cheap").get_by_role("link").focus()
        owner.page.keyboard.press("Enter")
        owner.press("Request changes")
        expect(owner.page.locator(".tag.changes_requested")).to_be_visible()


def test_sessions_end_when_one_signs_out_or_is_sent_out(browser: Browser, house: Housed) -> None:
    with at(browser, house, "insurer", "viewer") as seat:
        seat.press("Sign out")
        expect(seat.page.get_by_role("heading", name="You are signed out")).to_be_visible()
        seat.check("bye")
    with seated(browser, house.urls["insurer"]) as seat:
        seat.page.goto(house.link("insurer", "Mallory", "officer"))
        seat.press("Come in")
        seat.go("/budget")
        assert people_of(house.room.folder / "insurer").revoke("Mallory") == 1
        answer = seat.page.goto(house.urls["insurer"] + "/budget")
        assert answer is not None
        assert answer.status == 401
        expect(seat.page.locator(".refusal code")).to_have_text("LOGIN_INVALID")
        seat.complaints = [one for one in seat.complaints if "401" not in one]
        seat.check("login")


def test_somebody_makes_a_token_for_a_script_and_revokes_it(browser: Browser, house: Housed) -> None:
    with at(browser, house, "clinic", "viewer") as seat:
        seat.page.get_by_role("link", name="Tokens").click()
        seat.page.fill("#label", "weekly report")
        seat.page.get_by_label("read:").check()
        seat.press("Make a token")
        expect(seat.page.get_by_label("The header with the token")).to_contain_text("Authorization: Bearer stillroom_")
        expect(seat.page.locator(".plainlist")).to_contain_text("to read")
        seat.check("tokens")
        seat.press("Revoke weekly report")
        expect(seat.page.locator("main")).to_contain_text("You have none.")


def test_somebody_registers_a_passkey_comes_back_by_it_and_removes_it(browser: Browser, house: Housed) -> None:
    numbered = house.urls["insurer"]
    with seated(browser, numbered.replace("127.0.0.1", "localhost")) as seat:
        seat.go(house.link("insurer", "Ada Byron", "viewer").removeprefix(numbered))
        seat.press("Come in")
        machine = BuiltIn(seat.page)
        seat.page.get_by_role("link", name="Passkeys").click()
        seat.page.fill("#label", "laptop")
        seat.press("Register a passkey")
        expect(seat.page.get_by_role("button", name="Remove laptop")).to_be_visible()
        seat.check("passkeys")
        seat.page.fill("#label", "again")
        seat.press("Register a passkey")
        expect(seat.page.get_by_role("alert")).to_have_text("This device has a passkey of yours already.")
        seat.press("Sign out")
        seat.press("Sign in with a passkey")
        expect(seat.page.get_by_role("heading", name="example.org/study")).to_be_visible()
        machine.recognize(somebody=False)
        seat.press("Sign out")
        seat.press("Sign in with a passkey")
        expect(seat.page.get_by_role("alert")).to_have_text("There was no passkey. Try again, or come in by a link.")
        seat.check("bye-passkey")
        machine.recognize(somebody=True)
        seat.press("Sign in with a passkey")
        seat.page.get_by_role("link", name="Passkeys").click()
        seat.press("Remove laptop")
        expect(seat.page.locator("main")).to_contain_text("You have none.")


def test_a_home_joins_signs_and_watches_a_contract_come_into_force(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as room:
        keys = {name: room.join(name, confirmed=name == "insurer") for name in ("clinic", "insurer")}
    contract = tmp_path / "contract.json"
    with housed(tmp_path, "clinic", alone=True) as house, at(browser, house, "clinic", "officer") as seat:
        expect(seat.page.get_by_role("heading", name="The operator has not confirmed your key yet")).to_be_visible()
        seat.check("room-unconfirmed")
        confirm(tmp_path / "room", "clinic", keys["clinic"])
        seat.go("/")
        expect(seat.page.get_by_role("heading", name="No contract is in force yet")).to_be_visible()
        house.room.sign(document(keys), "insurer")
        seat.page.get_by_role("link", name="Look at a contract, and sign it").click()
        seat.page.set_input_files("#file", contract)
        seat.press("Look at it")
        seat.check("contract-review")
        seat.press("Sign as clinic")
        expect(seat.page.get_by_role("status")).to_contain_text("it is in force")
        amended = {**document(keys), "version": 2, "amends": house.room.session("clinic").contract_digest, "retention_days": 30}
        house.room.sign(amended, "insurer")
        seat.go("/contract")
        seat.page.set_input_files("#file", contract)
        seat.press("Look at it")
        expect(seat.page.locator(".changes")).to_contain_text("retention_days: 1 → 30")
        seat.press("Sign as clinic")
        seat.go("/contract")
        expect(seat.page.locator("main")).to_contain_text(re.compile("Version 2: \\d+ changes"))
        seat.check("contract")
