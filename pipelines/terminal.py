"""How results look on a terminal.

Here: tables, progress and sentences for cli.py. Not here: any question to the data.

Names come from strangers' headers: whatever is printed loses control, escape and direction
characters first, and never passes through Rich's markup.
"""

import csv
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pipelines.accounts import Account
    from pipelines.imports import Kept
    from pipelines.progress import Progress
    from pipelines.run import Outcome
    from pipelines.settings import Settings
    from pipelines.status import Finding
    from pipelines.why import Tie

_MAILBOXES = "raw/mailboxes"  # the asset whose check warns of mailboxes that cannot be read

# What a spreadsheet would run as a formula at the beginning of a cell, full-width forms included.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
# Control, direction and other characters that are not seen, and separators of lines.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_GAP = 2  # blanks between two columns of a table


def plain(value: Any) -> str:
    """A value as text that no terminal interprets; numbers rounded to four significant digits."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.0f}"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
    return "".join(c for c in str(value) if unicodedata.category(c) not in _UNSEEN)


def message(text: str) -> str:
    """A text of several lines, such as an error that quotes a value; no terminal interprets it."""
    return "\n".join(plain(line) for line in text.splitlines())


def csv_cell(value: Any) -> Any:
    """A value for a CSV cell: text without what a terminal would run, numbers as they are.

    Text that a spreadsheet would run gets an apostrophe before it.
    """
    if not isinstance(value, str):
        return value
    text = plain(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A heading and rows to standard output as CSV."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows(map(csv_cell, row) for row in [columns, *rows])


def table(
    console: Console,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    title: str | None = None,
    prose: Collection[str] = (),
) -> None:
    """A table with a heading, numbers to the right; nothing is ever cut or left out.

    A table that is too wide for the terminal becomes a record of lines for each row. What is no
    terminal has no width.

    prose  columns that may be broken between words
    """
    rows = list(rows)
    heading = [plain(column) for column in columns]
    cells = [[plain(value) for value in row] for row in rows]
    widths = _widths(console, heading, cells, prose)
    if widths is None and rows:
        _records(console, heading, cells, title)
        return
    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    widths = widths or _natural(heading, cells)
    for place, column in enumerate(heading):
        numeric = bool(rows) and all(
            isinstance(row[place], int | float) for row in rows if row[place] is not None
        )
        drawn.add_column(
            Text(column),
            justify="right" if numeric else "left",
            header_style="dim",
            width=widths[place],
        )
    for row in cells:
        drawn.add_row(*map(Text, row))
    # Rich would take the width of a terminal of 80 columns for that of a file.
    drawn.width = sum(widths) + _GAP * (len(widths) - 1)
    console.print(drawn, crop=False)


def _fits(console: Console, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bool:
    """Whether a table with nothing broken has room."""
    cells = [[plain(value) for value in row] for row in rows]
    return _widths(console, [plain(column) for column in columns], cells) is not None


def _natural(heading: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column is with nothing broken; what is empty has a width, too."""
    lines = (heading, *cells)
    return [max(1, *(cell_len(line[place]) for line in lines)) for place in range(len(heading))]


def _widths(
    console: Console,
    heading: Sequence[str],
    cells: Sequence[Sequence[str]],
    prose: Collection[str] = (),
) -> list[int] | None:
    """How wide each column is drawn; None where the terminal has no room for all of them."""
    natural = _natural(heading, cells)
    spare = console.width - sum(natural) - _GAP * (len(natural) - 1)
    if spare >= 0 or not console.is_terminal:
        return natural
    # Of columns that may be broken the widest give first, none more than its longest word.
    widths = list(natural)
    lines = (heading, *cells)
    least = {
        place: max([1, *(cell_len(word) for line in lines for word in line[place].split())])
        for place, column in enumerate(heading)
        if column in prose
    }
    for _ in range(-spare):
        broken = [place for place in least if widths[place] > least[place]]
        if not broken:
            return None
        widths[max(broken, key=lambda place: widths[place])] -= 1
    return widths


def _records(
    console: Console, heading: Sequence[str], cells: Sequence[Sequence[str]], title: str | None
) -> None:
    """For each row a line for each column, and an empty line between two rows."""
    if title:
        console.print(Text(title, style="bold"), soft_wrap=True)
    widest = max(map(cell_len, heading))
    for number, row in enumerate(cells):
        if number:
            console.print()
        for column, cell in zip(heading, row, strict=True):
            name = set_cell_size(column, widest)
            console.print(Text.assemble((name, "dim"), "  ", cell), soft_wrap=True)


