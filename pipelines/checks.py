"""Header lines of a SQL model become expectations, and expectations become asset checks.

Here: what is expected of a table (its Grain, Check and Warn lines, its documented columns), the
outcome, and the two asset checks that every table has.
Not here: reading the header (models.py), the step that runs the checks (assets.py), and how Great
Expectations reads DuckDB (duckdb_expectations.py, imported where a check runs because that takes
three seconds).

``contract`` blocks what comes after it: the columns are the documented ones, no two rows agree in
the grain, no grain column is NULL, every Check holds. ``expected`` only warns: every Warn holds.
``Warn: has rows`` is for tables that even little data fills; any other may well be empty. A Warn
may open with what it says in words, before a colon: whoever runs kith reads these.

A NULL passes, as in a check constraint of SQL: ``share <= 1`` says nothing about a row without a
share; write ``share is not null`` besides. A NaN is no NULL but the greatest number to DuckDB:
``share >= 0`` lets it pass, ``share between 0 and 1`` does not.

Outcomes carry counts and the SQL that lists the rows, never a value: values may be addresses.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types

from pipelines.models import Model, ModelError

if TYPE_CHECKING:
    from pipelines.duckdb_expectations import Finding

CONTRACT, EXPECTED = "contract", "expected"
BROKEN = "in words"  # the metadata that say in words, with counts, what does not hold

_HAS_ROWS = "has rows"
_IN_WORDS = re.compile(r"([^:'\"]+): (.+)")

_ENDS = {exp.GTE: "min", exp.GT: "min", exp.LTE: "max", exp.LT: "max"}
_MIRRORED = {exp.GTE: exp.LTE, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.LT: exp.GT, exp.EQ: exp.EQ}
_NOT_OF_ONE_ROW = (exp.AggFunc, exp.Window, exp.Query, exp.Exists)


class CheckCannotRun(RuntimeError):
    """A check that gave no answer: an error of the run, not a failed check of the data."""


@dataclass(frozen=True)
class Rule:
    """One thing expected of a table.

    text         as the header says it, or for what the grain implies as it could say it
    expectation  name of the class in ``great_expectations.expectations``, with its arguments
    columns      columns it reads
    listing      SQL that lists the rows that break it
    words        the same for people; the text where the header has no words for it
    """

    text: str
    expectation: str
    arguments: Mapping[str, Any]
    listing: str
    columns: frozenset[str] = frozenset()
    words: str | None = None


@dataclass(frozen=True)
class Suite:
    """What is expected of one table: ``contract`` blocks, ``expected`` warns."""

    contract: tuple[Rule, ...]
    expected: tuple[Rule, ...]


@dataclass(frozen=True)
class Outcome:
    """What one suite found; a rule whose column the table lacks was not run and has None."""

    findings: tuple[tuple[Rule, "Finding | None"], ...]

    @property
    def passed(self) -> bool:
        """Whether every rule ran and holds."""
        return all(finding and finding.passed for _, finding in self.findings)


def suite(model: Model) -> Suite:
    """Everything expected of ``model``'s table; pure, without the database.

    Raises ModelError, naming the file, the line and the cure, for a line that is no condition on
    the columns of one row.
    """
    contract = [_columns(model), *_grain(model)]
    contract += [_rule(model, "Check", text) for text in model.checks]
    expected = [_warning(model, text) for text in model.warnings]
    return Suite(contract=_distinct(contract), expected=_distinct(expected))


def validate(connection: duckdb.DuckDBPyConnection, model: Model) -> tuple[Outcome, Outcome]:
    """Run both suites of ``model`` on its whole table: (contract, expected).

    A monthly table is checked whole too: what is published is the whole table, and a month that
    went wrong earlier must go on failing.
    Sees what is committed. Raises CheckCannotRun if the table is absent or a rule gave no answer.
    """
    from pipelines import duckdb_expectations

    wanted = suite(model)
    present = _present(connection, model)
    # One suite for both: each costs a tenth of a second before it looks at any row.
    runs = [
        (rule.expectation, rule.arguments)
        for rule in (*wanted.contract, *wanted.expected)
        if rule.columns <= present
    ]
    with duckdb_expectations.opened(connection, model.schema, model.table) as table:
        found = iter(duckdb_expectations.findings(table, runs))
    contract, expected = (
        Outcome(tuple((rule, next(found) if rule.columns <= present else None) for rule in rules))
        for rules in (wanted.contract, wanted.expected)
    )
    errors = [
        f"{rule.text}: {finding.error}"
        for rule, finding in (*contract.findings, *expected.findings)
        if finding and finding.error
    ]
    if errors:
        raise CheckCannotRun(
            f"{model.path}: these lines could not be checked on {model.name}; "
            f"run their condition by hand to see why:\n" + "\n".join(errors)
        )
    return contract, expected


def specs(model: Model) -> list[dg.AssetCheckSpec]:
    """The two checks of a table, as its asset declares them.

    Raises ModelError for a Check or Warn line that cannot become an expectation.
    """
    asset = dg.AssetKey([model.schema, model.table])
    wanted = suite(model)
    return [
        dg.AssetCheckSpec(
            CONTRACT, asset=asset, blocking=True, description=_listed(wanted.contract)
        ),
        dg.AssetCheckSpec(EXPECTED, asset=asset, description=_listed(wanted.expected)),
    ]


def results(connection: duckdb.DuckDBPyConnection, model: Model) -> list[dg.AssetCheckResult]:
    """What the two checks of a table find. Raises CheckCannotRun as ``validate`` does."""
    contract, expected = validate(connection, model)
    return [
        _result(model, CONTRACT, dg.AssetCheckSeverity.ERROR, contract),
        _result(model, EXPECTED, dg.AssetCheckSeverity.WARN, expected),
    ]


def _listed(rules: Iterable[Rule]) -> str:
    return "\n".join(f"- {rule.text}" for rule in rules)


def _result(
    model: Model, name: str, severity: dg.AssetCheckSeverity, outcome: Outcome
) -> dg.AssetCheckResult:
    records = [
        dg.TableRecord(
            {
                "rule": rule.text,
                "expectation": rule.expectation,
                "outcome": _word(finding),
                "rows": finding.rows if finding else None,
                "unexpected": finding.unexpected if finding else None,
            }
        )
        for rule, finding in outcome.findings
    ]
    metadata = {"expectations": dg.MetadataValue.table(records, schema=_TABLE)}
    broken = [rule for rule, finding in outcome.findings if finding and not finding.passed]
    if broken:
        sentences = [
            _sentence(rule, finding)
            for rule, finding in outcome.findings
            if finding and not finding.passed
        ]
        metadata[BROKEN] = dg.MetadataValue.text("; ".join(sentences))
        queries = "\n\n".join(f"-- {rule.text}\n{rule.listing};" for rule in broken)
        metadata["what breaks them"] = dg.MetadataValue.md(f"```sql\n{queries}\n```")
    return dg.AssetCheckResult(
        passed=outcome.passed,
        asset_key=dg.AssetKey([model.schema, model.table]),
        check_name=name,
        severity=severity,
        metadata=metadata,
    )


_TABLE = dg.TableSchema(
    columns=[
        dg.TableColumn("rule", "string", description="as the header of the model says it"),
        dg.TableColumn("expectation", "string", description="its class in Great Expectations"),
        dg.TableColumn("outcome", "string"),
        dg.TableColumn("rows", "int", description="rows looked at"),
        dg.TableColumn("unexpected", "int", description="rows that break it"),
    ]
)


def _word(finding: "Finding | None") -> str:
    if finding is None:
        return "not run: column missing"
    return "passed" if finding.passed else "failed"


def _sentence(rule: Rule, finding: "Finding") -> str:
    """A rule that does not hold, with the rows that break it; never a value of the data."""
    if rule.text == _HAS_ROWS:
        return "it is empty"
    words = rule.words or rule.text
    if finding.unexpected is None:
        return f"{words} (not so)"
    if finding.rows is None:
        return f"{words} (rows of which this is not so: {finding.unexpected:,})"
    return f"{words} (not so in {finding.unexpected:,} of {finding.rows:,} rows)"


def _present(connection: duckdb.DuckDBPyConnection, model: Model) -> frozenset[str]:
    """Columns that the table has. Raises CheckCannotRun if there is no such table."""
    with connection.cursor() as cursor:
        rows = cursor.execute(
            "select column_name from duckdb_columns()"
            " where database_name = current_database() and schema_name = ? and table_name = ?",
            [model.schema, model.table],
        ).fetchall()
    if not rows:
        raise CheckCannotRun(f"{model.name} is not in the warehouse; materialise it first")
    return frozenset(name for (name,) in rows)


def _distinct(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Without those that ask for what an earlier one asks for, such as a grain column not NULL."""
    distinct: dict[tuple[str, str], Rule] = {}
    for rule in rules:
        distinct.setdefault((rule.expectation, str(rule.arguments)), rule)
    return tuple(distinct.values())


