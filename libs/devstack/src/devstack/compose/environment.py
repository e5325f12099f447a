"""The ``.env`` of a stack: all its secrets, made once. What it does not say has a default."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from pydantic import SecretStr

from common.web.auth import AUDIENCE, ServiceTokens

HEADER = """\
# Made by `make compose-env`: the secrets of this stack. Keep a copy, and show it to nobody.
# All but POSTGRES_PASSWORD, which counts on the first start only, may be changed.
"""
OPTIONS = """
# What else can be set, with its default:
# BIND_ADDRESS=127.0.0.1          where the stack listens; 0.0.0.0 for everybody
# HTTP_PORT=8080
# HTTPS_PORT=8443
# SITE_ADDRESS=:80                a host name, such as care.example.com, makes Caddy serve HTTPS:
#                                 set the ports to 80 and 443 then, and the address to 0.0.0.0
# FRONT_SUBNET=172.30.255.0/24    of the network between proxy and APIs, if this one is taken
# and settings of the services that docker-compose.yml hands through, such as
# INTERACTIONS_PUBLIC_BASE_URL=   what providers call, if it is not what the proxy sees
"""
SERVICES = ("IDENTITY", "INTERACTIONS", "SLA")


def new_secrets() -> dict[str, str]:
    """Return fresh values for everything that ``docker-compose.yml`` insists on."""
    service_key = ServiceTokens.generate_key()
    passwords = {f"POSTGRES_PASSWORD_{name}": secrets.token_urlsafe(32) for name in SERVICES}
    cursors = {f"CURSOR_SECRET_{name}": secrets.token_urlsafe(48) for name in SERVICES}
    return {
        "COMPOSE_PROJECT_NAME": "threadline",
        "POSTGRES_PASSWORD": secrets.token_urlsafe(32),
        **passwords,
        "KAFKA_CLUSTER_ID": _cluster_id(),
        "AUTH_PEPPER": secrets.token_urlsafe(48),
        **cursors,
        "SERVICE_KEY_INTERACTIONS": service_key,
        "IDENTITY_ISSUERS": json.dumps([_issuer(service_key)]),
        "SEALING_KEYS": json.dumps({"first": base64.b64encode(secrets.token_bytes(32)).decode()}),
        "SEALING_CURRENT": "first",
    }


def write(path: Path, values: Mapping[str, str]) -> None:
    """Write a new file that only we may read; raises FileExistsError rather than lose secrets."""
    # In single quotes everything means itself, to every version of Compose.
    lines = "".join(f"{name}='{value}'\n" for name, value in values.items())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(HEADER + lines + OPTIONS)


def _issuer(service_key: str) -> dict[str, str]:
    """Return what identity has to know of interactions, whose calls it answers."""
    jwks = ServiceTokens.public_jwks(SecretStr(service_key))
    return {"issuer": "threadline:interactions", "audience": AUDIENCE, "jwks": jwks}


def _cluster_id() -> str:
    """Return a Kafka cluster id: 16 bytes in URL-safe Base64, without a dash in front."""
    return base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=").replace("-", "A")
