"""Alembic without settings files, and the tables beneath every service."""

from common.migrations.indexes import build_index
from common.migrations.runner import downgrade, run_env, upgrade
from common.migrations.schema import plumbing

__all__ = [
    "build_index",
    "downgrade",
    "plumbing",
    "run_env",
    "upgrade",
]
