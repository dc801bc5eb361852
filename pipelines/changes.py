"""What a provider's page takes away: deleted, moved, and gone from a full listing.

Here: the part of a page that is no new record, applied inside the transaction of store.py.
Not here: how a provider tells (connectors/), rows and cursors (store.py).

Nothing is removed from raw.messages and raw.events: what went keeps its row with ``deleted_at``.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import duckdb

from connectors.pages import Gone, Page, Sweep
from pipelines.raw_tables import RAW_TABLES


def apply(connection: duckdb.DuckDBPyConnection, mailbox_id: str, page: Page) -> None:
    """Apply what ``page`` files, unfiles, deletes, lists and sweeps. Part of a transaction."""
    if page.starts_listing:
        _forget_listing(connection, mailbox_id, page.stream)
    if page.listed:
        connection.execute(
            "INSERT INTO raw.listed SELECT ?, ?, unnest(?::VARCHAR[])",
            [mailbox_id, page.stream, list(page.listed)],
        )
    if page.named:
        _name(connection, mailbox_id, page.named)
    if page.filed:
        _file(connection, mailbox_id, page.filed)
    if page.unfiled:
        _unfile(connection, mailbox_id, page.unfiled, page.at if page.is_last_folder else None)
    if page.gone:
        _remove(connection, mailbox_id, page.gone)
    if page.sweep:
        _sweep(connection, mailbox_id, page, page.sweep)
        _forget_listing(connection, mailbox_id, page.stream)


def _forget_listing(connection: duckdb.DuckDBPyConnection, mailbox_id: str, stream: str) -> None:
    connection.execute(
        "DELETE FROM raw.listed WHERE mailbox_id = ? AND stream = ?", [mailbox_id, stream]
    )


def _name(
    connection: duckdb.DuckDBPyConnection, mailbox_id: str, named: Collection[tuple[str, str]]
) -> None:
    """Keep what folders are."""
    for folder_id, name in named:
        values = {"mailbox": mailbox_id, "folder": folder_id, "name": name}
        same = "mailbox_id = $mailbox AND folder_id = $folder"
        known = connection.execute(
            f"SELECT 1 FROM raw.folders WHERE {same} AND name = $name", values
        ).fetchall()
        if not known:
            place = {"mailbox": mailbox_id, "folder": folder_id}
            connection.execute(f"DELETE FROM raw.folders WHERE {same}", place)
            connection.execute("INSERT INTO raw.folders VALUES ($mailbox, $folder, $name)", values)
            _touch(connection, "raw.folders")


def _refile(connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> None:
    """Change raw.message_folders; what rests on it is out of date where that changed a row."""
    ((count,),) = connection.execute(sql, values).fetchall()
    if count:
        _touch(connection, "raw.message_folders")


def _touch(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Say that rows changed that belong to no month."""
    connection.execute(
        "INSERT INTO raw.touched_months (SELECT ?, NULL::DATE "
        "EXCEPT SELECT table_name, month FROM raw.touched_months)",
        [table],
    )


def _file(
    connection: duckdb.DuckDBPyConnection, mailbox_id: str, filed: Collection[tuple[str, str]]
) -> None:
    """Put messages that are stored into folders; what is not stored lies in none."""
    _refile(
        connection,
        "INSERT INTO raw.message_folders "
        "SELECT DISTINCT $mailbox, filed.folder_id, filed.message_id "
        "FROM (SELECT unnest($folders::VARCHAR[]) AS folder_id, "
        "unnest($messages::VARCHAR[]) AS message_id) AS filed "
        "SEMI JOIN raw.messages AS held "
        "ON held.mailbox_id = $mailbox AND held.message_id = filed.message_id "
        "ANTI JOIN raw.message_folders AS there ON there.mailbox_id = $mailbox "
        "AND there.folder_id = filed.folder_id AND there.message_id = filed.message_id",
        {"mailbox": mailbox_id} | _pairs(filed),
    )
    # Told in another order, a move looks like the end of a message first.
    connection.execute(
        "UPDATE raw.messages SET deleted_at = NULL WHERE mailbox_id = $mailbox "
        "AND list_contains($messages, message_id) AND deleted_at IS NOT NULL",
        {"mailbox": mailbox_id, "messages": _pairs(filed)["messages"]},
    )


def _unfile(
    connection: duckdb.DuckDBPyConnection,
    mailbox_id: str,
    unfiled: Collection[tuple[str, str]],
    gone_at: datetime | None,
) -> None:
    """Take messages out of folders; those then in no folder went at ``gone_at``."""
    pairs = _pairs(unfiled)
    _refile(
        connection,
        "DELETE FROM raw.message_folders AS there "
        "USING (SELECT unnest($folders::VARCHAR[]) AS folder_id, "
        "unnest($messages::VARCHAR[]) AS message_id) AS left_folder "
        "WHERE there.mailbox_id = $mailbox AND there.folder_id = left_folder.folder_id "
        "AND there.message_id = left_folder.message_id",
        {"mailbox": mailbox_id} | pairs,
    )
    if gone_at is not None:
        _mark(
            connection,
            "raw.messages",
            "mailbox_id = $mailbox AND list_contains($messages, message_id) "
            "AND message_id NOT IN (SELECT message_id FROM raw.message_folders "
            "WHERE mailbox_id = $mailbox)",
            {"mailbox": mailbox_id, "messages": pairs["messages"]},
            gone_at,
        )


