"""The stories of synthetic people: their tutorials work word for word, and what they tell is true."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.cli.main import _code
from stillroom.demo_data import agencies
from tests.pages import DOCS, act_out, commands

if TYPE_CHECKING:
    from pathlib import Path

STORIES = ("agencies", "campaign", "transit")
PARTS = {
    "agencies": (
        r"loses (\d+) of its 288 cells",
        r"gives (\d+) of \d+ back exactly",
        "288 of 288 in the release's three-way table",
        "167 of 167 totals are the sums of their parts",
        "which only this demo knows",
    ),
    "campaign": (
        "10 times or more [0-9,]+ ± ",
        "exposed, % held out, % lift, %",
        r"Reach: \d of 6 intervals hold the truth",
        r"Conversions: \d of 6 intervals hold the truth",
        "The true lift is 49.7 %",
        "which only this demo knows",
    ),
    "transit": (
        "taps are ± 666; as 40 rows of up to 20 taps they would be ± 18122",
        r"gain over elsewhere, % \d+ ± \d",
        r"Taps: \d of 6 intervals hold the truth",
        r"Spending: \d of 5 intervals hold the truth",
        "cut off 0.5 % of the taps and 1.8 % of the spending",
        "Without bounds the gain is 15.2 %",
        "which only this demo knows",
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_tutorial_of_a_story_works_word_for_word(story: str, tmp_path: Path) -> None:
    page = (DOCS / "tutorials" / f"{story}.md").read_text(encoding="utf-8")
    assert page.count("$ stillroom ") == len(commands(page)) > 7
    printed = act_out(page, tmp_path)
    told, _, _ = printed.partition("\nNext: ")
    lines = told.splitlines()
    assert len(lines) < 60
    assert max(len(line) for line in lines if not line.lstrip().startswith("$")) <= 80
    text = " ".join(told.split())
    assert "made up" in lines[0]
    for part in (*PARTS[story], "12 of 12 steps passed: accepted", "flipped: rejected"):
        assert re.search(part, text), part
    assert re.search(r"\nNext: .*stillroom ask \".*\" --epsilon \S+ --home ", printed)


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert _code(["demo", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_the_agencies_count_what_a_threshold_blanks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = told(["agencies", "--people", "100000", "--folder", str(tmp_path / "demo")], capsys)
    assert [step["title"][:8] for step in story["steps"]] == ["Two agen", "The usua", "The same", "Against ", "Anybody "]
    files = {name: tmp_path / "demo" / "files" / f"{name}.parquet" for name in ("residents", "records")}
    small = sum(1 <= people < 10 for people in agencies.truth(files).values())
    assert f"loses {small} of its 288 cells" in story["steps"][1]["lines"][0]
    assert "100,000" in story["steps"][0]["title"]
    held = re.search(r"(\d+) of 455 intervals hold", " ".join(story["steps"][3]["lines"]))
    assert held is not None
    assert int(held[1]) > 350
    assert " ask " in story["next"]


def test_the_campaign_is_told_of_any_number_of_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = told(["campaign", "--people", "500", "--folder", str(tmp_path / "demo")], capsys)
    assert [step["title"][:9] for step in story["steps"]] == ["A publish", "Reach and", "Conversio", "Lift: buy", "Against t", "Anybody c"]
    assert "500 users are made up" in story["steps"][0]["title"]


def test_the_new_line_is_told_of_any_number_of_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = told(["transit", "--people", "500", "--folder", str(tmp_path / "demo")], capsys)
    assert [step["title"][:9] for step in story["steps"]] == ["A transit", "Riders an", "What ride", "Against t", "Anybody c"]
    assert "500 people are made up" in story["steps"][0]["title"]


def test_real_people_are_as_many_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(["demo", "--people", "1000"]) == 2
    assert capsys.readouterr().err.startswith("USAGE")


def test_there_is_no_other_story(capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(["demo", "fairies"]) == 2
    assert capsys.readouterr().err.startswith("USAGE")
