"""The village as files: one mbox and one .ics for each mailbox, and the truth.

Here: how a message and a calendar entry look in a file. Not here: what they say (village.py).

Subjects, titles, rooms' texts and bodies are there as in real files, each with a word that must
never be found again behind the import.
"""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from email.header import Header
from pathlib import Path

from sandbox.life import Letter
from sandbox.meetings import DECLINED, Change, Entry, utc
from sandbox.people import MICROSOFT, Person
from sandbox.village import Village

MAIL_CANARY, CALENDAR_CANARY = "CANARY-SUBJECT", "CANARY-SUMMARY"


def write_files(village: Village, folder: Path) -> None:
    """Write ``<address>/mail.mbox`` and ``<address>/calendar.ics`` for each, and ``truth.json``."""
    names = {person.address: person.name for person in village.population.everybody}
    names |= {alias: person.name for person in village.staff for alias in person.aliases}
    mail: dict[str, list[str]] = {person.address: [] for person in village.staff}
    for letter in village.letters:
        received = _message(letter, names, "")
        bcc = f"Bcc: {_addresses(letter.bcc, names)}\n" if letter.bcc else ""
        sent = _message(letter, names, bcc) if letter.bcc else received
        for holder in letter.holders:
            own = names.get(letter.author) == names[holder]
            mail[holder].append(sent if own else received)
    calendars: dict[str, list[str]] = {person.address: [] for person in village.staff}
    for entry in village.entries:
        text = _entry(entry, names)
        for holder in {entry.organizer: None} | dict(entry.attendees):
            calendars[holder].append(text)
    for person in village.staff:
        own = folder / person.address
        own.mkdir(parents=True, exist_ok=True)
        (own / "mail.mbox").write_text("".join(mail[person.address]), encoding="utf-8")
        (own / "calendar.ics").write_text(
            _calendar(person, calendars[person.address]), encoding="utf-8", newline=""
        )
    truth = {
        "habits": [asdict(habit) for habit in village.truth],
        "kinds": village.kinds,
        "owners": village.owners,
    }
    (folder / "truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")


def _message(letter: Letter, names: dict[str, str], bcc: str) -> str:
    """One message of an mbox, without a body but one line."""
    sent = letter.sent_at
    lines = [
        f"From {letter.author} {sent:%a %b %d %H:%M:%S %Y}",
        f"From: {_named(letter.author, letter.author_name or names.get(letter.author))}",
        f"To: {_addresses(letter.to, names)}",
    ]
    if letter.sender:
        lines.append(f"Sender: {letter.sender}")
    if letter.reply_to:
        lines.append(f"Reply-To: {_addresses(letter.reply_to, names)}")
    if letter.cc:
        lines.append(f"Cc: {_addresses(letter.cc, names)}")
    lines.append(f"Date: {sent:%a, %d %b %Y %H:%M:%S} +0000")
    if letter.message_id:
        lines.append(f"Message-ID: <{letter.message_id}>")
    if letter.references:
        lines.append(f"In-Reply-To: <{letter.references[-1]}>")
        lines.append("References: " + "\n ".join(f"<{one}>" for one in letter.references))
    lines += [f"{name}: {value}" for name, value in letter.headers]
    lines.append(f"Subject: {MAIL_CANARY}")
    return "\n".join(lines) + f"\n{bcc}\n{MAIL_CANARY}\n\n"


def _addresses(addresses: tuple[str, ...], names: dict[str, str]) -> str:
    return ",\n ".join(_named(address, names.get(address)) for address in addresses)


def _named(address: str, name: str | None) -> str:
    if name is None:
        return address
    if not name.isascii():
        name = Header(name, "utf-8").encode()
    return f"{name} <{address}>"


def _calendar(person: Person, entries: list[str]) -> str:
    zones = "".join(_ZONES[zone] for zone in sorted(_ZONES))
    head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//{person.company}//village//EN\r\n"
    return head + zones + "".join(entries) + "END:VCALENDAR\r\n"


