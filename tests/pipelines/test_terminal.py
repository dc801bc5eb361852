"""Names of strangers on a terminal and in CSV: text, and never anything that is run."""

import csv
import io
import re
import unicodedata

import pytest
from rich.console import Console

from pipelines import terminal
from tests.pipelines.hostile_names import EVERY

_RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def unseen(text: str) -> set[str]:
    """What a terminal may act upon, other than the end of a line."""
    return {
        character
        for character in text
        if character != "\n" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }


def shown(name: str, **settings) -> str:
    out = io.StringIO()
    console = Console(file=out, width=8000, color_system=None, highlight=False, **settings)
    terminal.table(console, ["name", name], [[name, 1], ["Bruno", 2]], None)
    return out.getvalue()


@pytest.mark.parametrize("name", EVERY)
def test_a_table_shows_a_name_as_one_line_of_text(name: str):
    text = shown(name, force_terminal=False)
    assert unseen(text) == set()
    assert len(text.splitlines()) == 3
    # Markup is shown, not obeyed.
    assert terminal.plain(name).strip() in text


def drawn(columns, rows, width: int, *, is_terminal: bool = True, **more) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=is_terminal, color_system=None)
    terminal.table(console, columns, rows, **more)
    return out.getvalue()


WIDE = ["person_id", "name", "日本", "address"]
ROWS = [(1715414420023512, "Ann Archer", "日本語", f"{'ann' * 9}@x.example"), (2, None, "", "b@x")]


def test_a_row_that_fits_no_terminal_is_a_record_of_lines():
    assert drawn(WIDE, ROWS, 40, title="people").splitlines() == [
        "people",
        "person_id  1715414420023512",
        "name       Ann Archer",
        "日本       日本語",
        f"address    {'ann' * 9}@x.example",
        "",
        "person_id  2",
        "name       ",
        "日本       ",
        "address    b@x",
    ]


def test_a_table_as_wide_as_the_terminal_is_a_table():
    lines = drawn(["id", "name"], [(17, "Ann Archer")], 14).splitlines()
    assert lines == ["id  name      ", "17  Ann Archer"]
    assert drawn(["id", "name"], [(17, "Ann Archer")], 13).splitlines() == [
        "id    17",
        "name  Ann Archer",
    ]


def test_what_is_no_terminal_has_no_width():
    wide = drawn(WIDE, ROWS, 5000)
    assert len(wide.splitlines()) == 3
    assert drawn(WIDE, ROWS, 20, is_terminal=False) == wide


def test_a_heading_alone_loses_no_column():
    (heading,) = drawn(WIDE, [], 10).splitlines()
    assert heading.split() == WIDE


@pytest.mark.parametrize(
    ("width", "line_count"), [(10, 2), (24, 2), (25, 7), (45, 3), (55, 3), (56, 2), (200, 2)]
)
def test_prose_is_broken_between_words_as_long_as_each_has_room(width: int, line_count: int):
    """Sixteen for the id, two between, seven for the longest word, 38 for all of them."""
    said = "closed to others, and the disk is full"
    text = drawn(["id", "said"], [(1715414420023512, said)], width, prose=["said"])
    words = text.split()
    for word in ("id", "said", "1715414420023512"):
        words.remove(word)
    assert (words, len(text.splitlines())) == (said.split(), line_count)


@pytest.mark.parametrize("name", EVERY)
def test_a_record_shows_a_name_as_one_line_of_text(name: str):
    text = drawn(["name", name], [[name, 1], ["Bruno", 2]], 1)
    assert unseen(text) == set()
    assert len(text.splitlines()) == 5
    assert terminal.plain(name) in text


@pytest.mark.parametrize("name", EVERY)
def test_csv_holds_a_name_in_one_cell_that_no_spreadsheet_runs(
    name: str, capsys: pytest.CaptureFixture[str]
):
    terminal.csv_table(["name", name], [[name, -1.5], [None, -2]])
    written = capsys.readouterr().out
    assert unseen(written) == set()
    heading, first, second = csv.reader(io.StringIO(written))
    for cell in (heading[1], first[0]):
        assert not cell.strip().startswith(_RUN)
        assert cell in (terminal.plain(name), f"'{terminal.plain(name)}")
    # Numbers stay numbers, below zero too.
    assert (first[1], second) == ("-1.5", ["", "-2"])


@pytest.mark.parametrize("name", EVERY)
def test_an_error_that_quotes_a_name_runs_nothing(name: str):
    text = terminal.message(f"Conversion Error: could not convert '{name}'\nLINE 1: select")
    assert unseen(text) == set()
    assert text.endswith("\nLINE 1: select")


@pytest.mark.parametrize("name", EVERY)
def test_progress_shows_a_file_name_as_it_is(name: str):
    for is_terminal in (True, False):
        out = io.StringIO()
        console = Console(file=out, width=8000, color_system=None, force_terminal=is_terminal)
        with terminal.progress(console, "reading", 1) as advance:
            advance(name)
        # Rich's own codes move the cursor; nothing else may.
        rest = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", out.getvalue())
        assert unseen(rest) == set()


def test_what_is_no_text_is_written_as_it_is(capsys: pytest.CaptureFixture[str]):
    terminal.csv_table(["names"], [[["\x1b[31m", "=1"]], [True]])
    assert capsys.readouterr().out == "names\n\"['\\x1b[31m', '=1']\"\nTrue\n"
