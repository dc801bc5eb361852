"""What is wrong with kith.toml or a KITH_* variable, in words for whoever wrote it.

Here: pydantic's findings turned into where, which setting, what was given and what is wanted.
Not here: the settings (settings.py).
"""

import difflib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

_SHOWN = 40


def in_words(error: ValidationError, model: type[BaseModel], path: Path) -> str:
    """Every problem in one line; ``path`` is the kith.toml that was read."""
    return "; ".join(_problem(one, model, path) for one in error.errors())


def unreadable_variable(model: type[BaseModel]) -> str:
    """The KITH_* variable that holds no JSON although its setting is a list or a section."""
    fields = _fields(model)
    lists = {name for name, field in fields.items() if get_origin(field.annotation) is tuple}
    for variable, value in os.environ.items():
        if not variable.upper().startswith("KITH_") or _is_json(value):
            continue
        setting = variable[len("KITH_") :].lower().replace("__", ".")
        if setting in lists:
            return f"{variable}: {setting}: {_list_of(value)}"
        if any(name.startswith(f"{setting}.") for name in fields):
            return f"{variable} is a section; set {variable}__… for each setting of it"
    return "a KITH_* variable is not readable as JSON; kith.example.toml shows every setting"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _problem(found: Mapping[str, Any], model: type[BaseModel], path: Path) -> str:
    names = [part for part in found["loc"] if isinstance(part, str)]
    setting = ".".join(names)
    what = _unknown(setting, model) if found["type"] == "extra_forbidden" else _wrong(found, names)
    return f"{_source(names, path)}: {setting}{what}"


def _source(names: Sequence[str], path: Path) -> str:
    """The variable that gives the setting or its section, else the file."""
    given = {name.upper(): name for name in os.environ}
    for depth in range(len(names), 0, -1):
        if name := given.get("KITH_" + "__".join(names[:depth]).upper()):
            return name
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _unknown(setting: str, model: type[BaseModel]) -> str:
    """What was meant: nearly the same name, or the same in another section."""
    known = list(_fields(model))
    last = setting.rpartition(".")[2]
    elsewhere = [name for name in known if name.rpartition(".")[2] == last]
    near = elsewhere or difflib.get_close_matches(setting, known, n=1)
    cure = f"did you mean {near[0]}?" if near else "kith.example.toml shows every setting"
    return f" is no setting; {cure}"


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Every setting by its name, the section's before it."""
    fields = {}
    for name, field in model.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        fields |= {f"{name}.{key}": one for key, one in inner.items()} if inner else {name: field}
    return fields


def _wrong(found: Mapping[str, Any], names: Sequence[str]) -> str:
    """What is wanted, and what was given."""
    kind, given, limits = found["type"], found["input"], found.get("ctx", {})
    if kind in {"tuple_type", "list_type"}:
        return f": {_list_of(given)}"
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        return f" is a section: write [{names[-1]}], and its settings below"
    wanted = {
        "value_error": str(limits.get("error")),
        "literal_error": limits.get("expected", "").replace("'", '"'),
        "string_type": "a text in quotes",
        "path_type": "a text in quotes",
        "greater_than_equal": f"at least {limits.get('ge', 0):g}",
        "greater_than": f"more than {limits.get('gt', 0):g}",
        "less_than_equal": f"at most {limits.get('le', 0):g}",
    }
    families = {"int": "a whole number", "float": "a number", "bool": "true or false"}
    told = wanted.get(kind) or families.get(kind.partition("_")[0]) or found["msg"].lower()
    return f": {told}, not {_shown(given)}"


def _list_of(given: Any) -> str:
    example = given if given and isinstance(given, str) else "…"
    return f"a list, as {json.dumps([example], ensure_ascii=False)}"


def _shown(given: Any) -> str:
    text = given if isinstance(given, str) else json.dumps(given, default=str, ensure_ascii=False)
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return short or "an empty text"
