"""staging.joined_addresses and what it rests on: which addresses are one person's, and why."""

import itertools

import pytest

DAYS = [f"2024-01-{day:02d}" for day in range(10, 20)]
HOME, WORK = "ann@home.example", "a.nilsson@work.example"
NAME = "Ann Nilsson"


def named(world, address: str, *names: str) -> None:
    """The display names that an address was seen with."""
    for name in names:
        world.insert(
            "raw.address_names",
            address_key=world.key(address),
            name=name,
            first_seen_at="2024-01-01 00:00Z",
            last_seen_at="2024-01-02 00:00Z",
        )


def by_hand(world, table: str, entry: int, *people: str) -> None:
    for name in people:
        world.insert(f"raw.{table}_by_hand", entry=entry, address_key=world.key(name))


def filed(world, mailbox: str, folder: str) -> None:
    """Put all messages of a mailbox into one folder."""
    world.execute(
        "INSERT INTO raw.message_folders SELECT mailbox_id, ?, message_id FROM raw.messages "
        "WHERE mailbox_id = ?",
        [folder, mailbox],
    )


def evidence(world) -> set[tuple[str, int]]:
    """Rule and count of all there is."""
    world.build("staging.join_evidence")
    return {(row.rule, row.evidence_count) for row in world.rows("staging.join_evidence")}


def are_one(world, *people: str) -> bool:
    """Whether these are the addresses of one person."""
    world.build("staging.addresses")
    owners = {row.address_key: row.person_id for row in world.rows("staging.addresses")}
    return len({owners[world.key(name)] for name in people}) == 1


# -- what is stated


def test_addresses_of_one_directory_entry_are_one_person(world):
    world.mail("2024-01-10", "ann", to=["ann2", "bob"])
    world.directory("ann", alias_keys=[world.key("ann2"), world.key("ann3")])
    assert evidence(world) == {("directory", 1)}
    assert are_one(world, "ann", "ann2")
    assert not are_one(world, "ann", "bob")


def test_an_address_given_to_somebody_else_is_the_newest_holders(world):
    world.mail("2024-01-10", "ann", to=["bob", "sales"])
    sales = [world.key("sales")]
    world.directory("ann", "2023-01-01", alias_keys=sales, valid_to="2023-06-01 00:00Z")
    world.directory("ann", "2023-06-01")
    world.directory("bob", "2023-01-01", valid_to="2023-07-01 00:00Z")
    world.directory("bob", "2023-07-01", alias_keys=sales)
    assert are_one(world, "bob", "sales")
    assert not are_one(world, "ann", "sales")


def test_an_address_that_nobody_holds_any_more_is_that_of_who_held_it_last(world):
    world.mail("2024-01-10", "ann", to=["bob", "sales"])
    sales = [world.key("sales")]
    for name, until in (("ann", "2023-06-01"), ("bob", "2023-05-01")):
        world.directory(name, "2023-01-01", alias_keys=sales, valid_to=f"{until} 00:00Z")
        world.directory(name, until)
    assert are_one(world, "ann", "sales")
    assert not are_one(world, "bob", "sales")


def test_directories_of_two_accounts_join_through_an_address_that_both_hold(world):
    world.mail("2024-01-10", "ann", to=["ann2", "ann3"])
    world.directory("ann", alias_keys=[world.key("ann2")])
    world.directory("ann3", alias_keys=[world.key("ann2")], account_id="another house")
    assert are_one(world, "ann", "ann2", "ann3")


def test_own_addresses_are_one_person_even_where_a_directory_tells_them_apart(world):
    world.mail("2024-01-10", "ann", to=["bob"])
    world.directory("ann")
    world.directory("bob")
    for name in ("ann", "bob"):
        world.insert("raw.own_addresses", address_key=world.key(name))
    assert evidence(world) == {("own_address", 1)}
    assert are_one(world, "ann", "bob")


def test_what_people_toml_joins_is_one_person_even_where_a_directory_tells_them_apart(world):
    world.mail("2024-01-10", "ann", to=["admin", "ann2", "bob"])
    world.directory("ann", alias_keys=[world.key("ann2")])
    world.directory("admin")
    by_hand(world, "joined", 1, "ann2", "admin", "bob")
    assert are_one(world, "ann", "ann2", "admin", "bob")


