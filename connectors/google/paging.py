"""A listing from page to page, which begins anew where Google has forgotten its place.

Here: page tokens. Not here: what is listed (gmail.py, calendar.py, directory.py).
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from connectors.google.problems import Refused

EXPIRED_TOKEN = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)


def paged(ask: Callable[[str | None], dict[str, Any]]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Every answer of ``ask``, called with a page token, and whether it is the first of a listing.

    A token that is refused is over, and the listing begins anew: once, for one that was given just
    now must be good. Raises what ``ask`` raises.
    """
    token, may_begin_anew = None, True
    while True:
        try:
            answer = ask(token)
        except Refused as refused:
            if token is None or not may_begin_anew or refused.status not in EXPIRED_TOKEN:
                raise
            token, may_begin_anew = None, False
            continue
        yield answer, token is None
        token = answer.get("nextPageToken")
        if token is None:
            return
