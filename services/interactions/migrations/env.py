"""Alembic's entry point; everything is in ``common.migrations``."""

from common.migrations import run_env

run_env(daily_tables=("outbox", "inbox", "raw_delivery"))
