"""Nothing that another party can see depends on a row, but for the noisy cells of releases.

Two worlds go through the same story, one with another file of the clinic: identical bytes, one row different, one person less, ten times
the rows, or rows that admission changes and drops. What the insurer can read at each step must be equal: prices, refusals, lists of data,
the log, balances, the releases without their noisy values, and the room's own folder.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.crypto.envelope import unverified_payload
from stillroom.errors import InvalidInput, StillroomError
from stillroom.model.release import PAYLOAD_TYPE
from tests.parties import MEMBERS, QUESTION, VISITS, add, session, settle_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillroom.client.session import Session

FILES = {
    "the same bytes": VISITS,
    "one value different": VISITS.replace("person7,7.5,a", "person7,99.5,b"),
    "one person less": re.sub(r"^person7,.*\n", "", VISITS, flags=re.MULTILINE),
    "nobody in common": re.sub(r"^p(?=\d)", "q", VISITS, flags=re.MULTILINE),
    "nobody at all": "pid,cost,ward\n,1,a\n",
    "ten times the rows": "pid,cost,ward\n" + VISITS.removeprefix("pid,cost,ward\n") * 10,
    "rows that admission changes": VISITS + ",1,a\nperson1,nan,zz\nperson2,1e400,\nperson3,-5,a\n" + "person4,1,a\n" * 50,
}

ASKED = (
    QUESTION,
    QUESTION,
    "SELECT COUNT(*) AS n FROM visits WHERE 1 / cost > 0.5",
    "SELECT ward, SUM(cost) AS s FROM visits GROUP BY ROLLUP (ward) HAVING SUM(cost) > 100 OR SUM(cost) <= 100",
    "SELECT COUNT(*) AS n FROM members LEFT JOIN visits ON id = pid WHERE pid IS NULL",
    "SELECT MAX(cost), MEDIAN(cost), COUNT(DISTINCT ward) FROM visits",
)
REFUSED = (
    "SELECT pid FROM visits",
    "SELECT cost, COUNT(*) FROM visits GROUP BY cost",
    "SELECT COUNT(*) FROM visits WHERE error('x')",
    "SELECT COUNT(*) FROM visits WHERE CAST(ward AS DOUBLE) = 1",
    "SELECT ANY_VALUE(cost) FROM visits",
)
DRAWN = {"value", "low", "high", "no_information"}
"""The parts of a cell that noise decides."""

NAMED = re.compile(r'"(sha256:[0-9a-f]{64}|[0-9a-f]{64}|ed25519:[^"]+|example\.org/study [^"]+|[A-Za-z0-9+/]{40,}={0,2})"')


def seen(said: Session) -> list[Any]:
    """Return all that a party can read of a room."""
    return [
        [line.to_json() for line in said.data()],
        [line.to_json() for line in said.budget()],
        said.log(),
        [shown(release.envelope) for release in said.releases()],
        [price(said, sql) for sql in (*ASKED, *REFUSED)],
    ]


def price(said: Session, sql: str) -> Any:  # noqa: ANN401 - JSON
    """Return a price, or the refusal in its place."""
    try:
        return said.price(sql, epsilon=0.25).to_json()
    except StillroomError as error:
        return str(error)


def shown(envelope: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return what a signed release says, with noisy values crossed out."""
    release = json.loads(unverified_payload(envelope, PAYLOAD_TYPE))
    noisy = [heading["noisy"] for heading in release["table"]["headings"]]
    for row in release["table"]["rows"]:
        for cell, drawn in zip(row, noisy, strict=True):
            cell.update(dict.fromkeys(DRAWN, "noisy") if drawn else {})
    return release


