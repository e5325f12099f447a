"""Whether a container engine is running and has an image."""

import os
import socket
import sys
from contextlib import closing
from functools import cache
from typing import Any


@cache
def has_image(image: str) -> bool:
    """Return whether a container engine answers and has, or can fetch, ``image``.

    Any failure means no: the caller then tries its next provider.
    """
    if not _engine_is_listening():
        return False
    import docker  # slow to import, and rarely needed
    from testcontainers.core.config import testcontainers_config

    try:
        client = docker.from_env()
    except Exception as error:  # noqa: BLE001 - the client raises its transport's errors as well
        sys.stderr.write(f"the container engine does not answer ({type(error).__name__})\n")
        return False
    with closing(client):
        available = _fetch(client, image)
        if available:
            # The reaper, which cleans up after killed runs, is an image of its own.
            testcontainers_config.ryuk_disabled = not _fetch(
                client, testcontainers_config.ryuk_image
            )
        return available


def _fetch(client: Any, image: str) -> bool:
    try:
        if not client.images.list(name=image):
            client.images.pull(image)
    except Exception as error:  # noqa: BLE001 - the client raises its transport's errors as well
        sys.stderr.write(f"the container engine cannot fetch {image} ({type(error).__name__})\n")
        return False
    return True


def _engine_is_listening() -> bool:
    if "DOCKER_HOST" in os.environ:
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex("/var/run/docker.sock") == 0
