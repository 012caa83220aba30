"""Documents for data protection officers: made of contract and log, exact, the same each time, and with nothing of the data in them."""

from __future__ import annotations

import json
import re
import shutil
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from markdown_it import MarkdownIt

from stillroom.cli.main import _code
from stillroom.client import report
from stillroom.client.report.markdown import bound_text, quoted, share_text, time_text
from stillroom.client.verification.accounting import allowance
from stillroom.client.verification.conversion import epsilon_of, guess
from stillroom.client.verification.entry import Commit, Refused, ReleaseStored
from stillroom.client.verification.extract import read_extract
from stillroom.client.verification.history import replay
from stillroom.crypto.canonical import canonical, digest
from stillroom.crypto.cosignature import cosign
from stillroom.crypto.keys import PublicKey
from stillroom.errors import Code, StillroomError
from stillroom.model.charge import RHO_UNIT
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract, Role
from stillroom.room import cosignatures, extract, pauses, telemetry, tiles
from stillroom.room.signed import sign
from stillroom.room.statement import PAUSE_TYPE, TELEMETRY_TYPE, PauseStatement, TelemetryStatement
from tests.parties import MEMBERS, PARTIES, QUESTION, VISITS, add, session, settle_in
from tests.published import log_file, note
from tests.rooms import KEYS, OWNERS, SQL, build, charge, contract, numbered, reopen, signed_contract

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rooms import Scene

DOCUMENTS = {"dpia": report.dpia, "wp216": report.wp216}
HOSTILE = (
    "plain | <script>alert(1)</script> ![x](http://evil.example/x) [here](http://evil.example) `` ` ``` *b* http://evil.example\n\n"
    "# Title\n> **OPEN: done**\r\u202e\x1b[2K\n| a |\n| --- |"
)
VISITS_SAID = (
    "- `visits`: private, owned by `hospital`, charged to the account `hospital/people`. One person is one `pid`, compared after trim, "
    "of whom at most so many rows are kept: 3."
)
MARKUP = MarkdownIt("commonmark").enable("table")


class Files(NamedTuple):
    """What a document is made from."""

    contract: bytes
    log: bytes


