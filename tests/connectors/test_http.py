"""Every way in which an answer can be none, seen over a real connection."""

import gzip
import json
import logging
import traceback
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors import http
from connectors.http import Http, Timeouts
from connectors.pages import PullProblem
from connectors.quota import Later
from tests.connectors.scripted_server import ScriptedServer, answer, scripted_server

PATH = "/v1.0/users/SECRET-ID/messages?$deltatoken=SECRET-LINK"
TOKEN = "SECRET-TOKEN"
QUICK = Timeouts(connect_s=5, read_s=0.3)  # where silence is what is tested


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[Http]:
    http_client = Http(server.url, "Somebody", Timeouts())
    yield http_client
    http_client.close()


@pytest.fixture
def hasty(server: ScriptedServer) -> Iterator[Http]:
    http_client = Http(server.url, "Somebody", QUICK)
    yield http_client
    http_client.close()


def refused(client: Http) -> Later:
    with pytest.raises(Later) as caught:
        client.get(PATH, {}, token=TOKEN)
    return caught.value


def test_an_answer_is_its_status_its_object_and_its_date(server: ScriptedServer, client: Http):
    server.script = [answer(b'{"value": [1]}')]
    got = client.get(PATH, {"Prefer": 'IdType="ImmutableId"'}, token=TOKEN)
    assert (got.status, got.body) == (200, {"value": [1]})
    assert got.at == datetime(2026, 7, 1, 12, tzinfo=UTC)
    [request] = server.requests
    assert request.startswith(f"GET {PATH} HTTP/1.1\r\n")
    assert f"Authorization: Bearer {TOKEN}\r\n" in request
    assert 'Prefer: IdType="ImmutableId"\r\n' in request
    assert "Accept-Encoding: gzip\r\n" in request


def test_connections_are_kept_open(server: ScriptedServer, client: Http):
    server.script = [answer(b"{}"), answer(b"{}")]
    client.get("/a", {})
    client.get("/b", {})
    assert server.connections == 1


