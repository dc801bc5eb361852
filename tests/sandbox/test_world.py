"""The world is a function of village, clock and changes; all that it shows keeps time."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.boxes import DRAFTS, INBOX, SENT
from sandbox.diaries import CANCELLED, CONFIRMED
from sandbox.life import Letter
from sandbox.meetings import DECLINED, utc
from sandbox.people import GOOGLE, MICROSOFT, SPLIT_INTO
from sandbox.village import Village
from sandbox.world import START, World, seq_of

ROOT = Path(__file__).resolve().parents[2]
MIDDLE = datetime(2026, 5, 20, 11, 30, tzinfo=UTC)


def state(world: World) -> list:
    """Everything that a provider could show."""
    boxes = [
        (
            address,
            [(c.number, c.folder, c.filed_at, c.seq, c.thread) for c in box.copies()],
            box.log,
        )
        for address, box in sorted(world.boxes.items())
    ]
    diaries = [
        (
            address,
            [(o.entry.uid, o.key, o.start, o.status, o.answers) for o in diary.occurrences()],
            diary.log,
        )
        for address, diary in sorted(world.calendars.items())
    ]
    return [world.now, boxes, diaries, world.directory(GOOGLE), world.directory(MICROSOFT)]


def a_letter(world: World, author: str, *holders: str, **more) -> Letter:
    return Letter("new@example.example", world.now, author, holders, (author, *holders), **more)


@pytest.fixture
def pair(world: World) -> tuple[str, str]:
    """Two people of the Google company."""
    one, other = [p.address for p in world.village.staff if p.company == GOOGLE][3:5]
    return one, other


# -- time


def test_a_world_that_was_let_advance_equals_one_that_begins_there(small_village: Village):
    walked = World(small_village, MIDDLE)
    for day in (21, 25, 31):
        walked.advance(datetime(2026, 5, day, tzinfo=UTC))
    walked.advance(START)
    assert state(walked) == state(World(small_village))


def test_another_process_makes_the_same_world(small_village: Village):
    code = (
        "import hashlib; from sandbox.village import Village; from sandbox.world import World;"
        "from tests.sandbox.test_world import state;"
        "print(hashlib.sha256(repr(state(World(Village(months=3)))).encode()).hexdigest())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    own = hashlib.sha256(repr(state(World(small_village))).encode()).hexdigest()
    assert done.stdout.decode().strip() == own


def test_time_does_not_go_back(world: World):
    with pytest.raises(ValueError, match="time does not go back"):
        world.advance(world.now - timedelta(seconds=1))


def test_now_has_whole_seconds_in_utc(small_village: Village):
    world = World(small_village, datetime.fromisoformat("2026-06-01T12:00:00.9+02:00"))
    assert world.now == datetime(2026, 6, 1, 10, tzinfo=UTC)


# -- mail


def test_every_holder_has_a_copy_of_what_was_sent_so_far_and_nobody_else(small_village: Village):
    world = World(small_village, MIDDLE)
    for address, box in world.boxes.items():
        expected = [
            letter
            for letter in small_village.letters
            if address in letter.holders and letter.sent_at.replace(microsecond=0) <= MIDDLE
        ]
        assert [copy.letter for copy in box.copies()] == expected
    assert sum(len(box.copies()) for box in world.boxes.values()) > 1_000


def test_what_one_wrote_is_sent_from_an_alias_too_and_the_rest_came_in(world: World):
    from_alias = 0
    for address, box in world.boxes.items():
        own = {address, *box.person.aliases}
        for copy in box.copies():
            assert copy.folder == (SENT if copy.letter.author in own else INBOX)
            assert copy.is_own == copy.is_read == (copy.folder == SENT)
            from_alias += copy.folder == SENT and copy.letter.author != address
    assert from_alias > 10


def test_numbers_rise_with_time_and_are_never_used_again(world: World, pair):
    one, other = pair
    box = world.boxes[one]
    filed = [copy.filed_at for copy in box.copies()]
    assert filed == sorted(filed)
    last = box.copies()[-1].number
    world.delete(one, last)
    (mine, _) = world.deliver(a_letter(world, one, other))
    assert mine.number == last + 1
    assert box.copy(last) is None
    assert box.ever(last).number == last


def test_the_log_tells_what_happened_in_the_order_of_its_numbers(world: World, pair):
    one, other = pair
    mine, theirs = world.deliver(a_letter(world, one, other))
    world.read(other, theirs.number)
    world.move(other, theirs.number, "Projects")
    world.move(other, theirs.number, "trash")
    world.delete(other, theirs.number)
    log = world.boxes[other].log
    told = [(c.kind, c.folder, c.before) for c in log if c.number == theirs.number]
    assert told == [
        ("added", "inbox", None),
        ("read", "inbox", None),
        ("moved", "Projects", "inbox"),
        ("moved", "trash", "Projects"),
        ("deleted", "trash", None),
    ]
    assert [c.seq for c in log] == sorted({c.seq for c in log})
    assert all(c.at <= world.now for c in log)
    assert world.boxes[other].made_folders == ["Projects"]
    assert world.boxes[one].copy(mine.number).folder == SENT


def test_a_change_has_a_higher_number_than_any_that_was_shown_before_it(world: World, pair):
    one, other = pair
    for _ in range(3):
        shown = world.mail_seq
        mine, theirs = world.deliver(a_letter(world, one, other))
        assert shown < mine.seq < theirs.seq == world.mail_seq
        world.advance(world.now + timedelta(seconds=1))
    uid = world.calendars[one].occurrences()[0].entry.uid
    shown = world.note_seq
    world.cancel(uid)
    assert world.calendars[one].log[-1].seq > shown


def test_a_number_carries_the_time_so_that_a_quiet_world_does_not_grow_old(world: World):
    world.advance(world.now + timedelta(days=30))
    assert world.mail_seq == world.note_seq == seq_of(world.now)


def test_a_conversation_is_named_by_its_first_copy_in_the_box(world: World, pair):
    one, other = pair
    first = a_letter(world, one, other)
    answer = replace(first, message_id="b@x.example", author=other, references=(first.message_id,))
    world.deliver(first)
    world.deliver(answer)
    box = world.boxes[one]
    question, reply = box.copies()[-2:]
    assert reply.thread == question.thread == question.number
    assert box.thread(question.number) == [question, reply]
    world.delete(one, question.number)
    assert box.thread(question.number) == [reply]


def test_a_letter_without_an_id_is_a_conversation_of_its_own(world: World):
    copies = [
        copy
        for box in world.boxes.values()
        for copy in box.copies()
        if copy.letter.message_id is None
    ]
    assert copies
    assert all(copy.thread == copy.number for copy in copies)


def test_a_draft_lies_with_its_author_only(world: World, pair):
    copy = world.draft(pair[0])
    assert (copy.folder, copy.letter.holders, copy.filed_at) == (DRAFTS, (pair[0],), world.now)


# -- calendars


def test_every_diary_shows_what_the_village_planned(world: World):
    shown = 0
    for address, diary in world.calendars.items():
        entries = [
            entry
            for entry in world.village.entries
            if address in (entry.organizer, *dict(entry.attendees))
        ]
        expected = {}
        for entry in entries:
            for at in entry.starts():
                change = entry.changes.get(at)
                kind = change.kind if change else None
                start = change.moved_to if kind == "moved" else at
                answers = dict(entry.attendees) | (dict(change.answers) if change else {})
                status = CANCELLED if kind == "cancelled" else CONFIRMED
                expected[entry.uid, at] = (utc(start, entry.zone), status, answers)
        assert expected == {
            (one.entry.uid, one.key): (one.start, one.status, one.answers)
            for one in diary.occurrences()
        }
        shown += len(expected)
    assert shown > 500


def test_entries_become_known_two_weeks_and_changes_three_days_before(small_village: Village):
    entry = next(
        one
        for one in small_village.entries
        if one.start.date() > date(2026, 5, 25) and one.changes and not one.every_weeks
    )
    start = utc(entry.start, entry.zone)
    world = World(small_village, start - timedelta(days=14, seconds=1))
    diary = world.calendars[entry.organizer]
    assert entry.uid not in diary.series
    world.advance(start - timedelta(days=14))
    (occurrence,) = diary.of(entry.uid)
    assert (occurrence.status, occurrence.updated_at) == (CONFIRMED, world.now)
    world.advance(start - timedelta(days=3))
    (occurrence,) = diary.of(entry.uid)
    assert (occurrence.status, occurrence.updated_at) == (CANCELLED, world.now)
    notes = [note for note in diary.log if note.uid == entry.uid]
    assert [(note.at, note.key) for note in notes] == [
        (start - timedelta(days=14), None),
        (start - timedelta(days=3), entry.start),
    ]


def test_nothing_is_made_later_than_an_hour_before_it_begins(world: World):
    for series in world.series.values():
        start = utc(series.entry.start, series.entry.zone)
        assert series.made_at <= start - timedelta(hours=1)


@pytest.fixture
def weekly(world: World):
    """A recurring meeting with guests and an occurrence that nothing was changed for."""
    series = next(
        one
        for one in world.series.values()
        if len(one.entry.attendees) > 1 and len(one.occurrences()) > 2
    )
    return next(one for one in series.occurrences().values() if not one.is_exception)


def shown(world: World, occurrence, address: str | None = None):
    diary = world.calendars[address or occurrence.entry.organizer]
    return {one.key: one for one in diary.of(occurrence.entry.uid)}.get(occurrence.key)


def test_an_occurrence_is_called_off_on_every_calendar(world: World, weekly):
    world.cancel(weekly.entry.uid, weekly.original_start)
    for address in (weekly.entry.organizer, *dict(weekly.entry.attendees)):
        assert shown(world, weekly, address).status == CANCELLED
        assert world.calendars[address].log[-1].key == weekly.key
    others = [one.status for one in world.series[weekly.entry.uid].occurrences().values()]
    assert others.count(CONFIRMED) > 0


def test_a_whole_series_is_called_off(world: World, weekly):
    world.cancel(weekly.entry.uid)
    assert {o.status for o in world.series[weekly.entry.uid].occurrences().values()} == {CANCELLED}
    assert world.calendars[weekly.entry.organizer].log[-1].key is None


def test_an_occurrence_moves_and_keeps_its_name(world: World, weekly):
    later = weekly.start + timedelta(hours=3)
    world.reschedule(weekly.entry.uid, weekly.key, later)
    moved = shown(world, weekly)
    assert (moved.start, moved.original_start) == (later, weekly.original_start)
    assert moved.end - moved.start == weekly.end - weekly.start
    assert (moved.sequence, moved.is_exception) == (weekly.sequence + 1, True)


def test_answers_are_given_by_those_invited_only(world: World, weekly):
    guest = weekly.entry.attendees[0][0]
    world.answer(weekly.entry.uid, weekly.key, guest, DECLINED)
    assert shown(world, weekly).answers[guest] == DECLINED
    with pytest.raises(KeyError):
        world.answer(weekly.entry.uid, weekly.key, "nobody@x.example", DECLINED)


def test_what_one_person_takes_off_the_own_calendar_others_keep(world: World, weekly):
    guest = weekly.entry.attendees[0][0]
    world.remove_copy(guest, weekly.entry.uid, weekly.original_start)
    assert shown(world, weekly, guest) is None
    assert shown(world, weekly) is not None
    world.remove_copy(guest, weekly.entry.uid)
    assert list(world.calendars[guest].of(weekly.entry.uid)) == []


def test_an_unknown_occurrence_is_a_mistake(world: World, weekly):
    with pytest.raises(KeyError):
        world.cancel(weekly.entry.uid, weekly.original_start + timedelta(minutes=1))
    with pytest.raises(KeyError):
        world.cancel("nothing@x.example")


# -- directory


def test_posts_change_with_the_reorganisation(small_village: Village):
    day = small_village.population.reorganised
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    before = {
        one.id: one for one in World(small_village, at - timedelta(seconds=1)).directory(GOOGLE)
    }
    after = {one.id: one for one in World(small_village, at).directory(GOOGLE)}
    moved = [name for name in after if after[name].department != before[name].department]
    assert len(moved) >= 6
    assert {after[name].unit for name in moved} == {f"/{SPLIT_INTO}"}
    assert any(after[name].manager != before[name].manager for name in moved)


def test_people_join_and_leave_on_their_day():
    village = Village(months=24)
    joins = next(one for one in village.staff if one.joined)
    leaves = next(one for one in village.staff if one.left)
    world = World(village, datetime.combine(joins.joined, datetime.min.time(), UTC) - timedelta(1))
    assert world.account(joins.address) is None
    world.advance(world.now + timedelta(days=1))
    assert world.account(joins.address) in world.directory(joins.company)
    world.advance(datetime.combine(leaves.left, datetime.min.time(), UTC))
    assert not world.account(leaves.address).is_suspended
    world.advance(world.now + timedelta(days=1))
    assert world.account(leaves.address).is_suspended


def test_a_renamed_person_keeps_id_box_calendar_and_the_old_address(world: World, pair):
    old, other = pair
    new = f"new.name@{GOOGLE}"
    before, copies = world.account(old), len(world.boxes[old].copies())
    world.rename(old, new)
    after = world.account(old)
    assert (after.id, after.address, old in after.aliases) == (before.id, new, True)
    assert new not in after.aliases
    world.deliver(a_letter(world, old, other))
    assert len(world.boxes[new].copies()) == copies + 1
    assert world.boxes[new].copies()[-1].folder == SENT
    assert world.calendars[new].occurrences()
    assert old not in world.boxes
    reports = [one.manager for one in world.directory(GOOGLE)]
    assert old not in reports


def test_suspension_and_a_missing_mailbox_show_in_the_account(world: World, pair):
    world.suspend(pair[0])
    world.disable_mail(pair[1])
    assert world.account(pair[0]).is_suspended
    assert not world.account(pair[1]).has_mail
    assert world.account(pair[1]).is_suspended is False


def test_rooms_are_in_the_directory_and_only_people_have_boxes(world: World):
    for company in (GOOGLE, MICROSOFT):
        kinds = [one.kind for one in world.directory(company)]
        assert kinds.count("room") == 3
        people = [one for one in world.directory(company) if one.kind == "person"]
        assert all(one.address in world.boxes for one in people)
        assert sum(one.manager is None for one in people) == 1
        assert len({one.id for one in world.directory(company)}) == len(kinds)


def test_keys_need_a_running_sandbox(world: World):
    with pytest.raises(RuntimeError, match="has not started"):
        world.google_key_file()