def test_what_people_toml_holds_apart_is_joined_by_no_directory(world):
    world.mail("2024-01-10", "ann", to=["ann2"])
    world.directory("ann", alias_keys=[world.key("ann2")])
    assert are_one(world, "ann", "ann2")
    by_hand(world, "apart", 1, "ann", "ann2")
    assert not are_one(world, "ann", "ann2")


def test_what_is_held_apart_does_not_meet_through_a_third(world):
    world.mail("2024-01-10", "ann", to=["bob", "cat"])
    world.directory("ann", alias_keys=[world.key("cat")])
    world.directory("bob", alias_keys=[world.key("cat")], account_id="another house")
    by_hand(world, "apart", 1, "ann", "bob")
    assert not are_one(world, "ann", "bob")
    assert are_one(world, "ann", "cat")


# -- the owner of a mailbox writes from another address


@pytest.mark.parametrize("folder", ["SENT", "sent", "AQMkADAw="])
def test_the_sent_folder_of_any_provider_shows_from_where_its_owner_writes(world, folder):
    world.insert("raw.folders", mailbox_id="ann", folder_id="AQMkADAw=", name="sent")
    for day in DAYS[:3]:
        world.mail(day, WORK, to=["bob"], mailbox="ann")
    world.mail(DAYS[3], "ann", to=["bob"], mailbox="ann")
    filed(world, "ann", folder)
    assert evidence(world) == {("send_as", 3)}
    assert are_one(world, "ann", WORK)


def test_what_lies_in_another_folder_says_nothing(world):
    world.insert("raw.folders", mailbox_id="bob", folder_id="AQMkADAw=", name="sent")
    for day in DAYS[:3]:
        world.mail(day, WORK, to=["bob"], mailbox="ann")
    filed(world, "ann", "AQMkADAw=")
    assert evidence(world) == set()


def test_writing_on_behalf_of_the_boss_makes_nobody_the_boss(world):
    for day in DAYS[:3]:
        world.mail(day, "boss", to=["bob"], mailbox="ann", sender_key=world.key("ann"))
    filed(world, "ann", "SENT")
    assert evidence(world) == set()


def test_a_shared_mailbox_is_not_the_person_who_writes_from_it(world):
    for day in DAYS[:3]:
        world.mail(day, "desk7", to=["bob"], mailbox="ann")
    filed(world, "ann", "SENT")
    world.directory("desk7", kind="shared")
    assert evidence(world) == set()


def test_an_address_of_a_role_is_not_the_person_who_writes_from_it(world):
    for day in DAYS[:3]:
        world.mail(day, "info@work.example", to=["bob"], mailbox="ann")
    filed(world, "ann", "SENT")
    assert evidence(world) == set()


def test_an_address_that_two_owners_write_from_is_neithers(world):
    for day, owner in itertools.product(DAYS[:3], ("ann", "bob")):
        world.mail(day, "desk7", to=["cat"], mailbox=owner)
    filed(world, "ann", "SENT")
    filed(world, "bob", "SENT")
    assert evidence(world) == set()


def test_two_mailboxes_of_oneself_are_one_owner(world):
    for day, owner in itertools.product(DAYS[:3], ("ann", "ann2")):
        world.mail(day, WORK, to=["cat"], mailbox=owner)
    for owner in ("ann", "ann2"):
        filed(world, owner, "SENT")
        world.insert("raw.own_addresses", address_key=world.key(owner))
    assert evidence(world) == {("own_address", 1), ("send_as", 3)}
    world.mail(DAYS[4], "bob", to=["ann", "ann2"])
    assert are_one(world, "ann", "ann2", WORK)


def test_mail_that_strayed_into_the_sent_folder_says_nothing(world):
    world.mail(DAYS[0], "bob", to=["cat"], mailbox="ann")
    for day in DAYS[:3]:
        world.mail(day, "cat", to=["ann"], mailbox="ann")
    filed(world, "ann", "SENT")
    assert evidence(world) == set()


# -- a name supports what is done


