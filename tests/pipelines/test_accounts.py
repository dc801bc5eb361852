"""kith connect, run, status, opt-out and disconnect against the providers on this machine."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.people import GOOGLE, MICROSOFT
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.pipelines.small_world import upcoming
from tests.pipelines.test_cli import kith


@dataclass
class House:
    """A folder in which both organisations are connected, and the world that they live in.

    read      addresses whose mailboxes are read
    without   one that the tenant's administrator has closed to the app
    opted     somebody who opted out before anything was asked
    """

    folder: Path
    sandbox: Sandbox
    environment: dict[str, str]
    read: list[str]
    without: str
    opted: str

    def kith(self, *words: str):
        return kith(self.folder, *words, **self.environment)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    village = Village(months=2)
    world = World(village, datetime(2026, 6, 24, 8, tzinfo=UTC))
    by_company = {
        company: [one.address for one in village.staff if one.company == company][1:5]
        for company in (GOOGLE, MICROSOFT)
    }
    opted, *read = by_company[GOOGLE][:3]
    without, *more = by_company[MICROSOFT][:3]
    read += more
    with Sandbox(world) as sandbox:
        world.tenant.denied.add(without)
        (folder / "google.json").write_text(json.dumps(world.google_key_file()))
        (folder / "microsoft.json").write_text(json.dumps(world.microsoft_key_file()))
        environment = {
            "KITH_GOOGLE__GMAIL_ENDPOINT": sandbox.google_url,
            "KITH_GOOGLE__CALENDAR_ENDPOINT": f"{sandbox.google_url}/calendar/v3/",
            "KITH_GOOGLE__DIRECTORY_ENDPOINT": sandbox.google_url,
            "KITH_GOOGLE__QUOTA": "unlimited",
            "KITH_MICROSOFT__GRAPH_ENDPOINT": sandbox.microsoft_url,
            "KITH_MICROSOFT__LOGIN_ENDPOINT": sandbox.microsoft_url,
            "KITH_MICROSOFT__QUOTA": "unlimited",
            "KITH_SECRETS": "encrypted",
            "KITH_PASSPHRASE": "a horse in the rain",
            "KITH_PULL__INCLUDE": json.dumps([opted, without, *read]),
        }
        house = House(folder, sandbox, environment, read, without, opted)
        admin = world.admin(GOOGLE)
        for words in (
            ("opt-out", opted),
            ("connect", "google", "--key-file", "google.json", "--admin", admin),
            ("connect", "microsoft", "--key-file", "microsoft.json"),
        ):
            done = house.kith(*words)
            assert done.returncode == 0, done.stdout + done.stderr
            if words[0] == "connect":
                assert "it may read" in done.stdout
        done = house.kith("run")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "not every mailbox could be read; kith status says why" in done.stdout
        assert "months computed; published" in done.stdout
        yield house


def states(house: House) -> dict[str, tuple[str, str | None, int]]:
    found = json.loads(house.kith("status", "--json").stdout)
    assert {one["state"] for one in found["accounts"]} == {"ok"}
    return {
        one["mailbox"]: (one["state"], one["cure"], one["message_count"])
        for one in found["mailboxes"]
    }


def test_one_failing_mailbox_stops_no_other_and_has_a_cure(house: House):
    found = states(house)
    assert found.keys() == {house.without, *house.read}
    for address in house.read:
        held = len(house.sandbox.world.boxes[address].copies())
        assert found[address] == ("ok", None, held)
    state, cure, _ = found[house.without]
    assert state == "closed to this app"
    assert cure


def test_who_opted_out_is_never_asked_for(house: House):
    asked = {call.mailbox for call in house.sandbox.log} | {
        part.mailbox for call in house.sandbox.log for part in call.parts
    }
    assert asked.issuperset(house.read)
    assert house.opted not in asked
    assert not any(house.opted in call.path for call in house.sandbox.log)


def test_the_audience_is_an_organisation_and_no_name_is_published(house: House):
    done = house.kith("query", "select count(*) as n from people where name is not null", "--json")
    assert json.loads(done.stdout) == [{"n": 0}]
    assert "to be shared: " in house.kith("status").stdout


def test_keys_are_closed_to_others_and_stand_in_no_output(house: House):
    secret = house.sandbox.world.microsoft_key_file()["client_secret"]
    kept = list((house.folder / "data" / "credentials").rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in kept if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in kept if path.is_dir()} == {0o700}
    files = [
        path for path in house.folder.rglob("*") if path.is_file() and path.name != "microsoft.json"
    ]
    assert len(files) > 10
    assert not [path for path in files if secret.encode() in path.read_bytes()]


def test_a_second_run_of_an_unchanged_world_fetches_nothing_and_computes_nothing(house: House):
    house.sandbox.log.clear()
    done = house.kith("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing new" in done.stdout
    fetched = [
        call
        for call in house.sandbox.log
        if call.parts or call.path.endswith("/messages") or "/threads" in call.path
    ]
    assert fetched == []


def test_what_changed_is_read_and_computed(house: House):
    world = house.sandbox.world
    address = next(one for one in house.read if upcoming(world, one))
    meeting = upcoming(world, address)[0]
    world.cancel(meeting.entry.uid, meeting.original_start)
    world.advance(datetime(2026, 6, 26, 8, tzinfo=UTC))
    done = house.kith("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 months computed" in done.stdout
    assert states(house)[address][2] == len(world.boxes[address].copies())


@pytest.mark.parametrize(
    ("words", "change", "said"),
    [
        (("connect", "google", "--key-file", "nowhere.json"), {}, "not a readable JSON key file"),
        (("connect", "google", "--key-file", "google.json"), {}, "needs --admin"),
        (("connect", "microsoft", "--key-file", "bad.json"), {"client_secret": "no"}, "secret"),
        (("connect", "microsoft", "--key-file", "bad.json"), {"type": "what"}, "key"),
        (("disconnect", "google-nobody"), {}, "connected: google-lindenhof.example, microsoft-"),
        (("opt-out", "ann"), {}, "opt-out takes an address"),
    ],
)
def test_what_cannot_be_connected_is_one_line_with_its_cure(house: House, words, change, said):
    key = house.sandbox.world.microsoft_key_file() | change
    (house.folder / "bad.json").write_text(json.dumps(key))
    done = house.kith(*words)
    assert done.returncode == 1, done.stdout
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert key["client_secret"] != "no" or "Traceback" not in done.stderr


def test_a_disconnected_account_is_forgotten_and_what_was_read_stays(house: House):
    before = states(house)
    done = house.kith("disconnect", f"google-{GOOGLE}")
    assert done.returncode == 0, done.stderr
    assert "withdraw its rights where you granted them" in done.stdout
    assert not list((house.folder / "data" / "credentials" / "accounts").glob("google-*"))
    assert states(house) == before
