"""metrics.giving and what it rests on: giving, answering, reaching out, calling only in need."""

from itertools import count
from types import SimpleNamespace

import pytest

# Messages that nobody has: what answers one of them begins no thread.
lost = count(10**6)


def ask(world, day, asker, person, hours=None):
    """A question at nine on ``day``, answered ``hours`` later."""
    first = world.mail(f"{day} 09:00", asker, to=[person])
    if hours:
        world.mail(f"{day} {9 + hours:02d}:00", person, to=[asker], answers=first)
    return first


def giving(world, person, month="2024-01", *, until="2024-02-01"):
    world.until(until)
    world.build("metrics.giving")
    return world.row("metrics.giving", month=month, person_id=person)


@pytest.fixture
def settled(world):
    """A world whose mailbox has been read since 2022: ann, bob, cat and dan know each other."""
    friends = ["ann", "bob", "cat", "dan"]
    for one in friends:
        others = [name for name in friends if name != one]
        world.mail("2022-01-10", one, cc=others, answers=next(lost))
    return world


def test_mail_reciprocity_is_what_comes_back_of_all_mail_given(world):
    """Ann gives 3 to bob and 1 to cat; 1 and 2 come back: (1 + 1) / 4."""
    for sender, to, messages in (
        ("ann", "bob", 3),
        ("ann", "cat", 1),
        ("bob", "ann", 1),
        ("cat", "ann", 2),
    ):
        for _ in range(messages):
            world.mail("2024-01-31", sender, to=[to])
    assert giving(world, "ann").mail_reciprocity == pytest.approx(0.5)
    assert giving(world, "cat").mail_reciprocity == pytest.approx(0.5)


def test_mail_that_nobody_answered_weighs_on_when_it_has_left_the_window(world):
    """Ten letters of January 2 without an answer have no row of tie_strength in May."""
    strangers = [f"stranger {number}" for number in range(10)]
    for stranger in strangers:
        world.mail("2024-01-02", "ann", to=[stranger])
    for sender, to in (("ann", "cat"), ("cat", "ann")):
        world.mail("2024-03-31", sender, to=[to])
    # Up to May 1 both letters to and from Cat are 31 days old, those to the strangers 120.
    mutual, unanswered = 2 ** (-31 / 60), 10 * 2 ** (-120 / 60)
    found = giving(world, "ann", "2024-04", until="2024-05-01")
    assert found.mail_reciprocity == pytest.approx(mutual / (mutual + unanswered))
    rows = world.rows("metrics.tie_strength", person_id="ann", contact_id=strangers[0])
    assert [row.month.month for row in rows] == [1, 2, 3]


def test_who_gives_no_mail_has_no_mail_reciprocity(world):
    world.mail("2024-01-31", "ann", to=["bob"])
    assert giving(world, "bob").mail_reciprocity is None


def test_answers_to_openings_are_given_and_received(settled):
    for day in ("02", "03", "04"):
        ask(settled, f"2024-01-{day}", "bob", "ann", 2)
    ask(settled, "2024-01-05", "ann", "cat", 4)
    ask(settled, "2024-01-08", "dan", "ann")
    row = giving(settled, "ann")
    assert (row.given_count, row.received_count, row.giving_share) == (3, 1, 0.75)
    assert (row.asked_count, row.answered_count, row.answer_rate) == (4, 3, 0.75)
    assert row.answer_median_hours == 2
    assert giving(settled, "bob").giving_share == 0


def test_more_outflow_is_not_more_giving(settled):
    for day in range(10, 28):
        settled.mail(f"2024-01-{day}", "ann", to=["bob"], answers=next(lost))
    row = giving(settled, "ann")
    assert (row.given_count, row.received_count, row.giving_share) == (0, 0, None)


def test_an_answer_to_a_stranger_is_a_gift_and_counts_once(settled):
    """Eve, unknown to ann, writes to bob; ann answers. Fay, as unknown, asks ann herself."""
    first = settled.mail("2024-01-10 09:00", "eve", to=["bob"], answers=next(lost))
    settled.mail("2024-01-10 10:00", "ann", to=["eve"], answers=first)
    second = settled.mail("2024-01-11 09:00", "fay", to=["ann"])
    settled.mail("2024-01-11 10:00", "ann", to=["fay"], answers=second)
    row = giving(settled, "ann")
    assert (row.stranger_answers_given_count, row.answered_count, row.given_count) == (1, 1, 2)
    assert giving(settled, "eve").stranger_answers_received_count == 1
    assert giving(settled, "fay").stranger_answers_received_count == 0
    found = {row.contact_id: row.is_opening for row in settled.rows("staging.stranger_answers")}
    assert found == {settled.key("eve"): False, settled.key("fay"): True}


