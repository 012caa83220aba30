"""What a room computes with is its operator's choice, kept beside the room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["duckdb", "polars", "datafusion"])
def test_an_engine_of_the_same_machine_is_chosen_by_name(tmp_path: Path, name: str) -> None:
    bootstrap.create_room(tmp_path / "room", "study")
    assert bootstrap.computing(tmp_path / "room").engine == "duckdb"
    bootstrap.compute_with(tmp_path / "room", name)
    assert bootstrap.computing(tmp_path / "room").engine == name
    assert bootstrap._engine(tmp_path / "room").name.startswith(f"{name} ")


@pytest.mark.parametrize(("name", "remote"), [("polars", "sc://127.0.0.1:15002"), ("spark", None), ("sqlite", None), ("spark", "http://a")])
def test_what_is_no_engine_is_refused_and_changes_nothing(tmp_path: Path, name: str, remote: str | None) -> None:
    bootstrap.create_room(tmp_path / "room", "study")
    with pytest.raises(InvalidInput) as refused:
        bootstrap.compute_with(tmp_path / "room", name, remote)
    assert refused.value.code is Code.USAGE
    assert bootstrap.computing(tmp_path / "room").engine == "duckdb"
