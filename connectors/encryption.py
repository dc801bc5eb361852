"""A secret encrypted under a passphrase that lies elsewhere.

Here: where the passphrase comes from, the key that it becomes, sealing and opening.
Not here: files (secret_store.py), asking somebody at a terminal (passphrase.py of pipelines).

The passphrase is looked for in a systemd credential, then in the environment, then in what was
typed in this process; whoever types it for `kith run` may give the same one to a service.
"""

import base64
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

VARIABLE = "KITH_PASSPHRASE"
CREDENTIAL = "kith-passphrase"
SHORTEST = 12  # characters of a passphrase
_SALT_BYTES = 16
_NONCE_BYTES = 12
# A third of a second and 128 MiB for each guess: OWASP's first choice for scrypt.
SCRYPT = {"length": 32, "n": 2**17, "r": 8, "p": 1}
_typed: list[str] = []


class NotOpened(Exception):
    """The passphrase is another one, or something was changed: nobody can tell which."""


def typed(passphrase: str) -> None:
    """Use what somebody has typed, for as long as this process lasts."""
    _typed[:] = [passphrase]


def passphrase() -> tuple[str, str] | None:
    """The passphrase and where it comes from, as it is told; None where there is none."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (path := Path(folder) / CREDENTIAL).is_file():
        return path.read_text(encoding="utf-8").strip(), f"the systemd credential {CREDENTIAL}"
    if given := os.environ.get(VARIABLE, "").strip():
        return given, VARIABLE
    return (_typed[0], "the passphrase") if _typed else None


def seal(secret: str, passphrase: str, name: str, salt: bytes | None = None) -> str:
    """``secret`` encrypted, as base64; it opens under the same passphrase and name only.

    salt  of a text that this process has opened or sealed: its key is at hand
    """
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    text = _cipher(passphrase, salt).encrypt(nonce, secret.encode(), name.encode())
    return base64.b64encode(salt + nonce + text).decode()


def open_sealed(sealed: str, passphrase: str, name: str) -> str:
    """The secret. Raises NotOpened."""
    try:
        whole = base64.b64decode(sealed, validate=True)
        nonce, text = whole[_SALT_BYTES:][:_NONCE_BYTES], whole[_SALT_BYTES + _NONCE_BYTES :]
        cipher = _cipher(passphrase, whole[:_SALT_BYTES])
        return cipher.decrypt(nonce, text, name.encode()).decode()
    except (InvalidTag, TypeError, ValueError):  # no base64, or cut short
        raise NotOpened from None


def salt_of(sealed: str) -> bytes:
    """What makes one passphrase another key in every folder."""
    return base64.b64decode(sealed)[:_SALT_BYTES]


@lru_cache(maxsize=64)
def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, **SCRYPT).derive(passphrase.encode()))
