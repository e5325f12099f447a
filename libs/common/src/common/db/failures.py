"""What a failure of Postgres means for the work: repeat it, come back later, or fix a mistake."""

import asyncpg
from sqlalchemy.exc import DBAPIError

from common.errors import InvalidError, UnavailableError
from common.telemetry import describe, get_logger

_log = get_logger(__name__)

RETRYABLE = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the same work may succeed when it is repeated."""

DEMOTED = frozenset({"25006", "57P01", "57P02", "57P03"})
"""Read-only and shutting-down servers. SQLAlchemy does not count 25006 as a disconnect, so without
us a pool would never leave a demoted primary."""

CLOSED = frozenset({"3D000", "55000"})
"""A database that does not exist or accepts no connections: somebody is working on it."""

LOCKED = "55P03"

LIMITS = "54"
"""SQLSTATE class of values that exceed what the server can hold, such as an index entry."""

TRANSIENT = ("08", "53", "57", "58")
"""SQLSTATE classes that say nothing about the work: connection, resources (disk, memory,
connections), an operator's intervention or a time-out, the system beneath. Come back later."""


class LockedError(UnavailableError):
    """Another transaction held a lock that the work needs for longer than the work may wait."""


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of a driver error, if it has one."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state if isinstance(state, str) else None


def is_repeatable(error: Exception) -> bool:
    """Return whether the same work may well succeed when all of it is repeated.

    Besides ``RETRYABLE`` that holds for a plan older than the last migration, and for a row that
    was on its way to the default partition when its own was attached (the one unnamed CHECK).
    """
    if sqlstate(error) in RETRYABLE:
        return True
    refused = getattr(error, "orig", None)
    cause = getattr(refused, "__cause__", None) or refused
    if isinstance(cause, asyncpg.CheckViolationError):
        return getattr(cause, "constraint_name", None) is None
    return isinstance(cause, asyncpg.InvalidCachedStatementError)


def translated(error: Exception) -> Exception:
    """Return UnavailableError for trouble that passes, the error itself for our own mistakes.

    A value beyond a limit of the server is the caller's mistake: InvalidError.
    """
    state = sqlstate(error)
    if state is not None and state.startswith(LIMITS):
        return InvalidError("a value is too long; shorten the longest one")
    away = (
        not _names_a_mistake(error)
        or state in RETRYABLE | DEMOTED | CLOSED | {LOCKED}
        or (state is not None and state.startswith(TRANSIENT))
    )
    if not away:
        return error
    if state == LOCKED:
        return LockedError("the resource is locked by another request; retry")
    _log.warning("database.unavailable", error=describe(error))
    return UnavailableError("the database is not available right now")


def _names_a_mistake(error: Exception) -> bool:
    """Return whether the server, or the driver on its behalf, has refused our request."""
    if isinstance(error, DBAPIError):
        return not (
            error.connection_invalidated
            or isinstance(error.orig, OSError)
            or _follows_a_lost_connection(error)
        )
    return isinstance(error, asyncpg.PostgresError)


def _follows_a_lost_connection(error: DBAPIError) -> bool:
    """Return whether the driver complains while we clean up after the connection was lost.

    A rollback may come before the driver has noticed that its connection is closed, and what it
    says then replaces the error that matters. It even hides that error when a time limit ended the
    work first; but the driver alone cannot refuse a rollback, which has no statement of ours.
    """
    if error.statement is None and sqlstate(error) is None:
        return True
    earlier = error.__context__
    while earlier is not None:
        if isinstance(earlier, OSError | asyncpg.PostgresConnectionError):
            return True
        earlier = earlier.__context__
    return False
