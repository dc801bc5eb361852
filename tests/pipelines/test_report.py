"""The report: the right facts in plain words, and no name that becomes anything but text."""

import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipelines import (
    report,
    report_charts,
    report_facts,
    report_scores,
    report_words,
)
from pipelines.lookup import NoSuchPerson
from pipelines.models import Graph
from pipelines.publish import metric_dictionary, published
from pipelines.settings import Limits
from pipelines.warehouse import open_published
from tests.pipelines.hostile_names import HOSTILE
from tests.pipelines.report_person_tables import (
    ADA,
    LONER,
    Bond,
    World,
    suggestions,
    village,
)
from tests.pipelines.report_tables import COLUMNS, MONTHS

FIRST_OF_OCTOBER = datetime(2026, 10, 1, 9, tzinfo=UTC)
_VOID = {"meta", "link", "br"}


class Elements(HTMLParser):
    """Start and end tags in order, with attributes; texts and rules of style apart."""

    def __init__(self) -> None:
        super().__init__()
        self.tree: list[tuple] = []
        self.texts: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = ("aria-label",)  # holds names, in quotes that they must not leave
        self.tree.append((tag, [(key, None if key in words else value) for key, value in attrs]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tree.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.tree.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.tree.append(("comment", data))

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


def parsed(html: str) -> Elements:
    elements = Elements()
    elements.feed(html)
    elements.close()
    assert elements.open == []
    return elements


def words(html: str) -> str:
    """All text of a page, in one line."""
    return " ".join("".join(parsed(html).texts).split())


def rendered(world: World, folder: Path, person_id: int = ADA, month: date | None = None) -> str:
    folder.mkdir(exist_ok=True)
    with open_published(world.write(folder), Limits(threads=1)) as connection:
        return report.page(connection, person_id, month)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return rendered(village(), tmp_path_factory.mktemp("village"))


@pytest.fixture
def village_tables(tmp_path: Path) -> Iterator:
    with open_published(village().write(tmp_path), Limits(threads=1)) as connection:
        yield connection


def test_the_page_says_who_and_up_to_when(page: str):
    assert "Ada Winter October 2026, figures to 31 October 2026." in words(page)
    assert "<title>Ada Winter, October 2026: kith</title>" in page


def test_the_words_at_the_top_say_what_stands_out(page: str):
    text = words(page)
    assert (
        "In the 90 days to 31 October 2026 there was contact in both directions with 57 people. "
        "The closest are Chiara Lindqvist, Bruno Okafor and Emil Novák." in text
    )
    # 47 days back from the end of October; 47 * 5 // 7 = 33 active days; 7.5 + 3 * 0.5 at its best.
    assert (
        "Two ties are fading. Fatou Diallo-Bernadotte of the Northern Harbour…, at strength 9.0 in "
        "February 2026, was last in contact on 15 September 2026: 33 active days of silence, "
        "where 4.0 between contacts were usual." in text
    )
    # 8.5 - 0.25 * 23 = 2.75, of which 0.3 comes back; 3.3 * 3 = 9.9.
    assert (
        "Of the mail to Deepa Raman, less than half comes back (strength 2.8 out, 0.8 in)." in text
    )
    assert "From Emil Novák comes more than twice what goes back (9.9 in, 3.3 out)." in text
    assert "Hana Sato is back after a long silence. One tie is new: Idris Bello." in text
    assert (
        "The circle is more open than in October 2025: its constraint is 0.172 after 0.244, "
        "and its 57 contacts have an effective size of 35.7." in text
    )


def test_every_section_and_the_caution_stand_once(page: str):
    headings = re.findall(r"<h2[^>]*>([^<]+)</h2>", page)
    assert headings == [
        "What you could do this month",
        "In short",
        "Closest ties over time",
        "The network in one picture",
        "Give and take",
        "Introductions",
        "Fading and lapsed",
        "New and back",
        "Open or closed",
        "Diversity over time",
        "Everybody",
        "What can be seen",
        "How to read this",
    ]
    assert page.count("Contact is not liking") == 1
    assert page.count("cannot be observed") == 1
    assert "37 % of the strength lies with people whose own mailboxes are read." in words(page)


def labels_of_pictures(page: str) -> list[str]:
    return [
        dict(attributes)["data-label"]
        for tag, *rest in parsed(page.replace("aria-label", "data-label")).tree
        for attributes in rest
        if dict(attributes).get("role") == "img"
    ]


def test_every_picture_says_its_essence_in_words(page: str):
    labels = labels_of_pictures(page)
    # Lines, network, openness, the scales, the measures.
    assert len(labels) == 3 + len(report_scores.SCALES) + len(report_facts.MEASURES)
    assert labels[0].startswith(
        "Lines of tie strength from November 2024 to October 2026. "
        "Chiara Lindqvist: 9.5 at the end, highest 9.5 in October 2026."
    )
    assert labels[1].startswith(
        "59 contacts on rings around Ada Winter, the strongest innermost: Chiara Lindqvist, "
    )
    assert labels[2] == (
        "Lines from November 2024 to October 2026: openness 0.65 at the end, closedness 0.37."
    )
    assert labels[3] == "0.37 on a scale from 0 to 1, 0.49 in October 2025."
    assert labels[8] == (
        "Line of constraint from November 2024 to October 2026: 0.17 at the end, "
        "0.24 in October 2025."
    )


def test_the_page_loads_and_runs_nothing(page: str):
    tree = parsed(page).tree
    assert {tag for tag, *_ in tree}.isdisjoint({"script", "iframe", "object", "img"})
    keys = {key for _, *rest in tree for attributes in rest for key, _ in attributes}
    assert not {key for key in keys if key.startswith("on") or key in ("src", "srcset")}
    targets = [v for _, *rest in tree for attributes in rest for k, v in attributes if "href" in k]
    assert all(target == "data:," or target.startswith("#") for target in targets)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:;" in page
    assert not re.search(r"url\(|@import|@font-face", page)
    assert len(page.encode()) < 200_000


def test_two_people_of_one_name_can_be_told_apart(page: str):
    assert "Kofi Mensah (p19@acme.example)" in words(page)
    assert "Kofi Mensah (p22@other.example)" in words(page)


def test_the_same_tables_give_the_same_page(tmp_path: Path, page: str):
    assert rendered(village(), tmp_path) == page


def test_colours_of_pictures_are_the_pages_own(page: str):
    pictures = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', pictures))
    assert colours <= {
        "none", "var(--ink)", "var(--quiet)", "var(--rule)", "var(--paper)",
        "var(--line-1)", "var(--line-2)", "var(--line-3)", "var(--line-4)",
    }  # fmt: skip
    assert set(re.findall(r"var\((--[a-z0-9-]+)\)", page)) == set(
        re.findall(r"(--[a-z0-9-]+):", page)
    )


def two_called(name: str) -> World:
    """A world whose every text from outside is made of one name."""
    bonds = [
        Bond(10, name, [3.0] * 24, "fading", silence=40, group=name),
        Bond(11, f"{name} of Sales", [2.0] * 24, "new", even=0.1),
    ]
    made = [
        {"introducer_id": one, "first_id": two, "second_id": three, "followed_at": FIRST_OF_OCTOBER}
        for one, two, three in ((ADA, 10, 11), (10, ADA, 11))
    ]
    openings = [opening for opening in suggestions(name) if {opening["contact_id"]} <= {10, 11}]
    return dataclasses.replace(
        village(),
        bonds=bonds,
        me=f"{name} herself",
        extra_people=(),
        introductions=made,
        openings=openings,
        between=[(10, 11, 2.0)],
    )


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> Elements:
    return parsed(rendered(two_called("Bruno Okafor"), tmp_path_factory.mktemp("harmless")))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_changes_no_element_of_the_page(
    tmp_path: Path, harmless: Elements, name: str
):
    hostile = parsed(rendered(two_called(name), tmp_path))
    assert hostile.tree == harmless.tree
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]",
                         "".join(hostile.texts))  # fmt: skip


