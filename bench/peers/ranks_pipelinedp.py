"""Quantiles by PipelineDP on its local backend, with Laplace noise on a tree of counts."""

from __future__ import annotations

import sys
from operator import itemgetter
from pathlib import Path

import pipeline_dp
import pyarrow.parquet as pq

from bench.accuracy.ranks import EPSILON, GROUPS, LARGEST, PARTS, TIMES, Released, file_of, report
from bench.peers.repeating import Repeating

DELTA = 1e-12
"""It wants one, and spends nothing of it: the groups are known."""


def main(folder: Path) -> None:
    """Release the quantiles of each question some times."""
    table = pq.read_table(file_of(folder))
    rows = list(zip(*(table.column(name).to_pylist() for name in ("id", "ward", "age")), strict=True))
    report(**{name: _released(rows, parts, TIMES[name]) for name, parts in PARTS.items()})


def _released(rows: list[tuple[str, int, int]], parts: tuple[float, ...], times: int) -> list[Released]:
    accountant = pipeline_dp.NaiveBudgetAccountant(total_epsilon=EPSILON, total_delta=DELTA)
    parameters = pipeline_dp.AggregateParams(
        metrics=[pipeline_dp.Metrics.PERCENTILE(100 * part) for part in parts],
        noise_kind=pipeline_dp.NoiseKind.LAPLACE,
        max_partitions_contributed=1,
        max_contributions_per_partition=1,
        min_value=0,
        max_value=LARGEST,
    )
    extractors = pipeline_dp.DataExtractors(
        privacy_id_extractor=itemgetter(0), partition_extractor=itemgetter(1), value_extractor=itemgetter(2)
    )
    engine = pipeline_dp.DPEngine(accountant, Repeating(times))
    result = engine.aggregate(rows, parameters, extractors, list(range(1, GROUPS + 1)))
    accountant.compute_budgets()
    found = dict(result)
    assert sorted(found) == list(range(1, GROUPS + 1))
    return [[list(map(float, found[ward][time])) for ward in sorted(found)] for time in range(times)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
