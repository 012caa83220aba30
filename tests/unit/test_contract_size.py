"""Contracts that somebody has filled with templates: what it takes to read one does not grow with its size times theirs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.client.contracts import check
from stillroom.crypto.keys import SigningKey
from stillroom.model.codec import digest_of
from stillroom.model.contract import PARTIES_LIMIT, TEMPLATES_LIMIT, Contract, Role
from stillroom.model.question import Question, Terms
from stillroom.policy.contract_problems import semantic_problems
from stillroom.policy.template_problems import WORK_LIMIT
from stillroom.query.compile import compile_question
from tests.parties import PARTIES, QUESTION, document

if TYPE_CHECKING:
    from pathlib import Path

COLUMN = {"type": "integer", "uses": ["measure"], "bounds": [0, 9]}
ENCODED: list[str] = []


class Counted(Contract):
    """A contract that counts how often it is encoded."""

    def to_json(self) -> Any:  # noqa: ANN401 - as that of any value
        """Encode."""
        ENCODED.append(self.name)
        return super().to_json()


def agreement(templates: int, columns: int = 0, **changes: object) -> dict[str, Any]:
    """Return a contract with so many templates, and so many columns more than are needed."""
    found = document({name: SigningKey.from_seed(name.encode().ljust(32)).public.text for name in PARTIES})
    one = {"sql": QUESTION, "release_epsilon": 1, "analyst_epsilon": 5, **changes}
    found["approval"] = {"rule": "templates", "templates": [{**one, "name": f"t{number}"} for number in range(templates)]}
    found["datasets"]["members"]["columns"].update({f"c{number}": COLUMN for number in range(columns)})
    return found


def problems(folder: Path, agreed: dict[str, Any]) -> list[str]:
    """Return where a contract has problems."""
    file = folder / "contract.json"
    file.write_text(json.dumps(agreed), encoding="utf-8")
    return sorted({problem.path for problem in check(file)})


def test_a_contract_has_so_many_templates_parties_and_roles_and_no_more(tmp_path: Path) -> None:
    assert problems(tmp_path, agreement(TEMPLATES_LIMIT)) == []
    templates = "approval.templates.templates"
    assert templates in problems(tmp_path, agreement(TEMPLATES_LIMIT + 1))
    assert f"{templates}.0.roles" in problems(tmp_path, agreement(1, roles=["owner"] * (len(Role) + 1)))
    assert f"{templates}.0.ask" in problems(tmp_path, agreement(1, ask=["insurer"] * (PARTIES_LIMIT + 1)))
    agreed = agreement(1)
    many = [{**agreed["parties"][0], "name": f"p{number}"} for number in range(PARTIES_LIMIT + 1)]
    assert "parties" in problems(tmp_path, {**agreed, "parties": many})
    for field in ("ask", "receive"):
        assert field in problems(tmp_path, {**agreed, field: ["insurer"] * (PARTIES_LIMIT + 1)})
    agreed["parties"][0]["roles"] *= 2
    assert "parties.0.roles" in problems(tmp_path, agreed)


def test_templates_of_a_contract_without_a_list_of_parties_are_no_mistake_of_ours(tmp_path: Path) -> None:
    assert problems(tmp_path, {**agreement(1, roles=["owner"]), "parties": "all"}) == ["parties"]


@pytest.mark.parametrize("templates", [10, 40])
def test_templates_and_columns_are_not_too_many_together(tmp_path: Path, templates: int) -> None:
    declared = sum(len(one["columns"]) for one in agreement(1)["datasets"].values())
    most = WORK_LIMIT // templates - declared
    assert problems(tmp_path, agreement(templates, most)) == []
    assert problems(tmp_path, agreement(templates, most + 1)) == ["approval.templates"]
    assert problems(tmp_path, {**agreement(1, most + 1), "approval": {"rule": "each-owner"}}) == []


def test_a_contract_is_encoded_once_however_many_templates_it_has() -> None:
    ENCODED.clear()
    assert semantic_problems(Counted.model_validate_json(json.dumps(agreement(30)))) == ()
    assert len(ENCODED) == 1


def test_a_plan_names_the_contract_whoever_has_worked_out_its_digest() -> None:
    contract = Contract.model_validate_json(json.dumps(agreement(1)))
    question = Question(contract=digest_of(contract), sql=QUESTION, asked_by="insurer", terms=Terms(epsilon=1.0))
    assert compile_question(contract, question, digest_of(contract)) == compile_question(contract, question)
