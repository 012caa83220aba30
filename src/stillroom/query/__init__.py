"""From SQL to a plan and its charge, and from noisy cells to a table."""
