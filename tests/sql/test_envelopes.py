"""staging.misnamed_copies, conversations and envelopes: which copies are one message."""

import pytest


def file_in(world, folder, mailbox="archive"):
    """Put the message that was made last into a folder."""
    message_id = f"message {world._count}"
    world.insert("raw.message_folders", mailbox_id=mailbox, folder_id=folder, message_id=message_id)


def envelopes(world, wanted=None):
    world.build("staging.envelopes", wanted=wanted)
    return world.rows("staging.envelopes")


def copy_counts(world):
    """message_key -> copies."""
    return {row.message_key: row.copy_count for row in envelopes(world)}


# Which copies are one message: misnamed_copies


def test_the_same_content_in_two_folders_is_one_message_whatever_its_ids(world):
    sent = world.mail("2024-01-10 09:00", "ann", to=["bob"])
    file_in(world, "sent")
    world.mail("2024-01-10 09:00", "ann", to=["bob"])
    file_in(world, "all")
    assert copy_counts(world) == {sent: 2}
    assert world.row("staging.misnamed_copies").rule == "same_content"


def test_the_same_content_in_two_mailboxes_is_one_message(world):
    sent = world.mail("2024-01-10 09:00", "ann", to=["bob"], mailbox="ann")
    world.mail("2024-01-10 09:00", "ann", to=["bob"], mailbox="bob")
    assert copy_counts(world) == {sent: 2}


def test_patches_of_one_second_in_one_folder_stay_apart(world):
    for _ in range(3):
        world.mail("2024-01-10 09:00", "ann", to=["bob"])
        file_in(world, "inbox")
    assert copy_counts(world) == {1: 1, 2: 1, 3: 1}
    assert world.rows("staging.misnamed_copies") == []


def test_the_nth_of_one_folder_is_a_copy_of_the_nth_of_another(world):
    """Ids 1, 2, 3 in one folder and 4, 5 in another: 1 = 4, 2 = 5, and 3 is alone."""
    for folder, count in (("one", 3), ("other", 2)):
        for _ in range(count):
            world.mail("2024-01-10 09:00", "ann", to=["bob"])
            file_in(world, folder)
    assert copy_counts(world) == {1: 2, 2: 2, 3: 1}