def _columns(model: Model) -> Rule:
    columns = {"column_set": list(model.columns), "exact_match": True}
    text = "the columns are the documented ones"
    return Rule(text, "ExpectTableColumnsToMatchSet", columns, f"describe {model.name}")


def _has_rows(model: Model) -> Rule:
    listing = f"select count(*) from {model.name}"
    return Rule(_HAS_ROWS, "ExpectTableRowCountToBeBetween", {"min_value": 1}, listing)


def _grain(model: Model) -> Iterator[Rule]:
    if not model.grain:
        listing = f"select count(*) from {model.name}"
        yield Rule("is one row", "ExpectTableRowCountToEqual", {"value": 1}, listing)
        return
    names = ", ".join(f'"{column}"' for column in model.grain)
    one = len(model.grain) == 1
    yield Rule(
        text=f"no two rows with the same {', '.join(model.grain)}",
        expectation="ExpectColumnValuesToBeUnique" if one else "ExpectCompoundColumnsToBeUnique",
        arguments={"column": model.grain[0]} if one else {"column_list": list(model.grain)},
        listing=f"select {names}, count(*) from {model.name} group by all having count(*) > 1",
        columns=frozenset(model.grain),
    )
    for column in model.grain:
        yield Rule(
            text=f"{column} is not null",
            expectation="ExpectColumnValuesToNotBeNull",
            arguments={"column": column},
            listing=f'select * from {model.name} where "{column}" is null',
            columns=frozenset({column}),
        )


