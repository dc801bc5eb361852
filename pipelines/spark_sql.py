"""The same query for Spark: what sqlglot writes, made right where it goes wrong.

Here: the changes that keep a query's meaning, most of them silent traps: sqlglot moves an index
that is a number but not one that is a column, forgets the order in which ``list`` collects, and
leaves what Spark has under another name.
Not here: what a model may say at all (portable_subset.py) and running Spark.
"""

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from pipelines.typed_queries import is_a, type_of


def spark_sql(query: exp.Query) -> str:
    """The text for Spark of a typed query. Raises UnsupportedError for what has no counterpart."""
    root = query.copy()
    # From the leaves up, so that what is put in place of a node holds what was put in place below.
    for node in reversed(list(root.walk())):
        rewritten = _rewritten(node)
        if rewritten is not node:
            rewritten.type = node.type
            node.replace(rewritten)
    return root.sql("spark", unsupported_level=ErrorLevel.RAISE, comments=False)


def _rewritten(node: exp.Expression) -> exp.Expression:
    """What stands for a node in Spark: the node itself where sqlglot gets it right."""
    match node:
        case exp.CTE():
            # A hint for DuckDB's planner, which Spark cannot read.
            node.set("materialized", None)
        case exp.Length(this=one) if type_of(one).is_type("ARRAY"):
            return exp.ArraySize(this=one)
        case exp.ArrayOverlaps(this=one, expression=other):
            return exp.Anonymous(this="ARRAYS_OVERLAP", expressions=[one, other])
        case exp.Bracket(this=one, expressions=[place]) if not isinstance(place, exp.Slice):
            # From 1 on, and null beyond the end, as in DuckDB.
            return exp.Anonymous(this="TRY_ELEMENT_AT", expressions=[one, _place(place)])
        case exp.Anonymous(this=name, expressions=[one]) if name.lower() == "epoch_us":
            return exp.Anonymous(this="UNIX_MICROS", expressions=[one])
        case exp.TimeToUnix(this=one):
            # UNIX_TIMESTAMP knows no fractions of a second.
            micros = exp.Anonymous(this="UNIX_MICROS", expressions=[one])
            return exp.Paren(this=exp.Div(this=micros, expression=exp.Literal.number("1e6")))
        case exp.Sub(this=one, expression=other) if is_a(one, "DATE") and is_a(other, "DATE"):
            # An interval in Spark, days in DuckDB.
            return exp.DateDiff(this=one, expression=other, unit=exp.var("DAY"))
        case exp.Window(this=exp.RowNumber() | exp.DenseRank()):
            return exp.cast(node.copy(), "BIGINT")
        case exp.ArrayAgg(this=exp.Order(this=one, expressions=keys)):
            return _sorted_list(one, keys)
    return node


def _place(index: exp.Expression) -> exp.Expression:
    """An index from 1 on; sqlglot has counted numbers, and only these, from 0 on."""
    if isinstance(index, exp.Literal):
        return exp.Literal.number(int(index.this) + 1)
    return exp.cast(index, "INT")


def _sorted_list(one: exp.Expression, keys: list[exp.Ordered]) -> exp.Expression:
    """The values in the order of their keys, which stand before each value while it is sorted."""
    if any(key.args.get("desc") for key in keys):
        raise UnsupportedError("list(... order by ... desc): only ascending keys")
    parts = [
        exp.PropertyEQ(this=exp.to_identifier(f"key_{place}"), expression=key.this)
        for place, key in enumerate(keys)
    ]
    parts.append(exp.PropertyEQ(this=exp.to_identifier("value"), expression=one))
    pairs = exp.Anonymous(
        this="SORT_ARRAY", expressions=[exp.ArrayAgg(this=exp.Struct(expressions=parts))]
    )
    value = exp.Lambda(
        this=exp.Dot(this=exp.to_identifier("pair"), expression=exp.to_identifier("value")),
        expressions=[exp.to_identifier("pair")],
    )
    return exp.Transform(this=pairs, expression=value)
