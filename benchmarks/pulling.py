"""``python -m benchmarks.pulling``: how well a pull uses what a provider allows, and what it costs.

Four questions: the share of the allowed units that a pull of many mailboxes uses while the provider
holds its real limits, in minutes that are shorter; processor time for a message; memory by the size
of a mailbox; requests of a second pull. The provider runs in another process, so processor and
memory are the client's alone.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from googleapiclient.discovery import build
from googleapiclient.http import BatchHttpRequest, HttpRequest

from benchmarks import results
from benchmarks.measuring import Clock, in_a_new_process
from benchmarks.providers import PROVIDERS, Crowded, crowd
from connectors.google.messages import FIELDS, METADATA_HEADERS
from connectors.pages import Page
from connectors.quota import Clock as QuotaClock
from connectors.records import Mailbox
from pipelines import accounts
from pipelines import pull as engine
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

TITLE = "Pulling"
SECRET = bytes(32)  # as in_a_new_process has it
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
RAMP = 0.25  # of a minute, until every mailbox is being read


# -- one mailbox, without a warehouse


def pages(at: Crowded, provider: str) -> Iterator[Page]:
    """Everything of the first mailbox."""
    address = at.people[0]
    mailbox = Mailbox(mailbox_id=f"{provider}-{address}", provider=provider, address=address)
    account = PROVIDERS[provider].account(at)
    return account.mail(mailbox, {}, lambda _ids: set(), LONG_AGO)


def fetch(clock: Clock, provider: str, letters: int, in_a_thread: int) -> dict[str, float]:
    """Read a mailbox and drop its pages."""
    with crowd(PROVIDERS[provider].company, 1, letters, in_a_thread) as at:
        found = pages(at, provider)
        first = len(next(found).records)  # signing in and reading descriptions is no message
        with clock.lap("work"):
            rows = sum(len(page.records) for page in found)
    return {"rows": rows, "sum": first}


def directory(clock: Clock, provider: str, people: int) -> dict[str, float]:
    """Read a directory and drop its pages."""
    with crowd(PROVIDERS[provider].company, people, 0) as at:
        account = PROVIDERS[provider].account(at)
        with clock.lap("work"):
            rows = sum(len(page.records) for page in account.people({}))
    return {"rows": rows, "sum": 0}


def googles_own_batches(clock: Clock, letters: int) -> dict[str, float]:
    """The same messages through the batches of Google's client, as JSON, without records."""
    with crowd(PROVIDERS["google"].company, 1, letters, 1) as at:
        found = list(pages(at, "google"))
        ids = [one.message_id for page in found for one in page.records]
        http, messages = _authorised(at)
        rows: list[dict[str, Any]] = []
        with clock.lap("work"):
            for first in range(0, len(ids), 25):
                batch = BatchHttpRequest(batch_uri=f"{at.url}/batch/gmail/v1")
                for one in ids[first : first + 25]:
                    batch.add(_request(messages, one), lambda _id, body, _error: rows.append(body))
                batch.execute(http=http)
    return {"rows": sum(1 for row in rows if row), "sum": 0}


def _authorised(at: Crowded) -> tuple[Any, Any]:
    """The client's own way to sign requests, and the messages of one mailbox."""
    import google_auth_httplib2
    import httplib2
    from google.oauth2.service_account import Credentials

    scopes = ["https://www.googleapis.com/auth/gmail.metadata"]
    credentials = Credentials.from_service_account_info(at.key, scopes=scopes)
    http = google_auth_httplib2.AuthorizedHttp(
        credentials.with_subject(at.people[0]), http=httplib2.Http(timeout=60)
    )
    options = {"api_endpoint": f"{at.url}/"}
    gmail = build("gmail", "v1", http=http, client_options=options, static_discovery=True)
    return http, gmail.users().messages()


def _request(messages: Any, message_id: str) -> HttpRequest:
    return messages.get(
        userId="me",
        id=message_id,
        format="metadata",
        metadataHeaders=METADATA_HEADERS,
        fields=FIELDS,
    )


# -- whole pulls


