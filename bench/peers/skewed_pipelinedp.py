"""The skewed join by PipelineDP on its local backend, with Laplace noise. It joins nothing: it starts from the joined rows.

It can bound a person's sum in a group, so it is told the bound of a total where that is less than the rows may be; the other peers bound
each row. Which rows it keeps of a person is drawn once; each release has noise of its own.
"""

from __future__ import annotations

import sys
from operator import itemgetter
from pathlib import Path
from typing import Any

import pipeline_dp
import pyarrow.parquet as pq

from bench.accuracy.skewed import GROUPS, LARGEST, TIMES, Caps, Files, Released, report
from bench.peers.repeating import Repeating

COUNT, SUM = pipeline_dp.Metrics.COUNT, pipeline_dp.Metrics.SUM
DELTA = 1e-12
"""It wants one, and spends nothing of it: the groups are known."""


def main(folder: Path, caps: list[Caps]) -> None:
    """Release the table some times under each caps."""
    table = pq.read_table(Files.in_folder(folder).joined)
    rows = list(zip(*(table.column(name).to_pylist() for name in ("pid", "area", "cents")), strict=True))
    report([_released(rows, one) for one in caps])


def _released(rows: list[tuple[str, int, int]], caps: Caps) -> list[Released]:
    accountant = pipeline_dp.NaiveBudgetAccountant(total_epsilon=caps.epsilon, total_delta=DELTA)
    bounds: dict[str, Any] = {"min_value": 0, "max_value": 100 * LARGEST}
    if caps.total < caps.rows * LARGEST:
        bounds = {"min_sum_per_partition": 0, "max_sum_per_partition": 100 * caps.total}
    parameters = pipeline_dp.AggregateParams(
        metrics=[COUNT, SUM],
        noise_kind=pipeline_dp.NoiseKind.LAPLACE,
        max_partitions_contributed=1,
        max_contributions_per_partition=caps.rows,
        **bounds,
    )
    extractors = pipeline_dp.DataExtractors(
        privacy_id_extractor=itemgetter(0), partition_extractor=itemgetter(1), value_extractor=itemgetter(2)
    )
    engine = pipeline_dp.DPEngine(accountant, Repeating(TIMES))
    result = engine.aggregate(rows, parameters, extractors, list(range(1, GROUPS + 1)))
    accountant.compute_budgets()
    found = dict(result)
    assert sorted(found) == list(range(1, GROUPS + 1))
    tables = [[found[area][time] for area in sorted(found)] for time in range(TIMES)]
    return [{"n": [float(one.count) for one in table], "total": [one.sum / 100 for one in table]} for table in tables]


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Caps.read(text) for text in sys.argv[2:]])
