"""Whatever Google does: the rows of an undisturbed pull, or a word and nothing lost."""

from pathlib import Path

import pytest

from connectors.google import GoogleAccount
from pipelines import pull as engine
from tests.pipelines.fault_seeds import IS_TORTURE, SEEDS, trial
from tests.pipelines.killing import QuickClock

PATIENCE_S = 0.4  # how long a silent Google is waited for


@pytest.mark.parametrize("brings_changes", [False, True], ids=["first pull", "changes"])
def test_faults_at_random_change_nothing_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brings_changes: bool
):
    monkeypatch.setattr(engine, "Clock", QuickClock)
    monkeypatch.setitem(GoogleAccount.__init__.__kwdefaults__, "timeout_s", PATIENCE_S)
    with trial("google", tmp_path, brings_changes=brings_changes) as pulls:
        failed = sum(pulls.under(seed) for seed in SEEDS)
    assert 0 < failed < len(SEEDS)
    if IS_TORTURE:
        never = {kind for kind in pulls.world.vendor.faults if not pulls.struck[kind]}
        # A first pull has no sync token that could expire.
        assert never == (set() if brings_changes else {"sync_expired"})
