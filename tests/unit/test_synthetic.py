"""Synthetic people: the same each time, as many as asked, drawn independently, and counted right."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from stillroom.demo_data import agencies, campaign, transit
from stillroom.demo_data.synthetic import heavy_tailed, one_of, read, uniform, whole
from stillroom.model.contract import PrivateDataset, PublicDataset
from stillroom.policy.contract_text import parse_contract

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

MADE = ((agencies, ("registry", "labour")), (campaign, ("publisher", "advertiser")), (transit, ("transit", "payments")))
KEYS = ("ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w", "ed25519:gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q")
MANY = 20_000


def rows(path: Path) -> list[dict[str, object]]:
    table = csv.read_csv(path) if path.suffix == ".csv" else pq.read_table(path)
    return table.to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(("story", "parties"), MADE)
def test_the_same_number_makes_the_same_people(story: ModuleType, parties: tuple[str, ...], tmp_path: Path) -> None:
    first, second = story.make(tmp_path / "first", 300), story.make(tmp_path / "second", 300)
    assert {name: rows(path) for name, path in first.items()} == {name: rows(path) for name, path in second.items()}
    text = story.CONTRACT.read_text(encoding="utf-8")
    for party, key in zip(parties, KEYS, strict=True):
        text = text.replace(f"{{{party}}}", key)
    declared = parse_contract(text).datasets
    assert set(first) == set(declared)
    for name, path in first.items():
        dataset = declared[name]
        person = {dataset.person.column} if isinstance(dataset, PrivateDataset) else set()
        assert set(rows(path)[0]) == {*dataset.columns, *person}
        if isinstance(dataset, PublicDataset):
            assert dataset.digest == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_agencies_are_counted_right(tmp_path: Path) -> None:
    files = agencies.make(tmp_path, 3_000)
    residents = {row["resident_id"]: row for row in rows(files["residents"])}
    counted = Counter[tuple[object, ...]]()
    for record in rows(files["records"]):
        if resident := residents.get(record["person_id"]):
            band = next(band for band, end in agencies.BANDS.items() if int(str(resident["age"])) < end)
            counted[resident["district"], band, record["status"]] += 1
    assert len(residents) == 3_000
    assert {key: people for key, people in agencies.truth(files).items() if people} == counted


def test_a_campaign_persuades_those_whom_it_reached_and_nobody_else(tmp_path: Path) -> None:
    files = campaign.make(tmp_path, MANY)
    audience = {row["user_id"]: row["arm"] for row in rows(files["audience"])}
    times = Counter(row["viewer"] for row in rows(files["impressions"]))
    buyers = {row["customer"] for row in rows(files["orders"])}
    assert {audience[viewer] for viewer in times} == {"campaign"}
    assert max(times.values()) <= 30
    held_out = [person in buyers for person, arm in audience.items() if arm == "holdout"]
    exposed = [person in buyers for person in times]
    assert abs(sum(held_out) / len(held_out) - campaign.ORGANIC) < 6 * (0.06 / len(held_out)) ** 0.5
    assert sum(exposed) / len(exposed) > sum(held_out) / len(held_out) + 0.01


def test_nobody_taps_in_at_a_station_before_it_opens(tmp_path: Path) -> None:
    files = transit.make(tmp_path, 3_000)
    opened = {row["station"]: row["since"] for row in rows(files["stations"]) if row["line"] == "new"}
    taps = rows(files["taps"])
    assert len(opened) == 4
    assert all(row["stop"] not in opened or str(row["day"]) >= str(opened[row["stop"]]) for row in taps)
    assert max(Counter(row["rider"] for row in taps).values()) <= 40
    assert {row["stop"] for row in taps} == {row["near"] for row in rows(files["spending"])} == set(transit.WEIGHTS)


def test_draws_with_two_labels_do_not_depend_on_each_other() -> None:
    halves = f"SELECT CAST({uniform('i', 'a')} < 0.5 AS INTEGER), CAST({uniform('i', 'b')} < 0.5 AS INTEGER) FROM range({MANY}) t(i)"
    found = Counter(read(halves))
    assert all(abs(number - MANY / 4) < 6 * (MANY * 3 / 16) ** 0.5 for number in found.values())
    assert len(found) == 4


def test_draws_have_the_shape_that_they_say() -> None:
    text = one_of("i", "text", {"a": 3, "b": 1})
    drawn = f"SELECT {text}, {whole('i', 'whole', 2, 4)}, {heavy_tailed('i', 'tail', least=1, exponent=2, most=50)} FROM range({MANY}) t(i)"
    texts, numbers, tails = zip(*read(drawn), strict=True)
    assert abs(texts.count("a") - MANY * 0.75) < 6 * (MANY * 3 / 16) ** 0.5
    assert set(numbers) == {2, 3, 4}
    assert abs(sum(float(tail) > 2 for tail in tails) - MANY / 4) < 6 * (MANY * 3 / 16) ** 0.5
    assert 1 <= min(tails) <= max(tails) <= 50
