"""A loopback server that answers with the bytes that it was given, one list for each request."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

DATE = "Wed, 01 Jul 2026 12:00:00 GMT"


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """An answer with Date and Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    dated = [] if any(one.lower().startswith("date:") for one in headers) else [f"Date: {DATE}"]
    return "\r\n".join([*lines, *dated, *headers, "", ""]).encode("latin-1") + body


class ScriptedServer:
    """``script`` is answered in order; None for silence, b"" for a connection that is cut."""

    def __init__(self) -> None:
        self.script: list[bytes | None] = []
        self.requests: list[str] = []
        self.closing = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._main = threading.Thread(target=self._serve)
        self._main.start()

    @property
    def connections(self) -> int:
        """How many were opened so far."""
        return len(self._threads)

    def stop(self) -> None:
        self.closing.set()
        with socket.create_connection(self._socket.getsockname()):  # wakes accept
            pass
        self._main.join()
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self.closing.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._talk, args=(connection,))
            # Before it talks, as the client may have its answer before this goes on.
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(0.05)
        with connection:
            while (request := self._request(connection)) is not None:
                self.requests.append(request)
                reply = self.script.pop(0)
                if reply is None:
                    self.closing.wait()
                if not reply:
                    return
                try:
                    connection.sendall(reply)
                except ConnectionError:  # the client has seen enough
                    return
                if b"Connection: close" in reply:
                    return

    def _request(self, connection: socket.socket) -> str | None:
        """Head and body of the next request; None once nobody asks any more."""
        data = b""
        while not self.closing.is_set():
            head, end, body = data.partition(b"\r\n\r\n")
            if end:
                wanted = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
                if len(body) >= (int(wanted[0].partition(b":")[2]) if wanted else 0):
                    return data.decode("latin-1")
            try:
                piece = connection.recv(1 << 16)
            except TimeoutError:
                continue
            except ConnectionError:
                return None
            if not piece:
                return None
            data += piece
        return None


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    try:
        yield server
    finally:
        server.stop()
