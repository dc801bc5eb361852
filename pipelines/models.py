"""One SQL file is one table: its folder the schema, its stem the name, its text everything else.

Here: reading ``sql/<schema>/<table>.sql`` into a Model (question, grain, checks, upstreams, column
meanings, fingerprint) and the order in which all of them are built.
Not here: running a model (build.py), its checks (checks.py), its Dagster asset (assets.py).

A file opens with a question, then labels, then one SELECT::

    -- How strong is each tie at the end of every month?
    --
    -- Grain:   month, person_id, contact_id
    -- Check:   strength >= 0
    -- Source:  tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193
    -- Version: 1
    --
    -- Topic:   How strong?
    -- High:    strength: both give each other much attention, and lately

A text goes on in the next line where that is indented. What is said of columns names them before a
colon: the words under which a reader meets them (meanings.py). Upstreams are read out of the query,
never declared a second time. That works only while every table is written ``schema.table``, so a
bare name that is no CTE is refused, as is a column of the last SELECT without a trailing comment
that says what it means. No templates, no strategies, no selectors: docs/decisions/0001 says why
this file stays small.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from pipelines import functions as functions_of_sql

SQL_FOLDER = Path(__file__).resolve().parent.parent / "sql"
SCHEMAS = ("raw", "staging", "metrics")
MONTHS = "staging.months"
WANTED_MONTHS = "staging.wanted_months"
WANTED_COLUMNS = (
    "month DATE, as_of TIMESTAMPTZ, as_of_date DATE, window_start_date DATE, is_complete BOOLEAN"
)

_ONE = ("Grain", "Version", "Touches", "Personal", "Topic")
_MANY = ("Check", "Warn", "Source", "Caveat")
# Texts that open with the columns of which they speak.
OF_COLUMNS = ("Asks", "High", "Low", "Formula", "Values", "Example")
_LABEL = re.compile(rf"^({'|'.join(_ONE + _MANY + OF_COLUMNS)}):\s*(.*)$")


class ModelError(ValueError):
    """A SQL file that breaks the grammar above; the text names the file and the cure."""


@dataclass(frozen=True)
class Model:
    """One SQL file, parsed when first asked."""

    path: Path

    @property
    def schema(self) -> str:
        """The folder: staging or metrics."""
        return self.path.parent.name

    @property
    def table(self) -> str:
        """The stem of the file."""
        return self.path.stem

    @property
    def name(self) -> str:
        """``schema.table``."""
        return f"{self.schema}.{self.table}"

    @cached_property
    def text(self) -> str:
        """The whole file."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def query(self) -> exp.Query:
        """The SELECT, parsed."""
        try:
            statements = [one for one in sqlglot.parse(self.text, dialect="duckdb") if one]
        except ParseError as error:
            (first, *_) = error.errors
            where = f"line {first['line']}, column {first['col']}"
            raise ModelError(f"{self.path}: {where}: {first['description']}") from error
        except TokenError as error:
            raise ModelError(f"{self.path}: not readable as SQL: {error}") from error
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            raise ModelError(f"{self.path}: write exactly one SELECT")
        return statements[0]

    @cached_property
    def header(self) -> Mapping[str, tuple[str, ...]]:
        """Label -> its texts; the question stands under ``Question``."""
        texts: dict[str, list[str]] = {"Question": []}
        label = "Question"
        for line in self.text.splitlines():
            if not line.startswith("--"):
                break
            content = line[2:].strip()
            if match := _LABEL.match(content):
                label = match[1]
                if label in _ONE and label in texts:
                    raise ModelError(f"{self.path}: {label} stands twice; one is enough")
                texts.setdefault(label, []).append(match[2])
            elif not content:
                label = "Question" if not texts["Question"] else ""
            elif not label or (label != "Question" and not line.startswith("--  ")):
                raise ModelError(f"{self.path}: “{content}” belongs to no label; add one")
            elif texts[label]:
                texts[label][-1] += f" {content}"
            else:
                texts[label].append(content)
        return {label: tuple(found) for label, found in texts.items()}

    @cached_property
    def question(self) -> str:
        """The question that the table answers."""
        (question,) = self.header["Question"] or ("",)
        if not question.endswith("?"):
            raise ModelError(f"{self.path}: the first line must be the question it answers, with ?")
        return question

    @cached_property
    def grain(self) -> tuple[str, ...]:
        """Columns of which no two rows agree in all; empty where the table is one row."""
        if "Grain" not in self.header:
            raise ModelError(f"{self.path}: no `-- Grain:` line")
        (text,) = self.header["Grain"]
        if text == "one row":
            return ()
        grain = tuple(column.strip() for column in text.split(","))
        if unknown := [column for column in grain if column not in self.columns]:
            raise ModelError(f"{self.path}: Grain names {', '.join(unknown)}, not a column")
        if self.is_monthly and grain[0] != "month":
            raise ModelError(f"{self.path}: reads {WANTED_MONTHS}, so its Grain must begin: month")
        return grain

    @property
    def checks(self) -> tuple[str, ...]:
        """Conditions without which nothing is published."""
        return self.header.get("Check", ())

    @property
    def warnings(self) -> tuple[str, ...]:
        """Conditions whose breach is shown but holds nothing up."""
        return self.header.get("Warn", ())

    @property
    def version(self) -> int:
        """Raised with every change of what the numbers mean."""
        text = self.header.get("Version", ("1",))[0]
        if not text.isdigit():
            raise ModelError(f"{self.path}: Version must be a whole number, not {text}")
        return int(text)

    @property
    def touches(self) -> str | None:
        """Column that says from when on a changed row of this table makes months stale."""
        return self.header.get("Touches", (None,))[0]

    @property
    def topic(self) -> str | None:
        """Chapter of docs/metrics.md to which a published table belongs."""
        return self.header.get("Topic", (None,))[0]

    @property
    def personal(self) -> str | None:
        """Column that says of whom a row speaks, where its rows are for that person alone."""
        return self.header.get("Personal", (None,))[0]

    def said(self, label: str) -> Mapping[str, str]:
        """Column -> what is said of it under Asks, High, Low, Formula, Values or Example."""
        found: dict[str, str] = {}
        for line in self.header.get(label, ()):
            names, _, text = line.partition(": ")
            for name in names.split(", "):
                if not text or name not in self.columns:
                    raise ModelError(f"{self.path}: {label} names {name}, which is not a column")
                if name in found:
                    raise ModelError(f"{self.path}: {label} of {name} stands twice")
                found[name] = text
        return found

    @cached_property
    def _tables(self) -> frozenset[str]:
        """Every ``schema.table`` in the query."""
        ctes = {cte.alias for cte in self.query.find_all(exp.CTE)}
        tables = [table for table in self.query.find_all(exp.Table) if table.name]
        if stray := sorted({table.name for table in tables if not table.db} - ctes):
            raise ModelError(f"{self.path}: write schema.table, not {', '.join(stray)}")
        return frozenset(f"{table.db}.{table.name}" for table in tables if table.db)

    @property
    def is_monthly(self) -> bool:
        """Whether it computes the wanted months only instead of the whole table."""
        return WANTED_MONTHS in self._tables

    @property
    def upstreams(self) -> tuple[str, ...]:
        """Tables read, as ``schema.table``, sorted.

        The wanted months are some of staging.months, so a monthly model rests on that.
        """
        months = {MONTHS} if self.is_monthly else set()
        return tuple(sorted(self._tables - {WANTED_MONTHS} | months))

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """Column -> meaning, in order, from the trailing comments of the last SELECT."""
        columns = {}
        for column in self.query.selects:
            name = column.alias_or_name
            meaning = " ".join(" ".join(column.comments or ()).split())
            if not name or name == "*":
                raise ModelError(f"{self.path}: name every column of the last SELECT; no *")
            if not meaning:
                raise ModelError(
                    f"{self.path}: say after `{name},` what it means: -- meaning; unit"
                )
            columns[name] = meaning
        return columns

    def validate(self) -> None:
        """Raise ModelError for anything in the file that breaks the grammar."""
        for part in ("question", "columns", "upstreams", "grain", "version"):
            getattr(self, part)
        for label, column in (("Touches", self.touches), ("Personal", self.personal)):
            if column and column not in self.columns:
                raise ModelError(f"{self.path}: {label} names {column}, which is not a column")
        if self.touches and self.is_monthly:
            raise ModelError(f"{self.path}: Touches is for tables that are rebuilt whole")
        for label in OF_COLUMNS:
            self.said(label)


