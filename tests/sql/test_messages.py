"""staging.messages and staging.recipients: one message out of many copies."""


def people(world, *names):
    return [world.key(name) for name in names]


def test_copies_in_two_mailboxes_are_one_message_and_the_fuller_one_is_believed(world):
    key = world.mail("2024-01-10", "ann", to=["bob"], mailbox="bob")
    world.mail("2024-01-10", "ann", to=["bob"], bcc=["cat"], mailbox="ann", key=key)
    world.build("staging.messages")
    assert world.row("staging.messages").address_count == 2
    assert {row.person_id: row.role for row in world.rows("staging.recipients")} == {
        world.key("bob"): "to",
        world.key("cat"): "bcc",
    }


def test_the_earliest_date_of_all_copies_dates_the_message(world):
    key = world.mail("2024-02-01 00:10", "ann", to=["bob"], mailbox="bob")
    world.mail("2024-01-31 23:50", "ann", to=["bob"], mailbox="ann", key=key)
    world.mail("2024-02-20", "ann", to=["bob"])
    world.build("staging.messages")
    assert [row.month.month for row in world.rows("staging.messages")] == [1, 2]


def test_a_copy_dated_before_1990_dates_nothing(world):
    key = world.mail("1970-01-01", "ann", to=["bob"], mailbox="bob")
    world.mail("2024-01-31", "ann", to=["bob"], mailbox="ann", key=key)
    world.mail("1970-01-01", "ann", to=["bob"])
    world.build("staging.messages")
    assert world.row("staging.messages").sent_at.year == 2024


def test_an_address_named_twice_counts_once_in_the_more_visible_role(world):
    world.mail("2024-01-10", "ann", to=["bob", "bob"], cc=["bob", "cat"], bcc=["cat", "dan"])
    world.build("staging.messages")
    assert world.row("staging.messages").address_count == 3
    assert {row.person_id: row.role for row in world.rows("staging.recipients")} == dict(
        zip(people(world, "bob", "cat", "dan"), ("to", "cc", "bcc"), strict=True)
    )


def test_nobody_is_a_recipient_of_their_own_message(world):
    world.mail("2024-01-10", "ann", to=["bob", "ann"])
    world.build("staging.recipients")
    assert world.row("staging.recipients").person_id == world.key("bob")


def test_the_author_that_a_list_wrote_over_is_the_author(world):
    world.mail("2024-01-10", "list@example.org", to=["bob"], original_author_key=world.key("ann"))
    world.build("staging.messages")
    assert world.row("staging.messages").author_id == world.key("ann")


def test_a_message_starts_a_thread_only_if_no_copy_names_an_earlier_one(world):
    first = world.mail("2024-01-10", "ann", to=["bob"])
    second = world.mail("2024-01-11", "bob", to=["ann"], mailbox="ann", answers=first)
    world.mail("2024-01-11", "bob", to=["ann"], mailbox="bob", key=second)
    world.build("staging.messages")
    assert {row.message_key: row.is_thread_start for row in world.rows("staging.messages")} == {
        first: True,
        second: False,
    }
    assert {row.thread_key for row in world.rows("staging.messages")} == {first}


def test_an_automatic_answer_is_automated_and_list_mail_is_not(world):
    away = world.mail("2024-01-10", "ann", to=["bob"], automation_signs=["auto_submitted"])
    news = world.mail("2024-01-10", "ann", to=["bob"], automation_signs=["list_unsubscribe"])
    post = world.mail(
        "2024-01-10",
        "ann",
        to=["bob", "list@example.org"],
        list_address_key=world.key("list@example.org"),
        automation_signs=["precedence_bulk", "list_id", "list_unsubscribe"],
    )
    world.build("staging.messages")
    assert {row.message_key: row.is_automated for row in world.rows("staging.messages")} == {
        away: True,
        news: True,
        post: False,
    }


def test_a_message_after_as_of_is_not_there_yet(world):
    world.mail("2024-01-10", "ann", to=["bob"])
    world.mail("2024-01-20", "ann", to=["bob"])
    world.execute("UPDATE raw.mailboxes SET provider = 'google', pulled_at = '2024-01-15 08:00Z'")
    world.build("staging.messages")
    assert world.row("staging.messages").sent_at.day == 10


def test_a_copy_dated_after_as_of_is_not_believed_yet(world):
    key = world.mail("2024-01-10", "ann", to=["bob"])
    world.mail("2024-01-20", "ann", to=["bob"], bcc=["cat"], mailbox="ann", key=key)
    world.execute("UPDATE raw.mailboxes SET provider = 'google', pulled_at = '2024-01-15 08:00Z'")
    world.build("staging.messages")
    assert world.row("staging.messages").address_count == 1


def test_without_headers_the_oldest_of_a_conversation_is_its_thread(world):
    first = world.mail("2024-01-10", "ann", to=["bob"], mailbox="bob", thread_key=7)
    second = world.mail("2024-02-11", "bob", to=["ann"], mailbox="bob", thread_key=7)
    world.mail("2024-02-11", "bob", to=["ann"], mailbox="ann", key=second)
    alone = world.mail("2024-02-12", "bob", to=["ann"], mailbox="bob", thread_key=8)
    world.build("staging.messages")
    rows = {row.message_key: row for row in world.rows("staging.messages")}
    assert {key: row.thread_key for key, row in rows.items()} == {
        first: first,
        second: first,
        alone: alone,
    }
    assert {key for key, row in rows.items() if row.is_thread_start} == {first, alone}


def test_headers_know_the_thread_better_than_the_provider(world):
    first = world.mail("2024-01-10", "ann", to=["bob"], thread_key=7)
    other = world.mail("2024-01-11", "cat", to=["bob"], thread_key=7)
    answer = world.mail("2024-01-12", "bob", to=["cat"], thread_key=7, answers=other)
    world.build("staging.messages")
    threads = {row.message_key: row.thread_key for row in world.rows("staging.messages")}
    assert threads == {first: first, other: first, answer: other}
