"""What a run may use of the machine, as the operator of a room says in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError

from stillroom.errors import Code, InvalidInput
from stillroom.model.value import Value

if TYPE_CHECKING:
    from pathlib import Path

FILE = "limits.json"
"""Where they are written, in a room's folder. Without it, they are as below."""


class Limits(Value):
    """What one run may use.

    Attributes:
        format: The version of this format.
        memory_mb: The most memory for tables and intermediate results, in MB of 2**20 bytes. The process itself takes some 250 more.
        threads: How many threads work on it.
        run_seconds: The longest that it may take.
    """

    format: Literal["stillroom/limits/v1"] = Field(default="stillroom/limits/v1", alias="schema")
    memory_mb: int = Field(default=8192, ge=64, le=2**24)
    threads: int = Field(default=2, ge=1, le=1024)
    run_seconds: float = Field(default=3600.0, gt=0, le=10**6)


def read_limits(room: Path) -> Limits:
    """Return the limits of a room.

    Raises:
        InvalidInput: `ROOM_INVALID` if the file is there and says something else.
    """
    try:
        return Limits.model_validate_json((room / FILE).read_bytes())
    except FileNotFoundError:
        return Limits()
    except (OSError, ValidationError):
        raise InvalidInput(
            Code.ROOM_INVALID,
            f"The room's {FILE} cannot be read, or says what no limit can be.",
            "Correct it as the how-to on limits says, or take it away.",
        ) from None
