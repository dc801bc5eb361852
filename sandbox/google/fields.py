"""Partial responses: the ``fields`` parameter, ``a,b/c,d(e,f),*``.

Here: reading the parameter, leaving out of an answer what it does not name.
"""

import re
from functools import lru_cache
from typing import Any

from sandbox.google import refusal

Selection = dict[str, "Selection | None"]
"""Field -> what to keep of it, None for all of it; ``*`` stands for every other field."""

_TOKEN = re.compile(r"\s*([A-Za-z0-9_\-*]+|[,/()])\s*")


@lru_cache(maxsize=256)
def read(text: str) -> Selection:
    """The selection that a ``fields`` text means. Raises Refusal (400)."""
    tokens, end = [], 0
    while end < len(text):
        match = _TOKEN.match(text, end)
        if match is None:
            raise refusal.bad_fields(text)
        tokens.append(match[1])
        end = match.end()
    tokens.reverse()
    selection = _several(tokens, text)
    if tokens:
        raise refusal.bad_fields(text)
    return selection


def _several(tokens: list[str], text: str) -> Selection:
    """Paths parted by commas; takes them off the end of ``tokens``."""
    found: Selection = {}
    while True:
        _merge(found, _path(tokens, text))
        if not tokens or tokens[-1] != ",":
            return found
        tokens.pop()


def _path(tokens: list[str], text: str) -> Selection:
    if not tokens or tokens[-1] in ",/()":
        raise refusal.bad_fields(text)
    name = tokens.pop()
    if tokens and tokens[-1] == "/":
        tokens.pop()
        return {name: _path(tokens, text)}
    if tokens and tokens[-1] == "(":
        tokens.pop()
        inner = _several(tokens, text)
        if not tokens or tokens.pop() != ")":
            raise refusal.bad_fields(text)
        return {name: inner}
    return {name: None}


def _merge(into: Selection, other: Selection) -> None:
    """Keep what either keeps: ``a/b,a`` is all of ``a``."""
    for name, inner in other.items():
        known = into.get(name, {})
        if inner is None or known is None:
            into[name] = None
        else:
            into[name] = dict(known)
            _merge(into[name], inner)


def keep(selection: Selection | None, value: Any) -> Any:
    """What the selection keeps of a JSON value."""
    if selection is None:
        return value
    if isinstance(value, list):
        return [keep(selection, one) for one in value]
    if not isinstance(value, dict):
        return value
    if "*" in selection:
        rest = selection["*"]
        return {name: keep(selection.get(name, rest), one) for name, one in value.items()}
    return {name: keep(inner, value[name]) for name, inner in selection.items() if name in value}
