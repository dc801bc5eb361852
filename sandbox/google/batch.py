"""Batches: many API calls in one multipart request, answered part by part.

Here: taking the request apart, putting the answer together. Not here: serving a part (vendor.py).
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from sandbox.exchange import Answer
from sandbox.google import refusal

MOST_PARTS = 100
BOUNDARY = "batch_of-the-village"
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_CONTENT_ID = re.compile(r"^content-id:[ \t]*<?([^>\r\n]*)>?", re.IGNORECASE | re.MULTILINE)
_LINE = re.compile(r"^([A-Z]+) (\S+) HTTP/", re.MULTILINE)
_TOKEN = re.compile(r"^authorization:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"} | {
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


class Part(NamedTuple):
    """One call of a batch; ``authorization`` is None where that of the batch counts."""

    content_id: str
    method: str
    path: str
    query: dict[str, list[str]]
    authorization: str | None


def split(content_type: str, body: bytes) -> list[Part]:
    """The calls of a batch in their order. Raises Refusal (400)."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise refusal.gmail_invalid("Failed to parse batch request, error: no boundary found.")
    pieces = body.decode().split(f"--{boundary[1]}")[1:-1]
    if len(pieces) > MOST_PARTS:
        message = "Inner request count exceeds the limit. Received: {}, Limit: {}"
        raise refusal.gmail_invalid(message.format(len(pieces), MOST_PARTS))
    return [_part(piece) for piece in pieces]


def _part(piece: str) -> Part:
    line = _LINE.search(piece)
    if line is None:
        raise refusal.gmail_invalid("Failed to parse batch request, error: no request line.")
    content_id = _CONTENT_ID.search(piece, 0, line.start())
    token = _TOKEN.search(piece, line.end())
    path, _, query = line[2].partition("?")
    return Part(
        content_id=content_id[1] if content_id else "",
        method=line[1],
        path=unquote(path),
        query=_parsed(query),
        authorization=token[1].strip() if token else None,
    )


@lru_cache(maxsize=256)
def _parsed(query: str) -> dict[str, list[str]]:
    """The parameters of a query, shared by all parts that ask alike."""
    return parse_qs(query, keep_blank_values=True)


def joined(answers: Iterable[tuple[Part, Answer]]) -> bytes:
    """The multipart answer."""
    pieces = []
    for part, answer in answers:
        body = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
        pieces.append(
            f"--{BOUNDARY}\r\nContent-Type: application/http\r\n"
            f"Content-ID: <response-{part.content_id}>\r\n\r\n"
            f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}\r\n"
            "Content-Type: application/json; charset=UTF-8\r\n"
            f"Vary: Origin\r\nVary: X-Origin\r\nVary: Referer\r\n\r\n{body}\r\n"
        )
    return "".join((*pieces, f"--{BOUNDARY}--\r\n")).encode()
