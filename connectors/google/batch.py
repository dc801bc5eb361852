"""Many requests in one: the bytes of a batch and of its answer.

Here: multipart both ways. Not here: which requests (fetching.py), sending (access.py), what a
part's status means (problems.py).

Not the client's BatchHttpRequest: it loses a whole batch where one part is missing, fetches fresh
tokens on a connection without a timeout, and takes more than ten times as long.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_BOUNDARY = "kith_part"
CONTENT_TYPE = f'multipart/mixed; boundary="{_BOUNDARY}"'
_BOUNDARY_OF = re.compile(r'boundary="?([^";\s]+)', re.IGNORECASE)
_NUMBER = re.compile(rb"content-id:[^\r\n]*?(\d+)>", re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Part:
    """One answer inside a batch."""

    status: int
    body: bytes


def joined(paths: Iterable[str]) -> str:
    """The body of a batch of GETs, each numbered by its place; its type is CONTENT_TYPE."""
    parts = (
        f"--{_BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <kith+{number}>\r\n"
        f"\r\nGET {path} HTTP/1.1\r\n\r\n\r\n"
        for number, path in enumerate(paths)
    )
    return f"{''.join(parts)}--{_BOUNDARY}--\r\n"


def split(content_type: str, content: bytes) -> dict[int, Part]:
    """Number -> part of an answer, as far as it can be read; never raises on any bytes."""
    boundary = _BOUNDARY_OF.search(content_type)
    if boundary is None:
        return {}
    found = {}
    for chunk in content.split(b"--" + boundary[1].encode()):
        pieces = _BLANK_LINE.split(chunk, maxsplit=2)
        number = _NUMBER.search(pieces[0])
        status = pieces[1].split(maxsplit=2)[1:2] if len(pieces) == 3 else []
        if number and status and status[0].isdigit():
            found[int(number[1])] = Part(int(status[0]), pieces[2])
    return found
