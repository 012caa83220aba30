"""A story in numbered steps: printed as it is told, at most 80 columns wide, or as one JSON document at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from stillroom.cli.screen import Screen

WIDTH = 80
INDENT = 3


class Story:
    """Tells steps.

    Attributes:
        screen: Where they are printed.
        steps: What was told, without colours: a title and lines for each step.
    """

    def __init__(self, screen: Screen) -> None:
        """Begin."""
        self.screen = screen
        self.steps: list[dict[str, str | list[str]]] = []
        self._lines: list[str] = []

    def step(self, title: str) -> None:
        """Begin the next step."""
        self._lines = []
        self.steps.append({"title": title, "lines": self._lines})
        number = len(self.steps)
        gap = "\n" if number > 1 else ""
        self._print(Text.from_markup(f"{gap}[bold cyan]{number}[/]  [bold]{title}[/]"))

    def say(self, *paragraphs: str) -> None:
        """Tell paragraphs, wrapped and indented. Texts may have rich's markup."""
        width = self.screen.out.width
        for paragraph in paragraphs:
            text = Text.from_markup(paragraph)
            self._lines.append(text.plain)
            for line in text.wrap(self.screen.out, min(width, WIDTH) - INDENT):
                line.rstrip()
                self._print(Text(" " * INDENT) + line)

    def show(self, *lines: str) -> None:
        """Show lines as they are, indented: rows of a table, or what one can type."""
        for line in lines:
            text = Text.from_markup(line)
            self._lines.append(text.plain)
            self._print(Text(" " * INDENT) + text)

    def end(self, text: str, **facts: str) -> None:
        """Tell what comes next; with `--json`, print everything now."""
        self._print(Text.from_markup(text))
        if self.screen.as_json:
            self.screen.show({"steps": self.steps, **facts})

    def _print(self, text: Text) -> None:
        if not self.screen.as_json:
            self.screen.clear()
            self.screen.out.print(text, soft_wrap=True)