def test_a_name_alone_joins_nobody(world):
    world.mail(DAYS[0], HOME, to=["bob"])
    world.mail(DAYS[1], WORK, to=["bob"])
    named(world, HOME, NAME)
    named(world, WORK, NAME)
    assert evidence(world) == set()


def answered_elsewhere(world) -> None:
    """Bob writes to one address, and the other answers."""
    question = world.mail(DAYS[0], "bob", to=[HOME])
    world.mail(DAYS[1], WORK, to=["bob"], answers=question)


def test_who_answers_what_was_written_to_a_namesake_is_the_namesake(world):
    answered_elsewhere(world)
    named(world, HOME, NAME)
    named(world, WORK, NAME)
    assert evidence(world) == {("answered_from", 1)}
    assert are_one(world, HOME, WORK)


def test_without_a_full_name_in_common_an_answer_from_elsewhere_is_somebody_elses(world):
    answered_elsewhere(world)
    named(world, HOME, NAME, "Ann")
    named(world, WORK, "Ann", "Anna Nilsson")
    assert evidence(world) == set()


def test_an_answer_of_somebody_who_was_addressed_too_shows_nothing(world):
    question = world.mail(DAYS[0], "bob", to=[HOME], cc=[WORK])
    world.mail(DAYS[1], WORK, to=["bob"], answers=question)
    named(world, HOME, NAME)
    named(world, WORK, NAME)
    assert evidence(world) == set()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nilsson, Ann", "ann nilsson"),
        ("Ann Nilsson (Sales)", "Ann  NILSSON [extern]"),
        ("Ann B. Nilsson", "Ann Nilsson"),
        ("Ånn Nílsson", "Ann Nilsson"),
        ("Анна Нильссон", "Нильссон Анна"),
    ],
)
def test_names_are_one_however_they_are_written(world, one, other):
    answered_elsewhere(world)
    named(world, HOME, one)
    named(world, WORK, other)
    assert evidence(world) == {("answered_from", 1)}


@pytest.mark.parametrize("name", ["Ann", "A. N.", "ann nilsson@home.example", "(Ann Nilsson)", ""])
def test_what_is_no_full_name_supports_nothing(world, name):
    answered_elsewhere(world)
    named(world, HOME, name)
    named(world, WORK, name)
    assert evidence(world) == set()


def test_a_name_of_which_every_word_is_others_too_supports_no_answer(world):
    answered_elsewhere(world)
    named(world, HOME, NAME)
    named(world, WORK, NAME)
    named(world, "cat", "Ann Berg")
    named(world, "dan", "Dan Nilsson")
    world.mail(DAYS[0], "cat", to=["dan"])
    assert evidence(world) == set()


def test_an_address_that_goes_by_three_names_is_nobodys_own(world):
    answered_elsewhere(world)
    named(world, HOME, NAME)
    named(world, WORK, NAME, "Eva Dahl")
    assert evidence(world) == {("answered_from", 1)}
    named(world, WORK, "Ina Lund")
    assert evidence(world) == set()


def test_a_name_at_very_many_addresses_is_not_one_persons(world):
    answered_elsewhere(world)
    for number in range(6):
        world.mail(DAYS[2], f"p{number}", to=["bob"])
    for address in (HOME, WORK, *(f"p{number}" for number in range(6))):
        named(world, address, NAME)
    assert evidence(world) == {("answered_from", 1)}
    world.mail(DAYS[2], "p7", to=["bob"])
    named(world, "p7", NAME)
    assert evidence(world) == set()


def test_the_sender_who_bears_the_authors_name_is_the_author(world):
    for day in DAYS[:2]:
        world.mail(day, WORK, to=["bob"], sender_key=world.key(HOME))
    named(world, HOME, NAME)
    named(world, WORK, NAME)
    assert evidence(world) == {("sent_for", 2)}
    assert are_one(world, HOME, WORK)


def test_one_copy_in_each_mailbox_is_one_message(world):
    key = world.mail(DAYS[0], WORK, to=["bob"], sender_key=world.key(HOME))
    world.mail(DAYS[0], WORK, to=["bob"], sender_key=world.key(HOME), mailbox="bob", key=key)
    named(world, HOME, NAME)
    named(world, WORK, NAME)
    assert evidence(world) == {("sent_for", 1)}