def test_a_netrc_does_not_replace_the_token(
    server: ScriptedServer, client: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.script = [answer(b"{}")]
    client.get("/", {}, token=TOKEN)
    assert f"Bearer {TOKEN}" in server.requests[0]


def test_a_proxy_is_never_put_between_us_and_this_machine(
    server: ScriptedServer, client: Http, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    server.script = [answer(b"{}")]
    assert client.get("/", {}).status == 200


def test_a_form_is_posted(server: ScriptedServer, client: Http):
    server.script = [answer(b'{"access_token": "x"}')]
    assert client.post("/token", {}, {"grant_type": "a b"}).body == {"access_token": "x"}
    assert server.requests[0].endswith("\r\n\r\ngrant_type=a+b")


def test_packed_answers_are_unpacked(server: ScriptedServer, client: Http):
    body = json.dumps({"value": ["x" * 1_000] * 500}).encode()
    server.script = [answer(gzip.compress(body), "Content-Encoding: gzip")]
    assert client.get("/", {}).body == json.loads(body)


def chunked(body: bytes, *headers: str) -> bytes:
    """An answer in pieces, as Graph sends it."""
    head = answer(b"", "Transfer-Encoding: chunked", *headers)
    pieces = [body[at : at + 700] for at in range(0, len(body), 700)]
    lines = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    return head.replace(b"Content-Length: 0\r\n", b"") + b"".join(lines) + b"0\r\n\r\n"


@pytest.mark.parametrize("packed", [False, True])
def test_answers_in_pieces_are_put_together(server: ScriptedServer, client: Http, packed: bool):
    value = {"value": [f"{n * n}-{n}" for n in range(2_000)]}
    body = json.dumps(value).encode()
    whole = chunked(gzip.compress(body), "Content-Encoding: gzip") if packed else chunked(body)
    cut = whole.replace(b"Date", b"Connection: close\r\nDate", 1)[: len(whole) // 2]
    server.script = [whole, cut]
    assert client.get("/", {}).body == value
    assert server.connections == 1
    assert refused(client).problem.state in ("no answer", "unreadable answers")


def test_a_refusal_is_an_answer_in_the_providers_own_words(server: ScriptedServer, client: Http):
    error = {"error": {"code": "x"}}
    server.script = [answer(json.dumps(error).encode(), status="403 Forbidden")]
    assert (got := client.get("/", {})).status == 403
    assert got.body == error


def test_a_refused_token_needs_no_words(server: ScriptedServer, client: Http):
    server.script = [answer(b"<html>", status="401 Unauthorized")]
    assert (got := client.get("/", {})).status == 401
    assert got.body == {}


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_faults_of_the_provider_say_later(server: ScriptedServer, client: Http, status: int):
    server.script = [answer(b"<html>", "Retry-After: 7", status=f"{status} X")]
    later = refused(client)
    assert later.retry_after_s == 7
    assert not later.is_throttle
    assert later.problem.state == f"fault of the provider ({status})"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 30", 30),
        ("Retry-After: Wed, 01 Jul 2026 12:01:00 GMT", 60),
        ("X-None: 1", None),
    ],
)
def test_a_throttle_says_later_and_when(
    server: ScriptedServer, client: Http, header: str, seconds: float | None
):
    server.script = [answer(b"{}", header, status="429 Too Many Requests")]
    later = refused(client)
    assert later.retry_after_s == seconds
    assert later.is_throttle


@pytest.mark.parametrize(
    "reply",
    [
        answer(b"<!DOCTYPE html><html>sign in</html>", "Content-Type: text/html"),
        answer(b'{"value": [{"id": "a"}, {"i'),
        answer(b'{"error": {"co', status="404 Not Found"),
        answer(b"<html>blocked</html>", status="403 Forbidden"),
        answer(b""),
        answer(b"[1, 2]"),
        answer(b'"text"'),
        answer(b"\xff\xfe{}"),
        answer(b"[" * 200_000),
        answer(b'{"a": 1', length=40) + b"",
        answer(b"{}", "Date: yesterday"),
        answer(gzip.compress(b'{"value": []}' * 50)[:-9], "Content-Encoding: gzip"),
        answer(b"{}", "Content-Encoding: gzip"),
        answer(b"{}", "Content-Encoding: br"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",  # without a Date
        b"no protocol at all\r\n\r\n",
    ],
)
def test_what_cannot_be_read_says_later_and_never_passes(
    server: ScriptedServer, client: Http, reply: bytes
):
    server.script = [reply.replace(b"\r\nDate", b"\r\nConnection: close\r\nDate", 1)]
    later = refused(client)
    assert later.problem.state in ("unreadable answers", "no answer")
    assert later.retry_after_s is None


def test_a_redirect_is_not_followed(server: ScriptedServer, client: Http):
    with scripted_server() as other:
        other.script = [answer(b"{}")]
        server.script = [answer(b"{}", f"Location: {other.url}/", status="302 Found")]
        assert refused(client).problem.state == "unreadable answers"
        assert other.requests == []


def test_a_packed_answer_without_its_end_is_none_even_if_it_reads_well(
    server: ScriptedServer, client: Http
):
    server.script = [answer(gzip.compress(b'{"value": []}')[:-4], "Content-Encoding: gzip")]
    assert refused(client).problem.state == "unreadable answers"


def test_a_connection_that_is_cut_says_later(server: ScriptedServer, client: Http):
    server.script = [b""]
    later = refused(client)
    assert later.problem.state == "no answer"
    assert not later.problem.is_account


def test_a_silent_server_says_later(server: ScriptedServer, hasty: Http):
    server.script = [None]
    assert refused(hasty).problem.state == "no answer"


def test_a_server_that_falls_silent_in_the_middle_says_later(server: ScriptedServer, hasty: Http):
    server.script = [answer(b'{"a', length=400)]
    assert refused(hasty).problem.state == "no answer"


def test_where_nobody_listens_every_mailbox_of_the_account_is_concerned(server: ScriptedServer):
    with scripted_server() as other:
        url = other.url
    client = Http(url, "Somebody", QUICK)
    later = refused(client)
    client.close()
    assert later.problem.state == "no answer"
    assert later.problem.is_account


def test_a_server_that_feeds_a_byte_at_a_time_is_left(
    server: ScriptedServer, client: Http, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http, "LONGEST_S", -1.0)
    server.script = [answer(b'{"value": 1}')]
    assert refused(client).problem.state == "unreadable answers"


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_beyond_the_cap_is_refused_before_it_fills_the_memory(
    server: ScriptedServer, client: Http, monkeypatch: pytest.MonkeyPatch, packed: bool
):
    monkeypatch.setattr(http, "LARGEST_BYTES", 1 << 20)
    body = b" " * (1 << 20) + b"{}"
    server.script = [
        answer(gzip.compress(body), "Content-Encoding: gzip") if packed else answer(body)
    ]
    with pytest.raises(PullProblem, match="answer too large"):
        client.get("/", {})


def test_packed_emptiness_without_end_is_refused(
    server: ScriptedServer, client: Http, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http, "LARGEST_BYTES", 1 << 18)
    pack = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    empty = pack.compress(b"") + pack.flush(zlib.Z_FULL_FLUSH)
    body = empty + pack.flush(zlib.Z_FULL_FLUSH) + b"\x00\x00\x00\xff\xff" * (1 << 17)
    server.script = [answer(body, "Content-Encoding: gzip")]
    with pytest.raises(PullProblem, match="answer too large"):
        client.get("/", {})


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("http://127.0.0.1:{port}/v1.0/x?$skiptoken=a%2Fb", "/v1.0/x?$skiptoken=a%2Fb"),
        ("HTTP://127.0.0.1:{port}/v1.0/x", "/v1.0/x"),
        ("/v1.0/y?$skip=2", "/v1.0/y?$skip=2"),
        ("?$skip=2", "/v1.0/users?$skip=2"),
        ("messages?$skip=2", "/v1.0/messages?$skip=2"),
        ("/v1.0/mailFolders('AAMk=')/messages", "/v1.0/mailFolders('AAMk=')/messages"),
    ],
)
def test_links_to_the_own_host_become_paths(client: Http, link: str, path: str):
    port = client.base.rpartition(":")[2]
    assert client.own(link.format(port=port), "/v1.0/users?$top=1") == path


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/x",
        "https://127.0.0.1:{port}/v1.0/x",  # another protocol is another server
        "http://127.0.0.1/v1.0/x",
        "http://127.0.0.1:{port}@evil.example/x",
        "http://user@127.0.0.1:{port}/x",
        "http://evil.example\\@127.0.0.1:{port}/x",
        "http://127.0.0.1:{port}.evil.example/x",
        "//evil.example/x",
        "\\\\evil.example/x",
        "http://[::1/x",
        "http://127.0.0.1:99999999/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "/x\r\nHost: evil.example",
        "/x\u2028y",
    ],
)
def test_links_to_anywhere_else_are_refused_and_never_followed(client: Http, link: str):
    port = client.base.rpartition(":")[2]
    with pytest.raises(PullProblem, match="foreign link") as caught:
        client.own(link.format(port=port), "/v1.0/users")
    assert "evil" not in str(caught.value)


