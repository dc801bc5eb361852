"""What does not pass by itself, at Google, on the way or with the key, is told with its cure."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.google import Endpoints
from connectors.pages import PullProblem
from connectors.quota import ATTEMPTS
from sandbox.boxes import Box
from sandbox.faults import Fault
from sandbox.server import Sandbox
from sandbox.world import World
from tests.certificates import certificate
from tests.connectors.google.conftest import Office, account_of, office_of

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def undisturbed(office: Office) -> dict[str, Any]:
    """The rows of a pull without any fault."""
    quiet = office.again()
    quiet.mail()
    return quiet.store.rows()


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None] | None) -> Iterator[str]:
    """A port of this machine where ``serve`` meets each connection; None for a closed one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        if serve is not None:
            server.settimeout(20)
            thread = threading.Thread(target=_accept, args=(server, serve), daemon=True)
            thread.start()
            yield address
            return
    yield address


def _accept(server: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    with contextlib.suppress(OSError):  # the test has ended
        while True:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                serve(connection)


def untrusted(folder: Path) -> Callable[[socket.socket], None]:
    """Serves TLS under a certificate that nobody signed."""
    path = folder / "server.pem"
    path.write_text("".join(certificate("127.0.0.1").values()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True):
            pass

    return serve


def told(office: Office, state: str, *, is_account: bool = False) -> None:
    """The pull ends with this state and a cure, and without a secret."""
    problem = office.problem(office.mail)
    assert problem.state == state
    assert problem.is_account == is_account
    assert problem.cure[0].isupper()
    assert problem.cure.endswith(".")
    chain: BaseException | None = problem
    while chain is not None:
        for secret in ("http://", "https://", "127.0.0.1", "@", "ya29", "1//", "Bearer"):
            assert secret not in f"{chain}{chain.args}"
        chain = chain.__cause__ or chain.__context__


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("throttle_429", "too many requests"),
        ("google_403_rate", "too many requests"),
        ("server_500", "Google fails"),
        ("unavailable_503", "Google fails"),
        ("html", "unreadable answer"),
        ("truncated", "unreadable answer"),
        ("reset", "connection lost"),
        ("unauthorised_401", "access refused"),
        ("part_429", None),
    ],
)
def test_what_never_passes_is_told_and_nothing_is_lost(
    office: Office, undisturbed: dict[str, Any], sandbox: Sandbox, kind: str, state: str | None
):
    office.mail(pages=1)
    before = deepcopy(office.store.cursors)
    sandbox.faults.append(Fault(at=0, kind=kind, times=999, path="/gmail/"))
    if state is None:
        office.mail()  # one part of each batch is refused, the others get through
    else:
        told(office, state)
        assert office.store.cursors == before
    sandbox.faults.clear()
    office.mail()
    assert office.store.rows() == undisturbed


def test_a_request_is_repeated_only_so_often(office: Office, sandbox: Sandbox):
    sandbox.faults.append(Fault(at=0, kind="server_500", times=999))
    told(office, "Google fails")
    assert len(sandbox.log) == ATTEMPTS
    assert len(office.clock.waits) == ATTEMPTS - 1
    assert 90 < sum(office.clock.waits) < 200


def test_a_host_that_never_answers_is_told(sandbox: Sandbox):
    office = office_of(sandbox, timeout_s=0.05)
    sandbox.faults.append(Fault(at=0, kind="silence", times=999))
    told(office, "no answer in time")


def test_a_host_that_is_not_there_is_told(sandbox: Sandbox, world: World):
    with listening(None) as address:
        url = f"http://{address}"
        office = office_of(sandbox, endpoints=Endpoints(url, url, url))
        told(office, "no connection", is_account=True)


def test_a_certificate_that_nobody_trusts_is_told_at_once(sandbox: Sandbox, tmp_path: Path):
    with listening(untrusted(tmp_path)) as address:
        url = f"https://{address}"
        office = office_of(sandbox, endpoints=Endpoints(url, url, url))
        told(office, "untrusted certificate", is_account=True)
        assert office.clock.waits == []


