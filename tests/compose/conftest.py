"""Tests of a running stack are left out where none is named; pytest counts them."""

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("THREADLINE_BASE_URL"):
        return
    left = [item for item in items if item.get_closest_marker("compose")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
