"""What receivers hold: Arrow, pandas and HTML."""

from __future__ import annotations

import datetime
import io
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

import stillroom
from stillroom.cli.screen import release_lines, release_table
from stillroom.client.arrow import _array
from stillroom.client.picture import table_html
from stillroom.client.result import Release
from stillroom.model.charge import Charge
from stillroom.model.codec import digest_of
from stillroom.model.question import Question, Terms
from stillroom.model.release import Balance, Cell, Heading, Promise, Removed, Table
from stillroom.model.release import Release as Statement
from stillroom.model.schema import Kind
from tests.questions import CONTRACT, compiled

SQL = "SELECT gender, COUNT(*) FROM members GROUP BY gender"
TABLE = Table(
    headings=(
        Heading(name="g<b>", kind=Kind.TEXT, noisy=False),
        Heading(name="day", kind=Kind.DATE, noisy=False),
        Heading(name="n", kind=Kind.INTEGER, noisy=True),
        Heading(name="mean", kind=Kind.DECIMAL, noisy=True),
        Heading(name="many", kind=Kind.BOOLEAN, noisy=True),
    ),
    rows=(
        (
            Cell(value="<script>"),
            Cell(value="2026-01-31"),
            Cell(value="10", low="4", high="16"),
            Cell(value="1.50", low="0.00", high="3.00"),
            Cell(value="true"),
        ),
        (
            Cell(value=None, totalled=True),
            Cell(value=None),
            Cell(value=str(10**30), low=str(-(10**30)), high=str(10**31)),
            Cell(value=None, no_information=True),
            Cell(value="false"),
        ),
    ),
)


def release() -> Release:
    """Return a release with one cell of each kind."""
    question = compiled(SQL)
    promise = Promise(epsilon=1.0, change_epsilon=2.0, delta=1e-9, conversion_delta=1e-9)
    statement = Statement(
        room="room key",
        reservation="r",
        question=Question(contract=digest_of(CONTRACT), sql=SQL, terms=Terms(epsilon=1.0), asked_by="a"),
        plan=question.plan,
        plan_digest=digest_of(question.plan),
        contract_digest=digest_of(CONTRACT),
        receivers=("a",),
        versions={"members": 1},
        table=TABLE,
        noise=(),
        sampler="none",
        charge=question.charge,
        promise=promise,
        cap=promise,
        sentences=("A sentence with <tags>.",),
        balance=Balance(before=Charge(rho=2), after=Charge(rho=1)),
        commit_index=7,
        released_at=0.0,
        disclosure={},
    )
    return Release(statement, b"signed", charged=True)


def test_people_are_told_that_counts_are_kept_from_being_negative() -> None:
    plain = release().statement
    kept = plain.model_copy(
        update={"plan": plain.plan.model_copy(update={"finish": plain.plan.finish.model_copy(update={"nonnegative": True})})}
    )
    for statement, told in ((plain, False), (kept, True)):
        assert ("too large, on average" in "".join(release_lines(statement))) == told
        assert ("too large, on average" in table_html(statement)) == told


def test_people_are_told_what_clamping_removed_apart_from_the_table() -> None:
    plain = release().statement
    asked = plain.model_copy(update={"question": plain.question.model_copy(update={"terms": Terms(epsilon=1.0, clamped=True)})})
    found = Removed(columns=("a <b>", "c"), value="12.50", low="-3.00", high="28.00")
    told = asked.model_copy(update={"table": asked.table.model_copy(update={"clamped": (found,)})})
    words = "Clamping removed 12.50 in all (95 % interval -3.00 to 28.00) from what a <b>, c adds up"
    assert words in "".join(release_lines(told))
    assert words.replace("<", "&lt;").replace(">", "&gt;") in table_html(told)
    assert Release(told, b"", charged=True).clamped == (found,)
    assert "No sum is clamped." in release_lines(asked)
    assert not any("clamp" in line.lower() for line in release_lines(plain))
    assert Release(plain, b"", charged=True).clamped == ()


def test_people_are_shown_the_first_thousand_rows_and_told_of_the_others() -> None:
    row = (Cell(value="7", low="6", high="8"),)
    table = Table(headings=(Heading(name="n", kind=Kind.INTEGER, noisy=True),), rows=(row,) * 1_002)
    statement = release().statement.model_copy(update={"table": table})
    shown = io.StringIO()
    Console(file=shown, width=80).print(release_table(statement))
    assert shown.getvalue().count("6 to 8") == 1_000
    assert "and 2 more rows" in release_lines(statement)[0]
    assert "more rows" not in "".join(release_lines(release().statement))
    assert table_html(statement).count("<tr>") == 1 + 1_000
    assert "and 2 more rows" in table_html(statement)
    assert Release(statement, b"", charged=True).table.num_rows == 1_002


