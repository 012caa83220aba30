"""The questions that are timed, in the room and in plain DuckDB: the very same text."""

from __future__ import annotations

WARM_UP = "SELECT m.region, SUM(v.cost) AS total FROM members AS m JOIN visits AS v ON m.id = v.pid WHERE m.age < 50 GROUP BY m.region"
"""Asked first, so that a process is warm."""

BY_MEMBER = """
SELECT m.gender, m.region, COUNT(*) AS n, SUM(v.cost) AS total, AVG(v.cost) AS mean
FROM members AS m JOIN visits AS v ON m.id = v.pid GROUP BY m.gender, m.region
"""
"""Each person is in one group."""

BY_VISIT = """
SELECT v.ward, m.gender, COUNT(*) AS n, SUM(v.cost) AS total, AVG(v.cost) AS mean
FROM members AS m JOIN visits AS v ON m.id = v.pid GROUP BY v.ward, m.gender
"""
"""Each person is in up to four groups."""

COUNTS = "SELECT v.ward, m.gender, COUNT(*) AS n FROM members AS m JOIN visits AS v ON m.id = v.pid GROUP BY v.ward, m.gender"
"""Counts alone: what the contract bounds was bounded when data were added, so that nothing need be added up for each person."""

QUANTILES = """
SELECT m.gender, m.region, MEDIAN(v.cost) AS half, QUANTILE_CONT(v.cost, 0.1) AS low, QUANTILE_CONT(v.cost, 0.25) AS lower,
       QUANTILE_CONT(v.cost, 0.75) AS upper, QUANTILE_CONT(v.cost, 0.9) AS high
FROM members AS m JOIN visits AS v ON m.id = v.pid GROUP BY m.gender, m.region
"""
"""Five quantiles, which share what is measured."""

CUBE = """
SELECT m.age, m.birth_day, m.gender, v.ward, COUNT(*) AS n, SUM(v.cost) AS total, AVG(v.cost) AS mean
FROM members AS m JOIN visits AS v ON m.id = v.pid GROUP BY CUBE (m.age, m.birth_day, m.gender, v.ward)
"""
"""A table of `CUBE_ROWS` rows: what is done for each of them weighs as much as what is done for each visit."""

CUBE_ROWS = 34_080

SMALL = "SELECT gender, COUNT(*) AS n FROM members WHERE age < {age} GROUP BY gender"
"""Many different questions, to price."""
