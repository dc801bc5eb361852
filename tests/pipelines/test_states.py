"""Every way in which an account or a mailbox fails: its state and cure, and nobody else's.

Four accounts are connected at once, an organisation's and a person's at each provider, with three
mailboxes; one thing is broken at a time. What Google and Microsoft say in all these cases, word by
word, is in test_google_problems.py and test_microsoft_refusals.py of tests/connectors.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from pipelines import accounts, pseudonym_key
from pipelines.accounts import Account
from pipelines.pull import pull
from pipelines.settings import Settings
from pipelines.status import status
from pipelines.warehouse import Warehouse
from sandbox.people import GOOGLE, MICROSOFT
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.pipelines.killing import KEY
from tests.pipelines.small_world import SmallWorld


@dataclass
class House:
    """The world, what is connected, and whose mailboxes are read: ids as kith status shows them.

    staff  addresses that the organisations' accounts read, two of each provider
    own    provider -> address of a person who has connected the own account
    """

    sandbox: Sandbox
    settings: Settings
    staff: dict[str, list[str]]
    own: dict[str, str]

    @property
    def world(self) -> World:
        return self.sandbox.world

    def everybody(self, provider: str) -> list[str]:
        """The addresses of one provider's three mailboxes; the person's own is the last."""
        return [*self.staff[provider], self.own[provider]]

    def pull(self) -> dict[str, tuple[str, str | None]]:
        """Account id, or address of a mailbox -> state and cure."""
        self.sandbox.log.clear()
        warehouse = Warehouse(self.settings)
        with warehouse.connect() as connection:
            done = pull(connection, self.settings, KEY, lambda _progress: None)
        assert not done.unexpected
        found = status(warehouse)
        states = {one.account: (one.state, one.cure) for one in found.accounts}
        return states | {one.mailbox: (one.state, one.cure) for one in found.mailboxes}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    village = Village(months=1)
    world = World(village, datetime(2026, 6, 24, 8, tzinfo=UTC))
    by_company = {
        provider: [one.address for one in village.staff if one.company == company][1:]
        for provider, company in (("google", GOOGLE), ("microsoft", MICROSOFT))
    }
    quiet = {
        provider: sorted(found, key=lambda one: len(world.boxes[one].copies()))
        for provider, found in by_company.items()
    }
    staff = {provider: found[:2] for provider, found in quiet.items()}
    own = {provider: found[2] for provider, found in quiet.items()}
    with Sandbox(world) as sandbox:
        given = SmallWorld("google", sandbox, [*staff["google"], *staff["microsoft"]]).settings
        settings = Settings(data=tmp_path_factory.mktemp("house") / "data", **given)
        pseudonym_key.write(settings, KEY)
        for provider, user_file, key_file, admin in (
            ("google", world.google_user_file, world.google_key_file(), world.admin(GOOGLE)),
            ("microsoft", world.microsoft_user_file, world.microsoft_key_file(), None),
        ):
            accounts.keep(settings, Account(f"{provider}-all", provider, True), key_file, admin)
            person = Account(f"{provider}-one", provider, False)
            accounts.keep(settings, person, user_file(own[provider]))
        made = House(sandbox, settings, staff, own)
        assert set(made.pull().values()) == {("ok", None)}
        yield made
        # That each case before the last left nothing behind was seen by the case after it.
        assert set(made.pull().values()) == {("ok", None)}


ALL = "all"  # the organisation's account itself
BOTH = "both"  # the mailboxes that it reads
FIRST = "first"  # one of these
ONE = "one"  # a person's own account
MINE = "mine"  # and its mailbox


@dataclass(frozen=True)
class Case:
    """One thing that goes wrong.

    breaks  does it, and gives what mends it again
    where   whom it concerns; nobody else's state may change
    """

    provider: str
    state: str
    where: tuple[str, ...]
    breaks: Callable[[House], Callable[[], object]]


def without(rights: Callable[[World], set[str]], *taken: str) -> Callable:
    """Takes rights out of a set, and puts them back."""

    def breaks(house: House) -> Callable[[], object]:
        held = rights(house.world)
        held.difference_update(taken)
        return lambda: held.update(taken)

    return breaks


def tenant(**changes: object) -> Callable:
    """Sets attributes of the Microsoft tenant, and sets them back."""

    def breaks(house: House) -> Callable[[], object]:
        target = house.world.tenant
        before = {name: getattr(target, name) for name in changes}
        for name, value in changes.items():
            setattr(target, name, value)
        return lambda: [setattr(target, name, value) for name, value in before.items()]

    return breaks


def revoked(provider: str) -> Callable:
    """A person's consent is taken back."""

    def breaks(house: House) -> Callable[[], object]:
        held = house.world.refresh_tokens
        before = dict(held)
        for token, owner in before.items():
            if owner == house.own[provider]:
                del held[token]
        house.sandbox.google.tokens.expire()
        return lambda: held.update(before)

    return breaks


