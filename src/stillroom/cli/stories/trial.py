"""An insurer and a hospital, on real patients' data, in five steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.cli.screen import units
from stillroom.cli.stories.numbers import by_key, noisy_tables, sums, with_error
from stillroom.cli.stories.stage import Next, furnish, price_of, terms_of, verification

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from stillroom.audit.findings import Findings
    from stillroom.audit.tables import Margin
    from stillroom.cli.stories.story import Story
    from stillroom.client.result import Release
    from stillroom.client.session import Session
    from stillroom.model.release import Table

THRESHOLD = 10
BANDS = {"under 30": 30, "30-39": 40, "40-49": 50, "50 and over": 200}
COLUMNS = ("band", "gender", "race", "event")
QUESTION = """
SELECT CASE WHEN age < 30 THEN 'under 30' WHEN age < 40 THEN '30-39' WHEN age < 50 THEN '40-49' ELSE '50 and over' END AS band,
       gender, race, event, COUNT(*) AS patients
FROM members JOIN trial ON members.member_id = trial.person_id
GROUP BY CUBE (band, gender, race, event)
"""
REFUSED = "SELECT member_id, event FROM members JOIN trial ON members.member_id = trial.person_id"
NEXT = "SELECT arm, AVG(cd4_week20 - cd4_start) AS gain FROM members JOIN trial ON member_id = person_id GROUP BY arm"


def tell(base: Path, story: Story) -> Next:
    """Tell the story of an insurer and a hospital: why thresholds leak, and what a release looks like instead."""
    session = _contract(base, story)
    margins = _thresholds(story)
    release = _release(session, story, [cell.exact for margin in margins for cell in margin.cells.values()])
    _refusal_and_repeat(session, release, story)
    verification(base, session, release, story)
    return Next(NEXT, 1, "insureco")


def _contract(base: Path, story: Story) -> Session:
    """Make a room and two homes, sign the contract on both sides, and admit both files."""
    from stillroom import demo_data

    story.step("Both parties sign one contract")
    files = {"members": demo_data.INSURECO_MEMBERS, "trial": demo_data.HEALTHCO_TRIAL}
    insurer = furnish(base, demo_data.CONTRACT, ("insureco", "healthco"), files, story)["insureco"]
    story.say(
        "InsuranceCo has age, gender and race of its customers; HealthCo the outcomes of the real patients of a trial (ACTG 175), "
        "most of them customers.",
        *terms_of(insurer),
    )
    return insurer


def _thresholds(story: Story) -> Sequence[Margin]:
    """Publish tables with small cells blanked, and recover the blanks."""
    from stillroom import demo_data
    from stillroom.audit.findings import findings
    from stillroom.audit.tables import publish, recover

    story.step(f"What thresholding leaks: tables over 1 to 3 columns, cells under {THRESHOLD} blanked")
    margins = publish(demo_data.joined(), demo_data.DOMAINS, ways=(1, 2, 3), threshold=THRESHOLD)
    recovery = recover(margins, [tuple(demo_data.DOMAINS)])
    found = findings(margins, recovery, outcome="event", outsider=demo_data.members().values())
    cells = sum(len(margin.cells) for margin in margins)
    story.say(
        f"{found.hidden} of {cells} cells are blanked. Solving for them from the other cells: "
        f"[bold red]{len(found.recovered)} of {found.hidden} come back exactly[/]. {len(found.telling)} are a single person, "
        f"or a whole group with one outcome; for {sum(cell in found.nameable for cell in found.telling)} of these {len(found.telling)}, "
        "InsuranceCo's own file has exactly as many such customers, so it knows who they are. "
        f"In all it can name {found.named} patients, and knows the outcome of {found.exposed}.",
        *_example(found),
    )
    return margins


def _example(found: Findings) -> list[str]:
    """Return one recovered cell, in words."""
    cell = next((cell for cell in found.recovered if cell in found.nameable and cell in found.telling), None)
    if cell is None:
        return []
    return [f"[dim]For example: {', '.join(cell.key)} was blanked, and is {cell.deduced.low}.[/]"]


def _release(session: Session, story: Story, thresholded: Sequence[bool]) -> Release:
    """Ask the same through the room: price first, then the table, and the attack again."""
    story.step(f"The same as a release, in {len(BANDS)} age bands: no blanks, an interval for each cell")
    before = session.budget()
    story.say(*price_of(session, QUESTION, epsilon=2.0))
    release = session.ask(QUESTION, epsilon=2.0)
    table = release.statement.table
    story.show(*_pivot(table))
    pairs = zip(before, session.budget(), strict=True)
    balances = [f"{a.name} {units(a.cap.rho - a.spent.rho)} → {units(b.cap.rho - b.spent.rho)}" for a, b in pairs]
    story.say(
        sums(table),
        f"Balances (ρ): {'; '.join(balances)}; healthco/people, which InsuranceCo cannot see, falls by as much.",
        *release.statement.sentences,
        *_attack(table, thresholded),
    )
    return release


def _pivot(table: Table) -> list[str]:
    """Return the table with race and outcome side by side: every leaf cell, and totals that are sums of their parts."""
    cells = by_key(table)
    heads = [("non-white", "no"), ("non-white", "yes"), ("white", "no"), ("white", "yes"), (None, None)]
    lines = [
        f"[bold]{'':<18}{'non-white':^22}{'white':^22}{'all':>10}[/]",
        f"[bold]{'patients':<18}{'no event':>11}{'event':>11}{'no event':>11}{'event':>11}[/]",
    ]
    for band, gender in [*((band, gender) for band in BANDS for gender in ("female", "male")), (None, None)]:
        label = f"{band} {gender}" if band else "all"
        lines.append(f"{label:<18}" + "".join(f"{with_error(cells[band, gender, race, event]):>11}" for race, event in heads))
    return lines


def _attack(table: Table, thresholded: Sequence[bool]) -> list[str]:
    """Run the attack of step 2 on everything in the release."""
    from stillroom.audit.findings import attack_noisy

    found = attack_noisy(noisy_tables(table, COLUMNS), _truth(), threshold=THRESHOLD)
    sure = sum(int(row[-1].low or 0) > 0 or int(row[-1].high or 0) < 0 for row in table.rows)
    outcome = "[bold red]succeeds[/]" if found.pinned else "[bold green]fails[/]"
    attack = (
        f"The same attack, on all that was released, {outcome}. Of {found.small} cells that truly hold 1 to {THRESHOLD - 1} people, "
        f"the intervals give away {found.pinned}; taken as exact numbers, they are right for {found.lucky} by chance, nobody knows which."
    )
    blanked = (
        f"Cells blanked by thresholding: {thresholded.count(False)} of {len(thresholded)}; by the room: 0 of {len(table.rows)}. "
        f"Cells whose interval excludes 0: {sure} of {len(table.rows)}."
    )
    return [attack, blanked]


def _truth() -> Iterable[dict[str, str]]:
    """Return the joined people in the release's own age bands, to judge the attack by."""
    from stillroom import demo_data

    return [
        {"band": next(band for band, end in BANDS.items() if age < end), **{name: row[name] for name in COLUMNS[1:]}}
        for row, age in demo_data.joined_with_age()
    ]


def _refusal_and_repeat(session: Session, release: Release, story: Story) -> None:
    """Ask what the contract does not allow, and the same question again."""
    from stillroom.errors import StillroomError

    story.step("A question that is refused, and one that was asked before")
    try:
        session.ask(REFUSED, epsilon=1.0)
    except StillroomError as error:
        story.say(f"SELECT member_id, event …  →  [bold red]{error.code}", error.reason, f"Fix: {error.fix}")
    again = session.ask(QUESTION.lower().replace("patients", "n"), epsilon=2.0)
    same = "the same bytes" if again.envelope == release.envelope else "[red]other bytes[/]"
    charge = "charged" if again.charged else "no charge"
    story.say(f"The question of step 3, in lower case: {same}, {charge}.")
