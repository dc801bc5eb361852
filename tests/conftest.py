"""The order of the tests, and what the garbage collector looks through while they run.

Long files begin first: files are handed out whole, one to a core at a time; one that is long and
comes last would keep a single core busy while the others are done.
"""

import gc
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
    "test_cli.py",
    "test_real_mail.py",
    "test_report.py",
    "test_every_month.py",
    "test_giving.py",
    "test_network_diversity.py",
    "test_network_change.py",
    "test_joined_addresses.py",
    "test_exact_sums.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(_LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(_LONG)))


def pytest_collection_finish() -> None:
    """What is imported and collected by now lives to the end, so nobody need look through it.

    These are half a million objects; a test that makes many of its own, such as a village, spent
    more time on looking through them than on its work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_unconfigure() -> None:
    gc.unfreeze()
