"""What kith takes each address of the village for, against what it truly is."""

import shutil
from collections import Counter
from collections.abc import Mapping

import pytest

from connectors.addresses import canonical
from pipelines import imports, pseudonym_key
from pipelines.build import stale_range
from pipelines.models import Graph
from pipelines.settings import Settings
from pipelines.store import transaction
from pipelines.warehouse import Warehouse
from sandbox import oddities
from sandbox.files import write_files
from sandbox.kinds import GROUP, LIST, PERSON, ROBOT
from sandbox.people import GOOGLE, MICROSOFT
from sandbox.village import Village

SECRET = bytes(range(32))
GRAPH = Graph.load()
Found = Mapping[str, tuple[str, str]]  # address -> kind, why


@pytest.fixture(scope="module")
def village() -> Village:
    return Village(months=4)


@pytest.fixture(scope="module")
def warehouse(village: Village, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The village's files, imported; no directory."""
    folder = tmp_path_factory.mktemp("kinds")
    settings = Settings(data=folder / "data")
    pseudonym_key.write(settings, SECRET)
    write_files(village, folder / "village")
    for person in village.staff:
        imports.keep(settings, folder / "village" / person.address, person.address, SECRET)
    shutil.rmtree(folder / "village")
    warehouse = Warehouse(settings)
    with warehouse.connect() as connection:
        imports.load(connection, settings, SECRET)
    return warehouse


def look(warehouse: Warehouse) -> Found:
    """The kinds as the foundations tell them now."""
    with warehouse.connect() as connection:
        stale_range(connection, GRAPH)
        rows = connection.execute(
            "SELECT address, kind, kind_reason FROM staging.address_kinds "
            "JOIN raw.addresses USING (address_key)"
        ).fetchall()
    return {address: (kind, reason) for address, kind, reason in rows}


@pytest.fixture(scope="module")
def found(warehouse: Warehouse) -> Found:
    """Without any directory."""
    return look(warehouse)


@pytest.fixture(scope="module")
def found_with_directory(village: Village, warehouse: Warehouse, found: Found) -> Found:
    """With everything that a provider's directory says: people with their aliases, and rooms."""
    entries = [(one.address, list(one.aliases), PERSON) for one in village.staff]
    entries += [(one, [], "room") for rooms in village.population.rooms.values() for one in rooms]
    with warehouse.connect() as connection, transaction(connection):
        for address, aliases, kind in entries:
            connection.execute(
                "INSERT INTO raw.people (account_id, directory_id, valid_from, address_key, "
                "alias_keys, kind, is_active) SELECT 'house', $address, '2026-06-30', address_key, "
                "(SELECT coalesce(list(address_key), []) FROM raw.addresses "
                "WHERE list_contains($aliases, address)), $kind, true "
                "FROM raw.addresses WHERE address = $address",
                {"address": address, "aliases": aliases, "kind": kind},
            )
        connection.execute("INSERT INTO raw.touched_months VALUES ('raw.people', NULL)")
    return look(warehouse)


def truth_of(village: Village) -> dict[str, str]:
    return {canonical(address): kind for address, kind in village.kinds.items()}


def told(village: Village, found: Found) -> tuple[float, float, list[tuple[str, str, str, str]]]:
    """Precision and recall of telling what is no person, and every mistake."""
    truth = truth_of(village)
    said = {address for address in truth if found[address][0] != PERSON}
    right = {address for address in said if truth[address] == found[address][0]}
    real = {address for address, kind in truth.items() if kind != PERSON}
    mistakes = [
        (address, kind, *found[address])
        for address, kind in truth.items()
        if found[address][0] != kind
    ]
    return len(right) / len(said), len(right) / len(real), mistakes


def test_the_village_knows_what_every_address_is(village: Village, found: Found):
    """Nothing that the import found is missing from the truth, and nothing is invented."""
    assert found.keys() == truth_of(village).keys()
    assert min(Counter(village.kinds.values()).values()) >= 2


@pytest.mark.parametrize("directory", ["found", "found_with_directory"])
def test_robots_lists_rooms_and_groups_are_told_from_people(
    village: Village, directory: str, request: pytest.FixtureRequest
):
    precision, recall, mistakes = told(village, request.getfixturevalue(directory))
    print(f"{directory}: precision {precision:.4f}, recall {recall:.4f}, mistakes {mistakes}")
    assert precision >= 0.98, mistakes
    assert recall >= 0.95, mistakes


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        *(
            (one, (ROBOT, "writes much, never answers, is never written to"))
            for one in oddities.SILENT
        ),
        (oddities.PLANNER, (ROBOT, "headers of a machine")),
        (oddities.TICKETS, (ROBOT, "headers of a machine")),
        (oddities.LETTERS, (ROBOT, "headers of a machine")),
        (oddities.NOTICES, (ROBOT, "name of a machine")),
        (oddities.owner_address(oddities.SENDER_LIST), (ROBOT, "form of the address")),
        *((one, (LIST, "List-Post")) for one in oddities.ODD_LISTS),
        (f"all@{GOOGLE}", (GROUP, "form of a group address that never writes")),
        (f"all@{MICROSOFT}", (GROUP, "form of a group address that never writes")),
        ("info@amberfold.example", (PERSON, "nothing speaks against it")),
    ],
)
def test_each_hard_case_is_told_for_its_own_reason(found: Found, address: str, expected):
    assert found[address] == expected


def test_who_is_always_away_and_who_posts_to_lists_alone_are_people(village: Village, found: Found):
    absent, _, poster = village.population.oddities
    assert found[absent.address][0] == PERSON
    assert found[poster.address][0] == PERSON


def test_people_whose_addresses_look_like_a_machines_are_people_by_their_answers(
    village: Village, found: Found, found_with_directory: Found
):
    odd = [
        address
        for one in village.staff
        for address in (one.address, *one.aliases)
        if address.startswith(("bounce.", "git."))
    ]
    assert len(odd) == 4
    assert {found[address][0] for address in odd} == {PERSON}
    assert {found_with_directory[address] for address in odd} == {(PERSON, "directory")}
    assert any(found[one.address] != found_with_directory[one.address] for one in village.staff)


def test_every_author_that_a_list_wrote_over_is_found_again(village: Village, warehouse: Warehouse):
    with warehouse.connect() as connection:
        ((letters, hidden, people),) = connection.execute(
            "SELECT count(*), count(*) FILTER (is_author_hidden), "
            "count(*) FILTER (authors.address LIKE '%@' || $google "
            "OR authors.address LIKE '%@' || $microsoft) "
            "FROM staging.envelopes "
            "JOIN raw.addresses AS lists ON lists.address_key = list_address_key "
            "JOIN raw.addresses AS authors ON authors.address_key = author_key "
            "WHERE lists.address = $list",
            {"google": GOOGLE, "microsoft": MICROSOFT, "list": oddities.REWRITING_LIST},
        ).fetchall()
    assert letters > 10
    assert (hidden, people) == (0, letters)
