"""The server: bytes, the village's clock, the log, the faults, changes by other processes."""

import gzip
import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.faults import LINE, PARTS, PLACES, STATUS, Fault, drawn
from sandbox.people import GOOGLE
from sandbox.server import Sandbox
from sandbox.world import World

ROOT = Path(__file__).resolve().parents[2]
PROFILE = "/gmail/v1/users/me/profile"


@pytest.fixture
def line(sandbox: Sandbox):
    """One connection to the Google side."""
    with closing(http.client.HTTPConnection(urlsplit(sandbox.google_url).netloc, timeout=5)) as one:
        yield one


def ask(line: http.client.HTTPConnection, path: str = PROFILE, **headers: str):
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    return answer, answer.read()


def post(sandbox: Sandbox, name: str, **body) -> tuple[int, dict]:
    with closing(http.client.HTTPConnection(urlsplit(sandbox.google_url).netloc, timeout=5)) as one:
        one.request("POST", f"/sandbox/{name}", json.dumps(body))
        answer = one.getresponse()
        return answer.status, json.loads(answer.read())


# -- HTTP


def test_a_connection_serves_many_requests_and_dates_them_by_the_village(line, sandbox: Sandbox):
    for _ in range(3):
        answer, body = ask(line)
        assert answer.headers["Date"] == "Wed, 01 Jul 2026 00:00:00 GMT"
        assert int(answer.headers["Content-Length"]) == len(body)
        assert json.loads(body)["error"]["code"] == 401
    assert len(sandbox.log) == 3


def test_an_answer_comes_in_one_piece(sandbox: Sandbox):
    host = urlsplit(sandbox.google_url)
    with socket.create_connection((host.hostname, host.port), timeout=5) as raw:
        raw.sendall(f"GET {PROFILE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = raw.recv(1 << 16).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


def test_large_answers_are_compressed_for_those_who_ask(line, client, user):
    path = "/gmail/v1/users/me/messages"
    token = f"Bearer {client.token(user)}"
    plain, body = ask(line, path, Authorization=token)
    assert plain.headers["Content-Encoding"] is None
    packed, data = ask(line, path, Authorization=token, **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(data) < len(body) / 2
    assert gzip.decompress(data) == body
    small, _ = ask(line, **{"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] is None


def test_it_listens_on_loopback_only(sandbox: Sandbox):
    for url in (sandbox.google_url, sandbox.microsoft_url):
        assert urlsplit(url).hostname == "127.0.0.1"


def test_the_log_says_who_asked_for_what_and_what_it_cost(line, client, user, sandbox: Sandbox):
    ask(line, f"{PROFILE}?prettyPrint=false", Authorization=f"Bearer {client.token(user)}")
    signed_in, asked = sandbox.log
    assert (signed_in.n, signed_in.path, signed_in.mailbox) == (0, "/token", None)
    assert (asked.n, asked.vendor, asked.method, asked.path) == (1, "google", "GET", PROFILE)
    assert asked.query == {"prettyPrint": ["false"]}
    assert (asked.mailbox, asked.status, asked.units) == (user, 200, 1)


def test_many_threads_are_served_at_once(sandbox: Sandbox):
    host = urlsplit(sandbox.google_url).netloc
    statuses = []

    def work() -> None:
        with closing(http.client.HTTPConnection(host, timeout=5)) as one:
            statuses.extend(ask(one)[0].status for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [401] * 160
    assert sorted(call.n for call in sandbox.log) == list(range(160))


# -- faults


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("throttle_429", 429),
        ("google_403_rate", 403),
        ("unavailable_503", 503),
        ("server_500", 500),
        ("unauthorised_401", 401),
    ],
)
@pytest.mark.parametrize("side", ["google", "microsoft"])
def test_a_fault_with_a_status_strikes_in_the_words_of_the_vendor(sandbox, kind, status, side):
    url = sandbox.google_url if side == "google" else sandbox.microsoft_url
    sandbox.faults.append(Fault(1, kind, times=2, retry_after=7))
    answers = []
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)) as one:
        answers = [ask(one, "/nothing") for _ in range(4)]
    assert [answer.headers["Retry-After"] for answer, _ in answers] == [None, "7", "7", None]
    assert [answer.status for answer, _ in answers[1:3]] == [status, status]
    assert json.loads(answers[1][1])["error"]["code"]
    assert [call.status for call in sandbox.log[1:3]] == [status, status]


def test_a_fault_may_name_a_time_and_a_path(line, sandbox: Sandbox):
    later = sandbox.world.now + timedelta(minutes=2)
    sandbox.faults.append(Fault(0, "throttle_429", path="/labels", retry_after=later))
    assert ask(line)[0].status == 401
    answer, _ = ask(line, "/gmail/v1/users/me/labels")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "Wed, 01 Jul 2026 00:02:00 GMT")


