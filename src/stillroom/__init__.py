"""Stillroom: a data clean room that gives out differentially private releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom.client import open_room as open  # noqa: A004  the public name is `stillroom.open`

__all__ = ["__version__", "open"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load `open` when it is first asked for: `import stillroom` stays cheap."""
    if name == "open":
        from stillroom.client import open_room

        return open_room
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
