"""kith connect, disconnect, opt-out: whose mail is read.

Here: arguments and what is printed. Not here: signing in (sign_in.py), keys (accounts.py), the list
of those who opted out (audience.py).
"""

import re
import webbrowser
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pipelines import first_steps, terminal
from pipelines.settings import Settings
from pipelines.speaking import Refused, console


def add(app: typer.Typer) -> None:
    """Make them commands of ``app``."""
    app.command()(connect)
    app.command()(disconnect)
    app.command("opt-out")(opt_out)


class Provider(StrEnum):
    """Who holds the mail."""

    google = "google"
    microsoft = "microsoft"


def connect(
    provider: Annotated[Provider, typer.Argument(help="Whose mail and calendars.")],
    key_file: Annotated[
        Path | None,
        typer.Option(help="JSON key of an organisation: service account, app registration."),
    ] = None,
    service_account: Annotated[
        str | None,
        typer.Option(help="Google, an organisation: a service account without a key file."),
    ] = None,
    admin: Annotated[
        str | None, typer.Option(help="Google: an administrator, who may read the directory.")
    ] = None,
    client: Annotated[
        Path | None, typer.Option(help="Google, one person: JSON file of your OAuth client.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option(help="Microsoft, one person: id of your app.")
    ] = None,
    tenant: Annotated[
        str, typer.Option(help="Microsoft, one person: your directory id; common for any.")
    ] = "common",
    account: Annotated[str | None, typer.Option(help="The address to sign in with.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the page on this machine.")] = True,
    device: Annotated[
        bool, typer.Option("--device", help="Microsoft: sign in elsewhere, by a code.")
    ] = False,
) -> None:
    """Connect an account; the guides in docs/ say what is needed and where it comes from."""
    from pipelines import accounts, passphrase, sign_in

    settings = Settings.load()
    first_steps.refuse_demo(settings)
    given = [way for way in (key_file, service_account, client, client_id) if way is not None]
    if provider is Provider.google:
        fitting, own = (key_file, service_account, client), "--service-account NAME, --client FILE"
    else:
        fitting, own = (key_file, client_id), "--client-id ID"
    if len(given) != 1 or given[0] not in fitting:
        raise typer.BadParameter(f"give either --key-file FILE, or {own} to sign in as one person")
    if device and client_id is None:
        raise typer.BadParameter("--device is for --client-id; Google signs in in a browser only")
    if not service_account:
        # Before anybody signs in: a consent that cannot be kept would be lost.
        passphrase.unlock(settings, for_new=True)
        accounts.store(settings).check()
    talk = sign_in.Talk(
        show=lambda address, code: terminal.asked_to_sign_in(console, address, code),
        open=webbrowser.open if browser and sign_in.has_browser() else None,
        paste=lambda: typer.prompt("the address at which the browser ended"),
    )
    if client is not None:
        key = sign_in.google(client, account, talk)
    elif client_id is not None:
        key = sign_in.microsoft(settings, client_id, tenant, account, talk, device=device)
    elif service_account is not None:
        key = accounts.keyless(service_account)
    else:
        key = accounts.read_key(key_file)
    made = accounts.connect(settings, provider.value, key, admin)
    terminal.connected(console, made, accounts.SCOPES[provider.value, made.is_organisation])


def disconnect(
    account: Annotated[str, typer.Argument(help="Its name, as kith status shows it.")],
    unrevoked: Annotated[
        bool, typer.Option("--unrevoked", help="Forget a key that can no longer be opened.")
    ] = False,
) -> None:
    """Revoke and forget an account's key. What was read stays until it is forgotten."""
    from pipelines import accounts, passphrase

    settings = Settings.load()
    found = {one.account_id: one for one in accounts.connected(settings)}
    if account not in found:
        names = ", ".join(found) or "none"
        raise Refused(f"no account {account}; connected: {names}")
    if not unrevoked:
        passphrase.unlock(settings)
    said = accounts.disconnect(settings, found[account], revokes=not unrevoked)
    console.print(Text(said), soft_wrap=True)


def opt_out(
    address: Annotated[str, typer.Argument(help="An address of whoever is not to be read.")],
    undo: Annotated[bool, typer.Option("--undo", help="Take it off the list again.")] = False,
) -> None:
    """Never read somebody's mailbox; it is not even asked for."""
    from pipelines import audience

    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise Refused(f"opt-out takes an address such as ann@example.org, not {address}")
    changed = audience.opt_out(Settings.load(), address, undo=undo)
    what = "is read again" if undo else "is not read any more"
    console.print(Text(f"{address} {what}{'' if changed else ' (that was so before)'}"))
