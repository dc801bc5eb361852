"""The pages of Entra where a person agrees, for a device code and in a browser.

Here: forms, what the person said, the way back to the app. Not here: tokens (entra.py).

People sign in by picking who they are; nobody in the village has a password.
"""

import html
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode

from sandbox.exchange import Answer, Request
from sandbox.microsoft.sealing import seal
from sandbox.people import MICROSOFT
from sandbox.world import World

DEVICE_PAGE = "/devicelogin"
DECLINED = ""
_KEPT = ("redirect_uri", "code_challenge", "nonce")

Form = Mapping[str, str]
"""A form's fields, the last value of each."""


def form_of(request: Request) -> dict[str, str]:
    """The fields of a request's form."""
    return {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}


class Consent:
    """What people said."""

    def __init__(self, world: World) -> None:
        """Nobody has been asked."""
        self.world = world
        self._codes = 0
        # user code -> address of who agreed, DECLINED, or None while nobody has said anything
        self._said: dict[str, str | None] = {}

    def open(self) -> str:
        """A new user code."""
        self._codes += 1
        code = f"VILLAGE{self._codes:02}"
        self._said[code] = None
        return code

    def is_open(self, code: str) -> bool:
        """Whether a code waits for its person, or for the app to learn what the person said."""
        return code in self._said

    def said(self, code: str) -> str | None:
        """Who agreed, DECLINED, or None for nobody yet. An answer is told once."""
        return self._said[code] if self._said[code] is None else self._said.pop(code)

    def device_page(self, request: Request) -> Answer:
        """Where a person enters a code and agrees, or declines."""
        if request.method != "POST":
            return _page(self._question(DEVICE_PAGE, {}, '<input name="user_code">'))
        form = form_of(request)
        code = form.get("user_code", "").strip().upper()
        if self._said.get(code, DECLINED) is not None:
            return _page("<p>That code didn't work. Check the code and try again.</p>")
        self._said[code] = DECLINED if "decline" in form else form.get("account", DECLINED)
        return _page("<p>You may close this window.</p>")

    def browser_page(self, request: Request) -> Answer:
        """Where a person agrees in a browser; then back to the app with a code, or with a no."""
        if request.method != "POST":
            fields = {name: values[-1] for name, values in request.query.items()}
            return _page(self._question(request.path, fields))
        form = form_of(request)
        back = {"state": form["state"]} if "state" in form else {}
        if "decline" in form:
            message = "AADSTS65004: User declined to consent to access the app."
            back |= {"error": "access_denied", "error_description": message}
        else:
            content = {name: form.get(name) for name in _KEPT} | {"user": form.get("account", "")}
            back |= {"code": seal("code", content)}
        place = form.get("redirect_uri", "")
        if form.get("response_mode") == "form_post":
            send = "<script>document.forms[0].submit()</script>"
            return _page(
                f'<form method="post" action="{html.escape(place)}">{_hidden(back)}'
                f"<button>Continue</button></form>{send}"
            )
        mark = "&" if "?" in place else "?"
        return Answer(302, b"", {"Location": f"{place}{mark}{urlencode(back)}"})

    def _question(self, action: str, fields: Form, code: str = "") -> str:
        """A form that asks who is there and whether they agree."""
        people = "".join(
            f'<option value="{one.address}">{html.escape(one.name)}</option>'
            for one in self.world.directory(MICROSOFT)
            if one.kind == "person" and not one.is_suspended
        )
        return (
            f'<form method="post" action="{html.escape(action)}">{_hidden(fields)}{code}'
            f'<select name="account">{people}</select><button>Accept</button>'
            '<button name="decline" value="yes">Cancel</button></form>'
        )


def _hidden(fields: Form) -> str:
    return "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in fields.items()
    )


def _page(text: str) -> Answer:
    page = f"<!DOCTYPE html><html><head><title>Sign in</title></head><body>{text}</body></html>"
    return Answer(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})
