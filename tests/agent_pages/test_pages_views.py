"""What the pages say and do, over HTTP, without scripts."""

from __future__ import annotations

import html
import io
import json
import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from stillroom.client.verification import verify
from stillroom.errors import Code
from stillroom.pages.watched import watch_of
from tests.agent_pages.conftest import ANSWERED, WAITING
from tests.housed import HELD, housed, plain, sent, token_of
from tests.parties import document
from tests.services import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.housed import Housed

TERMS = {"by": "epsilon", "amount": "1", "dialect": "duckdb"}


@pytest.fixture(scope="module")
def analyst(house: Housed) -> Iterator[httpx.Client]:
    with house.entered("insurer", "Bo", "analyst") as client:
        yield client


@pytest.fixture(scope="module")
def officer(house: Housed) -> Iterator[httpx.Client]:
    with house.entered("clinic", "Ada", "officer") as client:
        yield client


@pytest.fixture(scope="module")
def which(house: Housed) -> str:
    return str(house.room.session("insurer").releases()[0].statement.commit_index)


def test_the_room_says_who_is_in_it_and_what_leaves(analyst: httpx.Client) -> None:
    said = plain(analyst.get("/").text)
    for words in (
        "example.org/study",
        "clinic",
        "Only releases",
        "ε = 10 at δ = 10⁻⁹",
        "for the length of a run that is paid for. Of visits, what runs have read stays there, encrypted; the owner keeps the keys",
        "entries, which add up to the head",
        "runs for insurer",
    ):
        assert words in said


def test_a_price_is_a_part_of_the_page_or_the_whole_page(analyst: httpx.Client, house: Housed) -> None:
    form = {"sql": ANSWERED, **TERMS}
    whole = sent(analyst, "/ask/price", **form)
    token = HELD.search(whole.text)
    assert token is not None
    part = analyst.post("/ask/price", data={**form, "form_token": token[1]}, headers={"HX-Request": "true"})
    price = house.room.session("insurer").price(ANSWERED, epsilon=1.0)
    for answer in (whole.text, part.text):
        assert all(sentence in plain(answer) for sentence in price.sentences)
        assert "ε = 1 " in plain(answer)
        assert "± 59" in plain(answer)
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert "SELECT sex, ward" in whole.text


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sql": "SELECT COUNT(*) FROM nowhere"}, Code.DATASET_UNKNOWN),
        ({"sql": "SELECT COUNT(*) FROM members", "amount": "lots"}, Code.PRICE_INVALID),
        ({"sql": "SELECT COUNT(*) FROM members", "amount": "1e1"}, Code.PRICE_INVALID),
        ({"sql": "SELECT COUNT(*) FROM members", "amount": "0"}, Code.PRICE_INVALID),
        ({"sql": "DROP TABLE members"}, Code.STATEMENT_NOT_ALLOWED),
        ({"sql": ""}, Code.STATEMENT_NOT_ALLOWED),
    ],
)
def test_a_refusal_has_code_reason_and_fix_and_keeps_what_was_written(analyst: httpx.Client, changed: dict[str, str], code: Code) -> None:
    for path in ("/ask/price", "/ask"):
        answer = sent(analyst, path, **{**TERMS, **changed})
        assert f"<code>{code}</code>" in answer.text
        assert "What to do." in answer.text
        assert answer.text.count(changed["sql"]) >= 1
    assert answer.status_code == 422


