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
