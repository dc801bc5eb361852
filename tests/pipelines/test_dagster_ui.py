"""kith ui serves this folder or says that it cannot, and leaves no process behind."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

KITH = Path(sys.executable).with_name("kith")


def start(folder: Path, port: int) -> subprocess.Popen[str]:
    """Start kith ui; what it says stays open as long as one process of it lives."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("KITH_", "DAGSTER_"))}
    home = folder / "dagster_home"
    home.mkdir()
    return subprocess.Popen(
        [str(KITH), "ui", "--port", str(port)],
        cwd=folder,
        env=inherited | {"DAGSTER_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_taken_port_is_refused_with_one_that_is_free(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(tmp_path, port := taken.getsockname()[1])
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.startswith(f"kith: port {port} is taken, or not yours to use; try kith ui --port 3")
    assert len(said.splitlines()) == 1


def test_ui_says_what_it_serves_and_ends_with_all_its_processes(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = start(tmp_path, port)
    try:
        first = process.stdout.readline()
        assert first == f"starting; then open http://127.0.0.1:{port} (data: {tmp_path}/data)\n"
        lines = iter(process.stdout.readline, "")
        assert any(f"Serving dagster-webserver on http://127.0.0.1:{port}" in one for one in lines)
    finally:
        process.send_signal(signal.SIGTERM)
        # Daemon, server and code server hold the pipe, too: its end is the end of them all.
        rest, _ = process.communicate(timeout=60)
    assert "Dagster services shut down" in rest
