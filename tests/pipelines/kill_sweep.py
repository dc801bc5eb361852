"""What must hold wherever a pull is killed or told to wait: it ends, run again, in the same state.

Here: the sweep over answers and COMMITs, of a first pull and of one that brings changes.
Not here: processes (killing.py), the world (small_world.py).

``make test`` tries every third place, ``make torture`` (KITH_TORTURE=1) and CI every one.
"""

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines import pull as engine
from sandbox.faults import Fault
from sandbox.village import Village
from tests.pipelines.fault_seeds import IS_TORTURE
from tests.pipelines.killing import Killer, QuickClock, digest, pull_once
from tests.pipelines.small_world import SmallWorld, small_world

STEP = 1 if IS_TORTURE else 3


@dataclass
class Sweep:
    """A world, a data folder as it stands before the pull, and the state that it must end in."""

    world: SmallWorld
    killer: Killer
    before: Path
    expected: str
    folder: Path

    def begin(self) -> Path:
        """A fresh copy of the data folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.before, self.folder)
        return self.folder

    def kill_at_answers(self) -> int:
        """Kill at an answer, before it is sent; how many there are, rounded up to STEP."""
        sandbox = self.world.sandbox

        def attempt(position: int) -> int:
            sandbox.faults[:] = [
                Fault(at=sandbox.calls + position, kind="kill", call=self.killer.kill)
            ]
            return self.killer.pull(self.begin())

        return self._until_undisturbed(attempt)

    def kill_at_commits(self) -> int:
        """Kill at a COMMIT; how many there are, rounded up to STEP."""
        return self._until_undisturbed(
            lambda position: self.killer.pull(self.begin(), position + 1)
        )

    def _until_undisturbed(self, attempt: Callable[[int], int]) -> int:
        for position in itertools.count(step=STEP):
            status = attempt(position)
            self.world.sandbox.faults.clear()
            if status == 0:
                assert digest(self.folder) == self.expected
                return position
            assert status == -9, f"at {position} the pull failed instead of dying"
            assert self.killer.pull(self.folder) == 0
            assert digest(self.folder) == self.expected, f"killed at {position}"
        raise AssertionError("count() does not end")

    def wait_at_answers(self, patch: pytest.MonkeyPatch, fault: dict) -> int:
        """Let the provider say "later" at an answer; how many there are, rounded up to STEP."""
        sandbox = self.world.sandbox
        patch.setattr(engine, "Clock", QuickClock)
        for position in itertools.count(step=STEP):
            sandbox.faults[:] = [Fault(at=sandbox.calls + position, **fault)]
            pull_once(self.begin())
            assert digest(self.folder) == self.expected, f"{fault} at {position}"
            if sandbox.faults.pop().times:
                return position
        raise AssertionError("count() does not end")


def _sweep(world: SmallWorld, killer: Killer, before: Path, after: Path) -> Sweep:
    """A sweep that must end where one undisturbed pull does."""
    shutil.copytree(before, after)
    assert killer.pull(after) == 0
    return Sweep(world, killer, before, digest(after), after.with_name("tried"))


def sweeps(provider: str, folder: Path) -> Iterator[Sweep]:
    """A sweep over the first pull; then, in the changed world, one over the second."""
    killer = Killer()
    try:
        with small_world(provider, Village(months=2)) as world:
            empty = world.prepare(folder / "empty")
            first = folder / "first"
            yield _sweep(world, killer, empty, first)
            world.live()
            yield _sweep(world, killer, first, folder / "second")
    finally:
        killer.close()