@dataclass(frozen=True)
class Graph:
    """All models in an order in which each comes after what it reads."""

    models: tuple[Model, ...]

    @classmethod
    def load(cls, folder: Path = SQL_FOLDER) -> "Graph":
        """Every ``<schema>/<table>.sql`` below ``folder``, validated and ordered.

        Parsing them takes a second, so what was loaded is kept for as long as no file changes.
        Raises ModelError for a file that breaks the grammar, an unknown upstream, a circle.
        """
        paths = sorted(folder.glob("*/*.sql"))
        return _load(tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths))

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "Graph":
        """The models in these files."""
        models = {model.name: model for model in map(Model, paths)}
        for model in models.values():
            if model.schema not in SCHEMAS[1:]:
                raise ModelError(f"{model.path}: models live in {' or '.join(SCHEMAS[1:])}")
            model.validate()
            known = {name for name in model.upstreams if not name.startswith("raw.")}
            if missing := known - models.keys():
                raise ModelError(f"{model.path}: reads {', '.join(sorted(missing))}: no such file")
        sorter = TopologicalSorter(
            {name: sorted(models.keys() & set(models[name].upstreams)) for name in sorted(models)}
        )
        try:
            order = tuple(sorter.static_order())
        except CycleError as error:
            raise ModelError(f"models read each other in a circle: {error.args[1]}") from error
        return cls(tuple(models[name] for name in order))

    def __getitem__(self, name: str) -> Model:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, Model]:
        return {model.name: model for model in self.models}

    @cached_property
    def raw_sources(self) -> Mapping[str, frozenset[str]]:
        """Model name -> every raw table that it reads, directly or through other models."""
        sources: dict[str, frozenset[str]] = {}
        for model in self.models:
            direct = {name for name in model.upstreams if name.startswith("raw.")}
            through = [sources[name] for name in model.upstreams if name in sources]
            sources[model.name] = frozenset(direct).union(*through)
        return sources

    @cached_property
    def fingerprints(self) -> Mapping[str, str]:
        """Model name -> sha256 of its text and of all texts it rests on: the code version.

        The functions that it calls are among them.
        """
        found: dict[str, str] = {}
        functions = functions_of_sql.texts()
        for model in self.models:
            digest = hashlib.sha256(model.text.encode())
            for name in sorted({call.name for call in model.query.find_all(exp.Anonymous)}):
                digest.update(functions.get(name, b""))
            for name in model.upstreams:
                digest.update(found.get(name, name).encode())
            found[model.name] = digest.hexdigest()[:16]
        return found

    def downstream(self, name: str) -> Sequence[Model]:
        """Every model that rests on ``name``, directly or not, in build order."""
        reached = {name}
        for model in self.models:
            if reached.intersection(model.upstreams):
                reached.add(model.name)
        return [model for model in self.models if model.name in reached - {name}]

    @cached_property
    def foundations(self) -> tuple[Model, ...]:
        """What must stand before it is known which months are stale, in build order.

        That are the tables rebuilt whole that monthly ones rest on (which months there are, who is
        who), and all that these read, monthly tables too.
        """
        needed: set[str] = set()
        for model in reversed(self.models):
            rests = any(one.is_monthly for one in self.downstream(model.name))
            if model.name in needed or (rests and not model.is_monthly):
                needed.update({model.name}, model.upstreams)
        return tuple(model for model in self.models if model.name in needed)


@lru_cache(maxsize=2)
def _load(files: tuple[tuple[Path, int, int], ...]) -> Graph:
    """The models in files that are told apart by when they changed and how long they are."""
    return Graph.of(path for path, *_ in files)
