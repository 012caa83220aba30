"""Whatever a room or the parties sign, the verifier judges it: it never raises."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.client.verification import verify
from stillroom.errors import InvalidInput
from tests.published import Files, files, replacing
from tests.rooms import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.client.verification import Report

JOINED = "members JOIN visits ON members.id = visits.pid WHERE members.age < 12"
TOTALS = "SELECT pid, CASE WHEN SUM(age) > 100 THEN 1 ELSE 0 END AS k, SUM(age) AS t, COUNT(*) AS c FROM visits GROUP BY pid"
FINISH = "GROUP BY ROLLUP (members.age) HAVING COUNT(*) > 3 ORDER BY 2 LIMIT 6"
QUESTIONS = (
    f"SELECT members.age, COUNT(*), SUM(visits.age), AVG(visits.age), COUNT(*) * 2 FROM {JOINED} {FINISH}",
    "SELECT CASE WHEN age < 30 THEN 'y' ELSE 'o' END AS b, age > 50 AS e, COUNT(*) FROM members GROUP BY CUBE (b, e)",
    f"SELECT k, SUM(t / (c + 1)) FROM ({TOTALS}) AS x GROUP BY k",
)
ROUNDS = 30
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**53 - 1, 1_000_000, 1.5, 1e300, 5e-324, -1e300, [], [0], {}, [[]], "", "x", "k0", "m0", "m99", "g0"),
    *("0", "-1", "9" * 900, "9" * 4000, "1e99999", "sha256:" + "0" * 64, "ed25519:" + "A" * 43, "2021-13-45", "0000-01-01", "left", "NaN"),
)
BOUND = ("room", "reservation", "contract_digest", "receivers", "versions", "balance", "commit_index", "charge")
"""Fields of a release that contract and log leave no choice about."""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> list[Files]:
    scene = build(tmp_path_factory.mktemp("room"))
    return [files(scene, scene.ask(sql).envelope) for sql in QUESTIONS]


def places(value: object, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every place in a document, but only to the first six of a list."""
    if way:
        yield way
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value[:6])
        for step, below in inner:
            yield from places(below, (*way, step))


def mutate(document: Any, draw: random.Random) -> None:  # noqa: ANN401 - any JSON
    """Change one to three places: a little, by junk, or by what stands elsewhere; or repeat or remove them."""
    for _ in range(draw.choice((1, 1, 2, 3))):
        known = list(places(document))
        *way, last = draw.choice(known)
        place = document
        for step in way:
            place = place[step]
        elsewhere = document
        for step in draw.choice(known):
            elsewhere = elsewhere[step]
        old = place[last]
        near: list[object] = [str(int(old) + 1)] if isinstance(old, str) and old.lstrip("-").isdigit() else []
        near += [old + 1, old - 1, -old] if isinstance(old, int | float) and not isinstance(old, bool) else []
        choice = draw.random()
        if choice < 0.1 and isinstance(place, list):
            place.insert(last, copy.deepcopy(old))
        elif choice < 0.2:
            del place[last]
        else:
            place[last] = copy.deepcopy(draw.choice([*near, *near, elsewhere, draw.choice(JUNK)]))


def judged(one: Files) -> list[Report]:
    return [verify(one.release, one.contract, one.log), verify(one.release)]


@pytest.mark.parametrize("seed", range(3))
def test_any_release_is_judged(published: list[Files], seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(ROUNDS):
        one = draw.choice(published)
        value = one.value
        mutate(value, draw)
        try:
            bent = one.bent(replacing(value))
        except (InvalidInput, KeyError, AttributeError):
            continue  # what has no plan, or cannot be written, cannot be signed
        whole, _ = judged(bent)
        same = all(value.get(name) == one.value[name] for name in BOUND)
        assert same or not whole.accepted


@pytest.mark.parametrize("seed", range(3))
def test_any_contract_is_judged(published: list[Files], seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(ROUNDS):
        one = draw.choice(published)
        try:
            bent = one.agreed(lambda agreed: mutate(agreed, draw))
        except InvalidInput:
            continue
        judged(bent)


@pytest.mark.parametrize("seed", range(3))
def test_any_log_is_judged(published: list[Files], seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(ROUNDS):
        one = draw.choice(published)
        try:
            bent = one.relogged(lambda entries: mutate(entries, draw))
        except (InvalidInput, AttributeError):
            continue
        report = verify(bent.release, bent.contract, bent.log)
        commit = one.value["commit_index"]
        if bent.entries[commit : commit + 1] != one.entries[commit : commit + 1]:
            entry = bent.entries[commit] if commit < len(bent.entries) else {}
            same = {**entry, "at": None} == {**one.entries[commit], "at": None}
            assert same or not report.accepted
