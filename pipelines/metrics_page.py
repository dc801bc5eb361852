"""docs/metrics.md: every published number in words for people who never heard of it.

Here: the page, made of the headers in sql/metrics, the constants in sql/staging/parameters.sql, and
what is said before them (metrics_intro.md).
Not here: reading the headers (models.py, meanings.py), writing the page (pages.py).
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from sqlglot import exp

from pipelines import meanings
from pipelines.meanings import Meaning
from pipelines.models import Graph, Model, ModelError
from pipelines.publish import published

INTRO = Path(__file__).with_name("metrics_intro.md")
# The chapters, in their order; a table names its own under Topic.
TOPICS = (
    "How strong?",
    "Who gives?",
    "How diverse?",
    "What changes?",
    "What next?",
    "How do groups connect?",
    "What is missing?",
    "Who, and when?",
)
_PARAMETERS = "staging.parameters"


def page(graph: Graph) -> str:
    """The whole page. Raises ModelError for a published table without a known Topic."""
    by_topic = chapters(graph)
    lines = [
        INTRO.read_text(encoding="utf-8").format_map(constants(graph)),
        "## What is where",
        "",
        *_contents(by_topic),
    ]
    for topic, models in by_topic.items():
        lines += ["", f"## {topic}"]
        for model in models:
            lines += ["", *_table(model)]
    lines += ["", "## The constants", "", *_constants_table(graph)]
    return "\n".join(lines) + "\n"


def chapters(graph: Graph) -> dict[str, list[Model]]:
    """Topic -> its tables, those with most columns first."""
    by_topic: dict[str, list[Model]] = {topic: [] for topic in TOPICS}
    for model in sorted(published(graph), key=lambda model: (-len(model.columns), model.table)):
        if model.topic not in by_topic:
            raise ModelError(f"{model.path}: write a line `-- Topic:` with one of {TOPICS}")
        by_topic[model.topic].append(model)
    return {topic: models for topic, models in by_topic.items() if models}


def _contents(by_topic: Mapping[str, list[Model]]) -> Iterator[str]:
    for topic, models in by_topic.items():
        yield f"- [{topic}](#{anchor(topic)})"
        for model in models:
            yield f"  - [{model.table}](#{anchor(model.table)}): {model.question}"
    yield "- [The constants](#the-constants)"


def anchor(title: str) -> str:
    """The anchor that GitHub gives to a heading."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def _table(model: Model) -> Iterator[str]:
    yield f"### {model.table}"
    yield ""
    yield model.question
    yield ""
    grain = ", ".join(f"`{column}`" for column in model.grain)
    yield f"One row for each {grain}. Version {model.version} of the definition."
    for title, label in (("Sources", "Source"), ("Caveats", "Caveat")):
        if texts := model.header.get(label):
            yield ""
            yield f"{title}:"
            yield ""
            for text in texts:
                yield f"- {text}"
    for readings, columns in groupby(meanings.of_published(model).items(), key=_readings):
        said = [f"- {title}: {text}" for title, text in readings if text]
        for column, words in columns:
            unit = f" ({words.unit})" if words.unit else ""
            yield ""
            yield f"**{column}**{unit}: {words.text}."
            if words.example:
                said.append(f"- By pencil: {words.example}")
        if said:
            yield ""
            yield from said


def _readings(item: tuple[str, Meaning]) -> tuple[tuple[str, str | None], ...]:
    """How a column is read: columns side by side for which it is the same are explained once."""
    _, words = item
    return (
        ("Asks", words.asks),
        ("High", words.high),
        ("Low", words.low),
        ("Values", words.values),
        ("Formula", words.formula),
    )


def constants(graph: Graph) -> dict[str, str]:
    """Name of each constant -> its value as the SQL writes it."""
    return {
        column.alias: column.find(exp.Literal).this for column in graph[_PARAMETERS].query.selects
    }


def _constants_table(graph: Graph) -> Iterator[str]:
    values = constants(graph)
    yield "They are choices, not findings, and stand in one place, `sql/staging/parameters.sql`."
    yield ""
    yield "| constant | value | what it does |"
    yield "|---|---|---|"
    for column, meaning in graph[_PARAMETERS].columns.items():
        yield f"| `{column}` | {values[column]} | {meaning} |"
