"""The engine that runs plans with DataFusion."""
