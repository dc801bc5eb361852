"""The published tables of four people and a mailing list, made by the whole pipeline."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from pipelines import imports, pseudonym_key
from pipelines.build import build, stale_range
from pipelines.models import Graph
from pipelines.publish import publish
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

SECRET = bytes(range(32))
PEOPLE = ("ann", "bob", "cat", "dan")
GUILD = "guild@lists.x.example"


def letters() -> list[tuple[set[str], str]]:
    """Who holds each letter, and its text: every second one answers the one before.

    Every third pair goes to the list; the last day is within a month, so that it is not whole, and
    late enough for every mailbox to be settled.
    """
    found = []
    for number in range(300):
        opening, is_answer = number - number % 2, number % 2
        asks, answers = PEOPLE[opening // 2 % 4], PEOPLE[(opening // 2 + 1 + opening // 14 % 3) % 4]
        writes, reads = (answers, asks) if is_answer else (asks, answers)
        on_list = opening // 2 % 3 == 0
        sent = datetime(2024, 1, 3, 8, tzinfo=UTC) + timedelta(hours=36 * opening // 2)
        sent += timedelta(hours=is_answer * (1 + number % 5))
        found.append(
            (
                set(PEOPLE) if on_list else {asks, answers},
                f"From x Mon Jan  1 00:00:00 2024\nFrom: {writes.title()} <{writes}@x.example>\n"
                f"To: {GUILD if on_list else f'{reads}@x.example'}\nMessage-ID: <{number}@x>\n"
                + (f"In-Reply-To: <{opening}@x>\n" if is_answer else "")
                + (f"List-Id: <{GUILD.replace('@', '.')}>\n" if on_list else "")
                + f"Date: {format_datetime(sent)}\n\n\n",
            )
        )
    return found


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the parquet files."""
    folder = tmp_path_factory.mktemp("bi")
    settings = Settings(data=folder / "data")
    pseudonym_key.write(settings, SECRET)
    for person in PEOPLE:
        mbox = folder / f"{person}.mbox"
        mbox.write_text("".join(text for held_by, text in letters() if person in held_by))
        imports.keep(settings, mbox, f"{person}@x.example", SECRET)
    graph = Graph.load()
    with Warehouse(settings).connect() as connection:
        imports.load(connection, settings, SECRET)
        stale_range(connection, graph)
        for model in graph.models:
            build(connection, graph, model)
        publish(connection, graph, settings)
    return settings.parquet
