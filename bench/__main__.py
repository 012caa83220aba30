"""`python -m bench [--full] [--write]`: measure, and print one table."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import accuracy, limits
from bench.environments import environment, size_mb
from bench.probe import ROOT, Cost, cpu_of_command, in_own_process
from bench.questions import CUBE_ROWS
from bench.report import Row, machine, page, table

LARGE, SMALL = (1_000_000, 10_000_000), (100_000, 1_000_000)
HUGE = (10_000_000, 100_000_000)
SIZES = {LARGE: "10 M visits × 1 M members", SMALL: "1 M visits × 100 k members"}
SUM = "count, sum and mean by"
PEERS = {"opendp_polars": ("OpenDP with Polars", (LARGE, SMALL)), "pipelinedp": ("PipelineDP, local", (SMALL,))}
PACKAGES = ("duckdb", "opendp", "pyarrow")
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed and memory.")
    parser.add_argument("--full", action="store_true", help="with peers, in environments of their own, and the size of an installation")
    parser.add_argument("--write", action="store_true", help="write the page of the documentation, too")
    arguments = parser.parse_args()
    rows = [*_room(LARGE, full=arguments.full), *_small(), _import(), *_accuracy()]
    if arguments.full:
        rows += [_installation(), *_room(SMALL, full=True), *_huge()]
    print(table(rows))
    if arguments.write:
        PAGE.write_text(page(rows, machine(PACKAGES)), encoding="utf-8")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _room(size: tuple[int, int], *, full: bool) -> list[Row]:
    """Make data of a size, and measure the room, plain DuckDB and peers on them."""
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder:
        _say(f"Making {SIZES[size]} ...")
        in_own_process("bench.data", folder, *map(str, size))
        _say("Plain DuckDB ...")
        plain = in_own_process("bench.plain", folder)
        _say("Stillroom ...")
        added, asked = in_own_process("bench.room", folder, "add"), in_own_process("bench.room", folder, "ask")
        rows = _asks(SIZES[size], plain, asked)
        if size == LARGE:
            rows += [_cube(plain["cube"], asked["cube"]), _added(added), _price(asked["price"])]
            rows += _limited(SIZES[size], folder, plain, limits.MEMORY_MB, most=512)
        if full:
            rows += [_peer(name, size, Path(folder), asked["by_member"]) for name, (_, sizes) in PEERS.items() if size in sizes]
    return rows


def _asks(size: str, plain: dict[str, Cost], asked: dict[str, Cost]) -> list[Row]:
    """Return the lines of the questions. Only the large size has a target: what is fixed weighs more on small data."""
    rows = []
    for name, groups in {"by_member": "gender and region", "by_visit": "ward and gender"}.items():
        workload, ours, theirs = f"{size}: {SUM} {groups}, warm", asked[name], plain[name]
        met = ours.cpu <= theirs.cpu and ours.peak_mb <= 2000
        goal = ("≤ 1.0 × plain DuckDB, ≤ 2 GB", met) if size == SIZES[LARGE] else ("", None)
        rows += [
            Row(workload, "plain DuckDB", _seconds(theirs), peak_mb=theirs.peak_mb),
            Row(workload, "Stillroom", _seconds(ours), f"{ours.cpu / theirs.cpu:.2f} × plain DuckDB", ours.peak_mb, *goal),
        ]
    first = asked["first"]
    return [*rows, Row(f"{size}: the first question in a process", "Stillroom", _seconds(first), peak_mb=first.peak_mb)]


def _cube(plain: Cost, asked: Cost) -> Row:
    """Return the line of a table with many rows, each of which is finished, signed, stored and read."""
    workload = f"{SIZES[LARGE]}: a CUBE of {CUBE_ROWS:,} rows, count, sum and mean, warm"
    return Row(workload, "Stillroom", _seconds(asked), f"{asked.cpu / plain.cpu:.2f} × plain DuckDB", asked.peak_mb)


def _added(added: dict[str, Cost]) -> Row:
    cpu, peak = sum(cost.cpu for cost in added.values()), max(cost.peak_mb for cost in added.values())
    met = cpu <= 10 and peak <= 2000
    return Row("data add: 11 M rows in two files", "Stillroom", f"{cpu:.2f} CPU s", "", peak, "≤ 10 CPU s, ≤ 2 GB", met)


def _price(price: Cost) -> Row:
    return Row("price of a question", "Stillroom", f"{1000 * price.cpu:.0f} CPU ms", target="≤ 50 ms", met=price.cpu <= 0.05)


def _limited(size: str, folder: str, plain: dict[str, Cost], memory_mb: int, most: int | None = None) -> list[Row]:
    """Return the lines of the questions under a limit of memory; the target is about the whole process."""
    _say(f"Under a limit of {memory_mb} MB ...")
    asked = in_own_process("bench.limits", "ask", folder, str(memory_mb))
    goal = f"≤ {most} MB" if most else "finishes"
    return [
        Row(
            f"{size}: {SUM} {groups}, a run limited to {memory_mb} MB, first in its process",
            "Stillroom",
            _seconds(asked[name]),
            f"{asked[name].cpu / plain[name].cpu:.2f} × plain DuckDB" if name in plain else "",
            asked[name].peak_mb,
            goal,
            most is None or asked[name].peak_mb <= most,
        )
        for name, groups in {"by_member": "gender and region", "by_visit": "ward and gender"}.items()
    ]


def _huge() -> list[Row]:
    """Measure the questions on 100 M rows, stored without the owners' files."""
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder:
        _say("Storing 100 M visits × 10 M members ...")
        in_own_process("bench.limits", "store", folder, *map(str, HUGE))
        return _limited("100 M visits × 10 M members", folder, {}, 1024)


