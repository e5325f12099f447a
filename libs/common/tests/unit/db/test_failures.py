"""What a failure of Postgres means when the driver names another one."""

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError, InterfaceError

from common.db.failures import translated
from common.errors import UnavailableError


def after(first: Exception, statement: str | None = "ROLLBACK") -> DBAPIError:
    """Return the driver's complaint about a rollback after ``first``, as SQLAlchemy raises it.

    Its own rollbacks have no statement.
    """
    complaint = asyncpg.InterfaceError("cannot perform operation: another operation is in progress")
    orig = AsyncAdapt_asyncpg_dbapi.InterfaceError(str(complaint), complaint)
    complaint.__context__ = first
    orig.__context__ = complaint
    error = InterfaceError(statement, None, orig)
    error.__context__ = orig
    return error


def test_a_rollback_that_fails_after_the_connection_was_lost_is_no_mistake():
    lost = [
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        ConnectionResetError(104, "reset"),
    ]
    for first in lost:
        assert isinstance(translated(after(first)), UnavailableError)


def test_a_complaint_of_the_driver_after_anything_else_is_our_mistake():
    error = after(LookupError())
    assert translated(error) is error


def test_a_rollback_that_the_driver_refuses_by_itself_follows_a_lost_connection():
    assert isinstance(translated(after(TimeoutError(), statement=None)), UnavailableError)
