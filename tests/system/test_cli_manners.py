"""How the command line behaves towards terminals, pipes, interruptions and mistakes, in the room of the tutorial."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stillroom.cli.main import _code
from stillroom.cli.screen import Screen, plain_table
from stillroom.errors import Code, InvalidInput
from tests.pages import TUTORIAL, act_out

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]

SQL = (
    "SELECT district, COUNT(*) AS visits, SUM(minutes) AS minutes FROM residents JOIN visits ON resident_id = patient_id GROUP BY district"
)
ERASE = "\x1b[2K\r"


@pytest.fixture(scope="module")
def first_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Act the tutorial out, up to its first release."""
    folder = tmp_path_factory.mktemp("tutorial")
    act_out(TUTORIAL.read_text(encoding="utf-8").split("## Afterwards")[0], folder)
    return folder


@pytest.fixture
def here(first_room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a copy of the tutorial's folder."""
    folder = tmp_path / "here"
    shutil.copytree(first_room, folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("COLUMNS", raising=False)
    return folder


@pytest.fixture
def run(here: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in that folder, and return code, output and errors."""
    assert here.is_dir()

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = _code(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def command(*arguments: str) -> list[str]:
    """Return a command for another process."""
    return [sys.executable, "-m", "stillroom.cli", *arguments]


def on_a_terminal(*arguments: str) -> str:
    """Run a command on a terminal and return all that is written there."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update({"TERM": "xterm", "COLUMNS": "80"})
        os.execv(sys.executable, command(*arguments))  # noqa: S606  our own command
    written = b""
    while part := _read(terminal):
        written += part
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end was closed
        return b""


def test_lines_are_not_broken_in_a_pipe(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    unbroken = run("contract", "explain", "contract.yaml")[1].splitlines()
    assert max(map(len, unbroken)) > 80
    monkeypatch.setenv("COLUMNS", "40")
    broken = run("contract", "explain", "contract.yaml")[1].splitlines()
    assert max(map(len, broken)) <= 40
    assert len(broken) > len(unbroken)


@pytest.mark.parametrize("arguments", [("ask", SQL, "--epsilon", "2"), ("budget",), ("data", "list")], ids=lambda arguments: arguments[0])
def test_no_number_is_cut_on_a_narrow_terminal(run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    table = run(*arguments, "--home", "city")[1].splitlines()[:4]
    monkeypatch.setenv("COLUMNS", "20")
    narrow = run(*arguments, "--home", "city")[1].splitlines()[:4]
    assert [line.split() for line in narrow] == [line.split() for line in table]


def test_a_verification_fits_its_terminal_and_keeps_every_digest(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run("verify", "release.json")[1]
    monkeypatch.setenv("COLUMNS", "60")
    narrow = run("verify", "release.json")[1]
    assert max(map(len, narrow.splitlines())) <= 60
    assert "…" not in narrow
    assert sorted("".join(narrow.split())) == sorted("".join(whole.split()))


def test_only_noisy_numbers_have_an_interval_and_no_rows_are_said_so(run: Run) -> None:
    sql = "SELECT district, COUNT(*) > 5 AS many FROM residents GROUP BY district HAVING COUNT(*) > 1000000"
    run("ask", sql, "--epsilon", "1", "--home", "city")
    plan = json.loads(run("approve", "--all", "--home", "city", "--json")[1])[-1]["price"]["plan_digest"]
    assert run("approve", plan, "--home", "city")[0] == 0
    code, shown, _ = run("ask", sql, "--epsilon", "1", "--home", "city")
    assert code == 0
    assert shown.splitlines()[0].split() == ["district", "many"]
    assert "No rows: none passed HAVING, LIMIT or OFFSET." in shown


def test_progress_leaves_nothing_on_the_terminal(here: Path) -> None:
    written = on_a_terminal("ask", SQL, "--epsilon", "2", "--home", str(here / "city"))
    steps = re.findall(r"… \w+", written)
    assert {"… check", "… compile", "… price"} <= set(steps)
    assert all(after.startswith(ERASE) for after in re.split(r"… [^\x1b]+\x1b\[0m", written)[1:])
    assert "…" not in re.sub(r"[^\n]*\x1b\[2K\r", "", written).split("Plan")[0]


def test_a_reader_that_leaves_is_no_error(here: Path) -> None:
    line = " ".join([*command("log", "--home", "city"), "| true; exit ${PIPESTATUS[0]}"])
    done = subprocess.run(["bash", "-c", line], cwd=here, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    line = " ".join([*command("log", "--home", "city", "--json"), "| true; exit ${PIPESTATUS[0]}"])
    done = subprocess.run(["bash", "-c", line], cwd=here, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


INTERRUPTED = """
import sys
from stillroom.cli.main import app, run
@app.command()
def interrupted() -> None:
    raise {raised}
run(["interrupted"])
"""


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "RuntimeError('Query interrupted')"])
def test_an_interruption_ends_without_a_stack_trace(raised: str) -> None:
    """Python raises the one; the other is what DuckDB makes of it while a query runs."""
    program = INTERRUPTED.format(raised=raised)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 130
    assert done.stderr.lstrip().startswith("Interrupted.")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["contract"], ["data"], ["init"]])
def test_a_command_that_is_not_complete_shows_what_there_is(run: Run, arguments: list[str]) -> None:
    code, shown, errors = run(*arguments)
    assert code == 2
    assert "Usage:" in shown
    assert errors == ""


MISUSED = [
    (["ask"], "`stillroom ask --help`"),
    (["data", "add", "visits"], "`stillroom data add --help`"),
    (["budget", "--epsilon", "3", "--home", "city"], "--raise"),
    (["budget", "--raise", "../x", "--epsilon", "3", "--home", "city"], "small letters"),
    (["approve", "--reject", "--home", "city"], "approve PLAN"),
    (["approve", "abcdef", "--reject", "--request-changes", "--home", "city"], "approve PLAN"),
]


@pytest.mark.parametrize(("arguments", "fix"), MISUSED)
def test_a_mistake_is_named_with_its_own_fix_and_changes_nothing(run: Run, arguments: list[str], fix: str) -> None:
    before = run("budget", "--home", "city")[1]
    code, _, errors = run(*arguments)
    assert code == 2
    assert errors.split()[0] in {"USAGE", "HOME_INVALID"}
    assert fix in errors
    assert run("budget", "--home", "city")[1] == before


def test_a_second_home_in_a_room_is_refused_and_not_left_half_made(run: Run, here: Path) -> None:
    code, _, errors = run("init", "home", "city", "again", "--room", "room")
    assert (code, errors.split()[0]) == (2, "HOME_EXISTS")
    assert not (here / "again").exists()


def test_a_new_account_is_said_to_be_new(run: Run) -> None:
    assert "The account for staff is new." in run("budget", "--raise", "staff", "--epsilon", "3", "--home", "city")[1]
    assert "new" not in run("budget", "--raise", "staff", "--epsilon", "4", "--home", "city")[1]


@pytest.mark.parametrize("out", ["nowhere/release.json", "city", "x" * 5000])
def test_nothing_is_spent_on_a_release_that_could_not_be_written(run: Run, out: str) -> None:
    entries = run("log", "--home", "city")[1]
    code, _, errors = run("ask", SQL, "--epsilon", "1", "--home", "city", "--out", out)
    assert (code, errors.split()[0]) == (2, "FILE_INVALID")
    assert run("log", "--home", "city")[1] == entries
    assert json.loads(run("approve", "--all", "--home", "city", "--json")[1])[-1]["question"]["terms"]["epsilon"] == 2


def test_a_price_beyond_the_cap_says_so(run: Run) -> None:
    assert "refused" not in run("price", SQL, "--epsilon", "4", "--home", "city")[1]
    assert "more than one release may cost (ε = 4)" in run("price", SQL, "--epsilon", "4.1", "--home", "city")[1]


@pytest.mark.parametrize(
    ("asked", "code", "fix"),
    [
        ([SQL, "--epsilon", "nan"], "PRICE_INVALID", "at most 100"),
        ([SQL, "--epsilon", "1", "--groups-per-person", "0"], "PRICE_INVALID", "from 1"),
        ([SQL + " " * 100_000, "--epsilon", "1"], "SQL_INVALID", "at most 100,000"),
        ([SQL, "--epsilon", "1", "--param", "A=1"], "SQL_INVALID", "small letters"),
    ],
    ids=["price", "groups", "length", "name"],
)
def test_the_fix_is_about_the_very_part(run: Run, asked: list[str], code: str, fix: str) -> None:
    exit_code, _, errors = run("price", *asked, "--home", "city")
    assert (exit_code, errors.split()[0]) == (2, code)
    assert fix in errors


@pytest.mark.parametrize(("sql", "meant"), [("SELECT COUNT(*) FROM visit", "'visits'"), ("SELECT SUM(minuts) FROM visits", "'minutes'")])
def test_a_misspelt_name_is_answered_with_the_one_that_was_meant(run: Run, sql: str, meant: str) -> None:
    code, _, errors = run("price", sql, "--epsilon", "1", "--home", "city")
    assert code == 3
    assert f"Did you mean {meant}?" in errors


def test_an_identifier_may_come_through_a_pipe(here: Path) -> None:
    done = subprocess.run(
        command("data", "forget", "--home", "clinic"), cwd=here, input="A1 \n", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "visits is now at version 2.", "")


def test_the_log_says_when_what_and_whose(run: Run) -> None:
    shown = run("log", "--home", "city")[1]
    assert re.search(r"^ +0  20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ  contract_activated", shown)
    assert re.search(r"hold .* account clinic/people  run [0-9a-f]{12}", shown)
    assert re.search(r"refused +APPROVAL_MISSING 1 ×", shown)


def test_a_room_without_a_contract_has_an_empty_log(run: Run) -> None:
    run("init", "room", "fresh")
    run("init", "home", "city", "newcomer", "--room", "fresh")
    assert run("log", "--home", "newcomer") == (0, "The log has no entries.\n", "")
    code, _, errors = run("log", "--home", "newcomer", "--export", "log.json")
    assert (code, errors.split()[0]) == (3, "CONTRACT_UNKNOWN")


def test_the_demo_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(["demo", "--folder", str(tmp_path / "demo"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [step["title"][:9] for step in told["steps"]] == ["Both part", "What thre", "The same ", "A questio", "Anybody c"]
    assert all(step["lines"] for step in told["steps"])
    assert not re.search(r"\[/|\x1b", json.dumps(told))
    assert (Path(told["folder"]) / "release.json").is_file()
    assert " ask " in told["next"]


def test_the_shell_completes_commands_and_options() -> None:
    for typed, place, meant in (("stillroom con", "1", "contract"), ("stillroom ask --eps", "2", "--epsilon")):
        environment = {**os.environ, "COMP_WORDS": typed, "COMP_CWORD": place, "_STILLROOM_COMPLETE": "complete_bash"}
        done = subprocess.run(command(), env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.split()) == (0, [meant])


def test_the_demo_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "contract.yaml").write_text("mine", encoding="utf-8")
    assert _code(["demo", "--folder", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("FILE_INVALID")
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("contract.yaml", "mine")]


def test_what_is_no_release_is_not_said_to_be_from_anywhere(run: Run) -> None:
    code, shown, _ = run("verify", "contract.yaml")
    assert code == 4
    assert "0 of 12 steps passed" in shown
    assert "None" not in shown


def test_fingerprints_are_printed_letter_by_letter(capsys: pytest.CaptureFixture[str]) -> None:
    """Rich has pictures for `:ab:` and `:cd:`, and they stand in many a SHA-256."""
    fingerprint = bytes(range(256)).hex(":").upper()
    table = plain_table("SHA-256")
    table.add_row(fingerprint)
    Screen().show({}, fingerprint, table)
    assert Screen().fail(InvalidInput(Code.USAGE, fingerprint, fingerprint))
    captured = capsys.readouterr()
    assert captured.out.count(fingerprint) == captured.err.count(fingerprint) == 2
