"""A small village behind a sandbox of its own for each test, Google's own client and its mail."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from googleapiclient.discovery import Resource

from sandbox.boxes import Box
from sandbox.people import GOOGLE
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.sandbox.google_client import GoogleClient
from tests.sandbox.microsoft_client import PLAIN


@pytest.fixture(scope="session")
def small_village() -> Village:
    """Three months, the fewest in which a team meets before and after the reorganisation."""
    return Village(months=3)


@pytest.fixture
def world(small_village: Village) -> World:
    return World(small_village)


@pytest.fixture
def sandbox(world: World) -> Iterator[Sandbox]:
    with Sandbox(world) as served:
        yield served


@pytest.fixture
def plain(sandbox: Sandbox) -> Sandbox:
    """Without chance in it."""
    sandbox.world.graph_quirks = replace(PLAIN)
    return sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[GoogleClient]:
    with GoogleClient(sandbox) as opened:
        yield opened


@pytest.fixture
def user(world: World) -> str:
    """Somebody of the Google company with much mail."""
    sizes = {one: len(box.copies()) for one, box in world.boxes.items() if one.endswith(GOOGLE)}
    return max(sizes, key=sizes.get)


@pytest.fixture
def gmail(client: GoogleClient, user: str) -> Resource:
    return client.gmail(user).users()


@pytest.fixture
def box(world, user: str) -> Box:
    return world.boxes[user]


@pytest.fixture
def colleague(world, user: str) -> str:
    return next(p.address for p in world.village.staff[5:] if p.address != user)
