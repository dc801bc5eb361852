"""kith as a user meets it: what it prints, and an exit code with one plain line when it cannot."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

KITH = Path(sys.executable).with_name("kith")
OWNER = "ann@x.example"


def letters(folder: Path) -> Path:
    path = folder / "letters.mbox"
    pairs = [("ann@x.example", "=1+1 <bob@y.example>"), ("bob@y.example", "ann@x.example")]
    path.write_text(
        "".join(
            f"From x Mon Jan  1 00:00:00 2024\nFrom: {one}\nTo: {other}\n"
            f"Message-ID: <{day}.{place}>\nDate: Fri, {day:02} Mar 2024 1{place}:00:00 +0000\n\n\n"
            for day in (1, 8, 15, 22)
            for place, (one, other) in enumerate(pairs)
        ),
        encoding="ascii",
    )
    return path


def kith(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run kith in a folder as its own process, with nothing of this machine's settings."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("KITH_", "DAGSTER_"))}
    home = folder / "dagster_home"
    home.mkdir(exist_ok=True)
    # No test may touch the keyring of whoever runs it; the sandbox's keys are no secrets.
    own = {"DAGSTER_HOME": str(home), "COLUMNS": "200", "KITH_SECRETS": "plaintext"} | environment
    return subprocess.run(
        [str(KITH), *words], cwd=folder, env=inherited | own, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one archive was imported, computed and published."""
    folder = tmp_path_factory.mktemp("home")
    done = kith(folder, "import", str(letters(folder)), "--owner", OWNER)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "letters.mbox: 8 messages" in done.stdout
    assert "1 months computed; published in" in done.stdout
    return folder


def test_query_answers_by_table_name(folder: Path):
    done = kith(folder, "query", "select count(*) as ties from tie_strength", "--json")
    assert json.loads(done.stdout) == [{"ties": 2}]


def test_query_into_a_file_has_each_column_and_each_row_in_one_line(folder: Path):
    asked = ("query", "select * from tie_strength")
    done = kith(folder, *asked, COLUMNS="40")
    heading, *lines = done.stdout.splitlines()
    rows = json.loads(kith(folder, *asked, "--json").stdout)
    assert heading.split() == list(rows[0])
    assert [row["tie_id"] in line for row, line in zip(rows, lines, strict=True)] == [True, True]


def test_query_on_a_narrow_terminal_has_each_column_in_a_line(folder: Path):
    asked = ("query", "select * from tie_strength")
    done = kith(folder, *asked, COLUMNS="40", TTY_COMPATIBLE="1", NO_COLOR="1", TERM="dumb")
    rows = json.loads(kith(folder, *asked, "--json").stdout)
    records = done.stdout.split("\n\n")
    for record, row in zip(records, rows, strict=True):
        lines = [line.split(maxsplit=1) for line in record.splitlines()]
        assert [line[0] for line in lines] == list(row)
        assert ["tie_id", row["tie_id"]] in lines


def test_query_as_csv_disarms_what_a_spreadsheet_would_run(folder: Path):
    done = kith(folder, "query", "select name from people where name is not null", "--csv")
    assert done.stdout.splitlines() == ["name", "'=1+1"]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("drop view people", "only reads"),
        ("select * from read_text('/etc/hostname')", "Permission Error"),
        ("select * from nowhere", "nowhere"),
        ("selekt 1", "syntax error"),
        ("", "write one SELECT"),
    ],
)
def test_query_refuses_in_one_line_and_without_traceback(folder: Path, sql: str, words: str):
    done = kith(folder, "query", sql)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_import_of_the_same_file_changes_nothing(folder: Path):
    before = {path: path.stat().st_mtime_ns for path in (folder / "data" / "parquet").rglob("*.*")}
    done = kith(folder, "import", str(folder / "letters.mbox"), "--owner", OWNER)
    assert done.returncode == 0
    assert "read before: nothing changes" in done.stdout
    assert "nothing new" in done.stdout
    after = {path: path.stat().st_mtime_ns for path in (folder / "data" / "parquet").rglob("*.*")}
    assert after == before


def test_status_tells_what_is_read(folder: Path):
    told = json.loads(kith(folder, "status", "--json").stdout)
    (mailbox,) = told["mailboxes"]
    assert (mailbox["mailbox"], mailbox["message_count"], mailbox["state"]) == (OWNER, 8, "ok")
    assert (told["mailbox_states"], told["message_count"]) == ({"ok": 1}, 8)
    assert {"source": "mail", "outcome": "contact", "copy_count": 8} in told["outcomes"]
    text = kith(folder, "status").stdout
    assert "mailboxes and archives: 1 (1 ok)" in text
    assert "read: 8 messages" in text
    assert "of 8 computed copies of messages, 8 make contact" in text
    assert "to be shared" not in text
    # Who is well is listed where all are asked for.
    assert OWNER not in text
    assert OWNER in kith(folder, "status", "--all").stdout


