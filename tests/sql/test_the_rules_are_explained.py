"""docs/people-and-contacts.md explains every reason, outcome and rule that the SQL can give."""

import re
from pathlib import Path

import pytest

from pipelines.models import Graph

PAGE = Path(__file__).resolve().parents[2] / "docs" / "people-and-contacts.md"
# Columns of the models about people and contacts whose values a reader meets.
EXPLAINED = "left_out_reason|outcome|rule|found_by|kind_reason"


def words() -> dict[str, set[str]]:
    """Column -> every value that a Check allows or a model writes out."""
    found: dict[str, set[str]] = {}
    for model in Graph.load().models:
        for check in model.checks:
            if match := re.match(rf"({EXPLAINED}) in \((.*)\)$", check):
                found.setdefault(match[1], set()).update(re.findall(r"'([^']+)'", match[2]))
        # A value with its name, or one that stands in for a missing value under that name.
        for value, column in re.findall(rf"'([^']+)'\)? as ({EXPLAINED})\b", model.text):
            found.setdefault(column, set()).add(value)
    return found


def test_values_are_found_in_checks_and_in_the_text_of_models():
    found = words()
    assert {"author_hidden", "crowd"} <= found["left_out_reason"]
    assert {"moved", "contact"} <= found["outcome"]
    assert {"same_id"} <= found["rule"]
    assert {"List-Post", "nothing speaks against it"} <= found["kind_reason"]


@pytest.mark.parametrize(
    ("column", "value"),
    [(column, value) for column, all_ in sorted(words().items()) for value in sorted(all_)],
)
def test_the_page_explains(column: str, value: str):
    assert f"`{value}`" in PAGE.read_text(encoding="utf-8"), f"explain {column} {value} there"


def test_the_page_stays_short_and_the_readme_leads_to_it():
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) < 250
    readme = (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
    assert "docs/people-and-contacts.md" in readme
