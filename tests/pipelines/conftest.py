"""A data folder, settings and a warehouse of its own for each test."""

import shutil
from pathlib import Path

import pytest

from pipelines import pseudonym_key
from pipelines.settings import ROOT, Settings
from pipelines.warehouse import Warehouse

KEY = bytes(range(32))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings over an empty data folder, whatever this machine's environment says."""
    for name in ("KITH_DATA", "KITH_PSEUDONYM_KEY", "KITH_AUDIENCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster_home"))
    (tmp_path / "dagster_home").mkdir()
    shutil.copy(ROOT / "dagster_home" / "dagster.yaml", tmp_path / "dagster_home")
    monkeypatch.chdir(tmp_path)
    settings = Settings(data=tmp_path / "data")
    pseudonym_key.write(settings, KEY)
    return settings


@pytest.fixture
def warehouse(settings: Settings) -> Warehouse:
    return Warehouse(settings)
