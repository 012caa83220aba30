"""The same question by PipelineDP on its local backend, warm. It joins nothing: it starts from the joined rows."""

from __future__ import annotations

import sys
from itertools import product
from operator import itemgetter
from pathlib import Path

import pipeline_dp
import pyarrow.parquet as pq

from bench.data import DELTA, EPSILON, GENDERS, LARGEST_COST, ROWS_PER_PERSON, WARDS, Files
from bench.probe import cost_of, report

COUNT, SUM, MEAN = pipeline_dp.Metrics.COUNT, pipeline_dp.Metrics.SUM, pipeline_dp.Metrics.MEAN


def main(folder: Path) -> None:
    """Run another question, then the one that is compared."""
    path = Files.in_folder(folder).joined
    _ask(path, [COUNT])
    report(ask=cost_of(lambda: _ask(path, [COUNT, SUM, MEAN])))


def _ask(path: Path, metrics: list[pipeline_dp.Metric]) -> None:
    table = pq.read_table(path)
    rows = list(zip(*(table.column(name).to_pylist() for name in ("pid", "gender", "region", "cost")), strict=True))
    accountant = pipeline_dp.NaiveBudgetAccountant(total_epsilon=EPSILON, total_delta=DELTA)
    parameters = pipeline_dp.AggregateParams(
        metrics=metrics,
        noise_kind=pipeline_dp.NoiseKind.GAUSSIAN,
        max_partitions_contributed=1,
        max_contributions_per_partition=ROWS_PER_PERSON,
        min_value=0,
        max_value=LARGEST_COST,
    )
    extractors = pipeline_dp.DataExtractors(
        privacy_id_extractor=itemgetter(0), partition_extractor=itemgetter(1, 2), value_extractor=itemgetter(3)
    )
    engine = pipeline_dp.DPEngine(accountant, pipeline_dp.LocalBackend())
    released = engine.aggregate(rows, parameters, extractors, list(product(GENDERS, WARDS)))
    accountant.compute_budgets()
    assert len(list(released)) == len(GENDERS) * len(WARDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
