"""Advisories about data that was run as code, and code that was not the code that was approved."""

from __future__ import annotations

import ast
import base64
import json
import os
import pickle
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.errors import Code, InvalidInput, StillroomError
from stillroom.model.codec import encode
from stillroom.policy.contract_text import parse_contract
from stillroom.query.compile import compile_question
from stillroom.room import checks
from stillroom.server.app import actions
from tests.callers import amend, asked, draft, key_of, question
from tests.parties import PARTIES, QUESTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services import Served

ROOT = Path(__file__).parents[3]
TREES = {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "src" / "stillroom").rglob("*.py"))}

RUNS_DATA = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle", "torch", "code", "runpy"}
"""Modules by which data become code."""

RUNS_TEXT = {"eval", "exec", "compile", "__import__", "execfile"}
"""Built-in functions by which text becomes code."""


class Trap:
    """An object that makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        """Name the file."""
        self._file = file

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what unpickling would call."""
        return (os.mkdir, (str(self._file),))


def used() -> Iterator[tuple[str, str]]:
    """Yield each module that is imported, each built-in function that is called, and each keyword, by file."""
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((file.name, f"import {alias.name.split('.')[0]}") for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield file.name, f"import {(node.module or '').split('.')[0]}"
            elif isinstance(node, ast.Call):
                yield from ((file.name, f"{keyword.arg}=") for keyword in node.keywords)
                yield file.name, f"{ast.unparse(node.func)}()"


def test_cve_2023_23930_nothing_that_is_read_can_be_code() -> None:
    """vantage6: results were unpickled, which runs what their sender likes.

    So were credentials of a CA in NVFlare (CVE-2022-31604), data in Superset (CVE-2018-8021), and arrays in NumPy (CVE-2019-6446).

    Here: nothing in the whole source can do that, nor run text; YAML has one loader, which makes JSON's types.
    """
    found = set(used())
    names = {name for _, name in found}
    assert names & {f"import {module}" for module in RUNS_DATA} == set()
    assert names & {f"{function}()" for function in RUNS_TEXT} == set()
    assert names & {"allow_pickle=", "shell=", "weights_only=", "os.system()", "os.popen()", "builtins.eval()", "pd.read_pickle()"} == set()
    assert {file for file, name in found if name.startswith("yaml.") and name.endswith("load()")} == {"contract_text.py"}


def test_cve_2022_34668_a_pickle_is_bytes_to_every_route_and_every_file(room: Served, tmp_path: Path) -> None:
    """NVFlare: what came over the network was unpickled.

    Here: a pickle that makes a folder, sent to each route, also signed as a question, and given for each kind of file.
    """
    trap = tmp_path / "trapped"
    poison = pickle.dumps(Trap(trap))
    wrapped = json.dumps({"payload": base64.b64encode(poison).decode(), "payloadType": "x", "signatures": []}).encode()
    for body in (poison, base64.b64encode(poison), wrapped):
        for method, path in actions(room.app):
            if method in {"POST", "PUT"}:
                place = path.format(ticket="7" * 32, name="rows.parquet")
                assert not asked(room, method, place, body).is_success
    for name in ("members.csv", "members.parquet", "members.pkl", "members.npy", "contract.yaml", "contract.json"):
        file = tmp_path / name
        file.write_bytes(poison)
        with pytest.raises(StillroomError):
            room.session("insurer").sign(file) if "contract" in name else room.session("insurer").add_data("members", file)
    assert not trap.exists()
    pickle.loads(poison)  # noqa: S301 - the trap is one
    assert trap.exists()


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.mkdir [{trap}]",
        "name: !!python/object/new:os.mkdir [{trap}]",
        "name: !!python/name:os.mkdir",
        "!!python/object/apply:subprocess.Popen\n- [mkdir, {trap}]",
        '- !<tag:yaml.org,2002:python/module:os> ""',
        "a: &a [x, x]\nb: *a",
        "base: &base {{name: study}}\n<<: *base",
        '<?xml version="1.0"?><!DOCTYPE c [<!ENTITY x SYSTEM "/etc/passwd">]><c>&x;</c>',
    ],
)
def test_cve_2022_31605_a_contract_is_data_alone(tmp_path: Path, text: str) -> None:
    """NVFlare, PyYAML (CVE-2020-14343), PySAML2 (CVE-2016-10127): YAML named Python objects to make, and XML named files to read.

    Here: contracts that do so.
    """
    trap = tmp_path / "trapped"
    with pytest.raises(InvalidInput) as caught:
        parse_contract(text.format(trap=trap))
    assert caught.value.code is Code.CONTRACT_INVALID
    assert "root:" not in str(caught.value)
    assert not trap.exists()


