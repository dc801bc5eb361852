"""Pulls in processes of their own, which can be killed at any instant.

Here: a server that has loaded everything once and forks for every pull (a fresh process takes ten
times as long), a connection that kills its process at a COMMIT, the state that a pull ends in, and
the small world that is pulled from one provider while it changes.
Not here: where to kill and what must hold (test_kills_*.py).
"""

import gc
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.quota import Clock
from pipelines import accounts, pseudonym_key
from pipelines.pull import pull
from pipelines.raw_tables import RAW_TABLES
from pipelines.settings import ROOT, Settings
from pipelines.warehouse import Warehouse

KEY = bytes(range(32))


class Dying:
    """A DuckDB connection whose process dies before its N-th COMMIT.

    On disk that is also what a death after the COMMIT before leaves.
    """

    def __init__(self, connection, commit: int) -> None:
        self._connection, self._left = connection, commit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *parameters: Any) -> Any:
        self._left -= sql == "COMMIT"
        if sql == "COMMIT" and self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._connection.execute(sql, *parameters)


class QuickClock(Clock):
    """A clock on which every wait is over at once."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        super().__init__(stop)
        self._passed_s = 0.0

    def now_s(self) -> float:
        return super().now_s() + self._passed_s

    def wait(self, seconds: float) -> None:
        self._passed_s += seconds
        super().wait(0)


def prepare(folder: Path, keys: Mapping[str, Any], **settings: Any) -> None:
    """A data folder with connected accounts; ``keys`` maps account ids to key files."""
    (folder / "settings.json").parent.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(settings))
    own = load(folder)
    pseudonym_key.write(own, KEY)
    for account_id, (provider, key, admin) in keys.items():
        accounts.keep(own, accounts.Account(account_id, provider, True), key, admin)


def load(folder: Path) -> Settings:
    return Settings(data=folder / "data", **json.loads((folder / "settings.json").read_text()))


def digest(folder: Path) -> str:
    """sha256 over every raw table in the order of its columns.

    Of Graph's delta links the token is left out: it is the server's own and says over which pages
    somebody came to the same place.
    """
    found = hashlib.sha256()
    with Warehouse(load(folder)).connect() as connection:
        for name in (*RAW_TABLES, "raw.listed"):
            found.update(name.encode())
            for row in connection.execute(f"FROM {name} ORDER BY ALL").fetchall():
                found.update(re.sub(r"deltatoken=[\w-]+", "deltatoken", repr(row)).encode())
    return found.hexdigest()


def pull_once(folder: Path, commit: int = 0) -> None:
    """One whole pull; with a ``commit`` above 0 its process does not reach that COMMIT."""
    settings = load(folder)
    with Warehouse(settings).connect() as connection:
        own = Dying(connection, commit) if commit else connection
        done = pull(own, settings, KEY, lambda _progress: None)
        for error in done.unexpected:
            raise error


class Killer:
    """The forking server, from the test's side."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.pipelines.killing"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.child = 0

    def pull(self, folder: Path, commit: int = 0) -> int:
        """Pull into ``folder``; the exit status of the process, negative for a signal."""
        self._server.stdin.write(json.dumps([str(folder), commit]) + "\n")
        self._server.stdin.flush()
        self.child = int(self._server.stdout.readline())
        # Only now does the child begin, so that whoever is to kill it knows it.
        self._server.stdin.write("\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def kill(self) -> None:
        os.kill(self.child, signal.SIGKILL)

    def close(self) -> None:
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait()


def main() -> None:
    """Fork for every line on standard input: folder, commit."""
    is_warm = False
    while line := sys.stdin.readline():
        folder, commit = json.loads(line)
        if not is_warm:
            # Libraries and API descriptions are loaded here once, not in every child; pyarrow
            # looks for pandas with the first value that it converts.
            pa.array([None])
            pa.array([{"a": 1}])
            settings = load(Path(folder))
            for account in accounts.connected(settings):
                account.open(settings, Clock())
            # No child looks through all that for garbage; to look is to copy it.
            gc.freeze()
            is_warm = True
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(reads, 1)
            try:
                pull_once(Path(folder), commit)
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        sys.stdin.readline()
        os.write(writes, b"\n")
        os.close(reads)
        os.close(writes)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