def test_whoever_had_any_contact_before_is_no_stranger(settled):
    settled.mail("2023-12-10", "ann", cc=["eve"])
    first = settled.mail("2024-01-10 09:00", "eve", to=["bob"], answers=next(lost))
    settled.mail("2024-01-10 10:00", "ann", to=["eve"], answers=first)
    assert giving(settled, "ann").stranger_answers_given_count == 0


def test_the_second_answer_to_a_stranger_is_an_answer_to_an_acquaintance(settled):
    first = settled.mail("2024-01-10 09:00", "eve", to=["bob"], answers=next(lost))
    settled.mail("2024-01-10 10:00", "ann", to=["eve"], answers=first)
    second = settled.mail("2024-01-12 09:00", "eve", to=["bob"], answers=next(lost))
    settled.mail("2024-01-12 10:00", "ann", to=["eve"], answers=second)
    assert giving(settled, "ann").stranger_answers_given_count == 1


def test_introductions_are_given_by_one_and_received_by_two(settled):
    settled.mail("2022-01-10", "zoe", to=["bob"], mailbox="bob")
    settled.mail("2024-01-03", "ann", to=["bob", "eve"], answers=next(lost))
    settled.mail("2024-01-20", "bob", to=["eve"], answers=next(lost))
    assert giving(settled, "ann").introductions_made_count == 1
    assert giving(settled, "ann").given_count == 1
    assert giving(settled, "bob").introductions_received_count == 1
    assert giving(settled, "eve").introductions_received_count == 1
    assert giving(settled, "eve").giving_share == 0
    settled.mail("2024-06-10", "ann", to=["bob"])
    assert giving(settled, "ann", "2024-06", until="2024-07-01").introductions_made_count == 0


def test_what_needs_a_past_is_unknown_while_the_mailbox_is_young(world):
    ask(world, "2024-01-03", "bob", "ann", 2)
    row = giving(world, "ann")
    assert (row.asked_count, row.answer_rate) == (1, 1)
    unknown = (row.given_count, row.giving_share, row.introductions_made_count)
    assert unknown == (None, None, None)
    assert (row.stranger_answers_given_count, row.new_people_reached_count) == (None, None)
    assert (row.revived_count, row.surge) == (None, None)


def test_the_initiation_share_is_of_all_threads_begun(settled):
    for day in ("02", "03", "04"):
        ask(settled, f"2024-01-{day}", "ann", "bob")
    ask(settled, "2024-01-05", "cat", "ann")
    row = giving(settled, "ann")
    assert (row.started_count, row.initiation_share) == (3, 0.75)


@pytest.fixture
def house(settled):
    """Ann leads bob, bob leads cat and dan; eve is outside."""
    settled.directory("ann", valid_from="2021-01-01")
    settled.directory("bob", valid_from="2021-01-01", manager_id="ann")
    settled.directory("cat", valid_from="2021-01-01", manager_id="bob")
    settled.directory("dan", valid_from="2021-01-01", manager_id="bob")
    return settled


def test_threads_are_begun_upwards_level_and_downwards(house):
    for day, contact in enumerate(("ann", "bob", "bob", "dan", "eve"), 10):
        ask(house, f"2024-01-{day}", "cat", contact)
    ask(house, "2024-01-20", "bob", "cat")
    row = giving(house, "cat")
    assert row.started_count == 5
    counts = (row.initiated_up_count, row.initiated_level_count, row.initiated_down_count)
    assert counts == (3, 1, 0)
    assert giving(house, "bob").initiated_down_count == 1
    assert giving(house, "eve").initiated_up_count is None


def test_answers_upwards_and_downwards_are_told_apart(house):
    ask(house, "2024-01-10", "ann", "bob", 2)
    ask(house, "2024-01-10", "cat", "bob", 3)
    ask(house, "2024-01-11", "dan", "bob")
    row = giving(house, "bob")
    assert (row.answer_up_rate, row.answer_level_rate, row.answer_down_rate) == (1, None, 0.5)


