"""The command line that every service has: ``python -m <service> <command>``."""

from common.cli.main import PROCESSES, all_topics, build_cli
from common.cli.runner import run_async, with_service
from common.cli.secrets import read_secret

__all__ = [
    "PROCESSES",
    "all_topics",
    "build_cli",
    "read_secret",
    "run_async",
    "with_service",
]
