"""Offline verification, as a whole: what a room released is accepted, whatever is given beside it, and the page says what is done."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.client.verification import Outcome, verify
from stillroom.client.verification.steps import STEPS
from stillroom.crypto.canonical import canonical, digest
from stillroom.crypto.cosignature import cosign
from stillroom.crypto.envelope import add_signature, seal
from stillroom.crypto.note import read_checkpoint, sign_checkpoint
from stillroom.errors import Code, Refusal, Unverified
from stillroom.ledger.entry import Decision
from stillroom.model.charge import Charge
from stillroom.model.codec import digest_of
from stillroom.model.question import Question, Terms
from stillroom.policy.approval import APPROVAL_TYPE
from stillroom.room import door, extract
from stillroom.room.signed import sign
from stillroom.room.stages import Released
from stillroom.room.statement import QUESTION_TYPE
from tests.published import Files, cosigned, files, log_file, note
from tests.rooms import KEYS, OWNERS, SQL, Steps, build, contract, signed_contract

if TYPE_CHECKING:
    from stillroom.client.verification import Report
    from tests.rooms import Scene

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "verify.md"
JOINED = "FROM members JOIN visits ON members.id = visits.pid"
BAND = "CASE WHEN age < 30 THEN 'young' ELSE 'old' END"
QUESTIONS = (
    SQL,
    f"SELECT members.age, COUNT(*), SUM(visits.age), AVG(visits.age), COUNT(*) * 2 {JOINED} GROUP BY ROLLUP (members.age)",
    f"SELECT {BAND} AS band, age > 50 AS older, COUNT(*) AS n FROM members GROUP BY CUBE (band, older) ORDER BY n DESC",
    "SELECT age, COUNT(*) FROM visits GROUP BY age HAVING COUNT(*) > 500000000",
    "SELECT COUNT(*) FROM visits GROUP BY age LIMIT 5 OFFSET 3",
    "SELECT COUNT(*) FROM visits GROUP BY age HAVING COUNT(*) > 500000000",
    "SELECT age, GROUPING(age), COUNT(*) AS n, COUNT(*) > 3 FROM visits GROUP BY GROUPING SETS ((age), ()) ORDER BY n LIMIT 7",
    "SELECT COUNT(*), SUM(visits.age - 50), SUM(age) / COUNT(*) FROM visits",
    f"SELECT visits.age, SUM(members.age) {JOINED} WHERE members.age < 40 GROUP BY visits.age",
)
ROLLUP = 1


def outcomes(report: Report) -> dict[int, Outcome]:
    return {step.number: step.outcome for step in report.steps}


def failed(report: Report) -> list[tuple[int, str]]:
    return [(step.number, step.detail) for step in report.steps if step.failed]


def not_checked(report: Report) -> dict[int, str]:
    return {step.number: step.detail for step in report.steps if step.outcome is Outcome.NOT_CHECKED}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return build(tmp_path_factory.mktemp("room"))


@pytest.fixture(scope="module")
def published(scene: Scene) -> list[Files]:
    envelopes = [scene.ask(sql).envelope for sql in QUESTIONS]
    return [files(scene, envelope) for envelope in envelopes]


@pytest.fixture(scope="module")
def one(published: list[Files]) -> Files:
    return published[ROLLUP]


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_every_step_holds_for_what_a_room_released(published: list[Files], number: int) -> None:
    one = published[number]
    report = verify(one.release, one.contract, one.log, KEYS["room"].public.text)
    assert failed(report) == []
    assert set(outcomes(report).values()) == {Outcome.PASSED}
    assert report.accepted
    report.enforce()


def test_intervals_and_totals_are_really_computed(one: Files) -> None:
    """101 rows (100 ages and their total) of a count and a sum: as many intervals for each, and a total of each."""
    (detail,) = [step.detail for step in verify(one.release).steps if step.number == 8]
    assert detail == "101 rows; 303 intervals and 2 totals computed again"


def test_without_anything_else_the_release_is_checked_alone(one: Files) -> None:
    report = verify(one.release)
    assert report.accepted
    assert {number for number, outcome in outcomes(report).items() if outcome is Outcome.PASSED} == {1, 2, 5, 6, 7, 8}
    assert not_checked(report) == {
        **dict.fromkeys((3, 4), "no --contract was given"),
        **dict.fromkeys((9, 10, 11, 12), "no --log was given"),
    }
    assert report.vouched_by == ()
    assert KEYS["room"].public.text in str(report.caution)


def test_the_rooms_key_is_vouched_for_by_whoever_knows_it(one: Files) -> None:
    key = KEYS["room"].public.text
    assert verify(one.release, room_key=key).vouched_by == ("--room-key",)
    assert verify(one.release, room_key=f"example.org/room {key}").vouched_by == ("--room-key",)
    assert verify(one.release, one.contract, one.log).vouched_by == ("hold signed by hospital", "hold signed by insurer")
    assert verify(one.release, one.contract, one.log).caution is None
    assert verify(one.release, one.contract).vouched_by == ()


def test_another_key_than_the_one_expected_fails_step_two(one: Files) -> None:
    report = verify(one.release, one.contract, one.log, KEYS["stranger"].public.text)
    (number, detail) = failed(report)[0]
    assert number == 2
    assert KEYS["room"].public.text in detail
    assert KEYS["stranger"].public.text in detail
    assert not_checked(report)[9] == "step 2 did not pass"
    with pytest.raises(Unverified, match=r"Step 2 \(The room signed it\)") as caught:
        report.enforce()
    assert caught.value.code is Code.RELEASE_INVALID


def test_an_operator_of_the_contract_vouches_and_a_strange_one_does_not(tmp_path: Path) -> None:
    parties = contract().to_json()["parties"]
    operated = contract(parties=[*parties, {"name": "operator", "roles": ["operator"], "key": KEYS["room"].public.text}])
    scene = build(tmp_path)
    asked = files(scene, scene.ask().envelope)
    honest = asked.agreed(lambda agreed: agreed.update(operated.to_json()))
    both = signed_contract(operated, *OWNERS, "room")
    assert verify(honest.release, both).vouched_by == ("operator",)
    unsigned = verify(honest.release, honest.contract)
    assert [number for number, _ in failed(unsigned)] == [3]
    assert "operator has not signed" in failed(unsigned)[0][1]
    strange = contract(parties=[*parties, {"name": "operator", "roles": ["operator"], "key": KEYS["stranger"].public.text}])
    bent = asked.agreed(lambda agreed: agreed.update(strange.to_json()))
    for known in (None, KEYS["room"].public.text):
        report = verify(bent.release, signed_contract(strange, *OWNERS, "stranger"), room_key=known)
        assert "expected that of operator" in failed(report)[0][1]


def test_one_key_does_not_sign_for_two_parties(tmp_path: Path) -> None:
    parties = contract().to_json()["parties"]
    twice = contract(parties=[*parties, {"name": "other", "roles": ["receiver"], "key": KEYS["hospital"].public.text}])
    scene = build(tmp_path)
    bent = files(scene, scene.ask().envelope).agreed(lambda agreed: agreed.update(twice.to_json()))
    assert "gives one key to two parties" in failed(verify(bent.release, signed_contract(twice, *OWNERS)))[0][1]


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A pure release under a contract that wants the approval of each owner."""
    scene = build(tmp_path_factory.mktemp("approved"), contract(approval={"rule": "each-owner"}))
    question = Question(contract=digest_of(scene.contract), sql=SQL, terms=Terms(epsilon=0.5, pure=True), asked_by="insurer")
    envelope = sign(question, QUESTION_TYPE, KEYS["insurer"])
    with pytest.raises(Refusal):
        door.ask(scene.room, envelope, Steps())
    (waiting,) = scene.waiting()
    for owner in OWNERS:
        scene.decide(waiting.plan_digest, owner, Decision.APPROVED)
    answer = door.ask(scene.room, envelope, Steps())
    assert isinstance(answer, Released)
    return files(scene, answer.envelope)


