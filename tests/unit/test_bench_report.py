"""The benchmark's report: its table, and the page of the documentation."""

from bench.__main__ import PAGE, PARTS
from bench.report import HEADINGS, HOW, Row, machine, page, section, table

ROWS = [
    Row("a question", "plain", "4.00 CPU s", peak_mb=443.4),
    Row("a question", "Stillroom", "1.00 CPU s", "0.25 × plain", 500.0, "≤ 1.0 × plain", met=True),
    Row("a price", "Stillroom", "80 CPU ms", target="≤ 50 ms", met=False),
]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_row_is_a_line_with_all_its_columns() -> None:
    head, _, *lines = table(ROWS).splitlines()
    assert _cells(head) == list(HEADINGS)
    assert [_cells(line) for line in lines] == [
        ["a question", "plain", "4.00 CPU s", "", "443", "", ""],
        ["a question", "Stillroom", "1.00 CPU s", "0.25 × plain", "500", "≤ 1.0 × plain", "yes"],
        ["a price", "Stillroom", "80 CPU ms", "", "", "≤ 50 ms", "**no**"],
    ]


def test_columns_line_up() -> None:
    lines = table(ROWS).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert set(lines[1]) == {"|", "-", " "}


def test_a_section_holds_the_machine_and_the_table_and_no_name_of_a_place() -> None:
    described = machine(["duckdb"])
    text = section("Prices", ROWS, described)
    assert text.startswith("## Prices\n")
    assert described in text
    assert table(ROWS) in text
    assert "duckdb " in described
    assert "/" not in described


def test_a_page_keeps_what_was_not_measured_again() -> None:
    titles = ["Prices", "Noise", "Commits"]
    old = page({title: section(title, ROWS[:1], "one day") for title in ("Noise", "Prices")}, "", titles)
    new = page({title: section(title, ROWS[1:], "another day") for title in ("Commits", "Noise")}, old, titles)
    assert [line for line in new.splitlines() if line.startswith("#")] == [
        "# Benchmarks",
        "## Prices",
        "## Noise",
        "## Commits",
        f"## {HOW}",
    ]
    parts = new.split("\n## ")
    assert "one day" in parts[1]
    assert "another day" not in parts[1]
    assert "another day" in parts[2]
    assert "one day" not in parts[2]
    assert page({}, new, titles) == new


def test_the_page_in_the_documentation_has_a_section_for_each_part_that_was_measured() -> None:
    text = PAGE.read_text(encoding="utf-8")
    titles = [part.title for part in PARTS.values()]
    assert len(set(titles)) == len(titles)
    assert page({}, text, titles) == text
