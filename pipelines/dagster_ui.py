"""The Dagster UI of one data folder, on a port of this machine.

Here: whether the port is free, and the process that becomes Dagster.
Not here: what Dagster shows (definitions.py).
"""

import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

from pipelines.run import dagster_home
from pipelines.settings import ROOT, Settings, config_path
from pipelines.speaking import Refused

HOST = "127.0.0.1"


def require_free(port: int) -> None:
    """Raise Refused, with a port that is free, where something else answers on this one.

    Dagster itself says that it serves there, whoever does.
    """
    if not _is_free(port):
        other = next(filter(_is_free, range(3001, 65_536)))
        raise Refused(f"port {port} is taken, or not yours to use; try kith ui --port {other}")


def become_dagster(settings: Settings, port: int) -> NoReturn:
    """Turn this process into Dagster's, so that whoever ends it ends Dagster with its children."""
    environment = os.environ | {
        "DAGSTER_HOME": str(dagster_home(settings)),
        "KITH_DATA": str(settings.data_folder),
    }
    if config_path().is_file():
        # Absolute, because Dagster starts in the checkout.
        environment["KITH_CONFIG"] = str(config_path())
    dg = str(Path(sys.executable).with_name("dg"))
    os.chdir(ROOT)
    os.execve(dg, [dg, "dev", "--host", HOST, "--port", str(port)], environment)


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        # As the server will: a port that was closed a moment ago is free.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
    return True
