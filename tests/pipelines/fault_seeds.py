"""What must hold whatever a provider does: the rows of an undisturbed pull, or a word and no loss.

Here: pulls of two small mailboxes under faults drawn by seed, a first pull and one that brings
changes; what is compared. Not here: the faults (sandbox/faults.py), which provider (test_faults_*).

``make test`` tries some seeds of each kind of pull, ``make torture`` (KITH_TORTURE=1) all of them.
"""

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.raw_tables import RAW_TABLES
from pipelines.warehouse import Warehouse
from sandbox.faults import PLACES, drawn
from sandbox.village import Village
from tests.pipelines.killing import load, pull_once
from tests.pipelines.small_world import SmallWorld, small_world

IS_TORTURE = bool(os.environ.get("KITH_TORTURE"))
SEEDS = range(200 if IS_TORTURE else 7)
PAGE_ITEMS = 11  # so that small mailboxes have pages at all

_LISTED_AT = re.compile('"(listed_at|compared_at|until)": "[^"]+"')
_TOKEN = re.compile(r'token=[^"&]+')

Rows = Mapping[str, list[tuple[Any, ...]]]


@dataclass
class Trial:
    """A world, a data folder as it stands before the pull, and what the pull must come to.

    calls   that an undisturbed pull makes
    struck  kind -> calls that faults of it have struck
    """

    world: SmallWorld
    before: Path
    expected: Rows
    calls: int
    folder: Path
    struck: Counter[str] = field(default_factory=Counter)

    def under(self, seed: int) -> bool:
        """Pull under the faults of a seed; whether a mailbox failed by them.

        Where none did, all rows are those of an undisturbed pull. Where one did, it says so with a
        cure, its cursor has not gone as far, and one more pull ends like an undisturbed one.
        """
        sandbox = self.world.sandbox
        faults = drawn(seed, self.world.vendor.faults, sandbox.calls, self.calls, sandbox.world.now)
        told, times = f"seed {seed}: {faults}", [fault.times for fault in faults]
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.before, self.folder)
        sandbox.faults[:] = faults
        pull_once(self.folder)
        sandbox.faults.clear()
        for fault, before in zip(faults, times, strict=True):
            self.struck[fault.kind] += before - fault.times
        found = rows(self.folder)
        cures = _cures(found)
        if cures:
            assert all(cures), told
            assert found["raw.cursors"] != self.expected["raw.cursors"], told
            pull_once(self.folder)
            found = rows(self.folder)
        is_told_less = any(fault.kind in PLACES for fault in faults)
        for name, expected in self.expected.items():
            if is_told_less:
                assert _without_times(name, found[name]) == _without_times(name, expected), told
            else:
                assert found[name] == expected, told
        return bool(cures)


def rows(folder: Path) -> Rows:
    """Every raw table, its rows in order."""
    with Warehouse(load(folder)).connect() as connection:
        found = {
            name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall()
            for name in (*RAW_TABLES, "raw.listed")
        }
    # What a link of Graph holds depends on how often it was asked; where it leads does not.
    found["raw.cursors"] = [
        tuple(_TOKEN.sub("token", one) for one in row) for row in found["raw.cursors"]
    ]
    return found


def _cures(found: Rows) -> list[str | None]:
    """The cure of every account and mailbox that is not well."""
    return [
        row[-1]
        for name in ("raw.accounts", "raw.mailboxes")
        for row in found[name]
        if row[-2] != "ok"
    ]


def _without_times(name: str, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What can be known of a table where the provider has forgotten what changed.

    A listing tells neither when something went nor under which labels a message lies now; the
    cursor says when it was, and one that broke off stays written down until the next.
    """
    if name in ("raw.message_folders", "raw.listed"):
        return []
    if name == "raw.cursors":
        return [tuple(_LISTED_AT.sub("", one) for one in row) for row in found]
    columns = list(RAW_TABLES[name].columns) if name in RAW_TABLES else []
    if "deleted_at" not in columns:
        return found
    place = columns.index("deleted_at")
    return [(*row[:place], row[place] is not None, *row[place + 1 :]) for row in found]


@contextmanager
def trial(provider: str, folder: Path, *, brings_changes: bool) -> Iterator[Trial]:
    """Trials of a first pull, or of one that brings changes."""
    with small_world(provider, Village(months=2)) as world:
        world.sandbox.world.google_page_items = PAGE_ITEMS
        before = world.prepare(folder / "before")
        rows(before)  # makes the database, once for all seeds
        if brings_changes:
            pull_once(before)
            world.live()
        after = folder / "after"
        shutil.copytree(before, after)
        first = world.sandbox.calls
        pull_once(after)
        calls = world.sandbox.calls - first
        yield Trial(world, before, rows(after), calls, folder / "tried")