def _connected(folder: Path, provider: str, at: Crowded, quota: str, **pull: Any) -> Settings:
    """A data folder with the crowd's account."""
    own = {"data": folder, "secrets": "plaintext", "limits": {"memory_gib": 0.5}, "pull": pull}
    settings = Settings(**own, **PROVIDERS[provider].settings(at, quota))
    if not settings.database.exists():
        accounts.keep(
            settings, accounts.Account(f"{provider}-crowd", provider, True), at.key, at.admin
        )
    return settings


def _pull(settings: Settings, stop: threading.Event | None = None) -> int:
    """Pull; how many messages are stored then. Raises where a mailbox is not well."""
    with Warehouse(settings).connect() as connection:
        done = engine.pull(connection, settings, SECRET, lambda _progress: None, stop)
        states = {state for counts in done.states.values() for state in counts}
        states |= {
            row[0] for row in connection.execute("SELECT state FROM raw.accounts").fetchall()
        }
        if done.unexpected or not states <= {"ok", "reading", "waiting"}:
            raise RuntimeError(f"a pull ended with {states} {done.unexpected}")
        return connection.execute("SELECT count(*) FROM raw.messages").fetchall()[0][0]


def store(clock: Clock, provider: str, letters: int) -> dict[str, float]:
    """Pull one mailbox into a warehouse whose DuckDB may use half a gibibyte."""
    with (
        crowd(PROVIDERS[provider].company, 1, letters) as at,
        tempfile.TemporaryDirectory() as folder,
    ):
        settings = _connected(Path(folder), provider, at, "unlimited")
        with clock.lap("work"):
            rows = _pull(settings)
    return {"rows": rows, "sum": 0}


def again(clock: Clock, provider: str, letters: int, changes: list[int]) -> dict[str, float]:
    """Requests of pulls after the first, each behind as many new letters."""
    found: dict[str, float] = {}
    with (
        crowd(PROVIDERS[provider].company, 1, letters) as at,
        tempfile.TemporaryDirectory() as folder,
    ):
        settings = _connected(Path(folder), provider, at, "unlimited")
        before = at.control("now")["calls"]
        _pull(settings)
        found["first"] = at.control("now")["calls"] - before
        for number, count in enumerate(changes):
            for place in range(count):
                own, friend = at.people[0], f"friend{place}@elsewhere.example"
                name = f"late-{number}-{place}@elsewhere.example"
                at.control("deliver", message_id=name, author=friend, to=[own], holders=[own])
            before = at.control("now")["calls"]
            with clock.lap("work"):
                _pull(settings)
            found[str(count)] = at.control("now")["calls"] - before
    return found


class _Paced(QuotaClock):
    """A clock on which time passes faster than it does."""

    pace = 1.0

    def now_s(self) -> float:
        return super().now_s() * self.pace

    def wait(self, seconds: float) -> None:
        super().wait(seconds / self.pace)


def share(
    clock: Clock, provider: str, mailboxes: int, letters: int, minutes: float, pace: float
) -> dict[str, float]:
    """Pull many mailboxes for some of the provider's minutes; what was used of what it allows."""
    own = PROVIDERS[provider]
    with crowd(own.company, mailboxes, letters) as at, tempfile.TemporaryDirectory() as folder:
        settings = _connected(Path(folder), provider, at, "current", mailboxes_at_once=mailboxes)
        own.hold(at, 60 / pace)
        engine.Clock = _Paced
        _Paced.pace = pace
        stop, samples = threading.Event(), []

        def watch() -> None:
            while not stop.wait(0.5):
                samples.append((time.monotonic(), own.spending(at)["spent"]))
                begun = next((at_s for at_s, spent in samples if spent), None)
                if begun is not None and samples[-1][0] - begun > minutes * 60 / pace:
                    stop.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        with clock.lap("work"):
            rows = _pull(settings, stop)
        watcher.join()
        told = own.spending(at)
    allowed = own.allowed(mailboxes)
    return {"rows": rows, "share": _share(samples, allowed, pace)} | told


def _share(samples: Iterable[tuple[float, int]], per_minute: float, pace: float) -> float:
    """Units used of those allowed, from when every mailbox was being read."""
    begun = next(at_s for at_s, spent in samples if spent) + RAMP * 60 / pace
    steady = [one for one in samples if one[0] >= begun]
    (first_s, first), (last_s, last) = steady[0], steady[-1]
    return (last - first) / ((last_s - first_s) * pace / 60 * per_minute)