def _warning(model: Model, text: str) -> Rule:
    """A Warn line, with the words before its condition where there are any."""
    if text == _HAS_ROWS:
        return _has_rows(model)
    if match := _IN_WORDS.fullmatch(text):
        return replace(_rule(model, "Warn", match[2]), words=match[1])
    return _rule(model, "Warn", text)


def _rule(model: Model, label: str, text: str) -> Rule:
    condition = _condition(model, label, text)
    expectation, arguments = _expectation(condition.unnest()) or _unexpected_rows(text)
    return Rule(
        text=text,
        expectation=expectation,
        arguments=arguments,
        listing=f"select * from {model.name} where not ({text})",
        columns=frozenset(column.name for column in condition.find_all(exp.Column)),
    )


def _condition(model: Model, label: str, text: str) -> exp.Expression:
    """The text of a Check or Warn line, parsed. Raises ModelError unless it can be a check."""

    def refusal(why: str) -> ModelError:
        return ModelError(f"{model.path}: {label}: {text}: {why}")

    try:
        condition = sqlglot.parse_one(text, dialect="duckdb", into=exp.Condition)
    except SqlglotError as error:
        raise refusal("not readable as SQL; write one condition as after WHERE") from error
    if any(node.comments for node in condition.walk()):
        raise refusal("a comment would hide what comes after it; write it as a Caveat")
    if condition.find(*_NOT_OF_ONE_ROW):
        raise refusal("asks about more than one row; write a condition on the columns of one row")
    if condition.find(exp.Placeholder, exp.Parameter):
        raise refusal("nothing fills a parameter here; write the value")
    columns = list(condition.find_all(exp.Column))
    if not columns:
        raise refusal("names no column of the table, so it checks nothing")
    for column in columns:
        if column.table:
            raise refusal(f"write the bare column {column.name}, without {column.table}.")
        if column.name not in model.columns:
            near = difflib.get_close_matches(column.name, model.columns, n=1) or model.columns
            raise refusal(f"the last SELECT has no column {column.name}, but: {', '.join(near)}")
        if not column.this.quoted and column.sql("duckdb").startswith('"'):
            raise refusal(f'{column.name} is a word of SQL; write "{column.name}"')
    # A column or a function without a known type may well be boolean; a sum never is.
    bare = annotate_types(condition.copy()).unnest()
    open_ended = bare.is_type("unknown") and isinstance(bare, exp.Column | exp.Func)
    if not (open_ended or bare.is_type("boolean")):
        raise refusal("is no condition; compare it with something")
    return condition


