"""What a command prints: texts of others are shown as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.cli.screen import Screen, plain, plain_table
from stillroom.errors import Code, Refusal

if TYPE_CHECKING:
    import pytest

TEXT = "B3:AB:51 :smile: [bold]x[/] SELECT 1 -- :cat:"


def test_a_line_is_shown_word_for_word(capsys: pytest.CaptureFixture[str]) -> None:
    """Two hexadecimal digits between colons are names of pictures to rich, and so are words in a question."""
    Screen().show({}, plain(TEXT))
    assert capsys.readouterr().out == f"{TEXT}\n"


def test_a_cell_is_shown_word_for_word(capsys: pytest.CaptureFixture[str]) -> None:
    table = plain_table(plain(":key:"))
    table.add_row(plain(TEXT))
    Screen().show({}, table)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [":key:", TEXT]


def test_an_error_is_shown_word_for_word(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().fail(Refusal(Code.NOT_ALLOWED, TEXT, TEXT))
    assert capsys.readouterr().err == f"NOT_ALLOWED  {TEXT}\n  → {TEXT}\n"
