"""A person who opens the dashboard in a browser sees the numbers that SQL gives.

Superset itself serves it, on tables that the pipeline made, to a headless Chromium. What a page
says is read from its rendered text; lines and bars are drawn on a canvas, so there it is what the
page was sent, and that something was drawn. ``make test-superset`` runs this; ``make test`` only
says that it did not.
"""

import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bi import serve
from pipelines.settings import Limits
from pipelines.warehouse import open_published
from tests.browser import CHROMIUM, Browser

pytestmark = [
    pytest.mark.skipif(
        "KITH_TEST_SUPERSET" not in os.environ, reason="minutes long: make test-superset"
    ),
    pytest.mark.skipif(
        not (serve.ENVIRONMENT / "complete").exists(), reason="no Superset here: make superset"
    ),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium"),
]

PATIENCE_SECONDS = 300
LAST = "month = (SELECT max(month) FROM months WHERE is_complete)"
PAIR = "least(person_id, contact_id) AS one, greatest(person_id, contact_id) AS other"
# Page -> title of each big number -> the number by SQL, and how it is written.
NUMBERS = {
    "ties": {
        "Ties": (
            f"SELECT count(*) FROM tie_strength WHERE {LAST} AND person_id < contact_id",
            ",d",
        ),
        "People with a tie": (
            f"SELECT count(DISTINCT person_id) FROM tie_strength WHERE {LAST}",
            ",d",
        ),
        "Ties that fade": (
            f"SELECT count(*) FROM (SELECT DISTINCT {PAIR} FROM tie_strength "
            f"WHERE {LAST} AND state IN ('fading', 'lapsed'))",
            ",d",
        ),
    },
    "giving": {
        "Given": (
            "SELECT sum(answers_given_count + stranger_answers_given_count "
            f"+ introductions_made_count)::bigint FROM giving WHERE {LAST}",
            ",d",
        ),
        "Openings answered": (
            f"SELECT sum(answered_count)::double / sum(asked_count) FROM giving WHERE {LAST}",
            ".1%",
        ),
        "Hours to answer": (
            f"SELECT quantile_cont(answer_median_hours, 0.5) FROM giving WHERE {LAST}",
            ",.1f",
        ),
    },
    "diversity": {
        "Effective size": (
            f"SELECT quantile_cont(effective_size, 0.5) FROM network_diversity WHERE {LAST}",
            ",.1f",
        ),
        "Constraint": (
            f'SELECT quantile_cont("constraint", 0.5) FROM network_diversity WHERE {LAST}',
            ",.3f",
        ),
        "E-I index": (
            f"SELECT quantile_cont(ei_index, 0.5) FROM network_diversity WHERE {LAST}",
            ",.3f",
        ),
    },
    "communities": {
        "Lists with posts": (f"SELECT count(*) FROM communities WHERE {LAST}", ",d"),
        "Questions answered": (f"SELECT avg(answered_share) FROM communities WHERE {LAST}", ".1%"),
        "Hours to the first answer": (
            f"SELECT quantile_cont(first_answer_median_hours, 0.5) FROM communities WHERE {LAST}",
            ",.1f",
        ),
    },
    "coverage": {
        "Mailboxes": (f"SELECT count(*) FROM coverage WHERE {LAST}", ",d"),
        "Copies of messages": (
            f"SELECT sum(message_count)::bigint FROM coverage WHERE {LAST}",
            ",d",
        ),
        "Messages that make contact": (
            "SELECT 1 - sum(message_left_out_count)::double / sum(message_count) "
            f"FROM coverage WHERE {LAST}",
            ".1%",
        ),
    },
}
NAMED = "JOIN people ON people.person_id = {}.person_id"
# Page -> title of its table -> its rows by SQL, in any order, as they are written.
TABLES = {
    "ties": (
        "Strongest ties of the last whole month",
        "SELECT people.name, others.name, format('{:.2f}', strength), state "
        f"FROM tie_strength {NAMED.format('tie_strength')} "
        f"JOIN people AS others ON others.person_id = contact_id WHERE {LAST}",
    ),
    "giving": (
        "Who gives and takes, last whole month",
        "SELECT people.name, given_count::varchar, received_count::varchar, "
        "format('{:.1f}%', 100 * giving_share) "
        f"FROM giving {NAMED.format('giving')} WHERE {LAST}",
    ),
    "diversity": (
        "Whose network is how wide, last whole month",
        "SELECT people.name, contact_count::varchar, strong_count::varchar, "
        "format('{:.1f}', effective_size), format('{:.3f}', \"constraint\") "
        f"FROM network_diversity {NAMED.format('network_diversity')} WHERE {LAST}",
    ),
    "communities": (
        "Lists of the last whole month",
        "SELECT people.address, member_count::varchar, post_count::varchar, "
        "question_count::varchar, format('{:.1f}%', 100 * answered_share) "
        f"FROM communities JOIN people ON people.person_id = list_id WHERE {LAST}",
    ),
    "coverage": (
        "Mailboxes of the last whole month",
        "SELECT people.name, message_count::varchar, message_contact_count::varchar, "
        f"message_left_out_count::varchar FROM coverage {NAMED.format('coverage')} WHERE {LAST}",
    ),
}
# Page -> title of a line or bar chart -> its points by SQL: month, series, value.
SERIES = {
    "ties": (
        "Ties by state",
        f"SELECT month, state, count(*) FROM (SELECT DISTINCT month, state, {PAIR} "
        "FROM tie_strength) GROUP BY ALL",
    ),
    "giving": (
        "Given and received",
        "UNPIVOT (SELECT month, sum(given_count)::double AS given, sum(received_count)::double "
        "AS received FROM giving GROUP BY ALL) ON given, received",
    ),
    "diversity": (
        "Contacts and effective size",
        "UNPIVOT (SELECT month, quantile_cont(contact_count, 0.5) AS median_contacts, "
        "quantile_cont(effective_size, 0.5) AS median_effective_size FROM network_diversity "
        "GROUP BY ALL) ON median_contacts, median_effective_size",
    ),
    "communities": (
        "Posts, list by list",
        "SELECT month, address, post_count FROM communities "
        "JOIN people ON people.person_id = list_id",
    ),
    "coverage": (
        "Why copies make no contact",
        "SELECT month, outcome, sum(copy_count)::bigint FROM coverage_reasons "
        "WHERE outcome <> 'contact' GROUP BY ALL",
    ),
}
# Title of each chart on the page -> its text and the cells of its table.
CHARTS = """
Object.fromEntries([...document.querySelectorAll('[data-test-chart-name]')].map(e => [
    e.dataset.testChartName,
    {
        id: e.dataset.testChartId,
        text: e.innerText,
        rows: [...e.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.innerText)),
        drawn: [...e.querySelectorAll('canvas')].map(c => new Set(new Uint32Array(
            c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size),
    },
]))
"""
SETTLED = """
document.querySelectorAll('[data-test-chart-name]').length == 6
    && !document.querySelector('[data-test="loading-indicator"], .loading')
    && document.querySelectorAll('canvas').length >= 2
    && document.querySelectorAll('.header-line').length == 3
    && document.querySelector('tbody tr') != null
"""


