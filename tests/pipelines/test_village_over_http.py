"""The village read over HTTP is the village read from its files: same staging, same metrics.

Mailboxes of people who have left are closed to everybody and are left out on both sides.
"""

import random
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines import imports, pseudonym_key
from pipelines.accounts import Account, keep
from pipelines.build import build, stale_range
from pipelines.models import Graph
from pipelines.pull import Pulled, pull
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse
from sandbox.boxes import Copy
from sandbox.files import write_files
from sandbox.people import GOOGLE, Person
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.pipelines.fault_seeds import IS_TORTURE

# `make test` reads half a year month by month; `make torture` and CI all of it, also at once.
MONTHS = 24 if IS_TORTURE else 6
SECRET = bytes(range(32))
GRAPH = Graph.load()
FIRST_SEEN = (
    "CASE WHEN address_key IN (SELECT address_key FROM {place}.staging.sightings WHERE is_met "
    "INTERSECT SELECT address_key FROM {place}.staging.addresses WHERE kind = 'person') "
    "THEN first_seen_at END"
)
# What may differ, and why; everything else must be equal.
LOOK = {
    # Another id for the same mailbox.
    "staging.mailboxes": "SELECT * EXCLUDE (mailbox_id) FROM {table}",
    # A directory was first asked some day; and a cancelled meeting may be the first with a room.
    "staging.sightings": "SELECT * EXCLUDE (first_seen_at), " + FIRST_SEEN + " FROM {table}",
    "staging.addresses": "SELECT * EXCLUDE (first_seen_at), " + FIRST_SEEN + " FROM {table}",
    "staging.affiliations": "SELECT * EXCLUDE (first_seen_at) FROM {table}",
    "staging.address_months": "SELECT * EXCLUDE (first_seen_at) FROM {table} "
    "WHERE written_count + named_count + posted_count > 0",
    # Mailboxes have other ids; a calendar does not name what was cancelled before it was asked.
    "metrics.coverage": "SELECT month, person_id, message_count, message_contact_count, "
    "message_left_out_count, meeting_contact_count, first_settled_month FROM {table}",
    "metrics.coverage_reasons": "SELECT * EXCLUDE (mailbox_id) FROM {table} "
    "WHERE source = 'mail' OR outcome = 'contact'",
    # A message without Message-ID is known by its copy; Exchange gives it one of its own.
    "staging.messages": "SELECT * EXCLUDE (message_key, thread_key), thread_key = message_key, "
    "CASE WHEN message_key IN (FROM shared_keys) THEN (message_key, thread_key) END FROM {table}",
    "staging.envelopes": "SELECT * EXCLUDE (message_key, thread_key), thread_key = message_key, "
    "CASE WHEN message_key IN (FROM shared_keys) THEN (message_key, thread_key) END FROM {table}",
    "staging.recipients": "SELECT * EXCLUDE (message_key), "
    "CASE WHEN message_key IN (FROM shared_keys) THEN message_key END FROM {table}",
    # A calendar asked after an occurrence was cancelled does not name it; a file may. A file says
    # of attendees that they are persons, and names them in another order. Leave lies on whole days
    # in a file; Google gives it hours, and both vendors say what it is.
    "staging.occurrences": "SELECT * EXCLUDE (kind, attendees), list_sort(list_transform("
    "attendees, lambda one: (one.address_key, one.response))) FROM {table} "
    "WHERE NOT is_cancelled AND NOT is_all_day AND kind <> 'out_of_office'",
    "staging.meetings": "SELECT * EXCLUDE (left_out_reason), left_out_reason IS NULL FROM {table} "
    "WHERE coalesce(left_out_reason, '') NOT IN ('cancelled', 'all_day', 'out_of_office')",
    "staging.presences": "SELECT presences.* FROM {table} AS presences "
    "JOIN {place}.staging.occurrences USING (month, meeting_key) WHERE NOT is_cancelled",
    # The village's files are of no folder, so only a provider tells what was sent. It adds nothing
    # to what the directory says, or people would differ.
    "staging.sent_from": "FROM {table} WHERE false",
    "staging.sent_months": "FROM {table} WHERE false",
    "staging.join_evidence": "FROM {table} WHERE rule <> 'send_as'",
    "metrics.people_evidence": "FROM {table} WHERE rule <> 'send_as'",
}

# Tables of which nothing can be compared. Namesakes of the village are addresses of one directory
# entry, and never act as rules ask for; its senders give each message an id of its own, and name
# what they answer, so that no provider's conversation is asked. Two years know no three of silence.
NONE = {
    "staging.conversations",
    "staging.dormant_ties",
    "staging.misnamed_copies",
    "staging.namesake_acts",
    "staging.sent_from",
    "staging.sent_months",
}
# Half a year is too short for it.
YOUNG = {"metrics.introductions"}


