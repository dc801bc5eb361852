"""The sandbox on loopback: both vendors over HTTP, their call log and their faults.

Here: sockets, bytes, compression, the log. Not here: what a vendor says (google, microsoft), the
world itself (world.py), changes asked for by another process (controls.py).
"""

import contextlib
import gzip
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Collection, Iterator
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox.controls import CONTROLS
from sandbox.exchange import Answer, Call, Request, Vendor
from sandbox.faults import MANNERS, PARTS, PLACES, Fault
from sandbox.google import Google
from sandbox.microsoft import Microsoft
from sandbox.world import World

_GZIP_BYTES = 1024
_SLOW_S = 0.05
_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body>Please sign in</body></html>"
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Sandbox:
    """Both vendors on loopback, from ``with`` until its end.

    faults  struck as their calls come; append at any time
    log     one Call for each request but those of /sandbox/, in the order of their answers
    calls   how many have begun: the position of the next one, which a Fault's ``at`` refers to
    """

    def __init__(self, world: World, google_port: int = 0, microsoft_port: int = 0) -> None:
        """Take the ports; 0 for any free one."""
        self.world = world
        self.faults: list[Fault] = []
        self.log: list[Call] = []
        self.calls = 0
        self.lock = threading.Lock()
        self._in_flight: Counter[str | None] = Counter()
        self.closing = threading.Event()
        google, microsoft = _Server(self, google_port), _Server(self, microsoft_port)
        world.google_url = self.google_url = google.url
        world.microsoft_url = self.microsoft_url = microsoft.url
        self.google = google.vendor = Google(world)
        self.microsoft = microsoft.vendor = Microsoft(world)
        self._servers = (google, microsoft)

    def __enter__(self) -> "Sandbox":
        """Serve."""
        for server in self._servers:
            server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and break off whatever is still open."""
        self.closing.set()
        for server in self._servers:
            server.stop()

    def begin(self, path: str, places: Collection[str]) -> tuple[int, Fault | None]:
        """Count a call that names ``places``; its position and the fault that strikes it."""
        with self.lock:
            n, self.calls = self.calls, self.calls + 1
            for fault in self.faults:
                if fault.strikes(n, path, places):
                    fault.times -= 1
                    return n, fault
        return n, None

    @contextlib.contextmanager
    def in_flight(self, request: Request, mailbox: str | None) -> Iterator[None]:
        """Count a request until it is answered."""
        with self.lock:
            self._in_flight[mailbox] += 1
            request.at_once = self._in_flight[mailbox]
        try:
            yield
        finally:
            with self.lock:
                self._in_flight[mailbox] -= 1


class _Server(ThreadingHTTPServer):
    """One vendor's port."""

    daemon_threads = True
    request_queue_size = 256
    vendor: Vendor

    def __init__(self, sandbox: Sandbox, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.sandbox = sandbox
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.open: dict[socket.socket, threading.Thread] = {}
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self.sandbox.lock:
            still_open = dict(self.open)
        for connection, thread in still_open.items():
            with contextlib.suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # An answer goes out in one write; with Nagle's algorithm the next one would wait for its ack.
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.sandbox.lock:
            self.server.open[self.connection] = threading.current_thread()

    def finish(self) -> None:
        with self.server.sandbox.lock:
            del self.server.open[self.connection]
        super().finish()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client has gone
            super().handle()

    def do_GET(self) -> None:
        """Serve a request of any method."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        split = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(split.path),
            raw_path=split.path,
            query=parse_qs(split.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        if request.path.startswith("/sandbox/"):
            self._send(self._control(request))
        else:
            self._serve(request)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _control(self, request: Request) -> Answer:
        sandbox, name = self.server.sandbox, request.path.removeprefix("/sandbox/")
        own = self.server.vendor.controls
        if name not in own and name not in CONTROLS:
            return Answer(404, {"error": f"no such control: {name}"})
        with sandbox.world.lock:
            try:
                wanted = json.loads(request.body or b"{}")
                done = own[name](wanted) if name in own else CONTROLS[name](sandbox, wanted)
            except (KeyError, TypeError, ValueError) as error:
                return Answer(400, {"error": f"{name}: {error!r}"})
        return Answer(200, done or {})

    def _serve(self, request: Request) -> None:
        sandbox, vendor = self.server.sandbox, self.server.vendor
        request.n, fault = sandbox.begin(request.path, vendor.places(request))
        kind = fault.kind if fault else None
        if kind == "silence":
            sandbox.closing.wait()
        if kind in ("silence", "reset"):
            self._log(request, Answer(0))
            self._break_off()
            return
        with sandbox.in_flight(request, vendor.mailbox(request)):
            answer = self._answer(request, fault)
            self._log(request, answer)
            if kind == "kill":
                fault.call()
        self._send(answer, is_cut=kind == "truncated", is_slow=kind == "slow")
        if kind == "kill_after":
            fault.call()

    def _answer(self, request: Request, fault: Fault | None) -> Answer:
        """What the vendor answers, or the fault instead of it."""
        vendor = self.server.vendor
        if fault and (fault.status or fault.kind in PLACES):
            answer = vendor.failure(fault, request)
            answer.status = fault.status or answer.status
            answer.headers |= fault.headers
            return answer
        if fault and fault.kind == "html":
            return Answer(200, _PAGE, {"Content-Type": "text/html; charset=UTF-8"})
        if fault and fault.kind in PARTS:
            request.part_fault = fault
        if fault and fault.kind in MANNERS:
            request.manner = fault.kind
        with self.server.sandbox.world.lock:
            if fault and fault.kind == "tokens_expired":
                vendor.controls["expire_tokens"]({})
            return vendor.answer(request)

    def _log(self, request: Request, answer: Answer) -> None:
        call = Call(
            n=request.n,
            vendor=self.server.vendor.name,
            method=request.method,
            path=request.path,
            query=request.query,
            mailbox=answer.mailbox,
            status=answer.status,
            units=answer.units,
            parts=answer.parts,
        )
        self.server.sandbox.log.append(call)

    def _send(self, answer: Answer, *, is_cut: bool = False, is_slow: bool = False) -> None:
        headers = {"Date": format_datetime(self.server.sandbox.world.now, usegmt=True)}
        body = answer.body
        if isinstance(body, dict):
            headers["Content-Type"] = "application/json; charset=UTF-8"
            body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        if is_cut:
            body = body[: len(body) // 2]
        if len(body) > _GZIP_BYTES and "gzip" in self.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 1, mtime=0)
        headers |= answer.headers
        if answer.status != HTTPStatus.NO_CONTENT:
            headers["Content-Length"] = str(len(body))
        lines = [f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        whole = "\r\n".join([*lines, "\r\n"]).encode("latin-1") + body
        if is_slow:
            half = len(whole) // 2
            self.wfile.write(whole[:half])
            self.server.sandbox.closing.wait(_SLOW_S)
            whole = whole[half:]
        self.wfile.write(whole)

    def _break_off(self) -> None:
        """Close the connection without an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing: the log is the sandbox's."""
