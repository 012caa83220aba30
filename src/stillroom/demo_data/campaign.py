"""Synthetic data of a publisher and an advertiser: an audience, what it was shown, and what it bought. No such people exist."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stillroom.demo_data.synthetic import heavy_tailed, identifier, one_of, uniform, whole, write

CONTRACT: Final = Path(__file__).with_name("campaign.yaml")
"""The contract of the two, with `{publisher}` and `{advertiser}` in the place of their keys."""

ARMS: Final = {"campaign": 80, "holdout": 20}
"""Who may be shown the campaign, and who not, drawn by lot."""

ARM: Final = one_of("i", "arm", ARMS)
"""The expression of the arm of the i-th user."""

AGES: Final = {"under 35": 40, "35 and over": 60}

REACHED: Final = 0.75
"""The share of the first who see it at least once."""

CHANNELS: Final = {"video": 20, "banner": 50, "social": 30}

ORGANIC: Final = 0.06
"""The share of people who buy anyway, on any of 42 days."""

PERSUADED: Final = {"video": 0.04, "banner": 0.015, "social": 0.025}
"""The share of those reached who buy because of the channel that they saw first, within a week."""


def make(folder: Path, people: int) -> dict[str, Path]:
    """Write the three files, of an audience of so many; the same number always gives the same people.

    Returns:
        The file of each dataset of the contract.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.parquet" for name in ("audience", "impressions", "orders")}
    draw = f"SELECT {identifier('i')} AS user_id, {ARM} AS arm, {one_of('i', 'age', AGES)} AS age FROM range({people}) AS t(i)"
    write(files["audience"], f"{draw} ORDER BY hash(i, 'audience')")
    write(files["impressions"], _impressions(people))
    write(files["orders"], _orders(files["impressions"], people))
    return files


def _impressions(people: int) -> str:
    """Return the SELECT of the impressions: once for most of those who are reached, many times for some."""
    times = f"CAST(floor({heavy_tailed('i', 'times', least=1, exponent=1.2, most=30)}) AS BIGINT)"
    shown = f"{ARM} = 'campaign' AND {uniform('i', 'reached')} < {REACHED}"
    reached = f"SELECT i, unnest(range({times})) AS k FROM range({people}) AS t(i) WHERE {shown}"
    day, channel = whole("32 * i + k", "day", 0, 27), one_of("32 * i + k", "channel", CHANNELS)
    return f"""
        SELECT {identifier("i")} AS viewer, DATE '2026-03-01' + {day} AS seen, {channel} AS channel
        FROM ({reached}) ORDER BY hash(32 * i + k, 'impressions')
    """


def _orders(impressions: Path, people: int) -> str:
    """Return the SELECT of the orders: those made anyway, by others than the audience too, and those that the campaign made."""
    amount = f"CAST({heavy_tailed('i', 'amount', least=15, exponent=1.8, most=200)} AS DECIMAL(9, 2))"
    first = f"SELECT viewer, arg_min(channel, (seen, channel)) AS channel, min(seen) AS seen FROM '{impressions}' GROUP BY viewer"
    persuaded = " ".join(f"WHEN channel = '{channel}' THEN {share}" for channel, share in PERSUADED.items())
    bought = f"""
        SELECT {identifier("i")} AS customer, DATE '2026-03-01' + {whole("i", "bought", 0, 41)} AS day, {amount} AS amount
        FROM range({people + people // 5}) AS t(i) WHERE {uniform("i", "organic")} < {ORGANIC}
        UNION ALL
        SELECT viewer, seen + {whole("viewer", "delay", 0, 6)}, {amount.replace("hash(i,", "hash(viewer,")}
        FROM ({first}) WHERE {uniform("viewer", "persuaded")} < CASE {persuaded} END
    """
    return f"SELECT * FROM ({bought}) ORDER BY hash(customer, day, amount), customer, day, amount"
