"""What kith.toml says about Microsoft is what Microsoft is asked for."""

from pathlib import Path

import pytest

from sandbox.exchange import Call
from sandbox.village import Village
from tests.pipelines.killing import pull_once
from tests.pipelines.small_world import SmallWorld, small_world


def calls(folder: Path) -> list[Call]:
    """Those of one pull."""
    with small_world("microsoft", Village(months=2)) as world:
        world.sandbox.world.tenant.roles |= {"MailboxSettings.Read", "Calendars.Read"}
        pull_once(world.prepare(folder))
        return world.sandbox.log


def paths(found: list[Call], end: str) -> list[Call]:
    return [one for one in found if one.path.endswith(end)]


def test_without_a_word_nothing_more_than_needed_is_asked_for(tmp_path: Path):
    found = calls(tmp_path / "data")
    assert not any("includeHiddenFolders" in one.query for one in found)
    assert not paths(found, "/calendarView/delta")
    assert not paths(found, "/userPurpose")


def test_every_choice_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("HIDDEN_FOLDERS", "CALENDAR_DELTAS", "MAILBOX_PURPOSES"):
        monkeypatch.setenv(f"KITH_MICROSOFT__{name}", "true")
    found = calls(tmp_path / "data")
    assert all("includeHiddenFolders" in one.query for one in paths(found, "/mailFolders"))
    assert paths(found, "/calendarView/delta")
    assert paths(found, "/userPurpose")


def test_the_limits_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    waits = []
    monkeypatch.setattr("connectors.quota.Clock.wait", lambda _, seconds: waits.append(seconds))
    ordinary = SmallWorld.settings.fget
    limited = {"quota": "published", "mailbox_requests_per_10_minutes": 60}
    monkeypatch.setattr(
        SmallWorld,
        "settings",
        property(lambda one: (told := ordinary(one)) | {"microsoft": told["microsoft"] | limited}),
    )
    calls(tmp_path / "data")
    assert max(waits) > 100  # dozens of requests, each ten seconds after the one before it