def test_pure_releases_under_approval_by_each_owner_hold(approved: Files) -> None:
    assert approved.value["promise"]["delta"] == 0
    assert failed(verify(approved.release, approved.contract, approved.log)) == []


def approval(one: Files, signer: str, **changes: object) -> bytes:
    """Return the insurer's approval, signed by somebody, with changes."""
    statement = {
        "schema": "stillroom/approval/v1",
        "contract": one.value["contract_digest"],
        "plan": one.value["plan_digest"],
        "receivers": one.value["receivers"],
        "protection": "server",
        "charge": one.value["charge"],
        "party": "insurer",
        "number": 1,
        "decision": "approved",
        **changes,
    }
    return seal(APPROVAL_TYPE, canonical(statement), [KEYS[signer]])


def test_approvals_are_there_and_signed_by_their_owners(approved: Files) -> None:
    def forget(entries: list[dict[str, object]]) -> None:
        index = next(index for index, entry in enumerate(entries) if entry.get("party") == "hospital")
        entries[index] = {"at": entries[index]["at"], "counts": [{"code": "SQL_INVALID", "count": 1}], "kind": "refused"}

    assert failed(verify(approved.release, approved.contract, approved.relogged(forget).log)) == [
        (12, "the plan was committed without the approval of hospital")
    ]
    same = approved.restated("approval", approval(approved, "insurer", number=7))
    assert failed(verify(same.release, same.contract, same.log)) == []
    for envelope, words in (
        (None, "the approval of insurer is not handed over with the log"),
        (approval(approved, "hospital"), "insurer has not signed"),
        (approval(approved, "insurer", receivers=["hospital"]), "the approval that insurer signed: got"),
        (approval(approved, "insurer", charge={"rho": 1, "delta": 0}), "the approval that insurer signed: got"),
        (approval(approved, "insurer", plan="sha256:" + "0" * 64), "the approval that insurer signed: got"),
        (approval(approved, "insurer", contract="sha256:" + "0" * 64), "the approval that insurer signed: got"),
        (approval(approved, "insurer", decision="rejected"), "the approval that insurer signed: got"),
        (approval(approved, "insurer", party="hospital"), "the approval that insurer signed: got"),
    ):
        bent = approved.restated("approval", envelope)
        ((number, detail),) = failed(verify(bent.release, bent.contract, bent.log))
        assert number == 12
        assert words in detail


