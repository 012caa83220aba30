"""Other libraries of differential privacy, each run in an environment of its own on the rows already joined."""
