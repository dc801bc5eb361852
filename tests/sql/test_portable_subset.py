"""Every model keeps to what DuckDB and Spark understand alike; each rule sees what breaks it."""

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import UnsupportedError
from sqlglot.optimizer.annotate_types import annotate_types

from pipelines import portable_subset
from pipelines.models import Graph
from pipelines.portable_subset import EXCEPTIONS, breaches, unexpected
from pipelines.spark_sql import spark_sql
from pipelines.typed_queries import type_of, typed

GRAPH = Graph.load()
HEADER = "-- What?\n--\n-- Grain: one row\n\n"


def test_the_models_keep_to_the_subset():
    assert unexpected(GRAPH) == []


def test_exceptions_are_few_and_each_says_why():
    assert sum(count for count, _ in EXCEPTIONS.values()) <= 3
    assert all(len(reason) > 30 for _, reason in EXCEPTIONS.values())


@pytest.fixture
def lint(tmp_path):
    """Writes a model and gives what is found in it, as (rule, line, text)."""

    def lint(sql: str) -> list[tuple[str, int, str]]:
        path = tmp_path / "staging" / "snippet.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEADER + sql + "\n", encoding="utf-8")
        found = breaches(Graph.load(tmp_path))
        return [(one.rule, one.line, str(one)) for one in found]

    return lint


@pytest.mark.parametrize(
    ("rule", "way", "bad"),
    [
        (
            "sum of DOUBLE",
            "cast(round(x * 1e12) as bigint)",
            "sum(cast(m.address_count as double))",
        ),
        ("sum of DOUBLE", "cast(round(x", "sum(m.address_count / 2)"),
        ("sum of DOUBLE", "as bigint)", "sum(case when m.address_count > 1 then 0.5 else 1 end)"),
        ("Avg", "the sum exact", "avg(m.address_count)"),
        ("StddevPop", "exact sums", "stddev_pop(m.address_count)"),
        ("Quantile", "median(x)", "quantile(m.address_count, 0.9)"),
        ("PercentileCont", "median(x)", "quantile_cont(m.address_count, 0.9)"),
        ("CurrentDate", "no model reads the clock", "count(*) + year(current_date)"),
        ("now", "no model reads the clock", "max(now())"),
        ("Rand", "the same bytes", "count(*) + random()"),
        ("AnyValue", "min(x)", "any_value(m.sent_at)"),
        ("First", "arg_max", "first(m.sent_at order by m.sent_at)"),
        ("hash", "at load", "max(hash(m.message_id))"),
        ("TimeToStr", "year(x)", "max(strftime(m.sent_at, '%Y'))"),
        ("DayOfWeekIso", "at load", "max(isodow(m.sent_date))"),
        ("UnixToTime", "inverse", "max(epoch_ms(m.message_key))"),
        ("DateBin", "date_trunc", "max(time_bucket(interval 7 day, m.sent_date))"),
        ("to_months", "staging.months", "max(m.sent_date + to_months(1))"),
        ("list_slice", "place", "max(list_slice(m.to_keys, 1, 2))"),
        ("list_aggregate", "unnest", "max(list_aggregate(m.to_keys, 'max'))"),
        ("entropy", "ln(p)", "entropy(m.message_key)"),
        ("list without order", "order by key", "list(m.message_key)"),
        ("list without order", "order by key", "string_agg(m.message_id, ' ')"),
        ("slice", "place", "max(m.to_keys[1:2])"),
        ("int128", "decimal(38, 0)", "max(m.message_key::hugeint)"),
        ("uinteger", "bigint", "max(m.address_count::uinteger)"),
        ("timestamp", "timestamptz", "max(m.sent_at::timestamp)"),
        (
            "days between instants",
            "cast(x as date)",
            "max(date_diff('day', m.sent_at, m.deleted_at))",
        ),
        (
            "date_diff of months",
            "year(x) * 12",
            "max(date_diff('month', m.sent_date, m.sent_date))",
        ),
        ("decimal literal", "30e0", "max(m.address_count / 30.0)"),
        ("fourier", "not known to be portable", "max(fourier(m.address_count))"),
        ("not for Spark", "only ascending", "list(m.message_key order by m.sent_at desc)"),
    ],
)
def test_what_is_not_portable_is_named_with_its_line_and_the_way(lint, rule, way, bad):
    found = lint(
        f"select\n    count(*) as n,  -- rows\n    {bad} as bad  -- what is wrong\n"
        "from raw.messages as m"
    )
    line = 1 if rule == "not for Spark" else 7
    assert [(one, at) for one, at, _ in found] == [(rule, line)]
    assert f"snippet.sql:{line}: {rule}: write " in found[0][2]
    assert way in found[0][2]


