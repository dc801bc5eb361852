"""An invented organisation as raw rows: as many messages as asked for, the same for the same seed.

Here: people in departments with contacts and habits, their threads and meetings, as Arrow tables of
the raw schemas, and a warehouse filled with them.
Not here: what is timed on it (the other modules), the cache of filled warehouses (stages.py).

What a benchmark must not smooth away: activity is log-normal, contacts are chosen by rank (the
first far more often than the tenth), a few people know hundreds, a tenth of what begins comes from
machines, some goes to lists, and threads branch: a message may get several answers, each to the
author or to everybody. Ten million messages name some twenty million recipients. Rows lie month by
month, in no order within it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.raw_tables import RAW_TABLES
from pipelines.store import registered, transaction

MONTHS = 24
FIRST_DAY = np.datetime64("2024-01-01", "us")
ROBOTS, LISTS = 60, 40
DAY = 86_400_000_000
# Answers to a message of which there are none, one, two or three.
ANSWER_SHARES = (0.5, 0.34, 0.12, 0.04)
GENERATIONS = 10
# All messages to those that begin a thread, as those shares make them.
MESSAGES_TO_ROOTS = 2.03
MEETINGS_TO_ROOTS = 0.1


@dataclass(frozen=True)
class Letters:
    """Messages of one generation of threads: arrays of equal length, recipients beside.

    to_counts, keys   recipients of message i stand behind each other in ``keys``
    references        one row of ancestors for each message, oldest first
    """

    message: np.ndarray
    thread: np.ndarray
    author: np.ndarray
    sent: np.ndarray
    counts: np.ndarray
    to_counts: np.ndarray
    recipients: np.ndarray
    references: np.ndarray
    robot: np.ndarray
    list_number: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """Where the recipients of each message begin."""
        return np.cumsum(self.counts) - self.counts


class Organisation:
    """People numbered from 0, then robots, then lists; everything drawn from one seed."""

    def __init__(self, messages: int, seed: int = 1) -> None:
        """Draw the people of an organisation that writes ``messages`` messages in 24 months."""
        self.messages = messages
        # One that writes ten times as much has five times as many people.
        self.people = max(50, round(1000 * (messages / 1e6) ** 0.7))
        self.seed = seed
        dice = np.random.default_rng(seed)
        sizes = np.clip(dice.lognormal(np.log(25), 0.8, self.people), 4, 400).astype(int)
        self.department = np.repeat(np.arange(self.people), sizes)[: self.people]
        self.activity = np.cumsum(dice.lognormal(0, 1, self.people))
        self.activity /= self.activity[-1]
        self._draw_contacts(dice)
        count = self.people + ROBOTS + LISTS
        self.key = np.unique(dice.integers(1, 2**53, 2 * count))
        dice.shuffle(self.key)
        self.key = self.key[:count]

    def _draw_contacts(self, dice: np.random.Generator) -> None:
        """Let everybody have contacts by rank: half in the department, half among the active."""
        most = min(self.people - 1, 600)
        self.degree = np.clip(dice.lognormal(np.log(32), 0.6, self.people), 4, most).astype(int)
        self.first_contact = np.cumsum(self.degree) - self.degree
        person = np.repeat(np.arange(self.people), self.degree)
        first = np.searchsorted(self.department, self.department)[person]
        size = np.bincount(self.department)[self.department][person]
        near = first + (dice.random(len(person)) * size).astype(int)
        far = np.searchsorted(self.activity, dice.random(len(person)))
        contact = np.where(dice.random(len(person)) < 0.55, near, np.minimum(far, self.people - 1))
        self.contact = np.where(contact == person, (contact + 1) % self.people, contact)

    # Messages.

    def threads(self, month: int) -> Iterator[Letters]:
        """Everything that grows out of the threads begun in one month, generation by generation."""
        dice = np.random.default_rng([self.seed, month])
        letters = self._roots(dice, month)
        end = _day(MONTHS)
        for _ in range(GENERATIONS):
            yield letters
            letters = self._answers(dice, letters, end)
            if not len(letters.message):
                return

    def new_day(self, count: int) -> pa.Table:
        """raw.messages of one more morning: new threads, all sent on the last day."""
        dice = np.random.default_rng([self.seed, MONTHS])
        letters = self._roots(dice, MONTHS - 1, count)
        morning = _day(MONTHS) - DAY + dice.integers(0, DAY // 2, count)
        return self.message_rows(replace(letters, sent=morning))

    def _roots(self, dice: np.random.Generator, month: int, count: int | None = None) -> Letters:
        count = count or round(self.messages / MESSAGES_TO_ROOTS / MONTHS)
        author = np.searchsorted(self.activity, dice.random(count))
        robot = dice.random(count) < 0.1
        author[robot] = self.people + dice.integers(0, ROBOTS, robot.sum())
        list_number = np.where(
            ~robot & (dice.random(count) < 0.04), dice.integers(0, LISTS, count), -1
        )
        counts = np.clip(1 + dice.pareto(1.2, count).astype(int), 1, 40)
        counts[robot | (list_number >= 0)] = 1
        owner = np.repeat(np.arange(count), counts)
        drawn = self._contacts(dice, np.where(robot, 0, author)[owner])
        anybody = dice.integers(0, self.people, len(owner))
        drawn = np.where(robot[owner], anybody, drawn)
        drawn = np.where(list_number[owner] >= 0, self.people + ROBOTS + list_number[owner], drawn)
        owner, drawn = _distinct(owner, drawn)
        counts = np.bincount(owner, minlength=count)
        keys = dice.integers(-(2**63), 2**63, count)
        return Letters(
            message=keys,
            thread=dice.integers(-(2**63), 2**63, count),
            author=author,
            sent=_working_hours(dice, month, count),
            counts=counts,
            to_counts=np.minimum(counts, 1 + dice.integers(0, 3, count)),
            recipients=drawn,
            references=np.empty((count, 0), np.int64),
            robot=robot,
            list_number=list_number,
        )

    def _contacts(self, dice: np.random.Generator, person: np.ndarray) -> np.ndarray:
        # The power makes the chance of the k-th contact fall off about as 1 / k.
        rank = self.degree[person] * dice.random(len(person)) ** 2.5
        return self.contact[self.first_contact[person] + rank.astype(int)]

    def _answers(self, dice: np.random.Generator, letters: Letters, end: int) -> Letters:
        """Answers of recipients, at most one of each; some to the author, some to everybody."""
        times = dice.choice(len(ANSWER_SHARES), len(letters.message), p=ANSWER_SHARES)
        times[letters.robot] = 0
        parent = np.repeat(np.arange(len(letters.message)), times)
        chosen = (letters.counts[parent] * dice.random(len(parent))).astype(int)
        author = letters.recipients[letters.starts[parent] + chosen]
        # A list does not answer; somebody who reads it does.
        is_list = author >= self.people
        author = np.where(is_list, dice.integers(0, self.people, len(parent)), author)
        parent, author = _distinct(parent, author)
        minutes = np.exp(dice.normal(np.log(45), 1.6, len(parent)))
        sent = letters.sent[parent] + (minutes * 6e7).astype(np.int64)
        kept = (sent < end) & (author != letters.author[parent])
        parent, author, sent = parent[kept], author[kept], sent[kept]
        to_all = (dice.random(len(parent)) < 0.5) | (letters.list_number[parent] >= 0)
        others = np.where(to_all, letters.counts[parent], 0)
        owner = np.repeat(np.arange(len(parent)), others)
        offset = np.arange(len(owner)) - np.repeat(np.cumsum(others) - others, others)
        also = letters.recipients[letters.starts[parent][owner] + offset]
        kept = (also != author[owner]) & (also != letters.author[parent][owner])
        owner, also = owner[kept], also[kept]
        counts = 1 + np.bincount(owner, minlength=len(parent))
        recipients = np.empty(counts.sum(), np.int64)
        first = np.cumsum(counts) - counts
        is_first = np.zeros(len(recipients), bool)
        is_first[first] = True
        recipients[is_first] = letters.author[parent]
        recipients[~is_first] = also
        return Letters(
            message=dice.integers(-(2**63), 2**63, len(parent)),
            thread=letters.thread[parent],
            author=author,
            sent=sent,
            counts=counts,
            to_counts=np.ones(len(parent), int),
            recipients=recipients,
            references=np.column_stack([letters.references[parent], letters.message[parent]]),
            robot=np.zeros(len(parent), bool),
            list_number=letters.list_number[parent],
        )

    def message_rows(self, letters: Letters) -> pa.Table:
        """raw.messages of one generation, one copy each: the author's; a robot's the reader's."""
        count = len(letters.message)
        owner = np.where(letters.robot, letters.recipients[letters.starts], letters.author)
        texts = pc.cast(pa.array(letters.message), pa.string())
        list_keys = self.key[self.people + ROBOTS + np.maximum(letters.list_number, 0)]
        is_list = letters.list_number >= 0
        depth = letters.references.shape[1]
        names = pa.array([f"list-{number}.example.org" for number in range(LISTS)])
        signs = pa.array([[], ["precedence_bulk", "list_unsubscribe"]], pa.list_(pa.string()))
        to, cc = self._split(letters)
        return _rows(
            "raw.messages",
            count,
            mailbox_id=self._mailboxes().take(pa.array(owner)),
            message_id=texts,
            copy_key=letters.message ^ np.int64(0x5DEECE66D),
            message_key=letters.message,
            audience_key=letters.message * np.int64(6364136223846793005),
            thread_key=letters.thread,
            sent_at=pa.array(letters.sent, pa.timestamp("us", "UTC")),
            sent_date=pa.array(letters.sent.astype("datetime64[us]").astype("datetime64[D]")),
            address_count=letters.counts,
            author_key=self.key[letters.author],
            reply_to_keys=_lists(np.zeros(count, int), np.empty(0, np.int64)),
            to_keys=to,
            cc_keys=cc,
            bcc_keys=_lists(np.zeros(count, int), np.empty(0, np.int64)),
            in_reply_to_key=letters.references[:, -1] if depth else pa.nulls(count, pa.int64()),
            reference_keys=_lists(np.full(count, depth), letters.references.reshape(-1)),
            list_id=pc.if_else(
                pa.array(is_list), names.take(pa.array(letters.list_number % LISTS)), None
            ),
            list_address_key=pa.array(list_keys, mask=~is_list),
            automation_signs=signs.take(pa.array(letters.robot.astype(int))),
        )

    def _split(self, letters: Letters) -> tuple[pa.Array, pa.Array]:
        """Recipients as To and Cc."""
        place = np.arange(len(letters.recipients)) - np.repeat(letters.starts, letters.counts)
        is_to = place < np.repeat(letters.to_counts, letters.counts)
        keys = self.key[letters.recipients]
        return (
            _lists(letters.to_counts, keys[is_to]),
            _lists(letters.counts - letters.to_counts, keys[~is_to]),
        )

    def _mailboxes(self) -> pa.Array:
        return pa.array([f"mailbox-{number}" for number in range(self.people)])

    # Meetings, and who is who.

    def meeting_rows(self, month: int) -> pa.Table:
        """raw.events that begin in one month, on the organiser's calendar."""
        dice = np.random.default_rng([self.seed, month, 1])
        count = round(self.messages / MESSAGES_TO_ROOTS / MONTHS * MEETINGS_TO_ROOTS)
        organizer = np.searchsorted(self.activity, dice.random(count))
        counts = np.clip(1 + dice.geometric(0.3, count), 2, 30)
        owner = np.repeat(np.arange(count), counts)
        owner, guest = _distinct(owner, self._contacts(dice, organizer[owner]))
        owner, guest = owner[guest != organizer[owner]], guest[guest != organizer[owner]]
        counts = np.bincount(owner, minlength=count)
        responses = pa.array(["accepted", "tentative", "declined", "needs_action"])
        response = dice.choice(4, len(guest), p=(0.7, 0.1, 0.05, 0.15))
        attendees = pa.StructArray.from_arrays(
            [
                pa.array(self.key[guest]),
                responses.take(pa.array(response)),
                pa.repeat(pa.scalar("person"), len(guest)),
            ],
            ["address_key", "response", "kind"],
        )
        quarter = DAY // 96
        start = _working_hours(dice, month, count) // quarter * quarter
        end = start + quarter * dice.choice((2, 4, 6, 8), count, p=(0.45, 0.4, 0.1, 0.05))
        meeting = dice.integers(-(2**63), 2**63, count)
        moments = pa.timestamp("us", "UTC")
        return _rows(
            "raw.events",
            count,
            mailbox_id=self._mailboxes().take(pa.array(organizer)),
            calendar_id=pa.repeat(pa.scalar("primary"), count),
            event_id=pc.cast(pa.array(meeting), pa.string()),
            meeting_key=meeting,
            series_key=meeting,
            original_start_at=pa.array(start, moments),
            start_at=pa.array(start, moments),
            end_at=pa.array(end, moments),
            is_all_day=np.zeros(count, bool),
            is_recurring=np.zeros(count, bool),
            status=pa.repeat(pa.scalar("confirmed"), count),
            kind=pa.repeat(pa.scalar("default"), count),
            is_busy=np.ones(count, bool),
            organizer_key=self.key[organizer],
            attendees=pa.ListArray.from_arrays(_offsets(counts), attendees),
            has_all_attendees=np.ones(count, bool),
            sequence=np.zeros(count, int),
            updated_at=pa.array(start - 7 * DAY, moments),
        )

    def other_rows(self) -> dict[str, pa.Table]:
        """Addresses, the directory and the mailboxes."""
        count = self.people
        addresses = [f"person-{number}@example.org" for number in range(count)]
        addresses += [f"robot-{number}@shop-{number}.example.com" for number in range(ROBOTS)]
        addresses += [f"list-{number}@example.org" for number in range(LISTS)]
        # Everybody but the first reports to somebody four times nearer the head of the house.
        manager = pa.array([None, *(f"person-{number // 4}" for number in range(1, count))])
        moments = pa.timestamp("us", "UTC")
        return {
            "raw.addresses": _rows(
                "raw.addresses",
                len(addresses),
                address_key=self.key,
                address=pa.array(addresses),
                domain=pa.array([address.rpartition("@")[2] for address in addresses]),
            ),
            "raw.people": _rows(
                "raw.people",
                count,
                account_id=pa.repeat(pa.scalar("example.org"), count),
                directory_id=pa.array([f"person-{number}" for number in range(count)]),
                valid_from=pa.array(np.full(count, _day(0)), moments),
                address_key=self.key[:count],
                alias_keys=_lists(np.zeros(count, int), np.empty(0, np.int64)),
                name=pa.array([f"Person {number}" for number in range(count)]),
                department=pa.array([f"Department {number}" for number in self.department]),
                manager_id=manager,
                kind=pa.repeat(pa.scalar("person"), count),
                is_active=np.ones(count, bool),
                has_mailbox=np.ones(count, bool),
            ),
            "raw.mailboxes": _rows(
                "raw.mailboxes",
                count,
                mailbox_id=self._mailboxes(),
                provider=pa.repeat(pa.scalar("google"), count),
                account_id=pa.repeat(pa.scalar("example.org"), count),
                address_key=self.key[:count],
                pulled_at=pa.array(np.full(count, _day(MONTHS)), moments),
                state=pa.repeat(pa.scalar("ok"), count),
            ),
            "raw.own_domains": _rows("raw.own_domains", 1, domain=pa.array(["example.org"])),
        }