def answered(status: str, *headers: str, body: bytes = b"", length: int | None = None) -> bytes:
    """The bytes of an answer; ``length`` where it lies about its own."""
    lines = (
        f"HTTP/1.1 {status}",
        "Date: Wed, 01 Jul 2026 00:00:00 GMT",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode() + body


def test_a_redirect_is_not_followed(sandbox: Sandbox):
    visitors = []
    with listening(visitors.append) as elsewhere:

        def serve(connection: socket.socket) -> None:
            connection.recv(1 << 16)
            connection.sendall(answered("302 Found", f"Location: http://{elsewhere}/"))

        with listening(serve) as address:
            url = f"http://{address}"
            office = office_of(sandbox, endpoints=Endpoints(url, url, url))
            told(office, "request refused (302)")
    assert visitors == []


def test_an_answer_that_breaks_off_spoils_no_other(sandbox: Sandbox):
    received: list[list[bytes]] = []

    def serve(connection: socket.socket) -> None:
        is_first = not received
        received.append([])
        while data := connection.recv(1 << 16):
            received[-1].append(data)
            if is_first:
                connection.sendall(answered("200 OK", body=b"{", length=100))
            else:
                connection.sendall(answered("404 Not Found", body=b"{}"))

    with listening(serve) as address:
        url = f"http://{address}"
        office = office_of(sandbox, endpoints=Endpoints(url, url, url), timeout_s=0.3)
        told(office, "request refused (404)")
    assert [len(requests) for requests in received] == [1, 1]


def suspended(world: World, box: Box) -> None:
    world.suspend(box.address)


def without_mail(world: World, box: Box) -> None:
    world.disable_mail(box.address)


def api_off(world: World, box: Box) -> None:
    world.disabled_apis.add("gmail")


def not_delegated(world: World, box: Box) -> None:
    world.granted_scopes.clear()


@pytest.mark.parametrize(
    ("happens", "state"),
    [
        (suspended, "unknown or suspended user"),
        (without_mail, "no mailbox"),
        (api_off, "Gmail API switched off"),
        (not_delegated, "scopes not granted"),
    ],
)
def test_what_the_organisation_must_put_right(
    office: Office, world: World, happens: Callable[[World, Box], None], state: str
):
    happens(world, world.boxes[office.mailbox.address])
    told(office, state)
    assert office.store.cursors == {}
    assert office.clock.waits == []


def test_a_consent_that_was_taken_back_is_told(sandbox: Sandbox, world: World):
    address = office_of(sandbox).mailbox.address
    account = account_of(sandbox, world.google_user_file(address), admin=None)
    office = Office(sandbox, account, account.owner(), office_of(sandbox).clock)
    office.mail()
    rows = deepcopy(office.store.rows())
    sandbox.google.tokens.revoke_consent(address)
    told(office, "access revoked", is_account=True)
    assert office.store.rows() == rows


def test_a_wrong_client_secret_is_told(sandbox: Sandbox, world: World):
    key = world.google_user_file(office_of(sandbox).mailbox.address) | {"client_secret": "no"}
    account = account_of(sandbox, key, admin=None)
    with pytest.raises(PullProblem, match="unknown client") as caught:
        account.owner()
    assert caught.value.is_account


def test_another_accounts_key_is_told(sandbox: Sandbox, world: World):
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    office = office_of(sandbox)
    key = world.google_key_file() | {"private_key": pem.decode()}
    office.account = account_of(sandbox, key)
    told(office, "key revoked", is_account=True)


def test_somebody_who_is_no_administrator_is_told(sandbox: Sandbox, office: Office):
    office.account = account_of(sandbox, admin=office.mailbox.address)
    assert office.problem(office.people).state == "not an administrator"
