"""Postgres: transactions, reads, the clock, batches of rows, partitions."""

from common.db.bulk import copy_rows
from common.db.clock import Clock, DatabaseClock, wall_time
from common.db.connections import ReadConnection, Transaction
from common.db.database import Database, LockedError, async_url, sqlstate
from common.db.held_time import held_moment
from common.db.horizon import Horizon
from common.db.partitions import drop_days, ensure_days
from common.db.usecases import UseCase

__all__ = [
    "Clock",
    "Database",
    "DatabaseClock",
    "Horizon",
    "LockedError",
    "ReadConnection",
    "Transaction",
    "UseCase",
    "async_url",
    "copy_rows",
    "drop_days",
    "ensure_days",
    "held_moment",
    "sqlstate",
    "wall_time",
]