def test_a_name_becomes_one_readable_line_of_bounded_width():
    assert report_facts.readable("  Ann\r\n\tBell ") == "Ann Bell"
    assert report_facts.readable("\u202eAnn\x1b[0m\u2066") == "Ann[0m"
    assert report_facts.readable("abcdef", 6) == "abcdef"
    assert report_facts.readable("abcdefg", 6) == "abcde…"
    # A wide character takes two columns.
    assert report_facts.readable("長い名前", 6) == "長い…"
    assert report_facts.readable("z" + "\u0335" * 9) == "z\u0335\u0335"
    assert report_facts.readable("\u200b\u2060") == ""
    assert report_facts.readable(None) == ""


def test_numbers_are_written_with_fixed_digits():
    assert [report_words.amount(n) for n in (None, 0.0, 0.04, 0.05, 9.96, 1234.5)] == [
        "–", "0.0", "<0.1", "0.1", "10.0", "1,234.5",
    ]  # fmt: skip
    assert [report_words.percent(n) for n in (None, 0.0, 0.004, 0.125, 1.0)] == [
        "–", "0 %", "<1 %", "12 %", "100 %",
    ]  # fmt: skip
    assert report_words.counted(1, "tie is", "ties are") == "one tie is"
    assert report_words.counted(0, "tie is", "ties are") == "no ties are"
    assert report_words.counted(1300, "tie is", "ties are") == "1,300 ties are"
    assert report_words.day(date(2026, 10, 3)) == "3 October 2026"


