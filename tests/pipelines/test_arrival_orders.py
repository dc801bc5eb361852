"""Mail comes late, in any order, and runs die: the tables end as after one undisturbed run.

Here: random arrivals of the same raw rows, stored and computed in turn, each run dying before any
of its commits. Not here: how a pull survives that (test_kills_*.py).
"""

import contextlib
import random
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines import pseudonym_key
from pipelines.build import build, stale_range
from pipelines.models import Graph
from pipelines.raw_tables import RAW_TABLES
from pipelines.settings import Settings
from pipelines.store import Batch, store
from pipelines.warehouse import Warehouse
from tests.sql.conftest import World
from tests.sql.test_every_month import fill

GRAPH = Graph.load()
SECRET = bytes(range(32))
MONTHS = 4
DATED = ("raw.messages", "raw.events")
Rows = Mapping[str, pa.Table]


class Killed(BaseException):
    """What would have been a kill: nothing catches it, and the connection is closed."""


class Dying:
    """A connection that does not reach its N-th COMMIT; what that held is lost on closing."""

    def __init__(self, connection: Any, commit: int) -> None:
        self._connection, self._left = connection, commit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *parameters: Any) -> Any:
        self._left -= sql == "COMMIT"
        if sql == "COMMIT" and self._left == 0:
            raise Killed
        return self._connection.execute(sql, *parameters)


class Story:
    """Everything that will have arrived, and what one undisturbed run makes of it."""

    def __init__(self, house: Warehouse) -> None:
        world = World()
        fill(world, until=MONTHS)
        found = {name: world.connection.sql(f"FROM {name}").to_arrow_table() for name in RAW_TABLES}
        world.connection.close()
        self.house = house
        self.rows: Rows = {name: table for name, table in found.items() if table.num_rows}
        with house.connect() as connection:
            arrive(connection, self.rows)
            compute(connection)
            assert len(months(connection)) == MONTHS
            self.tables = tables(connection)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(warehouse(tmp_path_factory.mktemp("undisturbed")))


def warehouse(folder: Path) -> Warehouse:
    made = Settings(data=folder / "data")
    pseudonym_key.write(made, SECRET)
    return Warehouse(made)


def arrive(connection: Any, rows: Rows) -> None:
    store(connection, Batch(mailbox_id="m", stream="s", cursor=None, rows=rows))


def compute(connection: Any) -> dict[str, list[date]]:
    """What a run does; the months that it computes of each model, foundations left out."""
    stale_range(connection, GRAPH)
    return {
        model.name: list(build(connection, GRAPH, model).months)
        for model in GRAPH.models
        if model not in GRAPH.foundations
    }


def months(connection: Any) -> list[date]:
    rows = connection.execute("SELECT month FROM staging.months ORDER BY month").fetchall()
    return [month for (month,) in rows]


def tables(connection: Any) -> dict[str, list[tuple]]:
    """Every row of every model."""
    return {
        model.name: connection.execute(f"FROM {model.name} ORDER BY ALL").fetchall()
        for model in GRAPH.models
    }


def halves(rows: Rows, dice: random.Random) -> tuple[Rows, Rows]:
    """What arrives first, and what comes late: dated rows at random, all others first."""
    early, late = dict(rows), {}
    for name in DATED:
        is_late = pa.array([dice.random() < 0.5 for _ in range(rows[name].num_rows)])
        early[name] = rows[name].filter(pc.invert(is_late))
        late[name] = rows[name].filter(is_late)
    return early, late


def live(house: Warehouse, arrived: Rows, *deaths: int) -> None:
    """Rows arrive, and run after run dies before a commit."""
    with house.connect() as connection:
        arrive(connection, arrived)
    for death in deaths:
        with contextlib.suppress(Killed), house.connect() as connection:
            compute(Dying(connection, death))


# Each example takes seconds, so that a failure is shown as it was found.
@given(
    seed=st.integers(0, 2**32),
    # The number of a commit, of which a whole run has about 230; 0 for a run that lives.
    early_death=st.just(0) | st.integers(1, 230),
    deaths=st.lists(st.integers(1, 150), min_size=2, max_size=2),
)
@settings(max_examples=2, deadline=None, phases=[Phase.generate])
def test_any_order_of_arrival_and_any_deaths_end_in_the_same_tables(
    story: Story,
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    early_death: int,
    deaths: list[int],
):
    early, late = halves(story.rows, random.Random(seed))
    house = warehouse(tmp_path_factory.mktemp("arrivals"))
    live(house, early, early_death)
    live(house, late, *deaths)
    with house.connect() as connection:
        compute(connection)
        found = tables(connection)
    for name, expected in story.tables.items():
        assert found[name] == expected, name


def test_late_mail_computes_its_month_and_all_later_ones_anew(story: Story):
    """A message of March between two who have known each other since January."""
    known = story.rows["raw.messages"]
    old = known.filter(pc.equal(known["message_id"], known["message_id"][0])).to_pylist()[0]
    march = {"message_id": "late", "message_key": -1, "copy_key": -1, "audience_key": -1}
    march |= {"sent_at": datetime(2020, 3, 20, tzinfo=UTC), "sent_date": date(2020, 3, 20)}
    late = pa.Table.from_pylist([old | march], known.schema)
    with story.house.connect() as connection:
        arrive(connection, {"raw.messages": late})
        computed = compute(connection)
        of_mail = [
            name
            for name in computed
            if GRAPH[name].is_monthly and "raw.messages" in GRAPH.raw_sources[name]
        ]
        assert len(of_mail) > 50
        _, _, *later = months(connection)
        assert len(later) == MONTHS - 2
        assert {name: computed[name] for name in of_mail} == dict.fromkeys(of_mail, later)
        counted = connection.execute(
            "SELECT month, count(*) FROM staging.messages WHERE message_key = -1 GROUP BY ALL"
        ).fetchall()
        assert counted == [(date(2020, 3, 1), 1)]