def test_who_asks_for_answers_to_a_namesake_is_the_namesake(world):
    world.mail(DAYS[0], WORK, to=["bob"], reply_to_keys=[world.key(HOME)])
    named(world, HOME, NAME)
    named(world, WORK, NAME)
    assert evidence(world) == {("reply_to", 1)}
    world.execute("UPDATE raw.messages SET reply_to_keys = list_append(reply_to_keys, 99)")
    assert evidence(world) == set()


def test_a_list_that_puts_itself_there_under_its_writers_names_is_no_person(world):
    the_list = "swap@things.example"
    columns = {"sender_key": world.key(the_list), "reply_to_keys": [world.key(the_list)]}
    world.mail(DAYS[0], WORK, to=[the_list], **columns)
    named(world, the_list, NAME)
    named(world, WORK, NAME)
    assert evidence(world) == set()


def test_who_writes_to_a_namesake_day_after_day_writes_home(world):
    world.mail(DAYS[0], WORK, to=[HOME])
    world.mail(DAYS[0], WORK, cc=[HOME])
    named(world, HOME, NAME)
    named(world, WORK, NAME)
    # Once, it may be mail for a namesake that came to the wrong one.
    assert evidence(world) == set()
    world.mail(DAYS[1], WORK, to=[HOME])
    assert evidence(world) == {("copied", 3)}


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("nilsson@home.example", "nilsson@work.example", {("same_local", 1)}),
        ("ann@home.example", "ann@work.example", {("same_local", 1)}),
        ("an@home.example", "an@work.example", set()),
        ("info@home.example", "info@work.example", set()),
        ("ann@home.example", "anna@work.example", set()),
    ],
)
def test_the_same_before_the_at_supports_a_name_where_it_is_no_role(world, one, other, found):
    world.mail(DAYS[0], one, to=[other])
    named(world, one, NAME)
    named(world, other, NAME)
    assert evidence(world) == found


def test_two_john_smiths_at_two_firms_stay_two(world):
    john, other = "john.smith@a.example", "john.smith@b.example"
    world.mail(DAYS[0], john, to=[other, "cat", "dan"])
    named(world, john, "John Smith")
    named(world, other, "John Smith")
    named(world, "cat", "John Carter")
    named(world, "dan", "Dan Smith")
    assert not are_one(world, john, other)


def test_robots_and_lists_bear_no_name(world):
    robot, the_list = "no-reply@x.example", "dev@lists.x.example"
    world.mail(DAYS[0], HOME, to=["bob"], sender_key=world.key(robot))
    world.mail(DAYS[1], HOME, to=["bob"], reply_to_keys=[world.key(the_list)])
    world.mail(DAYS[2], "bob", to=[the_list], list_address_key=world.key(the_list))
    for address in (HOME, robot, the_list):
        named(world, address, NAME)
    assert evidence(world) == set()


def test_two_entries_of_one_directory_are_joined_by_no_rule(world):
    answered_elsewhere(world)
    named(world, HOME, NAME)
    named(world, WORK, NAME)
    world.directory(HOME)
    assert are_one(world, HOME, WORK)
    world.directory(WORK)
    assert not are_one(world, HOME, WORK)


def test_the_tables_stand_on_any_number_of_threads(new_world):
    found = []
    for threads in (1, 4):
        world = new_world(threads)
        answered_elsewhere(world)
        named(world, HOME, NAME)
        named(world, WORK, NAME)
        world.directory("bob", alias_keys=[world.key("bob2")])
        world.build("metrics.people_evidence")
        found.append((world.contents("staging.joined_addresses"), evidence(world)))
    assert found[0] == found[1]


def test_a_mailbox_whose_address_was_never_met_is_that_of_who_writes_from_it(world):
    for day in DAYS[:3]:
        world.mail(day, WORK, to=["bob"], mailbox="ann")
    world.mail(DAYS[3], "bob", to=["cat"], mailbox="eve")
    filed(world, "ann", "SENT")
    world.build("staging.mailboxes")
    owners = {row.mailbox_id: row.person_id for row in world.rows("staging.mailboxes")}
    assert owners == {"ann": world.key(WORK), "eve": None}
