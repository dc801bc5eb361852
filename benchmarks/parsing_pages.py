"""How fast recorded pages of Graph become Arrow tables, on one core.

The pages of a whole tenant's mail are recorded once from the sandbox, as the bytes that came over
HTTP; then each is unpacked from JSON, read into records and put into an Arrow table, as a pull does
it. The least of five runs: how many times longer it takes than json.loads alone can be compared
between machines.
"""

import gc
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from connectors.microsoft import UNLIMITED, Endpoints, MicrosoftAccount, messages
from connectors.quota import Clock
from connectors.records import Mailbox, Message, table
from sandbox.exchange import Answer, Request
from sandbox.microsoft.users import object_id
from sandbox.people import MICROSOFT
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World

SINCE = datetime(1990, 1, 1, tzinfo=UTC)
RUNS = 5
TARGET = 20_000  # messages a second and core

Recorded = list[tuple[Mailbox, list[bytes]]]


def recorded(months: int) -> Recorded:
    """The delta pages of every mailbox of the village's Microsoft tenant."""
    world = World(Village(months=months))
    with Sandbox(world) as sandbox:
        account = MicrosoftAccount(
            world.microsoft_key_file(),
            endpoints=Endpoints(sandbox.microsoft_url, sandbox.microsoft_url),
            quota=UNLIMITED,
            clock=Clock(),
        )
        return [
            (mailbox, list(_bodies(sandbox, account, mailbox))) for mailbox in _mailboxes(world)
        ]


def _mailboxes(world: World) -> Iterator[Mailbox]:
    for one in world.directory(MICROSOFT):
        if one.has_mail and one.kind == "person" and not one.is_suspended:
            yield Mailbox(
                mailbox_id=f"microsoft-{object_id(one)}", provider="microsoft", address=one.address
            )


def _bodies(sandbox: Sandbox, account: MicrosoftAccount, mailbox: Mailbox) -> Iterator[bytes]:
    vendor, bodies = sandbox.microsoft, []

    def answer(request: Request) -> Answer:
        given = type(vendor).answer(vendor, request)
        if request.path.endswith("/messages/delta"):
            bodies.append(given.body)
        return given

    vendor.answer = answer
    for _ in account.mail(mailbox, {}, lambda _: set(), SINCE):
        yield from bodies
        bodies.clear()


def parsed(pages: Recorded) -> int:
    """Messages that became rows of Arrow tables."""
    count = 0
    for mailbox, bodies in pages:
        for body in bodies:
            items = json.loads(body)["value"]
            records = [
                one
                for item in items
                for one in messages.records(item, mailbox, "folder", SINCE)
                if isinstance(one, Message)
            ]
            count += table(records, Message).num_rows
    return count


def unpacked(pages: Recorded) -> int:
    """Messages in pages of which nothing but the JSON is read: the bound."""
    return sum(len(json.loads(body)["value"]) for _, bodies in pages for body in bodies)


def seconds(read: Callable[[Recorded], int], pages: Recorded) -> tuple[float, int]:
    """Processor seconds of one run, and the messages it counted."""
    start = time.process_time()
    count = read(pages)
    return time.process_time() - start, count


def main() -> None:
    """Print what one core does, how far that is from the target, and from the bound."""
    pages = recorded(months=6)
    table([], Message)  # pyarrow looks for pandas at its first array, once in a process
    gc.freeze()  # as a pull does
    runs = [(seconds(parsed, pages), seconds(unpacked, pages)) for _ in range(RUNS)]
    took, count = min(one for one, _ in runs)
    bound_s, _ = min(one for _, one in runs)
    size = sum(len(body) for _, bodies in pages for body in bodies)
    print(f"{count:,} messages, {size / count:,.0f} bytes each, {count / took:,.0f} a second")
    print(f"{count / took / TARGET:.2f} of the target of {TARGET:,} a second and core")
    print(f"{took / bound_s:.1f} times what json.loads alone takes")


if __name__ == "__main__":
    main()
