"""The local Gmail holds a quota where it is asked to."""

import pytest

from sandbox.google.meter import Meter
from sandbox.google.refusal import Refusal
from sandbox.server import Sandbox
from tests.sandbox.google_client import EVENTS, MAIL


class Time:
    """Seconds that a test sets."""

    at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


def is_refused(meter: Meter, mailbox: str, units: int) -> bool:
    try:
        meter.take(mailbox, units)
    except Refusal:
        return True
    return False


def test_a_minute_slides_and_what_is_refused_costs_nothing():
    time = Time()
    meter = Meter(mailbox_units=100, now_s=time)
    assert [is_refused(meter, "one", units) for units in (60, 41, 40)] == [False, True, False]
    time.at_s = 59.9
    assert is_refused(meter, "one", 1)
    time.at_s = 60
    assert [is_refused(meter, "one", units) for units in (100, 1)] == [False, True]
    assert meter.told() == {
        "spent": 200,
        "refused": 43,
        "most_of_project": 100,
        "most_of_mailbox": 100,
    }


def test_all_mailboxes_share_what_the_project_has():
    meter = Meter(project_units=100, mailbox_units=80, now_s=Time())
    assert [is_refused(meter, *one) for one in (("a", 80), ("b", 21), ("b", 20))] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("limits", [{}, {"mailbox_units": 1}])
def test_gmail_answers_403_beyond_its_quota_and_the_calendar_has_another(
    client, user, sandbox: Sandbox, limits: dict[str, int]
):
    token = client.token(user, MAIL, EVENTS)
    sandbox.google.controls["gmail_quota"](limits)
    statuses = [client.get("/gmail/v1/users/me/profile", token).status_code for _ in range(2)]
    assert statuses == ([200, 403] if limits else [200, 200])
    events = "/calendar/v3/calendars/primary/events"
    assert client.get(events, token).status_code == 200
