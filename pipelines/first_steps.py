"""What a command refuses, and what it says instead, before there are own data to work on.

Here: the demo's folder, folders without data, tables that are not published yet.
Not here: wrong settings (settings.py), the commands themselves (cli.py, account_commands.py).
"""

import os
from pathlib import Path

from pipelines.settings import Settings, config_path, holds_demo
from pipelines.speaking import Refused


def refuse_demo(settings: Settings) -> None:
    """Real data never enter the demo's folder. Raises Refused, with the way out of it."""
    if not settings.is_demo:
        return
    if config_path().parent != settings.data_folder or not config_path().is_file():
        cure = "set KITH_DATA to another folder"
    elif "KITH_CONFIG" in os.environ:
        cure = "unset KITH_CONFIG to work on your own mail"
    else:
        cure = "work on your own mail in another folder"
    raise Refused(f"{settings.data_folder} holds the demo; {cure}")


def require_data(settings: Settings) -> None:
    """Raise Refused where nothing was read, imported or connected yet, with ways to begin."""
    sources = (*settings.imports.glob("*.parquet"), *settings.accounts.glob("*.json"))
    if settings.database.exists() or sources:
        return
    demo = Path("demo", "kith.toml")
    demo_waits = demo.is_file() and holds_demo(demo.parent) and config_path() != demo.resolve()
    ways = "try kith demo, kith connect or kith import"
    if demo_waits:
        ways = f"for the demo begin with KITH_CONFIG={demo}; else try kith connect or kith import"
    raise Refused(f"nothing in {settings.data_folder} yet; {ways}")


def require_database(settings: Settings) -> None:
    """Raise Refused where no run has read anything into the database yet."""
    require_data(settings)
    if not settings.database.exists():
        raise Refused(f"nothing in {settings.data_folder} was read yet; try kith run")


def require_published(settings: Settings, folder: Path) -> None:
    """Raise Refused where ``folder`` has no release, with what is missing or who is at work."""
    from pipelines.publish import MANIFEST
    from pipelines.warehouse import holder

    if (folder / MANIFEST).exists():
        return
    if process := holder(settings):
        raise Refused(
            f"nothing is published in {folder} yet; process {process} works on it: wait for it"
        )
    require_data(settings)
    raise Refused(f"nothing is published in {folder} yet; try kith run")
