"""Whatever Microsoft does: the rows of an undisturbed pull, or a word and nothing lost."""

from pathlib import Path

import pytest

from connectors.http import Timeouts
from connectors.microsoft import MicrosoftAccount
from connectors.microsoft.mail import Pull
from pipelines import pull as engine
from tests.pipelines.fault_seeds import IS_TORTURE, SEEDS, trial
from tests.pipelines.killing import QuickClock

FEW = SEEDS if IS_TORTURE else SEEDS[:3]
PATIENCE = Timeouts(connect_s=5, read_s=0.25)  # how long a silent Microsoft is waited for


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "Clock", QuickClock)
    monkeypatch.setitem(MicrosoftAccount.__init__.__kwdefaults__, "timeouts", PATIENCE)
    # So that small mailboxes have pages at all.
    for name in ("mail._SIZE", "mail._IDS_SIZE", "calendar_delta._SIZE"):
        monkeypatch.setattr(f"connectors.microsoft.{name}", "odata.maxpagesize=11")


def check(folder: Path, *, brings_changes: bool, seeds: range = SEEDS) -> set[str]:
    """Try all seeds; the kinds of faults that struck nothing."""
    with trial("microsoft", folder, brings_changes=brings_changes) as pulls:
        failed = sum(pulls.under(seed) for seed in seeds)
    assert 0 < failed < len(seeds)
    return {kind for kind in pulls.world.vendor.faults if not pulls.struck[kind]}


def test_faults_at_random_change_nothing_about_a_first_pull(tmp_path: Path):
    never = check(tmp_path, brings_changes=False, seeds=FEW)
    assert not IS_TORTURE or never == {"sync_expired"}  # nothing was tracked yet


def test_faults_at_random_change_nothing_about_a_pull_of_changes(tmp_path: Path):
    never = check(tmp_path, brings_changes=True, seeds=FEW)
    assert not IS_TORTURE or never == set()


def test_faults_at_random_change_nothing_where_ids_are_compared_and_calendars_tracked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Pull, "_is_due", lambda *_: True)
    monkeypatch.setenv("KITH_MICROSOFT__CALENDAR_DELTAS", "true")
    never = check(tmp_path, brings_changes=True, seeds=FEW)
    assert not IS_TORTURE or never == set()
