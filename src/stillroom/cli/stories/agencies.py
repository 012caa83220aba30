"""Two agencies publish joint statistics of districts, ages and work: blanked by a threshold, and as a release."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from stillroom.cli.stories.numbers import by_key, holds, sums, true_totals, value, with_error
from stillroom.cli.stories.stage import Next, furnish, price_of, terms_of, verification

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stillroom.audit.tables import Margin, Range
    from stillroom.cli.stories.numbers import Key
    from stillroom.cli.stories.story import Story
    from stillroom.client.result import Release
    from stillroom.client.session import Session
    from stillroom.model.release import Cell

    Counts = Mapping[tuple[str, ...], int]

PEOPLE = 24_000
THRESHOLD = 10
EPSILON = 2.0
SHOWN = 5
"""The district of which a screen shows every cell: one in the middle, by size."""

QUESTION = """
SELECT district, CASE WHEN age < 25 THEN 'under 25' WHEN age < 35 THEN '25-34' WHEN age < 45 THEN '35-44' WHEN age < 55 THEN '45-54'
                      WHEN age < 65 THEN '55-64' ELSE '65 and over' END AS band, status, COUNT(*) AS people
FROM residents JOIN records ON resident_id = person_id
GROUP BY CUBE (district, band, status)
"""
NEXT = "SELECT status, AVG(age) AS age FROM residents JOIN records ON resident_id = person_id GROUP BY status"


def tell(base: Path, story: Story, people: int) -> Next:
    """Tell the story of two agencies: what a threshold takes away, and what it does not protect."""
    from stillroom.demo_data import agencies

    story.step(f"Two agencies sign one contract; all of their {people:,} residents are made up")
    files = agencies.make(base / "files", people)
    registry = furnish(base, agencies.CONTRACT, ("registry", "labour"), files, story)["registry"]
    story.say(
        "The registry knows where people live and how old they are; the labour office, whether most of them work. Together they publish "
        "how many people there are by district, age band and status, with all totals.",
        *terms_of(registry),
    )
    truth = agencies.truth(files)
    tables = _thresholds(truth, story)
    release = _release(registry, tables, story)
    _comparison(release, truth, tables, story)
    verification(base, registry, release, story)
    return Next(NEXT, 1, "registry")


def _thresholds(truth: Counts, story: Story) -> Sequence[Margin]:
    """Publish the tables with small cells blanked, and solve for the blanks."""
    from stillroom.audit.tables import publish_counts, recover
    from stillroom.demo_data import agencies

    story.step(f"The usual way: tables over 1 to 3 attributes, cells of 1 to {THRESHOLD - 1} people blanked")
    domains = {"district": agencies.DISTRICTS, "band": tuple(agencies.BANDS), "status": agencies.STATUSES}
    tables = publish_counts(truth, domains, ways=(1, 2, 3), threshold=THRESHOLD)
    recovered = [cell.deduced.low for cell in recover(tables).exact]
    hidden = len(_blanked(tables))
    story.say(
        f"The three-way table loses [bold]{len(_blanked(tables[-1:]))} of its {len(tables[-1].cells)} cells[/]. All the same, "
        f"solving for the blanks from the other cells gives [bold red]{len(recovered)} of {hidden} back exactly[/]; "
        f"{recovered.count(1)} of these are a single person. To stop that, more cells would have to go.",
    )
    return tables


def _blanked(tables: Sequence[Margin]) -> set[Key]:
    """Return the keys of the blanked cells."""
    return {_whole(table, key) for table in tables for key, cell in table.cells.items() if not cell.exact}


def _whole(table: Margin, key: tuple[str, ...]) -> Key:
    """Return the key of a published cell as a release has it: with None for what is totalled over."""
    values = dict(zip(table.attributes, key, strict=True))
    return tuple(values.get(name) for name in ("district", "band", "status"))


def _release(session: Session, tables: Sequence[Margin], story: Story) -> Release:
    """Ask for the same tables, and show one district in both ways."""
    from stillroom.demo_data import agencies

    district = agencies.DISTRICTS[SHOWN]
    story.step(f"The same as a release: nothing blanked; {district}, released beside [dim](blanked)[/]")
    story.say(*price_of(session, QUESTION, epsilon=EPSILON))
    release = session.ask(QUESTION, epsilon=EPSILON)
    cells = by_key(release.statement.table)
    published = {_whole(table, key): cell for table in tables for key, cell in table.cells.items()}
    story.show(f"[bold]{'':<12}" + "".join(f"{status:>16}" for status in agencies.STATUSES) + "[/]")
    for band in [*agencies.BANDS, None]:
        row = [(district, band, status) for status in agencies.STATUSES]
        shown = "".join(f"{with_error(cells[key]):>10} [dim]{_shown(published[key]):>5}[/]" for key in row)
        story.show(f"{band or 'all ages':<12}{shown}")
    story.say(sums(release.statement.table), *release.statement.sentences)
    return release


def _shown(cell: Range) -> str:
    """Return a published cell: its count, or dots."""
    return f"({cell.low})" if cell.exact else "(…)"


def _comparison(release: Release, truth: Counts, tables: Sequence[Margin], story: Story) -> None:
    """Compare the release with the true counts."""
    story.step("Against the truth, which only this demo knows: it made the people up")
    cells = by_key(release.statement.table)
    true = true_totals(truth, list(cells))
    blanked = _blanked(tables)
    leaves, totals = [key for key in cells if None not in key], [key for key in cells if None in key]
    right = sum(holds(cell, true[key]) for key, cell in cells.items())
    story.say(
        f"Cells with a number: {len(leaves)} of {len(leaves)} in the release's three-way table, {len(leaves) - len(blanked & set(leaves))} "
        f"of {len(leaves)} in the blanked one.",
        f"{right} of {len(cells)} intervals hold the true count (promised: 95 %). Root mean square error: "
        f"{_error(cells, true, leaves):.1f} over the three-way table, {_error(cells, true, totals):.1f} over the totals.",
        *([_guessing(cells, true, list(blanked))] if blanked else []),
    )


def _guessing(cells: Mapping[Key, Cell], true: Mapping[Key, int], blanked: Sequence[Key]) -> str:
    """Compare the release, where the threshold blanks, with somebody who takes each blank for the middle of what it can be."""
    guessed = sqrt(sum((true[key] - THRESHOLD // 2) ** 2 for key in blanked) / len(blanked))
    return (
        f"Over the {len(blanked)} blanked cells: {_error(cells, true, blanked):.1f}. Somebody who takes each blank for "
        f"{THRESHOLD // 2} errs by {guessed:.1f}, and the blanks still give people away; what the release gives away is bounded, "
        "by the sentences above."
    )


def _error(cells: Mapping[Key, Cell], true: Mapping[Key, int], keys: Sequence[Key]) -> float:
    """Return the root mean square error of some cells."""
    return sqrt(sum((float(value(cells[key])) - true[key]) ** 2 for key in keys) / max(len(keys), 1))
