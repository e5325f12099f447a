"""Postgres: transactions, reads, the clock, batches of rows, partitions."""

from common.db.bulk import copy_rows
from common.db.clock import Clock, DatabaseClock, wall_time
from common.db.connections import ReadConnection, Transaction, UseCase, on_commit, signal_commit
from common.db.database import Database
from common.db.engines import async_url
from common.db.failures import LockedError, sqlstate
from common.db.horizon import Horizon
from common.db.partitions import drop_days, ensure_days
from common.db.rows import Columns, bytea_text
from common.db.signals import listen

__all__ = [
    "Clock",
    "Columns",
    "Database",
    "DatabaseClock",
    "Horizon",
    "LockedError",
    "ReadConnection",
    "Transaction",
    "UseCase",
    "async_url",
    "bytea_text",
    "copy_rows",
    "drop_days",
    "ensure_days",
    "listen",
    "on_commit",
    "signal_commit",
    "sqlstate",
    "wall_time",
]
