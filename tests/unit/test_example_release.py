"""The release that the documentation shows holds, and the picture beside it is what a notebook shows of it."""

from __future__ import annotations

from scripts.refresh_docs import EXAMPLE, PICTURE
from stillroom.client.picture import table_html
from stillroom.client.verification import verify
from stillroom.room.releases import read

REFRESH = "run `python -m scripts.refresh_docs`"


def test_the_example_holds() -> None:
    report = verify(EXAMPLE.read_bytes())
    assert report.accepted, (REFRESH, [step for step in report.steps if step.failed])


def test_the_picture_is_of_the_example() -> None:
    release = read(EXAMPLE.read_bytes())
    assert PICTURE.read_text(encoding="utf-8") == f"{table_html(release)}\n", REFRESH
