"""The keyring of the system: Secret Service, KWallet, macOS Keychain, Windows Credential Manager.

Here: which keyrings may hold a secret, and secrets that are longer than an entry may be.
Not here: what kith does without one (secret_store.py).

`keyring` takes whatever is installed, and keyrings.alt, which others bring along, writes plaintext
and reports success. So a keyring is refused by name, and where `keyring` itself advises against it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "kith"
# Windows takes 2,560 bytes in an entry, and `keyring` writes two for each character there.
PIECE_LENGTH = 1200
_REFUSED = {
    "keyrings.alt": "keyrings.alt leaves secrets readable for everybody",
    "keyring.backends.null": "keyring's null backend forgets what it is given",
    "keyring.backends.fail": "this machine has no keyring, or none that this session reaches",
}


class NoKeyring(RuntimeError):
    """No keyring here may hold a secret; the text says why not."""


class OutOfReach(RuntimeError):
    """The keyring that may hold it does not give or take a secret now."""


def find(name: str | None = None) -> "KeyringBackend":
    """The keyring to use; the one of that ``name`` where there is one. Raises NoKeyring."""
    refusals = []
    for one in _installed():
        if refusal := _refusal(one):
            refusals.append(refusal)
        elif name in (None, one.name):
            return one
    missing = f"{name or 'a keyring'} is not there, or not in this session"
    raise NoKeyring(refusals[0] if refusals else missing)


def put(keyring: "KeyringBackend", entry: str, secret: str) -> int:
    """Keep a secret under ``entry``; how many pieces it took. Raises OutOfReach."""
    remove(keyring, entry)
    pieces = [secret[at : at + PIECE_LENGTH] for at in range(0, len(secret), PIECE_LENGTH)]
    with _told(keyring):
        for number, piece in enumerate(pieces):
            keyring.set_password(SERVICE, f"{entry}.{number}", piece)
    return len(pieces)


def get(keyring: "KeyringBackend", entry: str, piece_count: int) -> str | None:
    """The secret; None where a piece is missing. Raises OutOfReach."""
    with _told(keyring):
        pieces = [
            keyring.get_password(SERVICE, f"{entry}.{number}") for number in range(piece_count)
        ]
    return None if None in pieces else "".join(pieces)


def remove(keyring: "KeyringBackend", entry: str) -> None:
    """Forget every piece of ``entry``. Raises OutOfReach."""
    with _told(keyring):
        for number in count():
            if keyring.get_password(SERVICE, f"{entry}.{number}") is None:
                return
            keyring.delete_password(SERVICE, f"{entry}.{number}")


def _installed() -> list["KeyringBackend"]:
    """What `keyring` would ask, in its order: a chain is looked through, not trusted as a whole."""
    try:
        import keyring  # loads every backend, which takes a quarter of a second
        from keyring.backends.chainer import ChainerBackend

        found = keyring.get_keyring()
    except (ImportError, AttributeError, ValueError, RuntimeError):
        raise NoKeyring(
            "the keyring that PYTHON_KEYRING_BACKEND or keyringrc.cfg names cannot be loaded"
        ) from None
    return list(found.backends) if isinstance(found, ChainerBackend) else [found]


def _refusal(keyring: "KeyringBackend") -> str | None:
    module = type(keyring).__module__
    for name, why in _REFUSED.items():
        if module == name or module.startswith(f"{name}."):
            return why
    return None if keyring.priority >= 1 else f"keyring advises against its backend {keyring.name}"


@contextmanager
def _told(keyring: "KeyringBackend") -> Iterator[None]:
    """A refusal of the keyring in plain words; what it says itself may hold the secret."""
    try:
        yield
    except _errors():
        raise OutOfReach(f"{keyring.name} is locked, or does not answer") from None


def _errors() -> tuple[type[Exception], ...]:
    """What a keyring raises; over D-Bus some of it does not come as keyring's own errors."""
    from keyring.errors import KeyringError

    try:
        from jeepney import DBusErrorResponse
        from secretstorage.exceptions import SecretStorageException
    except ImportError:  # `keyring` brings them where there is D-Bus
        return KeyringError, OSError
    return KeyringError, OSError, DBusErrorResponse, SecretStorageException