def suspended(provider: str, whose: int) -> Callable:
    """Suspends the first of the staff (0), or who has connected the own account (2)."""

    def breaks(house: House) -> Callable[[], object]:
        address = house.everybody(provider)[whose]
        house.world.suspend(address)
        return lambda: house.world.restore(address)

    return breaks


def without_mail(provider: str, whose: int) -> Callable:
    """Takes a mailbox away, in the same way."""

    def breaks(house: House) -> Callable[[], object]:
        address = house.everybody(provider)[whose]
        house.world.disable_mail(address)
        return lambda: house.world.restore(address)

    return breaks


def closed(house: House) -> Callable[[], object]:
    """The tenant's administrator closes one mailbox to the app."""
    address, denied = house.staff["microsoft"][0], house.world.tenant.denied
    denied.add(address)
    return lambda: denied.discard(address)


def switched_off(api: str) -> Callable:
    """An API of the Cloud project is not enabled."""

    def breaks(house: House) -> Callable[[], object]:
        disabled = house.world.disabled_apis
        disabled.add(api)
        return lambda: disabled.discard(api)

    return breaks


def google_scopes(world: World) -> set[str]:
    return world.granted_scopes


SCOPES = "https://www.googleapis.com/auth/"
CASES = [
    Case("google", "access revoked", (ONE, MINE), revoked("google")),
    Case(
        "google",
        "scopes not granted",
        (BOTH,),
        without(google_scopes, f"{SCOPES}gmail.metadata"),
    ),
    Case(
        "google",
        "scopes not granted",
        (ALL,),
        without(google_scopes, f"{SCOPES}admin.directory.user.readonly"),
    ),
    Case("google", "suspended in the directory", (FIRST,), suspended("google", 0)),
    Case("google", "access revoked", (ONE, MINE), suspended("google", 2)),
    Case("google", "no mailbox", (FIRST,), without_mail("google", 0)),
    Case("google", "no mailbox", (ONE, MINE), without_mail("google", 2)),
    Case("google", "Admin SDK API switched off", (ALL,), switched_off("admin")),
    Case(
        "google",
        "Gmail API switched off",
        (BOTH, ONE, MINE),
        switched_off("gmail"),
    ),
    Case(
        "google",
        "Google Calendar API switched off",
        (BOTH, MINE),
        switched_off("calendar"),
    ),
    Case("microsoft", "access revoked", (ONE, MINE), revoked("microsoft")),
    Case(
        "microsoft",
        "consent missing",
        (ONE, MINE),
        without(lambda world: world.tenant.scopes, "Mail.ReadBasic"),
    ),
    Case(
        "microsoft",
        "permission missing (Mail.ReadBasic.All)",
        (BOTH,),
        without(lambda world: world.tenant.roles, "Mail.ReadBasic.All"),
    ),
    Case(
        "microsoft",
        "permission missing (User.Read.All)",
        (ALL, BOTH),
        without(lambda world: world.tenant.roles, "User.Read.All"),
    ),
    Case(
        "microsoft", "blocked by conditional access", (ALL, BOTH, ONE, MINE), tenant(policy=53003)
    ),
    Case("microsoft", "client secret expired", (ALL, BOTH), tenant(secret_is_over=True)),
    Case("microsoft", "account disabled", (ONE, MINE), suspended("microsoft", 2)),
    Case("microsoft", "suspended in the directory", (FIRST,), suspended("microsoft", 0)),
    Case("microsoft", "no mailbox", (FIRST,), without_mail("microsoft", 0)),
    Case("microsoft", "no mailbox", (MINE,), without_mail("microsoft", 2)),
    Case(
        "microsoft",
        "closed to this app",
        (FIRST,),
        closed,
    ),
]


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.provider}-{case.state}-{'-'.join(case.where)}"
)
def test_what_fails_has_its_state_and_cure_and_nobody_else_changes(house: House, case: Case):
    mend = case.breaks(house)
    try:
        found = house.pull()
    finally:
        mend()
    staff = house.staff[case.provider]
    concerned = {
        ALL: [f"{case.provider}-all"],
        BOTH: staff,
        FIRST: staff[:1],
        ONE: [f"{case.provider}-one"],
        MINE: [house.own[case.provider]],
    }
    expected = {name for where in case.where for name in concerned[where]}
    assert {name for name, (state, _) in found.items() if state != "ok"} == expected
    assert {found[name][0] for name in expected} == {case.state}
    for name in expected:
        cure = found[name][1]
        assert cure and not any(word in cure for word in ("http:", "127.0.0.1", "@"))
