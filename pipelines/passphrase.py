"""The passphrase of the secret store, asked for once at a terminal.

Here: whether it is needed, and the question. Not here: what it opens (connectors/secret_store.py).

A run without a terminal is not asked: its accounts say themselves that they cannot be opened.
"""

import sys

import typer
from rich.text import Text

from connectors import encryption
from pipelines import accounts
from pipelines.settings import Settings
from pipelines.speaking import errors


def unlock(settings: Settings, *, for_new: bool = False) -> None:
    """Ask for the passphrase where this process needs one and somebody can type it.

    for_new  an account is about to be connected
    """
    store = accounts.store(settings)
    if not (sys.stdin.isatty() and store.wants_passphrase(for_new=for_new)):
        return
    is_first = not store.names("encrypted")
    if is_first:
        _, why = store.target()
        errors.print(Text(_FIRST.format(why=why, shortest=encryption.SHORTEST)), soft_wrap=True)
    words = {"hide_input": True, "confirmation_prompt": is_first, "err": True}
    encryption.typed(typer.prompt("passphrase", **words))


_FIRST = (
    "The keys of accounts are kept encrypted ({why}). Choose a passphrase of {shortest} characters "
    "or more; kith run asks for it, and without a terminal takes it from "
    f"{encryption.VARIABLE} or the systemd credential {encryption.CREDENTIAL}. Without it the "
    "accounts have to be connected anew."
)
