"""The house stands as DESIGN says: who may import whom, how large a module may be."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

from pipelines.models import Graph
from pipelines.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("connectors", "pipelines", "sandbox", "tests")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
HOUSE = [path for path in MODULES if path.parts[len(ROOT.parts)] != "tests"]


def imports(path: Path) -> set[str]:
    """Every module that a file imports anywhere in it, as written."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write absolute imports"
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def forbidden(path: Path) -> list[str]:
    """Imports of a file that no arrow of the design allows."""
    package = path.relative_to(ROOT).parts[0]
    banned = {
        "connectors": ("pipelines", "sandbox", "tests", "dagster", "duckdb", "sqlglot"),
        "sandbox": ("pipelines", "connectors", "tests", "dagster", "duckdb"),
        "pipelines": ("tests",) if path.name == "cli.py" else ("tests", "sandbox"),
        "tests": (),
    }[package]
    sources = {"google", "microsoft", "files"}
    own = path.relative_to(ROOT).parts[1].removesuffix(".py")
    if package == "connectors" and own in sources:
        banned += tuple(f"connectors.{other}" for other in sources - {own})
    return [
        name
        for name in imports(path)
        if any(name == one or name.startswith(f"{one}.") for one in banned)
        or name.startswith("dagster._")
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_imports_against_the_arrows_of_the_design(path: Path):
    assert forbidden(path) == []


def test_a_forbidden_arrow_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    for name, text in {
        "connectors/google.py": "from connectors import files",
        "connectors/addresses.py": "def f():\n    import duckdb",
        "pipelines/run.py": "import sandbox.village",
        "pipelines/build.py": "from dagster._core import errors",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        assert forbidden(path), name


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_outgrows_its_room(path: Path):
    assert path.stem not in {"utils", "helpers", "common", "base", "manager"}
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 420


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_opens_by_saying_what_lives_there(path: Path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_only_the_warehouse_opens_duckdb():
    for path in HOUSE:
        calls = "duckdb.connect(" in path.read_text(encoding="utf-8")
        assert calls == (path == ROOT / "pipelines" / "warehouse.py"), path


def test_months_rest_on_nothing_that_changes_without_making_them_stale():
    """A table rebuilt whole may feed monthly ones only if it touches them, or is theirs by text."""
    graph = Graph.load()
    # months carries as_of, which built_months compares; the others change with their SQL alone.
    harmless = {"staging.months", "staging.parameters", "staging.freemail_domains"}
    for model in graph.models:
        if model.is_monthly:
            for name in model.upstreams:
                whole = name in graph.raw_sources and not graph[name].is_monthly
                assert not whole or graph[name].touches or name in harmless, (model.name, name)


def test_the_example_shows_every_setting_with_its_default():
    text = (ROOT / "kith.example.toml").read_text(encoding="utf-8")
    uncommented = "\n".join(
        line.removeprefix("# ") if line.startswith("# ") and " = " in line else line
        for line in text.splitlines()
        if not line.startswith("# The environment wins")
    )
    shown = tomllib.loads(uncommented)
    defaults = Settings().model_dump(mode="json")
    assert shown.keys() == defaults.keys()
    for name, value in defaults.items():
        if isinstance(value, dict):
            assert shown[name].keys() == value.keys()
            stated = {part: v for part, v in value.items() if v is not None}
            assert {part: shown[name][part] for part in stated} == stated
        else:
            assert value is None or shown[name] == value


def test_the_lock_names_no_index_and_pins_every_package_by_hash():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index" not in lock
    assert "--find-links" not in lock
    packages = [line for line in lock.splitlines() if "==" in line]
    assert len(packages) > 50
    assert lock.count("--hash=sha256:") >= len(packages)


def test_every_dependency_says_why_it_is_there():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("dependencies = [")
    listed = lines[start + 1 : lines.index("]", start)]
    assert listed
    assert all("#" in line for line in listed)
