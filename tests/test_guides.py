"""The guides say what to do about everything that kith says when it is not let in."""

import re
from pathlib import Path

import pytest

from connectors.google import problems, sign_in_problems
from connectors.microsoft import refusals

ROOT = Path(__file__).resolve().parent.parent


def told(page: str) -> set[str]:
    """The states in the first column of a guide's tables of what kith says."""
    found: set[str] = set()
    is_in = False
    for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("| kith says |"):
            is_in = True
        elif is_in and line.startswith("|"):
            first = re.sub(r" \(and others\)", "", line.split("|")[1].strip())
            found.update(one.strip() for one in first.split(", "))
        else:
            is_in = False
    return found


def google_states() -> set[str]:
    texts = [*vars(problems).values(), *vars(sign_in_problems).values()]
    return {one.state for one in texts if isinstance(one, problems.Text)}


def microsoft_states() -> set[str]:
    tables = (refusals._SIGN_IN, refusals._PERSON_WORDS, refusals._SIGN_IN_WORDS, refusals._GRAPH)
    return {state for table in tables for state, _ in table.values()}


@pytest.mark.parametrize(
    ("page", "states"), [("google.md", google_states()), ("microsoft.md", microsoft_states())]
)
def test_every_state_is_explained_in_its_guide(page: str, states: set[str]):
    assert len(states) > 20
    explained = told(page)
    api = "{api} switched off"
    wanted = states - {api} | ({"Gmail API switched off"} if api in states else set())
    assert wanted - explained == set()


@pytest.mark.parametrize("page", ["google.md", "microsoft.md", "secrets.md", "pulling.md"])
def test_links_of_the_guides_lead_somewhere(page: str):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        name, _, anchor = target.partition("#")
        path = ROOT / "docs" / (name or page)
        assert path.is_file(), target
        headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}
        assert not anchor or anchor in anchors, target
