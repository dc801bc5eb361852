"""Connected accounts: whose key files kith holds, and the connectors they open.

Here: keeping, listing and forgetting ``credentials/accounts/<id>.<kind>.json``, 0600 in 0700.
Not here: signing in (connectors/), reading (pull.py).

An account's id names its provider and its domain, tenant or the key of its owner's address, so it
may stand in tables and on a terminal; whether the account is an organisation's stands in the file's
name, because settings must know without opening a secret.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from connectors import addresses
from connectors.pages import PullProblem
from connectors.quota import Clock
from connectors.records import Person
from pipelines import audience, private_files, pseudonym_key
from pipelines.settings import Settings, make_private

if TYPE_CHECKING:
    from connectors.google import GoogleAccount
    from connectors.microsoft import MicrosoftAccount

    Connector = GoogleAccount | MicrosoftAccount

Provider = Literal["google", "microsoft"]


# What kith asks for and why, by provider and whether it is an organisation.
SCOPES: Mapping[tuple[str, bool], tuple[tuple[str, str], ...]] = {
    ("google", False): (
        ("gmail.metadata", "headers of your mail, never its text"),
        ("calendar.events.readonly", "who meets whom and when; titles are not asked for"),
    ),
    ("google", True): (
        ("gmail.metadata", "headers of mail, never its text"),
        ("calendar.events.readonly", "who meets whom and when; titles are not asked for"),
        ("admin.directory.user.readonly", "whose mailboxes there are, aliases, departments"),
    ),
    ("microsoft", False): (
        ("Mail.ReadBasic", "headers of your mail, never its text"),
        ("Calendars.ReadBasic", "who meets whom and when; titles are not asked for"),
    ),
    ("microsoft", True): (
        ("Mail.ReadBasic.All", "headers of mail, never its text"),
        ("Calendars.ReadBasic.All", "who meets whom and when; titles are not asked for"),
        ("User.Read.All", "whose mailboxes there are, aliases, departments, managers"),
    ),
}


class AccountError(ValueError):
    """A key file or account that cannot be used; the text names the cure."""


@dataclass(frozen=True)
class Account:
    """One connected account; ``key`` and ``admin`` as the connectors take them."""

    account_id: str
    provider: Provider
    is_organisation: bool
    key: Mapping[str, Any]
    admin: str | None = None

    def open(self, settings: Settings, clock: Clock) -> "Connector":
        """The connector that reads it; it asks nothing yet. Raises PullProblem, AccountError."""

        def on_key_change(changed: Mapping[str, Any]) -> None:
            # An account that was disconnected meanwhile does not come back.
            if _path(settings, self).exists():
                keep(settings, replace(self, key=changed))

        return _open(settings, self.provider, self.key, self.admin, clock, on_key_change)

    def directory(self, settings: Settings) -> Iterator[Person]:
        """Everybody in an organisation's directory, asked now. Raises PullProblem."""
        for page in self.open(settings, Clock()).people({}):
            yield from (record for record in page.records if isinstance(record, Person))


