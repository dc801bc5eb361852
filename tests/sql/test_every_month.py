"""All monthly models: a month's rows do not depend on which months are wanted, nor on later ones."""

import random

import pytest

PEOPLE = [f"p{n}" for n in range(9)]


def fill(world, seed=1, first_month=0, last_month=40):
    """Random mail and meetings over some months, sparse enough for every state, and the same again.

    Later months are drawn after earlier ones, so that a shorter world is the past of a longer one.
    """
    dice = random.Random(seed)
    for number in range(last_month):
        year, month = 2020 + number // 12, number % 12 + 1
        busy = dice.choice([2, 12, 30])
        for _ in range(busy):
            day, hour = dice.randint(1, 28), dice.randint(0, 23)
            names = dice.sample(PEOPLE, dice.randint(2, 4))
            length = dice.choice([30, 60, 600])
            at = f"{year}-{month:02d}-{day:02d} {hour:02d}:{dice.randint(0, 59):02d}"
            kind, mailbox = dice.random(), dice.choice(PEOPLE[:4])
            if number < first_month:
                continue
            if kind < 0.3:
                world.meeting(at, length, names[0], names[1:], mailbox=mailbox)
            else:
                world.mail(at, names[0], to=names[1:2], cc=names[2:], mailbox=mailbox)


def monthly(world):
    """Every monthly table's contents by name."""
    return {model.name: world.contents(model.name) for model in world.models if model.is_monthly}


def test_one_month_at_a_time_gives_the_bytes_of_all_at_once(world, new_world):
    fill(world)
    world.build()
    other = new_world()
    fill(other)
    other.build("staging.months")
    months = [f"{row.month:%Y-%m}" for row in other.rows("staging.months")]
    for month in months:
        other.build(wanted=[month])
    assert monthly(other) == monthly(world)
    states = {row.state for row in world.rows("metrics.tie_strength")}
    assert states == {"dormant", "one_way", "reactivated", "new", "lapsed", "fading", "active"}


@pytest.mark.parametrize("wanted", [["2022-02"], ["2020-01", "2021-07", "2023-04"]])
def test_computing_some_months_again_changes_nothing(world, wanted):
    fill(world)
    world.build()
    before = monthly(world)
    world.build(wanted=wanted)
    assert monthly(world) == before


def test_what_happens_later_changes_no_earlier_month(world, new_world):
    fill(world, last_month=30)
    world.until("2022-07-01")
    world.build()
    longer = new_world()
    fill(longer, last_month=40)
    # Who is who is timeless; here the same people are known from the start.
    assert longer.rows("raw.addresses") == world.rows("raw.addresses")
    longer.build()
    longer.mailbox("pulled")
    for name, rows in monthly(world).items():
        past = longer.execute(f"SELECT * FROM {name} WHERE month < '2022-07-01' ORDER BY ALL")
        assert past == rows, name