def test_from_a_run_one_comes_back_to_the_editor_with_all_that_was_asked(analyst: httpx.Client, house: Housed) -> None:
    sql = "SELECT ward, COUNT(*) AS n\nFROM visits WHERE cost < 20 GROUP BY ward"
    form = {
        "sql": sql,
        "by": "error",
        "amount": "40.5",
        "groups_per_person": "2",
        "dialect": "postgres",
        "pure": "yes",
        "nonnegative": "yes",
    }
    run = sent(analyst, "/ask", **form).headers["Location"]
    back = analyst.get(run).text.partition('action="/ask/price"')[2]
    kept = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', back)}
    assert kept.pop("form_token")
    assert kept == {**form, "group_size": ""}
    asked = {"dialect": "postgres", "error": 40.5, "groups_per_person": 2, "pure": True, "nonnegative": True}
    editor = sent(analyst, "/ask/price", **kept).text
    price = house.room.session("insurer").price(sql, **asked)  # type: ignore[arg-type]
    assert all(sentence in plain(editor) for sentence in price.sentences)
    for shown in ('value="40.5"', 'value="error" selected', "<option selected>postgres", 'value="yes" checked'):
        assert shown in editor
    assert sql not in analyst.get("/ask", params={"sql": sql}).text


def test_what_is_too_dear_is_priced_and_marked(analyst: httpx.Client) -> None:
    said = plain(sent(analyst, "/ask/price", **{**TERMS, "sql": ANSWERED, "amount": "9"}).text)
    assert "More than one release may cost (ε = 5): asking would be refused." in said


def test_names_are_suggested_from_the_contract_at_the_cursor(analyst: httpx.Client) -> None:
    def names(sql: str, cursor: str = "") -> list[str]:
        return re.findall(r'data-insert="([^"]*)"', sent(analyst, "/ask/names", sql=sql, cursor=cursor, **TERMS).text)

    assert names("SELECT war") == ["ward"]
    assert names("SELECT ward, co FROM visits", "15") == ["cost"]
    assert names("SELECT visits.") == ["visits.cost", "visits.pid", "visits.ward"]
    assert names("SELECT ") == names("SELECT zzz") == names("") == []
    assert names("SELECT war", "x" * 9) == names("SELECT war", "9" * 30) == ["ward"]


def test_what_others_wrote_is_shown_and_does_nothing(house: Housed, officer: httpx.Client) -> None:
    sql = 'SELECT COUNT(*) AS "<script>alert(1)</script>" FROM visits -- \u202e<img src=x onerror=alert(1)> {{ 7 * 7 }}'
    with pytest.raises(Exception, match="APPROVAL_MISSING"):
        house.room.session("insurer").ask(sql, epsilon=0.02)
    text = officer.get("/questions").text
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "\u202e" not in text
    assert "\\u202e" in text
    assert "{{ 7 * 7 }}" in text


def test_an_owner_sees_what_leaves_to_whom_at_what_cost_and_decides(house: Housed, officer: httpx.Client) -> None:
    sql = "SELECT ward, COUNT(*) AS n FROM visits WHERE cost > 10 GROUP BY ward"
    with pytest.raises(Exception, match="APPROVAL_MISSING"):
        house.room.session("insurer").ask(sql, epsilon=0.5)
    price = house.room.session("insurer").price(sql, epsilon=0.5)
    where = f"/questions/{price.plan_digest.removeprefix('sha256:')}"
    assert where in officer.get("/questions").text
    said = plain(officer.get(where).text)
    assert all(sentence in said for sentence in price.sentences)
    for words in ("insurer asks", "visits (cost, ward)", "clinic and insurer, who may keep it 1 day", "your account clinic/people", "± "):
        assert words in said
    assert "server once a run has read them, also between runs: encrypted, under keys that only clinic has" in said
    assert sent(officer, where, decision="maybe").status_code == 422
    for decision, words in (("rejected", "rejected"), ("changes_requested", "changes requested"), ("approved", "approved")):
        assert sent(officer, where, decision=decision).headers["Location"] == where
        assert f"clinic: {words}" in plain(officer.get(where).text)
        assert house.room.session("insurer").waiting(answered=True)[-1].decisions["clinic"] == decision
    journal = plain(officer.get("/journal").text)
    assert journal.index("approved") < journal.index("changes requested") < journal.index("rejected")
    assert house.room.session("insurer").ask(sql, epsilon=0.5).charged


