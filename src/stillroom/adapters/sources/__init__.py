"""Where an owner's data lie, and the rows that are read there: of declared columns only, batch after batch."""

from __future__ import annotations

from stillroom.adapters.sources.place import Place, place_of
from stillroom.adapters.sources.rows import Rows
from stillroom.adapters.sources.source import open_rows

__all__ = ["Place", "Rows", "open_rows", "place_of"]
