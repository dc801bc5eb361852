"""How fast mail archives are read, against the standard library reading the same files.

Both walk every message of a three-month village and parse its headers; kith also reads addresses,
dates and ids and makes records. Interleaved in one process, the least of five runs each: the ratio
is what can be compared between machines.
"""

import mailbox
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from connectors import files
from sandbox.files import write_files
from sandbox.village import Village

RUNS = 5


def standard_library(paths: list[Path]) -> int:
    """Messages whose From and Date the mailbox module can give."""
    return sum(
        bool(message["From"] and message["Date"])
        for path in paths
        for message in mailbox.mbox(path)
    )


def kith(paths: list[Path]) -> int:
    """Messages that become records."""
    now = datetime.now(UTC)
    return sum(1 for path in paths for _ in files.read(path, "benchmark", now))


def seconds(read: Callable[[list[Path]], int], paths: list[Path]) -> tuple[float, int]:
    """Process seconds of one run, and the messages it counted."""
    start = time.process_time()
    count = read(paths)
    return time.process_time() - start, count


def main() -> None:
    """Print one line for each, and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(Village(months=3), Path(folder))
        paths = [path for path in Path(folder).glob("*/mail.mbox") if path.stat().st_size]
        runs = [(seconds(kith, paths), seconds(standard_library, paths)) for _ in range(RUNS)]
    own, other = min(one for one, _ in runs), min(one for _, one in runs)
    for name, (took, count) in (("kith", own), ("standard library", other)):
        print(f"{name:17} {count:,} messages, {count / took:,.0f} a second and core")
    print(f"ratio             {own[0] / other[0]:.2f} of the standard library's time")


if __name__ == "__main__":
    main()
