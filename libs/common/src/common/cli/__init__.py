"""The command line that every service has: ``python -m <service> <command>``."""

from common.cli.main import build_cli

__all__ = ["build_cli"]