def test_a_person_without_any_tie_gets_a_short_honest_page(tmp_path: Path):
    text = words(rendered(village(), tmp_path, LONER))
    assert "In the 90 days to 31 October 2026 there was no contact in both directions." in text
    assert "The own mailbox of this person is not read." in text
    assert "Give and take Mail only" not in text
    assert "No tie is fading" not in text


def test_one_contact_in_a_first_running_month_is_enough_for_a_page(tmp_path: Path):
    alone = {
        "contact_count": 1, "strong_count": 1, "effective_size": 1.0, "constraint": 1.0,
        "clustering": None, "entropy": 0.0, "visible_share": 0.0,
    }  # fmt: skip
    world = World([Bond(10, "Bruno Okafor", [1.0])], [alone], is_complete=False)
    html = rendered(world, tmp_path)
    text = words(html)
    assert "October 2026, figures to 15 October 2026. The month is still running." in text
    assert "with one person. The closest is Bruno Okafor. No tie is fading." in text
    assert '<dt>contact</dt><dd class="value">1</dd>' in html
    assert "Clustering –" in text
    assert "One month so far: lines begin with the second." in text
    assert "With so short a past, a tie that is new often cannot be told" in text
    # Of lines there are none; the network has one mark, wide and narrow, and its symbol.
    assert html.count("<svg") == 3
    assert "None" not in html.replace("None: no tie", "").replace("None in the", "")


def test_only_one_way_mail_leaves_the_circle_undefined(tmp_path: Path):
    world = World([Bond(18, "Jana Weiss", [0.0] * 3, "one_way", even=0.0, gap=None)])
    text = words(rendered(world, tmp_path))
    assert "there was no contact in both directions" in text
    assert "None: no tie has gone both ways in these months." in text
    assert "Undefined: without contact in both directions there is no circle to measure." in text
    assert "None: no tie that goes both ways has gone quiet." in text


def test_pseudonymous_tables_show_person_ids(tmp_path: Path):
    world = World([Bond(4711, None, [2.0] * 24)], village().circle, me=None)
    text = words(rendered(world, tmp_path))
    assert text.startswith("person 1, October 2026: kith")
    assert "The closest is person 4711." in text


@pytest.mark.parametrize("state", ["active", "fading", "lapsed", "dormant", "new", "reactivated"])
def test_each_state_has_its_word(tmp_path: Path, state: str):
    word = {"reactivated": "back"}.get(state, state)
    html = rendered(World([Bond(10, "Bruno Okafor", [2.0] * 24, state)]), tmp_path)
    assert f'<span class="state {state}">{word}</span>' in html


