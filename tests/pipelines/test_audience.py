"""Whose mailboxes are read."""

from datetime import UTC, datetime

import pytest

from connectors.records import Person
from pipelines import audience
from pipelines.settings import Pull, Settings, SettingsError

SECRET = bytes(range(32))
ANN = audience.candidate(
    Person(
        directory_id="1",
        address="Ann@x.example",
        aliases=("a.nn@y.example",),
        department="Sales",
        unit="/Trade/North",
        office="Mill Lane",
        seen_at=datetime(2024, 1, 1, tzinfo=UTC),
    ),
    SECRET,
)


@pytest.mark.parametrize(
    ("include", "exclude", "choice"),
    [
        ((), (), "read"),
        (("ann@X.example",), (), "read"),
        (("bob@x.example",), (), "left out"),
        (("@x.example",), (), "read"),
        (("@y.example",), (), "left out"),
        (("department:Sales",), (), "read"),
        (("department:Legal",), (), "left out"),
        (("office:Mill Lane",), (), "read"),
        (("office:Mill",), (), "left out"),
        (("unit:/Trade",), (), "read"),
        (("unit:/",), (), "read"),
        (("unit:/Tra",), (), "left out"),
        (("@x.example",), ("unit:/Trade/North",), "left out"),
        ((), ("department:Legal",), "read"),
    ],
)
def test_include_and_exclude(include, exclude, choice):
    assert audience.choose(ANN, Pull(include=include, exclude=exclude), ()) == choice


def test_a_word_that_nobody_understands_is_refused_rather_than_passed_over():
    with pytest.raises(SettingsError, match="group=Sales"):
        audience.choose(ANN, Pull(exclude=("group=Sales",)), ())


@pytest.mark.parametrize("address", ["ann@x.example", "A.NN@Y.example"])
def test_whoever_opted_out_under_any_address_is_not_read(settings: Settings, address):
    assert audience.opt_out(settings, address)
    assert not audience.opt_out(settings, address)
    assert audience.choose(ANN, Pull(), audience.opted_out(settings)) == "opted out"
    assert audience.opt_out(settings, address, undo=True)
    assert audience.choose(ANN, Pull(), audience.opted_out(settings)) == "read"


def test_the_list_of_opt_outs_names_nobody_and_is_closed(settings: Settings):
    audience.opt_out(settings, "ann@x.example")
    path = settings.credentials / "opt-outs"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "ann" not in path.read_text("ascii")
