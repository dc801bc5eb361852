"""One person signs in: the page in the browser, what comes back, and the key it is worth.

Here: which way is open on this machine: its own browser, a pasted address, a code for another one.
Not here: what providers say (sign_in.py of connectors/google and connectors/microsoft), keeping the
key (accounts.py), words on the terminal (cli.py).
"""

import os
import secrets
import sys
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from connectors.loopback import Listener, fields
from connectors.quota import Later
from pipelines.accounts import AccountError, read_key
from pipelines.settings import Settings

PATIENCE_S = 300.0
# Nothing listens there, so the browser ends at an address that can be copied.
_NOWHERE = "http://{host}:9/"


class Consent(Protocol):
    """A sign-in in a browser, of either provider."""

    @property
    def address(self) -> str:
        """What the person opens."""

    def key(self, answer: Mapping[str, str]) -> dict[str, str]:
        """The key for what came back."""


@dataclass(frozen=True)
class Talk:
    """How a sign-in speaks with the person.

    show   called with the address to open, and the code to enter there if there is one
    open   opens a page in a browser of this machine; None where there is none
    paste  asks for the address at which the browser ended
    """

    show: Callable[[str, str | None], None]
    open: Callable[[str], object] | None
    paste: Callable[[], str]


def google(client_file: Path, hint: str | None, talk: Talk) -> dict[str, Any]:
    """The key of whoever signs in, by an OAuth client of their own project.

    Raises AccountError, PullProblem.
    """
    from connectors.google.sign_in import Client, Consent

    client = Client.of(read_key(client_file))
    with _told_at_once():
        return _in_browser(
            "127.0.0.1", lambda address, state: Consent(client, address, state, hint), talk
        )


def microsoft(
    settings: Settings,
    client_id: str,
    tenant: str,
    hint: str | None,
    talk: Talk,
    *,
    device: bool,
) -> dict[str, Any]:
    """The key of whoever signs in, by a public app. Raises AccountError, PullProblem.

    device  sign in on another device, by a code
    """
    from connectors.microsoft import Endpoints
    from connectors.microsoft.sign_in import Consent, DeviceConsent

    endpoints = Endpoints(
        graph=settings.microsoft.graph_endpoint, login=settings.microsoft.login_endpoint
    )
    with _told_at_once():
        if device:
            by_code = DeviceConsent(client_id, tenant, endpoints)
            talk.show(*by_code.code)
            return by_code.key()
        # Entra lets a public app come back to any port of localhost, but not to 127.0.0.1.
        return _in_browser(
            "localhost",
            lambda address, state: Consent(client_id, tenant, endpoints, address, state, hint),
            talk,
        )


def has_browser() -> bool:
    """Whether this machine can show a page to whoever sits before it."""
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform == "linux" and not has_screen and "WSL_DISTRO_NAME" not in os.environ:
        return False  # else a text browser would take the terminal
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


@contextmanager
def _told_at_once() -> Iterator[None]:
    """Whoever sits and waits is told what is wrong now; only a pull has time to ask again."""
    try:
        yield
    except Later as later:
        raise later.problem from None


def _in_browser(host: str, begin: Callable[[str, str], Consent], talk: Talk) -> dict[str, Any]:
    if talk.open is None:
        state = secrets.token_urlsafe(24)
        consent = begin(_NOWHERE.format(host=host), state)
        talk.show(consent.address, None)
        answer = fields(talk.paste().strip(), state)
        if answer is None:
            raise AccountError(
                "that is not the address at which this sign-in ended; run kith connect again and "
                "copy the whole address of the page that could not be opened"
            )
        return consent.key(answer)
    with Listener() as listener:
        consent = begin(f"http://{host}:{listener.port}/", listener.state)
        talk.show(consent.address, None)
        talk.open(consent.address)
        answer = listener.wait(PATIENCE_S)
    if answer is None:
        raise AccountError("nobody signed in within five minutes; run kith connect again")
    return consent.key(answer)
