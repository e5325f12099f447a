"""Fixtures that every test folder may use, and the order of tests.

Only the root may name ``pytest_plugins``.
"""

from collections import defaultdict
from pathlib import Path

import pytest

pytest_plugins = (
    "devstack.testing.observation.logs",
    "devstack.testing.postgres",
    "devstack.testing.kafka",
    "devstack.testing.stack",
    "devstack.fleet.fleet",
)


PATIENCE = 5
"""A time-out only ends what hangs: on a busy machine everything takes several times as long."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stretch time-outs, and run the files with the longest first.

    No worker is then left alone with a long file.
    """
    limits: defaultdict[Path, float] = defaultdict(float)
    for item in items:
        mark = item.get_closest_marker("timeout")
        limits[item.path] = max(limits[item.path], mark.args[0] if mark else 0.0)
        if mark:
            item.add_marker(pytest.mark.timeout(PATIENCE * mark.args[0]), append=False)
    items.sort(key=lambda item: limits[item.path], reverse=True)
