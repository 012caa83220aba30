"""DuckDB as an engine: plans become SQL that holds no text of the analyst, run on a connection that can reach nothing."""
