"""The demo's folder, and what it says to do next; the village is in test_village_over_http.py."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from pipelines import demo
from pipelines.settings import SettingsError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KITH_DATA", "KITH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_to_try_next_names_the_demo_and_none_changes_the_shell(here: Path):
    said = io.StringIO()
    demo.next_steps(Console(file=said, width=200), demo.prepare(Path("demo")))
    commands = [line.strip() for line in said.getvalue().splitlines() if line.startswith("    ")]
    assert len(commands) == 3
    assert all(line.startswith("KITH_CONFIG=demo/kith.toml ") for line in commands)


def test_a_folder_with_a_demo_in_it_is_not_deleted_for_a_new_one(here: Path):
    demo.prepare(Path("demo"))
    (here / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="holds something else"):
        demo.prepare(Path())
    assert (here / "mine.txt").exists()
    demo.prepare(Path("demo"))
