"""One measurement is one fresh process: what it took, and a checksum of what it found.

Here: the clock that a measured function starts and stops, the child process it runs in, repeats
that take turns, and their least and median.
Not here: what is measured (the modules of the questions), the table (__main__.py).

Processor seconds are the figure to compare: on a machine that others use, wall time says more about
them. Peak memory is that of the process from the first lap on, by the kernel's high-water mark.
"""

import contextlib
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CLEAR, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
GIB = 2**30
# Sums of doubles that several programs add up in their own order agree to this part.
TOLERANCE = 1e-9


@dataclass
class Lap:
    """Seconds of one part of a measurement."""

    wall: float
    cpu: float


@dataclass
class Clock:
    """Laps by name, and peak memory since the first of them began; GiB."""

    laps: dict[str, Lap] = field(default_factory=dict)
    peak: float = 0

    @contextlib.contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Time the block; what stands between laps is not counted."""
        if not self.laps:
            _forget_peak()
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        lap = self.laps.setdefault(name, Lap(0, 0))
        lap.wall += time.perf_counter() - wall
        lap.cpu += time.process_time() - cpu
        self.peak = _peak()


def _forget_peak() -> None:
    """Let the high-water mark begin anew, where the system can."""
    with contextlib.suppress(OSError):
        CLEAR.write_text("5")


def _peak() -> float:
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / GIB
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / GIB


@dataclass(frozen=True)
class Contender:
    """Who is measured: a function of one of these modules, called with a clock and ``arguments``.

    It gives what it found as {"rows": ..., "sum": ...}; contenders that must find the same share
    ``agrees``. A slow one may run only ``runs`` times.
    """

    name: str
    function: str
    arguments: Mapping[str, Any]
    agrees: str | None = None
    runs: int | None = None


@dataclass(frozen=True)
class Measured:
    """All runs of one contender."""

    contender: Contender
    laps: Sequence[Mapping[str, Lap]]
    peak: float
    found: Mapping[str, float]

    def least(self, what: str = "cpu") -> float:
        """The least total of all laps."""
        return min(self._totals(what))

    def median(self, what: str = "cpu") -> float:
        """The median total of all laps."""
        return statistics.median(self._totals(what))

    def lap(self, name: str, what: str = "cpu") -> float:
        """The least of one lap."""
        return min(getattr(laps[name], what) for laps in self.laps)

    def _totals(self, what: str) -> list[float]:
        return [sum(getattr(lap, what) for lap in laps.values()) for laps in self.laps]


class Disagreement(RuntimeError):
    """Two contenders that should compute the same do not."""


def measure(contenders: Sequence[Contender], runs: int) -> dict[str, Measured]:
    """Run all in turns, each time in a new process. Raises Disagreement."""
    answers: dict[str, list[dict[str, Any]]] = {one.name: [] for one in contenders}
    for turn in range(runs):
        for one in contenders:
            if turn < (one.runs or runs):
                answers[one.name].append(in_a_new_process(one.function, one.arguments))
    found = {}
    for one in contenders:
        found[one.name] = Measured(
            one,
            [
                {name: Lap(**lap) for name, lap in answer["laps"].items()}
                for answer in answers[one.name]
            ],
            max(answer["peak"] for answer in answers[one.name]),
            answers[one.name][0]["found"],
        )
    _compare(list(found.values()))
    return found


def in_a_new_process(function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Call ``module.function`` of this package there; its laps, peak memory and findings."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measuring", function, json.dumps(arguments)],
        cwd=ROOT,
        env=os.environ | {"KITH_PSEUDONYM_KEY": "0" * 64},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _compare(measured: Sequence[Measured]) -> None:
    first: dict[str, Measured] = {}
    for one in measured:
        if (group := one.contender.agrees) is None:
            continue
        other = first.setdefault(group, one)
        for name, value in one.found.items():
            expected = other.found[name]
            if abs(value - expected) > TOLERANCE * max(abs(expected), 1):
                raise Disagreement(
                    f"{one.contender.name} finds {name} {value}, {other.contender.name} {expected}"
                )


def main() -> None:
    """Measure one function in this process and print it as JSON."""
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    module, _, function = name.rpartition(".")
    clock = Clock()
    found = getattr(importlib.import_module(f"benchmarks.{module}"), function)(clock, **arguments)
    laps = {name: vars(lap) for name, lap in clock.laps.items()}
    print(json.dumps({"laps": laps, "peak": clock.peak, "found": found}))


if __name__ == "__main__":
    main()
