"""Admission of owners' data by DuckDB, on their owner's side."""

from __future__ import annotations

from stillroom.adapters.duckdb.admission.admit import admit, admit_file

__all__ = ["admit", "admit_file"]