@pytest.mark.parametrize(
    "other",
    [
        {"at": "2024-01-10 09:01"},
        {"sender": "cat"},
        {"to": ["bob", "cat"]},
        {"answers": 99},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_differs_in_second_author_audience_or_parent_is_another_message(world, other):
    same = {"at": "2024-01-10 09:00", "sender": "ann", "to": ["bob"]}
    for folder, row in (("one", same), ("other", same | other)):
        world.mail(**row)
        file_in(world, folder)
    assert copy_counts(world) == {1: 1, 2: 1}


def test_one_id_for_two_authors_is_two_messages(world):
    key = world.mail("2024-01-10 09:00", "ann", to=["bob"])
    world.mail("2024-01-10 09:05", "cat", to=["bob"], key=key)
    assert sorted(copy_counts(world).values()) == [1, 1]
    assert world.row("staging.misnamed_copies").rule == "same_id"
    assert {row.author_key for row in envelopes(world)} == {world.key("ann"), world.key("cat")}


def test_one_id_for_recipients_without_anybody_in_common_is_two_messages(world):
    key = world.mail("2024-01-10 09:00", "ann", to=["bob"])
    world.mail("2024-01-10 09:00", "ann", to=["cat"], key=key)
    assert sorted(copy_counts(world).values()) == [1, 1]


def test_a_copy_that_names_fewer_but_one_in_common_is_the_same_message(world):
    key = world.mail("2024-01-10 09:00", "ann", to=["bob", "cat"], mailbox="ann")
    world.mail("2024-01-10 09:00", "ann", to=["bob"], mailbox="bob", key=key)
    assert copy_counts(world) == {key: 2}
    assert envelopes(world)[0].address_count == 2


@pytest.mark.parametrize(("day", "messages"), [("2024-01-15", 1), ("2024-01-16", 2)])
def test_copies_further_apart_than_copy_days_are_two_messages(world, day, messages):
    key = world.mail("2024-01-10 09:00", "ann", to=["bob"])
    world.mail(f"{day} 09:00", "ann", to=["bob"], key=key)
    assert len(envelopes(world)) == messages


@pytest.mark.parametrize(("day", "messages"), [("2024-02-04", 0), ("2024-02-05", 1)])
def test_a_month_computed_alone_knows_what_earlier_months_hold_a_copy_of(world, day, messages):
    key = world.mail("2024-01-30 09:00", "ann", to=["bob"])
    world.mail(f"{day} 09:00", "ann", to=["bob"], key=key)
    assert len(envelopes(world, ["2024-02"])) == messages


def test_a_stray_id_used_again_and_again_makes_one_message_for_each_burst(world):
    """The 10th is believed; the 20th and its copy of the 21st are one more, the 30th a third."""
    key = world.mail("2024-01-10", "ann", to=["bob"])
    for day in ("2024-01-20", "2024-01-21", "2024-01-30"):
        world.mail(day, "ann", to=["bob"], key=key)
    assert sorted(copy_counts(world).values()) == [1, 1, 2]


# What a late copy may change


def test_a_late_copy_changes_no_earlier_month(world):
    key = world.mail("2024-01-31 12:00", "ann", to=["bob"], mailbox="bob")
    world.mail("2024-02-29", "zoe", to=["bob"])
    (before,) = envelopes(world, ["2024-01"])
    world.mail("2024-02-02 12:00", "ann", to=["bob"], bcc=["cat"], mailbox="ann", key=key)
    january, february = envelopes(world, ["2024-01", "2024-02"])
    assert january == before
    assert january.bcc_keys == []
    assert february.author_key == world.key("zoe")


# Who wrote it: lists that put themselves into From


def hidden(world, **more):
    """A message whose From is the list's; gives its envelope."""
    to = world.key("craft@x.org")
    key = world.mail(
        "2024-01-10", "craft@x.org", to=["craft@x.org"], list_address_key=to, list_id="l", **more
    )
    found = {row.message_key: row for row in envelopes(world)}
    return key, found[key]


def test_a_list_that_hides_the_author_is_undone_by_x_original_from(world):
    _, row = hidden(world, original_author_key=world.key("ann"))
    assert (row.author_key, row.is_author_hidden) == (world.key("ann"), False)


def test_a_list_that_hides_the_author_is_undone_by_reply_to(world):
    _, row = hidden(world, reply_to_keys=[world.key("ann")])
    assert (row.author_key, row.is_author_hidden) == (world.key("ann"), False)


def test_a_list_that_hides_the_author_is_undone_by_another_copy(world):
    key, _ = hidden(world)
    world.mail("2024-01-10", "ann", to=["craft@x.org"], mailbox="ann", key=key)
    (row,) = envelopes(world)
    assert (row.author_key, row.is_author_hidden) == (world.key("ann"), False)
    assert row.copy_count == 2


@pytest.mark.parametrize("reply_to", [[], ["craft@x.org"], ["ann", "bob"]])
def test_otherwise_the_author_stays_hidden_and_that_is_said(world, reply_to):
    _, row = hidden(world, reply_to_keys=[world.key(name) for name in reply_to])
    assert (row.author_key, row.is_author_hidden) == (world.key("craft@x.org"), True)
    world.build("staging.messages")
    assert world.row("staging.messages").left_out_reason == "author_hidden"


def test_without_from_the_sender_wrote_it(world):
    world.mail("2024-01-10", None, to=["bob"], sender_key=world.key("ann"))
    assert envelopes(world)[0].author_key == world.key("ann")


# Whom it was written to


def test_the_senders_own_copy_says_who_was_told_in_secret(world):
    key = world.mail("2024-01-10", "ann", to=["bob"], bcc=["cat"], mailbox="ann")
    world.mail("2024-01-10", "ann", to=["bob"], mailbox="bob", key=key)
    world.mail("2024-01-10", "ann", to=["bob"], mailbox="cat", key=key)
    (row,) = envelopes(world)
    assert (row.bcc_keys, row.address_count, row.copy_count) == ([world.key("cat")], 2, 3)


def test_an_archive_that_repeats_cc_in_bcc_makes_nobodys_role_secret(world):
    world.mail("2024-01-10", "ann", to=["bob"], cc=["cat"], bcc=["cat"])
    world.build("staging.recipients")
    assert envelopes(world)[0].address_count == 2
    assert {row.person_id: row.role for row in world.rows("staging.recipients")} == {
        world.key("bob"): "to",
        world.key("cat"): "cc",
    }


def test_headers_of_a_machine_on_any_copy_are_on_the_message(world):
    key = world.mail("2024-01-10", "ann", to=["bob"], mailbox="ann")
    signs = ["auto_submitted", "calendar"]
    world.mail("2024-01-10", "ann", to=["bob"], mailbox="bob", key=key, automation_signs=signs)
    (row,) = envelopes(world)
    assert (row.is_automated, row.is_of_calendar) == (True, True)


def test_each_sign_of_mail_to_many_counts_only_off_lists_and_in_no_answer(world):
    signs = {"automation_signs": ["precedence_bulk", "list_unsubscribe", "feedback_id"]}
    first = world.mail("2024-01-09", "ann", to=["bob"])
    news = world.mail("2024-01-10", "ann", to=["bob"], **signs)
    answer = world.mail("2024-01-11", "ann", to=["bob"], answers=first, **signs)
    post = world.mail("2024-01-12", "ann", to=["bob"], list_address_key=world.key("l"), **signs)
    found = {row.message_key: row.is_automated for row in envelopes(world)}
    assert found == {first: False, news: True, answer: False, post: False}


# Which conversation it belongs to


def test_a_conversation_begins_with_its_oldest_message_of_all_mailboxes(world):
    first = world.mail("2024-01-10", "ann", to=["bob"], mailbox="ann", thread_key=7)
    second = world.mail("2024-01-11", "bob", to=["ann"], mailbox="bob", thread_key=7)
    world.build("staging.envelopes")
    row = world.row("staging.conversations")
    assert (row.message_key, row.root_key) == (second, first)


def test_the_oldest_of_a_conversation_may_be_known_by_the_id_of_another_copy(world):
    first = world.mail("2024-01-10 09:00", "ann", to=["bob"], mailbox="ann")
    world.mail("2024-01-10 09:00", "ann", to=["bob"], mailbox="bob", thread_key=7)
    second = world.mail("2024-01-11", "bob", to=["ann"], mailbox="bob", thread_key=7)
    threads = {row.message_key: row.thread_key for row in envelopes(world)}
    assert threads == {first: first, second: first}


def test_two_messages_of_one_moment_do_not_follow_each_other(world):
    for sender in ("ann", "bob"):
        world.mail("2024-01-10", sender, to=["cat"], thread_key=7)
    assert all(row.is_thread_start for row in envelopes(world))
