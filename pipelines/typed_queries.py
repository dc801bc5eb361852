"""The query of each model with the type of every expression in it.

Here: types by sqlglot, from the raw tables up through all models, without a database.
Not here: what follows from a type (portable_subset.py, spark_sql.py).
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.schema import MappingSchema

from pipelines import functions
from pipelines.models import WANTED_COLUMNS, WANTED_MONTHS, Graph
from pipelines.raw_tables import RAW_TABLES, duckdb_type

WHOLE_NUMBERS = frozenset({*exp.DataType.INTEGER_TYPES, exp.DataType.Type.DECIMAL})
_UNKNOWN = exp.DataType.build("UNKNOWN")


def typed(graph: Graph) -> Mapping[str, exp.Query]:
    """Model name -> its query, every expression with a ``type``; a copy, in build order.

    Unknown is what sqlglot cannot tell, and all that is made of it.
    """
    schema = MappingSchema(dialect="duckdb")
    for table in RAW_TABLES.values():
        kinds = {name: duckdb_type(kind) for name, (kind, _) in table.columns.items()}
        schema.add_table(table.name, kinds)
    schema.add_table(WANTED_MONTHS, dict(part.split() for part in WANTED_COLUMNS.split(", ")))
    found = {}
    for model in graph.models:
        query = annotate_types(
            _with_fields(model.query),
            schema=schema,
            expression_metadata=_METADATA,
            dialect="duckdb",
        )
        columns = {column.alias_or_name: type_of(column) for column in query.selects}
        schema.add_table(model.name, columns)
        found[model.name] = query
    return found


def type_of(expression: exp.Expression) -> exp.DataType:
    """The type of an expression of a typed query; UNKNOWN where it cannot be told."""
    return expression.type or _UNKNOWN


def is_a(expression: exp.Expression, *names: str) -> bool:
    """Whether its type is one of these, as DuckDB writes them."""
    return type_of(expression).is_type(*names)


def _with_fields(query: exp.Query) -> exp.Query:
    """A copy in which ``source.struct.field`` is a field, not a column of a table in a schema."""
    query = query.copy()
    for column in list(query.find_all(exp.Column)):
        if column.args.get("db"):
            struct = exp.Column(this=column.args["table"], table=column.args["db"])
            column.replace(exp.Dot(this=struct, expression=column.this))
    return query


def _built(kind: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect="duckdb")


# What functions give that sqlglot has no class for.
_GIVEN = {
    "bit_count": _built("TINYINT"),
    "epoch_us": _built("BIGINT"),
    "strip_accents": _built("VARCHAR"),
    **{function.name: _built(function.returns) for function in functions.FUNCTIONS},
}


def _of_element(one: exp.Expression) -> exp.DataType:
    """What a list of lists becomes when it is flattened."""
    return type_of(one.this).expressions[0] if type_of(one.this).expressions else _UNKNOWN


def _of_field(one: exp.Transform) -> exp.DataType:
    """What a list of structs becomes when of each one field is taken."""
    taken = one.expression.this
    if isinstance(taken, exp.Dot):
        for struct in type_of(one.this).expressions:
            for field in struct.expressions:
                if field.name == taken.name:
                    return _built(f"{field.args['kind'].sql('duckdb')}[]")
    return _UNKNOWN


def _kind(type_: Callable[[Any], exp.DataType]) -> dict[str, Callable]:
    """How sqlglot's annotator learns the type of a class of expressions."""
    return {"annotator": lambda annotator, one: annotator._set_type(one, type_(one))}


# What sqlglot does not say of DuckDB's functions.
_METADATA = DuckDB.EXPRESSION_METADATA | {
    exp.Anonymous: _kind(lambda one: _GIVEN.get(one.name.lower(), _UNKNOWN)),
    exp.ArgMax: _kind(lambda one: type_of(one.this)),
    exp.ArrayDistinct: _kind(lambda one: type_of(one.this)),
    exp.Flatten: _kind(_of_element),
    exp.RegexpReplace: _kind(lambda _: _built("VARCHAR")),
    exp.RegexpSplit: _kind(lambda _: _built("VARCHAR[]")),
    exp.Replace: _kind(lambda _: _built("VARCHAR")),
    exp.Transform: _kind(_of_field),
    exp.SplitPart: _kind(lambda _: _built("VARCHAR")),
}
