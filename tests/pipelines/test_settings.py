"""Settings are read once, from kith.toml and the environment, and refuse what they do not know."""

import re
from pathlib import Path

import pytest

from pipelines.settings import ROOT, Settings, SettingsError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KITH_DATA", "KITH_CONFIG", "KITH_AUDIENCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_any_setting_data_lie_in_the_working_folder(folder: Path):
    settings = Settings.load()
    assert settings.data_folder == folder / "data"
    assert settings.effective_audience == "self"


def test_an_organisations_account_makes_the_audience_an_organisation(folder: Path):
    accounts = folder / "data" / "credentials" / "accounts"
    accounts.mkdir(parents=True)
    (accounts / "google-1.person.json").touch()
    assert Settings.load().effective_audience == "self"
    (accounts / "google-x.example.organisation.json").touch()
    assert Settings.load().effective_audience == "organisation"
    assert not Settings.load().shows_names
    assert Settings(audience="self").effective_audience == "self"


def test_data_lie_beside_the_kith_toml_that_names_them(folder: Path, monkeypatch):
    (folder / "house").mkdir()
    (folder / "house" / "kith.toml").write_text(
        'data = "mine"\n[me]\naddresses = ["a@b.example"]\n'
    )
    monkeypatch.setenv("KITH_CONFIG", "house/kith.toml")
    settings = Settings.load()
    assert settings.data_folder == folder / "house" / "mine"
    assert settings.me.addresses == ("a@b.example",)


def test_the_environment_wins_over_the_file(folder: Path, monkeypatch):
    (folder / "kith.toml").write_text('audience = "organisation"\n[limits]\nthreads = 1\n')
    monkeypatch.setenv("KITH_AUDIENCE", "self")
    monkeypatch.setenv("KITH_LIMITS__THREADS", "2")
    settings = Settings.load()
    assert settings.audience == "self"
    assert settings.limits.threads == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("audiense = 'self'", "audiense"),
        ("[me]\nadresses = []", "me.adresses"),
        ("audience = 'everybody'", "audience"),
        ("first_month = '2024-13'", "first_month"),
        ("daily_at = '25:00'", "daily_at"),
        ("[limits]\nthreads = 0", "limits.threads"),
        ("audience = ", "TOML"),
    ],
)
def test_a_wrong_setting_is_named(folder: Path, text: str, words: str):
    (folder / "kith.toml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        Settings.load()


def test_a_missing_kith_config_is_named(monkeypatch):
    monkeypatch.setenv("KITH_CONFIG", "nowhere.toml")
    with pytest.raises(SettingsError, match="nowhere.toml"):
        Settings.load()


def test_only_an_install_for_oneself_shows_names_unless_told_to():
    assert Settings().shows_names
    assert not Settings(audience="organisation").shows_names
    assert Settings(audience="organisation", people_names=True).shows_names


def test_scores_are_for_owners_of_mailboxes_unless_told_otherwise(folder: Path):
    assert Settings().people_scores == "own"
    (folder / "kith.toml").write_text('people_scores = "everybody"\n')
    with pytest.raises(SettingsError, match="people_scores"):
        Settings.load()


def test_the_example_shows_every_setting_with_its_default(folder: Path, monkeypatch):
    example = (ROOT / "kith.example.toml").read_text()
    (folder / "kith.toml").write_text(example)
    assert Settings.load() == Settings.model_construct()
    for name, section in Settings.model_fields.items():
        inner = getattr(section.annotation, "model_fields", {})
        for key in inner or [name]:
            assert re.search(rf"^(# )?{key} = ", example, re.MULTILINE), key
