"""Speed and memory, always as a ratio in one run against a named alternative."""
