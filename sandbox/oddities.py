"""Who is hard to tell: machines that look like people, people who look like machines, odd lists.

Here: their addresses and every letter that they write or get.
Not here: what they truly are (kinds.py), ordinary mail (life.py), odd addresses of staff
(people.py).

All of it draws from its own random numbers, so that the rest of the village is as it would be
without it.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from sandbox.habits import Planting
from sandbox.life import Letter, Life, answer_time
from sandbox.people import GOOGLE, MICROSOFT, Population

# Robots without a machine's headers: one writes to several at once, one has a person's name.
SILENT = (f"badge.desk@{MICROSOFT}", f"claire.backup@{GOOGLE}")
# A robot with a person's name and a machine's headers; one that staff answer; one that only its
# display name betrays; a newsletter with nothing but Feedback-ID.
PLANNER = "hazel.winter@seldom-grain.example"
TICKETS = f"service.desk@{GOOGLE}"
NOTICES, NOTICES_NAME = "hello@tarnfield.example", "Tarnfield Notifications"
LETTERS = "letters@oxbowpress.example"
# Takes an answer to each comment under an address of its own.
COMMENTS = "comments@cinderlane.example"
ROBOTS = (*SILENT, PLANNER, TICKETS, NOTICES, LETTERS, COMMENTS)

# Lists: only List-Id; only Sender; one that writes over From and names the author elsewhere.
ID_LIST = f"book-swap@lists.{GOOGLE}"
SENDER_LIST = f"old-timers@lists.{MICROSOFT}"
REWRITING_LIST = f"makers@lists.{GOOGLE}"
ODD_LISTS = (ID_LIST, SENDER_LIST, REWRITING_LIST)

_MACHINE = (("Auto-Submitted", "auto-generated"),)
_AWAY = (("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"))


def odd_letters(
    population: Population, planting: Planting, seed: int, first: date, last: date
) -> list[Letter]:
    """All letters of the oddities in order of time."""
    life = Life(population, planting, first, last, seed)
    return life.ordered(
        [
            *_silent(life),
            *_planner(life),
            *_tickets(life),
            *_mailings(life),
            *_comments(life),
            *_lists(life),
            *_poster(life),
            *_absent(life),
            *_clerk(life),
        ]
    )


def reply_address(number: int) -> str:
    """Where an answer to one comment is sent."""
    return f"reply+{number:05x}@{COMMENTS.partition('@')[2]}"


def owner_address(address: str) -> str:
    """The robot behind a list."""
    name, _, host = address.partition("@")
    return f"{name}-owner@{host}"


def _rng(life: Life, what: str) -> random.Random:
    return random.Random(f"{life.seed}/oddities/{what}")


def _days(life: Life, step: int) -> Iterator[tuple[int, date]]:
    """Numbered working days, every ``step`` days."""
    days = (life.last - life.first).days
    for number, day in enumerate(range(1, days, step)):
        when = life.first + timedelta(days=day)
        if when.weekday() < 5:
            yield number, when


def _free(life: Life) -> list[str]:
    """Staff without a planted habit, there from the first to the last day."""
    habitual = {one for habit in life.planting.habits for one in habit.people}
    return [
        one.address
        for one in life.population.staff
        if one.address not in habitual and not one.joined and not one.left
    ]


def _at(day: date, rng: random.Random) -> datetime:
    return datetime(day.year, day.month, day.day, rng.randint(4, 7), rng.randint(0, 59), tzinfo=UTC)


def _id(life: Life, name: str, author: str) -> str:
    return f"odd.{name}.{life.seed}@{author.partition('@')[2]}"


def _silent(life: Life) -> Iterator[Letter]:
    rng, free = _rng(life, "silent"), _free(life)
    for robot, reader_count in zip(SILENT, (2, 1), strict=True):
        for number, day in _days(life, 2):
            to, at = tuple(rng.sample(free, reader_count)), _at(day, rng)
            name = _id(life, f"silent.{number}", robot)
            yield Letter(name, at, robot, to, life.holders(at, *to))


def _planner(life: Life) -> Iterator[Letter]:
    rng, free = _rng(life, "planner"), _free(life)
    for number, day in _days(life, 9):
        reader, at = rng.choice(free), _at(day, rng)
        name = _id(life, f"plan.{number}", PLANNER)
        yield Letter(name, at, PLANNER, (reader,), life.holders(at, reader), headers=_MACHINE)


def _tickets(life: Life) -> Iterator[Letter]:
    """Opens a ticket; every second time somebody answers, and the machine thanks at once."""
    rng, free = _rng(life, "tickets"), _free(life)
    for number, day in _days(life, 8):
        reader, at = rng.choice(free), _at(day, rng)
        opened = _id(life, f"ticket.{number}", TICKETS)
        yield Letter(opened, at, TICKETS, (reader,), life.holders(at, reader), headers=_MACHINE)
        answered_at = answer_time(life, rng, reader, at, 5.0)
        if number % 2 or answered_at is None:
            continue
        holders = life.holders(answered_at, reader)
        answer = _id(life, f"ticket.{number}.1", reader)
        yield Letter(answer, answered_at, reader, (TICKETS,), holders, references=(opened,))
        yield Letter(
            _id(life, f"ticket.{number}.2", TICKETS),
            answered_at + timedelta(minutes=1),
            TICKETS,
            (reader,),
            holders,
            references=(opened, answer),
            headers=(("Auto-Submitted", "auto-replied"),),
        )


def _mailings(life: Life) -> Iterator[Letter]:
    rng = _rng(life, "mailings")
    readers = rng.sample(_free(life), 8)
    for number, day in _days(life, 28):
        at = _at(day, rng)
        to = tuple(readers[:3])
        name = _id(life, f"notice.{number}", NOTICES)
        yield Letter(name, at, NOTICES, to, life.holders(at, *to), author_name=NOTICES_NAME)
        for place, reader in enumerate(readers):
            yield Letter(
                _id(life, f"letter.{number}.{place}", LETTERS),
                at + timedelta(seconds=place),
                LETTERS,
                (reader,),
                life.holders(at, reader),
                headers=(("Feedback-ID", f"{number}:oxbow:press:mass"),),
            )


def _comments(life: Life) -> Iterator[Letter]:
    """A comment on something, and every second time an answer to the address that it gives."""
    rng, free = _rng(life, "comments"), _free(life)
    for number, day in _days(life, 10):
        reader, at = rng.choice(free), _at(day, rng)
        name = _id(life, f"comment.{number}", COMMENTS)
        where = reply_address(number)
        yield Letter(
            name,
            at,
            COMMENTS,
            (reader,),
            life.holders(at, reader),
            headers=_MACHINE,
            reply_to=(where,),
        )
        answered_at = answer_time(life, rng, reader, at, 3.0)
        if number % 2 == 0 and answered_at is not None:
            holders = life.holders(answered_at, reader)
            answer = _id(life, f"comment.{number}.1", reader)
            yield Letter(answer, answered_at, reader, (where,), holders, references=(name,))


def _lists(life: Life) -> Iterator[Letter]:
    for address in ODD_LISTS:
        rng = _rng(life, address)
        members = rng.sample(_free(life), 5)
        for number, day in _days(life, 15):
            author = rng.choice(members)
            if life.is_away(author, day):
                continue
            sent_at: datetime | None = life.moment(rng, author, day)
            references: tuple[str, ...] = ()
            for turn in range(2):
                if sent_at is None:
                    break
                name = _id(life, f"{address.partition('@')[0]}.{number}.{turn}", address)
                yield _posted(life, name, sent_at, author, address, members, references)
                references = (*references, name)
                author = rng.choice([one for one in members if one != author])
                sent_at = answer_time(life, rng, author, sent_at, 2.0)


def _posted(
    life: Life,
    message_id: str,
    sent_at: datetime,
    author: str,
    address: str,
    members: Sequence[str],
    references: tuple[str, ...] = (),
) -> Letter:
    """A letter as one of the lists hands it on."""
    name, _, host = address.partition("@")
    holders = life.holders(sent_at, *members)
    to, cc, reply_to = (address,), (), ()
    headers: tuple[tuple[str, str], ...] = ()
    author_name = sender = None
    if address == ID_LIST:
        headers = (("List-Id", f"Book swap <{name}.{host}>"),)
    elif address == SENDER_LIST:
        sender = owner_address(address)
    else:
        author_name = f"{life.person[author].name} via {name}"
        headers = (("List-Id", f"<{name}.{host}>"), ("List-Post", f"<mailto:{address}>"))
        # Mailman names the author in Reply-To, or in Cc where answers go to the list.
        if references:
            cc, reply_to = (author,), (address,)
        else:
            reply_to = (author,)
        author = address
    return Letter(
        message_id,
        sent_at,
        author,
        to,
        holders,
        cc,
        references=references,
        headers=headers,
        author_name=author_name,
        sender=sender,
        reply_to=reply_to,
    )


def _poster(life: Life) -> Iterator[Letter]:
    """Writes to a list again and again, to nobody else, and is never answered."""
    rng = _rng(life, "poster")
    *_, poster = life.population.oddities
    members = rng.sample(_free(life), 2)
    for number, day in _days(life, 3):
        at = life.moment(rng, poster.address, day)
        name = _id(life, f"poster.{number}", poster.address)
        yield _posted(life, name, at, poster.address, ID_LIST, members)


def _absent(life: Life) -> Iterator[Letter]:
    """Is written to, and only ever says to be out of the office."""
    rng = _rng(life, "absent")
    absent, *_ = life.population.oddities
    writers = rng.sample(_free(life), 2)
    for number, day in _days(life, 9):
        writer = rng.choice(writers)
        if life.is_away(writer, day):
            continue
        at = life.moment(rng, writer, day)
        name = _id(life, f"absent.{number}", writer)
        holders = life.holders(at, writer)
        yield Letter(name, at, writer, (absent.address,), holders)
        if number % 2:
            yield Letter(
                _id(life, f"absent.{number}.1", absent.address),
                at + timedelta(seconds=20),
                absent.address,
                (writer,),
                holders,
                references=(name,),
                headers=_AWAY,
            )


def _clerk(life: Life) -> Iterator[Letter]:
    """Answers as a person from an address that names an office."""
    rng = _rng(life, "clerk")
    _, clerk, _ = life.population.oddities
    writers = rng.sample(_free(life), 3)
    for number, day in _days(life, 11):
        writer = rng.choice(writers)
        if life.is_away(writer, day):
            continue
        at = life.moment(rng, writer, day)
        name = _id(life, f"clerk.{number}", writer)
        holders = life.holders(at, writer)
        yield Letter(name, at, writer, (clerk.address,), holders)
        answered_at = answer_time(life, rng, clerk.address, at, 4.0)
        if answered_at is not None:
            answer = _id(life, f"clerk.{number}.1", clerk.address)
            yield Letter(answer, answered_at, clerk.address, (writer,), holders, references=(name,))
