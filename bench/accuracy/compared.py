"""What was released by each system, compared: errors, their spread, and ratios."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from bench.accuracy import cube, ranks, skewed
from bench.accuracy.figures import Spread, rank_error, relative_error
from bench.environments import NotRun, peer_says
from bench.probe import in_own_process, printed_by, say
from bench.report import Row, not_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PEERS = {"tumult": "Tumult Analytics", "opendp_polars": "OpenDP with Polars", "pipelinedp": "PipelineDP"}
"""Their environments and names; the one that takes longest begins."""

MODULES = {"tumult": "tumult", "opendp_polars": "opendp", "pipelinedp": "pipelinedp"}
PERSONS, FEW = 1_000_000, 100_000
MOST = 0.5
"""Our error may be so many times that of the best peer, on the skewed join."""

NUMBERS = {"count": ("n",), "sum": ("total",), "count and sum": ("n", "total")}
"""Of what errors are given: of each of the two alone, and of both, as the mean over groups and over the two."""

PLACES = 3
"""Decimal places of errors in rows."""


def cubes(*, full: bool) -> list[Row]:
    """Measure the total squared error of a CUBE beside that of its tables asked for one by one, at the same price in all."""
    del full
    say("Accuracy of a CUBE ...")
    errors = cube.squared_errors()
    sizes = " × ".join(map(str, cube.SIZES.values()))
    workload = f"CUBE over 3 attributes ({sizes} values), counts at ε = {cube.EPSILON:g}: total squared error over its 8 tables"
    rows = []
    for name, said, most in (("equal", "an equal split", 1 / 3), ("best", "the best split", 1.0)):
        ratio = errors["cube"] / errors[name]
        rows += [
            Row(workload, f"8 tables, {said}", f"{errors[name]:,.0f}"),
            Row(workload, "Stillroom", f"{errors['cube']:,.0f}", f"{ratio:.2f} × {said}", None, f"≤ {most:.2f} × {said}", ratio <= most),
        ]
    return rows


def skewed_join(*, full: bool) -> list[Row]:
    """Measure the relative errors of counts and sums of the skewed join, beside peers with the contract's cap and with the chosen caps."""
    persons = PERSONS if full else FEW
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as name:
        say("Accuracy of a skewed join ...")
        in_own_process("bench.accuracy.skewed", name, str(persons))
        exact = skewed.truth(skewed.Files.in_folder(Path(name)))
        least = [skewed.least_errors(skewed.Files.in_folder(Path(name)), epsilon) for epsilon in skewed.EPSILONS]
        ours = printed_by("bench.accuracy.room", name, "taps")
        caps = [told(epsilon, one["caps"]) for epsilon, one in zip(skewed.EPSILONS, ours, strict=True)]
        theirs = _peers_say("skewed", tuple(PEERS), name, *(one.written() for each in caps for one in each))
    rows, first = [], 0
    for own, each, possible in zip(ours, caps, least, strict=True):
        for what, numbers in NUMBERS.items():
            groups = f"{persons / 1e6:g} M people, {skewed.GROUPS} groups, ε = {each[0].epsilon:g}"
            shown = [" and ".join({"n": f"{one.rows}", "total": f"{one.total:,.0f}"}[number] for number in numbers) for one in each]
            errors = {
                name: said if isinstance(said, NotRun) else _errors(said[first : first + len(each)], numbers, exact)
                for name, said in theirs.items()
            }
            mine = _errors(own["released"], numbers, exact)
            workload = f"{what} of a skewed join, {groups}: mean relative error"
            rows += beside_peers(workload, mine, errors, shown)
            rows.append(_possible(workload, fmean(possible[number] for number in numbers), errors))
        first += len(each)
    return rows


def told(epsilon: float, caps: list[list[float]]) -> list[skewed.Caps]:
    """Return what peers are told: the contract's caps, and those that were chosen, on average."""
    rows, total = (fmean(column) for column in zip(*caps, strict=True))
    return [skewed.Caps.of_contract(epsilon), skewed.Caps(max(1, round(rows)), max(1, round(total)), epsilon)]


def _errors(said: list[list[skewed.Released]], numbers: tuple[str, ...], exact: skewed.Released) -> list[Spread]:
    """Return the mean relative error of numbers under each caps."""
    return [Spread.of(fmean(relative_error(one[number], exact[number]) for number in numbers) for one in releases) for releases in said]