@pytest.mark.parametrize(
    ("rule", "line", "bad"),
    [
        (
            "ASOF join",
            8,
            "select\n    m.sent_at  -- when\nfrom raw.messages as m\n"
            "asof join raw.events as e on m.sent_at >= e.start_at",
        ),
        ("function in from", 7, "select\n    t.n  -- number\nfrom range(3) as t(n)"),
        ("rows in from", 7, "select\n    t.n  -- number\nfrom (values (1)) as t(n)"),
        ("rows in from", 7, "select\n    t.n  -- number\nfrom unnest([1]) as t(n)"),
        (
            "two unnests",
            7,
            "select\n    unnest(m.to_keys) as a,  -- to\n    unnest(m.cc_keys) as b  -- cc\n"
            "from raw.messages as m",
        ),
        (
            "*",
            6,
            "with all_of_them as (\n    select *\n    from raw.messages\n)\n\n"
            "select\n    all_of_them.sent_at  -- when\nfrom all_of_them",
        ),
        ("limit", 8, "select\n    m.sent_at  -- when\nfrom raw.messages as m\nlimit 3"),
        (
            "distinct on",
            6,
            "select distinct on\n    (m.sent_at) m.sent_at  -- when\nfrom raw.messages as m",
        ),
        ("sample", 7, "select\n    m.sent_at  -- when\nfrom raw.messages as m using sample 3"),
        (
            "groups of a window",
            8,
            "select\n    max(m.sent_at) over (\n        order by m.sent_date\n"
            "        groups between 1 preceding and current row\n    ) as sent_at  -- when\n"
            "from raw.messages as m",
        ),
        (
            "recursive union",
            5,
            "with recursive up as (\n    select p.manager_id\n    from raw.people as p\n"
            "    union\n    select p.manager_id\n    from up\n"
            "    join raw.people as p on p.directory_id = up.manager_id\n)\n\n"
            "select\n    up.manager_id  -- who\nfrom up",
        ),
    ],
)
def test_what_the_engines_do_differently_is_named_with_its_line(lint, rule, line, bad):
    assert (rule, line) in [(one, at) for one, at, _ in lint(bad)]


@pytest.mark.parametrize(
    "good",
    [
        "sum(m.address_count)",
        "sum(cast(round(m.address_count / 3 * 1e12) as bigint)) / 1e12",
        "sum(cast(round(m.address_count * 1e12) as decimal(38, 0)))",
        "max(date_diff('day', m.sent_date, cast(m.deleted_at as date)))",
        "max(date_diff('microsecond', m.sent_at, m.deleted_at))",
        "max(power(2.0, m.address_count) * 0.5)",
        "max(m.to_keys[1])",
        "list(m.message_key order by m.sent_at, m.message_key)",
        "count(distinct m.message_key) filter (where len(m.to_keys) > 1)",
    ],
)
def test_what_is_portable_passes(lint, good):
    assert lint(f"select\n    {good} as good  -- right\nfrom raw.messages as m") == []


def test_a_second_breach_of_a_counted_exception_is_unexpected(tmp_path):
    path = tmp_path / "staging" / "namesakes.sql"
    path.parent.mkdir()
    select = (
        "select\n    max(strip_accents(m.message_id)) as one,  -- one\n{}from raw.messages as m\n"
    )
    path.write_text(HEADER + select.format(""), encoding="utf-8")
    assert unexpected(Graph.load(tmp_path)) == []
    more = "    max(strip_accents(m.mailbox_id)) as two  -- two\n"
    path.write_text(HEADER + select.format(more), encoding="utf-8")
    (line,) = unexpected(Graph.load(tmp_path))
    assert "namesakes.sql:7: strip_accents" in line
    path.write_text(HEADER + "select\n    1 as one  -- one\n", encoding="utf-8")
    (line,) = unexpected(Graph.load(tmp_path))
    assert "no longer there 1 times" in line


