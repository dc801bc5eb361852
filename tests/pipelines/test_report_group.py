"""The page of a group: read from the tables of groups alone, and silent about few people."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import report_group
from pipelines.settings import Limits
from pipelines.warehouse import open_published
from tests.pipelines.hostile_names import HOSTILE
from tests.pipelines.report_group_tables import groups
from tests.pipelines.report_person_tables import village
from tests.pipelines.report_tables import MONTHS, write
from tests.pipelines.test_report import Elements, parsed, words


def page(folder: Path, tables: dict, name: str = "Sales") -> str:
    folder.mkdir(exist_ok=True)
    with open_published(write(folder, tables), Limits(threads=1)) as connection:
        return report_group.page(connection, report_group.find_group(connection, name))


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    # Only the tables of groups lie in the folder: any other would be an error.
    return page(tmp_path_factory.mktemp("groups"), groups())


def test_the_page_reads_tables_of_groups_only_and_says_what_they_hold(html: str):
    text = words(html)
    assert "Sales A group of 16 people. October 2026, figures to 31 October 2026." in text
    assert (
        "The group with most contact is Support: 17 pairs of people are in contact both ways, and "
        "spent 6 hours together in meetings." in text
    )
    # 0.55 - 0.002 * 23 = 0.504, a year before 0.55 - 0.002 * 11 = 0.528.
    assert "50 % stay within; from its size alone, 8 % would. In October 2025 it was 53 %." in text
    assert "Within, 76 % of all pairs that could be in contact are." in text
    assert "A tie has 3.8 strength on average, after 3.6 in October 2025." in text
    assert "Of what is written, 85 % is returned, after 80 %." in text
    assert text.count("Contact is not liking") == 1
    assert "None" not in html.replace("None to", "").replace("None of", "")


def test_nothing_is_said_of_fewer_people_than_the_threshold(html: str):
    text = words(html)
    # Sales and Finance are large, but only two people of them know each other.
    assert "Finance" not in text
    assert "There are ties of fewer than ten people besides: nothing is said of these." in text
    assert "918" in text and "930" in text and "909" not in text
    # Of eighteen nine answer, of thirty fifteen: only of these it is said how.
    assert re.search(
        r'918</bdi></th><td class="wide-cell">18</td><td>23</td><td>–</td><td>–</td>', html
    )
    assert (
        '930</bdi></th><td class="wide-cell">30</td><td>23</td><td>68 %</td><td>2.5 h</td>' in html
    )


def test_groups_that_are_not_told_apart_come_last_and_have_no_page(tmp_path: Path):
    text = words(page(tmp_path, groups(support="(other)")))
    assert "With no single other group are at least ten people in contact." in text
    assert "all others together" in text and "(other)" not in text
    with pytest.raises(report_group.NoSuchGroup, match=r"there are Finance, Sales$"):
        page(tmp_path, groups(support="(other)"), "(other)")


def test_the_tables_that_an_organisation_shares_give_the_same_page(tmp_path: Path, html: str):
    tables = groups()
    folder = write(tmp_path, tables | {"communities": []})
    # As sql/staging/shared_network.sql and shared_communities.sql leave them.
    shared = [row for row in tables["network"] if row["scope"] == "all"]
    network = {
        key: [row[key] for row in shared] for key in ("month", "mean_strength", "reciprocity")
    }
    pq.write_table(pa.table(network), folder / "network.parquet")
    lists = [
        row
        if row["answerer_count"] >= 10
        else row
        | dict.fromkeys(
            (
                *("answered_share", "first_answer_median_hours", "answer_count"),
                *("answerer_count", "stranger_answer_count", "cross_group_answer_count"),
            )
        )
        for row in tables["communities"]
        if row["member_count"] >= 10
    ]
    write(folder, {"communities": lists})
    with open_published(folder, Limits(threads=1)) as connection:
        assert report_group.page(connection, "Sales") == html


def test_a_group_that_is_too_small_cannot_be_asked_for(tmp_path: Path):
    with pytest.raises(report_group.NoSuchGroup, match="no group of at least 10 people is called"):
        page(tmp_path, groups(people=9))


def test_months_in_which_the_group_was_too_small_are_left_out(tmp_path: Path):
    tables = groups()
    for row in tables["groups"]:
        if row["group_name"] == "Sales" and row["month"] in (MONTHS[0], MONTHS[-1]):
            row["people_count"] = 9
    text = words(page(tmp_path, tables))
    assert "A group of 16 people. September 2026" in text
    assert "Line of people from December 2024 to September 2026" in page(tmp_path, tables)


def test_the_threshold_is_the_one_of_the_metrics(tmp_path: Path):
    with open_published(write(tmp_path, groups()), Limits(threads=1)) as connection:
        assert report_group.least_people(connection) == 10


@pytest.mark.parametrize(
    ("asked", "found"), [("sales", "Sales"), (" SALES ", "Sales"), ("sal", "Sales")]
)
def test_a_group_is_found_whatever_its_case_or_by_a_part(tmp_path: Path, asked: str, found: str):
    with open_published(write(tmp_path, groups()), Limits(threads=1)) as connection:
        assert report_group.find_group(connection, asked) == found


@pytest.mark.parametrize("asked", ["", "  ", "nobody", "\x1b[31m"])
def test_no_group_is_an_error_that_lists_those_there_are(tmp_path: Path, asked: str):
    with open_published(write(tmp_path, groups()), Limits(threads=1)) as connection:
        with pytest.raises(report_group.NoSuchGroup, match="there are Finance, Sales, Support"):
            report_group.find_group(connection, asked)
        with pytest.raises(report_group.NoSuchGroup, match="s may be Sales, Support; write one"):
            report_group.find_group(connection, "s")


def test_a_persons_name_is_no_group(tmp_path: Path):
    write(tmp_path, village().tables() | groups())
    with open_published(tmp_path, Limits(threads=1)) as connection:
        with pytest.raises(report_group.NoSuchGroup):
            report_group.find_group(connection, "Bruno Okafor")
        html = report_group.page(connection, "Sales")
    names = {row["name"] for row in village().tables()["people"] if row["name"]}
    assert {name for name in names if name in words(html)} == set()


def test_the_page_loads_and_runs_nothing(html: str):
    tree = parsed(html).tree
    assert {tag for tag, *_ in tree}.isdisjoint({"script", "iframe", "object", "img"})
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:;" in html
    assert len(html.encode()) < 200_000


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> Elements:
    tables = groups("Sales of x", "Support of x")
    return parsed(page(tmp_path_factory.mktemp("harmless"), tables, "Sales of x"))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_group_changes_no_element_of_the_page(
    tmp_path: Path, harmless: Elements, name: str
):
    tables = groups(f"Sales {name}", f"Support {name}")
    with open_published(write(tmp_path, tables), Limits(threads=1)) as connection:
        hostile = parsed(report_group.page(connection, f"Sales {name}"))
    assert hostile.tree == harmless.tree


@pytest.mark.parametrize("name", [*HOSTILE, "../../etc/passwd", "a/b", "CON", ".", ""])
def test_the_file_of_a_page_lies_where_it_should(name: str):
    found = report_group.file_name(name)
    assert re.fullmatch(r"group-[a-z0-9-]{8,60}\.html", found)
    assert found != report_group.file_name(f"{name}x")
