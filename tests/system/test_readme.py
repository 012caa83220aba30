"""The README shows what the demo really prints, and its commands and links lead somewhere."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from scripts.pages import block
from scripts.refresh_docs import README
from stillroom.demo_data import CONTRACT, HEALTHCO_TRIAL, INSURECO_MEMBERS
from tests.pages import DOCS, act_out, commands

if TYPE_CHECKING:
    from pathlib import Path

REFRESH = "The demo has changed: run `python -m scripts.refresh_docs` and look at README.md."
NOISY = (
    (r"sha256:[0-9a-f]+…", "sha256:DIGEST"),
    (r" *-?\d+ ± (\d+)", r" CELL ± \1"),
    (r"(?:-?\d+ \+ )+-?\d+ = -?\d+", "SUM"),
    (r"they are\s+right for \d+ by chance", "they are right for LUCKY by chance"),
    (r"interval excludes 0: \d+ of (\d+)", r"interval excludes 0: SURE of \1"),
)
"""What comes out differently each time: digests of fresh keys, noisy values, and what the attack makes of them."""


def steady(output: str) -> list[str]:
    """Return the lines of a run of the demo with placeholders for what differs from run to run."""
    for pattern, placeholder in NOISY:
        output = re.sub(pattern, placeholder, output)
    return output.splitlines()


def shown() -> str:
    """Return the demo's output in the README."""
    return block(README.read_text(encoding="utf-8"), "demo-output").removeprefix("```text\n").removesuffix("```\n")


def test_the_demos_output_in_the_readme_is_real(demo: str) -> None:
    assert steady(shown()) == steady(demo), REFRESH


def test_the_first_screen_is_a_sentence_a_command_and_its_output() -> None:
    top = README.read_text(encoding="utf-8").split("<!-- /demo-output -->")[0]
    assert re.match(r"# Stillroom\n\n\*\*[^*]+\*\*\n\n```console\n\$ make demo\n```\n\n<!-- demo-output -->\n```text\n", top)
    assert max(len(line) for line in shown().splitlines() if not line.lstrip().startswith(("$", "Next:"))) <= 80


def test_placeholders_take_the_place_of_noise_only() -> None:
    lines = steady(shown())
    assert sum("CELL" in line for line in lines) == 9
    assert {"SUM", "LUCKY", "SURE", "sha256:DIGEST"} <= set(re.split(r"[^\w:]", " ".join(lines)))


@pytest.mark.parametrize(
    ("said", "instead"),
    [("± 9", "± 7"), ("24 of 24", "23 of 24"), ("88.1 %", "88.2 %"), ("fails", "succeeds"), ("103 of 103", "102 of 103")],
)
def test_a_line_that_is_no_longer_true_is_found(said: str, instead: str) -> None:
    assert steady(shown().replace(said, instead)) != steady(shown())


def test_its_commands_lead_from_nothing_to_a_release(tmp_path: Path) -> None:
    _, section = README.read_text(encoding="utf-8").split("## Your first room\n")
    homes, rest = section.split("\n## ")[0].split("A [contract]")
    act_out(homes, tmp_path)
    contract = CONTRACT.read_text(encoding="utf-8")
    for party in ("insureco", "healthco"):
        contract = contract.replace(f"{{{party}}}", (tmp_path / party / "public.key").read_text(encoding="utf-8"))
    (tmp_path / "contract.yaml").write_text(contract, encoding="utf-8")
    shutil.copy(INSURECO_MEMBERS, tmp_path / "members.csv")
    shutil.copy(HEALTHCO_TRIAL, tmp_path / "trial.csv")
    assert "Accepted." in act_out(rest, tmp_path)


def test_its_commands_for_a_service_are_those_of_the_page_that_is_acted_out() -> None:
    _, section = README.read_text(encoding="utf-8").split("## Parties on machines of their own\n")
    said = commands(section)
    page = commands((DOCS / "how-to" / "run-a-server.md").read_text(encoding="utf-8"))
    assert len(said) > 4
    assert said == [command for command in page if command in said]
    (target,) = re.findall(r"`make (\S+)`", section.split("\n## ")[0])
    assert f"\n{target}: " in (README.parent / "Makefile").read_text(encoding="utf-8")


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert len(links) > 15
    assert [link for link in links if not (README.parent / link).exists()] == []
