"""staging.questions: what became of each question that one person opened to another."""

HOUR = 3_600_000_000
DAY = 24 * HOUR


def outcomes(world, until="2024-03-01"):
    """(message, person) -> (outcome, wait in hours); of those whose days are over."""
    world.until(until)
    world.build("staging.questions")
    return {
        (row.message_key, row.person_id): (
            row.outcome,
            row.wait_microseconds and row.wait_microseconds / HOUR,
        )
        for row in world.rows("staging.questions")
        if row.is_due
    }


def test_an_opening_is_answered_when_the_person_replies_to_it(world):
    first = world.mail("2024-01-10 09:00", "ann", to=["bob"])
    world.mail("2024-01-10 12:00", "bob", to=["ann"], answers=first)
    assert outcomes(world) == {(first, world.key("bob")): ("answered", 3)}


def test_a_reply_to_another_message_of_the_thread_is_an_answer_too(world):
    first = world.mail("2024-01-10 09:00", "ann", to=["bob"], cc=["cat"])
    other = world.mail("2024-01-10 10:00", "cat", to=["ann"], cc=["bob"], answers=first)
    chain = [first, other]
    world.mail("2024-01-10 14:00", "bob", to=["cat"], answers=other, reference_keys=chain)
    assert outcomes(world)[first, world.key("bob")] == ("answered", 5)


def test_a_reply_after_more_than_seven_days_is_no_answer(world):
    first = world.mail("2024-01-10 09:00", "ann", to=["bob"])
    second = world.mail("2024-01-10 09:00", "ann", to=["cat"])
    world.mail("2024-01-17 09:00", "bob", to=["ann"], answers=first)
    world.mail("2024-01-17 09:01", "cat", to=["ann"], answers=second)
    assert outcomes(world) == {
        (first, world.key("bob")): ("answered", 7 * 24),
        (second, world.key("cat")): ("unanswered", 7 * 24),
    }


def test_only_a_message_to_a_person_that_names_no_earlier_one_opens(world):
    first = world.mail("2024-01-10", "ann", to=["bob"], cc=["cat"], bcc=["dan"])
    world.mail("2024-01-11", "ann", to=["bob"], answers=first)
    world.mail("2024-01-12", "ann", to=["bob"], answers=999)
    world.mail("2024-01-13", "ann", to=[f"p{n}" for n in range(30)])
    assert outcomes(world) == {(first, world.key("bob")): ("unanswered", 7 * 24)}


def test_an_answer_out_of_office_leaves_the_question_open(world):
    first = world.mail("2024-01-10 09:00", "ann", to=["bob"])
    away = ["auto_submitted"]
    world.mail("2024-01-10 09:01", "bob", to=["ann"], answers=first, automation_signs=away)
    assert outcomes(world) == {(first, world.key("bob")): ("unanswered", 7 * 24)}


def test_when_one_of_several_answers_the_silent_are_relieved_at_that_moment(world):
    first = world.mail("2024-01-10 09:00", "ann", to=["bob", "cat", "dan"])
    world.mail("2024-01-10 11:00", "bob", to=["ann"], answers=first)
    world.mail("2024-01-10 15:00", "cat", to=["ann"], answers=first)
    assert outcomes(world) == {
        (first, world.key("bob")): ("answered", 2),
        (first, world.key("cat")): ("answered", 6),
        (first, world.key("dan")): ("relieved", 2),
    }


def test_the_asker_cannot_relieve_anybody(world):
    first = world.mail("2024-01-10 09:00", "ann", to=["bob", "cat"])
    world.mail("2024-01-10 11:00", "ann", to=["bob", "cat"], answers=first)
    assert {outcome for outcome, _ in outcomes(world).values()} == {"unanswered"}


