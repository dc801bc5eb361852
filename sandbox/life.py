"""What the ties of the village come to: messages, day by day, for two years.

Here: ordinary ties, threads with their answers, lists, newsletters, robots, leave.
Not here: who is who (people.py), planted ties (habits.py), meetings (meetings.py).
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.habits import Planting, Tie
from sandbox.people import GOOGLE, MICROSOFT, Person, Population

# Communities of practice: list -> companies whose people are on it.
LISTS = {
    f"data-guild@lists.{GOOGLE}": (GOOGLE,),
    f"craft-circle@lists.{GOOGLE}": (GOOGLE, MICROSOFT),
    f"field-notes@lists.{MICROSOFT}": (MICROSOFT,),
    f"safety-first@lists.{MICROSOFT}": (MICROSOFT,),
}
NEWSLETTERS = ("news@quillworks.example", "digest@stonepier.example")
BUILDS, CASES = f"builds@{MICROSOFT}", f"no-reply@{GOOGLE}"


@dataclass(frozen=True)
class Letter:
    """One logical message.

    author       address written from; may be an alias, or that of a list which rewrote From
    holders      primary addresses of the staff whose mailboxes hold a copy
    headers      further headers, in order
    message_id   None where a robot sent none
    author_name  shown instead of the author's own name
    sender       address in Sender
    """

    message_id: str | None
    sent_at: datetime
    author: str
    to: tuple[str, ...]
    holders: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    author_name: str | None = None
    sender: str | None = None
    reply_to: tuple[str, ...] = ()


@dataclass
class Life:
    """What the simulation looks up again and again."""

    population: Population
    planting: Planting
    first: date
    last: date
    seed: int
    person: dict[str, Person] = field(init=False)
    leave: dict[str, tuple[tuple[date, date], ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.person = {person.address: person for person in self.population.everybody}
        self.leave = {one: tuple(self._leave(one)) for one in self.person}

    def _leave(self, address: str) -> Iterator[tuple[date, date]]:
        rng = random.Random(f"{self.seed}/leave/{address}")
        for year in range(self.first.year, self.last.year + 1):
            yield date(year, 12, 24), date(year + 1, 1, 1)
            for quarter in (2, 7):
                start = date(year, quarter, 1) + timedelta(days=rng.randint(0, 50))
                yield start, start + timedelta(days=rng.choice((5, 9, 12)))
        if address in self.planting.leave:
            yield self.planting.leave[address]

    def is_away(self, address: str, day: date) -> bool:
        """Not at work: on leave, not yet there or gone."""
        person = self.person[address]
        return not person.works(day) or any(a <= day <= b for a, b in self.leave[address])

    def moment(self, rng: random.Random, address: str, day: date) -> datetime:
        """A time of a working day where that person lives."""
        minute = min(max(rng.gauss(13 * 60, 150), 7 * 60), 21 * 60)
        zone = ZoneInfo(self.person[address].zone)
        noon = datetime(day.year, day.month, day.day, tzinfo=zone)
        return (noon + timedelta(minutes=minute, seconds=rng.randint(0, 59))).astimezone(UTC)

    def holders(self, sent_at: datetime, *addresses: str) -> tuple[str, ...]:
        """Whose mailboxes hold a message to these addresses."""
        day = sent_at.date()
        found = {one: None for one in addresses if one in self.person and self.person[one].company}
        return tuple(one for one in found if self.person[one].works(day))

    def ordered(self, letters: Iterable[Letter]) -> list[Letter]:
        """Letters up to the last day, in order."""
        end = datetime(self.last.year, self.last.month, self.last.day, tzinfo=UTC)
        end += timedelta(days=1)
        return sorted((letter for letter in letters if letter.sent_at < end), key=in_order)


def in_order(letter: Letter) -> tuple[datetime, str, str, tuple[str, ...]]:
    """By what letters are ordered."""
    return letter.sent_at, letter.author, letter.message_id or "", letter.to


def live(
    population: Population, planting: Planting, seed: int, first: date, last: date
) -> list[Letter]:
    """Every message of the village in order of time."""
    life = Life(population, planting, first, last, seed)
    ordinary = (
        tie for tie in _ordinary_ties(life) if frozenset((tie.one, tie.other)) not in planting.apart
    )
    ties = [*ordinary, *planting.ties]
    letters = [letter for number, tie in enumerate(ties) for letter in _tie(life, number, tie)]
    letters += _introductions(life)
    letters += [letter for name, inside in LISTS.items() for letter in _list(life, name, inside)]
    letters += [*_newsletters(life), *_robots(life), *_announcements(life)]
    return life.ordered(letters)


def _ordinary_ties(life: Life) -> Iterator[Tie]:
    """Strong ties in the team, weaker ones in the department, few across and outside."""
    rng = random.Random(f"{life.seed}/ties")
    staff = life.population.staff
    planted = life.planting.loners | life.planting.strangers
    free = [person for person in staff if person.address not in planted]
    for number, person in enumerate(staff):
        if person.address in life.planting.strangers:
            continue
        post = person.post(life.first)
        for other in staff[number + 1 :]:
            theirs = other.post(life.first)
            if other.address in life.planting.strangers or other.company != person.company:
                continue
            same_team = post.manager == theirs.manager and post.department == theirs.department
            if same_team or other.address == post.manager or person.address == theirs.manager:
                weekly = min(rng.lognormvariate(-1.8, 0.8), 2.5)
            elif post.department == theirs.department and not planted & {
                person.address,
                other.address,
            }:
                weekly = rng.lognormvariate(-2.8, 0.8) if rng.random() < 0.4 else 0
            else:
                weekly = 0
            if weekly:
                yield Tie(person.address, other.address, weekly, life.first, life.last)
        if person.address in planted:
            continue
        for other in rng.sample(free, rng.randint(3, 7)):
            if other.address != person.address:
                yield _passing(rng, life, person.address, other.address)
        for other in rng.sample(life.population.outsiders, rng.randint(2, 5)):
            yield _passing(rng, life, person.address, other.address)


def _passing(rng: random.Random, life: Life, one: str, other: str) -> Tie:
    """A weaker tie that may begin late or end early."""
    days = (life.last - life.first).days
    since = life.first + timedelta(days=rng.choice((0, 0, 0, rng.randint(0, days))))
    return Tie(one, other, rng.lognormvariate(-2.4, 0.7), since, life.last)


def _tie(life: Life, number: int, tie: Tie) -> Iterator[Letter]:
    """All threads of one tie."""
    rng = random.Random(f"{life.seed}/tie/{number}")
    day, end = float(tie.since.toordinal()), min(tie.until, life.last).toordinal()
    count = 0
    while True:
        day += rng.expovariate(tie.weekly / 7)
        if day > end:
            return
        begins = rng.random() < tie.start
        when = date.fromordinal(int(day))
        if when.weekday() >= 5 and rng.random() < 0.9:
            when += timedelta(days=7 - when.weekday())
        author, other = (tie.one, tie.other) if begins else (tie.other, tie.one)
        if when.toordinal() > end or life.is_away(author, when):
            continue
        count += 1
        yield from _thread(life, rng, f"{number}.{count}", tie, author, other, when)


def _thread(
    life: Life, rng: random.Random, name: str, tie: Tie, author: str, other: str, day: date
) -> Iterator[Letter]:
    """A message and what is answered to it."""
    cc, bcc = _company_on_copy(life, rng, author, other, day)
    sent_at = life.moment(rng, author, day)
    chance = dict(zip((tie.one, tie.other), tie.answers, strict=True))
    hours = dict(zip((tie.one, tie.other), tie.hours, strict=True))
    references: tuple[str, ...] = ()
    for turn in range(8):
        message_id = f"{name}.{turn}.{life.seed}@{author.partition('@')[2]}"
        everybody = (author, other, *cc, *bcc)
        holders = life.holders(sent_at, *everybody)
        sender = _written_from(life, rng, author)
        yield Letter(message_id, sent_at, sender, (other,), holders, cc, bcc, references)
        references = (*references, message_id)
        if life.is_away(other, sent_at.date()) and life.person[other].company and turn == 0:
            yield _auto_reply(life, message_id, sent_at, other, author)
        # The first answer is the answer; what follows is talk and ebbs away.
        if rng.random() >= chance[other] * (1 if turn == 0 else 0.4):
            return
        bcc = ()
        sent_at = answer_time(life, rng, other, sent_at, hours[other])
        if sent_at is None:
            return
        author, other = other, author


def _company_on_copy(
    life: Life, rng: random.Random, author: str, other: str, day: date
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who else is told: team mates on Cc at times, the manager on Bcc seldom."""
    person = life.person[author]
    if not person.company or author in life.planting.strangers or other in life.planting.strangers:
        return (), ()
    post = person.post(day)
    team = [
        one.address
        for one in life.population.of(person.company, post.department, day)
        if one.post(day).manager == post.manager
    ]
    candidates = [one for one in team if one not in (author, other)]
    other_department = life.person[other].company and life.person[other].post(day).department
    near = other_department == post.department
    roll = rng.random()
    if near and roll < 0.15 and candidates:
        return tuple(rng.sample(candidates, min(len(candidates), rng.randint(1, 3)))), ()
    if near and roll < 0.16 and post.manager not in (None, other):
        return (), (post.manager,)
    return (), ()


