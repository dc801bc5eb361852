"""staging.replies: which message each answer answers."""

import pytest


def parents(world):
    """Answer -> what it answers, and what says so."""
    world.build("staging.replies")
    return {
        row.message_key: (row.parent_key, row.found_by) for row in world.rows("staging.replies")
    }


def test_an_answer_answers_what_in_reply_to_names(world):
    first = world.mail("2024-01-10", "ann", to=["bob"])
    answer = world.mail("2024-01-11", "bob", to=["ann"], answers=first)
    assert parents(world) == {answer: (first, "in_reply_to")}
    row = world.row("staging.replies")
    assert (row.author_id, row.parent_author_id) == (world.key("bob"), world.key("ann"))
    assert (row.sent_at.day, row.parent_sent_at.day) == (11, 10)


def test_in_reply_to_is_believed_before_references(world):
    first = world.mail("2024-01-10", "ann", to=["bob"])
    second = world.mail("2024-01-11", "bob", to=["ann"], answers=first)
    answer = world.mail("2024-01-12", "ann", to=["bob"], answers=first, reference_keys=[second])
    assert parents(world)[answer] == (first, "in_reply_to")


def test_of_the_references_the_last_that_is_found_is_answered(world):
    first = world.mail("2024-01-10", "ann", to=["bob"])
    second = world.mail("2024-01-11", "bob", to=["ann"], answers=first)
    answer = world.mail("2024-01-12", "ann", to=["bob"], reference_keys=[first, second, 999])
    lost = world.mail("2024-01-12", "ann", to=["bob"], answers=998, reference_keys=[first, 997])
    found = parents(world)
    assert found[answer] == (second, "references")
    assert found[lost] == (first, "references")


def test_what_was_answered_may_lie_years_back(world):
    first = world.mail("2021-01-10", "ann", to=["bob"])
    answer = world.mail("2024-01-11", "bob", to=["ann"], answers=first)
    world.build("staging.messages")
    world.build("staging.replies", wanted=["2024-01"])
    row = world.row("staging.replies")
    assert (row.message_key, row.parent_key, f"{row.parent_month:%Y-%m}") == (
        answer,
        first,
        "2021-01",
    )


def test_without_headers_the_last_message_of_somebody_else_in_the_conversation_is_answered(world):
    world.mail("2024-01-10", "ann", to=["bob"], thread_key=7)
    second = world.mail("2024-01-11", "ann", to=["bob"], thread_key=7)
    third = world.mail("2024-01-12", "bob", to=["ann"], thread_key=7)
    fourth = world.mail("2024-01-13", "bob", to=["ann"], thread_key=7)
    fifth = world.mail("2024-01-14", "ann", to=["bob"], thread_key=7)
    found = parents(world)
    assert found == {
        third: (second, "thread"),
        fourth: (second, "thread"),
        fifth: (fourth, "thread"),
    }


def test_a_conversation_is_followed_over_the_months(world):
    first = world.mail("2023-11-10", "ann", to=["bob"], thread_key=7)
    answer = world.mail("2024-01-12", "bob", to=["ann"], thread_key=7)
    world.build("staging.messages")
    world.build("staging.replies", wanted=["2024-01"])
    row = world.row("staging.replies")
    assert (row.message_key, row.parent_key, row.found_by) == (answer, first, "thread")


def test_an_answer_to_something_lost_answers_the_last_of_its_thread_that_is_there(world):
    one = world.mail("2024-01-10", "ann", to=["bob"], answers=999)
    other = world.mail("2024-01-11", "bob", to=["ann"], answers=998, reference_keys=[999, 998])
    assert parents(world) == {other: (one, "thread")}


def test_an_answer_from_a_machine_is_none_and_is_never_answered_by_thread(world):
    first = world.mail("2024-01-10 09:00", "ann", to=["bob"], thread_key=7)
    away = ["auto_submitted"]
    world.mail("2024-01-10 09:01", "bob", to=["ann"], thread_key=7, automation_signs=away)
    answer = world.mail("2024-01-10 10:00", "bob", to=["ann"], thread_key=7)
    assert parents(world) == {answer: (first, "thread")}


def test_a_header_is_believed_against_a_clock_that_is_wrong(world):
    first = world.mail("2024-01-10 12:00", "ann", to=["bob"])
    answer = world.mail("2024-01-10 11:58", "bob", to=["ann"], answers=first)
    assert parents(world) == {answer: (first, "in_reply_to")}


def test_what_is_dated_after_the_month_is_not_known_in_it(world):
    first = world.mail("2024-02-01 00:01", "ann", to=["bob"])
    world.mail("2024-01-31 23:59", "bob", to=["ann"], answers=first)
    assert parents(world) == {}


def test_of_two_messages_that_name_each_other_the_later_one_answers(world):
    world.mail("2024-01-10 12:00", "ann", to=["bob"], key=71, answers=72)
    world.mail("2024-01-10 12:30", "bob", to=["ann"], key=72, answers=71)
    assert parents(world) == {72: (71, "in_reply_to")}


def test_nothing_answers_itself(world):
    world.mail("2024-01-10", "ann", to=["bob"], key=71, answers=71)
    assert parents(world) == {}


@pytest.mark.parametrize("second", [(80, 90), (90, 80)])
def test_a_header_decides_within_one_second_whatever_the_keys(world, second):
    first, answer = second
    world.mail("2024-01-10 12:00", "ann", to=["bob"], key=first)
    world.mail("2024-01-10 12:00", "bob", to=["ann"], key=answer, answers=first)
    assert parents(world) == {answer: (first, "in_reply_to")}


def test_one_month_finds_what_all_months_together_find(world):
    first = world.mail("2023-11-10", "ann", to=["bob"])
    second = world.mail("2023-12-10", "bob", to=["ann"], answers=first)
    world.mail("2024-01-10", "ann", to=["bob"], reference_keys=[first, second, 99])
    world.mail("2024-01-11", "bob", to=["ann"], answers=98, reference_keys=[97])
    world.build("staging.replies")
    together = world.contents("staging.replies")
    assert len(together) == 2
    for month in ("2024-01", "2023-11", "2023-12"):
        world.build("staging.replies", wanted=[month])
    assert world.contents("staging.replies") == together
