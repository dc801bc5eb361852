"""The local tenant, and a store in memory that keeps pages as kith does."""

from collections.abc import Iterator

import pytest

from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import Tenant


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    with Tenant() as running:
        yield running


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.microsoft.mail._SIZE", "odata.maxpagesize=60")
