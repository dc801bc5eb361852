"""Accounts of the local Google: whose they are, their directory, what they may do."""

from copy import deepcopy
from datetime import timedelta

import pytest

from connectors.google import CURRENT, EARLIER, UNLIMITED, directory
from connectors.pages import PullProblem
from connectors.records import Mailbox
from sandbox.faults import Fault
from sandbox.people import GOOGLE
from sandbox.server import Sandbox
from sandbox.world import World
from tests.connectors.google.conftest import Office, account_of, names, office_of


def somebody(world: World, place: int = 5) -> str:
    """An ordinary address of the company."""
    found = [one for one in world.boxes if one.endswith(f"@{GOOGLE}") and world.boxes[one].copies()]
    return found[place]


# -- directory


def test_the_directory_brings_everybody(office: Office, world: World):
    office.people()
    accounts = {one.address: one for one in world.directory(GOOGLE) if one.kind == "person"}
    people = {one.address: one for one in office.store.people.values()}
    assert people.keys() == accounts.keys()
    assert len(people) > 60
    for address, person in people.items():
        account = accounts[address]
        assert set(person.aliases) >= set(account.aliases)
        assert person.name == account.name
        assert (person.department, person.title) == (account.department, account.title)
        assert (person.unit, person.manager_address) == (account.unit, account.manager)
        assert (person.is_active, person.kind) == (not account.is_suspended, "person")
        assert person.seen_at == world.now


def test_the_directory_is_listed_in_full_each_time(
    office: Office, world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(directory, "LISTED_AT_ONCE", 30)
    office.people()
    pages = office.store.pages
    assert [page.starts_listing for page in pages] == [True, False, False]
    assert [page.is_complete for page in pages] == [False, False, True]
    assert {page.stream for page in pages} == {"directory"}
    assert pages[-1].sweep.at == world.now
    seen_at = world.now
    world.advance(world.now + timedelta(days=1))
    office.people()
    assert office.store.pages[-1].sweep.at == seen_at
    assert office.store.gone == {}


def test_a_renamed_person_keeps_the_id_and_the_old_address_as_an_alias(
    office: Office, world: World
):
    old, new = somebody(world), f"new.name@{GOOGLE}"
    office.people()
    ids = {one.address: name for name, one in office.store.people.items()}
    world.rename(old, new)
    office.people()
    person = office.store.people[ids[old]]
    assert person.address == new
    assert old in person.aliases


def test_a_suspended_person_is_not_active_and_one_without_mail_has_no_mailbox(
    office: Office, world: World
):
    suspended, mailless = somebody(world, 3), somebody(world, 4)
    world.suspend(suspended)
    world.disable_mail(mailless)
    office.people()
    people = {one.address: one for one in office.store.people.values()}
    assert not people[suspended].is_active
    assert people[mailless].is_active
    assert not people[mailless].has_mailbox


# -- one person's account


def test_one_persons_consent_opens_their_own_mail_and_calendar(sandbox: Sandbox, world: World):
    address = somebody(world)
    account = account_of(sandbox, world.google_user_file(address), admin=None)
    assert not account.is_organisation
    owner = account.owner()
    assert owner == Mailbox(mailbox_id="google-me", provider="google", address=address)
    account.check()
    organisation = office_of(sandbox, address)
    own = Office(sandbox, account, owner, organisation.clock)
    for office in (organisation, own):
        office.mail()
        office.calendar()
    assert set(own.store.messages) == set(organisation.store.messages)
    assert set(own.store.events) == set(organisation.store.events)
    assert {one.mailbox_id for one in own.store.messages.values()} == {"google-me"}


def test_one_persons_account_has_no_directory(sandbox: Sandbox, world: World):
    account = account_of(sandbox, world.google_user_file(somebody(world)), admin=None)
    with pytest.raises(PullProblem, match="no administrator named"):
        next(account.people({}))


# -- an organisation's account


def test_an_organisation_owns_no_mailbox(sandbox: Sandbox):
    account = account_of(sandbox)
    assert account.is_organisation
    assert account.owner() is None


def test_a_check_asks_each_api_once_and_for_little(sandbox: Sandbox):
    account_of(sandbox).check()
    calls = [call for call in sandbox.log if call.path != "/token"]
    assert names(calls) == [
        "/admin/directory/v1/users",
        "profile",
        "/calendar/v3/calendars/primary/events",
    ]
    assert all(call.query.get("maxResults", ["1"]) == ["1"] for call in calls)


def test_an_administrator_without_mail_is_no_hindrance(sandbox: Sandbox, world: World):
    world.disable_mail(world.admin(GOOGLE))
    account_of(sandbox).check()


@pytest.mark.parametrize(
    ("scope", "use"),
    [
        ("gmail.metadata", "mail"),
        ("calendar.events.readonly", "calendar"),
        ("admin.directory.user.readonly", "people"),
    ],
)
def test_a_scope_that_is_not_granted_stops_only_what_needs_it(
    office: Office, world: World, scope: str, use: str
):
    world.granted_scopes.remove(f"https://www.googleapis.com/auth/{scope}")
    pulls = {"mail": office.mail, "calendar": office.calendar, "people": office.people}
    problem = office.problem(pulls.pop(use))
    assert problem.state == "scopes not granted"
    assert f"{scope} is missing" in problem.cure
    for pull in pulls.values():
        pull()
    with pytest.raises(PullProblem, match="scopes not granted"):
        office.account.check()


def test_a_token_that_runs_out_is_replaced(office: Office, world: World, sandbox: Sandbox):
    office.mail(pages=1)
    world.advance(world.now + timedelta(hours=2))
    quiet = office.again()
    quiet.mail()
    office.mail()
    assert office.store.messages == quiet.store.messages


def test_everybody_runs_out_of_tokens_while_mail_is_pulled(office: Office, sandbox: Sandbox):
    undisturbed = office.again()
    undisturbed.mail()
    found = office.account.mail(office.mailbox, {}, office.store.held, office.since)
    for page in found:
        office.store.keep(page)
        sandbox.google.tokens.expire()
    assert office.store.rows() == undisturbed.store.rows()


def test_a_token_that_runs_out_before_a_batch_is_replaced(office: Office, sandbox: Sandbox):
    undisturbed = office.again()
    undisturbed.mail()
    # Gmail then refuses every part, not the batch.
    fault = Fault(at=0, kind="kill", path="me/messages", call=sandbox.google.tokens.expire)
    sandbox.faults.append(fault)
    calls = office.mail()
    assert {part.status for call in calls for part in call.parts} == {200, 401}
    assert office.store.rows() == undisturbed.store.rows()


def test_a_problem_leaves_rows_and_cursors(office: Office, world: World):
    office.mail()
    rows = deepcopy(office.store.rows())
    world.disable_mail(office.mailbox.address)
    assert office.problem(office.mail).state == "no mailbox"
    assert office.store.rows() == rows


# -- quotas


def test_both_published_tables_and_none():
    assert (CURRENT.message_units, CURRENT.thread_units) == (20, 40)
    assert (EARLIER.message_units, EARLIER.thread_units) == (5, 10)
    assert CURRENT.gmail_mailbox_units_per_minute == 6_000
    assert EARLIER.gmail_mailbox_units_per_minute == 15_000
    assert CURRENT.gmail_project_units_per_minute == EARLIER.gmail_project_units_per_minute
    assert UNLIMITED.gmail_project_units_per_minute is None
    assert UNLIMITED.calendar_mailbox_requests_per_minute is None
