"""From noisy cells to the released table: totals, intervals, windows, HAVING, ORDER BY and LIMIT. It sees noisy cells only."""
