"""A publisher and an advertiser measure a campaign: reach and frequency, conversions after exposure, lift against the unexposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.cli.stories.stage import Next, furnish, price_of, terms_of, verification
from stillroom.cli.stories.truth import compare, lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stillroom.cli.stories.story import Story
    from stillroom.client.result import Release
    from stillroom.client.session import Session

PEOPLE = 100_000
EPSILON = 1.0

REACH = """
SELECT CASE WHEN times IS NULL THEN 'never' WHEN times = 1 THEN 'once' WHEN times <= 3 THEN '2 or 3 times'
            WHEN times <= 9 THEN '4 to 9 times' ELSE '10 times or more' END AS seen,
       COUNT(*) AS people
FROM audience LEFT JOIN (SELECT viewer, COUNT(*) AS times FROM impressions GROUP BY viewer) ON user_id = viewer
WHERE arm = 'campaign'
GROUP BY ROLLUP (seen)
"""
CONVERSIONS = """
WITH first AS (SELECT viewer, seen, channel FROM impressions
               QUALIFY ROW_NUMBER() OVER (PARTITION BY viewer ORDER BY seen, channel) = 1)
SELECT channel, COUNT(DISTINCT customer) AS buyers, SUM(amount) AS sales
FROM first JOIN orders ON viewer = customer AND day BETWEEN seen AND seen + 6
GROUP BY channel
"""
LIFT = """
WITH exposed AS (SELECT viewer, MIN(seen) AS since FROM impressions GROUP BY viewer),
     buyers AS (SELECT customer, COUNT(*) AS times FROM orders WHERE day <= DATE '2026-04-03' GROUP BY customer)
SELECT 100 * COUNT(customer) FILTER (WHERE viewer IS NOT NULL) / COUNT(*) FILTER (WHERE viewer IS NOT NULL) AS exposed,
       100 * COUNT(customer) FILTER (WHERE arm = 'holdout') / COUNT(*) FILTER (WHERE arm = 'holdout') AS held_out,
       100 * (COUNT(customer) FILTER (WHERE viewer IS NOT NULL) / COUNT(*) FILTER (WHERE viewer IS NOT NULL))
           / (COUNT(customer) FILTER (WHERE arm = 'holdout') / COUNT(*) FILTER (WHERE arm = 'holdout')) - 100 AS lift
FROM audience LEFT JOIN exposed ON user_id = viewer LEFT JOIN buyers ON user_id = customer
"""
NEXT = "SELECT age, arm, COUNT(*) AS orders, SUM(amount) AS sales FROM audience JOIN orders ON user_id = customer GROUP BY age, arm"


def tell(base: Path, story: Story, people: int) -> Next:
    """Tell the story of a publisher and an advertiser."""
    from stillroom.demo_data import campaign

    story.step(f"A publisher and an advertiser sign one contract; {people:,} users are made up")
    files = campaign.make(base / "files", people)
    advertiser = furnish(base, campaign.CONTRACT, ("publisher", "advertiser"), files, story)["advertiser"]
    story.say(
        "The publisher knows whom it showed what, and whom it held out of the campaign by lot; the advertiser, who bought.",
        *terms_of(advertiser),
    )
    story.step("Reach and frequency: how many people of the campaign saw it how often")
    story.say(*price_of(advertiser, REACH, epsilon=EPSILON))
    reach = _ask(advertiser, REACH, ("seen", "people"), story)
    story.step("Conversions within a week of the first time, by the channel seen then")
    conversions = _ask(advertiser, CONVERSIONS, ("first seen as", "buyers", "sales"), story)
    story.step("Lift: buyers in 100 people, exposed and held out, and the one over the other")
    lift = _ask(advertiser, LIFT, ("exposed, %", "held out, %", "lift, %"), story)
    story.say(*lift.statement.sentences)
    _comparison({"Reach": (reach, REACH), "Conversions": (conversions, CONVERSIONS), "Lift": (lift, LIFT)}, files, story)
    verification(base, advertiser, lift, story)
    return Next(NEXT, 1, "advertiser")


def _ask(session: Session, question: str, headings: tuple[str, ...], story: Story) -> Release:
    """Ask a question and show its table."""
    release = session.ask(question, epsilon=EPSILON)
    story.show(*lines(release.statement.table, headings))
    return release


def _comparison(releases: Mapping[str, tuple[Release, str]], files: Mapping[str, Path], story: Story) -> None:
    """Compare the releases with the truth."""
    from stillroom.demo_data.synthetic import read

    story.step("Against the truth, which only this demo knows: it made the people up")
    story.say(*(f"{name}: {compare(release.statement.table, question, files)}." for name, (release, question) in releases.items()))
    ((_, _, lift),) = read(LIFT, **files)
    story.say(f"The true lift is {lift:.1f} %. Intervals are about the noise: chance in who was held out is not in them.")