def read_key(key_file: Path) -> dict[str, Any]:
    """The JSON object in a key file. Raises AccountError."""
    try:
        key = json.loads(key_file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise AccountError(
            f"{key_file} is not a readable JSON key file; download it again"
        ) from error
    if not isinstance(key, dict):
        raise AccountError(f"{key_file} is not a key file; download it again")
    return key


def connect(
    settings: Settings, provider: Provider, key: dict[str, Any], admin: str | None
) -> Account:
    """Try a key's account and keep it. Raises AccountError, PullProblem.

    A key file stays where it is; kith keeps its own copy.
    """
    connector = _open(settings, provider, key, admin, Clock(), key.update)
    if connector.is_organisation and provider == "google" and not admin:
        raise AccountError("a service account needs --admin: the address of an administrator")
    secret, opted_out = pseudonym_key.load(settings), audience.opted_out(settings)

    def may_ask(known: Iterable[str]) -> bool:
        return opted_out.isdisjoint(addresses.address_key(secret, one) for one in known)

    connector.check(may_ask)
    owner = connector.owner()
    if owner is not None:
        if not may_ask([owner.address]):
            raise AccountError("this person opted out; kith opt-out --undo comes first")
        name = str(addresses.address_key(secret, owner.address))
    else:
        name = addresses.domain(admin) if admin else str(key.get("tenant_id", ""))
    # It becomes the name of a file, and a key file may hold anything.
    account_id = f"{provider}-{re.sub('[^A-Za-z0-9.-]', '-', name)}"
    account = Account(account_id, provider, connector.is_organisation, key, admin)
    keep(settings, account)
    return account


def disconnect(settings: Settings, account: Account) -> str:
    """Revoke what can be revoked and forget the account's key; a sentence about both.

    What was read stays. Raises PullProblem where the provider cannot be reached: the key is then
    kept, so that it can be revoked later.
    """
    revoked = account.open(settings, Clock()).revoke()
    forget(settings, account)
    return f"{account.account_id} is forgotten here; " + (
        "its tokens are revoked" if revoked else "withdraw its rights where you granted them"
    )


def forget(settings: Settings, account: Account) -> None:
    """Hold an account's key no longer."""
    _path(settings, account).unlink()
    private_files.sync_folder(settings.accounts)


def connected(settings: Settings) -> list[Account]:
    """Every connected account, by id. Raises AccountError for a file that is damaged."""
    found = []
    for path in sorted(settings.accounts.glob("*.json")):
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            found.append(
                Account(
                    path.name.rpartition(".")[0].rpartition(".")[0],
                    kept["provider"],
                    path.name.endswith(".organisation.json"),
                    kept["key"],
                    kept["admin"],
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise AccountError(f"{path.name} is damaged: connect that account again") from error
    return found


def _open(
    settings: Settings,
    provider: Provider,
    key: Mapping[str, Any],
    admin: str | None,
    clock: Clock,
    on_key_change: Callable[[Mapping[str, Any]], None],
) -> "Connector":
    """The connector of a key.

    on_key_change  takes the key again once the provider has exchanged its refresh token, because
                   the token before is worth nothing any more
    """
    # Google's and Microsoft's libraries take a second to load: only who pulls pays for that.
    if provider == "google":
        from connectors import google

        quotas = {
            "current": google.CURRENT,
            "earlier": google.EARLIER,
            "unlimited": google.UNLIMITED,
        }
        try:
            endpoints = google.Endpoints(
                gmail=settings.google.gmail_endpoint,
                calendar=settings.google.calendar_endpoint,
                directory=settings.google.directory_endpoint,
            )
        except ValueError as error:
            cure = f"mend [google] in kith.toml: {error}"
            raise PullProblem("unsafe endpoint", cure, is_account=True) from None
        quota = quotas[settings.google.quota]
        if (units := settings.google.gmail_units_per_day) is not None:
            quota = replace(quota, gmail_project_units_per_day=units)
        return google.GoogleAccount(
            key,
            admin=admin,
            endpoints=endpoints,
            quota=quota,
            clock=clock,
            calendars=settings.google.calendars,
        )
    from connectors import microsoft

    chosen = settings.microsoft
    limits = (getattr(chosen, field.name) for field in fields(microsoft.Quota))
    return microsoft.MicrosoftAccount(
        key,
        endpoints=microsoft.Endpoints(graph=chosen.graph_endpoint, login=chosen.login_endpoint),
        quota=microsoft.UNLIMITED if chosen.quota == "unlimited" else microsoft.Quota(*limits),
        choices=microsoft.Choices(
            hidden_folders=chosen.hidden_folders,
            reconcile_every=timedelta(days=chosen.reconcile_days),
            calendar_deltas=chosen.calendar_deltas,
        ),
        clock=clock,
        on_key_change=on_key_change,
    )


def _path(settings: Settings, account: Account) -> Path:
    kind = "organisation" if account.is_organisation else "person"
    return settings.accounts / f"{account.account_id}.{kind}.json"


def keep(settings: Settings, account: Account) -> None:
    """Hold an account's key from now on, 0600 in 0700, in place of the one before."""
    make_private(settings.data_folder)
    make_private(settings.credentials)
    make_private(settings.accounts)
    kept = {"provider": account.provider, "admin": account.admin, "key": dict(account.key)}
    private_files.replace(_path(settings, account), json.dumps(kept))
