"""Makes API keys for a stack that runs, with the scopes that are asked for."""

import json
from collections.abc import Sequence
from pathlib import Path

import psutil
from pydantic import SecretStr

from common.errors import ServiceError
from common.web.auth import CreateKey, create_key, insert_key, registered_scopes
from devstack.servers.children import StartError
from devstack.stack.credentials import load_credentials
from devstack.stack.endpoints import Endpoints
from devstack.stack.services import build_services


async def make_key(directory: Path, *, tenant: str, name: str, scopes: Sequence[str]) -> str:
    """Store a new key in the database of every service and return it.

    Without ``scopes`` it has all of them. Raises ``StartError`` if no stack runs over
    ``directory``, or a key cannot be made like this.
    """
    endpoints, credentials = running_endpoints(directory), load_credentials(directory)
    services = build_services(
        dsns=endpoints.postgres, bootstrap=endpoints.kafka, credentials=credentials, port=0
    ).all()
    now = services[0].clock.now()
    command = CreateKey(
        tenant_id=tenant,
        name=name,
        scopes=_checked(scopes) or sorted(registered_scopes()),
        environment="test",
    )
    try:
        key, row = create_key(command, pepper=SecretStr(credentials.pepper), now=now)
    except ServiceError as error:
        raise StartError(error.detail) from error
    for service in services:
        await service.database.run(insert_key, row, now=now)
        await service.close()
    return key


def running_endpoints(directory: Path) -> Endpoints:
    """Return the addresses of the stack that runs over ``directory``. Raises ``StartError``."""
    try:
        endpoints = Endpoints(**json.loads((directory / "endpoints.json").read_text()))
    except PermissionError as error:
        raise StartError(f"{error.filename} belongs to the user who runs the stack") from error
    except FileNotFoundError:
        endpoints = None
    if endpoints is None or not psutil.pid_exists(endpoints.pid):
        raise StartError(
            f"no stack is running over {directory}; start it with `make serve`, or name the"
            " directory of its data with EMBEDDED_DATA=…"
        )
    return endpoints


def _checked(scopes: Sequence[str]) -> Sequence[str]:
    unknown = sorted(set(scopes) - registered_scopes())
    if unknown:
        raise StartError(
            f"unknown scope {unknown[0]}; the scopes are {', '.join(sorted(registered_scopes()))}"
        )
    return scopes
