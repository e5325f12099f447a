"""Where Alembic starts; everything it does here is common to all services."""

from common.migrations import run_env

run_env()
