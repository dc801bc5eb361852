"""Where data enters: providers' pages and files become the records of records.py.

Here: HTTP, file formats, addresses, credentials. Not here: Dagster, DuckDB and SQL (pipelines).
"""