def test_arrow_has_exact_values_and_intervals_beside_them() -> None:
    table = release().table
    assert table.column_names == ["g<b>", "g<b>_totalled", "day", "n", "n_low", "n_high", "mean", "mean_low", "mean_high", "many"]
    row = table.slice(0, 1).to_pylist()[0]
    assert (row["day"], row["mean"], row["many"], row["n_low"]) == (datetime.date(2026, 1, 31), Decimal("1.50"), True, 4)
    assert table.column("g<b>_totalled").to_pylist() == [False, True]


def test_dates_have_their_intervals_everywhere() -> None:
    table = Table(
        headings=(Heading(name="d", kind=Kind.DATE, noisy=True),), rows=((Cell(value="2026-05-03", low="2026-05-01", high="2026-06-02"),),)
    )
    statement = release().statement.model_copy(update={"table": table})
    assert Release(statement, b"", charged=True).table.to_pylist() == [
        {"d": datetime.date(2026, 5, 3), "d_low": datetime.date(2026, 5, 1), "d_high": datetime.date(2026, 6, 2)}
    ]
    assert 'title="95 % interval 2026-05-01 to 2026-06-02">2026-05-03</td>' in table_html(statement)
    shown = io.StringIO()
    Console(file=shown, width=80).print(release_table(statement))
    assert "2026-05-01 to 2026-06-02" in shown.getvalue()


def test_a_column_does_not_pass_for_the_interval_of_another() -> None:
    headings = tuple(Heading(name=name, kind=Kind.INTEGER, noisy=True) for name in ("x", "x_low", "x_low_"))
    table = Table(headings=headings, rows=(tuple(Cell(value=f"{n}5", low=f"{n}1", high=f"{n}9") for n in (1, 2, 3)),))
    shown = Release(release().statement.model_copy(update={"table": table}), b"", charged=True).table.to_pylist()[0]
    assert (shown["x"], shown["x_low"], shown["x_low_"]) == (15, 25, 35)
    assert (shown["x_low__"], shown["x_high"], shown["x_low_low"]) == (11, 19, 21)


def test_numbers_beyond_64_bits_stay_exact() -> None:
    assert release().table.column("n").to_pylist() == [10, 10**30]


@pytest.mark.parametrize(("size", "kept"), [(10**37, True), (10**60, True), (10**64, False), (10**400, False)])
def test_numbers_of_any_size_leave_the_table_readable(size: int, kept: bool) -> None:  # noqa: FBT001 - a parameter of the test
    shown = _array(Kind.DECIMAL, [f"{size}.000001", None, "-1.5"])
    assert shown.to_pylist() == [Decimal(f"{size}.000001") if kept else None, None, Decimal("-1.5")]


def test_pandas_has_plain_numbers() -> None:
    frame = release().to_pandas()
    assert frame["mean"].tolist()[0] == 1.5
    assert frame["mean_low"].dtype == "float64"


def test_html_draws_error_bars_and_escapes_everything() -> None:
    shown = release()._repr_html_()
    assert shown.count("<svg") == 3
    assert "<script>" not in shown
    assert "&lt;tags&gt;" in shown
    assert shown == table_html(release().statement)


def test_html_says_what_bars_are_and_where_there_is_no_information() -> None:
    shown = release()._repr_html_()
    assert "<th>n (95 %)</th>" in shown
    assert "<th>many</th>" in shown
    assert "NULL <em>no information</em>" in shown


WITHOUT_PANDAS = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'")

sys.meta_path.insert(0, Without())
from tests.unit.test_result import release
release().to_pandas()
"""


def test_without_pandas_the_extra_is_named() -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(stillroom.__file__).parents[1]), str(root)])}
    done = subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError" in done.stderr
    assert "python3 -m pip install 'stillroom[pandas]'" in done.stderr


def test_repr_shows_no_values() -> None:
    assert "10" not in repr(release()).replace(release().statement.plan_digest[:19], "")


def test_saving_writes_the_signed_bytes(tmp_path: Path) -> None:
    release().save(tmp_path / "release.json")
    release().save(str(tmp_path / "again.json"))
    assert (tmp_path / "release.json").read_bytes() == (tmp_path / "again.json").read_bytes() == b"signed"
    assert isinstance(release().table, pa.Table)
