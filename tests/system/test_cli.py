"""The command line: every command, as text and as JSON, with its exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.adapters.home import Home
from stillroom.bootstrap import accounts_of
from stillroom.cli.main import _code, app
from stillroom.errors import Code

if TYPE_CHECKING:
    from collections.abc import Callable

DEMO_DATA = Path(sys.modules["stillroom"].__file__ or "").parent / "demo_data"
QUESTION = "SELECT gender, event, COUNT(*) AS n, AVG(days) AS d FROM members JOIN trial ON member_id = person_id GROUP BY gender, event"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a room, two homes, a contract in force and data."""
    folder = tmp_path_factory.mktemp("cli")
    assert _code(["init", "room", str(folder / "room"), "--name", "test"]) == 0
    text = (DEMO_DATA / "contract.yaml").read_text(encoding="utf-8").replace("quantum_seconds: 0.25", "quantum_seconds: 0.01")
    for party in ("insureco", "healthco"):
        assert _code(["init", "home", party, str(folder / party), "--room", str(folder / "room"), "--epsilon", "20"]) == 0
        text = text.replace(f"{{{party}}}", (folder / party / "public.key").read_text(encoding="utf-8"))
    (folder / "contract.yaml").write_text(text, encoding="utf-8")
    for party in ("insureco", "healthco"):
        assert _code(["contract", "sign", str(folder / "contract.yaml"), "--home", str(folder / party)]) == 0
    assert _code(["data", "add", "members", str(DEMO_DATA / "insureco_members.csv"), "--home", str(folder / "insureco")]) == 0
    assert _code(["data", "add", "trial", str(DEMO_DATA / "healthco_trial.csv"), "--home", str(folder / "healthco")]) == 0
    assert _code(["ask", QUESTION, "--epsilon", "0.5", "--home", str(folder / "insureco"), "--out", str(folder / "release.json")]) == 0
    assert _code(["contract", "show", "--home", str(folder / "insureco"), "--out", str(folder / "signed.json")]) == 0
    assert _code(["log", "--home", str(folder / "insureco"), "--export", str(folder / "log.json")]) == 0
    return folder