def _expectation(condition: exp.Expression) -> tuple[str, dict[str, Any]] | None:
    """Class and arguments for the shapes that Great Expectations has a class for, else None."""
    negated = isinstance(condition, exp.Not)
    to = "ExpectColumnValuesToNotBe" if negated else "ExpectColumnValuesToBe"
    match condition.this.unnest() if negated else condition:
        case exp.Is(this=exp.Column(name=column), expression=exp.Null()):
            return f"{to}Null", {"column": column}
        case exp.In(this=exp.Column(name=column), expressions=nodes) if values := _values(nodes):
            return f"{to}InSet", {"column": column, "value_set": values}
        case exp.Between(this=exp.Column(name=column), args=bounds) if not negated:
            low, high = _number(bounds["low"]), _number(bounds["high"])
            # An empty range holds for no row in SQL, but is refused by Great Expectations.
            if low is None or high is None or low > high:
                return None
            return f"{to}Between", {"column": column, "min_value": low, "max_value": high}
        case exp.GTE() | exp.GT() | exp.LTE() | exp.LT() | exp.EQ() if not negated:
            return _comparison(condition)
    return None


def _comparison(condition: exp.Binary) -> tuple[str, dict[str, Any]] | None:
    """Column with column, column with literal, literal with column; else None."""
    kind, left, right = type(condition), condition.left, condition.right
    if not isinstance(left, exp.Column):
        kind, left, right = _MIRRORED[kind], right, left
    if not isinstance(left, exp.Column):
        return None
    if isinstance(right, exp.Column):
        # The default of Great Expectations counts a row with one NULL as broken; SQL does not.
        nulls = {"ignore_row_if": "either_value_is_missing"}
        if kind is exp.EQ:
            pair = {"column_A": left.name, "column_B": right.name}
            return "ExpectColumnPairValuesToBeEqual", pair | nulls
        greater, smaller = (left, right) if kind in (exp.GTE, exp.GT) else (right, left)
        pair = {"column_A": greater.name, "column_B": smaller.name}
        or_equal = {"or_equal": kind in (exp.GTE, exp.LTE)}
        return "ExpectColumnPairValuesAToBeGreaterThanB", pair | or_equal | nulls
    arguments = {"column": left.name}
    if kind is exp.EQ and (values := _values([right])):
        return "ExpectColumnValuesToBeInSet", arguments | {"value_set": values}
    if kind is exp.EQ or (bound := _number(right)) is None:
        return None
    strict = {f"strict_{_ENDS[kind]}": kind in (exp.GT, exp.LT)}
    return "ExpectColumnValuesToBeBetween", arguments | {f"{_ENDS[kind]}_value": bound} | strict


def _number(node: exp.Expression) -> int | float | None:
    """The number that a literal writes, with its sign; None for anything else."""
    literal = node.this if isinstance(node, exp.Neg) else node
    if not isinstance(literal, exp.Literal) or literal.is_string:
        return None
    number = int(literal.this) if literal.this.isdigit() else float(literal.this)
    return -number if literal is not node else number


def _values(nodes: Iterable[exp.Expression]) -> list[str | int | float] | None:
    """What literals write, all of them texts or all of them numbers; else None."""
    nodes = list(nodes)
    texts = [node.this for node in nodes if isinstance(node, exp.Literal) and node.is_string]
    numbers = [number for node in nodes if (number := _number(node)) is not None]
    return next((found for found in (texts, numbers) if found and len(found) == len(nodes)), None)


def _unexpected_rows(text: str) -> tuple[str, dict[str, Any]]:
    """Any other condition: count the rows for which it is false.

    Great Expectations fetches some of the rows that the query finds, so it finds ones. It fills in
    what stands in braces, and SQLAlchemy what follows a colon: both are marked as meant literally.
    """
    literal = text.replace("{", "{{").replace("}", "}}").replace(":", r"\:")
    query = f"select 1 as broken from {{batch}} where not ({literal})"
    return "UnexpectedRowsExpectation", {"unexpected_rows_query": query}