def test_a_past_month_is_told_as_it_was(tmp_path: Path):
    text = words(rendered(village(), tmp_path, month=MONTHS[1]))
    assert (
        "December 2024, figures to 31 December 2024. The newest month computed is October" in text
    )
    assert "the closest now" not in text
    assert "The closest are Deepa Raman" in text


def test_lines_show_who_was_close_once_beside_the_closest_now(village_tables):
    period = report_facts.period(village_tables, ADA, None)
    ties = report_facts.ties(village_tables, ADA, period)
    now, once = report_facts.closest(ties, report_charts.MOST_LINES)
    assert [tie.contact_id for tie in now] == [11, 10, 13, 12, 16]
    # Highest at any time: Fatou 9.0, Goran 5.0, Idris 1.9.
    assert [tie.contact_id for tie in once] == [14, 15, 17]
    strengths = report_facts.strengths(village_tables, ADA, period, once)
    assert strengths[17] == [*[None] * 22, 0.7, 1.9]


def test_a_month_without_a_row_is_one_of_no_strength(tmp_path: Path):
    world = World([Bond(10, "Bruno Okafor", [None, 2.0, None, 1.0])])
    with open_published(world.write(tmp_path), Limits(threads=1)) as connection:
        period = report_facts.period(connection, ADA, None)
        ties = report_facts.ties(connection, ADA, period)
        assert period.months == MONTHS[-3:]
        assert report_facts.strengths(connection, ADA, period, ties) == {10: [2.0, 0.0, 1.0]}


def test_labels_at_the_end_of_lines_keep_their_order_and_distance():
    places = report_charts._apart([5.0, 5.0, 0.0, 9.9, 0.1], gap=1.0, top=10.0)
    assert places == [5.0, 4.0, 0.0, 9.9, 1.0]
    assert report_charts._apart([10.0, 10.0, 10.0], gap=1.0, top=10.0) == [10.0, 9.0, 8.0]


def test_the_circle_is_compared_with_its_own_past_only(village_tables):
    period = report_facts.period(village_tables, ADA, None)
    history = {date(2026, 10, 1): {"constraint": 0.2}, date(2026, 8, 1): {"constraint": 0.4}}
    assert report_facts.past_month(history, period) is None
    history[date(2026, 5, 1)] = {"constraint": 0.1}
    assert report_facts.past_month(history, period) == date(2026, 5, 1)
    assert report_facts.constraint_change(history, period) == 1
    history[date(2025, 10, 1)] = {"constraint": 0.205}
    assert report_facts.past_month(history, period) == date(2025, 10, 1)
    assert report_facts.constraint_change(history, period) == 0


def test_a_page_of_nobody_or_of_no_month_is_an_error_that_says_so(village_tables):
    with pytest.raises(NoSuchPerson, match="no person_id 999 in people"):
        report.page(village_tables, 999)
    with pytest.raises(NoSuchPerson, match="2031-01 is not computed"):
        report.page(village_tables, ADA, date(2031, 1, 1))


def test_nothing_computed_yet_is_an_error_that_names_the_cure(tmp_path: Path):
    class Empty(World):
        def tables(self) -> dict:
            return super().tables() | {"months": []}

    with open_published(Empty().write(tmp_path), Limits()) as connection:
        with pytest.raises(NoSuchPerson, match="no month is computed yet; `kith run`"):
            report.page(connection, ADA)


def test_the_invented_tables_and_the_definitions_are_those_of_the_models():
    graph = Graph.load()
    known = {model.table: set(model.columns) for model in published(graph)}
    known["metric_dictionary"] = set(metric_dictionary(published(graph)).column_names)
    for table, columns in COLUMNS.items():
        assert set(columns) <= known[table], table
    for table, columns in (report_facts.DEFINED | report_scores.DEFINED).items():
        assert set(columns) <= known[table], table
