"""The one thread that touches the database while many threads read mailboxes.

Here: storing pages and answering questions in the order they come, pages that wait together in one
transaction. Not here: what a page changes (store.py, changes.py), who reads (pull.py).

DuckDB has one writer. A reader that hands over a page waits until it is stored, so a connector is
never ahead of the disk; what many readers hand over meanwhile is committed at once, which is what
makes hundreds of small pages cheap.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

import duckdb
import pyarrow as pa

from connectors import records
from connectors.pages import Page
from connectors.records import Record
from pipelines import ingest
from pipelines.store import Batch, store

T = TypeVar("T")


class WriterBroken(RuntimeError):
    """A transaction failed; nothing after it is stored."""


class Writer:
    """Stores pages from any thread. A context manager: leaving it waits for what was handed in.

    failure  why a transaction failed, which ends the writer; None while all is well
    """

    failure: BaseException | None = None

    def __init__(self, connection: duckdb.DuckDBPyConnection, secret: bytes) -> None:
        """Take over the connection, which nobody else uses until the writer is left."""
        self._connection = connection
        self._pseudonyms = ingest.Pseudonyms(secret, connection)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._lock = threading.Lock()
        self._waiting: list[Batch] = []

    def __enter__(self) -> "Writer":
        """The writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown()

    def store(self, account_id: str, mailbox_id: str, page: Page) -> None:
        """Store a page with its cursor; returns when it is committed.

        mailbox_id  the mailbox; for a page of the directory the account again
        Raises WriterBroken after another page's transaction has failed, and what its own raises.
        """
        kinds = {type(record) for record in page.records}
        tables = {
            kind: records.table((one for one in page.records if type(one) is kind), kind)
            for kind in kinds
        }
        # What cannot become rows is a defect in this page alone, and no other reader's.
        batch = self._thread.submit(self._batch, account_id, mailbox_id, page, tables).result()
        with self._lock:
            self._waiting.append(batch)
        self._thread.submit(self._store_waiting).result()

    def ask(self, question: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """The answer of a function that reads or changes the database."""
        return self._thread.submit(question, self._connection).result()

    def _batch(
        self,
        account_id: str,
        mailbox_id: str,
        page: Page,
        tables: Mapping[type[Record], pa.Table],
    ) -> Batch:
        rows = ingest.rows(tables, self._pseudonyms, page.at, account_id) if tables else {}
        return Batch(
            mailbox_id=mailbox_id, stream=page.stream, cursor=page.cursor, rows=rows, page=page
        )

    def _store_waiting(self) -> None:
        """Everything that waits, in one transaction; nothing, where an earlier call took it."""
        if self.failure is not None:
            # Whoever handed in a page of that transaction must not take it for stored.
            raise WriterBroken("an earlier transaction failed") from self.failure
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            store(self._connection, *waiting)
        except BaseException as error:
            self.failure = error
            raise
