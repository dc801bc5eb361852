"""What a benchmark of pulling must know of one provider, and the crowd that stands for it.

Here: opening accounts and settings of a provider, starting and asking the other process.
Not here: what is measured (pulling.py), who is served (crowd.py).
"""

import contextlib
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from benchmarks.measuring import ROOT
from connectors import google, microsoft
from connectors.microsoft import mail
from connectors.quota import Clock
from sandbox.people import GOOGLE, MICROSOFT


@dataclass(frozen=True)
class Crowded:
    """A provider that serves a crowd in another process.

    people  addresses of its mailboxes
    """

    url: str
    key: dict[str, Any]
    admin: str
    people: tuple[str, ...]

    def control(self, name: str, **body: Any) -> dict[str, Any]:
        """POST /sandbox/<name>."""
        with contextlib.closing(http.client.HTTPConnection(urlsplit(self.url).netloc)) as line:
            line.request("POST", f"/sandbox/{name}", json.dumps(body))
            answer = line.getresponse()
            told = json.loads(answer.read())
        if answer.status != http.client.OK:
            raise RuntimeError(f"{name}: {told}")
        return told


@contextlib.contextmanager
def crowd(company: str, mailboxes: int, letters: int, in_a_thread: int = 3) -> Iterator[Crowded]:
    """A crowd that is served until the block is left."""
    command = [sys.executable, "-m", "benchmarks.crowd", "--company", company]
    command += ["--mailboxes", str(mailboxes), "--letters", str(letters)]
    command += ["--in-a-thread", str(in_a_thread)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as served:
        where = json.loads(served.stdout.readline())
        yield Crowded(where["url"], where["key"], where["admin"], tuple(where["people"]))
        served.stdin.close()


class Google:
    """Gmail under the current table of quotas."""

    company = GOOGLE
    quota = google.CURRENT

    def account(self, at: Crowded) -> google.GoogleAccount:
        """An account without limits."""
        return google.GoogleAccount(
            at.key,
            admin=at.admin,
            endpoints=google.Endpoints(at.url, f"{at.url}/calendar/v3/", at.url),
            quota=google.UNLIMITED,
            clock=Clock(),
        )

    def settings(self, at: Crowded, quota: str) -> dict[str, Any]:
        """The part of kith.toml that leads to the crowd."""
        return {
            "google": {
                "gmail_endpoint": at.url,
                "calendar_endpoint": f"{at.url}/calendar/v3/",
                "directory_endpoint": at.url,
                "quota": quota,
            }
        }

    def allowed(self, mailboxes: int) -> float:
        """Units that so many mailboxes may cost in a minute."""
        own = mailboxes * self.quota.gmail_mailbox_units_per_minute
        return min(own, self.quota.gmail_project_units_per_minute)

    def messages_a_minute(self, mailboxes: int) -> float:
        """How many may be fetched, where threads have three."""
        return self.allowed(mailboxes) / self.quota.thread_units * 3

    def hold(self, at: Crowded, minute_s: float) -> None:
        """Let the provider refuse what is beyond its published limits."""
        at.control(
            "gmail_quota",
            project_units=self.quota.gmail_project_units_per_minute,
            mailbox_units=self.quota.gmail_mailbox_units_per_minute,
            minute_s=minute_s,
        )

    def spending(self, at: Crowded) -> dict[str, int]:
        """What was served and refused so far, and the fullest minutes."""
        return at.control("gmail_spending")


class Microsoft:
    """Graph under its published limits, scaled down to what one page in a transaction can use.

    Pages hold one message, so that requests are what is short: with pages of five hundred no
    mailbox is ever read as fast as Graph allows.
    """

    company = MICROSOFT
    quota = replace(
        microsoft.PUBLISHED,
        mailbox_requests_per_10_minutes=2_000,
        account_requests_per_10_seconds=150,
    )

    def account(self, at: Crowded) -> microsoft.MicrosoftAccount:
        """An account without limits."""
        return microsoft.MicrosoftAccount(
            at.key,
            endpoints=microsoft.Endpoints(at.url, at.url),
            quota=microsoft.UNLIMITED,
            clock=Clock(),
        )

    def settings(self, at: Crowded, quota: str) -> dict[str, Any]:
        """The part of kith.toml that leads to the crowd."""
        own = {"graph_endpoint": at.url, "login_endpoint": at.url}
        if quota == "unlimited":
            return {"microsoft": own | {"quota": quota}}
        return {"microsoft": own | asdict(self.quota)}

    def allowed(self, mailboxes: int) -> float:
        """Requests that may be made of so many mailboxes in a minute."""
        own = mailboxes * self.quota.mailbox_requests_per_10_minutes / 10
        return min(own, self.quota.account_requests_per_10_seconds * 6)

    def messages_a_minute(self, mailboxes: int) -> float:
        """How many may be fetched."""
        return self.allowed(mailboxes)

    def hold(self, at: Crowded, minute_s: float) -> None:
        """Let the provider refuse what is beyond those limits."""
        mail._SIZE = "odata.maxpagesize=1"
        at.control(
            "graph-limits",
            mailbox_requests=self.quota.mailbox_requests_per_10_minutes,
            mailbox_window_s=10 * minute_s,
            mailbox_at_once=self.quota.mailbox_requests_at_once,
            all_requests=self.quota.account_requests_per_10_seconds,
            window_s=minute_s / 6,
        )

    def spending(self, at: Crowded) -> dict[str, float]:
        """What was served and refused so far, and the fullest window as requests of a minute."""
        told = at.control("graph-spending")
        most = told["fullest"] * self.allowed(len(at.people))
        return {"spent": told["served"], "refused": told["refused"], "most_of_project": most}


PROVIDERS = {"google": Google(), "microsoft": Microsoft()}
