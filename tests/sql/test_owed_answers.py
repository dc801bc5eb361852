"""staging.owed_answers: whose questions one has left open for longer than is one's way.

Every case has people of its own, so that all of them are looked at in one world, at the end of
March 2024.
"""

from collections.abc import Iterator

import pytest

from tests.sql.conftest import World


class House(World):
    """A world of people whose mailboxes are read, each with a rhythm of their own."""

    def owner(self, name: str, hours: int | None = 5) -> str:
        """Somebody whose mailbox is read, and who answered three questions after so many hours.

        None: who left three questions open, of people who have not been heard of for long.
        """
        self.mail("2023-12-01", name, cc=[f"friend.{name}"], mailbox=name)
        for day in (3, 4, 5):
            asker = f"colleague.{name}.{day}"
            month = "03" if hours else "01"
            asked = self.mail(f"2024-{month}-0{day} 09:00", asker, to=[name])
            if hours:
                at = f"2024-03-0{day + (9 + hours) // 24} {(9 + hours) % 24:02d}:00"
                self.mail(at, name, to=[asker], answers=asked)
        return name


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    house = House()
    fill(house)
    house.until("2024-04-01")
    house.build("staging.owed_answers")
    yield house
    house.connection.close()


def fill(house: House) -> None:
    """All cases; the tests below tell them one by one."""
    house.mail("2024-03-12 00:00", "ann", to=[house.owner("bob")], key=1001)
    house.mail("2024-03-31 01:00", "ann", to=[house.owner("hasty")])
    slow = house.owner("slow", hours=30)
    house.mail("2024-03-29 12:01", "in.time", to=[slow])
    house.mail("2024-03-29 11:59", "too.late", to=[slow])
    silent = house.owner("silent", hours=None)
    house.mail("2024-03-25 12:00", "six.days", to=[silent])
    house.mail("2024-03-24 12:00", "seven.days", to=[silent])
    late = house.mail("2024-03-05", "ann", to=[house.owner("late")])
    house.mail("2024-03-20", "late", to=["ann"], answers=late)
    shared = house.mail("2024-03-05", "ann", to=[house.owner("relieved"), "other"])
    house.mail("2024-03-20", "other", to=["ann"], answers=shared)
    house.mail("2024-03-05", "ann", to=["other"], cc=[house.owner("copied")])
    house.mail("2024-03-05", "robot", [house.owner("warned")], automation_signs=["auto_submitted"])
    house.mail("2024-03-05", "three", to=[house.owner("chosen"), "p1", "p2"])
    house.mail("2024-03-05", "four", to=["chosen", "p1", "p2", "p3"])
    house.owner("middle")
    house.directory("boss")
    house.directory("head", manager_id="boss")
    house.directory("middle", manager_id="head")
    house.directory("report", manager_id="middle")
    house.directory("peer", manager_id="head")
    for asker in ("boss", "head", "report", "peer"):
        house.mail("2024-03-05", asker, to=["middle"])
    house.mail("2024-03-05", "ann", to=[house.owner("writer")])
    house.mail("2024-03-08", "writer", cc=["ann"])
    house.mail("2024-03-05", "ann", to=[house.owner("visitor")])
    house.meeting("2024-03-08 10:00", 30, "other", ["ann", "visitor"])
    house.mail("2024-03-04", house.owner("before"), cc=["ann"])
    house.mail("2024-03-05", "ann", to=["before"])
    house.mail("2024-03-05 10:00", "ann", to=[house.owner("twice")], key=2001)
    house.mail("2024-03-20 10:00", "ann", to=["twice"], key=2002)
    house.mail("2024-03-05 10:00", "ann", to=[house.owner("again")], key=3001)
    house.mail("2024-03-07 10:00", "ann", to=["again"], key=3002)
    house.mail("2024-03-05", "ann", to=["unread"])
    house.mail("2024-03-05", "ann", to=["newcomer"])
    house.mail("2024-03-06", "newcomer", cc=["friend"], mailbox="newcomer")


def owed(house: House, name: str, month: str = "2024-03") -> dict[str, object]:
    """Asker -> row, of what ``name`` owes."""
    names = {key: address.partition("@")[0] for address, key in house._keys.items()}
    rows = house.rows("staging.owed_answers", month=month, person_id=name)
    return {names[row.contact_id]: row for row in rows}


def test_a_question_of_weeks_ago_is_owed_an_answer(house):
    row = owed(house, "bob")["ann"]
    assert (row.question_count, row.waited_hours, row.usual_hours) == (1, 20 * 24, 5)
    assert row.events == "message:1001"
    assert row.strength == 0


def test_nothing_is_owed_within_a_day(house):
    """Twice five hours are over, but it was asked last night."""
    assert owed(house, "hasty") == {}


def test_whoever_takes_longer_owes_later(house):
    """Sixty hours before the end of March is noon of the 29th."""
    assert owed(house, "slow").keys() == {"too.late"}


def test_who_has_no_rhythm_owes_after_seven_days(house):
    found = owed(house, "silent")
    assert found.keys() == {"seven.days", *(f"colleague.silent.{day}" for day in (3, 4, 5))}
    assert found["seven.days"].usual_hours is None


def test_a_late_answer_is_an_answer(house):
    assert owed(house, "late") == {}


def test_nothing_is_owed_when_somebody_else_answered_however_late(house):
    assert owed(house, "relieved") == {}


def test_whoever_is_on_cc_was_not_asked(house):
    assert owed(house, "copied") == {}


def test_a_robot_is_owed_nothing(house):
    assert owed(house, "warned") == {}


def test_a_crowd_waits_for_nobody_in_particular(house):
    assert owed(house, "chosen").keys() == {"three"}


def test_what_is_asked_up_and_down_the_own_chain_is_work(house):
    assert owed(house, "middle").keys() == {"peer"}


def test_whoever_has_written_or_met_since_owes_nothing(house):
    assert owed(house, "writer") == {}
    assert owed(house, "visitor") == {}
    assert owed(house, "before").keys() == {"ann"}


def test_open_questions_of_one_person_are_one_row_the_newest_first(house):
    row = owed(house, "twice")["ann"]
    assert (row.question_count, row.events) == (2, "message:2002 message:2001")
    assert row.waited_hours == 11 * 24 + 14


def test_who_was_asked_again_was_asked_once(house):
    row = owed(house, "again")["ann"]
    assert (row.question_count, row.events) == (1, "message:3002")


def test_only_mailbox_owners_owe_and_only_since_their_mailbox_is_read(house):
    assert owed(house, "unread") == {}
    assert owed(house, "newcomer") == {}


def test_a_month_knows_only_what_came_before_its_end(house):
    assert owed(house, "silent", month="2024-01").keys() == {
        f"colleague.silent.{day}" for day in (3, 4, 5)
    }
    assert owed(house, "bob", month="2024-02") == {}
