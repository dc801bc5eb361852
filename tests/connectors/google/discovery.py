"""Google's own description of its APIs, from the client's wheel: what answers may hold."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from hypothesis import strategies as st

_TEXTS = (
    "",
    "a@b.example",
    "2026-06-01",
    "2026-06-01T10:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1717243200123",
    "From",
    "To",
    "cancelled",
    "INBOX",
)


@cache
def document(name: str) -> dict[str, Any]:
    path = files("googleapiclient") / "discovery_cache" / "documents" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def defects(name: str, schema: str, value: Any, where: str = "") -> list[str]:
    """Where a JSON value is not what the schema says; [] where it is."""
    return _defects(document(name)["schemas"], {"$ref": schema}, value, where or schema)


def _defects(schemas: dict[str, Any], schema: dict[str, Any], value: Any, where: str) -> list[str]:
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    match schema.get("type"):
        case "object":
            known = schema.get("properties", {})
            if not isinstance(value, dict):
                return [where]
            return [
                defect
                for key, item in value.items()
                for defect in (
                    _defects(schemas, known[key], item, f"{where}.{key}")
                    if key in known
                    else [f"{where}.{key}"]
                )
            ]
        case "array":
            if not isinstance(value, list):
                return [where]
            return [d for item in value for d in _defects(schemas, schema["items"], item, where)]
        case "any":
            return []
        case kind:
            python = {"string": str, "boolean": bool, "integer": int}[kind]
            return [] if type(value) is python else [where]


def unknown_fields(name: str, schema: str, fields: str) -> list[str]:
    """The names in a ``fields`` expression that the schema of the answer does not have."""
    tokens = re.findall(r"[A-Za-z]+|[(),/]", fields)
    schemas = document(name)["schemas"]
    unknown: list[str] = []

    def properties(schema: dict[str, Any]) -> dict[str, Any]:
        schema = schema.get("items", schema)
        schema = schemas[schema["$ref"]] if "$ref" in schema else schema
        schema = schema.get("items", schema)
        return schema.get("properties", {})

    def selection(inside: dict[str, Any], *, one: bool) -> None:
        while tokens and tokens[0] != ")":
            word = tokens.pop(0)
            if word == ",":
                if one:
                    tokens.insert(0, word)
                    return
                continue
            if word not in inside:
                unknown.append(word)
            below = properties(inside.get(word, {}))
            if tokens[:1] == ["/"]:
                tokens.pop(0)
                selection(below, one=True)
            elif tokens[:1] == ["("]:
                tokens.pop(0)
                selection(below, one=False)
                assert tokens.pop(0) == ")"
            if one:
                return

    selection(properties({"$ref": schema}), one=False)
    assert not tokens
    return unknown


@cache
def values(name: str, schema: str) -> st.SearchStrategy[Any]:
    """Any JSON value that the schema allows: no property is ever promised."""
    return _strategy(name, document(name)["schemas"][schema])


def _strategy(name: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return st.deferred(lambda: values(name, schema["$ref"]))
    match schema.get("type"):
        case "object":
            known = schema.get("properties", {})
            return st.fixed_dictionaries(
                {}, optional={key: _strategy(name, item) for key, item in known.items()}
            )
        case "array":
            return st.lists(_strategy(name, schema["items"]), max_size=3)
        case "any":
            return st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(-(2**31), 2**31 - 1)
        case "string":
            return st.sampled_from(_TEXTS) | st.text(max_size=20)
    raise ValueError(schema)
