"""Identifiers: time-ordered for the index, too random to guess (RFC 9562, version 7)."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUIDv7. Order by it only for index locality, never for truth."""
    return uuid7()
