"""Real mail beside the checkout; tests that need it skip where it is absent."""

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip("no real mail beside the checkout (../shared/data)")
    return DATA
