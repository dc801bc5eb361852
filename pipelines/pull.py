"""A pull: every mailbox of every connected account, as far as time allows.

Here: which mailboxes are read, in which order, side by side; what each comes to; when to stop.
Not here: what is asked of a provider (connectors/), storing (writer.py), printing (terminal.py).

A mailbox that fails gets its state and cure and holds up no other. After ``pull.minutes`` every
reader stops at its next page; cursors stand, and the next pull goes on there.
"""

import gc
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from connectors import addresses, day_budget
from connectors.pages import Held, Page, PullProblem, Stopped
from connectors.quota import Clock
from connectors.records import Mailbox
from pipelines import audience, mailboxes
from pipelines.accounts import Account, connected
from pipelines.progress import Progress
from pipelines.settings import Settings
from pipelines.writer import Writer

if TYPE_CHECKING:
    from pipelines.accounts import Connector

READ, READING = "ok", "reading"


@dataclass(frozen=True)
class Pulled:
    """What a pull came to.

    states     provider -> state -> mailboxes
    unexpected defects of kith, one for each mailbox that met one
    """

    states: Mapping[str, Counter[str]] = field(default_factory=dict)
    unexpected: tuple[BaseException, ...] = ()


@dataclass
class _Source:
    """One account while it is read; a ``problem`` concerns all its mailboxes."""

    account: Account
    connector: "Connector | None" = None
    problem: PullProblem | None = None


def pull(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    secret: bytes,
    tell: Callable[[Progress], None],
    stop: threading.Event | None = None,
) -> Pulled:
    """Read what is new in every connected account into the raw tables.

    tell  called from any reader's thread whenever there is progress
    stop  set it to let the pull end before ``pull.minutes`` are over
    Raises what storing raises; a provider's refusals become states instead.
    """
    accounts = connected(settings)
    mailboxes.close_others(connection, [account.account_id for account in accounts])
    if not accounts:
        return Pulled()
    stop = stop or threading.Event()
    with (
        _set_after(stop, settings.pull.minutes * 60),
        _what_is_imported_left_alone(),
        Writer(connection, secret) as writer,
    ):
        return _Reading(writer, settings, secret, stop, tell).all(accounts)


