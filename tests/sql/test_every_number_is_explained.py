"""Every published number says how it is read when it is high and when it is low."""

import re

import pytest

from pipelines import meanings
from pipelines.models import Graph

PUBLISHED = [model for model in Graph.load().models if model.schema == "metrics"]


def measures(world, model) -> dict[str, str]:
    """Columns of numbers with their types; ids, keys of the grain and dates in parts are none."""
    described = world.execute(f"SELECT column_name, column_type FROM (DESCRIBE {model.name})")
    return {
        column: kind
        for column, kind in described
        if kind in ("BIGINT", "DOUBLE")
        and column not in model.grain
        and not column.endswith(("_id", "_key"))
        and column not in ("year", "quarter")
    }


@pytest.mark.parametrize("model", PUBLISHED, ids=lambda model: model.table)
def test_high_and_low_are_explained_and_every_ratio_has_its_formula(world, model):
    words = meanings.of(model)
    numbers = measures(world, model)
    cure = f"{model.path}: write `-- High:`, `-- Low:` and, for a DOUBLE, `-- Formula:` of these"
    assert {column for column in numbers if not words[column].high} == set(), cure
    assert {column for column in numbers if not words[column].low} == set(), cure
    doubles = {column for column, kind in numbers.items() if kind == "DOUBLE"}
    assert {column for column in doubles if not words[column].formula} == set(), cure


@pytest.mark.parametrize("model", PUBLISHED, ids=lambda model: model.table)
def test_no_key_is_high_or_low(world, model):
    numbers = measures(world, model)
    assert model.said("High").keys() == numbers.keys()
    assert model.said("Low").keys() == numbers.keys()


def test_there_are_numbers_to_explain(world):
    assert sum(len(measures(world, model)) for model in PUBLISHED) > 100


def test_a_formula_names_only_columns_that_there_are():
    """Names with an underscore in a formula are columns of the tables, or constants."""
    tables = {model.table for model in PUBLISHED}
    known = {column for model in Graph.load().models for column in model.columns} | tables
    symbols = {"p_q", "p_j", "m_jq", "p_qj"}
    for model in PUBLISHED:
        for column, formula in model.said("Formula").items():
            named = set(re.findall(r"[a-z]+(?:_[a-z]+)+", formula))
            unknown = named - known - symbols
            assert not unknown, f"{model.table}.{column}: {unknown}"