def test_lapses_withdrawals_and_amendments_are_part_of_an_honest_log(tmp_path: Path) -> None:
    scene = build(tmp_path, caps={"insurer": Charge(rho=1)})
    with pytest.raises(Refusal):
        scene.ask(SQL)  # the hospital holds, the insurer's account cannot, so the hold lapses
    scene.announce("visits", 1, withdrawn=True)
    scene.announce("visits", 5)
    first = files(scene, scene.ask("SELECT COUNT(*) FROM visits").envelope)
    amended = contract(version=2, amends=digest_of(scene.contract), purpose="tests, amended")
    scene.submit(amended, *OWNERS)
    after = replace(scene, contract=amended)
    second = files(after, after.ask("SELECT COUNT(*) FROM visits WHERE age > 3").envelope)
    assert {"hold_lapsed", "data_withdrawn"} <= {entry["kind"] for entry in second.entries}
    assert [entry["kind"] for entry in second.entries].count("contract_activated") == 2
    for one, log in ((first, first.log), (first, second.log), (second, second.log)):
        report = verify(one.release, one.contract, log)
        assert failed(report) == []
        assert not_checked(report) == {}
    assert first.value["balance"]["after"] == second.value["balance"]["before"]


def test_a_proof_stands_in_for_the_log_but_for_its_history(scene: Scene, one: Files) -> None:
    index = one.value["commit_index"]
    entries = one.entries
    stored = next(at for at, entry in enumerate(entries) if entry["kind"] == "release_stored" and at > index)
    report = verify(one.release, one.contract, extract.proof(scene.room, [index, stored]))
    assert failed(report) == []
    assert not_checked(report) == {12: "only a proof from the log was given, not the log"}
    partial = verify(one.release, one.contract, extract.proof(scene.room, [stored]))
    assert partial.accepted
    assert not_checked(partial)[10] == f"the proof leaves entry {index} out"
    other = verify(one.release, one.contract, extract.proof(scene.room, [index]))
    assert not_checked(other)[11] == "the proof leaves the entry of the release out"


