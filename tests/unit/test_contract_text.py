"""Contracts are read strictly, and all problems are named at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from stillroom.errors import Code, InvalidInput
from stillroom.model.codec import digest_of
from stillroom.policy.amendment import check_amendment
from stillroom.policy.contract_schema import json_schema
from stillroom.policy.contract_text import examine, parse_contract
from stillroom.policy.contract_words import difference, explain
from stillroom.policy.contracts import section_digest

if TYPE_CHECKING:
    from stillroom.model.contract import Contract

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
EXAMPLE = (REFERENCE / "example-contract.yaml").read_text(encoding="utf-8")


AUTOMATIC = {"rule": "automatic", "release_epsilon": 0.1, "analyst_epsilon": 0.2}
"""Approval for all that costs little."""


def example(**changes: object) -> dict[str, Any]:
    """Return the example as data, with paths such as `caps__epsilon` changed."""
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


def paths(data: dict[str, Any]) -> set[str]:
    """Return where problems are found."""
    return {problem.path for problem in examine(json.dumps(data))[1]}


def test_the_example_has_no_problems() -> None:
    contract, problems = examine(EXAMPLE)
    assert contract is not None
    assert problems == ()


def test_yaml_and_json_are_the_same_contract() -> None:
    contract = parse_contract(EXAMPLE)
    assert digest_of(parse_contract(json.dumps(contract.to_json()))) == digest_of(contract)


def test_the_published_schema_is_current() -> None:
    published = json.loads((REFERENCE / "contract.schema.json").read_text(encoding="utf-8"))
    assert published == json_schema()


def test_the_example_is_valid_under_the_schema() -> None:
    jsonschema.Draft202012Validator(json_schema()).validate(example())


PROBLEMS = [
    ({"parties__0__key": "ed25519:short"}, "parties.0.key"),
    ({"parties__1__name": "city"}, "parties"),
    ({"ask": ["clinic"]}, "ask"),
    ({"ask": []}, "ask"),
    ({"receive": ["nobody"]}, "receive"),
    ({"expires": "2026-02-30"}, "expires"),
    ({"version": 2}, "amends"),
    ({"caps__release_epsilon": 9}, "caps.release_epsilon"),
    ({"approval__release_epsilon": 3}, "approval.release_epsilon"),
    ({"datasets__visits__owner": "nobody"}, "datasets.visits.owner"),
    ({"datasets__residents__person__column": "district"}, "datasets.residents.person.column"),
    ({"datasets__residents__columns": {}}, "datasets.residents.columns"),
    ({"datasets__districts__key": ["zip"]}, "datasets.districts.key"),
    ({"datasets__residents__columns__district__other": "west"}, "datasets.residents.columns.district.other"),
    ({"datasets__residents__columns__district__values": ["north", "north"]}, "datasets.residents.columns.district.values"),
    ({"datasets__residents__columns__district__values": ["north", 1]}, "datasets.residents.columns.district.values"),
    ({"datasets__residents__columns__born__bounds": ["1900-01-01", "2026-13-01"]}, "datasets.residents.columns.born.bounds"),
    ({"datasets__residents__columns__born__bounds": [0, 1]}, "datasets.residents.columns.born.bounds"),
    ({"datasets__residents__columns__income__step": None}, "datasets.residents.columns.income.step"),
    ({"datasets__residents__columns__income__step": -1}, "datasets.residents.columns.income.step"),
    ({"datasets__residents__columns__income__bounds": [0, 0.005]}, "datasets.residents.columns.income"),
    ({"datasets__residents__columns__income__bounds": [5, 1]}, "datasets.residents.columns.income.bounds"),
    ({"datasets__residents__columns__income__bounds": None}, "datasets.residents.columns.income.uses"),
    ({"datasets__residents__columns__income__bounds": [0, 1e17]}, "datasets.residents.columns.income.bounds"),
    ({"datasets__residents__columns__income__uses": ["group"]}, "datasets.residents.columns.income.uses"),
    ({"datasets__visits__columns__minutes__step": 7}, "datasets.visits.columns.minutes.bounds"),
    ({"datasets__visits__columns__minutes__step": 0.5}, "datasets.visits.columns.minutes.step"),
    ({"datasets__visits__columns__minutes__total": [5, 1]}, "datasets.visits.columns.minutes.total"),
    ({"datasets__visits__columns__note__max_length": None}, "datasets.visits.columns.note"),
    ({"datasets__visits__columns__note__uses": ["group"]}, "datasets.visits.columns.note.uses"),
    ({"datasets__visits__columns__urgent__max_length": 5}, "datasets.visits.columns.urgent.max_length"),
    (
        {"datasets__residents__columns__born__uses": ["group"], "datasets__residents__columns__born__bounds": None},
        "datasets.residents.columns.born.uses",
    ),
    ({"caps__selection_delta": 1e-9}, "caps.release_selection_delta"),
    ({"caps__release_selection_delta": 1e-9}, "caps.release_selection_delta"),
    ({"caps__selection_delta": 1e-9, "caps__release_selection_delta": 1e-8}, "caps.release_selection_delta"),
    ({"caps__selection_delta": 1e-9, "caps__release_selection_delta": 1e-19}, "caps.release_selection_delta"),
    ({"caps__selection_delta": -1e-9}, "caps.selection_delta"),
    ({"caps__selection_delta": 0.5}, "caps.selection_delta"),
    ({"approval": AUTOMATIC | {"analyst_selection_delta": 1e-9}}, "approval.analyst_selection_delta"),
    (
        {
            "approval": AUTOMATIC | {"analyst_selection_delta": 2e-9},
            "caps__selection_delta": 1e-9,
            "caps__release_selection_delta": 1e-10,
        },
        "approval.analyst_selection_delta",
    ),
    ({"purpose": ...}, "purpose"),
    ({"colour": "red"}, "colour"),
    ({"caps__delta": 0}, "caps.delta"),
    ({"datasets__visits__rows_per_person": 0}, "datasets.visits.rows_per_person"),
    ({"datasets__visits__rows_per_person": "12"}, "datasets.visits.rows_per_person"),
    ({"name": "Not A Name"}, "name"),
    ({"schema": "stillroom/contract/v2"}, "schema"),
]


@pytest.mark.parametrize(("change", "path"), PROBLEMS)
def test_each_problem_is_named_where_it_is(change: dict[str, Any], path: str) -> None:
    assert path in paths(example(**change))


def test_columns_without_a_domain_may_be_grouped_by_where_their_values_can_be_selected() -> None:
    selecting = {"caps__selection_delta": 1e-9, "caps__release_selection_delta": 1e-11}
    for column in ("visits__columns__note", "residents__columns__income"):
        assert paths(example(**{f"datasets__{column}__uses": ["group"], **selecting})) == set()


def test_all_problems_come_at_once() -> None:
    found = paths(example(ask=["clinic"], expires="never-ever", caps__release_epsilon=9)) | paths(
        example(ask=["clinic"], caps__release_epsilon=9)
    )
    assert {"ask", "caps.release_epsilon"} <= found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "a: 1\na: 2",
        "a: !!python/object/apply:os.system [x]",
        "a: &x [*x]",
        b"\xff\xfe",
        "a: " + "[" * 5_000,
        "x" * 1_000_001,
        "a: &a [1,2,3,4,5,6,7,8,9]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]",
    ],
)
def test_what_is_not_a_contract_is_refused_without_a_stack_trace(text: str | bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_contract(text)
    assert refused.value.code is Code.CONTRACT_INVALID


@pytest.mark.parametrize(("text", "line"), [("a: 1\nb: 2\na: 3", 3), ("a: &x 1\nb: *x", 2), ("a: 1\nb: !!binary x", 2), ("? [1]\n: 2", 1)])
def test_repeated_keys_aliases_and_tags_are_named_with_their_line(text: str, line: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_contract(text)
    assert refused.value.reason.endswith(f"a tag is used, near line {line}.")


def test_problems_of_form_have_fixes_of_their_own() -> None:
    text = json.dumps(example(name="Not A Name", purpose=..., colour="red"))
    fixes = {problem.path: problem.fix for problem in examine(text)[1]}
    assert fixes["name"].startswith("Use small letters")
    assert (fixes["purpose"], fixes["colour"]) == ("Add the field.", "Check its spelling, or leave it out.")


MISSING: list[tuple[str, str]] = [
    ("purpose", "purpose"),
    ("schema", "schema"),
    ("parties__0__key", "key"),
    ("caps__epsilon", "epsilon"),
    ("approval__rule", "rule"),
    ("datasets__residents__kind", "kind"),
    ("datasets__residents__person__column", "column"),
    ("datasets__residents__rows_per_person", "rows_per_person"),
    ("datasets__visits__columns__note__type", "type"),
    ("datasets__districts__digest", "digest"),
]


@pytest.mark.parametrize(("place", "name"), MISSING)
def test_a_field_that_is_missing_is_named_with_its_place(place: str, name: str) -> None:
    problem = next(one for one in examine(json.dumps(example(**{place: ...})))[1] if one.path == place.replace("__", "."))
    assert (problem.what, problem.fix) == (f"The field `{name}` is missing.", "Add the field.")


def test_a_field_that_there_is_not_is_named_with_its_place() -> None:
    found = {one.path: one.what for one in examine(json.dumps(example(caps__colour=1, datasets__residents__kind="open")))[1]}
    assert found["caps.colour"] == "There is no field `colour` here."
    assert found["datasets.residents.kind"] == "The field `kind` is none of 'private', 'public'."


def test_words_cover_every_column() -> None:
    contract = parse_contract(EXAMPLE)
    said = "\n".join(explain(contract))
    assert all(column in said for dataset in contract.datasets.values() for column in dataset.columns)
    assert "cannot be mentioned" in said


def test_where_rows_lie_is_said_and_part_of_what_is_signed() -> None:
    plain, keeping = parse_contract(EXAMPLE), parse_contract(json.dumps(example(datasets__visits__keep="at_server")))
    same = parse_contract(json.dumps(example(datasets__visits__keep="with_owner")))
    assert digest_of(same) == digest_of(plain) != digest_of(keeping)
    assert (plain.kept, keeping.kept) == ((), ("visits",))
    assert difference(plain, keeping) == ("datasets.visits.keep: added at_server",)
    assert difference(keeping, plain) == ("datasets.visits.keep: removed at_server",)
    said = [[line for line in explain(one) if " lie " in line] for one in (plain, keeping)]
    assert [len(lines) for lines in said] == [2, 2], "of each private dataset"
    (before, after), *_ = [pair for pair in zip(*said, strict=True) if pair[0] != pair[1]]
    assert "until that run is over" in before
    assert "also between runs: encrypted, under keys that only" in after
    for wrong in ({"datasets__visits__keep": "forever"}, {"datasets__districts__keep": "at_server"}):
        assert paths(example(**wrong)) == {path.replace("__", ".") for path in wrong}


def amended(contract: Contract, **changes: object) -> Contract:
    """Return an amendment of a contract."""
    return contract.model_copy(update={"version": contract.version + 1, "amends": digest_of(contract), **changes})


def test_a_difference_names_each_field_that_changed() -> None:
    contract = parse_contract(EXAMPLE)
    changes = difference(contract, amended(contract, purpose="Something else."))
    assert {change.split(":")[0] for change in changes} == {"version", "amends", "purpose"}
    assert difference(contract, contract) == ()


@pytest.mark.parametrize("changes", [{"name": "other"}, {"version": 3}, {"amends": "sha256:" + "0" * 64}])
def test_an_amendment_continues_the_contract_in_force(changes: dict[str, Any]) -> None:
    contract = parse_contract(EXAMPLE)
    check_amendment(contract, amended(contract))
    with pytest.raises(InvalidInput) as refused:
        check_amendment(contract, amended(contract).model_copy(update=changes))
    assert refused.value.code is Code.AMENDMENT_INVALID


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"purpose": "Another."}, True),
        ({"datasets__visits__columns__minutes__uses": ["filter"]}, True),
        ({"datasets__visits__columns__minutes__total": [0, 60]}, True),
        ({"datasets__visits__keep": "at_server"}, True),
        ({"datasets__visits__columns__minutes__bounds": [0, 120]}, False),
        ({"datasets__visits__rows_per_person": 13}, False),
        ({"datasets__visits__person__canonical": ["trim"]}, False),
        ({"datasets__visits__columns__urgent__required": False}, False),
        ({"datasets__residents__rows_per_person": 2}, True),
    ],
)
def test_data_stays_admitted_while_its_rules_stay(change: dict[str, Any], *, same: bool) -> None:
    before, after = parse_contract(EXAMPLE), parse_contract(json.dumps(example(**change)))
    assert (section_digest(before, "visits") == section_digest(after, "visits")) is same
