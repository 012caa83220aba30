"""What a room computes with is its operator's choice, kept beside the room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["duckdb", "polars", "datafusion"])
def test_an_engine_of_the_same_machine_is_chosen_by_name(tmp_path: Path, name: str) -> None:
    bootstrap.create_room(tmp_path / "room", "study")
    assert bootstrap.choose_engine(tmp_path / "room").engine == "duckdb"
    bootstrap.choose_engine(tmp_path / "room", name)
    assert bootstrap.choose_engine(tmp_path / "room").engine == name
    assert bootstrap._engine(tmp_path / "room").name.startswith(f"{name} ")
