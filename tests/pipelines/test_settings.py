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
        ("datta = 'x'", "datta is no setting; did you mean data?"),
        ("minutes = 3", "minutes is no setting; did you mean pull.minutes?"),
        ("[me]\nadresses = []", "me.adresses is no setting; did you mean me.addresses?"),
        ("qqqq = 1", "qqqq is no setting; kith.example.toml shows every setting"),
        ("audience = 'all'", 'audience: "self" or "organisation", not all'),
        ("first_month = '2024-13'", "first_month: a month is written 2024-12, not 2024-13"),
        ("first_month = 2024-12-01", 'first_month: a text in quotes, not "2024-12-01"'),
        ("daily_at = '25:00'", "daily_at: a time of day is written 05:00, not 25:00"),
        ("[me]\naddresses = 'a@b.example'", 'me.addresses: a list, as ["a@b.example"]'),
        ("[me]\naddresses = [3]", "me.addresses: a text in quotes, not 3"),
        ("me = 'a@b.example'", "me is a section: write [me], and its settings below"),
        ("[pull]\nminutes = 'an hour'", "pull.minutes: a whole number, not an hour"),
        ("[limits]\nmemory_gib = ''", "limits.memory_gib: a number, not an empty text"),
        ("[limits]\nthreads = 0", "limits.threads: at least 1, not 0"),
        ("[report]\nopenness_target = 1.5", "report.openness_target: at most 1, not 1.5"),
        ("people_names = 'maybe'", "people_names: true or false, not maybe"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_wanted(folder: Path, monkeypatch, text, words):
    (folder / "house").mkdir()
    (folder / "house" / "kith.toml").write_text(text)
    monkeypatch.setenv("KITH_CONFIG", "house/kith.toml")
    with pytest.raises(SettingsError) as error:
        Settings.load()
    assert str(error.value) == f"house/kith.toml: {words}"


def test_every_wrong_setting_is_named_at_once(folder: Path):
    (folder / "kith.toml").write_text("datta = 'x'\n[limits]\nthreads = 0\n")
    with pytest.raises(SettingsError, match=r"limits.threads: .*; kith.toml: datta is no"):
        Settings.load()


def test_what_is_no_toml_is_named(folder: Path):
    (folder / "kith.toml").write_text("audience = ")
    with pytest.raises(SettingsError, match="not readable as TOML"):
        Settings.load()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("KITH_FIRST_MONTH", "2024-13", ": first_month: a month is written 2024-12, not 2024-13"),
        ("KITH_LIMITS__THREDS", "2", ": limits.threds is no setting; did you mean limits.threads?"),
        ("KITH_PULL", '{"minutes": 0}', ": pull.minutes: at least 1, not 0"),
        ("KITH_ME__ADDRESSES", "a@b.example", ': me.addresses: a list, as ["a@b.example"]'),
        ("KITH_ME__ADDRESSES", "", ': me.addresses: a list, as ["…"]'),
        ("KITH_ME", "x", " is a section; set KITH_ME__… for each setting of it"),
    ],
)
def test_a_wrong_variable_is_named_and_not_the_file(
    folder: Path, monkeypatch, variable, value, words
):
    (folder / "kith.toml").write_text("[limits]\nthreads = 1\n")
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as error:
        Settings.load()
    assert str(error.value).startswith(variable + words)


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
