"""The ``.env`` of a stack: all its secrets, created once. Other settings have defaults."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from dotenv import dotenv_values
from pydantic import SecretStr

from common.web.auth import AUDIENCE, ServiceTokens
from devstack.stack.credentials import SERVICE_SCOPES

HEADER = """\
# Made by `make compose-env`: the secrets of this stack. Keep a copy in a safe place.
# POSTGRES_PASSWORD and KAFKA_PASSWORD_… take effect only at the first start; the others may be
# changed later.
"""
OPTIONS = """
# Optional settings, with their defaults:
# BIND_ADDRESS=127.0.0.1          where the stack listens; 0.0.0.0 for all interfaces
# HTTP_PORT=8080
# HTTPS_PORT=8443
# SITE_ADDRESS=:80                with a host name, such as care.example.com, Caddy serves HTTPS;
#                                 then set the ports to 80 and 443 and the address to 0.0.0.0
# FRONT_SUBNET=172.30.255.0/24    network between proxy and APIs; change it if it is taken
# DOCS=on                         off: neither /docs nor /openapi.json
# and settings of the services that docker-compose.yml passes on, such as
# INTERACTIONS_PUBLIC_BASE_URL=   the URL that providers call, if the proxy sees another
"""
SERVICES = ("IDENTITY", "INTERACTIONS", "SLA")
KAFKA_USERS = ("ADMIN", *SERVICES, "INBOUND", "READER")
"""The users of Kafka; front ends write as INBOUND, integrations read as READER."""


def new_secrets() -> dict[str, str]:
    """Return new values for all variables that ``docker-compose.yml`` requires."""
    service_key = ServiceTokens.generate_key()
    kinds = ("POSTGRES_PASSWORD", "POSTGRES_RUNTIME_PASSWORD")
    passwords = {f"{kind}_{name}": secrets.token_urlsafe(32) for kind in kinds for name in SERVICES}
    kafka = {f"KAFKA_PASSWORD_{name}": secrets.token_urlsafe(32) for name in KAFKA_USERS}
    cursors = {f"CURSOR_SECRET_{name}": secrets.token_urlsafe(48) for name in SERVICES}
    return {
        "COMPOSE_PROJECT_NAME": "threadline",
        "POSTGRES_PASSWORD": secrets.token_urlsafe(32),
        **passwords,
        "KAFKA_CLUSTER_ID": _cluster_id(),
        **kafka,
        "AUTH_PEPPER": secrets.token_urlsafe(48),
        **cursors,
        "DENY_SECRET": secrets.token_urlsafe(48),
        "RECEIPT_KEY": ServiceTokens.generate_key(),
        "SERVICE_KEY_INTERACTIONS": service_key,
        "IDENTITY_ISSUERS": json.dumps([_issuer(service_key)]),
        "SEALING_KEYS": json.dumps({"first": base64.b64encode(secrets.token_bytes(32)).decode()}),
        "SEALING_CURRENT": "first",
    }


def write(path: Path, values: Mapping[str, str]) -> None:
    """Write a new file that only this user may read; raises FileExistsError if it exists."""
    # Every version of Compose takes single-quoted values literally.
    lines = "".join(f"{name}='{value}'\n" for name, value in values.items())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(HEADER + lines + OPTIONS)


def add_missing(path: Path) -> list[str]:
    """Append secrets that the file does not have, such as those of a newer version; return them."""
    missing = {
        name: value for name, value in new_secrets().items() if name not in dotenv_values(path)
    }
    if missing:
        with path.open("a") as file:
            file.write("".join(f"{name}='{value}'\n" for name, value in missing.items()))
    return sorted(missing)


def _issuer(service_key: str) -> dict[str, Any]:
    """Return the issuer entry with which identity trusts calls from interactions."""
    return {
        "issuer": "threadline:interactions",
        "audience": AUDIENCE,
        "scopes": SERVICE_SCOPES,
        "jwks": ServiceTokens.public_jwks(SecretStr(service_key)),
    }


def _cluster_id() -> str:
    """Return a Kafka cluster id: 16 bytes in URL-safe Base64, without a leading dash."""
    return base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=").replace("-", "A")