# -- the table


def main() -> None:
    """Measure, print the table, and write it into RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pulling", description=__doc__)
    parser.add_argument("--provider", choices=PROVIDERS, default="google")
    parser.add_argument("--mailboxes", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=2, help="of the provider's")
    parser.add_argument("--pace", type=float, default=1, help="its minutes in one of ours")
    parser.add_argument("--letters", type=int, default=100_000, help="in the largest mailbox")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--no-file", action="store_true", help="leave RESULTS.md as it is")
    given = parser.parse_args()
    lines = [results.machine(), "", "| | measured | goal |", "|---|---:|---:|"]
    for name in given.only:
        found = [f"| {' | '.join(row)} |" for row in ROWS[name](given)]
        print("\n".join(found), flush=True)
        lines += found
        # A long run that is broken off leaves what it has found.
        if not given.no_file:
            results.write_section(f"{TITLE} from {given.provider.capitalize()}", lines)


def _share_rows(given: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    own = PROVIDERS[given.provider]
    for mailboxes in (1, given.mailboxes):
        arguments = {
            "provider": given.provider,
            "mailboxes": mailboxes,
            # Half as much again as can be read in that time.
            "letters": int(own.messages_a_minute(mailboxes) / mailboxes * given.minutes * 1.5),
            "minutes": given.minutes,
            "pace": given.pace,
        }
        found = in_a_new_process("pulling.share", arguments)["found"]
        what = f"{mailboxes:,} mailbox{'es' if mailboxes > 1 else ''}"
        yield f"{what}: share of the allowed units", f"{found['share']:.1%}", "95 %"
        yield f"{what}: units refused", f"{found['refused']:,}", "0"
        fullest = found["most_of_project"] / own.allowed(mailboxes)
        yield f"{what}: most of them in any minute", f"{fullest:.1%}", "at most 100 %"


def _cost_rows(given: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    for what, function, arguments in (
        ("threads of three", "pulling.fetch", {"in_a_thread": 3}),
        ("message by message", "pulling.fetch", {"in_a_thread": 1}),
    ):
        arguments |= {"provider": given.provider, "letters": 20_000}
        yield f"messages a second and core, {what}", _pace(function, arguments), "3,000"
    if given.provider == "google":
        pace = _pace("pulling.googles_own_batches", {"letters": 5_000})
        yield "the same as JSON through the batches of Google's client", pace, ""


def _pace(function: str, arguments: dict[str, Any]) -> str:
    answer = in_a_new_process(function, arguments)
    return f"{answer['found']['rows'] / answer['laps']['work']['cpu']:,.0f}"


def _memory_rows(given: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    for what, function, more in (
        ("peak memory of the connector", "pulling.fetch", {"in_a_thread": 3}),
        ("peak memory with the warehouse", "pulling.store", {}),
    ):
        for letters in (1_000, given.letters):
            arguments = {"provider": given.provider, "letters": letters} | more
            peak = in_a_new_process(function, arguments)["peak"] * 1024
            yield f"{what}, {letters:,} messages", f"{peak:,.0f} MiB", "the same"
    for people in (1_000, 50_000):
        arguments = {"provider": given.provider, "people": people}
        peak = in_a_new_process("pulling.directory", arguments)["peak"] * 1024
        what = "peak memory of the connector, directory"
        yield f"{what} of {people:,} people", f"{peak:,.0f} MiB", "the same"


def _again_rows(given: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    changes = [0, 10, 100, 1_000]
    arguments = {"provider": given.provider, "letters": 10_000, "changes": changes}
    found = in_a_new_process("pulling.again", arguments)["found"]
    yield "requests of a first pull, 10,000 messages", f"{found['first']:,.0f}", ""
    for count in changes:
        what = f"requests of a later pull, {count:,} new messages"
        yield what, f"{found[str(count)]:,.0f}", "by changes"


ROWS: dict[str, Callable[[argparse.Namespace], Iterator[tuple[str, str, str]]]] = {
    "share": _share_rows,
    "cost": _cost_rows,
    "memory": _memory_rows,
    "again": _again_rows,
}

if __name__ == "__main__":
    sys.exit(main())