def settings_of(folder: Path, sandbox: Sandbox, **more) -> Settings:
    """Settings of a data folder whose Google and Microsoft are the sandbox's."""
    settings = Settings(
        data=folder,
        secrets="plaintext",  # the sandbox's keys are none
        organisation={"own_domains": list(sandbox.world.village.own_domains)},
        google={
            "gmail_endpoint": sandbox.google_url,
            "calendar_endpoint": f"{sandbox.google_url}/calendar/v3/",
            "directory_endpoint": sandbox.google_url,
            "quota": "unlimited",
        },
        microsoft={
            "graph_endpoint": sandbox.microsoft_url,
            "login_endpoint": sandbox.microsoft_url,
            "quota": "unlimited",
        },
        **more,
    )
    pseudonym_key.write(settings, SECRET)
    return settings


def connect(settings: Settings, world: World) -> None:
    google = Account("google-village", "google", True)
    keep(settings, google, world.google_key_file(), world.admin(GOOGLE))
    microsoft = Account("microsoft-village", "microsoft", True)
    keep(settings, microsoft, world.microsoft_key_file())


def pull_all(settings: Settings) -> Pulled:
    with Warehouse(settings).connect() as connection:
        done = pull(connection, settings, SECRET, lambda _progress: None)
    for error in done.unexpected:
        raise error
    return done


def staying(village: Village) -> list[Person]:
    """Those whose mailboxes are still there in the end."""
    return [person for person in village.staff if person.works(village.last)]


def read_files(
    settings: Settings, people: Iterable[Person], village: Village, folder: Path, pulled: Settings
) -> None:
    """Mail and calendars from files; the directory, which no file holds, as a pull has seen it."""
    write_files(village, folder)
    for person in people:
        imports.keep(settings, folder / person.address, person.address, SECRET)
    with Warehouse(settings).connect() as connection:
        imports.load(connection, settings, SECRET)
        connection.execute(f"ATTACH '{pulled.database}' AS pulled (READ_ONLY)")
        connection.execute("INSERT INTO raw.people FROM pulled.raw.people")
        connection.execute(
            "INSERT INTO raw.addresses FROM pulled.raw.addresses ANTI JOIN raw.addresses "
            "USING (address_key)"
        )
        connection.execute("INSERT INTO raw.touched_months VALUES ('raw.people', NULL)")
        connection.execute("DETACH pulled")


def compute(settings: Settings) -> None:
    with Warehouse(settings).connect() as connection:
        stale_range(connection, GRAPH)
        for model in GRAPH.models:
            build(connection, GRAPH, model)


def differences(one: Settings, other: Settings) -> dict[str, tuple[int, int]]:
    """Table -> rows that only one of the warehouses holds, for tables that differ."""
    found, empty = {}, set()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH '{one.database}' AS one (READ_ONLY)")
        connection.execute(f"ATTACH '{other.database}' AS other (READ_ONLY)")
        connection.execute(
            "CREATE TABLE shared_keys AS SELECT message_key FROM one.staging.messages "
            "INTERSECT SELECT message_key FROM other.staging.messages"
        )
        for model in GRAPH.models:
            for place in ("one", "other"):
                look = LOOK.get(model.name, "FROM {table}")
                look = look.format(table=f"{place}.{model.name}", place=place)
                connection.execute(f"CREATE OR REPLACE TEMP VIEW {place}s AS {look}")
            counts = [
                connection.execute(f"SELECT count(*) FROM ({sides})").fetchall()[0][0]
                for sides in (
                    "FROM ones EXCEPT ALL FROM others",
                    "FROM others EXCEPT ALL FROM ones",
                )
            ]
            ((total,),) = connection.execute("SELECT count(*) FROM ones").fetchall()
            if not total:
                empty.add(model.name)
            if any(counts):
                found[model.name] = tuple(counts)
    assert empty == NONE | (set() if IS_TORTURE else YOUNG), "what is empty is not compared"
    return found


@pytest.fixture(scope="module")
def village() -> Village:
    return Village(months=MONTHS)


def files_of(
    village: Village, people: Iterable[Person], folder: Path, pulled: Settings
) -> Settings:
    """A warehouse computed from the files of some mailboxes."""
    settings = Settings(
        data=folder / "data", organisation={"own_domains": list(village.own_domains)}
    )
    pseudonym_key.write(settings, SECRET)
    read_files(settings, people, village, folder / "village", pulled)
    shutil.rmtree(folder / "village")
    compute(settings)
    return settings


