"""The pages of docs/ that are generated: complete, fresh, and their links lead somewhere."""

import re

import pytest

from pipelines import metrics_page, pages
from pipelines.models import Graph, ModelError

GRAPH = Graph.load()
PAGES = pages.pages(GRAPH)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_sources_say(name):
    stands = (pages.DOCS / name).read_text(encoding="utf-8")
    assert stands == PAGES[name], f"docs/{name} is stale: run `make docs`"


def test_writing_the_pages_writes_what_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    pages.main()
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == PAGES
    assert capsys.readouterr().out.count("written") == len(PAGES)
    pages.main()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", PAGES)
def test_links_and_pages_that_are_named_are_there(name):
    page = PAGES[name]
    headings = {metrics_page.anchor(title) for title in re.findall(r"^#+ (.*)$", page, re.M)}
    assert len(headings) == len(re.findall(r"^#+ ", page, re.M)), "two headings, one anchor"
    for target in re.findall(r"\]\(([^)]*)\)", page):
        file, _, anchor = target.partition("#")
        assert not file or (pages.DOCS / file).exists(), target
        assert file or anchor in headings, target
    for file in re.findall(r"[\w-]+\.md", page):
        assert (pages.DOCS / file).exists(), file


def test_every_published_table_and_column_stands_in_the_page_of_metrics():
    page = PAGES["metrics.md"]
    for model in GRAPH.models:
        if model.schema == "metrics":
            (section,) = re.findall(rf"^### {model.table}\n(.*?)(?=^##|\Z)", page, re.M | re.S)
            assert model.question in section
            for column in model.columns:
                assert f"**{column}**" in section
            for text in model.header.get("Source", ()) + model.header.get("Caveat", ()):
                assert f"- {text}" in section


def test_the_constants_are_those_of_the_sql():
    page = PAGES["metrics.md"]
    assert "| `window_days` | 90 |" in page
    assert "the 90 days before" in page
    for column in GRAPH["staging.parameters"].columns:
        assert f"| `{column}` |" in page


def test_a_published_table_without_a_chapter_is_refused(tmp_path):
    for name, text in {
        "staging/parameters.sql": "-- Which?\n--\n-- Grain: one row\nselect 1 as a,  -- one\n",
        "metrics/scores.sql": "-- How many?\n--\n-- Grain: one row\nselect 1 as a,  -- one\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"scores\.sql: write a line `-- Topic:`"):
        metrics_page.chapters(Graph.load(tmp_path))
