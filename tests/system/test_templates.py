"""Templates: questions that owners approve beforehand, word for word, within domains, up to a charge, for some, and so much in total."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.adapters.sql_store.room_tables import analysts
from stillroom.client.contracts import check, explain
from stillroom.client.session import open_room
from stillroom.client.verification import verify
from stillroom.errors import Code, Refusal
from stillroom.ledger.entry import Decision
from tests.parties import MEMBERS, PARTIES, VISITS, add, document, settle_in
from tests.rooms import KEYS
from tests.services import serving, settle

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.client.session import Session

SQL = "SELECT ward, COUNT(*) AS n FROM members JOIN visits ON id = pid WHERE age >= :least AND sex = :sex GROUP BY ward"
TEMPLATE: dict[str, Any] = {
    "name": "by_ward",
    "sql": SQL,
    "parameters": {"least": {"bounds": [18, 60]}, "sex": {"values": ["f", "m"]}},
    "release_epsilon": 1,
    "analyst_epsilon": 1.5,
}
RULE = {"rule": "templates", "templates": [TEMPLATE]}


def room(folder: Path, **changes: Any) -> Session:  # noqa: ANN401 - of the template
    """Make a room with the template, somewhat changed."""
    settle_in(folder, approval={"rule": "templates", "templates": [{**TEMPLATE, **changes}]})
    add(folder, "members", MEMBERS)
    add(folder, "visits", VISITS)
    return open_room(folder / "insurer")


def code(session: Session, sql: str = SQL, epsilon: float = 1.0, **parameters: Any) -> Code:  # noqa: ANN401 - what a parameter may be
    """Return why a question is refused."""
    with pytest.raises(Refusal) as caught:
        session.ask(sql, epsilon=epsilon, parameters=parameters or {"least": 20, "sex": "f"})
    return caught.value.code


def test_a_question_of_a_template_is_approved_by_the_contract_alone_and_verifies(tmp_path: Path) -> None:
    session = room(tmp_path)
    release = session.ask(SQL, epsilon=1.0, parameters={"least": 20, "sex": "f"})
    assert verify(release.envelope, contract=session.contract_envelope, log=session.export_log()).accepted


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        (SQL, {"least": 17, "sex": "f"}),
        (SQL, {"least": 61, "sex": "f"}),
        (SQL, {"least": 20, "sex": "x"}),
        (SQL, {"least": 20.5, "sex": "f "}),
        (SQL + " ", {"least": 20, "sex": "f"}),
        (SQL.lower(), {"least": 20, "sex": "f"}),
        (SQL.replace(":sex", "'f'"), {"least": 20}),
    ],
)
def test_another_text_or_parameter_waits_for_every_owner(tmp_path: Path, sql: str, parameters: dict[str, Any]) -> None:
    assert code(room(tmp_path), sql, **parameters) is Code.APPROVAL_MISSING


def test_what_costs_more_waits_for_every_owner_and_is_then_not_counted(tmp_path: Path) -> None:
    session = room(tmp_path)
    assert code(session, epsilon=1.1) is Code.APPROVAL_MISSING
    for party in PARTIES:
        own = open_room(tmp_path / party)
        (waiting,) = own.waiting(answered=True)
        own.decide(waiting.price.plan_digest, Decision.APPROVED)
    release = session.ask(SQL, epsilon=1.1, parameters={"least": 20, "sex": "f"})
    assert verify(release.envelope, contract=session.contract_envelope, log=session.export_log()).accepted
    assert session.ask(SQL, epsilon=1.0, parameters={"least": 21, "sex": "f"}).charged


def test_a_template_has_a_total_for_each_analyst(tmp_path: Path) -> None:
    session = room(tmp_path)
    session.ask(SQL, epsilon=1.0, parameters={"least": 20, "sex": "f"})
    session.ask(SQL, epsilon=1.0, parameters={"least": 21, "sex": "f"})
    assert code(session, least=22, sex="f") is Code.ANALYST_CAP_EXCEEDED
    assert not session.ask(SQL, epsilon=1.0, parameters={"least": 20, "sex": "f"}).charged


def test_a_question_of_a_template_that_is_used_up_waits_for_every_owner_and_is_then_not_counted(tmp_path: Path) -> None:
    session = room(tmp_path)
    session.ask(SQL, epsilon=1.0, parameters={"least": 20, "sex": "f"})
    session.ask(SQL, epsilon=1.0, parameters={"least": 21, "sex": "f"})
    for party in PARTIES:
        assert code(session, least=22, sex="f") is Code.ANALYST_CAP_EXCEEDED
        own = open_room(tmp_path / party)
        (waiting,) = own.waiting()
        own.decide(waiting.price.plan_digest, Decision.APPROVED)
    release = session.ask(SQL, epsilon=1.0, parameters={"least": 22, "sex": "f"})
    assert verify(release.envelope, contract=session.contract_envelope, log=session.export_log()).accepted


def test_a_template_is_for_whom_it_names(tmp_path: Path) -> None:
    settle_in(tmp_path, ask=["insurer", "clinic"], approval={"rule": "templates", "templates": [{**TEMPLATE, "ask": ["clinic"]}]})
    add(tmp_path, "members", MEMBERS)
    add(tmp_path, "visits", VISITS)
    assert code(open_room(tmp_path / "insurer")) is Code.APPROVAL_MISSING
    assert open_room(tmp_path / "clinic").ask(SQL, epsilon=1.0, parameters={"least": 20, "sex": "f"}).charged


def test_an_owners_no_stops_a_question_of_a_template(tmp_path: Path) -> None:
    session = room(tmp_path)
    assert code(session, epsilon=1.1) is Code.APPROVAL_MISSING
    clinic = open_room(tmp_path / "clinic")
    clinic.decide(clinic.waiting()[0].price.plan_digest, Decision.REJECTED)
    assert code(session, epsilon=1.1) is Code.APPROVAL_REJECTED


def test_an_owners_agent_counts_what_an_analyst_gets_without_a_signature_itself(tmp_path: Path) -> None:
    """The server forgets what was spent by the template; the agents do not."""
    with serving(tmp_path) as served:
        settle(served, approval=RULE)
        with served.agents(*PARTIES):
            session = served.session("insurer")
            for least in (20, 21):
                session.ask(SQL, epsilon=1.0, parameters={"least": least, "sex": "f"})
            with served.service.room.store.writing() as records:
                records.balances._connection.execute(analysts.delete())  # type: ignore[attr-defined]
            with pytest.raises(Refusal, match="agent of clinic") as caught:
                session.ask(SQL, epsilon=1.0, parameters={"least": 22, "sex": "f"})
            assert caught.value.code is Code.ANALYST_CAP_EXCEEDED


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"sql": "SELECT id FROM members"}, "approval.templates.0.sql"),
        ({"parameters": {"least": {"bounds": [18, 60]}}}, "approval.templates.0.sql"),
        ({"parameters": {"least": {}, "sex": {"values": ["f"]}}}, "approval.templates.0.parameters.least"),
        ({"parameters": {"least": {"bounds": [60, 18]}, "sex": {"values": ["f"]}}}, "approval.templates.0.parameters.least"),
        ({"release_epsilon": 6}, "approval.templates.0.release_epsilon"),
        ({"analyst_epsilon": 11}, "approval.templates.0.analyst_epsilon"),
        ({"ask": ["clinic"]}, "approval.templates.0.ask"),
    ],
)
def test_what_is_wrong_with_a_template_is_said_before_anybody_signs(tmp_path: Path, changes: dict[str, Any], path: str) -> None:
    keys = {name: key.public.text for name, key in zip(PARTIES, KEYS.values(), strict=False)}
    file = tmp_path / "contract.json"
    file.write_text(
        json.dumps({**document(keys), "approval": {"rule": "templates", "templates": [{**TEMPLATE, **changes}]}}), encoding="utf-8"
    )
    assert path in [problem.path for problem in check(file)]


def test_two_templates_have_two_names_and_words_say_what_is_approved(tmp_path: Path) -> None:
    session = room(tmp_path)
    file = tmp_path / "contract.json"
    contract = json.loads(file.read_text(encoding="utf-8"))
    words = [line for line in explain(file) if "automatically" in line]
    assert len(words) == 1
    assert "least from 18 to 60" in words[0]
    assert "sex one of f, m" in words[0]
    contract["approval"]["templates"] *= 2
    file.write_text(json.dumps(contract), encoding="utf-8")
    assert "approval.templates" in [problem.path for problem in check(file)]
    del session
