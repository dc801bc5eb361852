"""Header lines become expectations that find what SQL finds, and never say what they found."""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from markdown_it import MarkdownIt

from pipelines.checks import (
    BROKEN,
    CONTRACT,
    EXPECTED,
    CheckCannotRun,
    Outcome,
    results,
    specs,
    suite,
    validate,
)
from pipelines.models import Model, ModelError
from pipelines.run import outcome_of
from pipelines.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[2]
CANARY = "canary.bird@example.org"
COLUMNS = ("month", "person_id", "contact_id", "share", "kind", "constraint", "keys")
TABLE = """
create schema if not exists metrics;
create table metrics.ties (
    month date, person_id bigint, contact_id bigint, share double, kind varchar,
    "constraint" double, keys bigint[]
)
"""
ROWS = """
insert into metrics.ties values
    ('2025-01-01', 1, 2, 0.5, 'mail', 1, [1]),
    ('2025-01-01', 2, 1, 1.5, 'meeting', -1, [1, 2]),
    ('2025-02-01', 3, 3, null, 'chat', 2, []),
    ('2025-02-01', 4, null, -0.5, null, 0, null)
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Model]:
    """A model metrics.ties with the given header lines."""

    def write(*lines: str, grain: str = "month, person_id") -> Model:
        header = "\n".join(f"-- {line}" for line in (f"Grain: {grain}", *lines))
        select = "\n".join(f'    ties."{column}",  -- what it means' for column in COLUMNS)
        path = tmp_path / "metrics" / "ties.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"-- How close?\n--\n{header}\n\nselect\n{select}\nfrom staging.ties\n",
            encoding="utf-8",
        )
        return Model(path)

    return write


@pytest.fixture
def connection():
    with duckdb.connect(":memory:") as connection:
        connection.execute(TABLE)
        connection.execute(ROWS)
        yield connection


def unexpected(outcome: Outcome) -> dict[str, int | None]:
    return {rule.text: finding.unexpected for rule, finding in outcome.findings if finding}


def failed(outcome: Outcome) -> list[str]:
    return [rule.text for rule, finding in outcome.findings if finding and not finding.passed]


BETWEEN, IN_SET = "ExpectColumnValuesToBeBetween", "ExpectColumnValuesToBeInSet"
GREATER = "ExpectColumnPairValuesAToBeGreaterThanB"


def pair(a: str, b: str, **more: bool) -> dict:
    return {"column_A": a, "column_B": b, "ignore_row_if": "either_value_is_missing", **more}


@pytest.mark.parametrize(
    ("text", "expectation", "arguments"),
    [
        ("share is not null", "ExpectColumnValuesToNotBeNull", {"column": "share"}),
        ("not share is null", "ExpectColumnValuesToNotBeNull", {"column": "share"}),
        ("share is null", "ExpectColumnValuesToBeNull", {"column": "share"}),
        (
            "share between -1 and 0.5",
            BETWEEN,
            {"column": "share", "min_value": -1, "max_value": 0.5},
        ),
        ("share >= 0", BETWEEN, {"column": "share", "min_value": 0, "strict_min": False}),
        ("share > 1e3", BETWEEN, {"column": "share", "min_value": 1000.0, "strict_min": True}),
        ("(share <= 1)", BETWEEN, {"column": "share", "max_value": 1, "strict_max": False}),
        ("share < 1", BETWEEN, {"column": "share", "max_value": 1, "strict_max": True}),
        ("0 < share", BETWEEN, {"column": "share", "min_value": 0, "strict_min": True}),
        (
            '"constraint" >= -2',
            BETWEEN,
            {"column": "constraint", "min_value": -2, "strict_min": False},
        ),
        ("kind in ('a', 'b')", IN_SET, {"column": "kind", "value_set": ["a", "b"]}),
        ("person_id in (1, -2)", IN_SET, {"column": "person_id", "value_set": [1, -2]}),
        ("kind = 'a'", IN_SET, {"column": "kind", "value_set": ["a"]}),
        (
            "kind not in ('a')",
            "ExpectColumnValuesToNotBeInSet",
            {"column": "kind", "value_set": ["a"]},
        ),
        ("person_id >= contact_id", GREATER, pair("person_id", "contact_id", or_equal=True)),
        ("person_id < contact_id", GREATER, pair("contact_id", "person_id", or_equal=False)),
        (
            "person_id = contact_id",
            "ExpectColumnPairValuesToBeEqual",
            pair("person_id", "contact_id"),
        ),
    ],
)
def test_a_shape_becomes_the_expectation_made_for_it(write, text, expectation, arguments):
    *_, rule = suite(write(f"Check: {text}")).contract
    assert (rule.text, rule.expectation, rule.arguments) == (text, expectation, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "person_id <> contact_id",
        "share not between 0 and 1",
        "share between 1 and 0",
        "share between 0 and person_id",
        "kind in ('a', null)",
        "month >= date '2000-01-01'",
        "share >= 0 and share <= 1",
        "isfinite(share)",
        "0 = 1 or share > 0",
    ],
)
def test_any_other_condition_counts_the_rows_for_which_it_is_false(write, text):
    *_, rule = suite(write(f"Check: {text}")).contract
    assert rule.expectation == "UnexpectedRowsExpectation"
    assert rule.listing == f"select * from metrics.ties where not ({text})"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("share >=", "write one condition as after WHERE"),
        ("share >= 0 share", "write one condition as after WHERE"),
        ("share >= 0; drop table metrics.ties", "write one condition as after WHERE"),
        ("shore >= 0", "the last SELECT has no column shore, but: share"),
        ("ties.share >= 0", "write the bare column share, without ties."),
        ("constraint >= 0", 'constraint is a word of SQL; write "constraint"'),
        ("count(*) > 0", "asks about more than one row"),
        ("sum(share) over () > 0", "asks about more than one row"),
        ("person_id in (select 1)", "asks about more than one row"),
        ("1 = 1", "names no column"),
        ("share > $1", "write the value"),
        ("share > 0 -- mostly", "write it as a Caveat"),
        ("share + 1", "is no condition"),
        ("length(kind)", "is no condition"),
    ],
)
@pytest.mark.parametrize("label", ["Check", "Warn"])
def test_a_line_that_can_be_no_check_is_refused_at_load_with_file_line_and_cure(
    write, label, text, why
):
    model = write(f"{label}: {text}")
    with pytest.raises(ModelError) as refusal:
        specs(model)
    assert str(refusal.value).startswith(f"{model.path}: {label}: {text}: ")
    assert why in str(refusal.value)


def test_the_grain_gives_uniqueness_and_no_nulls_once(write):
    rules = suite(write("Check: person_id is not null")).contract
    assert [rule.text for rule in rules] == [
        "the columns are the documented ones",
        "no two rows with the same month, person_id",
        "month is not null",
        "person_id is not null",
    ]


def test_every_shape_finds_the_rows_that_sql_finds(write, connection):
    expected = {
        "share between 0 and 1": 2,
        "share >= 0": 1,
        "share > 0.5": 2,
        "share <= 0.5": 1,
        "share < 0.5": 2,
        "0 < share": 1,
        "kind in ('mail', 'meeting')": 1,
        "kind not in ('chat', '$x')": 1,
        "kind = 'mail'": 2,
        "kind is not null": 1,
        "kind is null": 3,
        "person_id in (1, 2, 3)": 1,
        "person_id >= contact_id": 1,
        "person_id > contact_id": 2,
        "person_id <= contact_id": 1,
        "person_id < contact_id": 2,
        "person_id = contact_id": 2,
        "person_id <> contact_id": 1,
        '"constraint" >= 0': 1,
        "share not between 0 and 1": 1,
        "share between 1 and 0": 3,
        "kind in ('mail', null)": 0,
        "kind like 'm%'": 1,
        "kind <> ' :chat'": 0,
        "regexp_full_match(kind, '[a-z]{4}')": 1,
        "month::date >= date '2025-02-01'": 2,
        "len(keys) > 0": 1,
        "isfinite(share)": 0,
        "kind = 'mail' or share > 1": 0,
    }
    contract, _ = validate(connection, write(*(f"Check: {text}" for text in expected)))
    found = unexpected(contract)
    assert {text: found[text] for text in expected} == expected
    for rule, finding in contract.findings:
        if rule.text in expected:
            assert len(connection.execute(rule.listing).fetchall()) == finding.unexpected
            assert finding.passed == (finding.unexpected == 0)


def test_a_nan_is_the_greatest_number_and_no_null(write, connection):
    connection.execute("update metrics.ties set share = 'nan' where person_id <= 2")
    contract, _ = validate(connection, write("Check: share >= 0", "Check: share between 0 and 1"))
    found = unexpected(contract)
    assert found["share >= 0"] == 1
    assert found["share between 0 and 1"] == 3


def test_a_row_that_stands_twice_breaks_the_grain(write, connection):
    connection.execute("insert into metrics.ties select * from metrics.ties where person_id = 1")
    contract, _ = validate(connection, write())
    assert failed(contract) == ["no two rows with the same month, person_id"]
    assert unexpected(contract)["no two rows with the same month, person_id"] == 2
    broken = next(rule for rule, finding in contract.findings if not finding.passed)
    assert [row[1:] for row in connection.execute(broken.listing).fetchall()] == [(1, 2)]


def test_a_value_that_stands_twice_breaks_a_grain_of_one_column(write, connection):
    connection.execute("update metrics.ties set person_id = 3")
    contract, _ = validate(connection, write(grain="person_id"))
    assert unexpected(contract)["no two rows with the same person_id"] == 4


def test_a_null_in_the_grain_breaks_it(write, connection):
    connection.execute("update metrics.ties set month = null where person_id = 1")
    contract, _ = validate(connection, write())
    assert failed(contract) == ["month is not null"]


@pytest.mark.parametrize(("rows", "passes"), [(0, False), (1, True), (2, False)])
def test_one_row_means_exactly_one(write, connection, rows, passes):
    connection.execute(f"delete from metrics.ties where person_id > {rows}")
    contract, _ = validate(connection, write(grain="one row"))
    assert contract.passed == passes


def test_an_empty_table_keeps_its_contract_and_is_warned_of_where_rows_are_asked_for(
    write, connection
):
    connection.execute("delete from metrics.ties")
    lines = ("Check: share between 0 and 1", "Check: person_id <> contact_id", "Warn: share > 0")
    contract, expected = validate(connection, write(*lines, "Warn: has rows"))
    assert contract.passed
    assert failed(expected) == ["has rows"]
    # Where little data explains it, the header does not ask for rows.
    _, expected = validate(connection, write(*lines))
    assert expected.passed


def test_a_broken_warn_line_leaves_the_contract_whole(write, connection):
    contract, expected = validate(connection, write("Check: person_id > 0", "Warn: share > 0"))
    assert contract.passed
    assert failed(expected) == ["share > 0"]
    assert [(rule.text, found.rows) for rule, found in expected.findings] == [("share > 0", 4)]


def test_an_undocumented_column_breaks_the_contract(write, connection):
    connection.execute("alter table metrics.ties add column secret varchar")
    contract, _ = validate(connection, write())
    assert failed(contract) == ["the columns are the documented ones"]


def test_a_rule_on_a_missing_column_is_not_run_and_the_contract_breaks(write, connection):
    connection.execute("alter table metrics.ties drop column share")
    contract, expected = validate(connection, write("Check: share >= 0", "Warn: share > 0"))
    assert failed(contract) == ["the columns are the documented ones"]
    assert {rule.text for rule, finding in contract.findings if finding is None} == {"share >= 0"}
    assert not expected.passed


def test_a_table_that_is_not_there_is_an_error_and_no_failed_check(write):
    with (
        duckdb.connect(":memory:") as connection,
        pytest.raises(CheckCannotRun, match=r"metrics\.ties is not in the warehouse"),
    ):
        validate(connection, write())


def test_a_check_that_cannot_run_is_an_error_that_quotes_no_value(write, connection, caplog):
    connection.execute("update metrics.ties set kind = ?", [CANARY])
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(CheckCannotRun, match="withheld") as error,
    ):
        validate(connection, write("Check: kind::integer > 0", "Check: kind >= 5"))
    message = str(error.value)
    assert "ties.sql" in message
    assert "kind::integer > 0: " in message
    assert error.value.__context__ is None
    assert CANARY not in message + caplog.text


def test_a_function_that_does_not_exist_is_named_in_the_error(write, connection):
    with pytest.raises(CheckCannotRun, match="isfinit does not exist"):
        validate(connection, write("Check: isfinit(share)"))


def materialize(
    warehouse: Warehouse, model: Model, *fill: str
) -> tuple[dg.ExecuteInProcessResult, dict[str, dg.AssetCheckEvaluation]]:
    """Metrics.ties filled, its checks, and an asset after it; with the check results by name."""

    @dg.asset(
        key=["metrics", "ties"], check_specs=specs(model), required_resource_keys={"warehouse"}
    )
    def ties(context: dg.AssetExecutionContext):
        with context.resources.warehouse.connect() as connection:
            for statement in (TABLE, ROWS, *fill):
                connection.execute(statement)
            yield dg.MaterializeResult()
            yield from results(connection, model)

    @dg.asset(deps=[ties])
    def published() -> None: ...

    result = dg.materialize(
        [ties, published],
        resources={"warehouse": warehouse},
        raise_on_error=False,
    )
    return result, {one.check_name: one for one in result.get_asset_check_evaluations()}


def materialized(result: dg.ExecuteInProcessResult) -> list[str]:
    return [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]


def test_every_table_has_one_blocking_and_one_warning_check(write):
    found = specs(write())
    assert {spec.name: spec.blocking for spec in found} == {CONTRACT: True, EXPECTED: False}
    assert {spec.asset_key for spec in found} == {dg.AssetKey(["metrics", "ties"])}


def test_a_broken_contract_stops_what_comes_after(write, warehouse):
    result, evaluations = materialize(warehouse, write("Check: share >= 0"))
    assert not result.success
    assert materialized(result) == ["metrics/ties"]
    assert not evaluations[CONTRACT].passed
    assert evaluations[CONTRACT].severity is dg.AssetCheckSeverity.ERROR
    assert evaluations[EXPECTED].passed


def test_a_broken_expectation_warns_and_lets_pass(write, warehouse):
    result, evaluations = materialize(warehouse, write("Warn: share >= 0"))
    assert result.success
    assert materialized(result) == ["metrics/ties", "published"]
    assert evaluations[CONTRACT].passed
    assert not evaluations[EXPECTED].passed
    assert evaluations[EXPECTED].severity is dg.AssetCheckSeverity.WARN


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("Warn: share >= 0", "share >= 0 (not so in 1 of 4 rows)"),
        ("Warn: nobody owes: share >= 0", "nobody owes (not so in 1 of 4 rows)"),
        (
            "Warn: kind <> 'a: b' and person_id <= 2",
            "kind <> 'a: b' and person_id <= 2 (rows of which this is not so: 2)",
        ),
    ],
)
def test_a_warning_says_in_words_what_does_not_hold_and_how_often(write, warehouse, line, sentence):
    result, evaluations = materialize(warehouse, write(line))
    assert evaluations[EXPECTED].metadata[BROKEN].text == sentence
    assert outcome_of([result]).warnings == (("metrics/ties", sentence),)


def test_an_empty_table_is_called_empty(write, warehouse):
    empty = "delete from metrics.ties"
    _, evaluations = materialize(warehouse, write("Warn: has rows"), empty)
    assert evaluations[EXPECTED].metadata[BROKEN].text == "it is empty"


def test_the_metadata_list_every_rule_with_counts_and_the_sql_behind_a_failure(write, warehouse):
    _, evaluations = materialize(warehouse, write("Check: share >= 0", "Check: share < 9"))
    metadata = evaluations[CONTRACT].metadata
    assert [record.data for record in metadata["expectations"].records][-2:] == [
        {
            "rule": "share >= 0",
            "expectation": BETWEEN,
            "outcome": "failed",
            "rows": 4,
            "unexpected": 1,
        },
        {
            "rule": "share < 9",
            "expectation": BETWEEN,
            "outcome": "passed",
            "rows": 4,
            "unexpected": 0,
        },
    ]
    assert metadata["what breaks them"].md_str == (
        "```sql\n-- share >= 0\nselect * from metrics.ties where not (share >= 0);\n```"
    )
    assert list(evaluations[EXPECTED].metadata) == ["expectations"]


def test_what_the_dagster_page_draws_as_markdown_is_code_whatever_a_table_holds(write, warehouse):
    fill = ("update metrics.ties set kind = '```\n# [x](javascript:alert(1)) <img src=x>'",)
    _, evaluations = materialize(warehouse, write("Check: kind in ('mail', '<b>')"), *fill)
    drawn = MarkdownIt().parse(evaluations[CONTRACT].metadata["what breaks them"].md_str)
    assert [(token.type, token.info) for token in drawn] == [("fence", "sql")]
    assert "javascript" not in drawn[0].content


def test_no_value_of_the_data_reaches_results_events_or_logs(write, warehouse, caplog, capfd):
    lines = (
        "Check: kind in ('mail')",
        "Check: kind = 'mail'",
        "Check: kind is null",
        "Check: kind <> lower(kind)",
        "Check: length(kind) < 5",
        "Warn: kind not in ('mail') and kind like 'm%'",
    )
    fill = (f"update metrics.ties set kind = '{CANARY}'",)
    with caplog.at_level(logging.DEBUG):
        result, evaluations = materialize(warehouse, write(*lines, grain="kind"), *fill)
    assert len(evaluations) == 2
    assert not any(evaluation.passed for evaluation in evaluations.values())
    said = [repr(result.all_events), repr(evaluations), caplog.text, *capfd.readouterr()]
    said += [dg.serialize_value(evaluation) for evaluation in evaluations.values()]
    assert [text for text in said if CANARY in text] == []


def test_importing_the_checks_does_not_import_great_expectations():
    code = "import sys, pipelines.checks; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
