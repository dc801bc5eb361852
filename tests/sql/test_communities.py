"""metrics.communities: who is there, who asks, and is anybody answered?"""

import pytest

LIST = "guild@lists.example"


def post(world, at, author, answers=None, to=(), **columns):
    return world.mail(
        at,
        author,
        to=[LIST, *to],
        answers=answers,
        list_id="guild.lists.example",
        list_address_key=world.key(LIST),
        **columns,
    )


@pytest.fixture
def guild(world):
    """Four threads of ann's and bob's: cat answers two, dan one of these as well, one is open."""
    first = post(world, "2024-01-02 09:00", "ann")
    post(world, "2024-01-02 10:00", "cat", first)
    post(world, "2024-01-02 11:00", "dan", first)
    second = post(world, "2024-01-10 09:00", "bob")
    post(world, "2024-01-10 12:00", "cat", second)
    post(world, "2024-01-11 09:00", "bob")
    post(world, "2024-01-30 09:00", "ann")
    world.until("2024-02-01")
    return world


def community(world, month="2024-01"):
    world.build("metrics.communities")
    return world.row("metrics.communities", month=month, list_id=world.key(LIST))


def test_a_list_has_members_posts_and_questions(guild):
    row = community(guild)
    assert (row.member_count, row.post_count, row.question_count) == (4, 7, 4)


def test_the_answered_share_is_of_questions_whose_days_are_over(guild):
    """Of three questions two have an answer; the fourth is two days old."""
    row = community(guild)
    assert row.answered_share == pytest.approx(2 / 3)


def test_the_time_to_the_first_answer_is_kaplan_meiers(guild):
    """After 1 h 3/4 wait, after 3 h a half."""
    assert community(guild).first_answer_median_hours == 3


def test_answers_and_answerers_are_counted(guild):
    row = community(guild)
    assert (row.answer_count, row.answerer_count) == (3, 2)


def test_ones_own_word_is_no_answer(world):
    first = post(world, "2024-01-02 09:00", "ann")
    post(world, "2024-01-02 10:00", "ann", first)
    world.until("2024-02-01")
    row = community(world)
    assert (row.answered_share, row.first_answer_median_hours, row.answer_count) == (0, None, 0)


def test_answers_to_people_unknown_before_are_told_apart(guild):
    guild.mail("2023-12-20", "bob", to=["cat"])
    row = community(guild)
    assert (row.answer_count, row.stranger_answer_count) == (3, 2)


def test_answers_across_groups_are_those_between_two_known_groups(world):
    """Outside the own house the domain is the group; freemail is none."""
    first = post(world, "2024-01-02 09:00", "ann@one.example")
    post(world, "2024-01-02 10:00", "bob@one.example", first)
    post(world, "2024-01-02 11:00", "cat@two.example", first)
    post(world, "2024-01-02 12:00", "dan@gmail.com", first)
    row = community(world)
    assert (row.answer_count, row.cross_group_answer_count) == (3, 1)


def test_inside_the_own_house_the_department_is_the_group(guild):
    """Ann is of sales, cat and dan of research; bob, of no department, is of the house."""
    for person, department in (("ann", "Sales"), ("cat", "Research"), ("dan", "Research")):
        guild.directory(person, department=department)
    assert community(guild).cross_group_answer_count == 3
    guild.execute("UPDATE raw.people SET department = 'Research'")
    assert community(guild).cross_group_answer_count == 1


def test_mail_that_no_list_carried_makes_no_community(world):
    world.mail("2024-01-02", "ann", to=["bob"])
    world.build("metrics.communities")
    assert world.rows("metrics.communities") == []


def test_a_quiet_list_has_no_row_after_ninety_days(guild):
    guild.until("2024-06-01")
    guild.build("metrics.communities")
    # The window of April begins on January 31.
    assert [row.month.month for row in guild.rows("metrics.communities")] == [1, 2, 3]
