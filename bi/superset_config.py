"""Superset's settings for one person on one machine; ``SUPERSET_CONFIG_PATH`` names this file.

Here: where Superset keeps its own tables, its key, what its pages may load and its SQL may reach.
Not here: the tables and charts it shows (bi/dashboard).
"""

import os
import threading
from pathlib import Path

from duckdb_engine import ConnectionWrapper
from sqlalchemy import event
from sqlalchemy.engine import Engine

os.umask(0o077)  # whatever Superset writes is for its user alone
_FOLDER = Path(os.environ["KITH_SUPERSET"])
_PARQUET = os.environ["KITH_PARQUET"].replace("'", "''")

SECRET_KEY = (_FOLDER / "secret.key").read_text(encoding="ascii")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{_FOLDER / 'superset.db'}"
APP_NAME = "kith"
# Superset's own policy lets pages load a tracking pixel and maps from elsewhere. This one does not.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,  # it serves this machine alone
    "session_cookie_secure": False,
}
# Every question goes to the parquet files: an answer kept from before would be of the last release.
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
FEATURE_FLAGS = {"DASHBOARD_VIRTUALIZATION": False}

_confining = threading.Lock()


@event.listens_for(Engine, "connect")
def _confine(connection: object, _record: object) -> None:
    """Let DuckDB reach the published files and nothing else on this machine, from the SQL Lab too.

    Settings of the connection cannot say it: DuckDB takes the folder only once it has started, and
    only before access is off. Connections at the same time share one DuckDB, hence the lock.
    """
    if not isinstance(connection, ConnectionWrapper):
        return
    connection.execute("SET TimeZone = 'UTC'")
    with _confining:
        access = "SELECT current_setting('enable_external_access')"
        (is_open,) = connection.execute(access).fetchone()
        if is_open:
            connection.execute(f"SET allowed_directories = ['{_PARQUET}']")
            connection.execute("SET enable_external_access = false")
