"""A pull from Google that is killed anywhere ends, run again, where an undisturbed one ends."""

from pathlib import Path

from tests.pipelines.kill_sweep import sweeps

LATER = (
    {"kind": "throttle_429", "retry_after": 0},
    {"kind": "google_403_rate"},
    {"kind": "unavailable_503", "retry_after": 0},
)


def test_a_kill_anywhere_and_a_wait_anywhere_change_nothing(tmp_path: Path):
    counts = []
    for sweep in sweeps("google", tmp_path):
        counts.append(
            (
                sweep.every_answer(),
                sweep.every_commit(after=False),
                sweep.every_commit(after=True),
                sweep.every_wait(
                    {"kind": "throttle_429", "retry_after": 0},
                    {"kind": "google_403_rate"},
                    {"kind": "unavailable_503", "retry_after": 0},
                ),
            )
        )
    (first_answers, first_commits, _, _), (answers, commits, _, _) = counts
    print(f"kills and waits, first pull and second: {counts}")
    assert first_answers > answers > 5
    assert first_commits > 5 and commits > 5