@pytest.fixture
def run(base: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command as the insurer, in the prepared folder, and return code, output and errors."""

    def command(*arguments: str, home: str = "insureco") -> tuple[int, str, str]:
        capsys.readouterr()
        given = [argument.replace("{base}", str(base)) for argument in arguments]
        code = _code([*given, *(["--home", str(base / home)] if home else [])])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


COMMANDS = [
    (["contract", "check", "{base}/contract.yaml"], ""),
    (["contract", "explain", "{base}/contract.yaml"], ""),
    (["contract", "diff", "{base}/contract.yaml", "{base}/contract.yaml"], ""),
    (["contract", "show"], "insureco"),
    (["contract", "sign", "{base}/contract.yaml"], "insureco"),
    (["data", "list"], "healthco"),
    (["price", QUESTION, "--error", "20", "--group-size", "100"], "insureco"),
    (["price", QUESTION, "--epsilon", "0.5", "--pure"], "insureco"),
    (["price", QUESTION, "--epsilon", "0.5", "--nonnegative"], "insureco"),
    (["price", QUESTION, "--epsilon", "0.5", "--weight", "d=4", "--weight", "n=0.5"], "insureco"),
    (["ask", QUESTION, "--epsilon", "0.5"], "insureco"),
    (["price", f"{QUESTION} HAVING COUNT(*) > :least", "--epsilon", "0.1", "--param", "least=5"], "insureco"),
    (["approve"], "insureco"),
    (["releases"], "healthco"),
    (["budget"], "healthco"),
    (["log"], "healthco"),
    (["verify", "{base}/release.json"], ""),
    (["combine", "{base}/release.json", "{base}/release.json", "--how", "full"], "insureco"),
    (["verify", "{base}/release.json", "--contract", "{base}/signed.json", "--log", "{base}/log.json"], ""),
    (["report", "dpia", "--contract", "{base}/signed.json", "--log", "{base}/log.json"], ""),
    (["report", "wp216"], "healthco"),
]


@pytest.mark.parametrize(("arguments", "home"), COMMANDS)
def test_each_command_speaks_text_and_json(run: Callable[..., tuple[int, str, str]], arguments: list[str], home: str) -> None:
    code, text, _ = run(*arguments, home=home)
    assert code == 0, text
    code, document, _ = run(*arguments, "--json", home=home)
    assert code == 0
    json.loads(document)


REFUSED = [
    (["ask", "SELECT member_id FROM members", "--epsilon", "1"], 3, Code.PERSON_NOT_RELEASED),
    (["ask", "SELECT FROM WHERE", "--epsilon", "1"], 2, Code.SQL_INVALID),
    (["ask", QUESTION], 2, Code.PRICE_INVALID),
    (["ask", QUESTION, "--epsilon", "1", "--error", "1"], 2, Code.PRICE_INVALID),
    (["ask", QUESTION, "--epsilon", "-1"], 2, Code.PRICE_INVALID),
    (["ask", QUESTION, "--epsilon", "2.6"], 3, Code.RELEASE_CAP_EXCEEDED),
    (["ask", QUESTION, "--epsilon", "1", "--weight", "gender=2"], 2, Code.PRICE_INVALID),
    (["ask", QUESTION, "--epsilon", "1", "--weight", "n=1000"], 2, Code.PRICE_INVALID),
    (["ask", QUESTION, "--error", "20", "--group-size", "100", "--weight", "n=2"], 2, Code.PRICE_INVALID),
    (["ask", QUESTION, "--epsilon", "1", "--weight", "n"], 2, Code.USAGE),
    (["ask", QUESTION, "--epsilon", "x"], 2, Code.USAGE),
    (["ask", QUESTION, "--epsilon", "1", "--param", "x=1"], 2, Code.SQL_INVALID),
    (["ask", f"{QUESTION} HAVING COUNT(*) > :x", "--epsilon", "1"], 2, Code.SQL_INVALID),
    (["ask", QUESTION, "--epsilon", "1", "--param", "x"], 2, Code.USAGE),
    (["ask", QUESTION, "--epsilon", "1", "--param", "x=1", "--param", "x=2"], 2, Code.USAGE),
    (["ask", QUESTION, "--epsilon", "1", "--param", "X=1"], 2, Code.SQL_INVALID),
    (["nonsense"], 2, Code.USAGE),
    (["data", "add", "trial", "{base}/contract.yaml"], 3, Code.OWNER_ONLY),
    (["data", "add", "members", "{base}/missing.csv"], 2, Code.DATA_INVALID),
    (["data", "add", "members", "{base}/contract.yaml"], 2, Code.DATA_INVALID),
    (["show", "99999"], 3, Code.RELEASE_UNKNOWN),
    (["approve", "abcdef"], 2, Code.APPROVAL_INVALID),
    (["contract", "sign", "{base}/missing.yaml"], 2, Code.FILE_INVALID),
    (["budget", "--raise", "people", "--epsilon", "0.1"], 3, Code.CAP_LOWERED),
    (["budget", "--raise", "Staff", "--epsilon", "1"], 2, Code.HOME_INVALID),
    (["budget", "--raise", "people", "--epsilon", "nan"], 2, Code.PRICE_INVALID),
    (["budget", "--raise", "people", "--epsilon", "99", "--delta", "nan"], 2, Code.PRICE_INVALID),
    (["budget", "--raise", "people", "--epsilon", "99", "--delta", "0"], 2, Code.PRICE_INVALID),
    (["budget", "--raise", "people", "--epsilon", "99", "--delta", "inf"], 2, Code.PRICE_INVALID),
    (["budget", "--raise", "people", "--epsilon", "99", "--selection-delta", "nan"], 2, Code.PRICE_INVALID),
    (["budget", "--raise", "people", "--epsilon", "99", "--selection-delta", "0.5"], 2, Code.PRICE_INVALID),
]


@pytest.mark.parametrize(("arguments", "exit_code", "code"), REFUSED)
def test_errors_have_a_code_a_reason_a_fix_and_an_exit_code(
    run: Callable[..., tuple[int, str, str]], arguments: list[str], exit_code: int, code: Code
) -> None:
    found, _, errors = run(*arguments, home="" if arguments == ["nonsense"] else "insureco")
    assert found == exit_code
    assert "Traceback" not in errors
    found, document, _ = run(*arguments, "--json", home="" if arguments == ["nonsense"] else "insureco")
    assert found == exit_code
    error: dict[str, Any] = json.loads(document)["error"]
    assert error["reason"]
    assert error["fix"]
    assert error["code"] == code


def test_the_same_question_is_the_same_release(run: Callable[..., tuple[int, str, str]], base: Path) -> None:
    code, _, _ = run("ask", QUESTION.lower(), "--epsilon", "0.5", "--out", "{base}/again.json")
    assert code == 0
    assert (base / "again.json").read_bytes() == (base / "release.json").read_bytes()


def test_a_receiver_can_show_the_release_and_a_stranger_cannot(run: Callable[..., tuple[int, str, str]]) -> None:
    _, listed, _ = run("releases", "--json", home="healthco")
    number = str(json.loads(listed)[0]["commit_index"])
    assert run("show", number, "--proof", "{base}/proof", home="healthco")[0] == 0
    code, out, _ = run("verify", "{base}/release.json", "--log", "{base}/proof", home="")
    assert code == 0
    assert "only a proof from the log was given" in " ".join(out.split())


def test_two_releases_are_combined(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run("combine", "{base}/release.json", "{base}/release.json", "--on", "gender", "--on", "event", "--json")
    found = json.loads(out)
    assert code == 0
    assert [heading["name"] for heading in found["headings"]] == ["gender", "event", "n", "d", "n_2", "d_2"]
    assert found["rows"][0][2] == found["rows"][0][4]
    assert run("combine", "{base}/release.json", "{base}/release.json", "--how", "cross")[0] == 2


def test_a_home_joins_a_further_room(run: Callable[..., tuple[int, str, str]], base: Path) -> None:
    assert run("init", "room", "{base}/further", "--name", "further", home="")[0] == 0
    code, shown, _ = run("join", "{base}/further")
    assert (code, "insureco has joined the room further" in shown, f"--room {base}/further" in " ".join(shown.split())) == (0, True, True)
    code, document, _ = run("join", "{base}/further", "--json")
    assert (code, json.loads(document)["first"]) == (0, False)
    assert run("contract", "show", "--room", "{base}/further")[0] == 3
    assert run("contract", "show")[0] == 0
    (base / "empty").mkdir()
    assert run("join", "{base}/empty")[0] == 2
    assert list((base / "empty").iterdir()) == []


def test_names_that_no_disk_takes_are_refused(run: Callable[..., tuple[int, str, str]]) -> None:
    long = "{base}/" + "x" * 300
    for arguments in (["init", "room", long], ["init", "home", "other", long, "--room", "{base}/room"]):
        code, _, errors = run(*arguments, home="")
        assert (code, errors.split()[0]) == (5, Code.STORE_FAILED)


def test_a_raise_that_cannot_be_shown_is_not_made(run: Callable[..., tuple[int, str, str]], base: Path) -> None:
    assert run("init", "room", "{base}/bare", home="")[0] == 0
    assert run("init", "home", "alone", "{base}/alone", "--room", "{base}/bare", "--epsilon", "1", home="")[0] == 0
    before = accounts_of(Home.open(base / "alone")).all()
    assert run("budget", "--raise", "people", "--epsilon", "2", home="alone")[0] == 3
    assert accounts_of(Home.open(base / "alone")).all() == before


def test_what_another_party_wrote_cannot_command_the_terminal(run: Callable[..., tuple[int, str, str]], base: Path) -> None:
    text = (base / "contract.yaml").read_text(encoding="utf-8")
    hostile = 'purpose: "\\e[2K\\e[1A\\u202eno\\u009b2K [bold]"'
    (base / "hostile.yaml").write_text(re.sub(r"^purpose:.*$", lambda _: hostile, text, flags=re.MULTILINE), encoding="utf-8")
    for arguments in (["explain", "{base}/hostile.yaml"], ["diff", "{base}/contract.yaml", "{base}/hostile.yaml"]):
        code, shown, _ = run("contract", *arguments, home="")
        assert code == 0
        assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
        assert r"\u001b[2K\u001b[1A\u202eno\u009b2K [bold]" in " ".join(shown.split())


def test_a_release_that_is_checked_cannot_command_the_terminal(run: Callable[..., tuple[int, str, str]], base: Path) -> None:
    hostile = '{"payload":"","payloadType":"\x9b2J\u202e[bold]Accepted.","signatures":[{"keyid":"a","sig":""}]}'
    (base / "hostile.json").write_text(hostile, encoding="utf-8")
    code, shown, _ = run("verify", "{base}/hostile.json", home="")
    assert code == 4
    assert not {"\x9b", "\u202e"} & set(shown)
    assert r"got \u009b2J\u202e[bold]Accepted." in " ".join(shown.split())


def test_a_flipped_byte_does_not_verify(run: Callable[..., tuple[int, str, str]], base: Path) -> None:
    content = bytearray((base / "release.json").read_bytes())
    content[len(content) // 2] ^= 1
    (base / "flipped.json").write_bytes(content)
    assert run("verify", "{base}/flipped.json", home="")[0] == 4


def test_a_log_is_held_against_the_checkpoints_that_were_seen(run: Callable[..., tuple[int, str, str]], base: Path) -> None:
    seen = json.loads((base / "log.json").read_bytes().splitlines()[0])["checkpoint"]
    (base / "seen.txt").write_text(seen, encoding="utf-8")
    (base / "other.txt").write_text(seen.replace("\n", "\n1", 1), encoding="utf-8")
    files = ["{base}/release.json", "--contract", "{base}/signed.json", "--log", "{base}/log.json", "--checkpoint", "{base}/seen.txt"]
    code, shown, _ = run("verify", *files, home="")
    assert code == 0
    assert "seen at " in " ".join(shown.split())
    assert run("verify", *files, "--checkpoint", "{base}/other.txt", home="")[0] == 4


def test_no_colour_when_asked(base: Path) -> None:
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "stillroom.cli", "budget", "--home", str(base / "insureco")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stdout


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(["--help"]) == 0
    shown = capsys.readouterr().out
    names = {
        "init",
        "contract",
        "data",
        "price",
        "ask",
        "approve",
        "releases",
        "show",
        "budget",
        "log",
        "verify",
        "demo",
        "join",
        "combine",
        "engine",
        "serve",
        "agent",
        "admin",
        "telemetry",
        "pause",
        "resume",
        "paused",
        "report",
    }
    assert all(name in shown for name in names)
    assert len(app.registered_commands) + len(app.registered_groups) == len(names)


def test_the_demo_tells_the_whole_story_in_sixty_lines(demo: str) -> None:
    assert len(demo.splitlines()) <= 60
    for words in (
        "24 of 24 come back exactly",
        "for 3 of these 6, InsuranceCo's own file has exactly as many such customers",
        "103 of 103 totals are the sums of their parts",
        "The same attack, on all that was released, fails.",
        "by the room: 0 of 135",
        "PERSON_NOT_RELEASED",
        "the same bytes, no charge",
        "accepted",
        "rejected",
    ):
        assert words in " ".join(demo.split())
    assert demo.splitlines()[-1].startswith("Next: .venv/bin/stillroom ask")