@contextmanager
def _what_is_imported_left_alone() -> Iterator[None]:
    """Spare the garbage collector what lives on anyway: it walked it all at every few pages."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _set_after(stop: threading.Event, seconds: float) -> Iterator[None]:
    """Set ``stop`` after ``seconds``, or at once when the block is left."""
    timer = threading.Timer(seconds, stop.set)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        stop.set()


class _Reading:
    """One pull: the readers' threads share nothing but what stands here."""

    def __init__(
        self,
        writer: Writer,
        settings: Settings,
        secret: bytes,
        stop: threading.Event,
        tell: Callable[[Progress], None],
    ) -> None:
        self._writer, self._settings, self._stop = writer, settings, stop
        self._secret = secret
        self._clock = Clock(stop)
        self._progress = Progress(tell)
        self._unexpected: list[BaseException] = []
        self._spending = threading.Lock()
        self._since = datetime.strptime(settings.first_month, "%Y-%m").replace(tzinfo=UTC)

    def all(self, accounts: Sequence[Account]) -> Pulled:
        """Read the accounts' directories, then their mailboxes, those waiting longest first."""
        sources = [_Source(account) for account in accounts]
        at_once = self._settings.pull.mailboxes_at_once
        with self._readers(at_once) as readers:
            listings = {readers.submit(self._mailboxes, source): source for source in sources}
            # Two accounts of one tenant see the same mailboxes: the first one reads each.
            found: dict[str, tuple[Mailbox, _Source]] = {}
            for listing, source in listings.items():
                for mailbox in self._listed(listing, source):
                    found.setdefault(mailbox.mailbox_id, (mailbox, source))
            place = self._writer.ask(mailboxes.in_order_of_need)
            work = sorted(found.values(), key=lambda one: place[one[0].mailbox_id])
            self._progress.expect(len(work))
            return self._result({readers.submit(self._mailbox, *one): one[0] for one in work})

    @contextmanager
    def _readers(self, at_once: int) -> Iterator[ThreadPoolExecutor]:
        """Threads that are called off where the pull is interrupted."""
        with ThreadPoolExecutor(at_once, thread_name_prefix="reader") as readers:
            try:
                yield readers
            except BaseException:
                self._stop.set()
                readers.shutdown(wait=False, cancel_futures=True)
                raise

    def _listed(self, listing: Future[list[Mailbox]], source: _Source) -> list[Mailbox]:
        """The mailboxes of an account; none, and a state, where kith itself failed at it."""
        if (error := listing.exception()) is None:
            return listing.result()
        self._raise_if_broken()
        self._unexpected.append(error)
        self._set_account(source.account, *_defect(error))
        return []

    def _result(self, futures: Mapping[Future[str], Mailbox]) -> Pulled:
        states: dict[str, Counter[str]] = {}
        for future in as_completed(futures):
            mailbox = futures[future]
            if (error := future.exception()) is None:
                state = future.result()
            else:
                self._raise_if_broken()
                # The other mailboxes are not to suffer for it.
                self._unexpected.append(error)
                state, cure = _defect(error)
                self._set_state(mailbox.mailbox_id, state, cure, None)
            states.setdefault(mailbox.provider, Counter())[state] += 1
        return Pulled(states, tuple(self._unexpected))

    def _raise_if_broken(self) -> None:
        """A transaction that failed is nobody's mailbox: the whole pull ends with its reason."""
        if self._writer.failure is not None:
            raise self._writer.failure

    def _mailboxes(self, source: _Source) -> list[Mailbox]:
        """Bring an account's directory up to date; the mailboxes that are to be read."""
        account = source.account
        state, cure = READ, None
        if not account.is_organisation and any(map(self._has_opted_out, self._known(account))):
            self._set_account(account, audience.OPTED_OUT, None)
            return []
        try:
            source.connector = account.open(self._settings, self._clock)
            if (day := source.connector.day) is not None:
                day.resume(self._cursors(account.account_id).get(day_budget.STREAM))
            if account.is_organisation:
                self._directory(account, source.connector)
            else:
                self._owner(account, source.connector)
        except PullProblem as problem:
            state, cure = problem.state, problem.cure
            if problem.is_account or source.connector is None:
                source.problem = problem
        except Stopped:
            state = READING
        self._set_account(account, state, cure)
        return self._chosen(account) if account.is_organisation else self._known(account)

    def _owner(self, account: Account, connector: "Connector") -> None:
        """Announce the mailbox of a person's account, under the account's id."""
        address = addresses.canonical(connector.owner().address)
        owner = Mailbox(mailbox_id=account.account_id, provider=account.provider, address=address)
        self._announce(account, [owner])

    def _directory(self, account: Account, connector: "Connector") -> None:
        for page in connector.people(self._cursors(account.account_id)):
            self._writer.store(account.account_id, account.account_id, page)
            if self._stop.is_set():
                raise Stopped

    def _chosen(self, account: Account) -> list[Mailbox]:
        """Whose mailboxes of an organisation are read; the others get their state."""
        opted_out = audience.opted_out(self._settings)
        candidates = self._writer.ask(
            lambda connection: audience.candidates(connection, account.account_id)
        )
        choices = {
            f"{account.provider}-{one.directory_id}": (
                one,
                audience.choose(one, self._settings.pull, opted_out),
            )
            for one in candidates
        }
        chosen = [
            Mailbox(mailbox_id=mailbox_id, provider=account.provider, address=one.address)
            for mailbox_id, (one, choice) in choices.items()
            if choice == "read"
        ]
        self._announce(account, chosen)
        not_read = {
            mailbox_id: choice for mailbox_id, (_, choice) in choices.items() if choice != "read"
        }
        self._writer.ask(
            lambda connection: mailboxes.set_unread(
                connection, account.account_id, [one.mailbox_id for one in chosen], not_read
            )
        )
        return chosen

    def _announce(self, account: Account, found: Iterable[Mailbox]) -> None:
        """Let the warehouse know of mailboxes before anything of them is read."""
        known = self._known(account)
        new = tuple(one for one in found if one not in known)
        if new:
            page = Page(stream="mailboxes", cursor=None, at=datetime.now(UTC), records=new)
            self._writer.store(account.account_id, account.account_id, page)

    def _known(self, account: Account) -> list[Mailbox]:
        return self._writer.ask(lambda connection: mailboxes.of(connection, account.account_id))

    def _mailbox(self, mailbox: Mailbox, source: _Source) -> str:
        """Read one mailbox as far as time allows; its state afterwards."""
        if self._has_opted_out(mailbox):  # since the directory was read
            state, cure, reached = audience.OPTED_OUT, None, None
        elif source.problem is not None:
            state, cure, reached = source.problem.state, source.problem.cure, None
        elif self._stop.is_set():
            return mailboxes.WAITING
        else:
            state, cure, reached = self._streams(mailbox, source)
        self._set_state(mailbox.mailbox_id, state, cure, reached)
        self._progress.end(mailbox.mailbox_id)
        return state

    def _streams(
        self, mailbox: Mailbox, source: _Source
    ) -> tuple[str, str | None, datetime | None]:
        """Calendar and mail of a mailbox: state, cure, and until when everything is stored."""
        connector, cursors = source.connector, self._cursors(mailbox.mailbox_id)
        problems = []
        is_stopped = False
        reached: dict[str, datetime] = {}
        # The calendar is small: with it read first, the newest mail can be looked at in minutes.
        for name, pages in (
            ("calendar", connector.calendar(mailbox, cursors, self._since)),
            ("mail", connector.mail(mailbox, cursors, self._held(mailbox), self._since)),
        ):
            try:
                for page in pages:
                    self._writer.store(source.account.account_id, mailbox.mailbox_id, page)
                    self._note_spending(source)
                    self._progress.stored(mailbox.mailbox_id, page)
                    if until := page.at if page.is_complete else page.covers_to:
                        reached[name] = until
                    if self._stop.is_set():
                        raise Stopped
            except Stopped:
                is_stopped = True
            except PullProblem as problem:
                problems.append(problem)
                if problem.is_account:
                    source.problem = problem
                    break
        self._note_spending(source, waits=True)
        until = min(reached.values()) if "mail" in reached else None
        if problems:
            return problems[0].state, problems[0].cure, until
        return (READING if is_stopped else READ), None, until

    def _note_spending(self, source: _Source, *, waits: bool = False) -> None:
        """Write down what the account has spent today: a pull that is killed forgets some pages.

        waits  until another reader has written; else that one's word is good enough for now
        """
        day, account_id = source.connector.day, source.account.account_id
        if day is None or day.written is None:
            return
        # One row: readers that queued for it would commit their pages one by one.
        if self._spending.acquire(blocking=waits):
            try:
                page = Page(stream=day_budget.STREAM, cursor=day.written, at=datetime.now(UTC))
                self._writer.store(account_id, account_id, page)
            finally:
                self._spending.release()

    def _has_opted_out(self, mailbox: Mailbox) -> bool:
        key = addresses.address_key(self._secret, mailbox.address) if mailbox.address else None
        return key in audience.opted_out(self._settings)

    def _cursors(self, mailbox_id: str) -> dict[str, str]:
        return self._writer.ask(lambda connection: mailboxes.cursors(connection, mailbox_id))

    def _held(self, mailbox: Mailbox) -> Held:
        def held(ids: Collection[str]) -> set[str]:
            if not ids:
                return set()
            return self._writer.ask(
                lambda connection: mailboxes.held(connection, mailbox.mailbox_id, ids)
            )

        return held

    def _set_account(self, account: Account, state: str, cure: str | None) -> None:
        self._writer.ask(lambda connection: mailboxes.set_account(connection, account, state, cure))

    def _set_state(
        self, mailbox_id: str, state: str, cure: str | None, pulled_at: datetime | None
    ) -> None:
        self._writer.ask(
            lambda connection: mailboxes.set_state(connection, mailbox_id, state, cure, pulled_at)
        )


def _defect(error: BaseException) -> tuple[str, str]:
    """State and cure of a mailbox at which kith itself failed."""
    return (
        f"unexpected {type(error).__name__}",
        "run KITH_DEBUG=1 kith run and report what it prints",
    )