def test_who_is_asked_again_in_silence_was_asked_once(world):
    """Monday and Tuesday: Tuesday's is the question."""
    monday = world.mail("2024-01-08 09:00", "ann", to=["bob"])
    tuesday = world.mail("2024-01-09 09:00", "ann", to=["bob"])
    assert outcomes(world) == {
        (monday, world.key("bob")): ("superseded", None),
        (tuesday, world.key("bob")): ("unanswered", 7 * 24),
    }


def test_an_answered_message_of_a_run_was_asked(world):
    monday = world.mail("2024-01-08 09:00", "ann", to=["bob"])
    tuesday = world.mail("2024-01-09 09:00", "ann", to=["bob"])
    world.mail("2024-01-10 09:00", "bob", to=["ann"], answers=monday)
    assert outcomes(world) == {
        (monday, world.key("bob")): ("answered", 48),
        (tuesday, world.key("bob")): ("unanswered", 7 * 24),
    }


def test_a_word_of_the_person_ends_the_run(world):
    monday = world.mail("2024-01-08 09:00", "ann", to=["bob"])
    world.mail("2024-01-08 15:00", "bob", cc=["ann"], answers=999)
    tuesday = world.mail("2024-01-09 09:00", "ann", to=["bob"])
    found = outcomes(world)
    assert found[monday, world.key("bob")] == ("unanswered", 7 * 24)
    assert found[tuesday, world.key("bob")] == ("unanswered", 7 * 24)


def test_what_is_asked_after_the_seven_days_supersedes_nothing(world):
    first = world.mail("2024-01-08 09:00", "ann", to=["bob"])
    second = world.mail("2024-01-15 09:01", "ann", to=["bob"])
    assert {key: outcome for (key, _), (outcome, _) in outcomes(world).items()} == {
        first: "unanswered",
        second: "unanswered",
    }


def test_a_question_to_others_supersedes_nothing(world):
    first = world.mail("2024-01-08 09:00", "ann", to=["bob"])
    world.mail("2024-01-09 09:00", "ann", to=["cat"])
    assert outcomes(world)[first, world.key("bob")] == ("unanswered", 7 * 24)


def test_each_opening_is_due_in_one_month_and_young_in_at_most_one(world):
    world.months("2023-12", 4)
    january = world.mail("2024-01-10", "ann", to=["bob"])
    late = world.mail("2024-01-28 12:00", "ann", to=["cat"])
    world.mail("2024-02-02 12:00", "cat", to=["ann"], answers=late)
    world.build("staging.questions")
    rows = world.rows("staging.questions")
    assert [(f"{row.month:%m}", row.message_key, row.is_due, row.outcome) for row in rows] == [
        ("01", january, True, "unanswered"),
        ("01", late, False, "unanswered"),
        ("02", late, True, "answered"),
    ]
    assert rows[1].wait_microseconds == 3.5 * DAY
    assert rows[2].wait_microseconds == 5 * DAY


def test_the_running_month_knows_what_came_before_its_end(world):
    first = world.mail("2024-01-09 12:00", "ann", to=["bob"])
    second = world.mail("2024-01-11 12:00", "ann", to=["cat"])
    world.mail("2024-01-17 12:00", "bob", to=["ann"], answers=first)
    world.mail("2024-01-17 12:00", "cat", to=["ann"], answers=second)
    world.execute("UPDATE raw.mailboxes SET provider = 'google', pulled_at = '2024-01-17 08:00Z'")
    world.build("staging.questions")
    rows = {row.message_key: row for row in world.rows("staging.questions")}
    assert (rows[first].is_due, rows[first].outcome) == (True, "unanswered")
    assert (rows[second].is_due, rows[second].outcome) == (False, "unanswered")
    assert rows[second].wait_microseconds == 5.5 * DAY


def test_an_answer_by_a_wrong_clock_takes_no_time(world):
    first = world.mail("2024-01-10 12:00", "ann", to=["bob"])
    world.mail("2024-01-10 11:58", "bob", to=["ann"], answers=first)
    assert outcomes(world) == {(first, world.key("bob")): ("answered", 0)}
