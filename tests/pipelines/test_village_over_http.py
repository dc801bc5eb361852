"""The village read over HTTP is the village read from its files: same staging, same metrics.

Mailboxes of people who have left are closed to everybody and are left out on both sides.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from connectors.quota import Clock
from pipelines import imports, pseudonym_key
from pipelines.accounts import Account, keep
from pipelines.build import build, stale_range
from pipelines.models import Graph
from pipelines.pull import Pulled, pull
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse
from pipelines.writer import Writer
from sandbox.files import write_files
from sandbox.people import GOOGLE, Person
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World

SECRET = bytes(range(32))
GRAPH = Graph.load()
# Another id for the same mailbox.
OWN_NAMES = {"staging.mailboxes": ("mailbox_id",)}
# A calendar that is asked after an occurrence was cancelled does not name it any more; a file may.
ONLY = {
    "staging.occurrences": "NOT is_cancelled",
    "staging.meetings": "left_out_reason <> 'cancelled'",
}


def settings_of(folder: Path, sandbox: Sandbox, **more) -> Settings:
    """Settings of a data folder whose Google and Microsoft are the sandbox's."""
    settings = Settings(
        data=folder,
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


def accounts_of(world: World) -> list[Account]:
    return [
        Account("google-village", "google", True, world.google_key_file(), world.admin(GOOGLE)),
        Account("microsoft-village", "microsoft", True, world.microsoft_key_file(), None),
    ]


def pull_all(settings: Settings) -> Pulled:
    with Warehouse(settings).connect() as connection:
        done = pull(connection, settings, SECRET, lambda _progress: None)
    for error in done.unexpected:
        raise error
    return done


def staying(village: Village) -> list[Person]:
    """Those whose mailboxes are still there in the end."""
    return [person for person in village.staff if person.works(village.last)]


def read_files(settings: Settings, village: Village, world: World, folder: Path) -> None:
    """Mail and calendars from files; the directory, which no file holds, from the providers."""
    write_files(village, folder)
    for person in staying(village):
        imports.keep(settings, folder / person.address, person.address, SECRET)
    with Warehouse(settings).connect() as connection:
        imports.load(connection, settings, SECRET)
        with Writer(connection, SECRET) as writer:
            for account in accounts_of(world):
                for page in account.open(settings, Clock()).people({}):
                    writer.store(account.account_id, account.account_id, page)


def compute(settings: Settings) -> None:
    with Warehouse(settings).connect() as connection:
        stale_range(connection, GRAPH)
        for model in GRAPH.models:
            build(connection, GRAPH, model)


def differences(one: Settings, other: Settings) -> dict[str, tuple[int, int]]:
    """Table -> rows that only one of the warehouses holds, for tables that differ."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{one.database}' AS one (READ_ONLY)")
        connection.execute(f"ATTACH '{other.database}' AS other (READ_ONLY)")
        for model in GRAPH.models:
            left_out = ", ".join(OWN_NAMES.get(model.name, ()))
            columns = f"* EXCLUDE ({left_out})" if left_out else "*"
            where = ONLY.get(model.name, "true")
            rows = [
                f"(SELECT {columns} FROM {place}.{model.name} WHERE {where})"
                for place in ("one", "other")
            ]
            counts = [
                connection.execute(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchall()[0][0]
                for a, b in (rows, rows[::-1])
            ]
            total = connection.execute(f"SELECT count(*) FROM {rows[0]}").fetchall()[0][0]
            assert total or model.name in ("staging.own",), (
                f"{model.name} is empty: nothing compared"
            )
            if any(counts):
                found[model.name] = tuple(counts)
    return found


@pytest.fixture(scope="module")
def village() -> Village:
    return Village()


@pytest.fixture(scope="module")
def from_files(village: Village, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("files")
    with Sandbox(World(village)) as sandbox:
        settings = settings_of(folder / "data", sandbox)
        read_files(settings, village, sandbox.world, folder / "village")
        shutil.rmtree(folder / "village")
    compute(settings)
    yield settings


def test_pulled_at_once(village: Village, from_files: Settings, tmp_path: Path):
    with Sandbox(World(village)) as sandbox:
        settings = settings_of(tmp_path / "data", sandbox)
        for account in accounts_of(sandbox.world):
            keep(settings, account)
        done = pull_all(settings)
    assert {state for states in done.states.values() for state in states} == {"ok"}
    assert sum(sum(one.values()) for one in done.states.values()) == len(staying(village))
    compute(settings)
    assert differences(from_files, settings) == {}
