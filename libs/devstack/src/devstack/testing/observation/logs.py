"""Logs of tests: JSON lines, as operators see them in production."""

import pytest

from common.telemetry import logs


@pytest.fixture(scope="session", autouse=True)
def _production_logs() -> None:
    logs.configure(level="WARNING")
