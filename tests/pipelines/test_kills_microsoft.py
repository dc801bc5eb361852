"""A pull from Microsoft that is killed anywhere ends, run again, where an undisturbed one ends."""

from pathlib import Path

import pytest

from tests.pipelines.kill_sweep import sweeps

LATER = (
    {"kind": "throttle_429", "retry_after": 0},
    {"kind": "unavailable_503", "retry_after": 0},
)


def test_a_kill_anywhere_and_a_wait_anywhere_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    counts = []
    for sweep in sweeps("microsoft", tmp_path):
        # A first pull is made of every kind of request; after it one way of waiting is enough.
        ways = LATER if not counts else LATER[:1]
        waits = min(sweep.wait_at_answers(monkeypatch, way) for way in ways)
        counts.append((sweep.kill_at_answers(), sweep.kill_at_commits(), waits))
    (first_answers, first_commits, first_waits), (answers, commits, waits) = counts
    assert first_answers > answers > 5
    assert first_commits > 5
    assert commits > 5
    assert first_waits >= first_answers
    assert waits >= answers