def test_a_page_of_html_comes_with_status_200(line, sandbox: Sandbox):
    sandbox.faults.append(Fault(0, "html"))
    answer, body = ask(line)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
    assert body.startswith(b"<!DOCTYPE html>")


def test_a_truncated_answer_is_no_json_but_has_the_right_length(line, sandbox: Sandbox):
    sandbox.faults.append(Fault(0, "truncated"))
    answer, body = ask(line)
    assert int(answer.headers["Content-Length"]) == len(body) > 20
    with pytest.raises(ValueError, match="Unterminated|Expecting"):
        json.loads(body)


def test_a_slow_answer_comes_whole_in_two_pieces(sandbox: Sandbox):
    sandbox.faults.append(Fault(0, "slow"))
    with socket.create_connection(("127.0.0.1", urlsplit(sandbox.google_url).port), 5) as slow:
        slow.sendall(f"GET {PROFILE} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        first, *rest = iter(lambda: slow.recv(1 << 16), b"")
    assert len(first) == pytest.approx(len(b"".join(rest)), abs=1)
    json.loads(b"".join((first, *rest)).partition(b"\r\n\r\n")[2])


def test_a_place_that_is_over_is_told_only_to_those_who_name_one(client, user, sandbox: Sandbox):
    token = client.token(user)
    faults = [Fault(0, f"{name}_expired") for name in ("page", "history", "sync")]
    sandbox.faults[:] = faults
    assert client.get(PROFILE, token).status_code == 200
    assert [fault.times for fault in faults] == [1, 1, 1]
    messages, history = "/gmail/v1/users/me/messages", "/gmail/v1/users/me/history"
    events = "/calendar/v3/calendars/primary/events"
    for path, status in (
        (f"{messages}?pageToken=1", 400),
        (f"{history}?startHistoryId=1", 404),
        (f"{events}?syncToken=1", 410),
    ):
        assert client.get(path, token).status_code == status
    assert [fault.times for fault in faults] == [0, 0, 0]


def test_all_tokens_may_end_while_somebody_asks(client, user, sandbox: Sandbox):
    token = client.token(user)
    sandbox.faults.append(Fault(sandbox.calls, "tokens_expired"))
    assert [client.get(PROFILE, token).status_code for _ in range(2)] == [401, 401]
    assert client.get(PROFILE, client.token(user)).status_code == 200


def test_faults_of_a_seed_are_always_the_same_and_of_all_seeds_every_kind():
    kinds = (*STATUS, *PARTS, *PLACES, *LINE)
    now = datetime(2026, 7, 1, tzinfo=UTC)
    assert drawn(7, kinds, 100, 40, now) == drawn(7, kinds, 100, 40, now)
    found = [fault for seed in range(100) for fault in drawn(seed, kinds, 100, 40, now)]
    assert {fault.kind for fault in found} == set(kinds)
    assert {fault.at for fault in found} == set(range(100, 140))


def test_a_reset_closes_the_line_without_an_answer(line, sandbox: Sandbox):
    sandbox.faults.append(Fault(0, "reset"))
    with pytest.raises(ConnectionError):
        ask(line)
    assert ask(line)[0].status == 401
    assert [call.status for call in sandbox.log] == [0, 401]


def test_silence_lasts_until_the_sandbox_closes(world: World):
    with Sandbox(world) as sandbox:
        sandbox.faults.append(Fault(0, "silence"))
        host = urlsplit(sandbox.google_url)
        raw = socket.create_connection((host.hostname, host.port), timeout=0.2)
        raw.sendall(f"GET {PROFILE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        with pytest.raises(TimeoutError):
            raw.recv(1)
    with closing(raw), pytest.raises(ConnectionError):
        raw.settimeout(5)
        if not raw.recv(1):
            raise ConnectionResetError


@pytest.mark.parametrize("kind", ["kill", "kill_after"])
def test_kill_calls_the_test_around_the_answer(line, sandbox: Sandbox, kind):
    called = threading.Event()
    sandbox.faults.append(Fault(0, kind, call=called.set))
    assert ask(line)[0].status == 401
    assert called.wait(5)
    assert sandbox.log[0].status == 401


def test_an_unknown_fault_is_a_mistake():
    with pytest.raises(ValueError, match="no such fault"):
        Fault(0, "thunder")


# -- the control endpoint


def test_another_process_moves_time_and_changes_the_world(sandbox: Sandbox):
    world = sandbox.world
    one, other = [p.address for p in world.village.staff if p.company == GOOGLE][3:5]
    assert post(sandbox, "now") == (200, {"now": "2026-07-01T00:00:00+00:00", "calls": 0})
    assert post(sandbox, "advance", to="2026-07-02T08:00:00+00:00") == (200, {})
    assert world.now == datetime(2026, 7, 2, 8, tzinfo=UTC)
    letter = {"message_id": "x@x.example", "author": one, "to": [other], "holders": [one, other]}
    _, delivered = post(sandbox, "deliver", **letter)
    number = delivered["numbers"][other]
    assert world.boxes[other].copy(number).letter.to == (other,)
    assert post(sandbox, "move", address=other, number=number, folder="trash") == (200, {})
    _, listed = post(sandbox, "copies", address=other)
    last = {"number": number, "folder": "trash", "message_id": "x@x.example"}
    assert listed["copies"][-1] == last
    _, drafted = post(sandbox, "draft", address=one)
    assert world.boxes[one].copy(drafted["number"]).folder == "drafts"
    occurrence = world.calendars[one].occurrences()[0]
    cancelled = {"uid": occurrence.entry.uid, "original_start": occurrence.key.isoformat()}
    assert post(sandbox, "cancel", **cancelled) == (200, {})
    assert world.series[occurrence.entry.uid].occurrences()[occurrence.key].status == "cancelled"
    assert sandbox.log == []


def test_another_process_orders_faults(line, sandbox: Sandbox):
    assert post(sandbox, "fault", kind="server_500") == (200, {"calls": 0})
    assert [ask(line)[0].status for _ in range(2)] == [500, 401]


def test_another_process_decides_for_google_and_its_people(client, user, sandbox: Sandbox):
    token = client.token(user)
    status, key = post(sandbox, "consent", address=user)
    assert (status, key["type"]) == (200, "authorized_user")
    assert sandbox.world.refresh_tokens[key["refresh_token"]] == user
    assert post(sandbox, "revoke_consent", address=user) == (200, {})
    assert key["refresh_token"] not in sandbox.world.refresh_tokens
    assert post(sandbox, "google", gmail_history_days=0.5, disabled_apis=["admin"]) == (200, {})
    assert sandbox.world.gmail_history_days == 0.5
    assert sandbox.world.disabled_apis == {"admin"}
    assert client.get(PROFILE, token).status_code == 200
    assert post(sandbox, "expire_tokens", address=user) == (200, {})
    assert client.get(PROFILE, token).status_code == 401
    assert post(sandbox, "expire_sync_tokens") == (200, {})


def test_a_change_that_cannot_be_made_is_refused(sandbox: Sandbox):
    assert post(sandbox, "google", village="another")[0] == 400
    assert post(sandbox, "advance", to="2020-01-01T00:00:00+00:00")[0] == 400
    assert post(sandbox, "delete", address="nobody@x.example", number=1)[0] == 400
    assert post(sandbox, "read", number=1)[0] == 400
    assert post(sandbox, "fault", kind="thunder")[0] == 400
    assert post(sandbox, "explode")[0] == 404


# -- python -m sandbox


@pytest.fixture
def process(tmp_path: Path):
    command = [sys.executable, "-m", "sandbox", "--months", "1", "--keys", str(tmp_path / "keys")]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    ) as started:
        yield started
        started.kill()


def test_it_runs_as_a_process_until_its_input_ends(process: subprocess.Popen, tmp_path: Path):
    urls = json.loads(process.stdout.readline())
    with closing(http.client.HTTPConnection(urlsplit(urls["google"]).netloc, timeout=5)) as one:
        assert ask(one)[0].status == 401
    folder = tmp_path / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert names == dict.fromkeys(
        ("google.json", "google-user.json", "microsoft.json", "microsoft-user.json"), 0o600
    )
    key = json.loads((folder / "google.json").read_text(encoding="utf-8"))
    assert key["token_uri"] == f"{urls['google']}/token"
    process.stdin.close()
    assert process.wait(10) == 0


def test_it_ends_well_when_it_is_told_to(process: subprocess.Popen):
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
