"""The village is the same everywhere, holds what it promises, and its habits are really there."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from sandbox.files import CALENDAR_CANARY, MAIL_CANARY, write_files
from sandbox.meetings import DECLINED
from sandbox.people import GOOGLE, MICROSOFT, SPLIT_INTO
from sandbox.village import Village

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def village() -> Village:
    return Village()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("village")
    write_files(Village(months=3), folder)
    return folder


def digest(folder: Path) -> str:
    content = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        content.update(str(path.relative_to(folder)).encode())
        if path.is_file():
            content.update(path.read_bytes())
    return content.hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_another_process(folder: Path, tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from sandbox.files import write_files;"
        "from sandbox.village import Village; write_files(Village(months=3), Path(sys.argv[1]))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", code, str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    assert digest(tmp_path) == digest(folder)


def test_another_seed_gives_another_world():
    assert Village(seed=2, months=1).letters != Village(seed=1, months=1).letters


def test_two_companies_of_the_promised_size(village: Village):
    for company in (GOOGLE, MICROSOFT):
        staff = [person for person in village.staff if person.company == company]
        sizes = Counter(person.post(village.first).department for person in staff)
        assert sum(size >= 12 for size in sizes.values()) >= 3
        assert any(1 < size < 10 for size in sizes.values())
        assert {person.level for person in staff} == {1, 2, 3, 4}
    assert len(village.staff) >= 120
    assert any(person.aliases for person in village.staff)
    assert any(person.joined for person in village.staff)
    assert any(person.left for person in village.staff)
    assert len({person.name for person in village.staff}) == len(village.staff)


def test_nobody_has_an_address_that_could_be_real(village: Village):
    domains = {
        person.address.partition("@")[2]
        for person in (*village.staff, *village.population.outsiders)
    }
    freemail = {"gmail.com", "outlook.com", "gmx.net", "yahoo.com"}
    assert all(domain.endswith(".example") for domain in domains - freemail)
    for person in village.population.outsiders:
        local, _, domain = person.address.partition("@")
        assert domain not in freemail or local.endswith(".village")


def test_every_manager_exists_and_the_reorganisation_moves_people(village: Village):
    addresses = {person.address for person in village.staff}
    after = village.population.reorganised
    before = after - timedelta(days=1)
    for person in village.staff:
        for day in (before, after):
            manager = person.post(day).manager
            assert manager is None or manager in addresses
    moved = [p for p in village.staff if p.post(before).department != p.post(after).department]
    assert len(moved) >= 6
    assert {person.post(after).department for person in moved} == {SPLIT_INTO}


def test_mail_has_what_real_mail_has(village: Village):
    letters = village.letters
    assert list(letters) == sorted(letters, key=lambda letter: letter.sent_at)
    assert len(letters) > 40_000
    assert sum(len(letter.holders) for letter in letters) > 100_000
    assert any(letter.cc for letter in letters)
    assert any(letter.bcc for letter in letters)
    assert any(letter.message_id is None for letter in letters)
    headers = {name for letter in letters for name, _ in letter.headers}
    assert {"List-Id", "List-Post", "List-Unsubscribe", "Precedence", "Auto-Submitted"} <= headers
    ids = [letter.message_id for letter in letters if letter.message_id]
    assert len(ids) == len(set(ids))
    months = {letter.sent_at.strftime("%Y-%m") for letter in letters}
    assert len(months) == 24


def test_each_answer_follows_what_it_answers(village: Village):
    sent = {letter.message_id: letter.sent_at for letter in village.letters}
    answers = [letter for letter in village.letters if letter.references]
    assert len(answers) > 10_000
    for letter in answers:
        assert all(sent[one] < letter.sent_at for one in letter.references if one in sent)


def test_a_copy_lies_with_each_of_the_staff_it_names_and_with_nobody_else(village: Village):
    alias = {alias: person.address for person in village.staff for alias in person.aliases}
    staff = {person.address: person for person in village.staff}
    for letter in village.letters:
        author = alias.get(letter.author, letter.author)
        named = {author, *letter.to, *letter.cc, *letter.bcc}
        to_group = any(one not in staff and "@lists." in one for one in letter.to)
        if not to_group and not any(one.startswith("all@") for one in letter.to):
            day = letter.sent_at.date()
            present = {one for one in named if one in staff and staff[one].works(day)}
            assert set(letter.holders) == present
        assert len(letter.holders) == len(set(letter.holders))


def test_only_the_author_sees_who_was_told_in_secret(folder: Path):
    holders = {}
    for path in folder.glob("*/mail.mbox"):
        for block in path.read_text(encoding="utf-8").split("\nFrom ")[0:]:
            if "\nBcc: " in block:
                author = block.partition("From: ")[2].partition("\n")[0]
                holders.setdefault(path.parent.name, []).append(author)
    assert holders
    names = {person.address: person for person in Village(months=3).staff}
    for owner, authors in holders.items():
        own = {owner, *names[owner].aliases}
        assert all(any(address in author for address in own) for author in authors)


def test_calendars_have_what_real_calendars_have(village: Village):
    changes = Counter(change.kind for entry in village.entries for change in entry.changes.values())
    assert min(changes["cancelled"], changes["moved"], changes["answered"]) > 20
    assert {entry.kind for entry in village.entries} == {"meeting", "focus", "away"}
    assert any(len(entry.attendees) > 18 for entry in village.entries)
    assert any(entry.room for entry in village.entries)
    answers = {answer for entry in village.entries for _, answer in entry.attendees}
    assert DECLINED in answers
    assert sum(1 for entry in village.entries for _ in entry.starts()) > 3_000


def test_every_file_carries_words_that_must_never_be_found_again(folder: Path):
    for path in folder.glob("*/mail.mbox"):
        text = path.read_text(encoding="utf-8")
        assert not text or MAIL_CANARY in text
    assert any(CALENDAR_CANARY in path.read_text() for path in folder.glob("*/calendar.ics"))


def test_the_truth_names_every_habit_and_no_person_has_two(village: Village):
    habits = Counter(habit.habit for habit in village.truth)
    expected = {
        "bridge": 2,
        "clique-bound": 2,
        "purist": 2,
        "coyote": 1,
        "fading pair": 2,
        "reactivated pair": 2,
        "introducer": 1,
        "calls only in need": 1,
        "giver": 2,
        "taker": 2,
        "decoy: manager who mails reports much": 1,
        "decoy: helper flooded with questions": 1,
        "decoy: on a long leave": 1,
    }
    assert habits == expected
    people = Counter(one for habit in village.truth for one in habit.people)
    assert max(people.values()) == 1


def exchanged(village: Village, one: str, other: str) -> list:
    alias = {alias: person.address for person in village.staff for alias in person.aliases}
    pairs = {(one, other), (other, one)}
    return [
        letter.sent_at.date()
        for letter in village.letters
        if (alias.get(letter.author, letter.author), letter.to[0]) in pairs
    ]


def test_fading_pairs_fell_silent_three_weeks_before_the_end(village: Village):
    for habit in village.truth:
        if habit.habit == "fading pair":
            days = exchanged(village, *habit.people)
            assert len(days) > 200
            assert timedelta(days=14) < village.last - days[-1] < timedelta(days=42)


def test_reactivated_pairs_were_silent_for_half_a_year_and_came_back(village: Village):
    for habit in village.truth:
        if habit.habit == "reactivated pair":
            days = exchanged(village, *habit.people)
            gaps = [later - earlier for earlier, later in pairwise(days)]
            assert max(gaps) > timedelta(days=150)
            assert village.last - days[-1] < timedelta(days=30)


def test_those_who_were_introduced_write_to_each_other_within_a_month(village: Village):
    (introducer,) = (h.people[0] for h in village.truth if h.habit == "introducer")
    introductions = [
        letter
        for letter in village.letters
        if letter.author == introducer and len(letter.to) == 2 and not letter.references
    ]
    assert len(introductions) >= 10
    followed = 0
    for letter in introductions:
        days = exchanged(village, *letter.to)
        start = letter.sent_at.date()
        followed += any(timedelta(0) < day - start <= timedelta(days=30) for day in days)
    assert followed >= 0.8 * len(introductions)


def test_who_calls_only_in_need_was_silent_for_a_year_before(village: Village):
    (needy,) = (h.people[0] for h in village.truth if h.habit == "calls only in need")
    quiet, crisis = village.last - timedelta(days=400), village.last - timedelta(days=49)
    started = Counter(
        "crisis" if letter.sent_at.date() >= crisis else "quiet"
        for letter in village.letters
        if letter.author == needy and not letter.references and letter.sent_at.date() > quiet
    )
    assert started["crisis"] > 0.3 * started["quiet"]


def test_the_truth_stands_beside_the_files(folder: Path):
    written = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert {habit["habit"] for habit in written["habits"]} >= {"bridge", "giver", "introducer"}
