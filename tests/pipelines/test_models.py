"""The loader reads everything out of one SQL file and refuses what it cannot trust."""

from pathlib import Path

import pytest

from pipelines import functions
from pipelines.models import Graph, Model, ModelError

GOOD = """\
-- How many messages did each person send?
--
-- Grain:   month, person_id
-- Check:   sent_count >= 0
-- Check:   sent_count is not null
-- Warn:    sent_count <= 1000
-- Source:  a paper, 2020,
--          continued here
-- Version: 3
--
-- Topic:   How many?
-- High:    sent_count: a busy month,
--          or a busy person
-- Low:     month, sent_count: long ago

with sent as (
    select messages.month, messages.author_id, count(*) as n
    from staging.messages
    join staging.wanted_months on wanted_months.month = messages.month
    group by all
)
select
    sent.month,  -- first day of the month; UTC
    sent.author_id as person_id,  -- who
    sent.n as sent_count,  -- messages sent; messages
from sent
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str, name: str = "staging/sent.sql") -> Model:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return Model(path)

    return write


def test_name_header_columns_and_upstreams_come_from_the_file(write):
    model = write(GOOD)
    assert model.name == "staging.sent"
    assert model.question == "How many messages did each person send?"
    assert model.grain == ("month", "person_id")
    assert model.checks == ("sent_count >= 0", "sent_count is not null")
    assert model.warnings == ("sent_count <= 1000",)
    assert model.header["Source"] == ("a paper, 2020, continued here",)
    assert model.version == 3
    assert model.topic == "How many?"
    assert model.said("High") == {"sent_count": "a busy month, or a busy person"}
    assert model.said("Low") == {"month": "long ago", "sent_count": "long ago"}
    assert model.upstreams == ("staging.messages", "staging.months")
    assert model.is_monthly
    assert dict(model.columns) == {
        "month": "first day of the month; UTC",
        "person_id": "who",
        "sent_count": "messages sent; messages",
    }


@pytest.mark.parametrize(
    ("old", "new", "cure"),
    [
        ("from staging.messages", "from messages", "write schema.table, not messages"),
        ("sent.author_id as person_id,  -- who", "sent.author_id as person_id,", "what it means"),
        ("-- Grain:   month, person_id\n", "", "no `-- Grain:` line"),
        ("-- Grain:   month, person_id", "-- Grain:   month, nobody", "Grain names nobody"),
        ("-- Grain:   month, person_id", "-- Grain:   person_id", "must begin: month"),
        ("send?", "send.", "must be the question"),
        ("-- Version: 3", "-- Version: three", "whole number"),
        ("-- Version: 3", "-- Versoin: 3", "belongs to no label"),
        ("-- Version: 3", "-- Touches: month", "rebuilt whole"),
        ("-- Version: 3", "-- Personal: whoever", "Personal names whoever, which is not a column"),
        ("month, sent_count: long", "month, received_count: long", "Low names received_count"),
        ("sent_count: a busy", "a busy", "High names a busy month, which is no"),
        ("-- Low:     month", "-- High:    month", "High of sent_count stands twice"),
        ("select\n    sent.month", "selekt\n    sent.month", "line|SELECT"),
        ("from sent\n", "from sent;\nselect 1\n", "exactly one SELECT"),
    ],
)
def test_a_file_that_breaks_the_grammar_is_refused_with_its_name_and_the_cure(
    write, old, new, cure
):
    assert old in GOOD
    with pytest.raises(ModelError, match=cure) as caught:
        write(GOOD.replace(old, new)).validate()
    assert "sent.sql" in str(caught.value)


def table(upstream: str) -> str:
    return f"-- What?\n--\n-- Grain: a\n\nselect\n    x.a,  -- a\nfrom {upstream} as x\n"


def test_models_come_after_what_they_read(write, tmp_path: Path):
    write(table("staging.b"), "metrics/a.sql")
    write(table("staging.z"), "staging/b.sql")
    write(table("raw.messages"), "staging/z.sql")
    graph = Graph.load(tmp_path)
    assert [model.name for model in graph.models] == ["staging.z", "staging.b", "metrics.a"]
    assert graph.raw_sources["metrics.a"] == {"raw.messages"}
    assert [model.name for model in graph.downstream("staging.z")] == ["staging.b", "metrics.a"]


def test_a_circle_is_refused(write, tmp_path: Path):
    write(table("staging.b"), "staging/a.sql")
    write(table("staging.a"), "staging/b.sql")
    with pytest.raises(ModelError, match="circle"):
        Graph.load(tmp_path)


def test_an_upstream_without_a_file_is_refused(write, tmp_path: Path):
    write(table("staging.nowhere"), "staging/a.sql")
    with pytest.raises(ModelError, match="staging.nowhere: no such file"):
        Graph.load(tmp_path)


def test_a_changed_function_changes_the_fingerprint_of_those_that_call_it(
    write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    called = "-- Who?\n--\n-- Grain: a\n\nselect\n    unnest(leiden_parts([])) as a  -- who\n"
    write(called, "staging/calls.sql")
    write(called.replace("leiden_parts([])", "[1]"), "staging/other.sql")
    paths = sorted(tmp_path.glob("*/*.sql"))
    before = Graph.of(paths).fingerprints
    monkeypatch.setattr(functions, "texts", lambda: {"leiden_parts": b"another way"})
    after = Graph.of(paths).fingerprints
    assert before["staging.calls"] != after["staging.calls"]
    assert before["staging.other"] == after["staging.other"]


def test_a_changed_text_changes_the_fingerprint_of_all_that_rests_on_it(write, tmp_path: Path):
    write(table("staging.b"), "metrics/a.sql")
    write(table("raw.messages"), "staging/b.sql")
    write(table("raw.messages"), "staging/c.sql")
    before = Graph.load(tmp_path).fingerprints
    write(table("raw.events"), "staging/b.sql")
    after = Graph.load(tmp_path).fingerprints
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"staging.b", "metrics.a"}


def test_the_models_of_kith_load():
    assert len(Graph.load().models) >= 10