def _small() -> list[Row]:
    """Measure a small room: by the clock too, since that is what somebody waits for."""
    _say("A small room ...")
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder:
        found = in_own_process("bench.small", folder)
    plain, asked, price = found["plain"], found["asked"], found["price"]
    ratio, where = f"{asked.cpu / plain.cpu:.1f} × plain DuckDB", "a small room (2,100 visits × 2,700 members)"
    return [
        Row(f"{where}: a question, warm", "plain DuckDB", _milliseconds(plain), peak_mb=plain.peak_mb),
        Row(
            f"{where}: a question, warm, quantum 1 ms",
            "Stillroom",
            _milliseconds(asked),
            ratio,
            asked.peak_mb,
            "≤ 100 ms",
            _within(asked, 0.1),
        ),
        Row(f"{where}: a price", "Stillroom", _milliseconds(price), "", price.peak_mb, "≤ 20 ms", _within(price, 0.02)),
    ]


def _within(cost: Cost, seconds: float) -> bool:
    return cost.wall <= seconds


def _milliseconds(cost: Cost) -> str:
    return f"{1000 * cost.cpu:.0f} CPU ms, {1000 * cost.wall:.0f} ms by the clock"


def _accuracy() -> list[Row]:
    """Measure the total squared error of a CUBE beside that of its tables asked for one by one, at the same price in all."""
    _say("Accuracy of a CUBE ...")
    errors = accuracy.squared_errors()
    sizes = " × ".join(map(str, accuracy.SIZES.values()))
    workload = f"CUBE over 3 attributes ({sizes} values), counts at ε = {accuracy.EPSILON:g}: total squared error over its 8 tables"
    rows = []
    for name, said, most in (("equal", "an equal split", 1 / 3), ("best", "the best split", 1.0)):
        ratio = errors["cube"] / errors[name]
        rows += [
            Row(workload, f"8 tables, {said}", f"{errors[name]:,.0f}"),
            Row(workload, "Stillroom", f"{errors['cube']:,.0f}", f"{ratio:.2f} × {said}", None, f"≤ {most:.2f} × {said}", ratio <= most),
        ]
    return rows


def _import() -> Row:
    """Measure a fresh process that imports the package, Python's own start included; the first one compiles."""
    command = (sys.executable, "-c", "import stillroom; stillroom.open")
    cpu = min(cpu_of_command(*command) for _ in range(4))
    return Row("import stillroom, in a new process", "Stillroom", f"{cpu:.2f} CPU s", target="≤ 0.5 CPU s", met=cpu <= 0.5)


def _installation() -> Row:
    _say("A core installation ...")
    workload, target = "core installation, without bytecode", "≤ 800 MB"
    try:
        size = size_mb(environment(ROOT / "requirements" / "core.txt"))
    except subprocess.CalledProcessError:
        return Row(workload, "Stillroom", "*not run*: it could not be installed", target=target)
    return Row(workload, "Stillroom", f"{size:.0f} MB", target=target, met=size <= 800)


def _peer(name: str, size: tuple[int, int], folder: Path, ours: Cost) -> Row:
    """Measure a peer on the joined rows."""
    engine, target = PEERS[name][0], "≥ 5 × Stillroom"
    workload = f"{SIZES[size]}: {SUM} gender and region, warm"
    _say(f"{engine} ...")
    try:
        python = environment(ROOT / "bench" / "peers" / f"{name}.txt")
    except subprocess.CalledProcessError:
        return Row(workload, engine, "*not run*: it could not be installed", target=target)
    try:
        cost = in_own_process(f"bench.peers.{name}", str(folder), python=str(python))["ask"]
    except subprocess.CalledProcessError:
        return Row(workload, engine, "*not run*: it ended with an error", target=target)
    ratio = cost.cpu / ours.cpu
    return Row(workload, engine, _seconds(cost), f"{ratio:.1f} × Stillroom", cost.peak_mb, target, ratio >= 5)


def _seconds(cost: Cost) -> str:
    return f"{cost.cpu:.2f} CPU s"


if __name__ == "__main__":
    main()
