"""A small village behind a sandbox of its own for each test, and Google's own client."""

from collections.abc import Iterator

import pytest

from sandbox.people import GOOGLE
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.sandbox.google_client import GoogleClient


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
def client(sandbox: Sandbox) -> Iterator[GoogleClient]:
    with GoogleClient(sandbox) as opened:
        yield opened


@pytest.fixture
def user(world: World) -> str:
    """Somebody of the Google company with much mail."""
    sizes = {one: len(box.copies()) for one, box in world.boxes.items() if one.endswith(GOOGLE)}
    return max(sizes, key=sizes.get)
