"""Every contradiction of a contract is found, beside every mistake of form, and what is no contract at all stays harmless."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stillroom.errors import Code, InvalidInput
from stillroom.policy.contract_text import examine, parse_contract
from stillroom.policy.contracts import section_digest

EXAMPLE = (Path(__file__).parents[2] / "docs" / "reference" / "example-contract.yaml").read_text(encoding="utf-8")


def example(**changes: object) -> dict[str, Any]:
    """Return the example as data, with paths such as `caps__epsilon` changed, or left out where the value is `...`."""
    data: dict[str, Any] = json.loads(json.dumps(parse_contract(EXAMPLE).to_json()))
    for path, value in changes.items():
        *parents, last = path.split("__")
        target: Any = data
        for part in parents:
            target = target[int(part)] if isinstance(target, list) else target[part]
        if value is ...:
            del target[last]
        else:
            target[last] = value
    return data


def paths(**changes: object) -> set[str]:
    return {problem.path for problem in examine(json.dumps(example(**changes)))[1]}


MINUTES = "datasets__visits__columns__minutes"
DISTRICT = "datasets__residents__columns__district__values"

CONTRADICTIONS: list[tuple[dict[str, object], str]] = [
    ({"datasets__visits__columns__person": {"type": "boolean"}}, "datasets.visits.columns.person"),
    ({"datasets__visits__person__placeholders": ["N/A"]}, "datasets.visits.person.placeholders"),
    ({"datasets__visits__person__placeholders": [""]}, "datasets.visits.person.placeholders"),
    ({"datasets__visits__rows_per_person": 1000, "limits__rows_per_person": 999}, "datasets.visits.rows_per_person"),
    ({"approval__analyst_epsilon": 9}, "approval.analyst_epsilon"),
    ({DISTRICT: ["north", "", "other"]}, "datasets.residents.columns.district.values"),
    ({DISTRICT: ["north", "a\x00", "other"]}, "datasets.residents.columns.district.values"),
    ({"datasets__residents__columns__income__step": 1e-13}, "datasets.residents.columns.income.step"),
    ({f"{MINUTES}__step": 2**60}, "datasets.visits.columns.minutes.step"),
    ({f"{MINUTES}__values": [1, 2], f"{MINUTES}__bounds": None, f"{MINUTES}__step": 1}, "datasets.visits.columns.minutes.step"),
    ({f"{MINUTES}__total": [0, 600.5]}, "datasets.visits.columns.minutes.total"),
    ({f"{MINUTES}__total": [0, 2**60]}, "datasets.visits.columns.minutes.total"),
    ({"datasets__visits__columns__urgent__total": [0, 1]}, "datasets.visits.columns.urgent.total"),
    ({"parties__0__roles": ["owner", "analyst", "receiver", "operator"]}, "parties.0.roles"),
    ({"retention_days": 2**60}, "retention_days"),
    ({"version": 2**60, "amends": "sha256:" + "0" * 64}, "version"),
]


@pytest.mark.parametrize(("changes", "path"), CONTRADICTIONS)
def test_a_contradiction_is_found_where_it_is(changes: dict[str, object], path: str) -> None:
    assert paths(**changes) == {path}


def test_mistakes_of_form_do_not_hide_contradictions() -> None:
    found = paths(
        purpose=...,
        colour="red",
        ask=["clinic"],
        caps__release_epsilon=9,
        datasets__districts__key=["zip"],
        datasets__visits__rows_per_person="12",
        datasets__visits__columns__urgent__max_length=5,
        datasets__visits__columns__note__type="blob",
        datasets__residents__columns__district__other="west",
    )
    assert found == {
        "purpose",
        "colour",
        "ask",
        "caps.release_epsilon",
        "datasets.districts.key",
        "datasets.visits.rows_per_person",
        "datasets.visits.columns.urgent.max_length",
        "datasets.visits.columns.note.type",
        "datasets.residents.columns.district.other",
    }


@pytest.mark.parametrize(
    "broken", ["parties", "version", "amends", "expires", "caps", "approval", "datasets", "limits", "ask", "protections"]
)
@pytest.mark.parametrize("value", [..., None, 7, "x", [], {}, [[]], {"a": {}}])
def test_no_broken_field_breaks_the_check(broken: str, value: object) -> None:
    examine(json.dumps(example(**{broken: value})))


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, {"kind": "private"}, {"kind": "public", "columns": []}, {"columns": {"a": 7}}])
def test_no_broken_dataset_breaks_the_check(value: object) -> None:
    assert any(path.startswith("datasets.visits") for path in paths(datasets__visits=value))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": 1',
        '{"a": "\\ud800"}',
        '{"a": ' * 100_000,
        "a: " + "9" * 5000,
        "a: 1e999",
        "[1, 2]",
        "text",
        "null",
        "a: !!binary aGk=",
        "a: !!set {x}",
        "a: !!timestamp 2020-01-01",
        "? [a]\n: b",
        "<<: {a: 1}",
        "%YAML 9.9\n---\na: 1",
        "a: 1\n---\nb: 2",
        "\x00",
        "\ud800",
    ],
)
def test_what_is_no_contract_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_contract(text)
    assert refused.value.code is Code.CONTRACT_INVALID


def test_json_is_read_as_json() -> None:
    """Tabs and pairs of surrogates are JSON, but not YAML."""
    text = json.dumps(example(purpose="Plan \U0001f3e5 hours."), indent="\t")
    assert "\\ud83c\\udfe5" in text
    assert parse_contract(text).purpose == "Plan \U0001f3e5 hours."


@pytest.mark.parametrize(("plain", "meant"), [("no", "no"), ("2026-01-31", "2026-01-31"), ("012", "012"), ("1_000", "1_000"), ("~x", "~x")])
def test_plain_yaml_words_are_text(plain: str, meant: str) -> None:
    assert parse_contract(EXAMPLE.replace("Plan how many clinic hours each district needs.", plain)).purpose == meant


def test_a_change_of_identifiers_per_person_needs_a_new_admission() -> None:
    before, after = (parse_contract(json.dumps(example(identifiers_per_person=count))) for count in (1, 2))
    assert section_digest(before, "visits") != section_digest(after, "visits")
