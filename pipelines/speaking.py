"""What every command speaks through: the two consoles, and a refusal in words.

Here: no more than that. Not here: commands (cli.py, account_commands.py), tables (terminal.py).
"""

from rich.console import Console

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


class Refused(RuntimeError):
    """A command that cannot do what it was asked; the text says why and what to do instead."""
