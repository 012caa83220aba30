"""Templates for roles: the room, the owners' agents and whoever verifies decide alike about whom a template is for."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.adapters.home import Home
from stillroom.client.contracts import check, explain, read
from stillroom.client.report.processing import approval
from stillroom.client.verification import verify
from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.templates import check_template
from stillroom.crypto.envelope import unverified_payload
from stillroom.errors import Code, Refusal
from stillroom.model.contract import Contract, Template, TemplateApproval
from stillroom.model.release import PAYLOAD_TYPE, Release
from stillroom.policy.automatic import automatic
from stillroom.room.signed import sign
from stillroom.room.statement import QUESTION_TYPE
from tests.lied_to import scene_of
from tests.parties import MEMBERS, PARTIES, QUESTION, VISITS, document
from tests.published import Files, publish
from tests.rooms import KEYS, SQL, contract
from tests.services import serving

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.question import Question
    from tests.services import Served

TEMPLATE: dict[str, Any] = {"name": "one", "sql": QUESTION, "release_epsilon": 1, "analyst_epsilon": 5}


def agreement(keys: dict[str, str], **changes: object) -> dict[str, Any]:
    """Return a contract where both may ask, the insurer is an auditor besides, and a template has these changes."""
    agreed = document(keys)
    for party in agreed["parties"]:
        party["roles"] += ["auditor"] if party["name"] == "insurer" else []
    return {**agreed, "ask": list(PARTIES), "approval": {"rule": "templates", "templates": [{**TEMPLATE, **changes}]}}


def settled(served: Served, **changes: object) -> None:
    """Have both parties join and sign, and add their data."""
    served.sign(agreement({name: served.join(name) for name in PARTIES}, **changes), *PARTIES)
    served.add("members", MEMBERS)
    served.add("visits", VISITS)


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"roles": ["auditor"]}, {"insurer"}),
        ({"roles": ["auditor", "owner"]}, {"insurer", "clinic"}),
        ({"roles": ["owner"], "ask": ["clinic"]}, {"clinic"}),
    ],
)
def test_a_template_is_for_those_who_have_its_role_and_are_named_if_it_names_any(
    tmp_path: Path, changes: dict[str, Any], allowed: set[str]
) -> None:
    with serving(tmp_path) as served:
        settled(served, **changes)
        with served.agents(*PARTIES):
            for party, epsilon in zip(PARTIES, (1.0, 0.9), strict=True):
                if party in allowed:
                    assert served.session(party).ask(QUESTION, epsilon=epsilon).charged
                    continue
                with pytest.raises(Refusal) as caught:
                    served.session(party).ask(QUESTION, epsilon=epsilon)
                assert caught.value.code is Code.APPROVAL_MISSING


def test_an_owners_agent_holds_nothing_for_an_asker_without_the_role_whatever_the_room_says(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        settled(served, roles=["auditor"])
        scene = scene_of(served)
        cleared = scene.cleared()
        other = cleared.planned.asked.question.model_copy(update={"asked_by": "clinic"})
        pretended = sign(other, QUESTION_TYPE, Home.open(served.folder / "clinic").signing_key)
        lie = scene.grounds(cleared).model_copy(update={"question": pretended.decode()})
        assert scene.hold(cleared, grounds=lie).refusal is Code.APPROVAL_MISSING
        assert scene.hold(cleared).refusal is None


# ------------------------------------------------------------------------------------------------------ verification


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A release that was approved automatically, asked by the insurer."""
    return publish(tmp_path_factory.mktemp("room"), SQL, contract(ask=["hospital", "insurer"]))


def under(more: dict[str, list[str]], **changes: object) -> dict[str, Any]:
    """Return what differs in a contract with a template for the published question, and parties with more roles."""
    parties = [{**one, "roles": [*one["roles"], *more.get(one["name"], [])]} for one in contract().to_json()["parties"]]
    return {"parties": parties, "approval": {"rule": "templates", "templates": [{**TEMPLATE, "sql": SQL, **changes}]}}