def test_what_passes_in_the_own_manager_chain_is_no_gift(house):
    """Ann, the head, asks cat; cat asks bob, her manager; dan, as high as cat, asks her, too."""
    ask(house, "2024-01-10", "ann", "cat", 2)
    ask(house, "2024-01-11", "cat", "bob", 3)
    ask(house, "2024-01-12", "dan", "cat", 1)
    row = giving(house, "cat")
    assert (row.asked_count, row.answered_count) == (2, 2)
    assert (row.answers_given_count, row.answers_received_count) == (1, 0)
    assert (row.given_count, row.received_count, row.giving_share) == (1, 0, 1)
    assert giving(house, "bob").giving_share is None


def test_new_people_are_reached_when_they_turn_to_the_one_who_wrote_first(settled):
    settled.mail("2024-01-10", "ann", to=["eve"])
    settled.mail("2024-01-11", "eve", to=["ann"])
    settled.mail("2024-01-10", "ann", to=["fay"])
    settled.mail("2024-01-10", "gil", to=["ann"])
    settled.mail("2024-01-11", "ann", to=["gil"])
    settled.mail("2024-01-12", "ann", to=["bob"])
    assert giving(settled, "ann").new_people_reached_count == 1
    assert giving(settled, "gil").new_people_reached_count == 1
    assert giving(settled, "eve").new_people_reached_count == 0


def test_tended_are_the_strongest_ties_to_which_one_began_a_thread(settled):
    """Two messages to either make both ties strong; ann began a thread with bob alone."""
    settled.parameters(tended_tie_count=2)
    for contact in ("bob", "cat"):
        for _ in range(3):
            settled.mail("2024-01-30", contact, to=["ann"])
            settled.mail("2024-01-30", "ann", to=[contact], answers=next(lost))
    settled.mail("2024-01-31", "ann", to=["bob"])
    assert giving(settled, "ann").tended_share == 0.5


def surges(world, calls, month="2024-01"):
    """The row of a person (1) who called so many ties in each month from ``calls``."""
    world.months("2022-06", 30)
    world.given(
        "staging.revivals",
        [
            {"month": f"{at}-01", "person_id": 1, "contact_id": 100 + n, "state_before": "fading"}
            for at, called in calls.items()
            for n in range(called)
        ],
    )
    world.build("staging.surges")
    rows = [row for row in world.rows("staging.surges", month=month) if row.person_id == 1]
    return rows[0] if rows else SimpleNamespace(called_count=0, usual_count=0)


def test_what_is_usual_is_the_median_of_the_twelve_months_before(world):
    """1 to 12 in the months of 2023: 6.5."""
    calls = {f"2023-{number:02d}": number for number in range(1, 13)} | {"2024-01": 9}
    row = surges(world, calls)
    assert (row.called_count, row.usual_count) == (9, 6.5)


def test_months_without_a_call_are_months_too(world):
    """Seven of twelve months have four calls, five none: 4; with six of twelve: 2."""
    months = [f"2023-{number:02d}" for number in range(1, 13)]
    assert surges(world, dict.fromkeys(months[:7], 4)).usual_count == 4
    assert surges(world, dict.fromkeys(months[:6], 4)).usual_count == 2
    assert surges(world, dict.fromkeys(months[:5], 4)).usual_count == 0


def test_what_lies_more_than_a_year_back_is_not_usual(world):
    months = [f"2022-{number:02d}" for number in range(6, 13)]
    assert surges(world, dict.fromkeys(months, 4)).usual_count == 0


def test_a_silent_tie_that_is_called_is_a_revival(settled):
    """Bob was strong until 2022; in 2024 ann calls him, and cat, whom she calls every week."""
    for day in range(10, 28):
        settled.mail(f"2022-02-{day}", "ann", to=["bob"])
        settled.mail(f"2022-02-{day}", "bob", to=["ann"])
    for month in range(8, 13):
        for day in (1, 8, 15, 22, 28):
            settled.mail(f"2023-{month:02d}-{day:02d}", "ann", to=["cat"])
            settled.mail(f"2023-{month:02d}-{day:02d}", "cat", to=["ann"])
    settled.mail("2024-01-10", "ann", to=["bob"])
    settled.mail("2024-01-10", "ann", to=["cat"])
    settled.mail("2024-01-11", "bob", to=["ann"], answers=next(lost))
    row = giving(settled, "ann")
    assert (row.revived_count, row.surge) == (1, 1)
    found = settled.row("staging.revivals", month="2024-01")
    assert (found.contact_id, found.state_before) == (settled.key("bob"), "lapsed")
    assert giving(settled, "bob").revived_count == 0