def test_why_as_json_sums_to_what_is_published(folder: Path):
    words = ("why", "ann@x.example", "bob@y.example", "--month", "2024-03", "--json")
    found = json.loads(kith(folder, *words).stdout)
    assert len(found["contacts"]) == 8
    assert found["out_sum"] == pytest.approx(found["out_strength"], abs=1e-9)
    assert found["in_sum"] == pytest.approx(found["in_strength"], abs=1e-9)


def test_why_as_csv_gives_the_contacts(folder: Path):
    lines = kith(folder, "why", "ann@x.example", "bob@y.example", "--csv").stdout.splitlines()
    assert lines[0] == "at,way,channel,people,weight,weight_now,event_id"
    assert len(lines) == 9
    assert all(",message:" in line for line in lines[1:])


@pytest.mark.parametrize(
    ("month", "words"), [("2024-3", "2026-05"), ("1999-01", "there are 2024-03 to 2024-03")]
)
def test_why_refuses_a_month_that_there_is_not(folder: Path, month: str, words: str):
    done = kith(folder, "why", "ann@x.example", "bob@y.example", "--month", month)
    assert (done.returncode, words in done.stderr) == (1, True)


def test_why_of_one_person_twice_asks_for_another(folder: Path):
    done = kith(folder, "why", "bob@y.example", "1+1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "kith: both are =1+1; a tie has two people, so name another one\n"


def test_why_lists_the_events_behind_a_tie(folder: Path):
    done = kith(folder, "why", "ann@x.example", "bob@y.example")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("mail_to") == 8


def test_report_writes_a_page(folder: Path):
    done = kith(folder, "report", "ann@x.example")
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.strip())
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert page.stat().st_mode & 0o077 == 0


def test_report_of_nobody_names_the_cure(folder: Path):
    done = kith(folder, "report", "zoe@nowhere.example")
    assert done.returncode == 1
    assert "zoe@nowhere.example" in done.stderr


def test_doctor_finds_a_healthy_house_healthy(folder: Path):
    done = kith(folder, "doctor")
    assert done.returncode == 0, done.stdout
    assert "ill" not in done.stdout.split()


def test_doctor_says_what_ails(folder: Path):
    done = kith(folder, "doctor", KITH_PSEUDONYM_KEY="ab" * 32)
    assert done.returncode == 1
    assert "not the one that these data were made with" in done.stdout


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (("status",), {}, "try kith demo, kith connect or kith import"),
        (("query", "select 1"), {}, "try kith demo, kith connect or kith import"),
        (("report",), {}, "try kith demo, kith connect or kith import"),
        (("why", "a", "b"), {}, "try kith demo, kith connect or kith import"),
        (("import", "nowhere.mbox", "--owner", OWNER), {}, "nowhere.mbox"),
        (("import", "x", "--owner", "nobody"), {}, "--owner must be an address"),
        (("run",), {}, "try kith demo, kith connect or kith import"),
        (("run",), {"KITH_CONFIG": "nowhere.toml"}, "nowhere.toml"),
        (("run",), {"KITH_AUDIENCE": "all"}, "audience"),
        (("demo",), {"KITH_DATA": "full"}, "set KITH_DATA to an empty folder"),
    ],
)
def test_what_cannot_be_done_is_one_line_with_its_cure(tmp_path: Path, words, environment, said):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    done = kith(tmp_path, *words, **environment)
    assert done.returncode == 1, done.stdout
    assert said in done.stderr
    assert done.stderr.startswith("kith: ")
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "full" / "mine.txt").exists()


def test_an_import_that_only_stores_says_so(tmp_path: Path):
    done = kith(tmp_path, "import", str(letters(tmp_path)), "--owner", OWNER, "--no-run")
    assert done.returncode == 0, done.stderr
    assert "kith run computes" in done.stdout
    assert not (tmp_path / "data" / "parquet").exists()
    assert "try kith run" in kith(tmp_path, "report").stderr


