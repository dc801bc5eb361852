"""Pages of changes told otherwise: in another order, or with the page before them once more.

Here: what was told last, and one answer made anew. Not here: what is told (mail_delta.py,
calendar.py), which answers are struck (faults.py).

Graph promises no order within a round, and that whatever it tells may come again.
"""

import json
import re
from dataclasses import replace

from sandbox.exchange import Answer, Request

_KEY = re.compile(r"\('([^']*)'\)")


class Told:
    """The page that each path told last."""

    def __init__(self) -> None:
        """Nothing was told yet."""
        self._last: dict[str, bytes] = {}

    def page(self, request: Request, answer: Answer) -> Answer:
        """The answer in the manner that the request is to be answered in."""
        if answer.status != 200:
            return answer
        # Links say users('x') where a first request says users/x.
        path = _KEY.sub(r"/\1", request.path)
        before = self._last.get(path)
        self._last[path] = answer.body
        if request.manner is None:
            return answer
        body = json.loads(answer.body)
        if request.manner == "reordered":
            body["value"].reverse()
        elif before is not None:
            body["value"] = json.loads(before)["value"] + body["value"]
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return replace(answer, body=text.encode())
