"""The environment variables of a service's process that tests start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from common.jsons import dumps_text
from common.web.auth import AUDIENCE, ServiceTokens
from devstack.servers.roles import runtime_dsn
from devstack.stack.credentials import SERVICE_SCOPES, Credentials


@dataclass(frozen=True)
class FleetEnvironment:
    """The servers of a fleet, and its credentials. ``dsns`` name the owners of the databases."""

    dsns: Mapping[str, str]
    bootstrap: str
    credentials: Credentials
    identity_url: str

    def of(self, service: str, *, port: int) -> dict[str, str]:
        """Return all variables for a process of ``service`` that listens on ``port``."""
        own = {
            "POSTGRES__DSN": runtime_dsn(self.dsns[service], service),
            "POSTGRES__OWNER_DSN": self.dsns[service],
            "KAFKA__BOOTSTRAP": self.bootstrap,
            "AUTH__PEPPER": self.credentials.pepper,
            "AUTH__ENVIRONMENT": "test",
            "AUTH__SERVICE_KEY": self.credentials.service_key,
            "AUTH__ISSUERS": _trusted(self.credentials),
            "HTTP__PORT": str(port),
            "HTTP__CURSOR_SECRET": self.credentials.cursor_secret,
        }
        if service == "identity":
            own |= {
                "PRIVACY__DENY_SECRET": self.credentials.deny_secret,
                "PRIVACY__RECEIPT_KEY": self.credentials.receipt_key,
            }
        if service == "interactions":
            own |= {
                # Generous: the deadline is not meant for a machine busy with tests.
                "IDENTITY__DEADLINE_SECONDS": "5",
                "IDENTITY__BASE_URL": self.identity_url,
                "SEALING__KEYS": f'{{"test": "{self.credentials.sealing_key}"}}',
                "SEALING__CURRENT": "test",
                "INBOUND_TENANT": "demo",
            }
        return dict(os.environ) | {f"{service.upper()}_{key}": value for key, value in own.items()}


def _trusted(credentials: Credentials) -> str:
    """Return the value of the setting that lists trusted issuers."""
    issuer = {
        "issuer": "threadline:interactions",
        "audience": AUDIENCE,
        "scopes": SERVICE_SCOPES,
        "jwks": ServiceTokens.public_jwks(SecretStr(credentials.service_key)),
    }
    return dumps_text([issuer])
