"""metrics.openings: what a person could do next, why, and which events say so.

One world for all kinds, looked at from ann's mailbox at the end of March 2024; what makes a
candidate of each kind is tested with its own table.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import pytest

from pipelines.why import tie
from tests.sql.conftest import World

IVY, JON, KIM = "ivy@law.example", "jon@wood.example", "kim@wood.example"


def days(first: str, last: str, step: int = 1) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [f"{start + timedelta(n)}" for n in range(0, (end - start).days + 1, step)]


def talk(world: World, one: str, other: str, on: Iterable[str], **columns: object) -> None:
    """On each day the one asks at nine and the other answers two hours later."""
    for day in on:
        asked = world.mail(f"{day} 09:00", one, to=[other], **columns)
        world.mail(f"{day} 11:00", other, to=[one], answers=asked, **columns)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Three years are too long here: silent for five months is dormant."""
    world = World()
    world.parameters(dormant_days=150, min_group_size=2)
    # Both mailboxes know what is new in 2024.
    talk(world, "ann", "dora", days("2023-07-03", "2023-07-10"), mailbox="ann")
    world.mail("2023-07-03", "zed", cc=["gina"], mailbox="zed")
    # Every day has contact, so that ann's active days are days.
    talk(world, "zed", "ann", days("2024-01-01", "2024-03-31"))
    talk(world, "fred", "ann", days("2024-01-01", "2024-03-10", step=3))
    talk(world, "gina", "ann", days("2024-01-01", "2024-03-10", step=3))
    talk(world, "zed", "gina", days("2024-01-01", "2024-03-31", step=3))
    talk(world, "hugo", "ann", ["2023-12-31", "2024-01-25"])
    for one, other in ((IVY, JON), (JON, KIM), (KIM, IVY)):
        talk(world, one, other, days("2024-01-01", "2024-03-31", step=5))
    talk(world, IVY, "ann", days("2024-01-02", "2024-03-31", step=10))
    for name in ("ann", "zed", "gina"):
        world.mail("2024-03-10", "owen", to=[name])
    for number in range(6):
        world.mail(f"2024-03-1{number}", f"stranger{number}", to=["ann"])
    world.until("2024-04-01")
    world.build("metrics.openings", "metrics.months")
    yield world
    world.connection.close()


def openings(world: World, kind: str, name: str = "ann") -> list[tuple]:
    """(whom, and whom else, group, reason) of each, in their order."""
    names = {key: address.removesuffix("@example.org") for address, key in world._keys.items()}
    rows = world.rows("metrics.openings", month="2024-03", person_id=name, kind=kind)
    rows.sort(key=lambda row: row.rank)
    assert [row.rank for row in rows] == list(range(1, len(rows) + 1))
    return [
        (names[row.contact_id], names.get(row.second_id), row.group_name, row.reason)
        for row in rows
    ]


def test_an_answer_is_owed(world):
    """To no more than five, and of equal ties to those with the smaller ids."""
    found = openings(world, "answer_owed")
    assert [whom for whom, *_ in found] == ["owen", *(f"stranger{n}" for n in range(4))]
    assert found[0][3] == (
        "One question is open for 21 days; half of all questions are answered within 2 hours"
    )


def test_two_could_be_introduced(world):
    """Zed and ivy, whom ann knows from two circles; of zed and dora nothing is known any more."""
    ((whom, other, group, reason), *_) = openings(world, "introduction_you_could_make")
    assert (whom, other, group) == ("zed", IVY, None)
    assert reason == (
        "In contact with the one on 90 and with the other on 9 of the last 90 days; they belong to "
        "different communities, and no contact between them is known"
    )


def test_a_strong_tie_that_fades_is_worth_tending_where_little_is_shared(world):
    """Gina fades like fred, but she knows zed, whom ann knows."""
    (row,) = world.rows("metrics.tie_strength", month="2024-03", person_id="ann", contact_id="gina")
    assert (row.state, row.overlap) == ("fading", 0.25)
    assert openings(world, "tie_worth_tending") == [
        (
            "fred",
            None,
            None,
            "In contact every 3 active days before, not for 21 now; 0 % of all contacts are shared",
        )
    ]


def test_what_fades_and_was_never_strong_is_not(world):
    (row,) = world.rows("metrics.tie_strength", month="2024-03", person_id="ann", contact_id="hugo")
    assert row.state == "fading"
    assert 0.5 < row.strength < 1


def test_a_dormant_tie_is_worth_a_call_where_little_is_shared_today(world):
    assert openings(world, "dormant_but_worth_it") == [
        (
            "dora",
            None,
            None,
            "In contact on 8 days before, not for 8 months now; "
            "0 % of all contacts are shared today",
        )
    ]