def files(scene: Scene, *signers: str) -> Files:
    """Return the contract in force and the log of a room."""
    return Files(signed_contract(scene.contract, *(signers or OWNERS)), extract.whole_log(scene.room))


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room with a history: two releases, two refusals, a pause, a word about telemetry, a witness."""
    folder = tmp_path_factory.mktemp("pristine")
    scene = build(folder, contract(caps={"epsilon": 2, "delta": 1e-9, "release_epsilon": 1}, approval={"rule": "each-owner"}))
    for epsilon, sql in ((0.5, SQL), (1.0, numbered(3))):
        assert refused_once(scene, sql, epsilon) is Code.APPROVAL_MISSING
        plan = scene.waiting()[-1].plan_digest
        for owner in OWNERS:
            scene.decide(plan, owner)
        scene.ask(sql, epsilon=epsilon)
    for paused in (True, False):
        word = PauseStatement(room=scene.room.identity, party="hospital", pause=1, paused=paused)
        pauses.record(scene.room, sign(word, PAUSE_TYPE, KEYS["hospital"]))
    said = TelemetryStatement(room=scene.room.identity, party="insurer", number=1, on=True)
    telemetry.record(scene.room, sign(said, TELEMETRY_TYPE, KEYS["insurer"]))
    assert cosignatures.take(scene.room, cosign(tiles.checkpoint(scene.room), "insurer", KEYS["insurer"], 1_800_000_000)) == ("insurer",)
    scene.announce("visits", 1, withdrawn=True)
    return folder


def refused_once(scene: Scene, sql: str, epsilon: float) -> Code:
    with pytest.raises(StillroomError) as caught:
        scene.ask(sql, epsilon=epsilon)
    return caught.value.code


@pytest.fixture
def scene(pristine: Path, tmp_path: Path) -> Scene:
    shutil.copytree(pristine, tmp_path, dirs_exist_ok=True)
    value = contract(caps={"epsilon": 2, "delta": 1e-9, "release_epsilon": 1}, approval={"rule": "each-owner"})
    return reopen(tmp_path, value)


def lines(document: str, beginning: str) -> list[str]:
    """Return what follows a beginning, of each line that has it."""
    return [line.removeprefix(beginning) for line in document.splitlines() if line.startswith(beginning)]


def refusal(*given: Any) -> Code:  # noqa: ANN401 - arguments of a document
    """Have both documents refused, for one reason."""
    codes = []
    for make in DOCUMENTS.values():
        with pytest.raises(StillroomError) as caught:
            make(*given)
        codes.append(caught.value.code)
    assert len(set(codes)) == 1
    return codes[0]


def named_by(log: bytes, before: Contract, after: Contract) -> bytes:
    """Return the log that a room would have signed under another contract, without the statements that owners signed."""
    entries = [json.loads(line)["entry"] for line in log.splitlines()[1:]]
    return log_file(json.loads(json.dumps(entries).replace(digest_of(before), digest_of(after))))


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)
def test_every_figure_is_what_verification_works_out(scene: Scene, make: Callable[..., str]) -> None:
    given = files(scene)
    document, caps, whole = make(*given), scene.contract.caps, read_extract(given.log)
    history = replay(whole.entries.values())
    rho = float(RHO_UNIT)
    for name, epsilon in (("the costliest release", 1), ("all releases together", 2)):
        (row,) = lines(document, f"| {name} | ")
        presence, change, delta, right, fact = row.removesuffix(" |").split(" | ")
        known = epsilon_of(4 * allowance(epsilon, caps.delta) * rho, caps.delta)
        assert (presence, delta) == (str(epsilon), "1e-09")
        assert float(change) == pytest.approx(known, rel=2e-5)
        assert float(change) >= known * (1 - 1e-9)
        for shown, loss in ((right, epsilon), (fact, known)):
            above = Fraction(shown.removesuffix(" %")) - guess(loss, caps.delta) * 100
            assert 0 <= above <= Fraction(1, 10)
    cap, spent = allowance(caps.epsilon, caps.delta), history.spent[0]
    assert spent == charge(value=scene.contract).rho + charge(numbered(3), scene.contract, 1.0).rho
    (line,) = lines(document, "- Spent: ρ = ")
    said = re.fullmatch(r"(0\.\d{12}), which is (\d+\.\d) % of the cap\. Left: ρ = (0\.\d{12})\.", line)
    assert said is not None
    assert Fraction(said[1]) == spent * RHO_UNIT
    assert abs(Fraction(said[3]) - (cap - spent) * RHO_UNIT) <= RHO_UNIT
    assert 0 <= Fraction(said[2]) - Fraction(100 * spent, cap) <= Fraction(1, 10)
    assert lines(document, "- Commits for `insurer`: ") == [f"2, which spent ρ = {said[1]}."]
    commits, stored = ([one for one in whole.entries.values() if isinstance(one, kind)] for kind in (Commit, ReleaseStored))
    assert lines(document, "- Commits: ") == [f"{len(commits)}. Releases stored: {len(stored)}."] == ["2. Releases stored: 2."]
    head, first, last = whole.checkpoint, whole.entries[0].at, whole.entries[whole.checkpoint.size - 1].at
    assert lines(document, "- Log: ") == [f"{head.size} entries, root `{head.root.hex()}`, from {time_text(first)} to {time_text(last)}."]
    assert f"`{digest_of(scene.contract)}`" in lines(document, "- Contract: `study`, version 1, ")[0]


def test_the_releases_are_listed_each_with_its_own_figures(scene: Scene) -> None:
    given = files(scene)
    rows = [line.removesuffix(" |").split(" | ") for line in lines(report.wp216(*given), "| ") if line[0].isdigit()]
    whole = read_extract(given.log).entries
    commits = {index: one for index, one in whole.items() if isinstance(one, Commit)}
    stored = {one.reservation: one.release for one in whole.values() if isinstance(one, ReleaseStored)}
    assert [int(row[0]) for row in rows] == list(commits)
    for row, one, epsilon in zip(rows, commits.values(), (0.5, 1.0), strict=True):
        assert row[1:4] == [time_text(one.at), "`insurer`", "`hospital/people`, `insurer/people`"]
        assert Fraction(row[4]) == one.charge.rho * RHO_UNIT
        assert (
            float(row[5]) == pytest.approx(epsilon_of(one.charge.rho * float(RHO_UNIT), 1e-9), rel=1e-5) == pytest.approx(epsilon, rel=1e-5)
        )
        assert row[6:] == [f"`{one.plan}`", f"`{stored[one.reservation]}`"]


def test_the_record_has_what_the_regulation_asks_for(scene: Scene) -> None:
    document = report.dpia(*files(scene))
    assert [line[:2] for line in lines(document, "## ")] == ["1.", "2.", "3.", "4.", "5."]
    assert [re.findall(r"35\(7\)\(([a-d])\)", line) for line in lines(document, "## ")] == [["a"], ["b"], ["c"], ["d"], []]
    ids = {name: PublicKey.parse(KEYS[name].public.text).id for name in OWNERS}
    for expected in (
        *(f"- `{name}`: owner, analyst, receiver. Key `{ids[name]}`." for name in OWNERS),
        "- Purpose: `tests`",
        "- Jurisdiction: `none`",
        "- Days for which releases are kept: 1.",
        "- The last day on which questions are answered is `2099-12-31` (UTC).",
        "- May ask: `insurer`. May receive releases: `insurer`.",
        VISITS_SAID,
        "  - `age`: `integer from 0 to 99, rows without it are dropped`; uses: group, filter, measure.",
        "- Every owner whose data a question reads approves that question first.",
        "- Data `members`: version 1.",
        "- Data `visits`: version 1, withdrawn.",
        "- Decisions: `approved` 4.",
        "- Refusals: `APPROVAL_MISSING` 2.",
        "- Pauses: 1.",
        "- Pause 1: `hospital` paused at 2027-01-15 08:00:04Z.",
        "- Pause 1: `hospital` resumed at 2027-01-15 08:00:04Z.",
        "- Metrics and operational logs of the room's server (kept only while every owner agrees): `insurer` agrees.",
        "- Accounts raised or opened since the room began: none.",
    ):
        assert expected in document.splitlines()
    (witnesses,) = lines(document, "- **Witnesses.** Parties that have cosigned heads of this log: ")
    size = read_extract(files(scene).log).checkpoint.size
    assert witnesses == f"`insurer` at {size - 1} of {size} entries."
    assert (
        sum(one.count for entry in read_extract(files(scene).log).entries.values() if isinstance(entry, Refused) for one in entry.counts)
        == 2
    )


def test_every_kind_of_contract_is_described(tmp_path: Path) -> None:
    """Templates, tables about nobody, columns without a use, keys without a domain, several identifiers."""
    table = {"kind": "public", "owner": "insurer", "digest": "sha256:" + "0" * 64, "key": ["age"]}
    datasets = contract().to_json()["datasets"]
    datasets["visits"]["columns"]["idle"] = {"type": "boolean", "description": "of no use"}
    datasets["visits"]["keep"] = "at_server"
    datasets["ages"] = {**table, "columns": {"age": {"type": "integer", "bounds": [0, 99], "required": True}}}
    caps = {"epsilon": 3, "delta": 1e-9, "release_epsilon": 2, "selection_delta": 1e-7, "release_selection_delta": 1e-8}
    sql = "SELECT COUNT(*) AS n FROM members WHERE age < :most"
    template = {"name": "young", "sql": sql, "parameters": {"most": {"bounds": [1, 9]}}, "release_epsilon": 0.5, "analyst_epsilon": 1.5}
    rule, most = {"rule": "templates", "templates": [template]}, "ε = 0.5 a release and 1.5 in total for each of them"
    value = contract(datasets=datasets, caps=caps, approval=rule, identifiers_per_person=2)
    given = Files(signed_contract(value, *OWNERS), extract.whole_log(build(tmp_path, value).room))
    record, note = (make(*given, KEYS["room"].public.text) for make in DOCUMENTS.values())
    for expected in (
        f"- `ages`: public, about no person, supplied by `insurer`, fixed by `sha256:{'0' * 64}`.",
        "  - `age`: `integer from 0 to 99, rows without it are dropped`; public.",
        "  - Its rows lie with insurer; a room's server has what a run reads, encrypted, until that run is over.",
        (
            "  - Its columns, and the identifiers of its persons, may lie at the room's server once a run has read them, also between "
            "runs: encrypted, under keys that only hospital has and hands to one run at a time."
        ),
        "  - `idle`: `boolean`; no use: no question can mention it. Described as `of no use`.",
        "- Declared, and of no use to any question: `visits.idle`.",
        "- Identifiers of one person: at most 2.",
        f"- Approved beforehand for `insurer`, up to {most}: `young`, with `most` `from 1 to 9`: `{sql}`",
        "- Every other question is approved first by every owner it reads.",
        "- For selecting keys without a declared domain, beyond δ: 0.000000100000000000 in all, 0.000000010000000000 of a release.",
        "- Spent for selecting keys: δ = 0.000000000000000000. Left: δ = 0.000000100000000000.",
    ):
        assert expected in record.splitlines()
    assert "Of `visits`, a server may keep between runs what runs have read." in record
    assert [row.split(" | ")[0:3:2] for row in lines(note, "| all releases together | ")] == [["3", "1.01e-07"]]
    assert [row.split(" | ")[0:3:2] for row in lines(note, "| the costliest release | ")] == [["2", "1.1e-08"]]
    assert "has a chance of at most δ = 1e-08 in a release and 1e-07 in all; both are in the δ above." in note


def test_the_note_has_the_three_tests_and_leaves_conclusions_open(scene: Scene) -> None:
    note, record = report.wp216(*files(scene)), report.dpia(*files(scene))
    assert lines(note, "## ")[2:5] == ["3. Singling out", "4. Linkability", "5. Inference"]
    for part in note.split("\n## ")[3:]:
        assert "> **OPEN: " in part
        assert "> To be assessed by (name, role, date): …" in part
    assert len(lines(record, "> **OPEN: ")) == 7
    assert "**Inference about groups is not prevented.**" in note
    for document in (note, record):
        assert not re.search(r"anonym|compl(y|ies|iant)|lawful|no risk|safe\b", document, re.IGNORECASE)
        assert "**The operator of the room is trusted.**" in document


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_same_inputs_give_the_same_bytes(scene: Scene, make: Callable[..., str]) -> None:
    given = files(scene)
    document = make(*given)
    assert make(*given) == make(*files(scene, *reversed(OWNERS))) == document
    assert document.endswith("\n")
    assert not re.search(r"[ \t]$", document, re.MULTILINE)


def test_amendments_are_listed_with_what_they_changed_and_spending_goes_on(scene: Scene) -> None:
    before = scene.contract
    after = before.model_copy(update={"version": 2, "amends": digest_of(before), "purpose": HOSTILE, "retention_days": 9})
    old = files(scene)
    scene.submit(after, *OWNERS)
    new = Files(signed_contract(after, *OWNERS), extract.whole_log(scene.room))
    document = report.dpia(*new)
    place = document.splitlines().index("- In force since 2027-01-15 08:00:00Z: `" + digest_of(before) + "`. Amendments: 1.")
    assert document.splitlines()[place + 1].endswith(f": `{digest_of(after)}`.")
    assert document.splitlines()[place + 2].startswith("  - `````purpose: tests → plain | <script>".replace("`````", "````"))
    assert document.splitlines()[place + 3] == "  - `retention_days: 1 → 9`"
    assert lines(document, "- Spent: ") == lines(report.dpia(*old), "- Spent: ")
    assert refusal(old.contract, new.log) is Code.CONTRACT_REPLACED
    assert refusal(new.contract, old.log) is Code.CONTRACT_UNKNOWN


def test_a_log_without_a_question_is_a_record_too(tmp_path: Path) -> None:
    """Nobody but whoever asks for it can name the room's key then: no owner has signed a hold, and the contract names no operator."""
    scene = build(tmp_path)
    given = files(scene)
    assert refusal(*given) is Code.LOG_INVALID
    note = report.wp216(*given, KEYS["room"].public.text)
    assert "Nothing was committed: there are no releases." in note.splitlines()
    assert lines(note, "- Commits: ") == ["0. Releases stored: 0."]
    assert lines(note, "- Spent: ")[0].startswith("ρ = 0.000000000000, which is 0.0 % of the cap.")
    assert "is said by: `the key that was given`." in note
    assert refusal(*given, KEYS["stranger"].public.text) is Code.LOG_INVALID
    assert refusal(*given, "ed25519:nonsense") is Code.LOG_INVALID


