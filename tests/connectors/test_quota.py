"""Buckets, back-off and Retry-After, with a clock that does not let anybody wait."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.pages import PullProblem, Stopped
from connectors.quota import (
    ATTEMPTS,
    LONGEST_PAUSE_S,
    Bucket,
    Clock,
    Later,
    Limits,
    answered_at,
    retry_after_s,
)
from tests.connectors.virtual_clock import VirtualClock

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def limits(clock: Clock, **options: float) -> Limits:
    return Limits(clock, Bucket(None, clock), **options)


def later(retry_after: float | None = None) -> Later:
    return Later(PullProblem("busy", "wait"), retry_after)


def failing(times: int, retry_after: float | None = None) -> Callable[[], str]:
    """A call that says later so often, then answers."""
    left = [later(retry_after) for _ in range(times)]

    def call() -> str:
        if left:
            raise left.pop()
        return "answer"

    return call


def test_a_bucket_lets_a_second_through_at_once_and_the_rest_at_its_rate(clock: VirtualClock):
    bucket = Bucket(600, clock)  # ten a second
    taken = []
    for _ in range(30):
        bucket.take(1)
        taken.append(clock.seconds)
    assert taken[:10] == [0.0] * 10
    assert taken[10] == pytest.approx(0.1)
    assert taken[29] == pytest.approx(2.0)


def test_a_bucket_saves_up_no_more_than_a_second(clock: VirtualClock):
    bucket = Bucket(600, clock)
    bucket.take(10)
    clock.seconds = 3_600.0
    for _ in range(20):
        bucket.take(1)
    assert clock.seconds == pytest.approx(3_601.0)


def test_how_much_is_saved_up_can_be_chosen(clock: VirtualClock):
    bucket = Bucket(600, clock, saved_s=0.2)
    clock.seconds += 60
    begun, taken = clock.seconds, []
    for _ in range(4):
        bucket.take(1)
        taken.append(clock.seconds - begun)
    assert taken == pytest.approx([0, 0, 0.1, 0.2])


def test_what_costs_more_waits_longer(clock: VirtualClock):
    bucket = Bucket(600, clock)
    bucket.take(10)
    bucket.take(40)
    assert clock.waits == [pytest.approx(4.0)]


def test_a_bucket_without_a_limit_never_waits(clock: VirtualClock):
    bucket = Bucket(None, clock)
    for _ in range(1_000):
        bucket.take(1_000)
    assert clock.waits == []


def test_a_pause_holds_up_even_a_bucket_without_a_limit(clock: VirtualClock):
    bucket = Bucket(None, clock)
    bucket.pause(30)
    bucket.pause(5)  # the longer one counts
    bucket.take(1)
    assert clock.seconds == 30


def test_nobody_rushes_off_at_the_end_of_a_pause(clock: VirtualClock):
    bucket = Bucket(600, clock)
    bucket.take(1)
    bucket.pause(60)
    taken = []
    for _ in range(5):
        bucket.take(1)
        taken.append(clock.seconds)
    assert taken == [pytest.approx(60.1 + n / 10) for n in range(5)]


def test_who_waits_already_obeys_a_pause_that_begins_meanwhile():
    class Interrupted(VirtualClock):
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            if seconds == pytest.approx(4.0):
                bucket.pause(60)  # another thread was told to wait

    clock = Interrupted()
    bucket = Bucket(600, clock)
    bucket.take(10)
    bucket.take(40)
    assert clock.seconds == pytest.approx(64.0)


def test_an_answer_comes_back_and_costs_both_buckets(clock: VirtualClock):
    project = Bucket(60, clock)
    mailbox = Limits(clock, project, units_per_minute=600)
    assert mailbox.ask(lambda: 7) == 7
    assert Limits(clock, project).ask(lambda: 8) == 8  # another mailbox, the same project
    assert clock.seconds == pytest.approx(1.0)


def test_what_says_later_is_asked_again_after_a_back_off_that_doubles(clock: VirtualClock):
    assert limits(clock).ask(failing(ATTEMPTS - 1)) == "answer"
    assert len(clock.waits) == ATTEMPTS - 1
    for attempt, waited in enumerate(clock.waits):
        slowest = min(0.5 * 2**attempt, 64)
        assert slowest / 2 <= waited <= slowest


def test_the_provider_is_obeyed_where_it_says_when(clock: VirtualClock):
    assert limits(clock).ask(failing(1, retry_after=17)) == "answer"
    assert clock.waits == [17]


def test_a_provider_that_says_at_once_again_and_again_is_not_hammered(clock: VirtualClock):
    assert limits(clock).ask(failing(ATTEMPTS - 1, retry_after=0)) == "answer"
    # Longer than the minute for which a provider counts what was too much.
    assert clock.seconds > 90


def test_what_never_comes_ends_in_its_problem(clock: VirtualClock):
    with pytest.raises(PullProblem, match="busy: wait"):
        limits(clock).ask(failing(ATTEMPTS))
    assert len(clock.waits) == ATTEMPTS - 1


def test_a_provider_that_asks_for_an_hour_is_left_to_the_next_run(clock: VirtualClock):
    with pytest.raises(PullProblem, match="busy"):
        limits(clock).ask(failing(1, retry_after=LONGEST_PAUSE_S + 1))
    assert clock.waits == []


def test_failed_attempts_cost_their_units_too(clock: VirtualClock):
    mailbox = limits(clock, units_per_minute=60)
    mailbox.ask(failing(1, retry_after=1))
    began = clock.seconds
    mailbox.ask(lambda: None)
    assert clock.seconds - began == pytest.approx(1.0)


def test_other_errors_pass_through_at_once(clock: VirtualClock):
    def call() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        limits(clock).ask(call)
    assert clock.waits == []


def test_a_pull_that_is_to_stop_stops_before_it_asks_even_without_a_limit(clock: VirtualClock):
    asked = []
    clock.stop.set()
    with pytest.raises(Stopped):
        limits(clock).ask(lambda: asked.append(1))
    assert asked == []


def test_a_pull_that_is_to_stop_does_not_sit_out_a_pause():
    stop = threading.Event()
    clock = Clock(stop)
    mailbox = limits(clock)
    told = threading.Event()

    def call() -> None:
        told.set()
        raise later(600)

    ended = []

    def pull() -> None:
        with pytest.raises(Stopped):
            mailbox.ask(call)
        ended.append(True)

    thread = threading.Thread(target=pull)
    thread.start()
    assert told.wait(10)
    stop.set()
    thread.join(10)
    assert ended == [True]


def test_no_more_requests_are_in_flight_than_the_mailbox_allows():
    clock = Clock()
    mailbox = limits(clock, at_once=2)
    begun, go_on = threading.Semaphore(0), threading.Event()
    at_once, most, lock = [0], [0], threading.Lock()

    def call() -> None:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        begun.release()
        assert go_on.wait(10)
        with lock:
            at_once[0] -= 1

    threads = [threading.Thread(target=mailbox.ask, args=(call,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert begun.acquire(timeout=10)
    assert begun.acquire(timeout=10)
    assert not begun.acquire(timeout=0.2)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert most == [2]


def test_a_pull_that_is_to_stop_does_not_wait_for_a_slot():
    stop = threading.Event()
    mailbox = limits(Clock(stop), at_once=1)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        assert go_on.wait(10)

    first = threading.Thread(target=mailbox.ask, args=(slow,))
    first.start()
    assert begun.wait(10)
    stop.set()
    with pytest.raises(Stopped):
        mailbox.ask(lambda: None)
    go_on.set()
    first.join(10)


def test_a_slot_is_free_again_after_a_failure(clock: VirtualClock):
    mailbox = limits(clock, at_once=1)
    for _ in range(3):
        with pytest.raises(PullProblem):
            mailbox.ask(failing(ATTEMPTS))
    assert mailbox.ask(lambda: 1) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 0 ", 0.0),
        (format_datetime(AT + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(AT - timedelta(hours=1), usegmt=True), 0.0),
        ("Wed, 01 Jul 2026 14:00:05 +0200", 5.0),
        ("Wed, 01 Jul 2026 12:00:30 -0000", 30.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("\u00b2", None),  # a digit to str.isdigit, no number to float
        ("Wed, 32 Jul 2026 12:00:00 GMT", None),
        ("Wed, 01 Jul 99999999999999999999 12:00:00 GMT", None),
        ("Wed, 01 Jul 2026 12:00:00 +9999999999", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: float | None):
    assert retry_after_s(value, AT) == seconds


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_retry_after_breaks_a_pull(value: str):
    found = retry_after_s(value, AT)
    assert found is None or found >= 0


def test_the_date_of_an_answer_is_its_time():
    assert answered_at("Wed, 01 Jul 2026 12:00:00 GMT") == AT
    assert answered_at("Wed, 01 Jul 2026 14:00:00 +0200") == AT
    assert answered_at("Wed, 01 Jul 2026 12:00:00 -0000") == AT


@pytest.mark.parametrize("date", [None, "", "now", "Wed, 32 Jul 2026 12:00:00 GMT"])
def test_an_answer_without_a_readable_date_is_refused(date: str | None):
    with pytest.raises(ValueError, match="Date header"):
        answered_at(date)


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_date_breaks_a_pull_but_by_value_error(value: str):
    try:
        at = answered_at(value)
    except ValueError as error:
        assert "Date header" in str(error)
    else:
        assert at.tzinfo is UTC


def test_a_throttle_pauses_its_mailbox_and_no_other():
    served: list[float] = []

    class Busy(VirtualClock):
        def wait(self, seconds: float) -> None:
            if seconds and not served:
                served.append(other.ask(self.now_s))
            super().wait(seconds)

    clock = Busy()
    project = Bucket(None, clock)
    throttled, other = Limits(clock, project), Limits(clock, project)
    assert throttled.ask(failing(1, 60)) == "answer"
    assert served == [0]
    assert clock.waits == [60]


def test_no_minute_is_overdrawn_however_large_each_request_is(clock: VirtualClock):
    bucket = Bucket(600, clock, minute_s=60)
    spent = []
    for units in (20, 20, *[10] * 200, 20, 20, 20, *[7, 13] * 100):
        bucket.take(units)
        spent.append((clock.seconds, units))
    for end_s, _ in spent:
        assert sum(one for at_s, one in spent if end_s - 60 < at_s <= end_s) <= 600
    assert sum(one for _, one in spent) / clock.seconds > 9.5
