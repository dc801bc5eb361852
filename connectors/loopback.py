"""What a browser brings back from a sign-in page to this machine.

Here: listening on 127.0.0.1 until one answer with the right state has come, reading a pasted one.
Not here: which page is opened and what the answer is worth (google/sign_in.py,
microsoft/sign_in.py).

An answer holds a code that opens somebody's mailbox: it is neither logged nor shown. One without
the state that this sign-in made up is somebody else's and is not looked at (RFC 6749, 10.12; RFC
8252, 7.3).
"""

import contextlib
import http.server
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

_READ_S = 10.0
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_PAGE = (
    b'<!doctype html><html lang="en"><meta charset="utf-8"><title>kith</title>'
    b'<p style="font: 1.2rem/1.6 system-ui; margin: 4rem">kith has its answer. '
    b"You can close this page and go back to the terminal."
)


class Listener:
    """One port of this machine's loopback, open while a person signs in; a context manager.

    port   chosen by the system
    state  what the answer must bring back
    """

    def __init__(self) -> None:
        """Open the port."""
        self.state = secrets.token_urlsafe(24)
        self._found: dict[str, str] | None = None
        self._server = http.server.HTTPServer(("127.0.0.1", 0), self._handler())
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> "Listener":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the port."""
        self._server.server_close()

    def wait(self, timeout_s: float) -> Mapping[str, str] | None:
        """The fields of the answer; None where none has come in time."""
        until_s = time.monotonic() + timeout_s
        while self._found is None and (left_s := until_s - time.monotonic()) > 0:
            self._server.timeout = left_s
            self._server.handle_request()
        return self._found

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = _READ_S  # a connection that says nothing holds up the answer no longer

            def do_GET(self) -> None:
                found = fields(self.path, listener.state)
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", _POLICY)
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                if found:
                    with contextlib.suppress(OSError):  # the browser may have gone
                        self.wfile.write(_PAGE)
                    listener._found = found

            def log_message(self, *_: Any) -> None:
                """Say nothing: the line would hold the code."""

        return Handler


def fields(address: str, state: str) -> dict[str, str] | None:
    """The fields in the address of an answer; None where it is not the answer to this sign-in."""
    try:
        found = {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}
    except ValueError:
        return None
    given = found.get("state", "")
    return found if secrets.compare_digest(given.encode(), state.encode()) else None
