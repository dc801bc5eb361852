"""What a command refuses, and what it says instead, before there are own data to work on.

Here: the demo's folder, folders without data, tables that are not published yet.
Not here: wrong settings (settings.py), the commands themselves (cli.py, account_commands.py).
"""

import os

from pipelines.settings import Settings, config_path
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