@pytest.fixture(scope="module")
def password_and_address(
    published: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """A server on a free port; whoever comes before it is ready waits in the socket's queue."""
    folder = tmp_path_factory.mktemp("superset")
    password = serve.load(folder, published)
    assert len(password) >= 16
    assert serve.load(folder, published) == ""  # the second time nothing is new
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        server = subprocess.Popen(
            serve.command(f"fd://{number}"),
            env=serve.environment(folder, published),
            pass_fds=(number,),
        )
        try:
            yield password, f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.terminate()
            server.wait(60)


@pytest.fixture(scope="module")
def address(password_and_address: tuple[str, str]) -> str:
    return password_and_address[1]


@pytest.fixture(scope="module")
def browser(
    password_and_address: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A browser of somebody who has signed in as a person does."""
    password, address = password_and_address
    browser = Browser(tmp_path_factory.mktemp("profile"), PATIENCE_SECONDS)
    browser.show(f"{address}/login/", 1280)
    for field, text in {"username": "admin", "password": password}.items():
        browser.wait_for(f"Boolean(document.getElementById('{field}'))", PATIENCE_SECONDS)
        browser.value(f"Boolean(document.getElementById('{field}').focus() ?? true)")
        browser.call("Input.insertText", text=text)
    browser.events.clear()
    browser.press_enter()
    browser.loaded()
    yield browser
    browser.close()


class Page:
    """One page of the dashboard, as it was shown and as it was sent."""

    def __init__(self, browser: Browser, address: str, name: str) -> None:
        browser.show(f"{address}/superset/dashboard/kith/#TAB-{name}", 1400, height=1600)
        browser.wait_for(SETTLED, PATIENCE_SECONDS)
        self.charts: Mapping[str, dict] = browser.value(CHARTS)
        heard = [(event.get("method"), event.get("params", {})) for event in browser.events]
        self.requested = {
            asked["requestId"]: asked["request"]["url"]
            for method, asked in heard
            if method == "Network.requestWillBeSent"
        }
        # The browser speaks of a request, too, that the page's own policy then forbids.
        self.forbidden = {
            failed["requestId"]
            for method, failed in heard
            if method == "Network.loadingFailed" and failed.get("blockedReason") == "csp"
        }
        self.sent = {}
        for method, answer in heard:
            if method != "Network.responseReceived":
                continue
            asked = parse_qs(urlsplit(answer["response"]["url"]).query)
            form = json.loads(asked.get("form_data", ["{}"])[0])
            if "slice_id" in form:  # the list of people to choose from has none
                body = browser.call("Network.getResponseBody", requestId=answer["requestId"])
                self.sent[str(form["slice_id"])] = json.loads(body["body"])["result"][0]["data"]


@pytest.fixture(scope="module", params=NUMBERS)
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> tuple[str, Page]:
    return request.param, Page(browser, address, request.param)


@pytest.fixture(scope="module")
def ask(published: Path):
    with open_published(published, Limits(threads=1)) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def points(rows: Sequence[Mapping]) -> dict[tuple[date, str], float]:
    """What a chart was sent, a row a month and a column a series, as month and series -> value."""
    return {
        (datetime.fromtimestamp(row["month"] / 1000, UTC).date(), series): value
        for row in rows
        for series, value in row.items()
        if series != "month" and value is not None
    }


def test_every_big_number_is_that_of_sql(page: tuple[str, Page], ask):
    name, shown = page
    for title, (sql, written) in NUMBERS[name].items():
        ((value,),) = ask(sql)
        assert value is not None, title
        assert shown.charts[title]["text"].split("\n")[:2] == [title, format(value, written)]


def test_the_table_holds_the_rows_of_sql(page: tuple[str, Page], ask):
    name, shown = page
    title, sql = TABLES[name]
    expected = ask(sql)
    rows = shown.charts[title]["rows"]
    assert expected and len(rows) == min(len(expected), 12)
    cells = [tuple(row[: len(expected[0])]) for row in rows]
    blank = [tuple("N/A" if value is None else value for value in row) for row in expected]
    assert sorted(cells) == sorted(blank)


def test_lines_and_bars_are_drawn_of_the_points_of_sql(page: tuple[str, Page], ask):
    name, shown = page
    title, sql = SERIES[name]
    chart = shown.charts[title]
    expected = {(month, series): value for month, series, value in ask(sql)}
    assert len(expected) >= 6
    assert points(shown.sent[chart["id"]]) == pytest.approx(expected)
    drawn = [one for one in shown.charts.values() if one["drawn"]]
    assert len(drawn) == 2
    assert all(max(one["drawn"]) > 2 for one in drawn)  # more colours than paper and ink


def test_nothing_is_asked_of_another_machine(page: tuple[str, Page], address: str):
    _, shown = page
    elsewhere = [
        url
        for request, url in shown.requested.items()
        if request not in shown.forbidden
        and not url.startswith((f"{address}/", "data:", f"blob:{address}"))
    ]
    assert f"{address}/superset/dashboard/kith/" in " ".join(shown.requested.values())
    assert elsewhere == []


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SELECT count(*) AS n FROM people", r'"data": \[{"n": \d+}\]'),
        ("SELECT * FROM read_text('/etc/hostname')", "file system operations are disabled"),
        ("CREATE TABLE mine AS SELECT 1", "DML_NOT_ALLOWED_ERROR"),
    ],
)
def test_sql_of_the_lab_reaches_the_published_tables_alone(browser: Browser, sql: str, answer: str):
    ask = f"""
    (async () => {{
        const token = (await (await fetch('/api/v1/security/csrf_token/')).json()).result;
        const databases = (await (await fetch('/api/v1/database/')).json()).result;
        const asked = await fetch('/api/v1/sqllab/execute/', {{
            method: 'POST',
            headers: {{'Content-Type': 'application/json', 'X-CSRFToken': token}},
            body: JSON.stringify({{database_id: databases[0].id, sql: {json.dumps(sql)}}}),
        }});
        return await asked.text();
    }})()
    """
    said = browser.value(ask)
    assert re.search(answer, said), said