def test_an_operator_in_the_contract_names_the_key(tmp_path: Path) -> None:
    def operated(key: str) -> Contract:
        house = {"name": "house", "roles": [Role.OPERATOR], "key": KEYS[key].public.text}
        return Contract.model_validate({**contract().to_json(), "parties": [*contract().to_json()["parties"], house]}, strict=False)

    scene = build(tmp_path)
    value = operated("room").model_copy(update={"version": 2, "amends": digest_of(scene.contract)})
    scene.submit(value, *OWNERS, "room")
    log = extract.whole_log(scene.room)
    assert "is said by: `house`." in report.dpia(signed_contract(value, *OWNERS, "room"), log)
    assert refusal(signed_contract(value, *OWNERS, "room"), log, KEYS["stranger"].public.text) is Code.LOG_INVALID


def test_what_does_not_hold_is_refused(scene: Scene, tmp_path: Path) -> None:
    given = files(scene)
    assert refusal(signed_contract(scene.contract, "insurer"), given.log) is Code.SIGNATURE_INVALID
    assert refusal(given.log, given.log) is Code.SIGNATURE_INVALID
    assert refusal(given.contract, given.contract) is Code.LOG_INVALID
    assert refusal(given.contract, given.log.replace(b'"rho":', b'"rho":1', 1)) is Code.LOG_INVALID
    assert refusal(given.contract, b"".join(given.log.splitlines(keepends=True)[:-1])) is Code.LOG_INVALID
    assert refusal(given.contract, extract.proof(scene.room, [0])) is Code.LOG_INVALID
    (tmp_path / "other").mkdir()
    other = build(tmp_path / "other", contract(purpose="other"))
    assert refusal(given.contract, extract.whole_log(other.room), KEYS["room"].public.text) is Code.CONTRACT_UNKNOWN
    seen = tiles.checkpoint(scene.room)
    assert report.dpia(*given, None, [seen]) == report.dpia(*given)
    assert refusal(*given, None, [tiles.checkpoint(other.room)]) is Code.LOG_INVALID


