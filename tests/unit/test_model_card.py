"""The card of a model: what it promises and rests on, nothing that was not paid for, and nothing that a party's words could forge."""

from __future__ import annotations

import itertools
import re

import pytest
from markdown_it import MarkdownIt

from stillroom.client.exports.card import card
from stillroom.model.codec import digest_of
from stillroom.model.trained import Unchecked, Variable
from stillroom.model.training import Linear
from tests.trained import BASE, VARIABLES, made, outcome

HOSTILE = (
    "plain | <script>alert(1)</script> ![x](http://evil.example/x) [here](http://evil.example) `` ` ``` *b* http://evil.example\n\n"
    "# Title\n> **Norm verified**\r\u202e\x1b[2K\n| a |\n| --- |"
)
MARKUP = MarkdownIt("commonmark").enable("table")
SECTIONS = [
    "Model card: illness",
    "What it predicts, and from what",
    "Whom it was made for",
    "What it reveals about one person",
    "Rounds and noise",
    "What is not verified",
    "What is not claimed",
    "What names it",
]


def headings(text: str) -> list[str]:
    """Return what is set as a heading."""
    tokens = MARKUP.parse(text)
    pairs = itertools.pairwise(tokens)
    return ["".join(child.content for child in after.children or []) for one, after in pairs if one.type == "heading_open"]


def test_a_card_says_what_from_what_for_whom_and_at_which_price() -> None:
    text = card(BASE)
    assert headings(text) == SECTIONS
    for said in (
        "The label `ill`: `false`, `true`. The model gives the probability of the second of two values, by logistic regression.",
        "- `age`: a number from 18 to 90\n- `bmi`: a number from 10.0 to 60.0\n- `sex`: `f`, `m`\n- `smoker`: `false`, `true`\n",
        "- Contract: `study`, version 1.\n- Purpose, as the contract states it: `tests`. No other use was agreed on.\n",
        "- Receivers: `hospital0`.",
        "in the data of at most 3 of 3 owners, and has at most so many identifiers: 1.",
        "Whether a person's rows are there: ε = 1. How they are altered, in all of these data: ε = 2.06968. Both at δ = 1e-09.",
        "ρ = 0.014973057672, δ = 0.000000000000000000",
        "- Rounds: 2. Numbers summed in each: 20, 5.",
        f"a standard deviation of {BASE.noise_multiplier:.4g} times the most that one person can change the sum by",
        "those of 2 owners are all of the noise that is counted on, so that 1 of 3 may work together",
        "- Contributors to round 2: `hospital0`, `hospital1`, `hospital2`.",
        digest_of(BASE),
        *BASE.sentences,
    ):
        assert said in text


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_a_card_knows_every_kind_of_column(name: str) -> None:
    assert f"- `{name}`: " in card(made("poisson", [name], [1.0]))
    assert "- `bmi`: a number from -10.05 to 60.00\n" in card(made("poisson", ["bmi"], [1.0]))


def test_a_card_says_what_is_not_verified() -> None:
    def bold(text: str) -> list[str]:
        return re.findall(r"^- \*\*(.*)\.\*\*", text, re.MULTILINE)

    assert bold(card(BASE)) == ["Norm not verified", "Noise not verified", "Rows not verified", "Accuracy not measured"]
    assert "Disjointness not verified" in bold(card(outcome(owners_per_person=1)))
    checked = BASE.model_copy(update={"unchecked": (Unchecked.ROWS,)})
    assert bold(card(checked)) == ["Rows not verified"]


def test_a_card_depends_on_the_outcome_by_its_digests_alone() -> None:
    """Two trainings that differ by what they learned have the same card, but for what names model and record."""
    one, other = (card(outcome(Linear(), numbers, label="grade")) for numbers in ((0.0,) * 5, (1e3, -7.0, 0.1, 2.0, 3.0)))
    assert one != other
    assert re.sub(r"- (Model|Record of the training): `sha256:.*`", "", one) == re.sub(
        r"- (Model|Record of the training): `sha256:.*`", "", other
    )
    assert not re.search(r"AUC|R²|loss|precision|recall", one)


def test_sentences_are_those_of_the_promise_whatever_the_file_says() -> None:
    lying = BASE.model_copy(update={"sentences": ("Nothing is revealed.", "Nothing.")})
    assert BASE.sentences[0] in card(lying)
    assert "Nothing is revealed" not in card(lying)


def test_what_a_party_wrote_is_nothing_but_text() -> None:
    column = Variable(name=HOSTILE, low=0, high=1, values=(HOSTILE + "1", "```"))
    hostile = made("text", ["age"], [1.0]).model_copy(update={"purpose": HOSTILE, "features": (column,), "label": column})
    text = card(hostile)
    assert headings(text) == SECTIONS
    found = [child for token in MARKUP.parse(text) for child in (token, *(token.children or []))]
    kinds = {one.type for one in found}
    assert not kinds & {
        "html_block",
        "html_inline",
        "link_open",
        "image",
        "em_open",
        "blockquote_open",
        "table_open",
        "fence",
        "code_block",
    }
    shown = [one.content for one in found if one.type == "code_inline"]
    assert len([one for one in shown if "<script>alert(1)</script>" in one]) == 5
    assert all("http://evil.example" not in one.content for one in found if one.type == "text")
    assert all(one.isprintable() or one == "\n" for one in text)
