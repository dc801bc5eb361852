"""The demo: a folder for the invented village, its Google and Microsoft, and what was found.

Here: making that folder, serving the village, its kith.toml, printing the answers after a run.
Not here: the village (sandbox/, which cli.py hands in) and any computation.
"""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.text import Text

from pipelines import accounts, pseudonym_key, terminal
from pipelines.settings import (
    DEMO_MARK,
    ROOT,
    Pull,
    Settings,
    SettingsError,
    holds_demo,
    make_private,
)
from pipelines.warehouse import open_published

# The village is invented and its pseudonyms are public: the same key gives the same files anywhere.
_KEY = bytes(range(32))
_MARK = "This folder holds kith's invented village. kith demo deletes and rebuilds it.\n"


def prepare(folder: Path) -> Settings:
    """An empty folder marked as demo, with settings that name it.

    Raises SettingsError for a folder that holds anything but an earlier demo.
    """
    folder = folder.expanduser().resolve()
    if folder.exists():
        if any(folder.iterdir()) and not holds_demo(folder):
            raise SettingsError(f"{folder} holds something else; set KITH_DATA to an empty folder")
        shutil.rmtree(folder)
    make_private(folder)
    (folder / DEMO_MARK).write_text(_MARK, encoding="utf-8")
    settings = Settings(data=folder)
    pseudonym_key.write(settings, _KEY)
    return settings


