"""kith …: the commands, thin.

Here: arguments, what is printed, exit codes (0 done, 1 failed, 2 wrong usage).
Not here: any work. Modules that are slow to load are imported by the command that needs them.
"""

import gc
import json
import os
import re
import sys
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, fields
from datetime import date
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.text import Text

from pipelines import account_commands, first_steps, terminal, terminal_status
from pipelines.settings import Settings
from pipelines.speaking import Refused, console, errors

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="How strong, how mutual and how diverse is your network? From headers, on your machine.",
)
account_commands.add(app)

Wait = Annotated[bool, typer.Option("--wait", help="Wait for another run instead of refusing.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def main() -> None:
    """Entry point: errors in one plain line, never a traceback (KITH_DEBUG=1 shows it)."""
    # Libraries come with half a million objects that stay to the end. By default Python looks for
    # garbage so often, and among all of them, that this is a twentieth of a run.
    gc.set_threshold(10_000, 20, 20)
    try:
        app()
    except Exception as error:
        if isinstance(error, _with_a_cure()):
            said = terminal.message(str(error))
        elif os.environ.get("KITH_DEBUG"):
            raise
        else:
            kind = type(error).__name__
            said = f"unexpected {kind}; run again with KITH_DEBUG=1 to see where"
        errors.print(f"kith: {said}", markup=False, soft_wrap=True)
        sys.exit(1)


def _with_a_cure() -> tuple[type[Exception], ...]:
    """Errors that say what is wrong and what to do; anything else is a defect of kith.

    They are imported once something went wrong: with their modules come half of kith's.
    """
    from connectors.files import UnreadablePath
    from connectors.pages import PullProblem
    from pipelines.accounts import AccountError
    from pipelines.models import ModelError
    from pipelines.pseudonym_key import KeyProblem
    from pipelines.settings import SettingsError
    from pipelines.warehouse import WarehouseBroken, WarehouseBusy

    known = (UnreadablePath, ModelError, KeyProblem, SettingsError, WarehouseBroken, WarehouseBusy)
    return (*known, AccountError, PullProblem, Refused)


@app.command()
def demo() -> None:
    """An invented village of two companies, computed over 24 months. Needs no account."""
    from pipelines import demo as demonstration
    from sandbox.village import Village

    village = Village()
    settings = demonstration.prepare(Path(os.environ.get("KITH_DATA", "demo")))
    console.print(
        Text(f"inventing {len(village.staff)} people in two companies over {village.months} months")
    )
    command = [sys.executable, "-m", "sandbox", "--months", str(village.months)]
    with demonstration.serving(settings, command) as world:
        me = village.truth[0].people[0]
        settings = demonstration.write_config(
            settings, world, me, village.own_domains, village.first
        )
        console.print(Text("reading their Google and their Microsoft, which this machine serves"))
        _run(settings, ("pull", "compute"), None, wait=False)
    demonstration.show(console, settings, [asdict(habit) for habit in village.truth])


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="mbox, Maildir, .eml, .ics, Takeout.")],
    owner: Annotated[str, typer.Option(help="Whose mail it is: an address, or a list's.")],
    run: Annotated[bool, typer.Option(help="Compute and publish afterwards.")] = True,
    wait: Wait = False,
) -> None:
    """Read mail archives and calendars from files, then compute and publish."""
    settings = Settings.load()
    first_steps.refuse_demo(settings)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", owner):
        raise Refused(f"--owner must be an address such as you@example.org, not {owner}")
    _import_and_run(settings, [(path, owner) for path in paths], wait=wait, compute=run)


@app.command()
def run(
    pull: Annotated[bool, typer.Option(help="Look for new records first.")] = True,
    months: Annotated[
        str | None, typer.Option(help="Recompute these: 2025-01 or 2025-01..2026-10.")
    ] = None,
    wait: Wait = False,
) -> None:
    """Pull what is new, compute the months it touches, check, publish."""
    settings = Settings.load()
    first_steps.require_data(settings)
    _run(settings, ("pull", "compute") if pull else ("compute",), _months(months), wait)


@app.command()
def status(
    lists_all: Annotated[bool, typer.Option("--all", help="Every mailbox, well or not.")] = False,
    as_json: Json = False,
    wait: Wait = False,
) -> None:
    """What is read, what was left out and why, what is published."""
    from pipelines.status import status as ask
    from pipelines.warehouse import Warehouse

    settings = Settings.load()
    first_steps.require_database(settings)
    found = ask(Warehouse(settings, waits=wait))
    if as_json:
        print(json.dumps(asdict(found), default=str, indent=1))
    else:
        terminal_status.status(console, found, lists_all=lists_all)


@app.command()
def doctor() -> None:
    """Try settings, folder, disk, models and database, and say what to do."""
    from pipelines.status import examine

    findings = list(examine())
    terminal.findings(console, findings)
    if any(finding.cure for finding in findings):
        sys.exit(1)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help='Such as "select count(*) from tie_strength".')],
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
    as_json: Json = False,
) -> None:
    """SQL over the published tables by name, without access to anything else."""
    from pipelines.warehouse import is_query

    with _published(Settings.load()) as connection:
        try:
            if not is_query(connection, sql):
                raise Refused("write one SELECT; kith query only reads")
            result = connection.execute(sql)
            columns = [column for column, *_ in result.description]
            rows = result.fetchall()
        except duckdb.Error as error:
            raise Refused(str(error)) from error
    if as_json:
        print(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=str))
    elif as_csv:
        terminal.csv_table(columns, rows)
    else:
        terminal.table(console, columns, rows)


