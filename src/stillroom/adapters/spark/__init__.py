"""Plans on a cluster: Apache Spark, or anything else that speaks Spark Connect."""
