"""Parties' pages beside their agents, with people who use them: over HTTP, and in a browser."""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from stillroom.adapters.home.people import Role
from stillroom.pages.login import FIELD
from stillroom.pages.main import heard, paged, people_of
from tests.parties import PARTIES
from tests.services import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fastapi import FastAPI
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

    from tests.services import Served

SHOTS = Path(__file__).parents[1] / "build" / "screenshots"
AXE = Path(__file__).parent / "agent_pages" / "axe.min.js"
HELD = re.compile(rf'name="{FIELD}" value="([0-9a-f]{{64}})"')
DESK, PHONE = {"width": 1180, "height": 860}, {"width": 360, "height": 740}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass
class Housed:
    """A room that is served, and the pages of its parties.

    Attributes:
        room: The room and its homes.
        urls: Where the pages of each party are.
    """

    room: Served
    urls: dict[str, str] = field(default_factory=dict)

    def link(self, party: str, name: str, role: str) -> str:
        """Invite somebody; return the link."""
        token = people_of(self.room.folder / party).invite(name, Role(role))
        return f"{self.urls[party]}/enter/{token}"

    def client(self, party: str) -> httpx.Client:
        """Return a browser without anybody signed in, as far as HTTP goes."""
        return httpx.Client(base_url=self.urls[party], headers={"Origin": self.urls[party]}, timeout=60)

    @contextmanager
    def entered(self, party: str, name: str, role: str) -> Iterator[httpx.Client]:
        """Sign somebody in, and out at the end."""
        with self.client(party) as client:
            answer = client.post(self.link(party, name, role))
            assert answer.status_code == 303, answer.text
            session = next(iter(client.cookies.values()))
            yield client
        people_of(self.room.folder / party).leave(session)


@contextmanager
def housed(folder: Path, *parties: str, alone: bool = False, around: Callable[[FastAPI], Any] | None = None) -> Iterator[Housed]:
    """Serve the room of a folder, and the pages of its parties; their agents run, too, unless the pages are to be alone."""
    with serving(folder, around=around) as room, ExitStack() as stack:
        stack.enter_context(room.agents(*(() if alone else parties)))
        found = Housed(room)
        for party in parties:
            notes = heard(room.notes.setdefault(party, []).append)
            found.urls[party] = stack.enter_context(paged(folder / party, "127.0.0.1:0", notes))
        yield found


def token_of(client: httpx.Client, path: str = "/log/x") -> str:
    """Return the token of the forms of a session, from any page (each has a form to sign out): the default one costs the room nothing."""
    match = HELD.search(client.get(path).text)
    assert match is not None
    return match.group(1)


def sent(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Send a form."""
    return client.post(path, data={FIELD: token_of(client), **fields})


def plain(html: str) -> str:
    """Return what a page says, without its marks and secrets."""
    return " ".join(re.sub(r"<[^>]*>", " ", HELD.sub("", html)).split())


def offered(client: httpx.Client) -> list[str]:
    """Return the scopes that somebody may choose for a token, as the page shows them."""
    return re.findall(r'name="scope" value="(\w+)"', client.get("/tokens").text)


def made_token(client: httpx.Client, label: str, days: str = "1", scopes: Sequence[str] | None = None) -> str:
    """Make an API token, with all scopes that there are to choose from if none are named, and return it."""
    chosen = offered(client) if scopes is None else scopes
    answer = client.post("/tokens", data={FIELD: token_of(client), "label": label, "days": days, "scope": list(chosen)})
    (token,) = re.findall(r"stillroom_[0-9a-f]{64}", answer.text)
    return str(token)


@contextmanager
def scripted(client: httpx.Client, label: str = "a script", scopes: Sequence[str] | None = None) -> Iterator[httpx.Client]:
    """Make an API token as somebody, and let a script of theirs come by it: without a cookie, and without an origin."""
    header = {"Authorization": f"Bearer {made_token(client, label, scopes=scopes)}"}
    with httpx.Client(base_url=client.base_url, headers=header, timeout=60) as script:
        yield script


@dataclass
class Seat:
    """Somebody in front of a browser.

    Attributes:
        page: What the browser shows.
        url: Where the pages are.
        complaints: What the browser has complained about.
    """

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page."""
        self.page.goto(self.url + path)

    def press(self, name: str) -> None:
        """Press a button, and wait for what comes of it."""
        self.page.get_by_role("button", name=name, exact=True).click()
        self.page.wait_for_load_state()

    def text(self) -> str:
        """Return what the page says."""
        return self.page.locator("body").inner_text()

    def check(self, name: str) -> None:
        """Keep pictures of the page, on a desk and on a phone, and see that it is fit for everybody."""
        self.shoot(name)
        self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a typed dictionary
        self.shoot(f"{name}-phone")
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], f"{name} is {wide} pixels wide on a phone"
        self._check_fit(name)
        self.page.set_viewport_size(DESK)  # type: ignore[arg-type]  # likewise

    def shoot(self, name: str) -> None:
        """Keep a picture of the page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    def _check_fit(self, name: str) -> None:
        """See that axe finds nothing, and the browser has not complained."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found["violations"]] == [], name
        assert self.complaints == [], name


def chromium() -> str | None:
    """Return the browser of this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def seated(browser: Browser, url: str, *, scripts: bool = True) -> Iterator[Seat]:
    """Sit somebody down in front of a fresh browser."""
    context: BrowserContext = browser.new_context(java_script_enabled=scripts, viewport=DESK, reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    seat = Seat(context.new_page(), url)

    def heard_from(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            seat.complaints.append(message.text)

    seat.page.on("console", heard_from)
    seat.page.on("pageerror", lambda error: seat.complaints.append(str(error)))
    seat.page.on("request", lambda asked: None if asked.url.startswith(url) else seat.complaints.append(f"asks {asked.url}"))
    try:
        yield seat
    finally:
        context.close()


@contextmanager
def at(browser: Browser, house: Housed, party: str, role: str, *, scripts: bool = True) -> Iterator[Seat]:
    """Sit somebody down who has come in by a link."""
    with seated(browser, house.urls[party], scripts=scripts) as seat:
        seat.page.goto(house.link(party, f"{role.title()} of {party}", role))
        seat.press("Come in")
        yield seat


BOTH = PARTIES
"""The parties whose pages are served in most tests."""
