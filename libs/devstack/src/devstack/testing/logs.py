"""Logs of tests: JSON lines as in production, so that a test prints what an operator would read."""

import pytest

from common.telemetry import logs


@pytest.fixture(scope="session", autouse=True)
def _production_logs() -> None:
    logs.configure(level="WARNING")
