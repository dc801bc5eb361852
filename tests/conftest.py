"""The order of the tests: files that take a minute or more begin first.

Files are handed out whole, one to a core at a time; one that is long and comes last would keep a
single core busy while the others are done.
"""

import os

import pytest

# No test may touch the keyring of whoever runs it.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

_LONG = (
    "test_kills_google.py",
    "test_kills_microsoft.py",
    "test_village_over_http.py",
    "test_definitions.py",
    "test_accounts.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(_LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(_LONG)))
