"""Whom a command means: by address, id, name, part of a name, other spelling; else who is near."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest

from pipelines.lookup import NoSuchPerson, find_person
from pipelines.settings import Limits
from pipelines.warehouse import open_published
from tests.pipelines.report_person_tables import ADA, Bond, World, person, village


@pytest.fixture
def village_tables(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_published(village().write(tmp_path), Limits(threads=1)) as connection:
        yield connection


@pytest.fixture
def called(tmp_path: Path) -> Iterator[Callable[..., duckdb.DuckDBPyConnection]]:
    """Published tables with people of these names, numbered from 50 on."""
    with ExitStack() as stack:

        def publish(*names: str | None) -> duckdb.DuckDBPyConnection:
            people = [person(number, name) for number, name in enumerate(names, start=50)]
            folder = World(extra_people=people).write(tmp_path)
            return stack.enter_context(open_published(folder, Limits(threads=1)))

        yield publish


def test_oneself_is_found_without_a_name_else_the_first_owner(tmp_path: Path, village_tables):
    assert find_person(village_tables, None) == ADA
    owners = [
        person(5, "Zoe Zimmer") | {"is_mailbox_owner": True},
        person(6, "Abel Aalto") | {"is_mailbox_owner": True},
    ]
    world = World(is_me=False, is_mailbox_owner=False, extra_people=owners)
    (tmp_path / "owners").mkdir()
    with open_published(world.write(tmp_path / "owners"), Limits()) as connection:
        assert find_person(connection, None) == 6
    nobody = dataclasses.replace(world, extra_people=())
    with open_published(nobody.write(tmp_path / "owners"), Limits()) as connection:
        with pytest.raises(NoSuchPerson, match="no mailbox has an owner yet"):
            find_person(connection, None)


@pytest.mark.parametrize(
    "text", ["P10@ACME.example", "bruno okafor", " Bruno Okafor ", "okaf", "10", "p10@"]
)
def test_a_person_is_found_by_address_name_part_or_id(village_tables, text: str):
    assert find_person(village_tables, text) == 10


def test_an_exact_name_wins_over_a_part_of_another(tmp_path: Path):
    world = World([Bond(10, "Ann", [1.0]), Bond(11, "Annabel", [1.0])])
    with open_published(world.write(tmp_path), Limits()) as connection:
        assert find_person(connection, "ann") == 10


def test_an_ambiguous_name_lists_the_choices(village_tables):
    with pytest.raises(NoSuchPerson) as caught:
        find_person(village_tables, "kofi mensah")
    assert str(caught.value) == (
        "kofi mensah may be Kofi Mensah <p19@acme.example>, Kofi Mensah <p22@other.example>; "
        "give what stands in <> for one of them"
    )
    with pytest.raises(NoSuchPerson, match=r"Member 07 <p107@acme\.example> and 38 more"):
        find_person(village_tables, "member")


def test_nobody_is_an_error_that_says_how_to_look(village_tables):
    with pytest.raises(NoSuchPerson, match="^nobody is called zz; `kith query"):
        find_person(village_tables, "zz\x1b\u202e")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Corwin Ørsted-Vale", "corwin orsted-vale"),
        ("Corwin Ørsted-Vale", "Corwin Orsted"),
        ("Corwin Ørsted-Vale", "Oersted"),
        ("Galen Müllerin", "Mullerin"),
        ("Galen Müllerin", "galen muellerin"),
        ("Galen Muellerin", "Müllerin"),
        ("Ilse Strauß", "STRAUSS"),
        ("Łucja Dąbrowa", "lucja dabrowa"),
        ("Zoe Ashgrove", "Zoë Ashgrove"),
        # As a Mac writes it: the letter and the accent apart.
        ("Zoë Ashgrove", "Zoe\u0308 Ashgrove"),
        ("Æbba Þorn", "aebba thorn"),
    ],
)
def test_letters_with_accents_may_be_written_without(called, name: str, text: str):
    assert find_person(called(name, None, "Somebody Else"), text) == 50


def test_who_is_called_just_so_wins_over_another_spelling(called):
    connection = called("Zoë Ashgrove", "Zoe Ashgrove", "Zoe Ashgrove-Orsted")
    assert find_person(connection, "zoe ashgrove") == 51
    assert find_person(connection, "zoë") == 50


def test_two_who_are_spelled_alike_are_a_choice(called):
    connection = called("Ulric Müller", "Ulric Müllér")
    with pytest.raises(NoSuchPerson, match=r"^ulric muller may be Ulric Müller <p50@.*<p51@"):
        find_person(connection, "ulric muller")


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Corvin Orstad", "Corwin Ørsted-Vale <p50@acme.example>"),
        ("corvin", "Corwin Ørsted-Vale <p50@acme.example>"),
        ("p52@acme.exampel", "Fenna Ashgrove <p52@acme.example>"),
    ],
)
def test_where_nobody_answers_those_who_are_nearly_called_so_are_named(
    called, text: str, near: str
):
    with pytest.raises(NoSuchPerson) as caught:
        find_person(called("Corwin Ørsted-Vale", None, "Fenna Ashgrove"), text)
    said = str(caught.value)
    assert said.startswith(f"nobody is called {text}; near is {near}")
    assert said.endswith("lists everybody")


def test_at_most_three_near_names_are_named(called):
    names = [f"Fenna Ashgrove{letter}" for letter in "abcdef"]
    with pytest.raises(NoSuchPerson) as caught:
        find_person(called(*names), "Fenna Oshgrove")
    assert str(caught.value).count("<p") == 3


@pytest.mark.parametrize("text", ["\u0308", "\x1b", "-"])
def test_what_holds_no_letter_is_nobody_s_other_spelling(called, text: str):
    with pytest.raises(NoSuchPerson, match="^nobody is called"):
        find_person(called("Zoë Ashgrove"), text)
