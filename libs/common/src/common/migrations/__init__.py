"""Alembic without settings files, and the tables beneath every service."""

from common.migrations.access import Access, create_functions
from common.migrations.indexes import build_index
from common.migrations.runner import downgrade, run_env, upgrade
from common.migrations.schema import erasing, plumbing

__all__ = [
    "Access",
    "build_index",
    "create_functions",
    "downgrade",
    "erasing",
    "plumbing",
    "run_env",
    "upgrade",
]
