"""``python -m sandbox``: both vendors on loopback as a process of their own.

Here: options, key files, waiting for the end. Not here: the server (server.py).
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from sandbox.people import GOOGLE, MICROSOFT
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World


def main() -> None:
    """Serve until standard input closes or SIGTERM comes; one JSON line says where."""
    options = _options()
    world = World(Village(seed=options.seed, months=options.months))
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    threading.Thread(target=_wait_for_end_of_input, args=(over,), daemon=True).start()
    with Sandbox(world, options.google_port, options.microsoft_port) as sandbox:
        if options.keys is not None:
            write_keys(world, options.keys)
        where = {
            "google": sandbox.google_url,
            "google_admin": world.admin(GOOGLE),
            "microsoft": sandbox.microsoft_url,
        }
        print(json.dumps(where), flush=True)
        over.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=main.__doc__)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--google-port", type=int, default=0)
    parser.add_argument("--microsoft-port", type=int, default=0)
    parser.add_argument("--keys", type=Path, help="folder for the key files, made if need be")
    return parser.parse_args()


def write_keys(world: World, folder: Path) -> None:
    """Write each company's key file and one person's consent each, readable by the owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {
        "google.json": world.google_key_file(),
        "google-user.json": world.google_user_file(world.admin(GOOGLE)),
        "microsoft.json": world.microsoft_key_file(),
        "microsoft-user.json": world.microsoft_user_file(world.admin(MICROSOFT)),
    }
    for name, content in files.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)


def _wait_for_end_of_input(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


if __name__ == "__main__":
    main()