@pytest.mark.parametrize(("text", "code"), [("count(*)", 0), ("avg(m.address_count)", 1)])
def test_the_command_names_every_breach_and_fails_with_it(
    tmp_path, monkeypatch, capsys, text, code
):
    path = tmp_path / "staging" / "snippet.sql"
    path.parent.mkdir()
    select = f"select\n    {text} as n  -- number\nfrom raw.messages as m\n"
    path.write_text(HEADER + select, encoding="utf-8")
    monkeypatch.setattr(portable_subset, "Graph", _Only(tmp_path))
    with pytest.raises(SystemExit) as ended:
        portable_subset.main()
    assert ended.value.code == code
    assert ("snippet.sql:6: Avg" in capsys.readouterr().out) == bool(code)


class _Only:
    """Graph.load of one folder, whichever is asked for."""

    def __init__(self, folder):
        self._folder = folder

    def load(self):
        return Graph.load(self._folder)


def test_types_are_those_of_duckdb(world):
    """That is what the rule of exact sums rests on."""
    queries = typed(GRAPH)
    count = 0
    for model in GRAPH.models:
        described = world.execute(f"SELECT column_name, column_type FROM (DESCRIBE {model.name})")
        for (name, kind), column in zip(described, queries[model.name].selects, strict=True):
            if not kind.startswith("STRUCT"):
                known = exp.DataType.build(kind, dialect="duckdb").sql("duckdb")
                assert type_of(column).sql("duckdb") == known, (model.name, name)
                count += 1
    assert count > 700


SPARK = {
    "u.l[1]": "TRY_ELEMENT_AT(u.l, 1)",
    "u.l[u.i]": "TRY_ELEMENT_AT(u.l, CAST(u.i AS INT))",
    "len(u.l)": "SIZE(u.l)",
    "len(u.t)": "LENGTH(u.t)",
    "len(u.l) + len([u.l[1]])": "SIZE(u.l) + SIZE(ARRAY(TRY_ELEMENT_AT(u.l, 1)))",
    "list_has_any(u.l, [1])": "ARRAYS_OVERLAP(u.l, ARRAY(1))",
    "u.d - u.d": "DATEDIFF(DAY, u.d, u.d)",
    "u.d - cast(u.i as integer)": "u.d - CAST(u.i AS INT)",
    "epoch(u.at)": "(UNIX_MICROS(u.at) / 1e6)",
    "epoch_us(u.at)": "UNIX_MICROS(u.at)",
    "row_number() over (order by u.i)": (
        "CAST(ROW_NUMBER() OVER (ORDER BY u.i NULLS LAST) AS BIGINT)"
    ),
    "list(u.t order by u.i)": (
        "TRANSFORM(SORT_ARRAY(COLLECT_LIST(STRUCT(u.i AS key_0, u.t AS value))), "
        "pair -> pair.value)"
    ),
}


@pytest.mark.parametrize(("duck", "spark"), SPARK.items())
def test_what_sqlglot_gets_wrong_is_put_right(duck, spark):
    assert spark_sql(one_of_u(duck)) == f"SELECT {spark} AS x FROM u"


def test_a_hint_for_the_planner_is_left_out():
    query = sqlglot.parse_one("with a as materialized (select 1 as x) select a.x from a", "duckdb")
    assert "MATERIALIZED" not in spark_sql(query)


def test_what_has_no_order_in_spark_is_refused():
    with pytest.raises(UnsupportedError, match="ascending"):
        spark_sql(one_of_u("list(u.t order by u.i desc)"))


def one_of_u(expression: str) -> exp.Query:
    kinds = {"l": "BIGINT[]", "i": "BIGINT", "t": "VARCHAR", "d": "DATE", "at": "TIMESTAMPTZ"}
    query = sqlglot.parse_one(f"select {expression} as x from u", dialect="duckdb")
    return annotate_types(query, schema={"u": kinds}, dialect="duckdb")