@pytest.mark.skipif(not IS_TORTURE, reason="minutes long: make torture")
def test_pulled_at_once(village: Village, tmp_path: Path):
    people = staying(village)
    with Sandbox(World(village)) as sandbox:
        leaving = [one.address for one in village.staff if one not in people]
        settings = settings_of(tmp_path / "http", sandbox, pull={"exclude": leaving})
        connect(settings, sandbox.world)
        done = pull_all(settings)
    assert {state for states in done.states.values() for state in states} == {"ok"}
    assert sum(sum(states.values()) for states in done.states.values()) == len(people)
    compute(settings)
    assert differences(files_of(village, people, tmp_path, settings), settings) == {}
    assert_one_world(settings, village)


def assert_one_world(settings: Settings, village: Village) -> None:
    """What both vendors hold counts once, and every address of a person is that person."""
    with Warehouse(settings).connect() as connection:
        for table, key in (("messages", "message_key"), ("occurrences", "meeting_key")):
            raw = {"messages": "raw.messages", "occurrences": "raw.events"}[table]
            held = connection.execute(
                f"SELECT {key}, count(DISTINCT mailboxes.provider) FROM {raw} "
                f"JOIN raw.mailboxes USING (mailbox_id) GROUP BY ALL"
            ).fetchall()
            of_both = [one for one, providers in held if providers == 2]
            assert len(of_both) > 8 * MONTHS
            counted = connection.execute(
                f"SELECT max(n) FROM (SELECT count(*) AS n FROM staging.{table} "
                f"WHERE list_contains(?, {key}) GROUP BY {key})",
                [of_both],
            ).fetchall()
            assert counted == [(1,)]
        owner = dict(
            connection.execute(
                "SELECT texts.address, person_id FROM staging.addresses "
                "JOIN raw.addresses AS texts USING (address_key)"
            ).fetchall()
        )
    with_alias = [one for one in village.staff if one.aliases and one.aliases[0] in owner]
    assert len(with_alias) > 20
    for person in with_alias:
        assert {owner[alias] for alias in person.aliases} == {owner[person.address]}


# Two departments of each vendor; in the middle one becomes two.
DEPARTMENTS = ("Legal", "Operations", "Delivery", "Hiring")


def test_pulled_in_monthly_increments_while_people_tidy_up(village: Village, tmp_path: Path):
    people = [one for one in staying(village) if one.post(village.last).department in DEPARTMENTS]
    rng = random.Random("tidy")
    world = World(village, month_ends(village)[0])
    with Sandbox(world) as sandbox:
        include = [one.address for one in people]
        settings = settings_of(tmp_path / "http", sandbox, pull={"include": include})
        connect(settings, world)
        for number, end in enumerate(month_ends(village)):
            world.advance(end)
            # In every fourth month all histories are over, and everything is listed anew.
            world.gmail_history_days = 1 if number % 4 == 3 else 60
            done = pull_all(settings)
            assert {state for states in done.states.values() for state in states} == {"ok"}
            for person in people:
                tidy(world, person.address, rng)
    compute(settings)
    with Warehouse(settings).connect() as connection:
        gone = connection.execute(
            "SELECT (SELECT count(*) FROM raw.messages WHERE deleted_at IS NOT NULL), "
            "(SELECT count(*) FROM raw.events WHERE deleted_at IS NOT NULL), "
            "(SELECT count(*) FROM raw.people WHERE valid_to IS NOT NULL)"
        ).fetchall()[0]
    assert min(gone) > 5
    assert differences(files_of(village, people, tmp_path, settings), settings) == {}


def month_ends(village: Village) -> list[datetime]:
    """The first instant after each month of the village."""
    start = village.first.year * 12 + village.first.month - 1
    months = range(start + 1, start + village.months + 1)
    return [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in months]


def tidy(world: World, address: str, rng: random.Random) -> None:
    """What people do to mail and meetings that took place: nothing of it unmakes them."""
    box = world.boxes[address]

    def sent() -> list[Copy]:
        return [one for one in box.copies() if one.folder != "drafts"]

    if not sent():
        return
    for change in (
        lambda number: world.delete(address, number),
        lambda number: world.move(address, number, "archive"),
        lambda number: world.move(address, number, "trash"),
        lambda number: world.move(address, number, "Plans"),
        lambda number: world.read(address, number),
    ):
        change(rng.choice(sent()).number)
    world.draft(address)
    past = [one for one in world.calendars[address].occurrences() if one.end < world.now]
    if past:
        old = rng.choice(past)
        world.remove_copy(address, old.entry.uid, old.original_start)