def test_earlier_checkpoints_are_shown_to_be_of_the_same_log(one: Files) -> None:
    older = [note(one.entries[:size]) for size in (1, 4)]
    assert verify(one.release, one.contract, log_file(one.entries, one.statements, older=older)).accepted
    rewritten = [{**one.entries[0], "at": 5}, *one.entries[1:4]]
    forked = verify(one.release, one.contract, log_file(one.entries, one.statements, older=[note(rewritten)]))
    assert [number for number, _ in failed(forked)] == [9]
    assert failed(forked)[0][1].startswith("the root of the first 4 entries: got ")
    backwards = verify(one.release, one.contract, log_file(one.entries, one.statements, older=older[::-1]))
    assert failed(backwards) == [(9, "the checkpoints do not grow")]
    other = verify(one.release, log=log_file(one.entries, older=[note(one.entries[:1], origin="example.org/other")]))
    assert failed(other) == [(9, "the checkpoints are of different logs")]


def test_parties_cosign_checkpoints_and_strangers_say_nothing(one: Files) -> None:
    head = cosigned(note(one.entries), "hospital", "stranger")
    report = verify(one.release, one.contract, log_file(one.entries, one.statements, head))
    assert report.vouched_by == ("hold signed by hospital", "hold signed by insurer", "log cosigned by hospital")
    assert report.steps[8].detail.endswith(", cosigned by hospital")
    wrong = note(one.entries) + cosigned(note(one.entries[:-1]), "hospital").splitlines(keepends=True)[-1]
    assert failed(verify(one.release, one.contract, log_file(one.entries, one.statements, wrong)))[0] == (
        9,
        f"the cosignature of hospital on the checkpoint of {len(one.entries)} entries does not hold",
    )
    assert verify(one.release, log=log_file(one.entries, one.statements, wrong)).accepted


def test_plain_signatures_of_parties_count_as_they_did(one: Files) -> None:
    """Logs may have been exported, and signed by parties, before there were cosignatures."""

    def plain(entries: list[dict[str, Any]]) -> str:
        signed = sign_checkpoint(read_checkpoint(note(entries).encode()), "hospital", KEYS["hospital"])
        return signed.decode().splitlines(keepends=True)[-1]

    report = verify(one.release, one.contract, log_file(one.entries, one.statements, note(one.entries) + plain(one.entries)))
    assert report.vouched_by[-1] == "log cosigned by hospital"
    forged = log_file(one.entries, one.statements, note(one.entries) + plain(one.entries[:-1]))
    assert failed(verify(one.release, one.contract, forged))[0] == (9, "the signature of hospital on the checkpoint does not hold")


def test_a_party_that_cosigned_an_earlier_head_vouches_if_the_release_was_in_its_log(one: Files) -> None:
    stored = next(index for index, entry in enumerate(one.entries) if entry.get("release") == digest(one.release))
    for size, vouches in ((stored, False), (stored + 1, True)):
        older = [cosigned(note(one.entries[:4]), "hospital"), cosigned(note(one.entries[:size]), "insurer")]
        report = verify(one.release, one.contract, log_file(one.entries, one.statements, older=older))
        assert report.accepted
        assert ("log cosigned by insurer" in report.vouched_by) is vouches
        assert "log cosigned by hospital" not in report.vouched_by
        assert report.steps[8].detail.endswith(f", cosigned at 4 entries by hospital, at {size} entries by insurer")


def test_a_room_does_not_witness_itself(one: Files) -> None:
    operator = {"name": "operator", "roles": ["operator"], "key": KEYS["room"].public.text}
    operated = one.agreed(lambda agreed: agreed["parties"].append(operator))
    head = note(operated.entries)
    signed = cosign(head.encode(), "operator", KEYS["room"], 1).decode()
    contract = add_signature(operated.contract, KEYS["room"])
    report = verify(operated.release, contract, log_file(operated.entries, operated.statements, signed))
    assert not [by for by in report.vouched_by if by.startswith("log cosigned")]
    assert "cosigned" not in report.steps[8].detail


def test_a_log_goes_on_from_the_checkpoints_that_were_seen(one: Files) -> None:
    size = len(one.entries)
    seen = [cosigned(note(one.entries[:length]), "hospital").encode() for length in (1, 4, size - 1, size)]
    for given in (seen[:1], seen[1:3], seen):
        assert verify(one.release, one.contract, one.log, seen=given).accepted
    report = verify(one.release, one.contract, one.log, seen=seen[:2])
    assert report.steps[8].detail.endswith(", cosigned at 4 entries by hospital, seen at 1 entries, seen at 4 entries")
    assert "log cosigned by hospital" in verify(one.release, one.contract, one.log, seen=seen).vouched_by
    assert not_checked(verify(one.release, one.contract, seen=seen))[9] == "no --log was given"


