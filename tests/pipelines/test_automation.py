"""The sensor that pulls for new mailboxes, and a pull that runs out of time."""

import threading
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from connectors.pages import PullProblem
from pipelines import audience
from pipelines.automation import new_mailboxes, unannounced
from pipelines.progress import Progress
from pipelines.pull import pull
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse
from sandbox.faults import Fault
from sandbox.people import GOOGLE
from sandbox.village import Village
from tests.pipelines.killing import KEY, load, pull_once
from tests.pipelines.small_world import SmallWorld, small_world


@pytest.fixture(scope="module")
def world() -> Iterator[SmallWorld]:
    with small_world("google", Village(months=2)) as world:
        yield world


def included(settings: Settings, *addresses: str) -> Settings:
    pull = settings.pull.model_copy(update={"include": addresses})
    return settings.model_copy(update={"pull": pull})


def test_the_sensor_asks_for_a_pull_when_somebody_is_new_and_only_then(world, tmp_path: Path):
    settings = load(world.prepare(tmp_path))
    with dg.build_sensor_context() as context:
        before = new_mailboxes(Warehouse(settings))(context)
        assert isinstance(before, dg.RunRequest)
        again = new_mailboxes(Warehouse(settings))(context)
        assert again.run_key == before.run_key
        pull_once(tmp_path)
        after = new_mailboxes(Warehouse(settings))(context)
        assert isinstance(after, dg.SkipReason)
        other = next(
            one.address
            for one in world.sandbox.world.village.staff
            if one.company == GOOGLE and one.address not in world.people
        )
        wider = included(settings, *world.people, other)
        assert len(unannounced(Warehouse(wider))) == 1
        audience.opt_out(wider, other)
        assert unannounced(Warehouse(wider)) == []


def test_the_sensor_says_why_it_cannot_look(world, tmp_path: Path):
    settings = load(world.prepare(tmp_path))
    world.sandbox.faults.append(Fault(at=0, kind="unauthorised_401", times=4, path="/users"))
    with dg.build_sensor_context() as context:
        found = new_mailboxes(Warehouse(settings))(context)
    world.sandbox.faults.clear()
    assert isinstance(found, dg.SkipReason)
    assert found.skip_message.count(":") >= 1
    with Warehouse(settings).connect(), dg.build_sensor_context() as context:
        busy = new_mailboxes(Warehouse(settings))(context)
    assert "works on" in busy.skip_message


def test_an_account_that_cannot_be_opened_hides_nobody_in_another(world, tmp_path: Path):
    settings = load(world.prepare(tmp_path))
    new = unannounced(Warehouse(settings))
    assert len(new) == len(world.people)
    (settings.accounts / "google-aaa.organisation.json").write_text("{}")
    (settings.accounts / "microsoft-zzz.organisation.json").write_text("damaged")
    assert unannounced(Warehouse(settings)) == new
    pull_once(tmp_path)
    with pytest.raises(PullProblem, match="damaged"):
        unannounced(Warehouse(settings))


def test_a_pull_whose_time_is_over_ends_cleanly_and_the_next_goes_on(world, tmp_path: Path):
    settings = load(world.prepare(tmp_path))
    stop = threading.Event()

    def over_with_the_first_message(progress: Progress) -> None:
        if progress.message_count:
            stop.set()

    with Warehouse(settings).connect() as connection:
        done = pull(connection, settings, KEY, over_with_the_first_message, stop)
        assert done.states == {"google": {"waiting": 1, "reading": 1}}
        done = pull(connection, settings, KEY, lambda _progress: None)
        assert done.states == {"google": {"ok": 2}}


def test_who_opts_out_while_waiting_is_not_asked_for(world, tmp_path: Path):
    settings = load(world.prepare(tmp_path))
    late = world.people[0]

    def opt_out_once_all_are_listed(progress: Progress) -> None:
        if progress.mailbox_count and not progress.mailboxes_done:
            audience.opt_out(settings, late)

    world.sandbox.log.clear()
    with Warehouse(settings).connect() as connection:
        done = pull(connection, settings, KEY, opt_out_once_all_are_listed)
    assert done.states == {"google": {"ok": 1, "opted out": 1}}
    assert late not in {call.mailbox for call in world.sandbox.log}
