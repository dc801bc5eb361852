"""The SQL that DuckDB and Spark understand alike, and what falls out of it.

Here: the rules that every model keeps to, each with the portable way to say it, and the few
exceptions, counted. ``python -m pipelines.portable_subset`` names every breach by file and line.
Not here: the translation itself (spark_sql.py).

What a model may call stands in FUNCTIONS: all of it was seen to give the same on Spark 4.3 as on
DuckDB 2.0. Whoever needs another function looks at it there first, and adds it here.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, UnsupportedError
from sqlglot.tokens import TokenType

from pipelines import functions
from pipelines.models import SQL_FOLDER, Graph, Model
from pipelines.spark_sql import spark_sql
from pipelines.typed_queries import WHOLE_NUMBERS, type_of, typed

FUNCTIONS = frozenset(
    """
    And ArgMax Array ArrayAgg ArrayConcat ArrayContains ArrayDistinct ArrayOverlaps ArraySize
    BitwiseOrAgg Case Cast Ceil Coalesce Concat Count DateDiff DateFromParts Day DenseRank Explode
    FirstValue Flatten Floor GenerateSeries Greatest GroupConcat If Lag LastDay Lead Least Length
    Ln Log LogicalAnd LogicalOr Lower Max Median Min Month Nullif Or Pow RegexpLike RegexpReplace
    RegexpSplit Replace Round RowNumber SplitPart Sqrt StrPosition Struct Sum TimeToUnix
    TimestampTrunc Transform Year
    """.split()
)
# Functions that sqlglot has no class for; spark_sql.py knows Spark's name where it is another.
NAMES = frozenset({"bit_count", "epoch_us"})
_CLOCK = "as_of of staging.wanted_months: no model reads the clock"
_RANDOM = "nothing random: the same rows give the same bytes"
_WEEK = "a column at load: engines begin the week elsewhere"
_QUANTILE = "median(x), or the value at a row_number()"
_MOMENT = "exact sums of x and x * x"
# What there is instead of the functions that come to mind.
WAYS = {
    "AnyValue": "min(x), or max(x): which value is any depends on the engine",
    "ApproxDistinct": "count(distinct x)",
    "ApproxQuantile": _QUANTILE,
    "ArgMin": "arg_max(x, -key), or row_number() over (order by key) = 1",
    "Avg": "sum(x) / count(x), the sum exact",
    "Columns": "the names of the columns",
    "Corr": "exact sums of x, y, x * y, x * x and y * y",
    "CurrentDate": _CLOCK,
    "CurrentTime": _CLOCK,
    "CurrentTimestamp": _CLOCK,
    "DateBin": "date_trunc('month', x), or a table of the bounds",
    "DayOfWeek": _WEEK,
    "DayOfWeekIso": _WEEK,
    "Extract": "year(x), month(x), day(x)",
    "First": "arg_max(x, key), or row_number() over (order by key) = 1",
    "Last": "arg_max(x, key), or row_number() over (order by key desc) = 1",
    "PercentileCont": _QUANTILE,
    "PercentileDisc": _QUANTILE,
    "Quantile": _QUANTILE,
    "Quarter": "(month(x) + 2) // 3",
    "Rand": _RANDOM,
    "Stddev": _MOMENT,
    "StddevPop": _MOMENT,
    "StddevSamp": _MOMENT,
    "TimeToStr": "year(x), month(x), day(x)",
    "UnixToTime": "a TIMESTAMPTZ column at load: Spark has the inverse under this name",
    "Uuid": _RANDOM,
    "Variance": _MOMENT,
    "VariancePop": _MOMENT,
    "Week": _WEEK,
    "date_part": "year(x), month(x), day(x)",
    "entropy": "-sum of p * ln(p), exact",
    "hash": "a hash as column at load: each engine has its own",
    "list_aggregate": "unnest the list and group",
    "list_slice": "unnest(range(1, n)) as place, then the list at place",
    "mean": "sum(x) / count(x), the sum exact",
    "now": _CLOCK,
    "to_months": "the month from staging.months",
}
_KINDS = {
    "INT128": "bigint, or decimal(38, 0)",
    "TIMESTAMP": "timestamptz: without a zone it means another instant in each session",
    "TIMESTAMPNTZ": "timestamptz: without a zone it means another instant in each session",
    "TIMESTAMP_NS": "timestamptz",
    "TIME": "a number of seconds",
    "INTERVAL": "a number of days or microseconds",
    "UUID": "varchar",
    "ENUM": "varchar",
    **dict.fromkeys(("UINT", "UBIGINT", "USMALLINT", "UTINYINT", "UINT128"), "bigint"),
}


@dataclass(frozen=True, order=True)
class Breach:
    """One place where a model leaves the subset.

    rule  its name; way  how to say it instead
    """

    path: Path
    line: int
    rule: str
    way: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: write {self.way}"

    @property
    def model(self) -> str:
        """``schema.table`` of the model."""
        return f"{self.path.parent.name}.{self.path.stem}"


# Model and rule -> how often, and why there is no other way.
EXCEPTIONS: Mapping[tuple[str, str], tuple[int, str]] = {
    ("staging.namesakes", "strip_accents"): (
        1,
        "names are compared without accents; on Spark it is a function to register, as those of "
        "functions.py are",
    ),
    ("staging.shared_contacts", "list without order"): (
        2,
        "shared_contacts gives the same in any order, and to order all edges costs as much as it",
    ),
}


def breaches(graph: Graph) -> list[Breach]:
    """Everything in the models that is outside of the subset, exceptions among it."""
    queries = typed(graph)
    found = {breach for model in graph.models for breach in _of_model(model, queries[model.name])}
    return sorted(found)


def unexpected(graph: Graph) -> list[str]:
    """Breaches that are no exceptions, and exceptions that are no longer breached as counted."""
    by_exception: Counter[tuple[str, str]] = Counter()
    lines = []
    for breach in breaches(graph):
        key = (breach.model, breach.rule)
        by_exception[key] += 1
        if by_exception[key] > EXCEPTIONS.get(key, (0, ""))[0]:
            lines.append(str(breach))
    names = {model.name for model in graph.models}
    for (name, rule), (count, _) in EXCEPTIONS.items():
        if name in names and by_exception[name, rule] < count:
            lines.append(f"{name}: {rule} is no longer there {count} times: mend EXCEPTIONS")
    return lines


def _of_model(model: Model, query: exp.Query) -> Iterator[Breach]:
    for node in query.walk():
        for rule in RULES:
            for name, way in rule(node):
                yield Breach(model.path, _line(node), name, way)
    for token in sqlglot.tokenize(model.text, dialect="duckdb"):
        if token.token_type in (TokenType.LIMIT, TokenType.OFFSET, TokenType.FETCH):
            way = "row_number() over (order by every key) <= n"
            yield Breach(model.path, token.line, "limit", way)
    try:
        sqlglot.parse_one(spark_sql(query), dialect="spark")
    except (UnsupportedError, ParseError) as error:
        text = str(error).splitlines()[0]
        yield Breach(model.path, 1, "not for Spark", f"something else than: {text}")


def _line(node: exp.Expression) -> int:
    """The first line on which something of a node stands; else of what it is a part of."""
    lines = [part.meta["line"] for part in node.walk() if "line" in part.meta]
    if lines:
        return min(lines)
    return _line(node.parent) if node.parent else 1


Found = Iterator[tuple[str, str]]


def _functions(node: exp.Expression) -> Found:
    """Only functions that both engines have."""
    if isinstance(node, exp.Anonymous):
        name = node.name.lower()
        if name not in NAMES | functions.texts().keys():
            yield name, WAYS.get(name, f"something else: {name} is not known to be portable")
    elif isinstance(node, exp.Func) and type(node).__name__ not in FUNCTIONS:
        name = type(node).__name__
        yield name, WAYS.get(name, f"something else: {name} is not known to be portable")


def _exact_sums(node: exp.Expression) -> Found:
    """Doubles are summed as whole numbers, so that their order does not matter."""
    if isinstance(node, exp.Sum) and type_of(node.this).this not in WHOLE_NUMBERS:
        kind = type_of(node.this).sql("duckdb")
        yield f"sum of {kind}", "sum(cast(round(x * 1e12) as bigint)) / 1e12"


def _order_of_lists(node: exp.Expression) -> Found:
    if isinstance(node, exp.ArrayAgg | exp.GroupConcat) and not isinstance(node.this, exp.Order):
        yield "list without order", "list(x order by key): engines collect in any order"


def _joins(node: exp.Expression) -> Found:
    if isinstance(node, exp.Join) and node.method in ("ASOF", "POSITIONAL"):
        yield f"{node.method} join", "a join, then row_number() over (... order by ... desc) = 1"


def _sources(node: exp.Expression) -> Found:
    """What stands after FROM is a table, a CTE or a subquery."""
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Func):
        yield "function in from", "select unnest(range(...)) as n"
    elif isinstance(node, exp.Unnest | exp.Lateral | exp.Values):
        yield "rows in from", "select unnest([...]) as x"
    elif isinstance(node, exp.Pivot):
        yield "pivot", "sum(case when ... then ... else 0 end), or union all"
    elif isinstance(node, exp.TableSample):
        yield "sample", "nothing random: the same rows give the same bytes"


def _one_unnest(node: exp.Expression) -> Found:
    """Two in one SELECT go side by side in DuckDB, and each with each in Spark."""
    if isinstance(node, exp.Explode) and (select := node.parent_select):
        lists = [one for column in select.selects for one in column.find_all(exp.Explode)]
        if node is not lists[0]:
            yield "two unnests", "one unnest(range(...)) as place, then each list at place"


def _names_of_columns(node: exp.Expression) -> Found:
    if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        yield "*", "the names of the columns"


def _kinds(node: exp.Expression) -> Found:
    if isinstance(node, exp.DataType) and node.this.name in _KINDS:
        yield node.sql("duckdb").lower(), _KINDS[node.this.name]


def _slices(node: exp.Expression) -> Found:
    if isinstance(node, exp.Slice):
        yield "slice", WAYS["list_slice"]


def _days(node: exp.Expression) -> Found:
    """Between instants DuckDB counts midnights passed, Spark full days."""
    if not isinstance(node, exp.DateDiff):
        return
    unit = node.unit.name.upper()
    are_dates = all(type_of(one).is_type("DATE") for one in (node.this, node.expression))
    if unit not in ("MICROSECOND", "DAY"):
        yield f"date_diff of {unit.lower()}s", "year(x) * 12 + month(x), or days or microseconds"
    elif unit == "DAY" and not are_dates:
        yield "days between instants", "date_diff('day', cast(x as date), cast(y as date))"


def _decimals(node: exp.Expression) -> Found:
    """A literal with a point is a decimal in Spark, and so is what whole numbers make with it."""
    if not (isinstance(node, exp.Literal) and not node.is_string):
        return
    if "." not in node.this or "e" in node.this.lower():
        return
    parent = node.parent
    if isinstance(parent, exp.Add | exp.Sub | exp.Mul | exp.Div):
        other = parent.right if node is parent.left else parent.left
        if not type_of(other).is_type("DOUBLE"):
            yield "decimal literal", f"{float(node.this):.17g}e0, a double"


def _recursion(node: exp.Expression) -> Found:
    if (
        isinstance(node, exp.CTE)
        and isinstance(node.this, exp.Union)
        and node.this.args["distinct"]
    ):
        read = [table.name for table in node.this.find_all(exp.Table) if not table.db]
        if node.alias in read:
            yield "recursive union", "union all, with a step that is counted and bounded"


def _choices(node: exp.Expression) -> Found:
    if isinstance(node, exp.Distinct) and node.args.get("on"):
        yield "distinct on", "row_number() over (partition by ... order by every key) = 1"


def _frames(node: exp.Expression) -> Found:
    if isinstance(node, exp.WindowSpec) and (
        node.args["kind"].upper() == "GROUPS" or node.args.get("exclude")
    ):
        yield "groups of a window", "rows or range"


RULES: tuple[Callable[[exp.Expression], Found], ...] = (
    _functions,
    _exact_sums,
    _order_of_lists,
    _joins,
    _sources,
    _one_unnest,
    _names_of_columns,
    _kinds,
    _slices,
    _days,
    _decimals,
    _recursion,
    _choices,
    _frames,
)


def main() -> None:
    """Print every breach; exit 1 where there is one."""
    lines = unexpected(Graph.load())
    print("\n".join(lines) or f"{SQL_FOLDER.name}/ is portable")
    sys.exit(bool(lines))


if __name__ == "__main__":
    main()
