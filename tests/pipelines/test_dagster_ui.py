"""kith ui serves this folder or says that it cannot, and leaves no process behind."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import urllib3

KITH = Path(sys.executable).with_name("kith")
# Dagster gives its server and its daemon a minute each to end before it kills them.
END_S = 180


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
    address = f"http://127.0.0.1:{port}"
    process = start(tmp_path, port)
    try:
        first = process.stdout.readline()
        assert first == f"starting; then open {address} (data: {tmp_path}/data)\n"
        lines = iter(process.stdout.readline, "")
        assert any(f"Serving dagster-webserver on {address}" in one for one in lines)
        # It says so a moment before it does; told to end in between, it would not hear it.
        patience = urllib3.Retry(connect=30, backoff_factor=0.05, backoff_max=2)
        served = urllib3.request("GET", f"{address}/server_info", retries=patience)
        assert "dagster_version" in served.json()
    finally:
        process.send_signal(signal.SIGTERM)
        # Daemon, server and code server hold the pipe, too: its end is the end of them all.
        rest, _ = process.communicate(timeout=END_S)
    assert "Dagster services shut down" in rest
