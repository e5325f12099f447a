"""What Alembic runs."""

from common.migrations import run_env

run_env(daily_tables=("outbox", "inbox", "alert"))