def test_a_log_that_spends_more_than_the_contract_allows_is_refused(scene: Scene) -> None:
    """A room that keeps all other rules; one that is honest takes no contract with a cap below what was spent."""
    for epsilon, told in ((1.2, None), (1.0, Code.LOG_INVALID)):
        small = scene.contract.model_copy(update={"caps": scene.contract.caps.model_copy(update={"epsilon": epsilon})})
        log = named_by(files(scene).log, scene.contract, small)
        if told is None:
            assert report.dpia(signed_contract(small, *OWNERS), log, KEYS["room"].public.text)
        else:
            assert refusal(signed_contract(small, *OWNERS), log, KEYS["room"].public.text) is told


def test_a_log_that_says_something_else_than_owners_have_signed_is_refused(scene: Scene) -> None:
    """A room that logs smaller charges than were held, or shows holds that were made for another room; its entries keep all rules."""
    given, room = files(scene), KEYS["room"].public.text
    parsed = [json.loads(line) for line in given.log.splitlines()[1:]]
    entries, kept = [line["entry"] for line in parsed], [canonical(line["statement"]) for line in parsed if "statement" in line]
    statements = {digest(one): one for one in kept}
    assert "- Holds of owners' accounts: 4. Compared with what their owners signed, under this contract: 4." in report.dpia(*given)
    less = json.loads(json.dumps(entries).replace(f'"rho": {charge(value=scene.contract).rho}', '"rho": 1'))
    assert less != entries
    assert refusal(given.contract, log_file(less, statements), room) is Code.LOG_INVALID
    bare = report.dpia(given.contract, log_file(less), room)
    assert "- Holds of owners' accounts: 4. Compared with what their owners signed, under this contract: 0." in bare
    elsewhere = log_file(entries, statements, note(entries, origin="example.org/other"))
    assert refusal(given.contract, elsewhere) is refusal(given.contract, elsewhere, room) is Code.LOG_INVALID


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)
def test_what_parties_wrote_means_nothing_but_itself(tmp_path: Path, make: Callable[..., str]) -> None:
    """A room takes no contract with some of this; a log that names one may be made by hand."""
    scene = build(tmp_path)
    scene.ask()
    given = files(scene)
    datasets = contract().to_json()["datasets"]
    column = {"type": "text", "uses": ["group"], "values": ["a", HOSTILE, "` "], "other": HOSTILE, "description": HOSTILE}
    datasets["visits"] |= {"description": HOSTILE, "person": {"column": "pid", "placeholders": [HOSTILE, "`"]}, "columns": {"why": column}}
    template = {"name": "one", "sql": HOSTILE, "parameters": {"x": {"values": [HOSTILE]}}, "release_epsilon": 1, "analyst_epsilon": 1}
    rule = {"rule": "templates", "templates": [template]}
    value = contract(datasets=datasets, purpose=HOSTILE, jurisdiction=HOSTILE, approval=rule)
    log = named_by(given.log, scene.contract, value)
    document, known = make(signed_contract(value, *OWNERS), log, KEYS["room"].public.text), make(*given)
    assert document.replace("\n", "").isprintable()
    assert _kinds(document) == _kinds(known)
    assert not _kinds(document) & {"html_inline", "html_block", "link_open", "image", "fence", "code_block", "hr"}
    for own in ("## ", "> **OPEN: ", "| --- "):
        assert len(lines(document, own)) == len(lines(known, own))


