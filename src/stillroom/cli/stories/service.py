"""Insurer and hospital again: one server and two agents, three processes with a home each, over real HTTP."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from stillroom.cli.stories.processes import processes
from stillroom.cli.stories.stage import admit, agree, terms_of, verification

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.cli.stories.processes import Processes, Started
    from stillroom.cli.stories.story import Story
    from stillroom.client.session import Session

PARTIES = ("insureco", "healthco")
QUESTION = """
SELECT arm, gender, COUNT(*) AS patients, AVG(cd4_week20 - cd4_start) AS gain
FROM members JOIN trial ON members.member_id = trial.person_id GROUP BY arm, gender
"""


def tell(base: Path, story: Story, *, keep_open: bool = False) -> None:
    """Tell how a room works whose parties are on machines of their own.

    Args:
        base: Where room and homes are.
        story: Who tells it.
        keep_open: Whether to leave everything running until the process is told to end.
    """
    from stillroom import demo_data

    with processes() as started:
        keys = _join(base, story, started)
        agents = {party: started.start("agent", "--home", base / party) for party in PARTIES}
        story.say(f"Agents run as processes {agents['insureco'].pid} and {agents['healthco'].pid}, each beside its own data.")
        sessions = _sessions(base, story)
        story.step("Both sign one contract, and announce their data as numbers")
        agree(base, demo_data.CONTRACT, keys, sessions)
        admit(sessions, {"members": demo_data.INSURECO_MEMBERS, "trial": demo_data.HEALTHCO_TRIAL})
        insurer = sessions["insureco"]
        story.say(*terms_of(insurer), "The rows stay in the owners' homes, encrypted, until a run has been paid for.")
        _release(base, story, insurer, agents)
        _search(base, story)
        if keep_open:
            _keep_open(base, story)
    story.step("Everything has ended")
    story.say("Server and agents were told to end, and have ended. What they keep is in the folder below.")


def _join(base: Path, story: Story, started: Processes) -> dict[str, str]:
    """Start the server, and have both parties join once keys were compared."""
    from stillroom.client.members import join_server, look_at, make_home
    from stillroom.client.session import make_room
    from stillroom.server.administration import confirm

    story.step("One server, and two parties that join it by comparing keys")
    make_room(base / "room", "demo")
    server = started.start("serve", base / "room", "--port", "0", "--log", "off")
    url = server.first.rpartition(" ")[2]
    story.say(f"The server is process {server.pid}, at {url}, with a certificate that the room's key vouches for.")
    keys = {}
    for party in PARTIES:
        keys[party] = make_home(base / party, party, epsilon=20.0, delta=1e-9)
        found = look_at(url)
        join_server(base / party, url, found, found.key)
        confirm(base / "room", party, keys[party])
        story.say(f"{party} compares the room's key, and the operator {party}'s: {keys[party][:24]}…")
    return keys


def _sessions(base: Path, story: Story) -> dict[str, Session]:
    from stillroom.client.session import open_room

    return {party: open_room(base / party, progress=story.screen) for party in PARTIES}


def _release(base: Path, story: Story, insurer: Session, agents: dict[str, Started]) -> None:
    """Ask, show what each agent did, and verify."""
    story.step("A question: each agent works the price out itself, before it signs and brings anything")
    price = insurer.price(QUESTION, epsilon=2.0)
    story.say(
        f"Price, before anything is read: ε = {price.promise.epsilon:.3g} at δ = {price.promise.delta:g}; "
        f"expected error of a count (95 %): ± {price.errors[0].half_width}."
    )
    release = insurer.ask(QUESTION, epsilon=2.0)
    for row in release.statement.table.rows:
        arm, gender, patients, gain = row
        story.show(
            f"{arm.value!s:<22}{gender.value!s:<8}{patients.value!s:>6} patients, {patients.low} to {patients.high}"
            f"{gain.value!s:>10} CD4 cells gained"
        )
    story.say("What the agents say they did:")
    for party, agent in agents.items():
        story.show(*(f"{party:<10}{line}" for line in agent.lines[1:]))
    verification(base, insurer, release, story)


def _search(base: Path, story: Story) -> None:
    """Look for a party's identifiers in what the others keep."""
    from stillroom import demo_data

    story.step("Who has whose identifiers now")
    names = {
        "insureco": _identifiers(demo_data.INSURECO_MEMBERS),
        "healthco": _identifiers(demo_data.HEALTHCO_TRIAL),
    }
    for place in ("room", *PARTIES):
        kept = [file.read_bytes() for file in (base / place).rglob("*") if file.is_file()]
        found = sum(any(name in content for content in kept) for name in names["insureco"] | names["healthco"])
        story.say(f"{place}: {found} of {len(names['insureco'] | names['healthco'])} identifiers can be read in its files.")


def _keep_open(base: Path, story: Story) -> None:
    """Say where the pages are, and wait until the process is told to end."""
    from stillroom.adapters.home.people import Role
    from stillroom.pages.main import address_of, people_of

    story.step("Server, agents and pages are open until Ctrl-C")
    for party, person, role in (("insureco", "Ann", Role.ANALYST), ("insureco", "Otto", Role.OFFICER), ("healthco", "Olga", Role.OFFICER)):
        home = base / party
        story.show(f"{person}, {role} of {party}: {address_of(home)}/enter/{people_of(home).invite(person, role)}")
    story.say("Each link lets one person in, once, within 15 minutes. `stillroom agent invite` makes others.")
    over = threading.Event()
    before = {one: signal.signal(one, lambda *_: over.set()) for one in (signal.SIGINT, signal.SIGTERM)}
    over.wait()
    for one, handler in before.items():
        signal.signal(one, handler)


def _identifiers(file: Path) -> set[bytes]:
    """Return the identifiers in the first column of a file."""
    return {line.split(b",")[0] for line in file.read_bytes().splitlines()[1:]}