@contextmanager
def progress(console: Console, verb: str, total: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, a line for every tenth part elsewhere."""
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
        )
        with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
            task = bar.add_task(verb, total=total)
            yield lambda what: bar.update(task, advance=1, description=f"{verb} {plain(what)}")
        return
    done = 0

    def advance(what: str) -> None:
        nonlocal done
        done += 1
        if done * 10 // total > (done - 1) * 10 // total:
            console.print(Text(f"{verb}: {done} of {total}, {plain(what)}"))

    yield advance


@contextmanager
def steps(
    console: Console,
) -> Iterator[tuple[Callable[[str], None], Callable[["Progress"], None]]]:
    """What a run is at: one changing line on a terminal; lines elsewhere.

    Gives one function for the name of each step, and one for the progress of a pull.
    """
    if console.is_terminal:
        with console.status("starting") as line:
            yield (
                lambda step: line.update(Text(step.replace("__", "."))),
                lambda progress: line.update(Text(_pulling(progress))),
            )
        return
    told: list[int] = [0]

    def tell(progress: "Progress") -> None:
        # A line for every tenth part, and the last.
        tenth = progress.mailboxes_done * 10 // max(progress.mailbox_count, 1)
        if tenth > told[0]:
            told[0] = tenth
            console.print(Text(_pulling(progress)))

    yield lambda step: console.print(Text(f"step {step.replace('__', '.')}")), tell


def _pulling(progress: "Progress") -> str:
    rest = progress.remaining_s
    return (
        f"mailbox {progress.mailboxes_done} of {progress.mailbox_count}, "
        f"{progress.message_count:,} messages, {progress.messages_per_s:,.0f} a second"
        + (f", about {_duration(rest)} to go" if rest and rest >= 1 else "")
    )


def _duration(seconds: float) -> str:
    """Seconds in the largest unit that leaves two digits or fewer before the point."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def asked_to_sign_in(console: Console, address: str, code: str | None) -> None:
    """Where to sign in; never broken into lines, so that the address can be copied whole."""
    say = f"open this page and enter the code {code}" if code else "sign in on this page"
    console.print(Text(f"{say}:\n\n{address}\n"), soft_wrap=True)


def connected(console: Console, account: "Account", scopes: Sequence[tuple[str, str]]) -> None:
    """What an account that was just connected lets kith read, and what comes next."""
    what = "an organisation" if account.is_organisation else "one person"
    console.print(Text(f"{account.account_id} is connected: {what}"))
    table(console, ("it may read", "why"), scopes, prose=("why",))
    console.print(Text("kith run reads, computes and publishes"))


def kept(console: Console, found: Sequence[tuple[Path, "Kept"]]) -> None:
    """What was read from files, in one line for each, or summed where there are many."""
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for path, one in found:
        counts += one.counts
        reasons += one.reject_counts
        if len(found) <= 20:
            known = "" if one.is_new else " (read before: nothing changes)"
            console.print(Text(f"{plain(path.name)}: {_sentence(one.counts)}{known}"))
    if len(found) > 20:
        console.print(Text(f"{len(found)} sources: {_sentence(counts)}"))
    for reason, count in reasons.most_common():
        console.print(Text(f"  {count:,} left out: {plain(reason)}"))


def _sentence(counts: Counter[str]) -> str:
    return (
        f"{counts['message']:,} messages, {counts['event']:,} occurrences of events, "
        f"{counts['reject']:,} left out"
    )


def outcome(console: Console, found: "Outcome", settings: "Settings", *, computes: bool) -> None:
    """What became of a run, and where things are."""
    for asset, check in found.failed_checks:
        console.print(Text(f"check failed: {asset} {check}; nothing was published"))
    # Tables are checked in every run of a job: what holds in two of them is said once.
    unusual = dict.fromkeys(one for one in found.warnings if one[0] != _MAILBOXES)
    if any(asset == _MAILBOXES for asset, _ in found.warnings):
        console.print(Text("not every mailbox could be read; kith status says why, and the cure"))
    for asset, words in unusual:
        console.print(Text(f"unusual in {asset}: {plain(words)}"), soft_wrap=True)
    if found.error and not found.failed_checks:
        console.print(Text(f"failed: {plain(found.error)}"))
    if found.failed_checks:
        console.print(Text("kith ui shows which rows; mend the cause, then kith run"))
    if not found.succeeded:
        return
    if found.months:
        months = f"{len(found.months)} months computed"
        console.print(Text(f"{months}; published in {settings.parquet}"), soft_wrap=True)
    elif computes:
        console.print(Text(f"nothing new; {settings.parquet} is up to date"), soft_wrap=True)
    else:
        console.print(Text(f"stored in {settings.data_folder}; kith run computes"), soft_wrap=True)


def findings(console: Console, found: "Iterable[Finding]") -> None:
    """The answer of `kith doctor`."""
    rows = [("ill" if one.cure else "well", one.what, one.found, one.cure or "") for one in found]
    columns = ("", "what", "found", "what to do")
    table(console, columns, rows, prose=("found", "what to do"))


def tie(console: Console, person: str, contact: str, found: "Tie") -> None:
    """The answer of `kith why`: each contact, the sum of each way, what is published of it."""
    end = f"{found.as_of.astimezone(UTC):%Y-%m-%d}"
    console.print(
        Text(f"{plain(person)} and {plain(contact)}, as of {end}; they: {plain(contact)}"),
        soft_wrap=True,
    )
    columns = ("when (UTC)", "way", "channel", "people", "weight", f"weight on {end}", "event_id")
    contacts = [astuple(one) for one in found.contacts]
    if _fits(console, columns, contacts):
        table(console, columns, contacts, "contacts")
    else:
        # A record of seven lines for each would be much to look through.
        table(console, columns[:-1], [one[:-1] for one in contacts], "contacts")
        sentence = "the terminal has no room for the event_id of each: --csv and --json show it"
        console.print(Text(sentence), soft_wrap=True)
    rows = [
        ("to them", found.out_sum, found.out_strength),
        ("from them", found.in_sum, found.in_strength),
        ("both, as square root of the product", sqrt(found.out_sum * found.in_sum), found.strength),
    ]
    table(console, ("way", "sum of weights", "published strength"), rows, "strength")
    if found.strength is None:
        # Not every pair has a row: see the caveat of sql/metrics/tie_strength.sql.
        sentence = f"tie_strength has no row for {found.month:%Y-%m}: no contact in the window, and"
        console.print(Text(f"{sentence} too little is left of earlier ones"), soft_wrap=True)
    else:
        console.print(Text(f"state in {found.month:%Y-%m}: {found.state}"), soft_wrap=True)
    if found.left_out:
        columns = ("way", "what", "why it is no contact", "count", "newest (UTC)")
        table(console, columns, [astuple(one) for one in found.left_out], "left out")