def test_cve_2019_11253_a_small_contract_stays_small() -> None:
    """Kubernetes: a few lines of YAML, each of which names the one before nine times, filled the memory of the API server.

    Here: such a contract, one that is nested deeply, and one with a number of a million digits.
    """
    laughs = "\n".join(["a0: &a0 [ha]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40))])
    begun = time.perf_counter()
    for text in (laughs, "[" * 50_000, "{" + '"a":{' * 50_000, "a: " + "9" * 1_000_000, "{" + '"a":' + "9" * 1_000_000 + "}"):
        with pytest.raises(InvalidInput) as caught:
            parse_contract(text)
        assert caught.value.code is Code.CONTRACT_INVALID
    assert time.perf_counter() - begun < 30


def test_cve_2026_31220_what_runs_is_what_was_approved(room: Served) -> None:
    """PySyft: code was approved, and then run by `exec`, with nothing between the two that says what it may do.

    Here: both owners approve a plan. Another one is not approved by that, be it only its measure or its price that differs.
    """
    amend(room, approval={"rule": "each-owner"})
    with room.agents(*PARTIES):
        asker, owner = room.session("insurer"), room.session("clinic")
        with pytest.raises(StillroomError):
            asker.ask(QUESTION, epsilon=1.0)
        (waiting,) = owner.waiting()
        asker.decide(waiting.price.plan_digest, "approved")
        owner.decide(waiting.price.plan_digest, "approved")
        others = [QUESTION.replace("AVG(cost)", "SUM(cost)")]
        for sql, epsilon in [*((one, 1.0) for one in others), (QUESTION, 2.0)]:
            with pytest.raises(StillroomError) as caught:
                asker.ask(sql, epsilon=epsilon)
            assert caught.value.code is Code.APPROVAL_MISSING
        release = asker.ask(QUESTION, epsilon=1.0)
    assert release.charged
    assert waiting.price.plan_digest.encode() in base64.b64decode(json.loads(release.envelope)["payload"])


HOSTILE = [
    "SELECT query_to_xml('SELECT * FROM visits', true, true, '')",
    "SELECT version() AS v, COUNT(*) AS n FROM members",
    "SELECT COUNT(*) AS n FROM members; DROP TABLE members",
    "WITH gone AS (DELETE FROM members RETURNING *) SELECT COUNT(*) AS n FROM gone",
    "SELECT COUNT(*) AS n FROM read_csv('/etc/passwd')",
    "SELECT COUNT(*) AS n FROM '/etc/passwd'",
    "SELECT COUNT(*) AS n FROM members WHERE age = (SELECT getenv('HOME'))",
    "/*! SELECT */ COPY members TO '/tmp/rows.csv'",
    "SELECT COUNT(*) AS n FROM members -- \n ; ATTACH 'x.db'",
    "EXPLAIN ANALYZE SELECT COUNT(*) AS n FROM members",
    "SELECT COUNT(*) AS n INTO OUTFILE '/tmp/x' FROM members",
    "PRAGMA database_list",
    "SELECT COUNT(*) AS n FROM members WHERE sex = $$f$$ || pg_read_file('/etc/passwd')",
    "SELECT COUNT(*) AS n FROM information_schema.tables",
]
"""Questions that read or change something else, in ways that a look at words does not see."""


def test_cve_2024_39887_what_is_not_understood_is_refused(room: Served) -> None:
    """Superset: SQL that only reads was told by a list of words, and query_to_xml was not on it (again in CVE-2024-53947).

    Here: what is not in the language is refused by the compiler; there is no list of what is forbidden.
    """
    for sql in HOSTILE:
        answer = asked(room, "POST", "/v1/questions/check", draft(room, sql))
        assert answer.status_code in {409, 422}, sql


def test_no_text_of_an_analyst_reaches_an_engine(room: Served) -> None:
    """Superset: the text that an analyst wrote was what the database ran (CVE-2024-39887).

    Here: what engines get is a plan, in which nothing of the text is left: no comment, no name of the analyst's own, no SQL.
    """
    sql = "SELECT /* marker */ marker.sex, COUNT(*) AS n FROM members AS marker GROUP BY marker.sex -- marker"
    found = checks.authenticate(room.service.room, question(room, sql))
    plan = encode(compile_question(found.contract, found.question).plan)
    assert b"marker" not in plan
    assert b"SELECT " not in plan.upper()


def test_cve_2024_21649_nothing_of_a_question_reaches_a_process(room: Served) -> None:
    """vantage6: users could put code into the environment variables of the process that ran their algorithm.

    Here: the only processes that the room starts are given this process's own environment, and arguments that stand in the source.
    """
    started = [
        node
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"subprocess.Popen", "subprocess.run", "os.execv", "os.spawnv"}
    ]
    assert len(started) == 2
    asked(room, "POST", "/v1/questions/check", draft(room))
    assert not [value for value in os.environ.values() if QUESTION in value or key_of(room, "insurer").public.text in value]
