"""The house is in order: a cheap import, pins that agree, small files, and nothing of anybody's machine in the repository."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import stillroom
from stillroom.adapters.opendp_noise import OpendpNoise

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "stillroom").rglob("*.py"))
HEAVY = {"alembic", "datafusion", "duckdb", "onnx", "opendp", "pandas", "polars", "psycopg", "pyarrow", "scipy", "sklearn", "sqlalchemy"}
# These declare tables or types when they are loaded, so whoever needs them loads them inside a function.
LATE = re.compile(r"stillroom\.adapters\.(sql_store|polars\.(?!engine$))")
PIN = re.compile(r"^([a-z0-9-]+)==(\S+) \\$", re.MULTILINE)
MACHINE = re.compile(r"(?<![\w.}~])/(?:home|root|Users|work|opt|mnt|tmp/w)/|file:/{3}")
NEVER_SAID = re.compile(r"(?<!\bexp\.)\banonym|no-trust|budget refresh", re.IGNORECASE)
MEGABYTE = 1_000_000


def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]  # type: ignore[no-any-return]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~ \[;]", line, maxsplit=1)[0].lower() for line in requirements}


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / "requirements" / name).read_text(encoding="utf-8")))


def repository() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a clone: there is no list of the repository's files")
    command = [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True)
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> dict[Path, str]:
    readable = {}
    for path in repository():
        data = path.read_bytes()
        if b"\0" not in data:
            readable[path.relative_to(ROOT)] = data.decode("utf-8", errors="replace")
    return readable


def test_importing_every_module_loads_nothing_heavy() -> None:
    modules = [".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__") for path in SOURCES]
    modules = [module for module in modules if not module.endswith("__main__") and not LATE.match(module)]
    script = f"import importlib, json, sys\nfor m in {modules}: importlib.import_module(m)\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout))
    assert set(modules) <= loaded
    assert loaded & HEAVY == set()


def test_open_is_the_clients_and_nothing_else_is_invented() -> None:
    client = __import__("stillroom.client", fromlist=["open_room"])
    assert stillroom.open is client.open_room
    with pytest.raises(AttributeError, match="no attribute 'shut'"):
        stillroom.shut  # noqa: B018  the access is what is tested


def test_versions_agree() -> None:
    assert stillroom.__version__ == project()["version"] == version("stillroom")


def test_every_direct_dependency_is_pinned_and_earned() -> None:
    settings = project()
    extras = [line for group in settings["optional-dependencies"].values() for line in group]
    earned = set(re.findall(r"`([^`\s]+)`", (ROOT / "docs" / "adr" / "0001-dependencies.md").read_text(encoding="utf-8").lower()))
    assert names(settings["dependencies"]) <= pins("core.txt").keys()
    assert names(extras) <= pins("dev.txt").keys()
    assert names(settings["dependencies"] + extras) - earned == set()


def test_developers_run_the_versions_that_users_run() -> None:
    assert pins("core.txt").items() <= pins("dev.txt").items()


@pytest.mark.parametrize("name", ["core.txt", "dev.txt"])
def test_requirements_are_hashed_and_name_no_place(name: str) -> None:
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    content = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    assert [line for line in content if not re.fullmatch(r"[a-z0-9-]+==\S+ \\|--hash=sha256:[0-9a-f]{64}(?: \\)?", line)] == []
    assert [line for line in lines if "://" in line] == []


def test_no_file_is_large() -> None:
    assert [str(path) for path in repository() if path.stat().st_size > MEGABYTE] == []


def test_nothing_of_anybodys_machine_is_in_the_repository() -> None:
    assert [str(path) for path, text in texts().items() if MACHINE.search(text)] == []


def test_words_that_would_promise_too_much_are_not_used() -> None:
    spoken = {path: text for path, text in texts().items() if path.parts[0] in {"src", "docs"} or path.name == "README.md"}
    assert [str(path) for path, text in spoken.items() if NEVER_SAID.search(text)] == []


def test_files_and_functions_stay_short() -> None:
    long = []
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        sizes = [(path.name, len(source.splitlines()), 400)]
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documented = ast.get_docstring(node) is not None
                first = node.body[1 if documented and len(node.body) > 1 else 0]
                sizes.append((f"{path.name}:{node.name}", (node.end_lineno or 0) - first.lineno + 1, 50))
        long += [name for name, lines, most in sizes if lines > most]
    assert long == []


def test_no_randomness_but_the_systems() -> None:
    """Nothing imports a generator that has a seed; noise comes from OpenDP and tokens from the operating system."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            imported += [node.attr] if isinstance(node, ast.Attribute) else []
            found += [path.name for name in imported if name.split(".")[-1] in {"random", "default_rng", "RandomState"}]
    assert found == []
    assert list(inspect.signature(OpendpNoise).parameters) == []
    assert list(inspect.signature(OpendpNoise.draw).parameters) == ["self", "mechanism", "count", "guarantee"]


@pytest.mark.parametrize("words", ["/" + "home/somebody/data", "file:" + "//" + "/index", "see /" + "work/notes"])
def test_the_search_for_machine_paths_finds_them(words: str) -> None:
    assert MACHINE.search(words)