def test_a_log_that_does_not_go_on_from_what_was_seen_is_found(one: Files) -> None:
    size, other = len(one.entries), [*one.entries[:3], {**one.entries[3], "at": 5}, *one.entries[4:]]
    longer = [*one.entries, {"at": 5, "kind": "data_withdrawn", "dataset": "visits"}]
    for seen, words in (
        (note(other), f"the root of the first {size} entries, which was seen: got "),
        (note(other[:4]), "the root of the first 4 entries, which was seen: got "),
        (note(longer), f"the log has {size} entries, expected at least the {size + 1} of the checkpoint that was seen"),
        (note(one.entries, KEYS["stranger"]), f"the checkpoint of {size} entries is not signed by "),
        (note(one.entries, origin="example.org/other"), "the origin of the log: got example.org/other, expected example.org/room"),
        (note(one.entries) + cosigned(note(other), "hospital").splitlines(keepends=True)[-1], "the cosignature of hospital on "),
        ("", "the checkpoint is not a signed note"),
    ):
        assert failed(verify(one.release, one.contract, one.log, seen=[note(one.entries).encode(), seen.encode()]))[0][1].startswith(words)
    assert failed(verify(one.release, one.contract, one.log, seen=[b"\xff"])) == [(9, "a checkpoint that was seen is not text")]


def test_a_proof_is_compared_with_a_checkpoint_of_its_size_or_a_longer_one(scene: Scene, one: Files) -> None:
    proof = extract.proof(scene.room, [one.value["commit_index"]])
    entries = [json.loads(line)["entry"] for line in extract.whole_log(scene.room).splitlines()[1:]]
    size = len(entries)
    assert verify(one.release, one.contract, proof, seen=[note(entries).encode()]).accepted
    other = [{**entries[0], "at": 5}, *entries[1:]]
    for seen in (other, [*entries, entries[0]]):
        assert [number for number, _ in failed(verify(one.release, one.contract, proof, seen=[note(seen).encode()]))] == [9]
    shorter = verify(one.release, one.contract, proof, seen=[note(entries[:-1]).encode()])
    assert not_checked(shorter)[9].endswith(f"it takes the log to compare it with the checkpoint of {size - 1} entries")


def test_a_report_is_plain_json(one: Files) -> None:
    document = json.loads(json.dumps(verify(one.release).to_json()))
    assert document["room"] == f"example.org/room {KEYS['room'].public.text}"
    assert [step["number"] for step in document["steps"]] == list(range(1, 13))
    assert document["steps"][0] == {
        "number": 1,
        "title": "The envelope is well-formed",
        "outcome": "passed",
        "detail": document["steps"][0]["detail"],
    }


def test_the_page_lists_the_very_steps() -> None:
    sections = re.findall(r"^### (\d+)\. (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(int(number), title) for number, title in sections] == [(number, step.title) for number, step in enumerate(STEPS, start=1)]


def test_the_page_lists_the_very_entries() -> None:
    from stillroom.client.verification import entry as verified
    from stillroom.ledger import entry as written

    table = PAGE.read_text(encoding="utf-8").partition("**Entries.**")[2]
    kinds = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    for module in (verified, written):
        fields = [getattr(value, "model_fields", {}) for value in vars(module).values() if isinstance(value, type)]
        assert {known["kind"].annotation.__args__[0] for known in fields if "kind" in known} == kinds


def test_nothing_that_writes_is_loaded_to_verify() -> None:
    """import-linter keeps it so in the source; this looks at what is loaded."""
    script = "import sys, stillroom.client.verification\nprint(*sorted(m for m in sys.modules if m.startswith('stillroom.')))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    loaded = done.stdout.split()
    allowed = re.compile(r"stillroom\.(client|client\.verification(\..+)?|errors|model(\.(?!codec)\w+)?)")
    assert [module for module in loaded if not allowed.fullmatch(module)] == []
    assert "stillroom.client.verification.verifier" in loaded
