"""A transit agency and a payments provider measure what a new line does: who rides on it, and what is spent near it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.cli.stories.stage import Next, furnish, terms_of, verification
from stillroom.cli.stories.truth import compare, lines, listed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stillroom.cli.stories.story import Story
    from stillroom.client.result import Release
    from stillroom.client.session import Session

PEOPLE = 100_000
TAPS_EPSILON = 1.0
SPENDING_EPSILON = 2.0

TAPS = """
SELECT CASE WHEN day - since < 7 THEN 'first week' WHEN day - since < 14 THEN 'second week' ELSE 'later' END AS after_opening,
       COUNT(DISTINCT rider) AS riders, SUM(taps) AS taps
FROM taps JOIN stations ON stop = station
WHERE line = 'new' AND day >= since
GROUP BY after_opening
"""
SPENDING = """
SELECT SUM(amount) FILTER (WHERE line = 'new' AND day < since) AS new_before,
       SUM(amount) FILTER (WHERE line = 'new' AND day >= since) AS new_after,
       SUM(amount) FILTER (WHERE line = 'old' AND day < since) AS old_before,
       SUM(amount) FILTER (WHERE line = 'old' AND day >= since) AS old_after,
       100 * (SUM(amount) FILTER (WHERE line = 'new' AND day >= since) / SUM(amount) FILTER (WHERE line = 'new' AND day < since))
           / (SUM(amount) FILTER (WHERE line = 'old' AND day >= since) / SUM(amount) FILTER (WHERE line = 'old' AND day < since))
           - 100 AS gain
FROM spending JOIN stations ON near = station
WHERE payer IN (SELECT rider FROM taps) AND day - since BETWEEN -28 AND 27
"""
BOUNDED_TAPS = f"""
SELECT after_opening, COUNT(*), SUM(LEAST(taps, 24))
FROM ({TAPS.replace("COUNT(DISTINCT rider) AS riders", "rider").replace("BY after_opening", "BY after_opening, rider")})
GROUP BY after_opening
"""
"""What the first question is about: each person's total is bounded, as the contract declares."""

BOUNDED_SPENDING = f"""
WITH persons AS ({SPENDING} GROUP BY payer),
     totals AS (SELECT SUM(LEAST(COALESCE(new_before, 0), 150)) AS a, SUM(LEAST(COALESCE(new_after, 0), 150)) AS b,
                       SUM(LEAST(COALESCE(old_before, 0), 150)) AS c, SUM(LEAST(COALESCE(old_after, 0), 150)) AS d FROM persons)
SELECT a, b, c, d, 100 * (b / a) / (d / c) - 100 FROM totals
"""
"""Likewise, of the second question."""

NEXT = "SELECT line, MEDIAN(amount) AS payment FROM spending JOIN stations ON near = station GROUP BY line"


def tell(base: Path, story: Story, people: int) -> Next:
    """Tell the story of a transit agency and a payments provider."""
    from stillroom.demo_data import transit

    story.step(f"A transit agency and a payments provider sign; {people:,} people are made up")
    files = transit.make(base / "files", people)
    agency = furnish(base, transit.CONTRACT, ("transit", "payments"), files, story)["transit"]
    story.say(
        "The agency knows who taps in where; the provider, what cards pay near which station. A public table says which stations are on "
        "the new line, and since when.",
        *terms_of(agency),
    )
    taps = _taps(agency, story)
    spending = _spending(agency, story)
    _comparison(taps, spending, files, story)
    verification(base, agency, spending, story)
    return Next(NEXT, 1, "transit")


def _taps(session: Session, story: Story) -> Release:
    """Show what a declared total is good for, and ask for riders and taps by the weeks since their station opened."""
    story.step("Riders and taps on the new line, by the days since each station opened")
    bounded, unbounded = (
        session.price(question, epsilon=TAPS_EPSILON).errors[1].half_width for question in (TAPS, TAPS.replace("(taps)", "(taps + 0)"))
    )
    story.say(
        f"Some riders tap very often, and noise must hide each of them. With the total that the contract declares for one person, taps are "
        f"± {bounded}; as 40 rows of up to 20 taps they would be ± {unbounded}. The price says so before anything is read."
    )
    release = session.ask(TAPS, epsilon=TAPS_EPSILON)
    story.show(*lines(release.statement.table, ("after opening", "riders", "taps")))
    return release


def _spending(session: Session, story: Story) -> Release:
    """Ask for spending near the new line and elsewhere, before and after."""
    story.step("What riders spend near stations, in four weeks before and four weeks after")
    release = session.ask(SPENDING, epsilon=SPENDING_EPSILON)
    names = ("near the new line, before", "near the new line, after", "elsewhere, before", "elsewhere, after", "gain over elsewhere, %")
    story.show(*listed(release.statement.table, names))
    story.say(*release.statement.sentences)
    return release


def _comparison(taps: Release, spending: Release, files: Mapping[str, Path], story: Story) -> None:
    """Compare the releases with the truth, and say what the bounds cut off."""
    from stillroom.demo_data import transit
    from stillroom.demo_data.synthetic import read

    story.step("Against the truth, which only this demo knows: it made the people up")
    story.say(
        f"Taps: {compare(taps.statement.table, BOUNDED_TAPS, files)}.",
        f"Spending: {compare(spending.statement.table, BOUNDED_SPENDING, files)}.",
    )
    bounded, true = (float(sum(row[-1] for row in read(question, **files))) for question in (BOUNDED_TAPS, TAPS))
    (totals,), (all_,) = read(BOUNDED_SPENDING, **files), read(SPENDING, **files)
    story.say(
        f"That is the truth within the bounds, which cut off {100 * (1 - bounded / true):.1f} % of the taps and "
        f"{100 * (1 - float(sum(totals[:4]) / sum(all_[:4]))):.1f} % of the spending: what a few people have beyond their total.",
        f"The demo made payments near open stations {100 * transit.GAIN - 100:.0f} % larger. Without bounds the gain is {all_[4]:.1f} %.",
    )
