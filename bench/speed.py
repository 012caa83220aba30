"""CPU and memory of questions: in the room, in plain DuckDB, and in peers."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench import limits
from bench.environments import NotRun, environment, peer_costs, size_mb
from bench.probe import ROOT, Cost, cost_of_command, in_own_process, say
from bench.questions import CUBE_ROWS
from bench.report import Row, not_run, seconds

LARGE, SMALL = (1_000_000, 10_000_000), (100_000, 1_000_000)
HUGE = (10_000_000, 100_000_000)
SIZES = {LARGE: "10 M visits × 1 M members", SMALL: "1 M visits × 100 k members"}
SUM = "count, sum and mean by"
PEERS = {"opendp_polars": ("OpenDP with Polars", (LARGE, SMALL)), "pipelinedp": ("PipelineDP, local", (SMALL,))}


def large(*, full: bool) -> list[Row]:
    """Measure at 10 M rows."""
    return _room(LARGE, full=full)


def small(*, full: bool) -> list[Row]:
    """Measure at 1 M rows."""
    return _room(SMALL, full=full)


def _room(size: tuple[int, int], *, full: bool) -> list[Row]:
    """Make data of a size, and measure the room, plain DuckDB and peers on them."""
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder:
        say(f"Making {SIZES[size]} ...")
        in_own_process("bench.data", folder, *map(str, size))
        say("Plain DuckDB ...")
        plain = in_own_process("bench.plain", folder)
        say("Stillroom ...")
        added, asked = in_own_process("bench.room", folder, "add"), in_own_process("bench.room", folder, "ask")
        rows = _asks(SIZES[size], plain, asked)
        if size == LARGE:
            say("By hand ...")
            rows += _by_hand(in_own_process("bench.by_hand", folder), asked)
            rows += [*_others(plain, asked), _added(added), _price(asked["price"])]
            rows += _limited(SIZES[size], folder, plain, limits.MEMORY_MB, most=512)
        if full:
            rows += [_peer(name, size, Path(folder), asked["by_member"]) for name, (_, sizes) in PEERS.items() if size in sizes]
    return rows


def _asks(size: str, plain: dict[str, Cost], asked: dict[str, Cost]) -> list[Row]:
    """Return the lines of the questions. Only the large size has a target: what is fixed weighs more on small data."""
    rows = []
    for name, groups in {"by_member": "gender and region", "by_visit": "ward and gender"}.items():
        workload, ours, theirs = f"{size}: {SUM} {groups}, warm", asked[name], plain[name]
        met = ours.cpu <= 0.5 * theirs.cpu and ours.peak_mb <= 2000
        goal = ("≤ 0.5 × plain DuckDB, ≤ 2 GB", met) if size == SIZES[LARGE] else ("", None)
        rows += [
            Row(workload, "plain DuckDB", seconds(theirs), peak_mb=theirs.peak_mb),
            Row(workload, "Stillroom", seconds(ours), f"{ours.cpu / theirs.cpu:.2f} × plain DuckDB", ours.peak_mb, *goal),
        ]
    first = asked["first"]
    return [*rows, Row(f"{size}: the first question in a process", "Stillroom", seconds(first), peak_mb=first.peak_mb)]


def _by_hand(by_hand: dict[str, Cost], asked: dict[str, Cost]) -> list[Row]:
    """Return the lines of what the room adds to SQL that somebody would write by hand over its own storage, per person or plain."""
    rows = []
    for name, what, engine in (
        ("by_member", f"{SUM} gender and region", "SQL by hand over the room's storage, each person's totals first"),
        ("by_visit", f"{SUM} ward and gender", "SQL by hand over the room's storage, each person's totals first"),
        ("counts", "count by ward and gender", "plain SQL over the room's storage"),
    ):
        workload, ours, theirs = f"{SIZES[LARGE]}: {what}, warm", asked[name].cpu, by_hand[name].cpu
        most = 1.3 * theirs + 0.1 if name == "counts" else 1.1 * theirs
        goal = "≤ 1.3 × + 0.1 s" if name == "counts" else "≤ 1.1 ×"
        rows += [
            Row(workload, engine, seconds(by_hand[name]), peak_mb=by_hand[name].peak_mb),
            Row(workload, "Stillroom", seconds(asked[name]), f"{ours / theirs:.2f} × SQL by hand", None, goal, ours <= most),
        ]
    return rows


def _others(plain: dict[str, Cost], asked: dict[str, Cost]) -> list[Row]:
    """Return the lines of quantiles, and of a table with many rows, each of which is finished, signed, stored and read."""
    workloads = {
        "quantiles": "median and four quantiles by gender and region",
        "cube": f"a CUBE of {CUBE_ROWS:,} rows, count, sum and mean",
    }
    rows = []
    for name, workload in workloads.items():
        ratio = f"{asked[name].cpu / plain[name].cpu:.2f} × plain DuckDB"
        rows.append(Row(f"{SIZES[LARGE]}: {workload}, warm", "Stillroom", seconds(asked[name]), ratio, asked[name].peak_mb))
    return rows


def _added(added: dict[str, Cost]) -> Row:
    cpu, peak = sum(cost.cpu for cost in added.values()), max(cost.peak_mb for cost in added.values())
    met = cpu <= 10 and peak <= 2000
    return Row("data add: 11 M rows in two files", "Stillroom", f"{cpu:.2f} CPU s", "", peak, "≤ 10 CPU s, ≤ 2 GB", met)


def _price(price: Cost) -> Row:
    return Row("price of a question", "Stillroom", f"{1000 * price.cpu:.0f} CPU ms", target="≤ 50 ms", met=price.cpu <= 0.05)


def _limited(size: str, folder: str, plain: dict[str, Cost], memory_mb: int, most: int | None = None) -> list[Row]:
    """Return the lines of the questions under a limit of memory; the target is about the whole process."""
    say(f"Under a limit of {memory_mb} MB ...")
    asked = in_own_process("bench.limits", "ask", folder, str(memory_mb))
    goal = f"≤ {most} MB" if most else "finishes"
    return [
        Row(
            f"{size}: {SUM} {groups}, a run limited to {memory_mb} MB, first in its process",
            "Stillroom",
            seconds(asked[name]),
            f"{asked[name].cpu / plain[name].cpu:.2f} × plain DuckDB" if name in plain else "",
            asked[name].peak_mb,
            goal,
            most is None or asked[name].peak_mb <= most,
        )
        for name, groups in {"by_member": "gender and region", "by_visit": "ward and gender"}.items()
    ]


def huge(*, full: bool) -> list[Row]:
    """Measure the questions on 100 M rows, stored without the owners' files."""
    del full
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder:
        say("Storing 100 M visits × 10 M members ...")
        in_own_process("bench.limits", "store", folder, *map(str, HUGE))
        return _limited("100 M visits × 10 M members", folder, {}, 1024)