def test_a_decision_says_why_in_one_line_that_does_nothing(house: Housed, officer: httpx.Client, analyst: httpx.Client) -> None:
    sql, why = "SELECT COUNT(*) AS why FROM visits", "too dear <b>for us</b> \u00a0“so far”"
    with pytest.raises(Exception, match="APPROVAL_MISSING"):
        house.room.session("insurer").ask(sql, epsilon=0.03)
    where = f"/questions/{house.room.session('insurer').price(sql, epsilon=0.03).plan_digest.removeprefix('sha256:')}"
    assert sent(officer, where, decision="rejected", reason="two\nlines").status_code == 422
    assert sent(officer, where, decision="rejected", reason=why).status_code == 303
    for reader in (officer, analyst):
        assert "<q>too dear &lt;b&gt;for us&lt;/b&gt; \\u00a0“so far”</q>" in reader.get(where).text
    assert house.room.session("insurer").waiting(answered=True)[-1].reasons == {"clinic": why}


def test_a_plan_that_was_not_put_to_owners_cannot_be_decided(officer: httpx.Client) -> None:
    for digest in ("0" * 64, "", "../log", WAITING):
        assert sent(officer, f"/questions/{digest}", decision="approved").status_code in {403, 422}


def test_a_release_is_shown_whole(analyst: httpx.Client, house: Housed, which: str) -> None:
    release = house.room.session("insurer").releases()[0].statement
    page = analyst.get(f"/releases/{which}").text
    said = plain(page)
    assert all(sentence in said for sentence in release.sentences)
    assert page.count("<svg") >= len(release.table.rows)
    assert re.findall(r"<(?:rect|line)[^>]*\sstyle=", page) == []
    for row in release.table.rows:
        assert all((cell.value or "no value").split(".")[0].lstrip("-")[-3:] in said for cell in row)
    assert f"/releases/{which}" in analyst.get("/releases").text


def test_verifying_shows_every_step(analyst: httpx.Client, which: str) -> None:
    said = plain(sent(analyst, f"/releases/{which}/verify").text)
    assert "Accepted. 12 of 12 steps passed." in said
    assert "The room signed it" in said


def test_verifying_takes_a_log_that_goes_on_from_what_the_agent_has_seen(analyst: httpx.Client, house: Housed, which: str) -> None:
    seen = watch_of(house.room.folder / "insurer").head()
    assert seen is not None
    assert re.search(r"seen at [1-9]\d* entries", plain(sent(analyst, f"/releases/{which}/verify").text))


def test_figures_are_what_the_room_states_until_they_are_verified(analyst: httpx.Client, which: str) -> None:
    shown, verified = plain(analyst.get(f"/releases/{which}").text), plain(sent(analyst, f"/releases/{which}/verify").text)
    assert shown.count("As the room states.") == 1
    assert shown.count("as the room states") == 2
    assert "Verified." not in shown
    assert "Verified." in verified
    assert "s the room states" not in verified
    assert "As the room states." in plain(analyst.get("/releases").text)


def test_files_hold_what_was_released(analyst: httpx.Client, house: Housed, which: str) -> None:
    release = next(one for one in house.room.session("insurer").releases() if str(one.statement.commit_index) == which)
    found = {kind: analyst.get(f"/releases/{which}/files/{kind}") for kind in ("csv", "arrow", "parquet", "json")}
    assert all(f"release-{which}.{kind}" in answer.headers["Content-Disposition"] for kind, answer in found.items())
    assert found["json"].content == release.envelope
    assert verify(found["json"].content).accepted
    assert pa.ipc.open_file(found["arrow"].content).read_all().equals(release.table)
    assert parquet.read_table(io.BytesIO(found["parquet"].content)).equals(release.table)
    table = csv.read_csv(io.BytesIO(found["csv"].content))
    assert table.column_names == release.table.column_names
    assert table["n"].to_pylist() == release.table["n"].to_pylist()
    assert analyst.get(f"/releases/{which}/files/exe").status_code == 403
    proof = analyst.get(f"/releases/{which}/proof")
    assert f"release-{which}.proof" in proof.headers["Content-Disposition"]
    assert {10, 11} <= {step.number for step in verify(found["json"].content, log=proof.content).steps if step.passed}