def test_whatever_a_path_says_it_is_asked_of_the_own_host(server: ScriptedServer, client: Http):
    server.script = [answer(b"{}")]
    path = client.own("/v1.0//evil.example/x")
    client.get(path, {})
    assert server.requests[0].startswith("GET /v1.0//evil.example/x ")


@pytest.mark.parametrize(
    "url",
    [
        "http://graph.microsoft.com",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "graph.microsoft.com",
        "https://",
        "https://[::1",
        "",
    ],
)
def test_nothing_but_https_leaves_this_machine(url: str):
    with pytest.raises(PullProblem, match="unsafe endpoint"):
        Http(url, "Somebody", QUICK)


@pytest.mark.parametrize(
    "url", ["https://graph.microsoft.us", "http://localhost:1", "https://a.b/"]
)
def test_https_and_this_machine_are_welcome(url: str):
    client = Http(url, "Somebody", QUICK)
    assert client.base == url.rstrip("/")
    client.close()


@pytest.mark.parametrize(
    "reply", [None, b"", answer(b"<html>"), answer(b"x", length=9), answer(b"x", status="503 X")]
)
def test_no_address_token_or_link_stands_in_an_error_or_in_the_log(
    server: ScriptedServer, hasty: Http, caplog: pytest.LogCaptureFixture, reply: bytes | None
):
    caplog.set_level(logging.DEBUG)
    server.script = [reply]
    later = refused(hasty)
    told = [*traceback.format_exception(later), str(later.problem), caplog.text, repr(later)]
    seen = later.__context__
    while seen is not None:
        told.append(repr(seen))
        seen = seen.__context__
    for text in told:
        for secret in (TOKEN, "SECRET-ID", "SECRET-LINK", server.url):
            assert secret not in text
