"""Who is who may be learnt late: the tables are then those of having known it from the start."""

from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors import addresses, records
from connectors.records import Address, Mailbox, Message, Person
from pipelines import ingest, pseudonym_key
from pipelines.build import build
from pipelines.models import Graph
from pipelines.settings import Settings
from pipelines.store import Batch, store
from pipelines.warehouse import Warehouse
from tests.pipelines.conftest import KEY

GRAPH = Graph.load()
ANN, OLD, BOB, CAT = (f"{name}@x.example" for name in ("ann", "ann.old", "bob", "cat"))
NOW = datetime(2024, 5, 1, tzinfo=UTC)
JOIN = f'[[join]]\naddresses = ["{ANN}", "{OLD}"]\n'


def letters() -> list[Message]:
    """Ann and Bob write to each other from January on; she is ann.old from March on."""
    pairs = [(month, ANN if month < 3 else OLD, BOB) for month in range(1, 5)]
    pairs += [(month, other, one) for month, one, other in pairs]
    pairs += [(month, CAT, BOB) for month in range(1, 5)]
    return [
        Message(
            mailbox_id="box",
            message_id=f"{number}",
            sent_at=datetime(2024, month, 10, 12, number, tzinfo=UTC),
            author=Address(author),
            to=(Address(reader),),
            folder_ids=("inbox",),
        )
        for number, (month, author, reader) in enumerate(pairs)
    ]


class House:
    """A warehouse with the letters in it, and what was built last."""

    def __init__(self, connection, settings: Settings) -> None:
        self.connection, self.settings = connection, settings
        self.take(Mailbox(mailbox_id="box", provider="google", address=BOB), *letters())
        self.connection.execute("UPDATE raw.mailboxes SET pulled_at = ?", [NOW])

    def take(self, *found) -> None:
        kinds = {type(record) for record in found}
        tables = {
            kind: records.table((one for one in found if type(one) is kind), kind) for kind in kinds
        }
        pseudonyms = ingest.Pseudonyms(KEY, self.connection)
        rows = ingest.rows(tables, pseudonyms, NOW, "house")
        store(self.connection, Batch(mailbox_id="box", stream="s", cursor="1", rows=rows))

    def directory(self) -> None:
        self.take(Person(directory_id="1", address=ANN, aliases=(OLD,), seen_at=NOW))

    def people_toml(self, text: str) -> None:
        self.settings.people_path.write_text(text)
        ingest.store_settings(self.connection, self.settings, KEY)

    def build(self) -> dict[str, list[date]]:
        """Monthly table -> the months that were computed."""
        built = {model.name: build(self.connection, GRAPH, model) for model in GRAPH.models}
        return {name: sorted(one.months) for name, one in built.items() if GRAPH[name].is_monthly}

    def tables(self) -> dict[str, list[tuple]]:
        return {
            model.name: self.connection.execute(f"FROM {model.name} ORDER BY ALL").fetchall()
            for model in GRAPH.models
        }


@pytest.fixture
def house(tmp_path: Path, settings: Settings):
    """Makes houses, each in a folder of its own."""
    with ExitStack() as opened:

        def make(name: str) -> House:
            folder = tmp_path / name
            folder.mkdir()
            (folder / "people.toml").touch()
            own = Settings(data=folder / "data", people_file=folder / "people.toml")
            pseudonym_key.write(own, KEY)
            return House(opened.enter_context(Warehouse(own).connect()), own)

        yield make


def test_a_late_directory_gives_the_tables_of_one_known_from_the_start(house):
    late, early = house("late"), house("early")
    early.directory()
    early.build()
    late.build()
    assert late.tables() != early.tables()
    late.directory()
    late.build()
    assert late.tables() == early.tables()


def test_what_a_human_says_late_changes_the_months_since_the_address_was_met(house):
    late, early = house("late"), house("early")
    early.people_toml(JOIN)
    early.build()
    late.build()
    before = late.tables()
    late.people_toml(JOIN)
    # The second address was first met in March; what was before stands as it was.
    assert late.build()["metrics.tie_strength"] == [date(2024, 3, 1), date(2024, 4, 1)]
    assert late.tables() == early.tables()
    late.people_toml("")
    late.build()
    assert late.tables() == before


def test_the_joined_addresses_are_one_person_in_every_month(house):
    taught = house("taught")
    taught.directory()
    taught.build()
    contacts = taught.connection.execute(
        "SELECT month, count(*) FROM metrics.tie_strength WHERE person_id = ? GROUP BY ALL",
        [addresses.address_key(KEY, BOB)],
    ).fetchall()
    # Ann, by whichever address, and Cat.
    assert contacts and all(count == 2 for _, count in contacts)