def test_a_group_that_only_a_contact_knows_is_a_new_direction(world):
    """Ann knows five people in this window: zed, fred, gina, hugo and ivy."""
    assert openings(world, "new_direction") == [
        (
            IVY,
            None,
            "wood.example",
            "None of 5 contacts belongs to this group of 2 people; this contact knows 2 of them",
        )
    ]


def test_only_who_owns_a_mailbox_is_told_anything(world):
    """Owen asked gina, too."""
    people = {row.person_id for row in world.rows("metrics.openings")}
    assert people == {world.key("ann"), world.key("zed")}


def test_every_opening_names_events_in_which_the_person_took_part(world):
    rows = world.rows("metrics.openings")
    kinds = {row.kind: row for row in rows if row.person_id == world.key("ann")}
    assert len(kinds) == 5
    for row in rows:
        with_whom = [row.contact_id, row.second_id] if row.second_id else [row.contact_id]
        events = row.events.split(" ")
        for event, other in zip(events, with_whom, strict=False):
            sort, _, key = event.partition(":")
            assert sort == "message"
            found = world.execute(
                "SELECT count(*) FROM staging.contacts WHERE event_id = ? AND contact_at < "
                "(SELECT as_of FROM staging.months WHERE month = ?) "
                "AND [from_person_id, to_person_id] IN ([?, ?], [?, ?])",
                [int(key), row.month, row.person_id, other, other, row.person_id],
            )
            assert found == [(1,)]
        assert len(events) == len(with_whom)


def test_who_is_owed_an_answer_is_not_to_be_tended_besides(new_world):
    """Bob's last question is open, and by Ann's days the tie with him fades."""
    other = new_world()
    talk(other, "ann", "bob", days("2024-01-01", "2024-03-10", step=2), mailbox="ann")
    talk(other, "ann", "cat", days("2024-01-01", "2024-03-31"), mailbox="ann")
    other.until("2024-04-01")
    other.build("metrics.openings")
    assert [whom for whom, *_ in openings(other, "tie_worth_tending")] == ["bob"]
    other.mail("2024-03-10 15:00", "bob", to=["ann"], mailbox="ann")
    other.build("metrics.openings")
    assert [whom for whom, *_ in openings(other, "answer_owed")] == ["bob"]
    assert openings(other, "tie_worth_tending") == []


def test_hours_are_rounded_half_up(new_world):
    """Ann answers half of all within 8.1 hours."""
    other = new_world()
    for day in days("2024-02-01", "2024-02-20"):
        asked = other.mail(f"{day} 09:00", "bob", to=["ann"], mailbox="ann")
        other.mail(f"{day} 17:06", "ann", to=["bob"], answers=asked, mailbox="ann")
    other.mail("2024-03-10", "cat", to=["ann"], mailbox="ann")
    other.until("2024-04-01")
    other.build("metrics.openings")
    ((*_, reason),) = openings(other, "answer_owed")
    assert reason.endswith("half of all questions are answered within 8 hours")


def test_the_last_contact_is_the_event_of_a_tie(world):
    (row,) = world.rows(
        "metrics.openings", month="2024-03", person_id="ann", kind="tie_worth_tending"
    )
    ((sent_at,),) = world.execute(
        "SELECT sent_at FROM staging.messages WHERE 'message:' || message_key = ?", [row.events]
    )
    assert f"{sent_at:%Y-%m-%d %H}" == "2024-03-10 11"


def test_a_meeting_is_an_event_too(new_world):
    other = new_world()
    other.mail("2024-03-01", "ann", cc=["bob"], mailbox="ann")
    other.given(
        "metrics.tie_strength",
        [
            {
                "month": "2024-03-01",
                "person_id": other.key("ann"),
                "contact_id": other.key("bob"),
                "strength": 2.0,
                "share": 1.0,
                "usual_gap_days": 1.2,
                "silence_days": 9,
                "state": "fading",
                "last_contact_at": "2024-03-10 10:00:00+00",
            }
        ],
    )
    other.meeting("2024-03-10 10:00", 30, "ann", ["bob"], key=42)
    other.until("2024-04-01")
    other.build("metrics.openings")
    row = other.row("metrics.openings", kind="tie_worth_tending")
    assert row.events == "meeting:42"
    assert row.reason == (
        "In contact every active day before, not for 9 now; 0 % of all contacts are shared"
    )


def test_kith_why_lists_the_events_of_every_opening_by_the_same_ids(world):
    """The page names them beside the `kith why` that lists them: of one contact or of two."""
    found = world.rows("metrics.openings")
    assert len({row.kind for row in found}) == 5
    for row in found:
        listed = {
            contact.event_id
            for other in (row.contact_id, row.second_id)
            if other is not None
            for contact in tie(world.connection, row.person_id, other, row.month).contacts
        }
        assert set(row.events.split()) <= listed
