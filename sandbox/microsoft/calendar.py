"""Calendars of one mailbox: views, single events, change tracking of a view.

Here: who may read them, windows, pages, deltas.
Not here: how an event looks (events.py).
"""

import json
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.diaries import Note, Occurrence
from sandbox.exchange import Answer
from sandbox.microsoft.asking import Asking, item, page
from sandbox.microsoft.events import DEFAULT, KEPT_BACK, PROPERTIES, Calendar, meeting_zone
from sandbox.microsoft.items import Ids
from sandbox.microsoft.mail_delta import check_generation
from sandbox.microsoft.messages import Recipients
from sandbox.microsoft.refusal import Refusal, bad_query, no_access, no_such_item
from sandbox.microsoft.sealing import seal, unseal
from sandbox.world import Account

_LONGEST_DAYS = 1825
_FIRST = -1

_Name = tuple[str, str]
"""UID and planned start of an occurrence; of a series the start is empty."""


class Calendars:
    """The calendar routes of one mailbox for one request."""

    def __init__(self, asking: Asking, account: Account, root: str, recipients: Recipients) -> None:
        """``root`` is "users('<id>')" or "me". Raises Refusal where the token may not read."""
        if not asking.grant.allows(
            "Calendars.ReadBasic.All", "Calendars.ReadBasic", "Calendars.Read"
        ):
            raise no_access()
        zone = meeting_zone(asking.prefer("outlook.timezone"))
        if zone is None:
            message = "A valid TimeZone value must be specified."
            raise Refusal(400, "TimeZoneNotSupportedException", message)
        self.asking, self.account, self.root = asking, account, root
        self.diary = asking.world.calendars[account.address]
        self.ids = Ids(account.id)
        self.calendar = Calendar(self.diary, self.ids, recipients, asking.quirks, *zone)

    def calendars(self) -> Answer:
        """GET calendars: the own one, and one of birthdays that stays empty."""
        self.asking.only("$select", "$top")
        owner = {"name": self.account.name, "address": self.account.address}
        shown = [
            {
                "id": self.ids.folder(f"calendar/{name}"),
                "name": name,
                "color": "auto",
                "hexColor": "",
                "isDefaultCalendar": name == "Calendar",
                "changeKey": "DxYSthXJXEWwAQSYQnXvIgAAIxGttg==",
                "canShare": False,
                "canViewPrivateItems": True,
                "canEdit": False,
                "allowedOnlineMeetingProviders": [],
                "defaultOnlineMeetingProvider": "unknown",
                "isTallyingResponses": name == "Calendar",
                "isRemovable": False,
                "owner": owner,
            }
            for name in ("Calendar", "Birthdays")
        ]
        context = f"{self.asking.url}/$metadata#{self.root}/calendars"
        return page(context, [json.dumps(one) for one in shown])

    def view(self) -> Answer:
        """GET calendarView: what overlaps the window, in order of start."""
        self.asking.only("$select", "$top", "$skip", "$orderby")
        if (self.asking.option("$orderby") or "start/dateTime").lower() != "start/datetime":
            raise bad_query("Only $orderby=start/dateTime is served.")
        since, until = self._window()
        select = self.asking.select(PROPERTIES, DEFAULT, KEPT_BACK)
        found = sorted(
            self._within(since, until), key=lambda one: (one.start, self.calendar.id(one))
        )
        top, skip = self.asking.top(10, 1000), self.asking.skip()
        texts = [self.calendar.event(one, select) for one in found[skip : skip + top]]
        path = f"{self.root}/calendarView"
        links = {}
        if skip + top < len(found):
            kept = {
                name: self.asking.option(f"${name}")
                for name in ("select", "orderby")
                if self.asking.option(f"${name}")
            }
            options = {**kept, "top": str(top), "skip": str(skip + top)}
            links["nextLink"] = self.asking.link(path, **options) + self._window_options()
        return page(f"{self.asking.url}/$metadata#{path}", texts, **links)

    def event(self, wanted: str) -> Answer:
        """GET events/{id}: a single event, an occurrence or a series."""
        self.asking.only("$select")
        select = self.asking.select(PROPERTIES, DEFAULT, KEPT_BACK)
        uid, key = self.ids.read_event(wanted) or ("", "")
        shown = {
            self.calendar.id(one): one
            for one in (self.diary.of(uid) if uid in self.diary.series else ())
            if self.calendar.shows(one)
        }
        if not shown:
            raise no_such_item()
        context = f"{self.asking.url}/$metadata#{self.root}/events/$entity"
        series = self.diary.series[uid]
        if not key and series.entry.every_weeks:
            return item(context, self.calendar.master(series, select))
        if wanted not in shown:
            raise no_such_item()
        return item(context, self.calendar.event(shown[wanted], select))

    def delta(self) -> Answer:
        """GET calendarView/delta: a window first whole, then what happened to its calendar."""
        self._check_delta_options()
        path = f"{self.root}/calendarView/delta"
        state = self._delta_state(path)
        since, until = (datetime.fromisoformat(state[name]) for name in ("start", "end"))
        if state["since"] == _FIRST:
            told = self._everything(since, until)
        else:
            told = self._happened(state["since"], state["until"], since, until)
        # Pages go by name, so that what is called off between two of them shifts nothing.
        left = sorted((name, text) for name, text in told.items() if [*name] > state["after"])
        size = self.asking.page_size(10, 1000)
        texts = [text for _, text in left[:size]]
        context = f"{self.asking.url}/$metadata#Collection(event)"
        if size < len(left):
            token = seal("calendar-delta", state | {"after": [*left[size - 1][0]]})
            return page(context, texts, nextLink=self.asking.link(path, skiptoken=token))
        token = seal("calendar-delta", state | {"after": []})
        return page(context, texts, deltaLink=self.asking.link(path, deltatoken=token))

    def _check_delta_options(self) -> None:
        for name in ("$orderby", "$filter", "$select", "$expand", "$search", "$top"):
            if self.asking.option(name) is not None:
                message = (
                    "The following parameters are not supported with change tracking over the "
                    "'CalendarView' resource: '$orderby, $filter, $select, $expand, $search, $top'."
                )
                raise Refusal(400, "ErrorInvalidUrlQuery", message)

    def _delta_state(self, path: str) -> dict[str, Any]:
        """The round that the request begins or goes on with. Raises Refusal."""
        skip_token, delta_token = (
            self.asking.option("$skiptoken"),
            self.asking.option("$deltatoken"),
        )
        now_at = self.asking.world.note_seq
        if not skip_token and not delta_token:
            start, end = self._window()
            return {
                "owner": self.account.id,
                "generation": self.asking.quirks.generation,
                "start": start.isoformat(),
                "end": end.isoformat(),
                "since": _FIRST,
                "until": now_at,
                "after": [],
            }
        state = unseal("calendar-delta", skip_token or delta_token)
        if state is None or state["owner"] != self.account.id:
            raise Refusal(400, "SyncStateInvalid", "The sync state is invalid for this request.")
        fresh = self.asking.link(path, deltatoken="")
        check_generation(self.asking, state["generation"], fresh)
        if skip_token:
            return state
        return state | {"since": state["until"], "until": now_at, "after": []}

    def _everything(self, since: datetime, until: datetime) -> dict[_Name, str]:
        """The window: masters before their occurrences, occurrences as stubs."""
        told = {}
        for one in self._within(since, until):
            told[_name(one)] = self._told(one)
            self._add_master(told, one)
        return told

    def _happened(
        self, after: int, up_to: int, since: datetime, until: datetime
    ) -> dict[_Name, str]:
        """What a round says: events that changed and lie in the window; others are removed."""
        shown = {_name(one): one for one in self._within(since, until)}
        told = {}
        for note in self._notes(after, up_to):
            occurrences = self.diary.series[note.uid].occurrences()
            for one in [occurrences[note.key]] if note.key else occurrences.values():
                name = _name(one)
                if name in shown:
                    told[name] = self._told(one)
                    self._add_master(told, one)
                else:
                    gone = {"id": self.calendar.id(one), "@removed": {"reason": "deleted"}}
                    told[name] = json.dumps(gone)
        return told

    def _add_master(self, told: dict[_Name, str], one: Occurrence) -> None:
        uid = one.entry.uid
        if one.entry.every_weeks and (uid, "") not in told:
            told[uid, ""] = self.calendar.master(self.diary.series[uid], DEFAULT)

    def _notes(self, after: int, up_to: int) -> list[Note]:
        log = self.diary.log
        begin = bisect_right(log, after, key=lambda note: note.seq)
        return log[begin : bisect_right(log, up_to, key=lambda note: note.seq)]

    def _told(self, one: Occurrence) -> str:
        if one.entry.every_weeks and not self.calendar.is_exception(one):
            return self.calendar.stub(one)
        return self.calendar.event(one, DEFAULT)

    def _within(self, since: datetime, until: datetime) -> list[Occurrence]:
        return [
            one
            for one in self.diary.occurrences()
            if one.start < until and one.end > since and self.calendar.shows(one)
        ]

    def _window(self) -> tuple[datetime, datetime]:
        """The window that the request names. Raises Refusal."""
        texts = [self.asking.option(name) for name in ("startDateTime", "endDateTime")]
        if None in texts:
            message = (
                "This request requires a time window specified by the query string parameters "
                "StartDateTime and EndDateTime."
            )
            raise Refusal(400, "ErrorInvalidParameter", message)
        try:
            since, until = (_instant(text) for text in texts)
        except ValueError as error:
            message = "The value of startDateTime or endDateTime is no time."
            raise Refusal(400, "ErrorInvalidParameter", message) from error
        if until - since > timedelta(days=_LONGEST_DAYS):
            message = (
                "Your request can't be completed. The range between the start and end dates is "
                f"greater than the allowed range. Maximum number of days: {_LONGEST_DAYS}"
            )
            raise Refusal(400, "ErrorInvalidRequest", message)
        return since, until

    def _window_options(self) -> str:
        since, until = self._window()
        return f"&startDateTime={since:%Y-%m-%dT%H:%M:%SZ}&endDateTime={until:%Y-%m-%dT%H:%M:%SZ}"


def _name(one: Occurrence) -> _Name:
    return one.entry.uid, one.key.isoformat()


def _instant(text: str) -> datetime:
    """A time; without an offset it is UTC, and a plus sign may have become a blank on its way."""
    at = datetime.fromisoformat(text.replace(" ", "+"))
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