def _pairs(filed: Collection[tuple[str, str]]) -> dict[str, list[str]]:
    return {
        "folders": [folder_id for folder_id, _ in filed],
        "messages": [message_id for _, message_id in filed],
    }


def _remove(connection: duckdb.DuckDBPyConnection, mailbox_id: str, gone: Sequence[Gone]) -> None:
    places = {(one.kind, one.calendar_id, one.at) for one in gone}
    for kind, calendar_id, at in sorted(places, key=str):
        ids = [
            one.id for one in gone if (one.kind, one.calendar_id, one.at) == (kind, calendar_id, at)
        ]
        table = "raw.messages" if kind == "message" else "raw.events"
        column = {"message": "message_id", "event": "event_id", "series": "series_id"}[kind]
        where = f"mailbox_id = $mailbox AND list_contains($ids, {column})"
        values: dict[str, Any] = {"mailbox": mailbox_id, "ids": ids}
        if kind == "message":
            _refile(connection, f"DELETE FROM raw.message_folders WHERE {where}", values)
        else:
            where += " AND calendar_id = $calendar"
            values["calendar"] = calendar_id
        _mark(connection, table, where, values, at)


def _sweep(
    connection: duckdb.DuckDBPyConnection, mailbox_id: str, page: Page, sweep: Sweep
) -> None:
    """Let go what the listing, now complete, did not name."""
    unlisted = (
        "NOT IN (SELECT item_id FROM raw.listed WHERE mailbox_id = $mailbox AND stream = $stream)"
    )
    values: dict[str, Any] = {"mailbox": mailbox_id, "stream": page.stream}
    match sweep.kind:
        case "message":
            where = f"mailbox_id = $mailbox AND message_id {unlisted}"
            _refile(connection, f"DELETE FROM raw.message_folders WHERE {where}", values)
            _mark(connection, "raw.messages", where, values, sweep.at)
            _restore(connection, values)
        case "folder":
            unfiled = connection.execute(
                "SELECT folder_id, message_id FROM raw.message_folders "
                f"WHERE mailbox_id = $mailbox AND folder_id = $folder AND message_id {unlisted}",
                values | {"folder": sweep.within},
            ).fetchall()
            _unfile(connection, mailbox_id, unfiled, sweep.at if page.is_last_folder else None)
        case "event":
            where = f"mailbox_id = $mailbox AND calendar_id = $calendar AND event_id {unlisted}"
            values["calendar"] = sweep.within
            for name, comparison in (("since", "end_at >"), ("until", "start_at <")):
                if (bound := getattr(sweep, name)) is not None:
                    where += f" AND {comparison} ${name}"
                    values[name] = bound
            _mark(connection, "raw.events", where, values, sweep.at)
        case "person":
            ended = connection.execute(
                "UPDATE raw.people SET valid_to = $at WHERE account_id = $mailbox "
                f"AND valid_to IS NULL AND directory_id {unlisted} RETURNING 1",
                values | {"at": sweep.at},
            ).fetchall()
            if ended:
                _touch(connection, "raw.people")


def _restore(connection: duckdb.DuckDBPyConnection, values: dict[str, Any]) -> None:
    """Messages that the listing names are there again, taken out of the trash for example."""
    connection.execute(
        "UPDATE raw.messages SET deleted_at = NULL WHERE mailbox_id = $mailbox "
        "AND deleted_at IS NOT NULL AND message_id IN (SELECT item_id FROM raw.listed "
        "WHERE mailbox_id = $mailbox AND stream = $stream)",
        values,
    )


def _mark(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    where: str,
    values: dict[str, Any],
    at: datetime,
) -> None:
    """Date the end of rows that have none yet, and touch the months they stand in."""
    where += " AND deleted_at IS NULL"
    # Most sweeps find nothing, and looking is cheaper than changing nothing.
    if not connection.execute(f"SELECT 1 FROM {table} WHERE {where} LIMIT 1", values).fetchall():
        return
    month = f"date_trunc('month', {RAW_TABLES[table].dated_by})::date"
    connection.execute(
        f"INSERT INTO raw.touched_months (SELECT '{table}', {month} FROM {table} WHERE {where} "
        "EXCEPT SELECT table_name, month FROM raw.touched_months)",
        values,
    )
    connection.execute(f"UPDATE {table} SET deleted_at = $at WHERE {where}", values | {"at": at})
