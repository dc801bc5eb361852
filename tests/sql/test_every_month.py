"""All monthly models: a month's rows depend neither on which are wanted nor on later ones."""

import random

import pytest

from pipelines.audit import findings
from pipelines.publish_groups import SHARED

PEOPLE = [f"p{n}" for n in range(9)]


def fill(world, until):
    """Random mail and meetings of nine people from 2020 on, and old pairs that fall silent.

    Some messages answer one of the last twenty, which may be dated later, some follow in a
    conversation of the provider's, every fifth went through a list. Three years are too long for a
    test, so a tie is dormant after 300 days here, and a mailbox settled after 60. Later months are
    drawn after earlier ones: a shorter world is the past of a longer one.
    """
    world.parameters(dormant_days=300, min_group_size=2, settling_days=60)
    house(world, until)
    sent: list[int] = []
    other_dice = random.Random(2)
    world.mail("2020-01-10", "ann", to=["bob"])
    world.mail("2020-01-11", "bob", cc=["ann", *PEOPLE])
    for day in ("2020-01-12", "2020-01-13"):
        world.mail(f"{day} 09:00", "p0", to=["dora"], mailbox="p0")
        world.mail(f"{day} 10:00", "dora", to=["p0"], mailbox="p0")
    dice = random.Random(1)
    for number in range(until):
        year, month = 2020 + number // 12, number % 12 + 1
        for _ in range(dice.choice([2, 12, 30])):
            day, hour, minute = dice.randint(1, 28), dice.randint(0, 23), dice.randint(0, 59)
            at = f"{year}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}"
            names = dice.sample(PEOPLE, dice.randint(2, 4))
            mailbox = dice.choice(PEOPLE[:4])
            if dice.random() < 0.3:
                length = dice.choice([30, 60, 600])
                world.meeting(at, length, names[0], names[1:], mailbox=mailbox)
            else:
                more = threading(world, other_dice, sent)
                direct = other_dice.randint(1, 2)
                sent.append(
                    world.mail(
                        at,
                        names[0],
                        names[1 : 1 + direct],
                        names[1 + direct :],
                        mailbox=mailbox,
                        **more,
                    )
                )
        careless(world, f"{year}-{month:02d}")
        unanswered(world, f"{year}-{month:02d}")


def unanswered(world, month):
    """A tie that goes one way is revived after 305 days, is faint after 90 more, and goes on."""
    if month in ("2020-01", "2020-11", "2021-04"):
        world.mail(f"{month}-05", "cleo", to=["eve"])


def careless(world, month):
    """Each month one id for two messages, and mail of another address in a sent folder."""
    key = world.mail(f"{month}-05 09:00", "p1", to=["p2"], mailbox="p1")
    world.mail(f"{month}-06 09:00", "p3", to=["p4"], mailbox="p3", key=key)
    world.mail(f"{month}-07 09:00", "p5", to=["p2"], mailbox="p0", message_id=f"own {month}")
    world.insert(
        "raw.message_folders", mailbox_id="p0", message_id=f"own {month}", folder_id="sent"
    )


def threading(world, dice, sent):
    """Columns of a message: what it answers, which conversation and which list it belongs to."""
    columns = {}
    roll = dice.random()
    if sent and roll < 0.4:
        columns["answers"] = dice.choice(sent[-20:])
    elif roll < 0.6:
        columns["thread_key"] = dice.randint(1, 30)
    if dice.random() < 0.2:
        columns |= {"list_id": "l", "list_address_key": world.key("list@lists.example")}
    return columns


def house(world, until):
    """A directory first asked in March 2020, and what it said until then: p0 moves, p1 leaves."""
    for n in range(6):
        department, manager = f"department {n % 2}", f"p{n // 2}" if n else None
        changes = {0: (8, "2020-08-10 12:00Z"), 1: (13, "2021-01-10 12:00Z")}
        number, at = changes.get(n, (until, None))
        row = {"department": department, "manager_id": manager}
        if number < until:
            row["valid_to"] = at
        world.directory(f"p{n}", "2020-03-10", **row)
        if n == 0 and number < until:
            world.directory("p0", "2020-08-10", department="department 1")


def monthly(world):
    """Every monthly table's contents by name."""
    return {model.name: world.contents(model.name) for model in world.models if model.is_monthly}


@pytest.fixture
def whole(new_world):
    """Sixteen months computed at once."""
    world = new_world()
    fill(world, until=16)
    world.build()
    return world


def test_every_state_occurs(whole):
    states = {row.state for row in whole.rows("metrics.tie_strength")}
    assert states == {"dormant", "one_way", "reactivated", "new", "lapsed", "fading", "active"}


def test_groups_and_communities_occur(whole):
    assert {row.community_id for row in whole.rows("staging.lasting_communities")} > {1, 2}
    assert {row.group_name for row in whole.rows("metrics.groups")} > {"department 0"}
    assert {row.scope for row in whole.rows("metrics.network")} == {"all", "panel", "panel_before"}
    changed = whole.rows("metrics.network_change")
    for column in ("shrinkage", "jaccard", "purist", "outreach_count", "outreach_dropped_share"):
        assert any(getattr(row, column) for row in changed), column


def test_what_may_be_shared_passes_the_audit(whole):
    ((least,),) = whole.execute("SELECT min_group_size FROM staging.parameters")
    tables = {
        table: whole.connection.sql(f"FROM {source} ORDER BY ALL").to_arrow_table()
        for table, source in SHARED.items()
    }
    assert all(len(table) for table in tables.values())
    assert findings(tables, least) == []


def test_every_monthly_table_has_something_to_say(whole):
    assert {name for name, rows in monthly(whole).items() if not rows} == set()


def test_one_month_at_a_time_gives_the_bytes_of_all_at_once(whole, world):
    fill(world, until=16)
    world.build("staging.months")
    for row in world.rows("staging.months"):
        world.build(wanted=[f"{row.month:%Y-%m}"])
    assert monthly(world) == monthly(whole)


@pytest.mark.parametrize("wanted", [["2020-11"], ["2020-01", "2020-07", "2021-04"]])
def test_computing_some_months_again_changes_nothing(whole, wanted):
    before = monthly(whole)
    whole.build(wanted=wanted)
    assert monthly(whole) == before


def test_what_happens_later_changes_no_earlier_month(whole, world):
    fill(world, until=10)
    world.until("2020-11-01 00:00")
    world.build()
    for name, rows in monthly(world).items():
        past = whole.execute(f"SELECT * FROM {name} WHERE month < '2020-11-01' ORDER BY ALL")
        assert past == rows, name
