"""Nothing that Graph may give breaks a pull."""

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.microsoft import events, users, values
from connectors.records import table
from tests.connectors.microsoft.items import AT, MAILBOX, SINCE, letter, meeting, read_letter, user

_WORDS = st.sampled_from([None, True, 7, 1.5, "", "x", "a@b.c", "\ud800", [], {}, [[]], [{}]])

_ANYTHING = st.recursive(
    _WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from("emailAddress address name dateTime timeZone response".split()),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def broken(whole: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An item of which some properties are anything at all."""
    names = sorted(name for name in whole if name != "id")
    return st.dictionaries(st.sampled_from(names), _ANYTHING, max_size=6).map(
        lambda changes: whole | changes
    )


def assert_storable(records: list[Any]) -> None:
    """Arrow takes them: no text is broken, no type is another."""
    for one in records:
        assert table([one], type(one)).num_rows == 1


@settings(deadline=None)  # the first table takes Arrow a second
@given(broken(letter()))
def test_no_message_breaks_a_pull(item: dict[str, Any]):
    assert_storable(read_letter(item))


@settings(deadline=None)  # the first table takes Arrow a second
@given(broken(meeting()))
def test_no_entry_breaks_a_pull(item: dict[str, Any]):
    assert_storable(list(events.records(item, MAILBOX, None, SINCE)))


@settings(deadline=None)  # the first table takes Arrow a second
@given(broken(user()))
def test_no_user_breaks_a_pull(item: dict[str, Any]):
    assert_storable([users.person(item, AT)])


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_time_breaks_a_pull(text: str):
    item = {"at": text, "when": {"dateTime": text, "timeZone": text}}
    for at in (values.instant(item, "at"), values.zoned(item, "when")):
        assert at is None or at.tzinfo is UTC


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+10:00"])
def test_times_at_the_edge_of_the_calendar_are_none(text: str):
    assert values.instant({"at": text}, "at") is None
