"""Numbers as people read them, and where bars are drawn."""

from __future__ import annotations

import pytest

from stillroom.client.verification.report import Outcome, Report, StepReport
from stillroom.client.views import AccountLine
from stillroom.model.charge import Charge
from stillroom.model.release import Cell, Heading, Table
from stillroom.model.schema import Kind
from stillroom.pages.chart import ROWS_DRAWN, WIDTH, charts_of, gauge_of
from stillroom.pages.render import environment, grouped, power, title

WARD, COUNT = Heading(name="ward", kind=Kind.TEXT, noisy=False), Heading(name="n", kind=Kind.INTEGER, noisy=True)


def table(*rows: tuple[Cell, Cell]) -> Table:
    return Table(headings=(WARD, COUNT), rows=rows)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("0", "0"), ("-7", "−7"), ("1234567", "1 234 567"), ("-1234.50", "−1 234.50"), ("-0.5", "−0.5"), ("NaN", "NaN"), ("", ""), ("²", "²")],
)
def test_thousands_stand_apart(number: str, shown: str) -> None:
    assert grouped(number).replace("\N{NARROW NO-BREAK SPACE}", " ") == shown


def test_small_numbers_are_written_as_people_do() -> None:
    assert [power(number) for number in (1e-9, 2.5e-7, 0.01, 0, 1e20)] == ["10⁻⁹", "2.5 × 10⁻⁷", "0.01", "0", "10²⁰"]


def test_a_table_is_called_by_its_numbers_and_keys() -> None:
    assert title(table()) == "n by ward"
    assert title(Table(headings=(COUNT,), rows=())) == "n"


def test_bars_begin_at_zero_and_stay_within_the_drawing() -> None:
    rows = (
        (Cell("a"), Cell("100", "80", "120")),
        (Cell(None), Cell("-20", "-40", "0")),
        (Cell(None, totalled=True), Cell("80", "60", "100")),
    )
    (chart,) = charts_of(table(*rows))
    assert (chart.name, chart.zero) == ("n", 250.0)
    assert [bar.label for bar in chart.bars] == ["a", "no value", "all"]
    assert [(bar.left, bar.width, bar.from_, bar.to) for bar in chart.bars] == [
        (250.0, 625.0, 750.0, 1000.0),
        (125.0, 125.0, 0.0, 250.0),
        (250.0, 500.0, 625.0, 875.0),
    ]


def test_what_says_nothing_has_no_bar_and_many_rows_are_cut() -> None:
    empty = Cell("5", None, None), Cell(None), Cell("0", "0", "9", no_information=True)
    assert charts_of(table(*((Cell("a"), cell) for cell in empty))) == ()
    (chart,) = charts_of(table((Cell("a"), empty[2]), *((Cell("b"), Cell("0", "0", "0")) for _ in range(ROWS_DRAWN))))
    assert [bar.known for bar in chart.bars[:2]] == [False, True]
    assert (len(chart.bars), chart.more) == (ROWS_DRAWN, 1)


def test_an_account_is_never_drawn_emptier_or_fuller_than_it_is() -> None:
    def line(cap: int, held: int, spent: int) -> AccountLine:
        return AccountLine(name="a/people", cap=Charge(rho=cap), held=Charge(rho=held), spent=Charge(rho=spent))

    assert gauge_of(line(1000, 100, 250)).percent == 35
    assert (gauge_of(line(1000, 100, 250)).spent, gauge_of(line(1000, 100, 250)).held) == (250.0, 350.0)
    assert gauge_of(line(10**9, 0, 1)).percent == 1
    assert gauge_of(line(0, 0, 0)).percent == 0
    assert gauge_of(line(10, 0, 20)).held == WIDTH


def test_whether_figures_hold_is_said_in_words_and_in_a_picture_of_its_own() -> None:
    def report(outcome: Outcome) -> Report:
        return Report(room=None, vouched_by=(), steps=(StepReport(number=1, title="All of it", outcome=outcome, detail=""),))

    made = environment().get_template("parts.html").make_module()
    shown = [made.standing(one) for one in (None, report(Outcome.PASSED), report(Outcome.FAILED))]  # type: ignore[attr-defined]
    words = ["As the room states.", "Verified.", "Do not rely on these figures."]
    assert [[word in one for word in words] for one in shown] == [[True, False, False], [False, True, False], [False, False, True]]
    assert len({one.partition("<path")[2].partition("</svg>")[0] for one in shown}) == len(words)
    assert all('aria-hidden="true"' in one for one in shown)


def test_templates_escape_and_do_not_forgive() -> None:
    made = environment()
    assert made.from_string("{{ a }}").render(a="<b>\u202e&") == "&lt;b&gt;\\u202e&amp;"
    with pytest.raises(Exception, match="undefined"):
        made.from_string("{{ a }}").render()
