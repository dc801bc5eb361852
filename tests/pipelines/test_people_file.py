"""people.toml says who is who, and is refused where it contradicts itself."""

from pathlib import Path

import pytest

from connectors import addresses
from pipelines import ingest, people_file
from pipelines.settings import ROOT, Settings, SettingsError
from pipelines.warehouse import Warehouse
from tests.pipelines.conftest import KEY

JOIN = '[[join]]\naddresses = ["ann@x.example", "annie@y.example"]\n'


def key(address: str) -> int:
    return addresses.address_key(KEY, address)


@pytest.fixture
def path(settings: Settings) -> Path:
    return settings.people_path


def test_without_the_file_nothing_is_known(path: Path):
    assert people_file.read(path) == people_file.PeopleFile()


def test_the_example_can_be_read_and_shows_every_entry():
    found = people_file.read(ROOT / "people.example.toml")
    assert found.join and found.apart and found.kind
    assert any(entry.note for entry in (*found.join, *found.apart, *found.kind))


def test_addresses_stand_in_canonical_form(path: Path):
    path.write_text('[[join]]\naddresses = ["Ann@X.example", "A.nn+tag@googlemail.com"]')
    (entry,) = people_file.read(path).join
    assert entry.addresses == ("ann@x.example", "ann@gmail.com")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[join]]\naddresses = ", "not readable as TOML"),
        ("[[jion]]\naddresses = []", "people.toml: jion: "),
        ('[[join]]\naddresses = ["a@x.example"]', r"\[\[join\]\] 1, addresses: name at least two"),
        (
            JOIN + '[[join]]\naddresses = ["A@x.example", "a@x.example"]',
            r"\[\[join\]\] 2, addresses: name at least two",
        ),
        ("[[join]]\nnote = 'x'", r"\[\[join\]\] 1, addresses: Field required"),
        (
            '[[join]]\naddresses = ["a@x.example", "Ann"]',
            r"\[\[join\]\] 1, addresses, 1: “Ann” is not one address",
        ),
        (JOIN + 'notes = "x"', r"\[\[join\]\] 1, notes: "),
        ('[[kind]]\nkind = "bot"\naddresses = ["a@x.example"]', r"\[\[kind\]\] 1, kind: "),
        ('[[kind]]\nkind = "robot"\naddresses = []', r"\[\[kind\]\] 1, addresses: "),
        (
            '[[kind]]\nkind = "robot"\naddresses = ["a@x.example"]\n'
            '[[kind]]\nkind = "list"\naddresses = ["A@X.example"]',
            r"\[\[kind\]\] 2 calls a@x.example a list, \[\[kind\]\] 1 a robot; keep one",
        ),
        (
            JOIN + '[[join]]\naddresses = ["annie@y.example", "a.s@z.example"]\n'
            '[[apart]]\naddresses = ["b@x.example", "ann@x.example", "a.s@z.example"]',
            r"\[\[apart\]\] 1 holds a.s@z.example and ann@x.example apart, .*take them out",
        ),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_entry(path: Path, text: str, words: str):
    path.write_text(text)
    with pytest.raises(SettingsError, match=words):
        people_file.read(path)


def test_own_addresses_cannot_be_held_apart(path: Path):
    path.write_text('[[apart]]\naddresses = ["me@x.example", "i@y.example"]')
    with pytest.raises(SettingsError, match=r"\[me\] makes one person"):
        people_file.read(path, ["Me@x.example", "i@y.example"])


def test_a_file_of_another_name_must_be_there(tmp_path: Path):
    with pytest.raises(SettingsError, match="nobody.toml, which is not there"):
        _ = Settings(data=tmp_path, people_file=Path("nobody.toml")).people_path


def test_what_it_says_becomes_rows_of_keys_once(warehouse: Warehouse, path: Path):
    def stored(name: str) -> list[tuple]:
        return connection.execute(f"FROM raw.{name} ORDER BY ALL").fetchall()

    settings = warehouse.settings
    with warehouse.connect() as connection:
        ingest.store_settings(connection, settings, KEY)
        path.write_text(
            JOIN
            + '[[apart]]\naddresses = ["ann@x.example", "other@x.example"]\nnote = "namesakes"\n'
            + '[[kind]]\nkind = "robot"\naddresses = ["build@x.example"]\n'
        )
        assert ingest.settings_differ(connection, settings, KEY)
        ingest.store_settings(connection, settings, KEY)
        assert not ingest.settings_differ(connection, settings, KEY)
        ann, annie = key("ann@x.example"), key("annie@y.example")
        assert stored("joined_by_hand") == sorted([(1, ann), (1, annie)])
        assert stored("apart_by_hand") == sorted([(1, ann), (1, key("other@x.example"))])
        assert stored("kinds_by_hand") == [(key("build@x.example"), "robot")]
        assert stored("addresses") == []
        touched = {name for name, _ in stored("touched_months")}
        assert touched == {"raw.joined_by_hand", "raw.apart_by_hand", "raw.kinds_by_hand"}
        path.unlink()
        ingest.store_settings(connection, settings, KEY)
        assert stored("joined_by_hand") == []
