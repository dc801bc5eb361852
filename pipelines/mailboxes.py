"""The mailboxes and accounts that are read, as the warehouse knows them.

Here: their states, their cursors, what is held of them, which was read longest ago.
Not here: reading them (pull.py), whose they are (audience.py).
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb

from connectors.records import Mailbox
from pipelines.store import transaction

if TYPE_CHECKING:
    from pipelines.accounts import Account

WAITING = "waiting"
DISCONNECTED = "disconnected"
_NOT_LISTED = ("not in the directory", "nothing to do: what was read stays; kith forget erases it")
_SUSPENDED = (
    "suspended in the directory",
    "let an administrator reactivate the account; what was read stays",
)
_NO_MAILBOX = (
    "no mailbox",
    "let an administrator give this person a mailbox again; what was read stays",
)


def of(connection: duckdb.DuckDBPyConnection, account_id: str) -> list[Mailbox]:
    """The mailboxes of an account that the warehouse knows, by address."""
    rows = connection.execute(
        "SELECT mailboxes.mailbox_id, mailboxes.provider, texts.address "
        "FROM raw.mailboxes AS mailboxes "
        "LEFT JOIN raw.addresses AS texts ON texts.address_key = mailboxes.address_key "
        "WHERE mailboxes.account_id = ? ORDER BY texts.address, mailboxes.mailbox_id",
        [account_id],
    ).fetchall()
    return [
        Mailbox(mailbox_id=mailbox_id, provider=provider, address=address)
        for mailbox_id, provider, address in rows
    ]


def in_order_of_need(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """mailbox_id -> place in the queue: those never read, then those read longest ago."""
    rows = connection.execute(
        "SELECT mailbox_id FROM raw.mailboxes ORDER BY pulled_at NULLS FIRST, mailbox_id"
    ).fetchall()
    return {mailbox_id: place for place, (mailbox_id,) in enumerate(rows)}


def cursors(connection: duckdb.DuckDBPyConnection, mailbox_id: str) -> dict[str, str]:
    """Stream -> cursor of a mailbox; of a directory for an account's id."""
    return dict(
        connection.execute(
            "SELECT stream, cursor FROM raw.cursors WHERE mailbox_id = ?", [mailbox_id]
        ).fetchall()
    )


def held(connection: duckdb.DuckDBPyConnection, mailbox_id: str, ids: Iterable[str]) -> set[str]:
    """Those of ``ids`` that are stored, deleted ones included."""
    rows = connection.execute(
        "SELECT message_id FROM raw.messages "
        "WHERE mailbox_id = ? AND message_id IN (SELECT unnest(?::VARCHAR[]))",
        [mailbox_id, list(ids)],
    ).fetchall()
    return {message_id for (message_id,) in rows}


def set_state(
    connection: duckdb.DuckDBPyConnection,
    mailbox_id: str,
    state: str,
    cure: str | None,
    pulled_at: datetime | None,
) -> None:
    """Say how a mailbox fares; ``pulled_at`` stays where it is None."""
    _change(
        connection,
        "raw.mailboxes",
        {"state": state, "cure": cure} | ({"pulled_at": pulled_at} if pulled_at else {}),
        "mailbox_id = $mailbox_id",
        {"mailbox_id": mailbox_id},
    )


def set_unread(
    connection: duckdb.DuckDBPyConnection,
    account_id: str,
    chosen: Collection[str],
    not_read: Mapping[str, str],
) -> None:
    """Say of known mailboxes that are no longer read why that is.

    not_read  mailbox_id -> what the settings or its owner say; else the directory has a reason
    """
    listed = dict(
        connection.execute(
            "SELECT directory_id, (is_active, has_mailbox) FROM raw.people "
            "WHERE account_id = ? AND valid_to IS NULL",
            [account_id],
        ).fetchall()
    )
    for mailbox in of(connection, account_id):
        mailbox_id = mailbox.mailbox_id
        if mailbox_id in chosen:
            continue
        directory_id = mailbox_id.removeprefix(f"{mailbox.provider}-")
        is_active, has_mailbox = listed.get(directory_id, (None, None))
        state, cure = _NOT_LISTED
        if mailbox_id in not_read:
            state, cure = not_read[mailbox_id], None
        elif is_active is False:
            state, cure = _SUSPENDED
        elif has_mailbox is False:
            state, cure = _NO_MAILBOX
        set_state(connection, mailbox_id, state, cure, None)


def close_others(connection: duckdb.DuckDBPyConnection, connected: Collection[str]) -> None:
    """Say of mailboxes whose account is not connected any more that it is so."""
    _change(
        connection,
        "raw.mailboxes",
        {"state": DISCONNECTED, "cure": None},
        "account_id IS NOT NULL AND NOT list_contains($connected, account_id)",
        {"connected": list(connected)},
    )


def set_account(
    connection: duckdb.DuckDBPyConnection, account: "Account", state: str, cure: str | None
) -> None:
    """Say how an account fares, and that it is there."""
    connection.execute(
        "INSERT INTO raw.accounts SELECT ?, ?, ?, NULL, NULL "
        "WHERE ? NOT IN (SELECT account_id FROM raw.accounts)",
        [account.account_id, account.provider, account.is_organisation, account.account_id],
    )
    _change(
        connection,
        "raw.accounts",
        {"state": state, "cure": cure},
        "account_id = $account_id",
        {"account_id": account.account_id},
    )


def _change(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    values: Mapping[str, Any],
    where: str,
    key: Mapping[str, Any],
) -> None:
    """UPDATE that touches the table only where it changes something."""
    assigned = ", ".join(f"{column} = ${column}" for column in values)
    differs = " OR ".join(f"{column} IS DISTINCT FROM ${column}" for column in values)
    with transaction(connection):
        changed = connection.execute(
            f"UPDATE {table} SET {assigned} WHERE {where} AND ({differs}) RETURNING 1",
            {**values, **key},
        ).fetchall()
        if changed:
            connection.execute("INSERT INTO raw.touched_months VALUES (?, NULL)", [table])
