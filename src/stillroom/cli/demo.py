"""`stillroom demo`: an insurer and a hospital, on real patients' data, in five steps."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillroom.cli.options import AsJson, screen
from stillroom.cli.screen import units

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stillroom.audit.findings import Findings, NoisyTable
    from stillroom.audit.tables import Margin
    from stillroom.cli.story import Story
    from stillroom.client.result import Release
    from stillroom.client.session import Session
    from stillroom.model.release import Cell, Table

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

Folder = Annotated[Path | None, typer.Option("--folder", help="Keep homes and room in this new folder.", show_default="a temporary one")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="demo")(demo)


def demo(*, folder: Folder = None, as_json: AsJson = False) -> None:
    """Tell the story of an insurer and a hospital: why thresholds leak, and what a release looks like instead."""
    from stillroom.cli.story import Story

    base = Path(tempfile.mkdtemp(prefix="stillroom-demo-")) if folder is None else _free(folder)
    story = Story(screen(as_json=as_json))
    session = _contract(base, story)
    margins = _thresholds(story)
    release = _release(session, story, [cell.exact for margin in margins for cell in margin.cells.values()])
    _refusal_and_repeat(session, release, story)
    _verification(base, session, release, story)
    command = f'{_program()} ask "{NEXT}" --epsilon 1 --home {shlex.quote(str(base / "insureco"))}'
    story.end(f"\n[bold]Next:[/] {command}", folder=str(base), next=command)


def _free(folder: Path) -> Path:
    """Return a folder that is empty or not there; the demo overwrites nothing.

    Raises:
        InvalidInput: There is something.
    """
    from stillroom.errors import Code, InvalidInput

    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InvalidInput(Code.FILE_INVALID, f"There is something at {folder} already.", "Name a folder that is empty or not there.")
    return folder


def _program() -> str:
    """Return what to type for this very program: its name where the shell finds it by that, and its path where not."""
    started, found = Path(sys.argv[0]), shutil.which("stillroom")
    known = found is not None and started.exists() and Path(found).resolve() == started.resolve()
    return "stillroom" if known or started.name != "stillroom" else shlex.quote(str(started))


def _contract(base: Path, story: Story) -> Session:
    """Make a room and two homes, sign the contract on both sides, and admit both files."""
    from stillroom import demo_data
    from stillroom.client.session import make_home, make_room, open_room

    story.step("Both parties sign one contract")
    make_room(base / "room", "demo")
    keys = {party: make_home(base / party, party, room=base / "room", epsilon=20.0, delta=1e-9) for party in ("insureco", "healthco")}
    text = demo_data.CONTRACT.read_text(encoding="utf-8")
    written = base / "contract.yaml"
    written.write_text(text.replace("{insureco}", keys["insureco"]).replace("{healthco}", keys["healthco"]), encoding="utf-8")
    insurer, hospital = (open_room(base / party, progress=story.screen) for party in ("insureco", "healthco"))
    insurer.sign(written)
    hospital.sign(written)
    insurer.add_data("members", demo_data.INSURECO_MEMBERS)
    hospital.add_data("trial", demo_data.HEALTHCO_TRIAL)
    contract = insurer.contract
    caps = contract.caps
    story.say(
        "InsuranceCo has age, gender and race of its customers; HealthCo the outcomes of the real patients of a trial (ACTG 175), "
        "most of them customers.",
        f"Signed by {' and '.join(party.name for party in contract.parties)}: {insurer.contract_digest[:30]}…",
        f"May ask: {', '.join(contract.ask)}. May receive: {', '.join(contract.receive)}.",
        f"Caps on ε, which bounds what can be learnt about any one person: {caps.epsilon:g} for everything, ever; "
        f"{caps.release_epsilon:g} for one release; δ = {caps.delta:g}.",
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
    price = session.price(QUESTION, epsilon=2.0)
    before = session.budget()
    expected = price.errors[0]
    story.say(
        f"Price, before anything is read: ε = {price.promise.epsilon:.3g} at δ = {price.promise.delta:g}.",
        f"Expected error (95 %): ± {expected.half_width} a cell, ± {expected.total_half_width} for the grand total.",
    )
    release = session.ask(QUESTION, epsilon=2.0)
    table = release.statement.table
    story.show(*_pivot(table))
    pairs = zip(before, session.budget(), strict=True)
    balances = [f"{a.name} {units(a.cap.rho - a.spent.rho)} → {units(b.cap.rho - b.spent.rho)}" for a, b in pairs]
    story.say(
        _sums(table),
        f"Balances (ρ): {'; '.join(balances)}; healthco/people, which InsuranceCo cannot see, falls by as much.",
        *release.statement.sentences,
        *_attack(table, thresholded),
    )
    return release


def _pivot(table: Table) -> list[str]:
    """Return the table with race and outcome side by side: every leaf cell, and totals that are sums of their parts."""
    cells = {tuple(None if cell.totalled else cell.value for cell in row[:-1]): row[-1] for row in table.rows}
    heads = [("non-white", "no"), ("non-white", "yes"), ("white", "no"), ("white", "yes"), (None, None)]
    lines = [
        f"[bold]{'':<18}{'non-white':^22}{'white':^22}{'all':>10}[/]",
        f"[bold]{'patients':<18}{'no event':>11}{'event':>11}{'no event':>11}{'event':>11}[/]",
    ]
    for band, gender in [*((band, gender) for band in BANDS for gender in ("female", "male")), (None, None)]:
        label = f"{band} {gender}" if band else "all"
        lines.append(f"{label:<18}" + "".join(f"{_with_error(cells[band, gender, race, event]):>11}" for race, event in heads))
    return lines


def _with_error(cell: Cell) -> str:
    """Return a cell as value ± half-width."""
    half = (int(cell.high or 0) - int(cell.low or 0)) // 2
    return f"{cell.value} ± {half:<2}"


def _sums(table: Table) -> str:
    """Say how many totals are the sums of their parts, with an example."""
    leaves = [row for row in table.rows if not any(cell.totalled for cell in row[:-1])]
    totals = [row for row in table.rows if any(cell.totalled for cell in row[:-1])]
    parts = [[leaf for leaf in leaves if _within(leaf, total)] for total in totals]
    right = sum(_count(total) == sum(map(_count, some)) for total, some in zip(totals, parts, strict=True))
    example = next(place for place, total in enumerate(totals) if [cell.totalled for cell in total[:-1]] == [False, False, True, True])
    sum_ = f"{' + '.join(str(_count(leaf)) for leaf in parts[example])} = {_count(totals[example])}"
    return f"{right} of {len(totals)} totals are the sums of their parts: {sum_}."


def _within(leaf: Sequence[Cell], total: Sequence[Cell]) -> bool:
    """Tell whether a total adds up this leaf, among others."""
    return all(whole.totalled or whole.value == part.value for whole, part in zip(total[:-1], leaf[:-1], strict=True))


def _count(row: Sequence[Cell]) -> int:
    """Return the noisy count of a row."""
    return int(row[-1].value or 0)


def _attack(table: Table, thresholded: Sequence[bool]) -> list[str]:
    """Run the attack of step 2 on everything in the release."""
    from stillroom.audit.findings import attack_noisy

    found = attack_noisy(_tables(table), _truth(), threshold=THRESHOLD)
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


def _tables(table: Table) -> list[NoisyTable]:
    """Return every table of a release: one for each choice of columns that it totals over."""
    from stillroom.audit.findings import Estimate, NoisyTable

    found: dict[tuple[str, ...], dict[tuple[str, ...], Estimate]] = {}
    for row in table.rows:
        shown = [(name, str(cell.value)) for name, cell in zip(COLUMNS, row, strict=False) if not cell.totalled]
        estimate = Estimate(_count(row), int(row[-1].low or 0), int(row[-1].high or 0))
        found.setdefault(tuple(name for name, _ in shown), {})[tuple(value for _, value in shown)] = estimate
    return [NoisyTable(attributes, cells) for attributes, cells in found.items()]


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


def _verification(base: Path, session: Session, release: Release, story: Story) -> None:
    """Verify release and log; flip one byte in a copy and verify again."""
    from stillroom.client.verification import verify

    story.step("Anybody can check, offline")
    contract, log = session.contract_envelope, session.export_log()
    for name, content in (("release.json", release.envelope), ("contract.json", contract), ("log.json", log)):
        (base / name).write_bytes(content)
    report = verify(release.envelope, contract=contract, log=log)
    passed = sum(step.outcome == "passed" for step in report.steps)
    paths = [shlex.quote(str(base / name)) for name in ("release.json", "contract.json", "log.json")]
    files = f"{_program()} verify {paths[0]} --contract {paths[1]} --log {paths[2]}"
    story.show(f"$ {files}")
    story.say(
        f"{passed} of {len(report.steps)} steps passed: {'[bold green]accepted[/]' if report.accepted else '[bold red]not accepted[/]'}.",
    )
    at = log.index(b'"commit"') + 2
    flipped = verify(release.envelope, contract=contract, log=log[:at] + b"O" + log[at + 1 :])
    failed = next((step for step in flipped.steps if step.outcome == "failed"), None)
    outcome = f"[bold red]rejected[/] for {failed.detail.split(': got')[0]}" if failed else "[red]not found[/]"
    story.say(f"One byte of a copy of the log flipped: {outcome}.")
