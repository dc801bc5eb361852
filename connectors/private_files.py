"""Small files beside the database that must survive it, and that nobody else may read.

Here: replacing such a file whole, on disk and closed to others from its first byte.
Not here: what stands in them (secret_store.py; pseudonym_key.py and audience.py of pipelines).
"""

import os
from pathlib import Path


def replace(path: Path, content: str | bytes) -> None:
    """Let ``path`` hold ``content``: after a kill at any instant the old one or the new."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename or a new name in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
