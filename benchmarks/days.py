"""One new day through everything, against all of it anew: computed and published.

The checks of Great Expectations, which a run puts before the last step, are not part of either.
"""

from benchmarks import stages
from benchmarks.measuring import Clock, Contender
from pipelines.models import Graph
from pipelines.publish import publish
from pipelines.store import store


def contenders(messages: int, memory: float) -> list[Contender]:
    """Everybody who is measured."""
    arguments = {"messages": messages, "memory": memory}
    return [
        Contender("all of it anew", "days.anew", arguments, runs=1),
        Contender("one day more", "days.one_more", arguments),
    ]


def anew(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Every model from the raw rows on."""
    graph = Graph.load()
    with stages.working_copy(messages, "raw", memory) as (settings, connection):
        with clock.lap("compute"):
            stages.compute(connection, graph, graph.models)
        with clock.lap("publish"):
            release = publish(connection, graph, settings)
        return {"rows": sum(file.rows for file in release.files)}


def one_more(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """A day stored, computed and published where all before it is."""
    graph = Graph.load()
    with stages.working_copy(messages, "all", memory) as (settings, connection):
        stages.compute(connection, graph, graph.models)
        publish(connection, graph, settings)
        day = stages.new_day(messages)
        with clock.lap("store"):
            store(connection, day)
        with clock.lap("compute"):
            stages.compute(connection, graph, graph.models)
        with clock.lap("publish"):
            release = publish(connection, graph, settings)
        return {"rows": sum(file.rows for file in release.files if file.path in release.written)}
