"""The engine that runs plans with Polars."""
