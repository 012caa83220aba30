"""Admission of CSV and Parquet files by DuckDB, on their owner's side."""

from __future__ import annotations

from stillroom.adapters.duckdb.admission.admit import admit_file

__all__ = ["admit_file"]
