"""Is there a container engine that can give us an image?"""

import os
import socket
import sys
from contextlib import closing
from functools import cache
from typing import Any


@cache
def image_available(image: str) -> bool:
    """Say whether an engine answers and has, or can fetch, ``image``.

    Any failure means no: what matters is only whether the next provider must be tried.
    """
    if not _engine_listens():
        return False
    import docker  # slow to import, and rarely needed
    from testcontainers.core.config import testcontainers_config

    try:
        client = docker.from_env()
    except Exception as error:  # noqa: BLE001 - the client raises its transport's errors as well
        sys.stderr.write(f"the container engine does not answer ({type(error).__name__})\n")
        return False
    with closing(client):
        available = _ensured(client, image)
        if available:
            # The reaper, which clears up after runs that were killed, is an image like any other.
            testcontainers_config.ryuk_disabled = not _ensured(
                client, testcontainers_config.ryuk_image
            )
        return available


def _ensured(client: Any, image: str) -> bool:
    try:
        if not client.images.list(name=image):
            client.images.pull(image)
    except Exception as error:  # noqa: BLE001 - the client raises its transport's errors as well
        sys.stderr.write(f"no container of {image} ({type(error).__name__})\n")
        return False
    return True


def _engine_listens() -> bool:
    if "DOCKER_HOST" in os.environ:
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex("/var/run/docker.sock") == 0