def without_names(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return JSON in which digests, keys and signatures are numbered by first mention, and moments are crossed out.

    Keys and times are those of the world, and what names them differs with them.
    """
    numbers: dict[str, int] = {}
    text = json.dumps(value, sort_keys=True)
    text = NAMED.sub(lambda found: f'"name {numbers.setdefault(found[1], len(numbers))}"', text)
    return re.sub(r'"(at|released_at)": [0-9.]+', r'"\1": "then"', text)


def story(folder: Path, changed: str) -> list[str]:
    """Return what the insurer sees, step by step; the clinic's second file is the one that may differ."""
    settle_in(folder)
    add(folder, "members", MEMBERS)
    add(folder, "visits", VISITS)
    views: list[Any] = []
    add(folder, "visits", changed)
    said = session(folder, "insurer")
    answers = [shown(said.ask(sql, epsilon=0.25).envelope) for sql in ASKED]
    views.append([*answers, *(refusal(said, sql) for sql in REFUSED), seen(said)])
    session(folder, "clinic").forget("person7")
    views.append([shown(session(folder, "insurer").ask(QUESTION, epsilon=0.25).envelope), seen(session(folder, "insurer"))])
    session(folder, "clinic").withdraw_data("visits")
    views.append([refusal(session(folder, "insurer"), QUESTION), seen(session(folder, "insurer"))])
    files = {str(path.relative_to(folder)): path.stat().st_mode for path in sorted((folder / "room").rglob("*"))}
    return [without_names(view) for view in [*views, files]]


def refusal(said: Session, sql: str) -> str:
    """Ask, and return the refusal."""
    with pytest.raises(StillroomError) as caught:
        said.ask(sql, epsilon=0.25)
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return story(tmp_path_factory.mktemp("first"), VISITS)


QUICK = {"one value different", "one person less"}
CASES = [pytest.param(text, id=name, marks=[] if name in QUICK else pytest.mark.slow) for name, text in FILES.items()]


@pytest.mark.parametrize("changed", CASES)
def test_another_party_sees_the_same_whatever_the_rows(expected: list[str], tmp_path: Path, changed: str) -> None:
    for step, (mine, theirs) in enumerate(zip(story(tmp_path, changed), expected, strict=True)):
        assert mine == theirs, f"step {step}"


def test_the_comparison_sees_one_more_version_and_one_more_question(tmp_path: Path) -> None:
    settle_in(tmp_path)
    add(tmp_path, "members", MEMBERS)
    add(tmp_path, "visits", VISITS)
    views = [without_names(seen(session(tmp_path, "insurer")))]
    add(tmp_path, "visits", VISITS)
    views.append(without_names(seen(session(tmp_path, "insurer"))))
    session(tmp_path, "insurer").ask(QUESTION, epsilon=0.25)
    views.append(without_names(seen(session(tmp_path, "insurer"))))
    assert len(set(views)) == len(views)


def test_prices_are_the_same_before_and_after_other_questions(tmp_path: Path) -> None:
    settle_in(tmp_path)
    add(tmp_path, "members", MEMBERS)
    add(tmp_path, "visits", VISITS)
    said = session(tmp_path, "insurer")
    before = [price(said, sql) for sql in (*ASKED, *REFUSED)]
    for sql in ASKED:
        said.ask(sql, epsilon=0.25)
        assert [price(session(tmp_path, "insurer"), one) for one in (*ASKED, *REFUSED)] == before


def test_logs_of_rooms_with_the_same_rows_have_no_name_in_common(tmp_path: Path) -> None:
    """A name that they share would be that of rows or of exact numbers, or a plain number: all else has keys of its own room in it."""
    found = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        settle_in(folder)
        add(folder, "members", MEMBERS)
        add(folder, "visits", VISITS)
        said = session(folder, "insurer")
        said.ask(QUESTION, epsilon=0.25)
        found.append(set(NAMED.findall(json.dumps(said.log()))))
    assert min(map(len, found)) > 1
    assert found[0] & found[1] == set()


BROKEN: dict[str, Callable[[str], str]] = {
    "another column": lambda text: text.replace("ward", "room", 1),
    "a cell too many": lambda text: text + "person1,1,a,b\n",
    "half a quote": lambda text: text + 'person1,"1,a\n',
}


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_nobody_sees_that_a_file_was_not_admitted(tmp_path: Path, breaking: Callable[[str], str]) -> None:
    settle_in(tmp_path)
    add(tmp_path, "members", MEMBERS)
    add(tmp_path, "visits", VISITS)
    before = seen(session(tmp_path, "insurer"))
    with pytest.raises(InvalidInput):
        add(tmp_path, "visits", breaking(VISITS))
    assert seen(session(tmp_path, "insurer")) == before
