"""Where data flows: records become raw tables, raw tables become models, models become parquet.

Knows Dagster and DuckDB. Reaches files and providers only through connectors/.
"""
