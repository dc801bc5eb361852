"""Connected accounts: whose keys kith holds, and the connectors they open.

Here: keeping, listing and forgetting accounts in ``credentials/accounts``, a secret each.
Not here: where secrets lie (connectors/secret_store.py), sign-in (sign_in.py), reading (pull.py).

An account's id names its provider and its domain, tenant or the key of its owner's address, so it
may stand in tables and on a terminal. The secret's name, ``<id>.person`` or ``<id>.organisation``,
says whose mailboxes it opens, because settings must know without opening a secret.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from connectors import addresses, secret_store
from connectors.pages import PullProblem
from connectors.quota import Clock
from connectors.records import Person
from connectors.secret_store import SecretStore
from pipelines import audience, pseudonym_key
from pipelines.settings import Settings, make_private

if TYPE_CHECKING:
    from connectors.google import GoogleAccount
    from connectors.microsoft import MicrosoftAccount

    Connector = GoogleAccount | MicrosoftAccount

Provider = Literal["google", "microsoft"]
KEYLESS = "keyless_service_account"  # as connectors/google/keys.py knows it, which loads slowly


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
    """One connected account; what opens it stays in the secret store."""

    account_id: str
    provider: Provider
    is_organisation: bool

    @property
    def secret(self) -> str:
        """The name of its secret."""
        return f"{self.account_id}.{'organisation' if self.is_organisation else 'person'}"

    def open(self, settings: Settings, clock: Clock) -> "Connector":
        """The connector that reads it; it asks nothing yet. Raises PullProblem."""
        try:
            kept = json.loads(store(settings).read(self.secret))
            key, admin = kept["key"], kept["admin"]
        except (ValueError, KeyError, TypeError):
            raise secret_store.damaged() from None

        def on_key_change(changed: Mapping[str, Any]) -> None:
            # An account that was disconnected meanwhile does not come back.
            if self in connected(settings):
                store(settings).replace(self.secret, _as_text(changed, admin))

        return _open(settings, self.provider, key, admin, clock, on_key_change)

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


def keyless(name: str) -> dict[str, Any]:
    """The key of a service account whose own key Google keeps. Raises AccountError."""
    if not re.fullmatch(r"[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com", name):
        raise AccountError(
            "--service-account takes a name such as kith@project.iam.gserviceaccount.com; a key "
            "file goes with --key-file"
        )
    return {"type": KEYLESS, "client_email": name}


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
    account = Account(account_id, provider, connector.is_organisation)
    keep(settings, account, key, admin)
    return account


def disconnect(settings: Settings, account: Account, *, revokes: bool = True) -> str:
    """Revoke what can be revoked and forget the account's key; a sentence about both.

    What was read stays. Raises PullProblem where the provider cannot be reached: the key is then
    kept, so that it can be revoked later. Without ``revokes`` the key is not even opened.
    """
    revoked = revokes and account.open(settings, Clock()).revoke()
    forget(settings, account)
    return f"{account.account_id} is forgotten here; " + (
        "its tokens are revoked" if revoked else "withdraw its rights where you granted them"
    )


def keep(
    settings: Settings, account: Account, key: Mapping[str, Any], admin: str | None = None
) -> None:
    """Hold an account's key from now on, in place of the one before. Raises SecretProblem.

    key, admin  as the connectors take them
    """
    for folder in (settings.data_folder, settings.credentials, settings.accounts):
        make_private(folder)
    held = store(settings)
    # A service account whose key stays with Google is a name, and no secret.
    hold = held.keep_open if key.get("type") == KEYLESS else held.keep
    hold(account.secret, _as_text(key, admin))


def forget(settings: Settings, account: Account) -> None:
    """Hold an account's key no longer. Raises SecretProblem."""
    store(settings).forget(account.secret)


def connected(settings: Settings) -> list[Account]:
    """Every connected account, by id; none is opened."""
    found = []
    for name in store(settings).names():
        account_id, _, whose = name.rpartition(".")
        provider = account_id.partition("-")[0]
        found.append(Account(account_id, provider, whose == "organisation"))
    return found


def store(settings: Settings) -> SecretStore:
    """Where the keys of accounts lie. The demo's are invented like all of it, and no secrets."""
    return SecretStore(settings.accounts, "plaintext" if settings.is_demo else settings.secrets)


def _as_text(key: Mapping[str, Any], admin: str | None) -> str:
    return json.dumps({"admin": admin, "key": dict(key)})


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
                token=settings.google.token_endpoint,
                iam=settings.google.iam_endpoint,
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
            mailbox_purposes=chosen.mailbox_purposes,
            calendar_deltas=chosen.calendar_deltas,
            wanted=tuple(one for one in settings.pull.include if "@" in one[1:]),
        ),
        clock=clock,
        on_key_change=on_key_change,
    )
