"""A party's home: its keys and its admitted data, in a folder of its own."""

from __future__ import annotations

from stillroom.adapters.home.home import Home

__all__ = ["Home"]
