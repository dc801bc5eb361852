"""How a published table is laid out in a parquet file.

Here: row groups, indexes, encodings.
Not here: which rows and columns there are and in which order (publish.py, publish_groups.py).

Rows are sorted by grain, so that a person's rows lie side by side and a filter on the person reads
one row group. With a million rows in a group, as is pyarrow's own choice, that is a quarter of a
month of 50,000 people; benchmarks/reading_parquet.py measures it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.published_keys import KEYS

# Readers that know the page index (DataFusion, Spark, Trino) skip within a row group, too.
WRITTEN_AS: Mapping[str, Any] = {
    "compression": "zstd",
    "row_group_size": 65_536,
    "write_page_index": True,
}
# Nearly every value of these is another one. In a small row group all of them just fit into a
# dictionary, which makes them larger: the values once, and a number for each row besides.
_DIFFERENT_TYPES = (pa.float64(), pa.timestamp("us", "UTC"))
_DIFFERENT_NAMES = tuple(key.name for key in KEYS)
# What the manifest says of it, so that files laid out in another way are written again.
LAYOUT = hashlib.sha256(repr((dict(WRITTEN_AS), _DIFFERENT_TYPES, KEYS)).encode()).hexdigest()[:8]


def write(rows: pa.Table, where: Path | pa.NativeFile) -> None:
    """Write one file."""
    repeating = [
        field.name
        for field in rows.schema
        if field.type not in _DIFFERENT_TYPES and field.name not in _DIFFERENT_NAMES
    ]
    pq.write_table(rows, where, use_dictionary=repeating, **WRITTEN_AS)