@pytest.mark.parametrize("words", [("report",), ("run",), ("status",)])
def test_before_any_data_a_demo_that_is_there_is_named(demo: Path, words):
    done = kith(demo.parent, *words)
    assert done.returncode == 1
    assert "yet; for the demo begin with KITH_CONFIG=demo/kith.toml;" in done.stderr
    # In the demo itself that would lead nowhere.
    assert "KITH_CONFIG" not in kith(demo.parent, *words, KITH_CONFIG="demo/kith.toml").stderr


def test_what_was_kept_but_never_read_is_for_kith_run(tmp_path: Path):
    (tmp_path / "data" / "imports").mkdir(parents=True)
    (tmp_path / "data" / "imports" / "1.parquet").write_text("")
    assert "was read yet; try kith run" in kith(tmp_path, "status").stderr


def test_while_the_first_run_works_it_is_named_in_place_of_another(tmp_path: Path):
    with Warehouse(Settings(data=tmp_path / "data")).connect():
        done = kith(tmp_path, "report")
    assert done.returncode == 1
    assert f"yet; process {os.getpid()} works on it: wait for it" in done.stderr
    assert "try kith run" in kith(tmp_path, "report").stderr


def test_months_that_are_none_are_named(folder: Path):
    done = kith(folder, "run", "--months", "soon")
    assert done.returncode == 1
    assert "a month is written as 2026-05" in done.stderr


def test_mail_older_than_the_first_month_names_the_setting(tmp_path: Path):
    words = ("import", str(letters(tmp_path)), "--owner", OWNER)
    done = kith(tmp_path, *words, KITH_FIRST_MONTH="2025-01")
    assert done.returncode == 1
    assert 'set first_month = "2024-03" in kith.toml' in done.stderr


def test_wrong_usage_ends_with_two(tmp_path: Path):
    assert kith(tmp_path, "import").returncode == 2
    assert kith(tmp_path, "dance").returncode == 2


def test_an_import_into_the_demo_is_refused(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo").write_text("")
    done = kith(tmp_path, "import", str(letters(tmp_path)), "--owner", OWNER)
    assert done.returncode == 1
    assert "holds the demo; set KITH_DATA to another folder" in done.stderr


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A folder such as kith demo makes, without the village in it."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "demo").write_text("")
    (tmp_path / "demo" / "kith.toml").write_text('data = "."\nfirst_month = "2024-11"\n')
    return tmp_path / "demo"


@pytest.mark.parametrize("words", [("import", "x", "--owner", OWNER), ("connect", "google")])
def test_whoever_is_still_in_the_demo_is_told_the_way_out(demo: Path, words):
    done = kith(demo.parent, *words, KITH_CONFIG="demo/kith.toml")
    assert done.returncode == 1
    assert done.stderr.endswith("holds the demo; unset KITH_CONFIG to work on your own mail\n")
    done = kith(demo, *words)
    assert "holds the demo; work on your own mail in another folder" in done.stderr


def test_own_mail_never_comes_under_the_demos_settings(demo: Path):
    words = ("import", str(letters(demo.parent)), "--owner", OWNER)
    wrong = {"KITH_CONFIG": "demo/kith.toml", "KITH_DATA": str(demo.parent / "mine")}
    done = kith(demo.parent, *words, **wrong)
    assert done.returncode == 1
    assert f"for the demo's own folder, not for {demo.parent / 'mine'}; unset" in done.stderr
    assert not (demo.parent / "mine").exists()


def test_a_demo_beside_ones_own_kith_toml_is_in_nobodys_way(demo: Path):
    (demo.parent / "kith.toml").write_text('first_month = "2024-01"\n')
    done = kith(demo.parent, "doctor")
    assert "kith.toml read" in done.stdout


def test_report_is_about_a_person_or_a_group_and_not_both(folder: Path):
    done = kith(folder, "report", OWNER, "--group", "Sales")
    assert done.returncode == 2
    assert "not both" in done.stderr


def test_a_group_of_few_people_has_no_report(folder: Path):
    done = kith(folder, "report", "--group", "y.example")
    assert done.returncode == 1
    assert "no group of at least 10 people is called y.example" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_group_of_an_organisation_is_read_from_what_may_be_shared(folder: Path):
    done = kith(folder, "report", "--group", "y.example", KITH_AUDIENCE="organisation")
    assert done.returncode == 1
    assert f"nothing is published in {folder / 'data' / 'parquet-groups'} yet" in done.stderr


def test_errors_that_quote_a_stranger_do_not_reach_the_terminal_as_codes(folder: Path):
    done = kith(folder, "query", "select cast(name || chr(27) || '[31m' as int) from people")
    assert done.returncode == 1
    assert "Conversion Error" in done.stderr
    assert "\x1b" not in done.stderr
