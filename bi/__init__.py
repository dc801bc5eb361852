"""A BI server on the published tables: Apache Superset in an environment of its own."""
