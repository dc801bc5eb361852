"""A day's units are spent over all pulls of that day; the rest of a mailbox waits for the next."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines import pull as engine
from pipelines.status import status
from pipelines.warehouse import Warehouse
from sandbox.people import GOOGLE
from sandbox.village import Village
from tests.pipelines.fault_seeds import rows
from tests.pipelines.killing import QuickClock, load, pull_once
from tests.pipelines.small_world import SmallWorld, small_world

A_DAY = 2_000


def units(world: SmallWorld, folder: Path) -> int:
    """What a pull costs of Gmail's quota."""
    before = len(world.sandbox.log)
    pull_once(folder)
    mail = [call for call in world.sandbox.log[before:] if "gmail" in call.path]
    return sum(call.units for call in mail)


def cures(folder: Path) -> dict[str, str | None]:
    return {one.state: one.cure for one in status(Warehouse(load(folder))).mailboxes}


def test_a_second_pull_of_a_day_spends_what_the_first_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(engine, "Clock", QuickClock)
    with small_world("google", Village(months=2)) as world:
        boxes = world.sandbox.world.boxes
        inside = [one for one in boxes if one.endswith(f"@{GOOGLE}")]
        world.people = [max(inside, key=lambda one: len(boxes[one].copies()))]
        whole, daily = world.prepare(tmp_path / "whole"), world.prepare(tmp_path / "daily")
        google = world.settings["google"] | {"gmail_units_per_day": A_DAY}
        (daily / "settings.json").write_text(json.dumps(world.settings | {"google": google}))
        days = []
        while not days or days[-1] > 100:
            days.append(units(world, daily) + units(world, daily))
            if "ok" not in cures(daily):
                assert cures(daily).keys() == {"the day's units are spent"}
                assert "google.gmail_units_per_day" in cures(daily).popitem()[1]
            world.sandbox.world.advance(world.sandbox.world.now + timedelta(days=1))
        assert len(days) > 2
        assert max(days) <= A_DAY
        pull_once(whole)
        pull_once(daily)
        assert rows(daily)["raw.messages"] == rows(whole)["raw.messages"]
        assert rows(daily)["raw.events"] == rows(whole)["raw.events"]
