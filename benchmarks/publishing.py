"""From the contacts to parquet: every metric of 24 months computed and published.

The checks of Great Expectations, which a run puts before the last step, are not part of it.
"""

from benchmarks import stages
from benchmarks.measuring import Clock, Contender
from pipelines.models import Graph
from pipelines.publish import publish


def contenders(messages: int, memory: float) -> list[Contender]:
    """Everybody who is measured."""
    arguments = {"messages": messages, "memory": memory}
    return [Contender("contacts to parquet", "publishing.everything", arguments, runs=1)]


def everything(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """All models that are not up to date, then the files."""
    graph = Graph.load()
    with stages.working_copy(messages, "contacts", memory) as (settings, connection):
        stages.compute(connection, graph, stages.until(graph, [stages.CONTACTS]))
        with clock.lap("compute"):
            stages.compute(connection, graph, graph.models)
        with clock.lap("publish"):
            release = publish(connection, graph, settings)
        return {
            "rows": sum(file.rows for file in release.files),
            "bytes": sum(file.bytes for file in release.files),
        }
