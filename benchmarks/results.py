"""RESULTS.md: sections that are written one by one, and on what machine that was.

Not here: what is measured.
"""

import importlib.metadata
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"


def machine(*libraries: str) -> str:
    """What it ran on, without saying which machine it was."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    versions = [f"{name} {importlib.metadata.version(name)}" for name in libraries]
    parts = [f"{os.cpu_count()} cores", f"{pages:.0f} GiB", platform.system()]
    return ", ".join([*parts, f"Python {platform.python_version()}", *versions])


def write_section(title: str, lines: Sequence[str]) -> None:
    """Put a section in the place of the one of that title, else behind all others."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# What was measured\n"
    section = "\n".join([f"## {title}", "", *lines, "", ""])
    old = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    text, replaced = old.subn(lambda _: section, text)
    whole = text if replaced else f"{text.rstrip()}\n\n{section}"
    RESULTS.write_text(f"{whole.rstrip()}\n", encoding="utf-8")