def _entry(entry: Entry, names: dict[str, str]) -> str:
    """An entry with its rule, and an entry of its own for every occurrence that differs."""
    if entry.kind != "meeting" and entry.minutes % (24 * 60) == 0:
        return _event(entry, names, entry.start, ["TRANSP:OPAQUE"], all_day=True)
    more = []
    if entry.every_weeks and entry.until:
        until = utc(datetime.combine(entry.until, datetime.max.time()), entry.zone)
        rule = f"FREQ=WEEKLY;INTERVAL={entry.every_weeks};UNTIL={until:%Y%m%dT%H%M%SZ}"
        more.append(f"RRULE:{rule}")
        dropped = [at for at, change in entry.changes.items() if change.kind == "cancelled"]
        # Half the cancelled occurrences are exceptions of the rule, half entries that say so.
        more += [f"EXDATE;TZID={entry.zone}:{at:%Y%m%dT%H%M%S}" for at in dropped[::2]]
        overrides = [at for at in entry.changes if at not in dropped[::2]]
        return _event(entry, names, entry.start, more) + "".join(
            _occurrence(entry, names, at, entry.changes[at]) for at in overrides
        )
    if entry.start in entry.changes:
        more.append("STATUS:CANCELLED")
    return _event(entry, names, entry.start, more)


def _occurrence(entry: Entry, names: dict[str, str], at: datetime, change: Change) -> str:
    more = [f"RECURRENCE-ID;TZID={entry.zone}:{at:%Y%m%dT%H%M%S}"]
    if change.kind == "cancelled":
        more.append("STATUS:CANCELLED")
    return _event(entry, names, change.moved_to or at, more, answers=dict(change.answers))


def _event(
    entry: Entry,
    names: dict[str, str],
    start: datetime,
    more: list[str],
    *,
    all_day: bool = False,
    answers: dict[str, str] | None = None,
) -> str:
    end = start + timedelta(minutes=entry.minutes)
    if all_day:
        when = [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{end:%Y%m%d}"]
    else:
        when = [
            f"DTSTART;TZID={entry.zone}:{start:%Y%m%dT%H%M%S}",
            f"DTEND;TZID={entry.zone}:{end:%Y%m%dT%H%M%S}",
        ]
    stamp = datetime.combine(date(2024, 1, 1), datetime.min.time(), UTC)
    lines = ["BEGIN:VEVENT", f"UID:{entry.uid}", f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}", *when, *more]
    lines += [f"SUMMARY:{CALENDAR_CANARY}", f"DESCRIPTION:{CALENDAR_CANARY}"]
    if entry.attendees or entry.room:
        lines.append(f"ORGANIZER;CN={names[entry.organizer]}:mailto:{entry.organizer}")
        lines.append(_attendee(entry.organizer, names[entry.organizer], "ACCEPTED"))
        for address, answer in entry.attendees:
            answer = (answers or {}).get(address, answer)
            lines.append(_attendee(address, names[address], answer))
    if entry.room:
        lines.append(f"LOCATION:{CALENDAR_CANARY}")
        room = f"CUTYPE=ROOM;PARTSTAT=ACCEPTED;CN={entry.room.partition('@')[0]}"
        lines.append(f"ATTENDEE;{room}:mailto:{entry.room}")
    if entry.kind == "away":
        away = entry.organizer.endswith(MICROSOFT)
        lines.append("X-MICROSOFT-CDO-BUSYSTATUS:OOF" if away else "CATEGORIES:OUT-OF-OFFICE")
    return "".join(f"{line}\r\n" for line in [*lines, "END:VEVENT"])


def _attendee(address: str, name: str, answer: str) -> str:
    return f"ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT={answer or DECLINED};CN={name}:mailto:{address}"


def _zone(name: str, winter: tuple[str, str, str], summer: tuple[str, str, str]) -> str:
    """A VTIMEZONE with today's rules: name, offset, rule of each half of the year."""
    parts = []
    for kind, own, other in (("STANDARD", winter, summer), ("DAYLIGHT", summer, winter)):
        parts += [
            f"BEGIN:{kind}",
            "DTSTART:20070101T020000",
            f"TZNAME:{own[0]}",
            f"TZOFFSETFROM:{other[1]}",
            f"TZOFFSETTO:{own[1]}",
            f"RRULE:FREQ=YEARLY;{own[2]}",
            f"END:{kind}",
        ]
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}", *parts, "END:VTIMEZONE"]
    return "".join(f"{line}\r\n" for line in lines)


_ZONES = {
    "Europe/Berlin": _zone(
        "Europe/Berlin",
        ("CET", "+0100", "BYMONTH=10;BYDAY=-1SU"),
        ("CEST", "+0200", "BYMONTH=3;BYDAY=-1SU"),
    ),
    "America/New_York": _zone(
        "America/New_York",
        ("EST", "-0500", "BYMONTH=11;BYDAY=1SU"),
        ("EDT", "-0400", "BYMONTH=3;BYDAY=2SU"),
    ),
}
