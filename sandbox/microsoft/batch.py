"""Several requests to Graph in one.

Here: taking a batch apart, putting the answers together, faults that strike one part.
Not here: the requests themselves (graph.py).

The whole is well, with status 200, whatever became of its parts: each has a status of its own.
"""

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox.exchange import Answer, Call, Request
from sandbox.faults import Fault
from sandbox.microsoft.graph import ROOT, Graph
from sandbox.microsoft.refusal import Refusal

PATH = f"{ROOT}$batch"
_MOST = 20
_FAULTS = {
    "part_429": Refusal(429, "ApplicationThrottled", "Application is over its limit."),
    "part_500": Refusal(500, "InternalServerError", "An internal server error occurred."),
}


def batch(graph: Graph, request: Request) -> Answer:
    """The answers to the parts of a batch."""
    try:
        parts = json.loads(request.body)["requests"]
    except (ValueError, KeyError):
        return graph.refused(Refusal(400, "BadRequest", "Invalid batch payload format."))
    if len(parts) > _MOST:
        message = f"Number of batch request steps exceeds the maximum value of {_MOST}."
        return graph.refused(Refusal(400, "MaximumValueExceeded", message))
    responses, calls = [], []
    for place, part in enumerate(parts):
        fault = request.part_fault
        if fault is not None and fault.part != place:
            fault = None
        if fault is not None and fault.kind == "part_missing":
            continue
        inner = _inner(request, part)
        answer = _served(graph, inner, fault)
        responses.append(_response(part["id"], answer))
        calls.append(
            Call(
                n=-1,
                vendor="microsoft",
                method=inner.method,
                path=inner.path,
                query=inner.query,
                mailbox=answer.mailbox,
                status=answer.status,
                units=answer.units,
            )
        )
    return Answer(200, {"responses": responses}, units=len(parts), parts=tuple(calls))


def _served(graph: Graph, inner: Request, fault: Fault | None) -> Answer:
    if fault is None:
        return graph.answer(inner)
    answer = graph.refused(_FAULTS[fault.kind])
    answer.headers |= fault.headers
    return answer


def _inner(request: Request, part: dict[str, Any]) -> Request:
    """A part as a request of its own; its url is relative to /v1.0."""
    split = urlsplit(part["url"])
    raw_path = ROOT + split.path.lstrip("/")
    headers = {name.lower(): value for name, value in part.get("headers", {}).items()}
    headers |= {"authorization": request.headers.get("authorization", "")}
    query = parse_qs(split.query, keep_blank_values=True)
    return Request(part["method"], unquote(raw_path), raw_path, query, headers, b"")


def _response(part_id: str, answer: Answer) -> dict[str, Any]:
    body = answer.body if isinstance(answer.body, dict) else json.loads(answer.body)
    return {"id": part_id, "status": answer.status, "headers": answer.headers, "body": body}