def beside_peers(workload: str, ours: list[Spread], theirs: Mapping[str, list[Spread] | NotRun], caps: list[str]) -> list[Row]:
    """Return the lines of one number, under the contract's cap and then under the chosen one.

    The target is ours with chosen caps beside the best peer with the contract's. A ratio beside peers that know the chosen cap, too, says
    how much of that is due to the cap.
    """
    rows: list[Row] = []
    firsts = [errors[0] for errors in theirs.values() if not isinstance(errors, NotRun)]
    for place, cap in enumerate(caps):
        told = f"the contract's cap of {cap}" if place == 0 else f"told our cap of {cap}"
        rows += [_peer(workload, f"{PEERS[name]}, {told}", errors, place) for name, errors in theirs.items()]
    rows.append(Row(workload, f"Stillroom, the contract's cap of {caps[0]}", ours[0].percent(), _ratio(ours[0], firsts)))
    target = f"≤ {MOST:.2f} × best peer with the contract's cap"
    seconds = [errors[1] for errors in theirs.values() if not isinstance(errors, NotRun)]
    ratio = f"{_ratio(ours[1], firsts)}; {_ratio(ours[1], seconds)} told our cap" if firsts else ""
    met = ours[1].mean <= MOST * min(firsts).mean if firsts else None
    return [*rows, Row(workload, f"Stillroom, cap chosen: {caps[1]}", ours[1].percent(), ratio, None, target, met)]


def _possible(workload: str, least: float, theirs: Mapping[str, list[Spread] | NotRun]) -> Row:
    """Return the line of the best cap, which nobody knows beforehand, and for which nothing would have to be spent."""
    firsts = [errors[0].mean for errors in theirs.values() if not isinstance(errors, NotRun)]
    ratio = f"{least / min(firsts):.2f} × best peer" if firsts else ""
    return Row(workload, "the best cap that there is, known only afterwards", f"{100 * least:.2f} %", ratio)


def _peer(workload: str, engine: str, errors: list[Spread] | NotRun, place: int) -> Row:
    """Return the line of a peer."""
    return not_run(workload, engine, errors) if isinstance(errors, NotRun) else Row(workload, engine, errors[place].percent())


def _ratio(ours: Spread, theirs: list[Spread]) -> str:
    """Return how many times as large as the least of theirs our error is."""
    return f"{ours.over(min(theirs)).text()} × best peer" if theirs else ""


def quantiles(*, full: bool) -> list[Row]:
    """Measure by how many rows quantiles are off."""
    del full
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as name:
        say("Accuracy of quantiles ...")
        in_own_process("bench.accuracy.ranks", name)
        exact = ranks.truth(Path(name))
        ours = printed_by("bench.accuracy.room", name, "people")
        theirs = _peers_say("ranks", ("opendp_polars", "pipelinedp"), name)
    rows = []
    for question, parts in ranks.PARTS.items():
        groups = f"{ranks.GROUPS} groups of {ranks.PERSONS // ranks.GROUPS:,} rows"
        workload = f"{question} in {groups}, ε = {ranks.EPSILON:g}: mean error in rows"
        errors = {name: said if isinstance(said, NotRun) else [_off(said[question], parts, exact)] for name, said in theirs.items()}
        rows += [_ranked(workload, PEERS[name], one) for name, one in errors.items()]
        best = [one[0] for one in errors.values() if not isinstance(one, NotRun)]
        mine = {"Stillroom, by counts on a tree": _off(ours["counted"][question], parts, exact)}
        if question in ours["chosen"]:
            mine["Stillroom, --quantiles exponential"] = _off(ours["chosen"][question], parts, exact)
        *others, (engine, error) = mine.items()
        rows += [Row(workload, name, one.text(PLACES), _ratio(one, best)) for name, one in others]
        met = error.mean <= min(best).mean if best else None
        rows.append(Row(workload, engine, error.text(PLACES), _ratio(error, best), None, "≤ 1.00 × best peer", met))
    return rows


def _ranked(workload: str, engine: str, errors: list[Spread] | NotRun) -> Row:
    """Return the line of a peer."""
    return not_run(workload, engine, errors) if isinstance(errors, NotRun) else Row(workload, engine, errors[0].text(PLACES))


def _off(releases: list[ranks.Released], parts: tuple[float, ...], exact: list[list[int]]) -> Spread:
    """Return by how many rows quantiles are off, over all groups."""
    return Spread.of(
        fmean(
            rank_error(value, part, rows)
            for quantiles_of_group, rows in zip(released, exact, strict=True)
            for value, part in zip(quantiles_of_group, parts, strict=True)
        )
        for released in releases
    )


def _peers_say(task: str, names: Iterable[str], *arguments: str) -> dict[str, Any]:
    """Return what each peer releases, or why it does not; two at a time, since nothing here is timed."""

    def says(name: str) -> Any:  # noqa: ANN401  as `peer_says`
        try:
            return peer_says(name, f"{task}_{MODULES[name]}", *arguments)
        except NotRun as why:
            return why

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(says, names), strict=True))