def fill(connection: duckdb.DuckDBPyConnection, organisation: Organisation) -> None:
    """Write the whole organisation into the raw tables of an empty warehouse."""
    with transaction(connection):
        for name, rows in organisation.other_rows().items():
            _insert(connection, name, rows)
        for month in range(MONTHS):
            generations = [*map(organisation.message_rows, organisation.threads(month))]
            _insert(connection, "raw.messages", pa.concat_tables(generations))
            _insert(connection, "raw.events", organisation.meeting_rows(month))
        for name, table in RAW_TABLES.items():
            dated = f"date_trunc('month', {table.dated_by})::date" if table.dated_by else "NULL"
            connection.execute(
                f"INSERT INTO raw.touched_months SELECT DISTINCT '{name}', {dated} FROM {name}"
            )
    connection.execute("CHECKPOINT")


def _insert(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    with registered(connection, rows):
        connection.execute(f"INSERT INTO {name} BY NAME FROM incoming")


def _rows(table: str, count: int, /, **columns: pa.Array | np.ndarray) -> pa.Table:
    """An Arrow table of a raw table's schema; columns left out are null."""
    return pa.table(
        [
            pa.array(columns[field.name], field.type)
            if isinstance(columns.get(field.name), np.ndarray)
            else columns.get(field.name, pa.nulls(count, field.type))
            for field in RAW_TABLES[table].schema
        ],
        schema=RAW_TABLES[table].schema,
    )


def _lists(counts: np.ndarray, values: np.ndarray) -> pa.Array:
    return pa.ListArray.from_arrays(_offsets(counts), pa.array(values, pa.int64()))


def _offsets(counts: np.ndarray) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())


def _distinct(owner: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs without repetition, ordered by owner."""
    width = 2**24
    packed = np.unique(owner.astype(np.int64) * width + value)
    return packed // width, packed % width


def _day(month: int) -> int:
    """The first instant of a month counted from the first; microseconds."""
    return int((FIRST_DAY.astype("M8[M]") + month).astype("M8[us]").astype(np.int64))


def _working_hours(dice: np.random.Generator, month: int, count: int) -> np.ndarray:
    """Instants of one month, most of them on working days around half past ten and three."""
    first, last = _day(month) // DAY, _day(month + 1) // DAY
    day = dice.integers(first, last, count)
    # January 1, 1970 was a Thursday.
    weekday = (day + 3) % 7
    moved = day - (weekday - 4)
    day = np.where((weekday >= 5) & (dice.random(count) < 0.9) & (moved >= first), moved, day)
    morning = dice.random(count) < 0.5
    hour = np.where(morning, dice.normal(10.5, 1.3, count), dice.normal(15, 1.8, count))
    return day * DAY + (np.clip(hour, 0, 23.99) * DAY / 24).astype(np.int64)
