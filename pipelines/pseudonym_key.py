"""The key behind every pseudonym: made once, never replaced.

Here: ``credentials/pseudonym.key`` or KITH_PSEUDONYM_KEY, and its fingerprint.
Not here: what is made with it (connectors/addresses.py).

With another key every person would become a stranger and all history would split in two, so a lost
key is an error and never a reason to make a new one.
"""

import hashlib
import os
import secrets

from connectors import private_files
from pipelines.settings import Settings, make_private

VARIABLE = "KITH_PSEUDONYM_KEY"
_BYTES = 32


class KeyProblem(RuntimeError):
    """The pseudonym key is missing, unreadable or not the one that the data were made with."""


def load(settings: Settings) -> bytes:
    """The key, 32 bytes; made where nothing rests on one yet.

    Raises KeyProblem where data exist and the key does not, or where it is malformed.
    """
    if text := os.environ.get(VARIABLE):
        return _decode(text, VARIABLE)
    path = settings.credentials / "pseudonym.key"
    if path.exists():
        return _decode(path.read_text(encoding="ascii", errors="replace"), str(path))
    if settings.database.exists() or any(settings.imports.glob("*.parquet")):
        raise KeyProblem(
            f"{path} is missing, but data made with it exist; restore it from your backup "
            f"or set {VARIABLE}; without it, start again in an empty folder (KITH_DATA)"
        )
    return write(settings, secrets.token_bytes(_BYTES))


def write(settings: Settings, key: bytes) -> bytes:
    """Keep ``key`` durably at its place, 0600 from the first byte; refuse to overwrite."""
    make_private(settings.data_folder)
    folder = make_private(settings.credentials)
    descriptor = os.open(folder / "pseudonym.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    private_files.sync_folder(folder)
    return key


def fingerprint(key: bytes) -> str:
    """What may be shown of a key: enough to tell two apart, nothing to compute with."""
    return hashlib.sha256(b"kith pseudonym key " + key).hexdigest()[:16]


def _decode(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError as error:
        raise KeyProblem(f"{where} is not hexadecimal; restore it from your backup") from error
    if len(key) != _BYTES:
        raise KeyProblem(f"{where} holds {len(key)} bytes instead of {_BYTES}; restore it")
    return key