def _written_from(life: Life, rng: random.Random, author: str) -> str:
    aliases = life.person[author].aliases
    return aliases[0] if aliases and rng.random() < 0.15 else author


def _auto_reply(life: Life, message_id: str, sent_at: datetime, away: str, author: str) -> Letter:
    at = sent_at + timedelta(seconds=20)
    return Letter(
        f"auto.{message_id}",
        at,
        away,
        (author,),
        life.holders(at, away, author),
        references=(message_id,),
        headers=(("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")),
    )


def answer_time(
    life: Life, rng: random.Random, author: str, asked_at: datetime, median_hours: float
) -> datetime | None:
    """Some hours later, at work, within three weeks; else never."""
    at = asked_at + timedelta(hours=median_hours * rng.lognormvariate(0, 0.9))
    for _ in range(21):
        if at.weekday() < 5 and not life.is_away(author, at.date()):
            return at
        at += timedelta(days=1)
    return None


def _introductions(life: Life) -> Iterator[Letter]:
    rng = random.Random(f"{life.seed}/introductions")
    for number, (day, introducer, one, other) in enumerate(life.planting.introductions):
        while day.weekday() >= 5:
            day -= timedelta(days=1)
        at = life.moment(rng, introducer, day)
        name = f"meet.{number}.{life.seed}@{introducer.partition('@')[2]}"
        yield Letter(name, at, introducer, (one, other), life.holders(at, introducer, one, other))