@app.command()
def report(
    person: Annotated[str | None, typer.Argument(help="Address or name; without, you.")] = None,
    group: Annotated[
        str | None, typer.Option(help="About this group instead, and about no person.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Where to write the page.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """One self-contained page about one person's network, or about one group."""
    from pipelines import lookup, report_group
    from pipelines import report as pages

    settings = Settings.load()
    if person is not None and group is not None:
        raise typer.BadParameter("name a person or a --group, not both")
    # What is said of an organisation's groups is what may be shared of them.
    shared = group is not None and settings.effective_audience == "organisation"
    folder = settings.parquet_groups if shared else settings.parquet
    with _published(settings, folder) as connection:
        try:
            if group is not None:
                name = report_group.find_group(connection, group)
                page, file_name = report_group.page(connection, name), report_group.file_name(name)
            else:
                person_id = lookup.find_person(connection, person)
                target = settings.report.openness_target
                page = pages.page(connection, person_id, openness_target=target)
                file_name = f"{person_id}.html"
        except (lookup.NoSuchPerson, report_group.NoSuchGroup) as error:
            raise Refused(str(error)) from error
    path = output or settings.data_folder / "reports" / file_name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Names stand in it: closed to others from the first byte.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(page.encode())
    console.print(f"{path}", markup=False, soft_wrap=True)
    if show:
        webbrowser.open(path.resolve().as_uri())


@app.command()
def why(
    person: Annotated[str, typer.Argument(help="Address or name of one person.")],
    contact: Annotated[str, typer.Argument(help="Address or name of the other.")],
    month: Annotated[str | None, typer.Option(help="2026-05; without, the newest.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="The contacts as CSV.")] = False,
    as_json: Json = False,
    wait: Wait = False,
) -> None:
    """The events behind a tie, newest first, with what each still weighs, and their sums."""
    from pipelines import lookup
    from pipelines.warehouse import Warehouse
    from pipelines.why import Contact, NoSuchMonth, tie

    settings = Settings.load()
    asked = _month(month) if month else None
    with _published(settings) as connection:
        try:
            pair = [lookup.find_person(connection, one) for one in (person, contact)]
        except lookup.NoSuchPerson as error:
            raise Refused(str(error)) from error
        names = [_name(connection, one) for one in pair]
    if pair[0] == pair[1]:
        raise Refused(f"both are {names[0]}; a tie has two people, so name another one")
    with Warehouse(settings, waits=wait).connect() as connection:
        try:
            found = tie(connection, *pair, asked)
        except NoSuchMonth as error:
            raise Refused(str(error)) from error
    if as_json:
        print(json.dumps(asdict(found), default=str, indent=1))
    elif as_csv:
        terminal.csv_table([field.name for field in fields(Contact)], map(astuple, found.contacts))
    else:
        terminal.tie(console, *names, found)


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.", min=1, max=65_535)] = 3000,
) -> None:
    """The Dagster UI, on this machine only."""
    from pipelines import dagster_ui

    settings = Settings.load()
    dagster_ui.require_free(port)
    at = f"http://{dagster_ui.HOST}:{port}"
    console.print(Text(f"starting; then open {at} (data: {settings.data_folder})"), soft_wrap=True)
    dagster_ui.become_dagster(settings, port)


@contextmanager
def _published(
    settings: Settings, folder: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published tables, in parquet/ unless another folder is given."""
    from pipelines.warehouse import open_published

    folder = folder or settings.parquet
    first_steps.require_published(settings, folder)
    with open_published(folder, settings.limits) as connection:
        yield connection


def _name(connection: duckdb.DuckDBPyConnection, person_id: int) -> str:
    """Display name of a person, else the address."""
    ((name,),) = connection.execute(
        "select coalesce(name, address) from people where person_id = ?", [person_id]
    ).fetchall()
    return name


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise Refused(f"a month is written as 2026-05, not {text}") from error


def _months(text: str | None) -> tuple[date, date] | None:
    if text is None:
        return None
    first, _, last = text.partition("..")
    return _month(first), _month(last or first)


def _import_and_run(
    settings: Settings, sources: list[tuple[Path, str]], *, wait: bool, compute: bool = True
) -> None:
    from pipelines import imports, pseudonym_key

    secret = pseudonym_key.load(settings)
    kept = []
    with terminal.progress(console, "reading", len(sources)) as advance:
        for path, owner in sources:
            kept.append((path, imports.keep(settings, path, owner, secret)))
            advance(path.name)
    terminal.kept(console, kept)
    _run(settings, ("pull", "compute") if compute else ("pull",), None, wait)


def _run(
    settings: Settings, jobs: Sequence[str], months: tuple[date, date] | None, wait: bool
) -> None:
    from pipelines import passphrase
    from pipelines import run as runs
    from pipelines.jobs import nothing_new
    from pipelines.warehouse import Warehouse

    warehouse = Warehouse(settings, waits=wait)
    asks = "pull" in jobs and any(settings.accounts.glob("*.json"))
    if asks:
        passphrase.unlock(settings)
    if not months and not asks and nothing_new(warehouse):
        console.print(Text(f"nothing new; {settings.parquet} is up to date"), soft_wrap=True)
        return
    with terminal.steps(console) as (say, tell):
        outcome = runs.run(warehouse, jobs, say, months, tell)
    terminal.outcome(console, outcome, settings, computes="compute" in jobs)
    if not outcome.succeeded:
        sys.exit(1)


if __name__ == "__main__":
    main()