@pytest.mark.parametrize(
    ("more", "changes", "holds"),
    [
        ({"insurer": ["auditor"]}, {"roles": ["auditor"]}, True),
        ({"hospital": ["auditor"]}, {"roles": ["auditor"]}, False),
        ({"insurer": ["auditor"]}, {"roles": ["auditor"], "ask": ["hospital"]}, False),
        ({"hospital": ["auditor"]}, {"roles": ["auditor"], "ask": ["insurer"]}, False),
    ],
)
def test_a_release_without_signatures_verifies_for_who_has_the_role_only(
    published: Files, more: dict[str, list[str]], changes: dict[str, Any], *, holds: bool
) -> None:
    one = published.agreed(lambda agreed: agreed.update(under(more, **changes)))
    report = verify(one.release, one.contract, one.log)
    assert report.accepted is holds
    assert [step.number for step in report.steps if step.failed] == ([] if holds else [12])
    assert holds or any("is of no template" in step.detail for step in report.steps)


ROLES = ("auditor", "owner", "operator")
NAMED = ((), ("hospital",), ("insurer",), ("hospital", "insurer"))


def accepts(value: Contract, question: Question, release: Release) -> bool:
    """Tell whether a verifier accepts a release without signatures for a question."""
    assert isinstance(value.approval, TemplateApproval)
    try:
        check_template(value.approval, value, release.model_copy(update={"question": question}), ["hospital"])
    except Broken:
        return False
    return True


def test_room_and_verifier_decide_alike_whatever_names_and_roles_there_are(published: Files) -> None:
    release, found = Release.model_validate_json(unverified_payload(published.release, PAYLOAD_TYPE)), set()
    wanted = [chosen for size in range(len(ROLES) + 1) for chosen in (ROLES[:size], ROLES[size:])]
    for named, roles, asker in product(NAMED, wanted, ("hospital", "insurer", "stranger")):
        document = {**contract(ask=["hospital", "insurer"]).to_json(), **under({"insurer": ["auditor"]}, ask=named, roles=roles)}
        value, question = Contract.model_validate(document, strict=False), release.question.model_copy(update={"asked_by": asker})
        has = {"hospital": {"owner"}, "insurer": {"owner", "auditor"}, "stranger": set()}[asker]
        expected = asker in (named or ("hospital", "insurer")) and (not roles or bool(has & set(roles)))
        assert (automatic(value, question) is not None, accepts(value, question, release)) == (expected, expected), (named, roles, asker)
        found.add(expected)
    assert found == {True, False}


# -------------------------------------------------------------------------------------------------------------- words


def file_of(folder: Path, **changes: object) -> Path:
    """Write a contract with a template."""
    file = folder / "contract.json"
    keys = {"insurer": KEYS["insurer"].public.text, "clinic": KEYS["hospital"].public.text}
    file.write_text(json.dumps(agreement(keys, **changes)), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"roles": ["auditor"]}, []),
        ({"roles": ["operator"]}, ["approval.templates.0.roles"]),
        ({"roles": ["owner", "operator"]}, ["approval.templates.0.roles"]),
        ({"roles": ["auditor"], "ask": ["clinic"]}, ["approval.templates.0.roles"]),
    ],
)
def test_a_role_that_nobody_has_whom_the_template_is_for_is_refused_before_anybody_signs(
    tmp_path: Path, changes: dict[str, Any], paths: list[str]
) -> None:
    assert [problem.path for problem in check(file_of(tmp_path, **changes))] == paths
    assert any(problem.path.endswith("templates.0.roles.0") for problem in check(file_of(tmp_path, roles=["boss"])))


def test_words_say_whom_a_template_comes_to_and_by_which_roles(tmp_path: Path) -> None:
    (line,) = [line for line in explain(file_of(tmp_path, roles=["auditor"])) if "automatically" in line]
    assert line.startswith("Approved automatically, for insurer (those of clinic and insurer with the role auditor), up to ε = 1 a release")
    (line,) = [line for line in explain(file_of(tmp_path, roles=["auditor", "owner"])) if "automatically" in line]
    assert "for clinic and insurer (those of clinic and insurer with the role auditor or owner)," in line
    words = approval(read(file_of(tmp_path, roles=["auditor"])))
    assert "beforehand for `insurer` (those of `clinic`, `insurer` with the role auditor), up to" in words
    (line,) = [line for line in explain(file_of(tmp_path)) if "automatically" in line]
    assert "for clinic and insurer, up to" in line


def test_a_template_without_roles_is_encoded_as_before_there_were_any() -> None:
    assert Template.model_validate(TEMPLATE, strict=False).to_json() == TEMPLATE
