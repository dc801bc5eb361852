"""A seeded village of invented people, for the demo and the tests.

Here: ``Village``, the world, and ``write_files``, the world as mail archives and calendars.
Not here: anything that reads them: the sandbox imports neither connectors nor pipelines.
"""

from sandbox.files import write_files
from sandbox.village import Village

__all__ = ["Village", "write_files"]
