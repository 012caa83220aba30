"""Which engine a room's operator has chosen, in the room's folder."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from stillroom.adapters.home.files import disk_errors, replace_private
from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, InvalidInput
from stillroom.model.value import Value

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.limits import Limits
    from stillroom.ports import Engine

FILE = "engine.json"


class EngineChoice(Value):
    """On what a room computes. A room without the file computes with DuckDB.

    Attributes:
        format: The version of this format.
        engine: Its name.
        remote: For Spark, the URL of a Spark Connect server; it may hold a token, so that nobody else can read the file.
    """

    format: Literal["stillroom/engine/v1"] = Field(default="stillroom/engine/v1", alias="schema")
    engine: Literal["datafusion", "duckdb", "polars", "spark"] = "duckdb"
    remote: Annotated[str | None, Field(pattern=r"^sc://[^\s/]+(/\S*)?$", repr=False)] = None

    @model_validator(mode="after")
    def _spark_is_somewhere(self) -> EngineChoice:
        """Refuse Spark without a server, and a server that nothing would use."""
        if (self.engine == "spark") != (self.remote is not None):
            raise ValueError("Spark has a server, and no other engine has one.")
        return self

    @classmethod
    def of(cls, engine: str, remote: str | None) -> EngineChoice:
        """Return a choice.

        Raises:
            InvalidInput: `USAGE` if there is no such engine, or its URL is not one.
        """
        try:
            return cls.model_validate({"engine": engine, "remote": remote})
        except ValidationError:
            raise InvalidInput(
                Code.USAGE,
                "That is not an engine, or not where one is.",
                "Choose duckdb, polars or datafusion, or spark with --remote sc://host:port.",
            ) from None

    @classmethod
    def load(cls, room: Path) -> EngineChoice:
        """Return what a room computes with.

        Raises:
            InvalidInput: `ROOM_INVALID` if the file that says so is damaged.
        """
        try:
            return cls.model_validate_json((room / FILE).read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValidationError):
            raise InvalidInput(
                Code.ROOM_INVALID, "What the room computes with cannot be read.", "Choose again: `stillroom engine` says how."
            ) from None

    def save(self, room: Path) -> None:
        """Let a room compute with this from the next time on that it is opened.

        Raises:
            Failed: `STORE_FAILED` if the disk refuses.
        """
        with disk_errors("The room"):
            replace_private(room / FILE, canonical(self.to_json()))

    def made(self, limits: Limits) -> Engine:
        """Make the engine; nobody connects yet.

        Raises:
            InvalidInput: `ROOM_INVALID` if what it needs is not installed.
        """
        try:
            return self._made(limits)
        except PackageNotFoundError:
            raise InvalidInput(
                Code.ROOM_INVALID, f"The room computes with {self.engine}, which is not installed.", f"Install `stillroom[{self.engine}]`."
            ) from None

    def _made(self, limits: Limits) -> Engine:
        if self.remote is not None:
            from stillroom.adapters.spark.engine import SparkEngine

            return SparkEngine(self.remote)
        match self.engine:
            case "polars":
                from stillroom.adapters.polars.engine import PolarsEngine

                return PolarsEngine()
            case "datafusion":
                from stillroom.adapters.datafusion.engine import DatafusionEngine

                return DatafusionEngine()
            case _:
                from stillroom.adapters.duckdb.engine import DuckdbEngine

                return DuckdbEngine(threads=limits.threads, memory_mb=limits.memory_mb, seconds=limits.run_seconds)