@contextmanager
def serving(settings: Settings, command: Sequence[str]) -> Iterator[dict[str, str]]:
    """The invented Google and Microsoft, served by ``command`` while the block lasts.

    Gives what the server says of itself: google and microsoft, their addresses on this machine, and
    google_admin. Both organisations are connected meanwhile, and not afterwards, when nobody would
    answer any more.
    """
    keys = make_private(settings.credentials / "village")
    server = subprocess.Popen(
        [*command, "--keys", str(keys)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is for kith; the server ends when its standard input does.
        start_new_session=True,
    )
    try:
        line = server.stdout.readline()
        if not line:
            raise SettingsError("the invented Google and Microsoft did not start")
        world = json.loads(line)
        connected = [
            _connect(settings, "google", keys / "google.json", world["google_admin"]),
            _connect(settings, "microsoft", keys / "microsoft.json", None),
        ]
        try:
            yield world
        finally:
            for account in connected:
                accounts.forget(settings, account)
    finally:
        server.stdin.close()
        server.stdout.close()
        server.wait()
        shutil.rmtree(keys)


def _connect(
    settings: Settings, provider: accounts.Provider, key_file: Path, admin: str | None
) -> accounts.Account:
    key = json.loads(key_file.read_text(encoding="utf-8"))
    account = accounts.Account(f"{provider}-village", provider, True)
    accounts.keep(settings, account, key, admin)
    return account


def write_config(
    settings: Settings,
    world: Mapping[str, str],
    me: str,
    own_domains: Sequence[str],
    first: date,
) -> Settings:
    """kith.toml of the demo, so that later commands find the same world; the settings it gives.

    The audience is oneself although organisations are connected, and everybody's scores are shown:
    all of them are invented.
    """
    found = {
        "audience": "self",
        "people_scores": "all",
        "pull": Pull(),
        "first_month": f"{first:%Y-%m}",
        "me": {"addresses": [me]},
        "organisation": {"own_domains": list(own_domains)},
        "google": {
            "gmail_endpoint": world["google"],
            "calendar_endpoint": f"{world['google']}/calendar/v3/",
            "directory_endpoint": world["google"],
            "quota": "unlimited",
        },
        "microsoft": {
            "graph_endpoint": world["microsoft"],
            "login_endpoint": world["microsoft"],
            "quota": "unlimited",
        },
    }
    (settings.data_folder / "kith.toml").write_text(
        f'data = "."\naudience = "self"\npeople_scores = "all"\nfirst_month = "{first:%Y-%m}"\n\n'
        f"[me]\naddresses = {json.dumps([me])}\n\n"
        f"[organisation]\nown_domains = {json.dumps(list(own_domains))}\n",
        encoding="utf-8",
    )
    return Settings(data=settings.data_folder, **found)


def show(console: Console, settings: Settings, truth: Sequence[Mapping[str, Any]]) -> None:
    """Print what the run found: row counts, ties, diversity, planted habits, what to type next."""
    with open_published(settings.parquet, settings.limits) as connection:
        _tables(console, connection)
        for title, sql in _ANSWERS:
            result = connection.execute(sql)
            columns = [name for name, *_ in result.description]
            console.print()
            terminal.table(console, columns, result.fetchall(), title)
        _habits(console, connection, truth)
    next_steps(console, settings)


def _tables(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    names = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
    rows = [
        (name, connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0])
        for name in names
    ]
    console.print()
    terminal.table(console, ("table", "rows"), rows, "published")


_ANSWERS = (
    (
        "strongest ties now",
        """
        SELECT one.name AS person, other.name AS contact, strength,
            contact_day_count AS "days of 90"
        FROM tie_strength AS tie
        JOIN people AS one ON one.person_id = tie.person_id
        JOIN people AS other ON other.person_id = tie.contact_id
        WHERE tie.month = (SELECT max(month) FROM months) AND tie.person_id < tie.contact_id
        ORDER BY strength DESC, tie.person_id, tie.contact_id LIMIT 5
        """,
    ),
    (
        "fading ties that were strong a year ago",
        """
        SELECT one.name AS person, other.name AS contact, past.strength AS "then",
            now.strength AS now, now.silence_ratio, now.last_contact_at::date AS "last contact"
        FROM tie_strength AS now
        JOIN tie_strength AS past ON past.person_id = now.person_id
            AND past.contact_id = now.contact_id AND past.month = now.month - INTERVAL 12 MONTH
        JOIN people AS one ON one.person_id = now.person_id
        JOIN people AS other ON other.person_id = now.contact_id
        WHERE now.month = (SELECT max(month) FROM months) AND now.state IN ('fading', 'lapsed')
        ORDER BY past.strength DESC, now.person_id, now.contact_id LIMIT 5
        """,
    ),
    (
        "most diverse networks now (10 contacts or more)",
        """
        SELECT name AS person, contact_count AS contacts, effective_size, "constraint", entropy,
            clustering
        FROM network_diversity JOIN people USING (person_id)
        WHERE month = (SELECT max(month) FROM months) AND contact_count >= 10
        ORDER BY effective_size DESC, person_id LIMIT 5
        """,
    ),
)


# Where a planted habit must show: measure -> (what, value of every person in the newest month).
# Only people with enough contacts to have a network are compared.
_MEASURES = {
    "network_diversity.constraint": (
        "constraint",
        'SELECT person_id, "constraint" AS value FROM network_diversity WHERE month = $month '
        "AND contact_count >= 5",
    ),
    "network_diversity.clustering": (
        "clustering",
        "SELECT person_id, clustering AS value FROM network_diversity WHERE month = $month "
        "AND contact_count >= 5",
    ),
    "network_change.shrinkage": (
        "shrinkage in a year",
        "SELECT person_id, shrinkage AS value FROM network_change WHERE month = $month "
        "AND contact_count >= 5",
    ),
    "network_change.coyote": (
        "coyote",
        "SELECT person_id, coyote AS value FROM network_change WHERE month = $month",
    ),
    "giving.giving_share": (
        "giving share",
        "SELECT person_id, giving_share AS value FROM giving WHERE month = $month "
        "AND asked_count + answers_received_count >= 10",
    ),
    "giving.introductions_made_count": (
        "introductions made",
        "SELECT person_id, introductions_made_count AS value FROM giving WHERE month = $month",
    ),
    "tie_strength:reactivated_count": (
        "reactivated ties",
        "SELECT person_id, count(*) FILTER (state = 'reactivated') AS value FROM tie_strength "
        "WHERE month = $month GROUP BY person_id",
    ),
}


def _habits(
    console: Console, connection: duckdb.DuckDBPyConnection, truth: Sequence[Mapping[str, Any]]
) -> None:
    """Compare the planted habits with the published numbers, each with its place among all."""
    ((month,),) = connection.execute("SELECT max(month) FROM months").fetchall()
    rows, waiting = [], set()
    for habit in truth:
        found = _finding(connection, month, habit)
        if found:
            rows.append((habit["habit"], *found))
        elif habit["measure"]:
            waiting.add(f"{habit['habit']} ({habit['measure'].partition('.')[0]})")
    console.print()
    columns = ("planted habit", "who", "measured", "value", "place", "")
    prose = ("planted habit", "who", "measured")
    terminal.table(console, columns, rows, "planted habits in the numbers", prose)
    if waiting:
        console.print(Text(f"Not measured yet: {', '.join(sorted(waiting))}."))


def _finding(
    connection: duckdb.DuckDBPyConnection, month: date, habit: dict
) -> tuple[str, str, float | str, str, str] | None:
    """Who, what, value, place among all, and whether it is where it must be; None if not yet."""
    measure, tail, people = habit["measure"], habit["tail"], habit["people"]
    name = _name_of(connection, people[0])
    if measure == "tie_strength:state":
        name += f", {_name_of(connection, people[1])}"
        state = connection.execute(
            "SELECT state FROM tie_strength JOIN people AS one USING (person_id) "
            "JOIN people AS other ON other.person_id = contact_id "
            "WHERE month = $month AND one.address = $one AND other.address = $other",
            {"month": month, "one": people[0], "other": people[1]},
        ).fetchall()
        found = state[0][0] if state else "no tie"
        return name, "state of the tie", found, "", "found" if found == tail else "not found"
    if measure not in _MEASURES:
        return None
    what, sql = _MEASURES[measure]
    order = "DESC" if tail == "high" else "ASC"
    placed = connection.execute(
        f"WITH measured AS ({sql}), placed AS (SELECT *, rank() OVER (ORDER BY value {order}) "
        "AS place, count(*) OVER () AS total FROM measured WHERE value IS NOT NULL) "
        "SELECT value, place, total FROM placed JOIN people USING (person_id) "
        "WHERE address = $address",
        {"month": month, "address": people[0]},
    ).fetchall()
    if not placed:
        return name, what, "none", "", "not found"
    ((value, place, total),) = placed
    found = "found" if place <= max(2, total // 10) else "not found"
    return name, f"{what}, {tail}", value, f"{place} of {total}", found


def _name_of(connection: duckdb.DuckDBPyConnection, address: str) -> str:
    found = connection.execute("SELECT name FROM people WHERE address = $1", [address]).fetchall()
    return found[0][0] or address if found else address


def next_steps(console: Console, settings: Settings) -> None:
    """Print commands to try on the demo, as they can be copied."""
    here = Path.cwd()
    folder = settings.data_folder
    shown = folder.relative_to(here) if folder.is_relative_to(here) else folder
    console.print()
    console.print(Text(f"The tables are in {shown}/parquet. Try next:"))
    # As it was called: without an activated environment no `kith` is on the path.
    kith = "kith" if shutil.which("kith") else sys.argv[0]
    # Not exported: the next command, on one's own mail, must not find the village's settings.
    kith = f"KITH_CONFIG={shlex.quote(f'{shown}/kith.toml')} {kith}"
    for command in (
        f"{kith} report --open",
        f'{kith} query "select state, count(*) from tie_strength group by all"',
        f"{kith} ui",
    ):
        console.print(Text(f"    {command}"), soft_wrap=True)
