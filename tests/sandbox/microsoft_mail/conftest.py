"""Mail at the sandbox's Graph, without chance in it."""

import pytest

from sandbox.boxes import Box
from sandbox.server import Sandbox
from tests.sandbox.microsoft_client import Client, fullest


@pytest.fixture
def client(plain: Sandbox) -> Client:
    return Client(plain)


@pytest.fixture
def box(sandbox: Sandbox) -> Box:
    return fullest(sandbox)