def test_the_budget_is_in_an_attackers_terms(analyst: httpx.Client, house: Housed) -> None:
    said = plain(analyst.get("/budget").text)
    contract, own = house.room.session("insurer").budget()
    assert f"Committed {contract.spent.rho / 1e12:.5f} ρ" in said
    assert f"Cap {own.cap.rho / 1e12:.5f} ρ" in said
    assert "guesses right at most 99.996 %" in said
    assert "Under the contract as the room states" in said
    assert said.count("as the room states") == 1
    assert "clinic/people" not in said


def test_the_log_is_searched_and_each_entry_proved(analyst: httpx.Client) -> None:
    everything = analyst.get("/log").text
    assert "contract activated" in everything
    found = analyst.get("/log", params={"words": "visits", "kind": "data_version"}).text
    assert "version 2" in plain(found)
    assert "dataset members" not in plain(found)
    assert "0 entries found" in plain(analyst.get("/log", params={"words": "nowhere to be found"}).text)
    proof = analyst.get("/log/0").text
    assert "root of" in proof
    assert analyst.get("/log/100000").status_code == 422
    assert analyst.get("/log/x").status_code == 403


def test_a_contract_is_signed_after_its_differences_were_seen(tmp_path: Path) -> None:
    with serving(tmp_path) as room:
        keys = {name: room.join(name) for name in ("clinic", "insurer")}
        first = document(keys)
        room.sign(first, "clinic", "insurer")
        amended = {**first, "version": 2, "amends": room.session("clinic").contract_digest, "retention_days": 9}
    with housed(tmp_path, "clinic") as house, house.entered("clinic", "Ada", "officer") as officer:
        for given in ({"files": {"file": ("c.json", json.dumps(amended))}}, {"data": {"pasted": json.dumps(amended)}}):
            form = {"form_token": token_of(officer), **given.pop("data", {})}
            review = officer.post("/contract/review", data=form, **given)
            assert "retention_days: 1 → 9" in plain(review.text)
            assert "does not name your key" not in review.text
        fields = dict(re.findall(r'name="(text|digest)" value="([^"]*)"', review.text))
        fields["text"] = fields["text"].replace("&#34;", '"')
        other = {**fields, "text": fields["text"].replace('"retention_days":9', '"retention_days":99')}
        assert Code.REQUEST_INVALID in sent(officer, "/contract/sign", **other).text
        assert "Still to sign: insurer" in plain(sent(officer, "/contract/sign", **fields).text)
        house.room.sign(amended, "insurer")
        assert "version 2" in plain(officer.get("/contract").text)
        assert "retention_days: 1 → 9" in plain(officer.get("/contract").text)
        assert "signed a contract" in plain(officer.get("/journal").text)
        assert Code.CONTRACT_INVALID in sent(officer, "/contract/review", pasted=json.dumps({**amended, "ask": ["x"]})).text
        assert Code.FILE_INVALID in sent(officer, "/contract/review").text


def test_pages_are_there_before_there_is_a_contract_and_say_what_is_missing(tmp_path: Path) -> None:
    with serving(tmp_path) as room:
        key = room.join("clinic", confirmed=False)
    with housed(tmp_path, "clinic", alone=True) as house, house.entered("clinic", "Ada", "officer") as officer:
        said = plain(officer.get("/").text)
        assert "The operator has not confirmed your key yet" in said
        assert key in said
        assert Code.REQUEST_UNSIGNED in officer.get("/budget").text
