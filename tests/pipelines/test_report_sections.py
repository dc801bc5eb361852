"""The report's own sections: what to do, the network, introductions, open or closed, coverage."""

import dataclasses
import re
from datetime import date
from pathlib import Path

import pytest

from pipelines import report, report_facts, report_network, report_openings, report_words
from pipelines.models import SQL_FOLDER
from pipelines.report_openings import Part
from pipelines.settings import Limits, Settings
from pipelines.warehouse import open_published
from tests.pipelines.report_person_tables import ADA, LONER, Bond, World, village
from tests.pipelines.test_report import labels_of_pictures, rendered, words

BIG = [
    Bond(10 + n, f"Contact {n:03}", [200.0 / (n + 1)], group=f"Group {n % 9}") for n in range(170)
]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return words(rendered(village(), tmp_path_factory.mktemp("village")))


def test_every_kind_of_opening_is_said_with_names_and_how_to_see_its_events(text: str):
    assert "What you could do this month" in text
    for sentence in (
        "Answer Emil Novák One question is open for 3 days; half of all questions are answered "
        "within 6 hours.",
        "Introduce Bruno Okafor to Chiara Lindqvist In contact with Bruno Okafor on 12 and with "
        "Chiara Lindqvist on 9 of the last 90 days;",
        "Get in touch with Fatou Diallo-Bernadotte of the Northern Harbour…",
        "Call Goran Petrović again In contact on 40 days before, not for 4 months now;",
        "Look into Research through Chiara Lindqvist None of 57 contacts belongs to this group of "
        "14 people; Chiara Lindqvist knows 6 of them.",
        "kith why 1 10 --month 2026-10 and kith why 1 11 --month 2026-10 list every message and "
        "meeting, and what each still counts. This rests on two of them: message:73, meeting:74.",
    ):
        assert sentence in text, sentence
    assert text.index("Read off who wrote to whom") < text.index("In the 90 days to")


def test_the_first_of_a_kind_is_shown_and_the_others_are_a_click_away(tmp_path: Path):
    html = rendered(village(), tmp_path)
    more = re.search(r'<details class="more">.*?</ul>', html, re.DOTALL)
    assert more and html.count('<details class="more">') == 1
    assert "<summary>One more of this kind</summary>" in more.group()
    assert "Answer <bdi>Bruno Okafor</bdi>" in more.group()


def test_names_stand_in_reasons_apart_and_only_where_somebody_is_meant():
    names = {10: "Ann the other", 11: "Bob"}
    found = report_openings._named(
        "With the one on 3, with the other on 2; nothing", (10, 11), names
    )
    assert found == (
        Part("With "),
        Part("Ann the other", is_name=True),
        Part(" on 3, with "),
        Part("Bob", is_name=True),
        Part(" on 2; nothing"),
    )


def test_reasons_of_the_openings_say_who_is_meant_in_the_words_that_become_names():
    reasons = (SQL_FOLDER / "metrics" / "openings.sql").read_text(encoding="utf-8")
    for said in ("with the one on", "with the other on", "; this contact knows"):
        assert said in reasons


def test_without_a_read_mailbox_nothing_is_suggested_and_the_page_says_why(tmp_path: Path):
    text = words(rendered(village(), tmp_path, LONER))
    assert "What Lone Reader could do this month Nothing can be said: suggestions are made" in text


def test_a_month_without_openings_is_no_failure(tmp_path: Path):
    text = words(rendered(dataclasses.replace(village(), openings=()), tmp_path))
    assert "Nothing: no answer is owed, no tie is slipping" in text


def test_introductions_are_told_from_both_sides(text: str):
    assert "In 24 months, you made one introduction and received one introduction." in text
    assert "Bruno Okafor and Idris Bello 4 Sep 2026" in text
    assert "Emil Novák Hana Sato 20 Jul 2026" in text


def test_openness_without_a_target_says_how_to_set_one(text: str):
    assert "No target is set. openness_target under [report] in kith.toml" in text


