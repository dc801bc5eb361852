"""A Google of invented people: sign-in, Gmail, Calendar and Directory on loopback."""

from sandbox.google.vendor import Google

__all__ = ["Google"]
