"""The command line that every service has: ``python -m <service> <command>``."""

from common.cli.main import all_topics, build_cli
from common.cli.runner import run_async, with_service

__all__ = [
    "all_topics",
    "build_cli",
    "run_async",
    "with_service",
]
