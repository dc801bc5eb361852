"""``python -m bi.serve``: Superset on 127.0.0.1 with kith's dashboard on the published tables.

Here: the folder that Superset keeps its things in, when they are loaded anew, the server. Not here:
what is loaded (load.py), Superset's settings (superset_config.py), its environment (Makefile).
"""

import argparse
import hashlib
import os
import secrets
import subprocess
import sys
from pathlib import Path

from connectors import private_files
from pipelines.publish import DICTIONARY, VIEWS
from pipelines.settings import Settings, make_private

_HERE = Path(__file__).resolve().parent
ENVIRONMENT = _HERE.parent / ".venv-superset"
_LOADED = "loaded.sha256"


def environment(folder: Path, parquet: Path) -> dict[str, str]:
    """The environment of every process of Superset: where its things, tables and settings lie."""
    return os.environ | {
        "KITH_SUPERSET": str(folder),
        "KITH_PARQUET": str(parquet),
        "SUPERSET_CONFIG_PATH": str(_HERE / "superset_config.py"),
        "FLASK_APP": "superset.app:create_app()",
    }


def load(folder: Path, parquet: Path, *, new_password: bool = False) -> str:
    """Make Superset ready in ``folder`` and give the new password of ``admin``, else an empty text.

    Does nothing while definitions, columns, place and versions are those of the last time, so that
    what somebody changed in the dashboard stays until kith brings another one. Until it has been
    ready once, each try gives a new password: that of a failed one was never said. Raises
    CalledProcessError where Superset fails; its own words are on the standard error.
    """
    make_private(folder)
    key = folder / "secret.key"
    if not key.exists():
        private_files.replace(key, secrets.token_urlsafe(42))
    marker = folder / _LOADED
    digest = _digest(parquet)
    new_password = new_password or not marker.exists()
    if not new_password and marker.read_text(encoding="ascii") == digest:
        return ""
    arguments = [ENVIRONMENT / "bin" / "python", _HERE / "load.py"]
    done = subprocess.run(
        [*arguments, "--new-password"] if new_password else arguments,
        env=environment(folder, parquet),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    private_files.replace(marker, digest)
    return done.stdout.strip()


def command(address: str) -> list[str]:
    """The server at an address, or at a socket ``fd://…``: one process opens DuckDB's file once."""
    return [
        str(ENVIRONMENT / "bin" / "gunicorn"),
        *("--bind", address, "--workers", "1", "--threads", "8", "--timeout", "120"),
        *("--log-level", "warning", "superset.app:create_app()"),
    ]


def _digest(parquet: Path) -> str:
    """A digest of everything that is loaded, and of where it lies.

    DuckDB refuses a view whose files have other columns than they had; the dictionary tells that.
    """
    read = [*sorted((_HERE / "dashboard").rglob("*.yaml")), *sorted(_HERE.glob("*.*"))]
    read += [parquet / VIEWS, parquet / f"{DICTIONARY}.parquet"]
    parts = [str(parquet).encode(), *(path.read_bytes() for path in read)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def main() -> None:
    """Load what is new, then become the server."""
    parser = argparse.ArgumentParser(prog="python -m bi.serve", description=__doc__)
    parser.add_argument("--port", type=int, default=8088)
    parser.add_argument("--new-password", action="store_true", help="where the first one is lost")
    given = parser.parse_args()
    settings = Settings.load()
    if not (settings.parquet / VIEWS).exists():
        sys.exit(f"{settings.parquet} holds no published tables; kith run makes them")
    if not (ENVIRONMENT / "complete").exists():
        sys.exit("Superset is not here; make superset installs it")
    folder = settings.data_folder / "superset"
    if password := load(folder, settings.parquet, new_password=given.new_password):
        print(f"user admin, password {password}: said now and never again")
    print(f"http://127.0.0.1:{given.port}/superset/dashboard/kith/", flush=True)
    server = command(f"127.0.0.1:{given.port}")
    os.execve(server[0], server, environment(folder, settings.parquet))


if __name__ == "__main__":
    main()
