"""Deselects the tests of a running stack unless ``THREADLINE_BASE_URL`` names one."""

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("THREADLINE_BASE_URL"):
        return
    left = [item for item in items if item.get_closest_marker("compose")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
