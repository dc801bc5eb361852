"""docs/data-map.md: every column that is stored or published, what for, and who sees it.

Here: the page, made of the schemas of records, raw tables and models, of the settings, and what is
said before them (data_map_intro.md).
Not here: what is kept (raw_tables.py, sql/), what is shown to whom (published_rows.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors import records
from pipelines import imports, publish, published_rows
from pipelines.metrics_page import constants
from pipelines.models import MONTHS, WANTED_COLUMNS, WANTED_MONTHS, Graph, Model
from pipelines.published_keys import keys
from pipelines.raw_tables import RAW_TABLES
from pipelines.runner_tables import RUNNER_TABLES
from pipelines.settings import Settings

INTRO = Path(__file__).with_name("data_map_intro.md")
MACHINE = "whoever runs kith on this machine"
FOLDER = "whoever may read `parquet/`"
OWNERS = f"{FOLDER}; of owners of mailboxes that are read, unless `people_scores` says otherwise"
UNNAMED = "empty for an organisation unless `people_names` is on"
# Settings that decide whose data are read and who sees them.
SWITCHES = (
    "audience",
    "people_names",
    "people_scores",
    "first_month",
    "pull.include",
    "pull.exclude",
)
RETENTION = {
    "raw": "until the folder is removed; what the provider deletes keeps its row with `deleted_at`",
    "staging": "as long as the raw rows that it is computed from",
    "metrics": "as long as the raw rows that it is computed from; so are the files in `parquet/`",
    "imports": "until the folder is removed",
    "raw.touched_months": "until the months are computed",
    "raw.listed": "until the listing is through",
    WANTED_MONTHS: "until the next run",
}
# What a row speaks of, by the columns that name it: the first that fits.
_UNITS: tuple[tuple[str, frozenset[str]], ...] = (
    (
        "one person",
        frozenset(
            """
            person_id contact_id author_id asker_id responder_id introducer_id first_id
            from_person_id superior_id address_key author_key organizer_key alias_keys directory_id
            address author organizer
            """.split()
        ),
    ),
    ("one mailbox", frozenset({"mailbox_id", "account_id", "source"})),
    ("one message", frozenset({"message_key", "copy_key", "message_id"})),
    ("one meeting", frozenset({"meeting_key"})),
    ("one mailing list", frozenset({"list_id"})),
    ("one group, however small", frozenset({"group_name", "group_a"})),
)
# Tables without small groups: what reads them says nothing of these.
_LARGE_GROUPS = frozenset({"staging.shown_groups", "staging.group_cells"})


@dataclass(frozen=True)
class Stored:
    """One table of the map.

    columns   name -> what it holds
    smallest  the least of which a row can speak
    seen_by   who sees the table; hidden columns are seen by fewer
    """

    name: str
    purpose: str
    columns: Mapping[str, str]
    smallest: str
    seen_by: str
    kept: str
    hidden: tuple[str, ...] = ()


def page(graph: Graph) -> str:
    """The whole page."""
    tables = list(stored(graph))
    personal = [f"`{model.table}`" for model in publish.published(graph) if model.personal]
    intro = INTRO.read_text(encoding="utf-8").format(
        machine=MACHINE,
        folder=FOLDER,
        personal=", ".join(sorted(personal)),
        min_group_size=constants(graph)["min_group_size"],
        switches="\n".join(_switches()),
        retention="\n".join(_retention()),
        tables="\n".join(_overview(tables)),
    )
    sections = ["\n".join(_section(table)) for table in tables]
    return "\n".join([intro, *sections])


def stored(graph: Graph) -> Iterator[Stored]:
    """Every table that is stored or published, in the order in which data pass through them."""
    for kind in imports.KINDS:
        columns = {field.name: field.metadata[b"meaning"].decode() for field in kind.SCHEMA}
        purpose = f"{_summary(kind)} As read from a file."
        yield _table(f"imports.{kind.__name__.lower()}", purpose, columns, graph)
    for table in (*RAW_TABLES.values(), *RUNNER_TABLES):
        columns = {name: meaning for name, (_, meaning) in table.columns.items()}
        yield _table(table.name, table.question, columns, graph)
    names = [part.split()[0] for part in WANTED_COLUMNS.split(", ")]
    wanted = {name: graph[MONTHS].columns[name] for name in names}
    yield _table(WANTED_MONTHS, "Which months does a run compute?", wanted, graph)
    for model in sorted(graph.models, key=lambda model: (model.schema != "staging", model.name)):
        made = {key.name: key.meaning for key in keys(model)}
        yield _table(model.name, model.question, {**model.columns, **made}, graph, model)
    yield _table(
        f"metrics.{publish.DICTIONARY}",
        "What does each published column mean?",
        publish.DICTIONARY_COLUMNS,
        graph,
    )


def _table(
    name: str, purpose: str, columns: Mapping[str, str], graph: Graph, model: Model | None = None
) -> Stored:
    schema = name.partition(".")[0]
    seen_by = FOLDER if schema == "metrics" else MACHINE
    return Stored(
        name=name,
        purpose=purpose,
        columns=columns,
        smallest=_smallest(name, columns, graph, model),
        seen_by=OWNERS if model and model.personal else seen_by,
        kept=RETENTION.get(name, RETENTION[schema]),
        hidden=published_rows.NAMES.get(name, ()),
    )


def _smallest(name: str, columns: Mapping[str, str], graph: Graph, model: Model | None) -> str:
    if _LARGE_GROUPS & {name, *(model.upstreams if model else ())}:
        return f"groups of at least {constants(graph)['min_group_size']} people"
    for unit, names in _UNITS:
        if names & columns.keys():
            return unit
    return "nobody in particular"


def _summary(kind: type[records.Record]) -> str:
    return (kind.__doc__ or "").splitlines()[0]


def _switches() -> Iterator[str]:
    yield "| setting | what it decides |"
    yield "|---|---|"
    for switch in SWITCHES:
        fields = Settings.model_fields
        *sections, name = switch.split(".")
        for section in sections:
            fields = fields[section].annotation.model_fields
        yield f"| `{switch}` | {fields[name].description} |"


def _retention() -> Iterator[str]:
    yield "| what | kept |"
    yield "|---|---|"
    for name, kept in RETENTION.items():
        yield f"| `{name}` | {kept} |"


def _overview(tables: list[Stored]) -> Iterator[str]:
    yield "| table | what for | smallest unit | who sees it |"
    yield "|---|---|---|---|"
    for table in tables:
        yield f"| `{table.name}` | {table.purpose} | {table.smallest} | {table.seen_by} |"


def _section(table: Stored) -> Iterator[str]:
    yield f"\n### {table.name}\n"
    yield f"{table.purpose} Smallest unit: {table.smallest}. Seen by {table.seen_by}."
    yield f"Kept {table.kept}.\n"
    yield "| column | what it holds |"
    yield "|---|---|"
    for column, meaning in table.columns.items():
        hidden = f"; {UNNAMED}" if column in table.hidden else ""
        yield f"| `{column}` | {meaning}{hidden} |"