def _list(life: Life, address: str, companies: tuple[str, ...]) -> Iterator[Letter]:
    """A community of practice: questions to the list, answers from its knowing members."""
    rng = random.Random(f"{life.seed}/list/{address}")
    inside = [p.address for p in life.population.staff if p.company in companies]
    free = [one for one in inside if one not in life.planting.loners | life.planting.strangers]
    members = rng.sample(free, 26)
    knowing = members[:7]
    name, _, host = address.partition("@")
    headers = (
        ("List-Id", f"{name} <{name}.{host}>"),
        ("List-Post", f"<mailto:{address}>"),
        ("List-Unsubscribe", f"<mailto:{name}-leave@{host}>"),
        ("Precedence", "list"),
    )
    day = life.first
    count = 0
    while day <= life.last:
        day += timedelta(days=1 + int(rng.expovariate(1 / 2.5)))
        author = rng.choice(members)
        if day > life.last or day.weekday() >= 5 or life.is_away(author, day):
            continue
        count += 1
        sent_at = life.moment(rng, author, day)
        references: tuple[str, ...] = ()
        for turn in range(1 + rng.choice((0, 1, 1, 2, 3))):
            message_id = f"{name}.{count}.{turn}.{life.seed}@{host}"
            holders = life.holders(sent_at, *members)
            yield Letter(
                message_id,
                sent_at,
                author,
                (address,),
                holders,
                references=references,
                headers=headers,
            )
            references = references or (message_id,)
            author = rng.choice(knowing)
            later = answer_time(life, rng, author, sent_at, 2.0)
            if later is None:
                break
            sent_at = later


def _newsletters(life: Life) -> Iterator[Letter]:
    rng = random.Random(f"{life.seed}/newsletters")
    staff = [person.address for person in life.population.staff]
    for sender in NEWSLETTERS:
        readers = rng.sample(staff, 24)
        host = sender.partition("@")[2]
        day = life.first + timedelta(days=2)
        while day <= life.last:
            at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
            for place, reader in enumerate(readers):
                yield Letter(
                    f"issue.{day:%Y%m%d}.{place}.{life.seed}@{host}",
                    at + timedelta(seconds=place),
                    sender,
                    (reader,),
                    life.holders(at, reader),
                    headers=(
                        ("List-Unsubscribe", f"<https://{host}/leave>"),
                        ("Precedence", "bulk"),
                        ("Return-Path", f"<bounce-{place}@{host}>"),
                    ),
                )
            day += timedelta(days=14)


def _robots(life: Life) -> Iterator[Letter]:
    """A build robot and a ticket robot; the latter forgets its Message-ID."""
    rng = random.Random(f"{life.seed}/robots")
    engineers = [p.address for p in life.population.of(MICROSOFT, "Engineering", life.first)]
    support = [p.address for p in life.population.of(GOOGLE, "Support", life.first)]
    auto = (("Auto-Submitted", "auto-generated"),)
    day = life.first
    while day <= life.last:
        if day.weekday() < 5:
            at = datetime(day.year, day.month, day.day, 5, rng.randint(0, 59), tzinfo=UTC)
            to = tuple(rng.sample(engineers, 4))
            name = f"build.{day:%Y%m%d}.{life.seed}@{MICROSOFT}"
            yield Letter(name, at, BUILDS, to, life.holders(at, *to), headers=auto)
            reader = rng.choice(support)
            at += timedelta(hours=rng.randint(3, 9))
            yield Letter(None, at, CASES, (reader,), life.holders(at, reader), headers=auto)
        day += timedelta(days=1)


def _announcements(life: Life) -> Iterator[Letter]:
    """A monthly word from the chief to everybody, by a group address."""
    for company in (GOOGLE, MICROSOFT):
        staff = [person for person in life.population.staff if person.company == company]
        day = life.first.replace(day=15)
        while day <= life.last:
            at = datetime(day.year, day.month, day.day, 14, tzinfo=UTC)
            everybody = [person.address for person in staff if person.works(day)]
            chief = staff[0].address
            name = f"word.{day:%Y%m}.{life.seed}@{company}"
            yield Letter(name, at, chief, (f"all@{company}",), life.holders(at, *everybody))
            day = (day + timedelta(days=31)).replace(day=15)