def _kinds(document: str) -> set[str]:
    """Return which kinds of things a Markdown text has."""
    blocks = MARKUP.parse(document)
    return {one.type for one in blocks} | {one.type for block in blocks for one in block.children or ()}


@pytest.mark.parametrize("text", ["", " ", "`", "``", "a`b``c", " a", "a ", "\n", "\x00\u202e", "\\", "|", "<b>", "ok", "``` x"])
def test_a_quoted_text_is_one_code_span(text: str) -> None:
    (paragraph,) = [one for one in MARKUP.parse(f"- a {quoted(text)} b") if one.type == "inline"]
    parts = paragraph.children or []
    assert [one.type for one in parts] == ["text", "code_inline", "text"]
    assert parts[1].content.strip() == "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text).strip()


def test_bounds_are_rounded_up_and_shares_too() -> None:
    assert [bound_text(one) for one in (0.3, 0.30000000000000004, 5.0, 1e-9, 10.7869912, 131.74200001)] == [
        "0.3",
        "0.3",
        "5",
        "1e-09",
        "10.787",
        "131.743",
    ]
    assert [share_text(Fraction(one, 1000)) for one in (0, 1, 999, 1000)] == ["0.0 %", "0.1 %", "99.9 %", "100.0 %"]
    assert share_text(Fraction(1, 10**9)) == "0.1 %"
    assert time_text(2**53 - 1) == f"{2**53 - 1} s"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room with homes, data and a release."""
    folder = tmp_path_factory.mktemp("real")
    settle_in(folder)
    add(folder, "members", MEMBERS)
    add(folder, "visits", VISITS)
    insurer = session(folder, "insurer")
    insurer.ask(QUESTION, epsilon=1.0)
    (folder / "signed.json").write_bytes(insurer.contract_envelope)
    (folder / "log.json").write_bytes(insurer.export_log())
    return folder


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_command_prints_the_document_from_files_and_from_a_home(real: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--contract", str(real / "signed.json"), "--log", str(real / "log.json")]
    made = DOCUMENTS[kind]((real / "signed.json").read_bytes(), (real / "log.json").read_bytes(), session(real, "insurer").room)
    for command in ([*given, "--room-key", session(real, "clinic").room], ["--home", str(real / "clinic")]):
        assert _code(["report", kind, *command]) == 0
        assert capsys.readouterr().out == made
        assert _code(["report", kind, *command, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"document": made}
        assert _code(["report", kind, *command, "--out", str(real / "out.md")]) == 0
        assert (capsys.readouterr().out, (real / "out.md").read_bytes()) == ("", made.encode())


def test_the_command_wants_both_files_or_neither(real: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(["report", "dpia", "--contract", str(real / "signed.json"), "--home", str(real / "clinic")]) == 2
    assert capsys.readouterr().err.split()[0] == Code.USAGE
    assert _code(["report", "wp216", "--contract", str(real / "signed.json"), "--log", str(real / "signed.json")]) == 4
    assert capsys.readouterr().err.split()[0] == Code.LOG_INVALID


def test_nothing_of_the_data_is_in_a_document(tmp_path: Path, real: Path) -> None:
    """Rooms whose owners have other data say the same, but for what names them and their keys and for when what was done."""
    settle_in(tmp_path)
    add(tmp_path, "members", "id,age,sex\n" + "".join(f"q{number},90,f\n" for number in range(211)))
    add(tmp_path, "visits", "pid,cost,ward\nq1,99.5,b\n")
    session(tmp_path, "insurer").ask(QUESTION, epsilon=1.0)
    names = re.compile(r"sha256:[0-9a-f]{64}|ed25519:[\w-]{43}|root `[0-9a-f]{64}`|\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")
    for make in DOCUMENTS.values():
        here, there = (
            names.sub("…", make(one.contract_envelope, one.export_log()))
            for one in (session(tmp_path, "clinic"), session(real, PARTIES[1]))
        )
        assert here == there
