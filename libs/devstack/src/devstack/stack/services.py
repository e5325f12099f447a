"""The three services, with settings for one process on one machine."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from common.service import Service
from common.settings import (
    AuthSettings,
    HttpSettings,
    KafkaSettings,
    PostgresSettings,
    RelaySettings,
    TrustedIssuer,
)
from common.web.auth import AUDIENCE, ServiceTokens
from devstack.stack.credentials import DEMO, SERVICE_SCOPES, Credentials
from identity.settings import IdentitySettings, PrivacySettings
from identity.wiring import build as build_identity
from interactions.settings import IdentitySettings as IdentityCalls
from interactions.settings import InteractionsSettings, SealingSettings
from interactions.wiring import build as build_interactions
from sla.settings import SlaSettings
from sla.wiring import build as build_sla

NAMES = ("identity", "interactions", "sla")
# The embedded broker rewrites its whole data about once a second, so keep the data small.
PARTITIONS = 2
RETENTION_HOURS = 6
RARE_SECONDS = 5.0
"""How often relays whose watermark no deadline waits for look and send heartbeats while idle."""
IDENTITY_SECONDS = 2.0
"""How long a message waits for identity; generous, because one laptop process does all work."""


def kafka_settings(bootstrap: str) -> KafkaSettings:
    return KafkaSettings(
        bootstrap=bootstrap, partitions=PARTITIONS, retention_hours=RETENTION_HOURS
    )


def http_settings(credentials: Credentials, port: int) -> HttpSettings:
    return HttpSettings(port=port, cursor_secret=SecretStr(credentials.cursor_secret))


@dataclass(frozen=True)
class Services:
    identity: Service
    interactions: Service
    sla: Service

    def all(self) -> tuple[Service, ...]:
        return self.identity, self.interactions, self.sla

    def end_streams(self) -> None:
        for service in self.all():
            service.end_streams()


def build_services(
    *, dsns: Mapping[str, str], bootstrap: str, credentials: Credentials, port: int
) -> Services:
    """Build the services without connecting them to anything."""
    kafka, http = kafka_settings(bootstrap), http_settings(credentials, port)
    auth = _auth(credentials)
    postgres = {name: PostgresSettings(dsn=SecretStr(dsns[name])) for name in NAMES}
    return Services(
        identity=build_identity(
            IdentitySettings(
                postgres=postgres["identity"],
                kafka=kafka,
                http=http,
                auth=auth,
                relay=_rare(),
                privacy=PrivacySettings(
                    deny_secret=SecretStr(credentials.deny_secret),
                    receipt_key=SecretStr(credentials.receipt_key),
                ),
            )
        ),
        interactions=build_interactions(
            InteractionsSettings(
                postgres=postgres["interactions"],
                kafka=kafka,
                http=http,
                auth=auth,
                identity=IdentityCalls(
                    base_url=f"http://127.0.0.1:{port}", deadline_seconds=IDENTITY_SECONDS
                ),
                sealing=SealingSettings(
                    keys={"embedded": SecretStr(credentials.sealing_key)}, current="embedded"
                ),
                inbound_tenant=DEMO,
            )
        ),
        sla=build_sla(
            SlaSettings(
                postgres=postgres["sla"],
                kafka=kafka,
                http=http,
                auth=auth,
                relay=_rare(),
            )
        ),
    )


def _rare() -> RelaySettings:
    return RelaySettings(idle_poll_seconds=RARE_SECONDS, heartbeat_seconds=RARE_SECONDS)


def _auth(credentials: Credentials) -> AuthSettings:
    key = SecretStr(credentials.service_key)
    trusted = TrustedIssuer(
        issuer="threadline:interactions",
        audience=AUDIENCE,
        scopes=frozenset(SERVICE_SCOPES),
        jwks=ServiceTokens.public_jwks(key),
    )
    return AuthSettings(
        pepper=SecretStr(credentials.pepper),
        issuers=(trusted,),
        environment="test",
        service_key=key,
    )