@pytest.mark.parametrize(
    ("target", "said"),
    [(0.6, "openness is at it or above"), (0.745, "openness is 0.10 below"), (1.0, "0.35 below")],
)
def test_a_target_is_drawn_and_compared(tmp_path: Path, target: float, said: str):
    # 0.30 + 0.015 * 23 = 0.645.
    with open_published(village().write(tmp_path), Limits(threads=1)) as connection:
        html = report.page(connection, ADA, openness_target=target)
    assert said in words(html)
    assert labels_of_pictures(html)[2].endswith(f"the target for openness at {target:.2f}.")
    assert f">target  {target:.2f}</text>" in html


def test_the_target_is_a_setting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KITH_REPORT__OPENNESS_TARGET", "0.6")
    assert Settings().report.openness_target == 0.6


def test_the_three_scales_are_explained_and_name_nobody(text: str):
    for scale in ("Closedness the hedgehog's scale", "Hunting the coyote's scale"):
        assert scale in text
    assert "Nobody is one of them: each is a scale on which everybody has some place" in text
    assert not re.search(r"(you are|is) (a|an) (hedgehog|coyote|purist)", text, re.IGNORECASE)


def test_coverage_is_told_in_plain_words(text: str):
    assert (
        "Your mailbox of October 2026 holds 1,480 messages, of which 610 count as contact, and 42 "
        "meetings, of which 31 do." in text
    )
    assert (
        "Why the others do not, most frequent first: written by a machine (540 of mail); sent to "
        "too many to be contact (330 of mail); whole days without an hour (11 of calendar)." in text
    )


def test_every_reason_why_a_copy_is_no_contact_has_plain_words():
    page = Path(report_words.__file__).with_name("report.html").read_text(encoding="utf-8")
    rules = (SQL_FOLDER.parent / "docs" / "people-and-contacts.md").read_text(encoding="utf-8")
    chapters = re.findall(r"\| reason \| example \|\n(.*?)\n\n", rules, re.DOTALL)
    reasons = {
        reason for chapter in chapters for row in chapter.splitlines()[1:]
        for reason in re.findall(r"`(\w+)`", row.split("|")[1])
    }  # fmt: skip
    assert len(reasons) > 15
    assert {reason for reason in reasons if f'"{reason}": ' not in page} == set()


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> report_network.Network:
    folder = tmp_path_factory.mktemp("big")
    with open_published(World(BIG).write(folder), Limits(threads=1)) as connection:
        period = report_facts.period(connection, ADA, None)
        ties = report_facts.ties(connection, ADA, period)
        return report_network.network(connection, ties, period, "you")


def test_a_large_network_is_drawn_up_to_dunbars_outermost_ring(big: report_network.Network):
    assert big.drawn_count == 150
    # Nine groups: six have a mark of their own, three share one.
    assert [group.people_count for group in big.groups] == [17, 17, 17, 17, 17, 17, 48]
    assert big.groups[-1].name is None
    assert sum(group.share for group in big.groups) == pytest.approx(1)
    looks = {(group.shape, group.colour) for group in big.groups}
    assert len({shape for shape, _ in looks}) == 7


@pytest.mark.parametrize("canvas", [report_network._WIDE, report_network._NARROW])
def test_no_two_marks_of_a_large_network_touch(canvas: report_network._Canvas):
    ties = [tie_of(bond.strengths[-1]) for bond in BIG[:150]]
    marks = report_network._marks(canvas, ties, [n % 7 for n in range(150)])
    assert len(marks) == 150
    for place, one in enumerate(marks):
        for other in marks[:place]:
            apart = ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5
            assert apart > one.radius + other.radius


def tie_of(strength: float) -> report_facts.Tie:
    when = date(2026, 10, 1)
    rest = [None] * 3
    return report_facts.Tie(
        1, "x", None, "active", strength, None, 1, when, *rest, strength, when, *rest, None, None
    )


def test_contacts_with_a_strong_tie_are_joined_and_others_are_not(tmp_path: Path):
    with open_published(village().write(tmp_path), Limits(threads=1)) as connection:
        period = report_facts.period(connection, ADA, None)
        ties = report_facts.ties(connection, ADA, period)
        found = report_network.network(connection, ties, period, "you")
    # 3.0 and 1.5 are strong, 0.5 is not.
    assert found.between_count == 2