def small_room(*, full: bool) -> list[Row]:
    """Measure a small room: by the clock too, since that is what somebody waits for."""
    del full
    say("A small room ...")
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder:
        found = in_own_process("bench.small", folder)
    plain, asked, price = found["plain"], found["asked"], found["price"]
    ratio, where = f"{asked.cpu / plain.cpu:.1f} × plain DuckDB", "a small room (2,100 visits × 2,700 members)"
    question = f"{where}: a question, warm"
    return [
        Row(question, "plain DuckDB", _milliseconds(plain), peak_mb=plain.peak_mb),
        Row(f"{question}, quantum 1 ms", "Stillroom", _milliseconds(asked), ratio, asked.peak_mb, "≤ 100 ms", asked.wall <= 0.1),
        Row(f"{where}: a price", "Stillroom", _milliseconds(price), "", price.peak_mb, "≤ 20 ms", price.wall <= 0.02),
    ]


def _milliseconds(cost: Cost) -> str:
    return f"{1000 * cost.cpu:.0f} CPU ms, {1000 * cost.wall:.0f} ms by the clock"


def _peer(name: str, size: tuple[int, int], folder: Path, ours: Cost) -> Row:
    """Measure a peer on the joined rows."""
    engine, target = PEERS[name][0], "≥ 5 × Stillroom"
    workload = f"{SIZES[size]}: {SUM} gender and region, warm"
    try:
        cost = peer_costs(name, name, str(folder))["ask"]
    except NotRun as why:
        return not_run(workload, engine, why, target)
    ratio = cost.cpu / ours.cpu
    return Row(workload, engine, seconds(cost), f"{ratio:.1f} × Stillroom", cost.peak_mb, target, ratio >= 5)


def imported(*, full: bool) -> list[Row]:
    """Measure a fresh process that imports the package, Python's own start included; the first one compiles."""
    del full
    command = (sys.executable, "-c", "import stillroom; stillroom.open")
    cpu = min(cost_of_command(*command).cpu for _ in range(4))
    return [Row("import stillroom, in a new process", "Stillroom", f"{cpu:.2f} CPU s", target="≤ 0.5 CPU s", met=cpu <= 0.5)]


def installed(*, full: bool) -> list[Row]:
    """Measure how large an installation is."""
    del full
    say("A core installation ...")
    workload, target = "core installation, without bytecode", "≤ 800 MB"
    try:
        size = size_mb(environment(ROOT / "requirements" / "core.txt"))
    except NotRun as why:
        return [not_run(workload, "Stillroom", why, target)]
    return [Row(workload, "Stillroom", f"{size:.0f} MB", target=target, met=size <= 800)]
